#include "base/csv.hpp"

#include "base/text.hpp"

namespace yagura {

namespace {

bool begins_formula(std::string_view text) {
  if (text.empty()) return false;
  switch (text.front()) {
    case '=':
    case '+':
    case '@':
    case '\t':
    case '\r': return true;
    case '-': return text.size() > 1 && !parse_double(text);  // "-" stands for nothing in many logs, and -1 is a number
    default: return false;
  }
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text, CsvCells cells) {
  const bool formula = cells == CsvCells::for_spreadsheets && begins_formula(text);
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace yagura
