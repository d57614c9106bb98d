#include "kql/diagnostic.hpp"

#include <algorithm>

namespace yagura::kql {
namespace {

constexpr bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Walks forward over the text, counting lines (\n, \r\n, \r) and characters.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}
  void to(std::size_t offset) {
    offset = std::min(offset, text_.size());
    for (; at_ < offset; ++at_) {
      const char c = text_[at_];
      const bool first_of_two = c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
      if (c == '\n' || (c == '\r' && !first_of_two)) {
        ++line_;
        column_ = 1;
      } else if (starts_character(c)) {
        ++column_;
      }
    }
  }
  std::uint32_t line() const { return line_; }
  std::uint32_t column() const { return column_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

}  // namespace

void locate(Diagnostic& diagnostic, std::string_view text) {
  Walk walk(text);
  walk.to(diagnostic.start);
  diagnostic.line = walk.line();
  diagnostic.column = walk.column();
}

void locate(std::vector<Diagnostic>& diagnostics, std::string_view text) {
  Walk walk(text);
  for (auto& diagnostic : diagnostics) {
    walk.to(diagnostic.start);
    diagnostic.line = walk.line();
    diagnostic.column = walk.column();
  }
}

std::string to_text(const Diagnostic& diagnostic, std::string_view text) {
  std::string out = std::to_string(diagnostic.line) + ':' + std::to_string(diagnostic.column) +
                    (diagnostic.severity == Diagnostic::Severity::error ? ": error " : ": warning ") + diagnostic.code +
                    ": " + diagnostic.message;
  const auto start = std::min<std::size_t>(diagnostic.start, text.size());
  auto begin = text.substr(0, start).find_last_of("\r\n");
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  auto end = text.find_first_of("\r\n", start);
  if (end == std::string_view::npos) end = text.size();
  if (begin == end) return out;
  // A long line is shown around the place only.
  constexpr std::size_t kBefore = 100;
  constexpr std::size_t kAfter = 100;
  bool cut_before = false;
  if (start - begin > kBefore) {
    begin = start - kBefore;
    while (begin < start && !starts_character(text[begin])) ++begin;
    cut_before = true;
  }
  bool cut_after = false;
  if (end - start > kAfter) {
    end = start + kAfter;
    while (end > start && !starts_character(text[end])) --end;
    cut_after = true;
  }
  out += "\n  ";
  if (cut_before) out += "...";
  out += text.substr(begin, end - begin);
  if (cut_after) out += "...";
  out += "\n  ";
  if (cut_before) out += "   ";
  for (const char c : text.substr(begin, start - begin)) {
    if (starts_character(c)) out += c == '\t' ? '\t' : ' ';
  }
  std::size_t marks = 0;
  for (const char c : text.substr(start, std::min<std::size_t>(diagnostic.length, end - start)))
    marks += starts_character(c);
  out += '^';
  if (marks > 1) out.append(marks - 1, '~');
  return out;
}

}  // namespace yagura::kql
