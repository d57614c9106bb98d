#include "sigma/regex_literal.hpp"

#include <cstddef>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

// The index behind the ']' of the class that begins at `at`; npos when it does not end.
std::size_t skip_class(std::string_view regex, std::size_t at) {
  std::size_t i = at + 1;
  if (i < regex.size() && regex[i] == '^') ++i;
  if (i < regex.size() && regex[i] == ']') ++i;
  for (; i < regex.size(); ++i) {
    if (regex[i] == '\\')
      ++i;
    else if (regex[i] == '[' && i + 1 < regex.size() && regex[i + 1] == ':') {
      const auto end = regex.find(":]", i + 2);
      if (end == std::string_view::npos) return std::string_view::npos;
      i = end + 1;
    } else if (regex[i] == ']') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Behind the ')' that closes the group at `at`.
std::size_t skip_group(std::string_view regex, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < regex.size(); ++i) {
    if (regex[i] == '\\') {
      ++i;
    } else if (regex[i] == '[') {
      const auto end = skip_class(regex, i);
      if (end == std::string_view::npos) return end;
      i = end - 1;
    } else if (regex[i] == '(') {
      ++depth;
    } else if (regex[i] == ')' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string required_literal(std::string_view regex) {
  // \Q...\E would change the meaning of every character below.
  if (regex.find("\\Q") != std::string_view::npos) return {};
  std::string best, run;
  const auto end_run = [&] {
    if (run.size() > best.size()) best = run;
    run.clear();
  };
  std::size_t i = 0;
  while (i < regex.size()) {
    const char c = regex[i];
    std::string atom;  // what the atom matches, when that is one text
    bool literal = false;
    std::size_t next = i + 1;
    switch (c) {
      case '|': return {};  // at the top: either side will do
      case '^':
      case '$': i = next; continue;
      case '.': break;
      case '[':
        next = skip_class(regex, i);
        if (next == std::string_view::npos) return {};
        break;
      case '(':
        // (?i) and the like switch flags to the end of the group; folded text does not mind i, m and s, but x would.
        next = skip_group(regex, i);
        if (next == std::string_view::npos) return {};
        if (regex.substr(i).starts_with("(?")) {
          const auto flags = regex.substr(i + 2, next - i - 3);
          if (flags.find_first_not_of("ims-U") == std::string_view::npos) {
            if (flags.find('U') != std::string_view::npos) return {};
            i = next;
            continue;
          }
        }
        break;
      case ')': return {};
      case '\\': {
        if (i + 1 >= regex.size()) return {};
        const char escaped = regex[i + 1];
        next = i + 2;
        if (is_ascii_digit(escaped) || is_ascii_alpha(escaped)) {
          if (escaped == 'b' || escaped == 'B' || escaped == 'A' || escaped == 'z') {
            i = next;
            continue;
          }
          if (escaped == 'n')
            atom = "\n", literal = true;
          else if (escaped == 't')
            atom = "\t", literal = true;
          else if (escaped == 'r')
            atom = "\r", literal = true;
          else if (escaped != 'd' && escaped != 'D' && escaped != 'w' && escaped != 'W' && escaped != 's' &&
                   escaped != 'S') {
            return best;  // \x41, \p{L}, \C ...: what follows may belong to it
          }
        } else {
          atom = escaped;
          literal = true;
        }
        break;
      }
      case '*':
      case '+':
      case '?':
      case '{':
        // A quantifier that no atom took (a literal brace, or a mistake): stop looking.
        return best;
      default: {
        next = i;
        utf8::next(regex, next);
        atom = std::string(regex.substr(i, next - i));
        literal = atom.size() == 1;  // beyond ASCII, RE2's idea of case need not be ours
      }
    }
    // Quantifiers behind the atom.
    bool optional = false, repeated = false;
    if (next < regex.size()) {
      if (regex[next] == '*' || regex[next] == '?')
        optional = true, ++next;
      else if (regex[next] == '+')
        repeated = true, ++next;
      else if (regex[next] == '{') {
        const auto close = regex.find('}', next);
        if (close == std::string_view::npos) return best;
        const auto count = regex.substr(next + 1, close - next - 1);
        if (count.empty() || !is_ascii_digit(count[0])) return best;
        const auto least = parse_uint64(count.substr(0, count.find(',')));
        if (!least) return best;
        optional = *least == 0;
        repeated = true;
        next = close + 1;
      }
      if ((optional || repeated) && next < regex.size() && (regex[next] == '?' || regex[next] == '+')) ++next;
    }
    if (literal && !optional) run += atom;
    if (!literal || optional || repeated) end_run();
    i = next;
  }
  end_run();
  return best;
}

}  // namespace yagura::sigma
