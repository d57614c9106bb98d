#include "kql/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace yagura::kql {

std::optional<std::string> regex_problem(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  const re2::RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (compiled.ok()) return std::nullopt;
  return compiled.error();
}

std::string regex_argument(SqlCall& call, std::size_t i) {
  if (const auto* l = call.literal(i)) return sql::text("(?-s)" + l->text);
  return fmt::format("concat('(?-s)', {})", call.arg(i));
}

int count_regex_groups(std::string_view regex) {
  int groups = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < regex.size() && regex[i + 1] == '^') ++i;
      if (i + 1 < regex.size() && regex[i + 1] == ']') ++i;
    } else if (c == '(') {
      const std::string_view rest = regex.substr(i + 1);
      if (!rest.starts_with('?') || rest.starts_with("?P<") || rest.starts_with("?<")) ++groups;
    }
  }
  return groups;
}

std::string quote_regex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.[]|()*+?{}-/").find(c) != std::string_view::npos) out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

}  // namespace yagura::kql
