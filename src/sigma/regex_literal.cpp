#include "sigma/regex_literal.hpp"

#include <algorithm>
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

// Gives up at `at`: an alternation further on at this level makes what was collected optional.
bool finish_at_alternation(std::string_view regex, std::size_t at, RegexNeeds& needs, std::size_t literals,
                           std::size_t size) {
  if (regex.find('|', at) != std::string_view::npos) {
    needs.literals.resize(literals);
    needs.least_size = size;
  }
  return false;
}

// Collects the literals that every match of `regex` contains. False when a part was not understood: what has been
// collected so far still stands, but nothing behind that part.
bool collect(std::string_view regex, RegexNeeds& needs, int depth) {
  auto& literals = needs.literals;
  constexpr int kMostDepth = 32;
  if (depth > kMostDepth) return false;
  const std::size_t before = literals.size(), size_before = needs.least_size;
  std::string run;
  const auto end_run = [&] {
    if (!run.empty()) literals.push_back(std::move(run));
    run.clear();
  };
  std::size_t i = 0;
  while (i < regex.size()) {
    const char c = regex[i];
    std::string atom;   // the one text that the atom matches
    RegexNeeds inside;  // what a group requires
    bool literal = false;
    std::size_t next = i + 1;
    switch (c) {
      case '|':  // either side will do: nothing that was collected is required
        needs.least_size = size_before;
        literals.resize(before);
        return true;
      case '^':
      case '$': i = next; continue;
      case '.': break;
      case '[':
        next = skip_class(regex, i);
        if (next == std::string_view::npos) {
          needs.least_size = size_before;
          literals.resize(before);
          return false;
        }
        break;
      case '(': {
        next = skip_group(regex, i);
        if (next == std::string_view::npos) {
          needs.least_size = size_before;
          literals.resize(before);
          return false;
        }
        auto content = regex.substr(i + 1, next - i - 2);
        if (content.starts_with("?")) {
          const auto flags = content.substr(
              1, content.find(':') == std::string_view::npos ? content.size() - 1 : content.find(':') - 1);
          if (flags.find_first_not_of("imsU-") == std::string_view::npos) {
            // Flags for what follows; case does not matter here, and U only makes quantifiers lazy.
            if (content.find(':') == std::string_view::npos) {
              i = next;
              continue;
            }
            content = content.substr(content.find(':') + 1);
          } else if (const auto name = content.find('>');
                     content.starts_with("?P<") && name != std::string_view::npos) {
            content = content.substr(name + 1);
          } else {
            break;
          }
        }
        collect(content, inside, depth + 1);
        break;
      }
      case ')':
        needs.least_size = size_before;
        literals.resize(before);
        return false;
      case '\\': {
        if (i + 1 >= regex.size()) return false;
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
          else if (std::string_view("dDwWsS").find(escaped) == std::string_view::npos)
            return finish_at_alternation(regex, i, needs, before, size_before);
        } else {
          atom = escaped;
          literal = true;
        }
        break;
      }
      case '*':
      case '+':
      case '?':
      case '{':  // a quantifier that no atom took: a brace that stands for itself, or a mistake
        return finish_at_alternation(regex, i, needs, before, size_before);
      default: {
        next = i;
        utf8::next(regex, next);
        atom = std::string(regex.substr(i, next - i));
        literal = atom.size() == 1;  // beyond ASCII, RE2's idea of case need not be ours
      }
    }
    bool optional = false, repeated = false;
    std::size_t times = 1;
    const std::size_t one_size = c == '(' ? inside.least_size : 1;
    if (next < regex.size()) {
      if (regex[next] == '*' || regex[next] == '?')
        optional = true, ++next;
      else if (regex[next] == '+')
        repeated = true, ++next;
      else if (regex[next] == '{') {
        const auto close = regex.find('}', next);
        const auto count =
            close == std::string_view::npos ? std::string_view() : regex.substr(next + 1, close - next - 1);
        const auto least = parse_uint64(count.substr(0, count.find(',')));
        if (!least) {  // "{" for itself
          if (literal) run += atom;
          end_run();
          return finish_at_alternation(regex, next, needs, before, size_before);
        }
        optional = *least == 0;
        repeated = true;
        times = static_cast<std::size_t>(std::min<std::uint64_t>(*least, 1'000));
        next = close + 1;
      }
      if ((optional || repeated) && next < regex.size() && (regex[next] == '?' || regex[next] == '+')) ++next;
    }
    if (literal && !optional) run += atom;
    if (!literal || optional || repeated) end_run();
    if (!optional) {
      for (auto& one : inside.literals) literals.push_back(std::move(one));
      constexpr std::size_t kMostSize = 1'000'000;
      needs.least_size = std::min(kMostSize, needs.least_size + one_size * times);
    }
    i = next;
  }
  end_run();
  return true;
}

}  // namespace

RegexNeeds regex_needs(std::string_view regex) {
  RegexNeeds needs;
  // \Q...\E would change the meaning of every character.
  if (regex.find("\\Q") != std::string_view::npos) return needs;
  collect(regex, needs, 0);
  auto& literals = needs.literals;
  std::ranges::sort(literals, [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  constexpr std::size_t kMost = 8;
  if (literals.size() > kMost) literals.resize(kMost);
  std::erase_if(literals, [](const std::string& literal) { return literal.size() < 2; });
  return needs;
}

}  // namespace yagura::sigma
