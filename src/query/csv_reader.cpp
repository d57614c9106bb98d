#include "query/csv_reader.hpp"

namespace yagura::query {

bool CsvReader::next(std::string_view text, std::size_t& at, bool last, std::vector<std::string>& fields) {
  fields.clear();
  std::size_t i = at;
  std::uint64_t line = line_;
  while (i < text.size() && (text[i] == '\n' || (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n'))) {
    i += text[i] == '\n' ? 1 : 2;
    ++line;
  }
  if (i >= text.size() || (text[i] == '\r' && i + 1 == text.size())) {
    at = last ? text.size() : i;
    line_ = line;
    return false;
  }
  const std::uint64_t begun = line;
  unclosed_quote_ = false;
  std::size_t count = 0;
  const auto field = [&]() -> std::string& {
    if (count == fields.size()) fields.emplace_back();
    return fields[count];
  };
  while (true) {
    std::string& out = field();
    if (i < text.size() && text[i] == '"') {
      bool closed = false;
      ++i;
      while (i < text.size()) {
        const auto quote = text.find('"', i);
        const auto end = quote == std::string_view::npos ? text.size() : quote;
        for (std::size_t k = i; k < end; ++k) line += text[k] == '\n' ? 1 : 0;
        out.append(text.substr(i, end - i));
        i = end;
        if (i >= text.size()) break;
        ++i;
        if (i < text.size() && text[i] == '"') {
          out += '"';
          ++i;
          continue;
        }
        if (i >= text.size() && !last) return false;  // a doubled quote may follow
        closed = true;
        break;
      }
      if (!closed) {
        if (!last) return false;
        unclosed_quote_ = true;
      }
    }
    // What follows a closing quote is taken as it is: lenient, nothing is lost.
    const std::size_t begin = i;
    while (i < text.size() && text[i] != separator_ && text[i] != '\n') ++i;
    if (i >= text.size() && !last) return false;
    std::string_view plain = text.substr(begin, i - begin);
    if ((i >= text.size() || text[i] == '\n') && plain.ends_with('\r')) plain.remove_suffix(1);
    out.append(plain);
    ++count;
    if (i >= text.size()) break;
    if (text[i++] == '\n') {
      ++line;
      break;
    }
  }
  at = i;
  line_ = line;
  record_line_ = begun;
  return true;
}

}  // namespace yagura::query
