// Lists of keys and values as devices write them: FortiGate's `srcip=1.2.3.4 msg="a b"`, Check Point's
// `action:"Accept"; src:"1.2.3.4";`, `a: b, c: d`, `a=b|c=d`.
//
// One pass, no allocation; views into the text. Never fails: what is no pair is skipped. Any thread.
#pragma once
#include <string_view>

#include "base/text.hpp"

namespace yagura {

struct KeyValueStyle {
  std::string_view separators = " ";  // any of them ends a value without quotes (several in a row count once)
  char assign = '=';                  // between key and value
  bool blanks_in_keys = false;        // "Event Type: x, Source User: y"
  bool blanks_in_values = false;      // a value without quotes goes on to a blank before the next key, as in CEF
  bool trim = true;                   // blanks around keys and values
};

namespace detail {
constexpr bool is_pair_key_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-' || c == '.' || c == '@' || c == '#' ||
         c == '$' || c == '%' || c == '[' || c == ']' || c == '/' || c == '(' || c == ')' ||
         static_cast<unsigned char>(c) >= 0x80;
}
}  // namespace detail

// visit(key, value, quote): quote is '"' or '\'' for a quoted value (taken off; escapes inside stay), '\0' otherwise.
template <class Visit>
void for_each_key_value(std::string_view text, const KeyValueStyle& style, Visit&& visit) {
  const auto is_separator = [&](char c) { return style.separators.find(c) != std::string_view::npos; };
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && (is_separator(text[at]) || is_ascii_space(text[at]))) ++at;
    // The key: up to the assignment; a separator first means that this was no pair.
    const std::size_t key_begin = at;
    while (at < text.size() && text[at] != style.assign && !is_separator(text[at])) {
      if (!style.blanks_in_keys && is_ascii_space(text[at])) break;
      ++at;
    }
    if (at >= text.size()) return;
    if (text[at] != style.assign) continue;
    std::string_view key = text.substr(key_begin, at - key_begin);
    if (style.trim) key = yagura::trim(key);
    while (key.size() >= 2 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
    ++at;
    while (at < text.size() && text[at] == style.assign && style.assign == ':') ++at;  // Check Point's key::"value"
    if (style.trim && !is_separator(' ')) {
      while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    }
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
      const char quote = text[at];
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != quote) end += text[end] == '\\' && end + 1 < text.size() ? 2 : 1;
      // An apostrophe that is not closed is part of the text; a quotation mark goes to the end.
      if (end < text.size() || quote == '"') {
        end = std::min(end, text.size());
        if (!key.empty()) visit(key, text.substr(at + 1, end - at - 1), quote);
        at = end < text.size() ? end + 1 : end;
        continue;
      }
    }
    const std::size_t value_begin = at;
    if (style.blanks_in_values) {
      // The value ends at the last separator before the next "key=".
      std::size_t next = at;
      std::size_t value_end = text.size();
      while (true) {
        next = text.find(style.assign, next);
        if (next == std::string_view::npos) break;
        std::size_t begin = next;
        while (begin > value_begin && detail::is_pair_key_char(text[begin - 1])) --begin;
        if (begin < next && begin > value_begin && is_separator(text[begin - 1])) {
          value_end = begin;
          break;
        }
        ++next;
      }
      at = value_end;
      std::string_view value = text.substr(value_begin, value_end - value_begin);
      while (!value.empty() && (is_separator(value.back()) || is_ascii_space(value.back()))) value.remove_suffix(1);
      if (!key.empty()) visit(key, value, '\0');
      continue;
    }
    while (at < text.size() && !is_separator(text[at])) ++at;
    std::string_view value = text.substr(value_begin, at - value_begin);
    if (style.trim) value = yagura::trim(value);
    if (!key.empty()) visit(key, value, '\0');
  }
}

}  // namespace yagura
