// JSON text of dynamic values, read in place: no tree is built.
//
// All functions but compact() expect valid JSON, as every dynamic column holds; on anything else they give some answer
// and stay within the text. None recurses.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.hpp"

namespace yagura::kql::json {

// The text without blanks when it is JSON (RFC 8259, at most 1000 levels), else nothing.
std::optional<std::string_view> compact(std::string_view text, Arena& arena);

inline std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  return at;
}
inline bool is_array(std::string_view text) { return text.starts_with('['); }
inline bool is_object(std::string_view text) { return text.starts_with('{'); }
inline bool is_string(std::string_view text) { return text.starts_with('"'); }
inline bool is_null(std::string_view text) { return text.empty() || text == "null"; }

// Behind the value that begins at `at`.
std::size_t skip_value(std::string_view text, std::size_t at);

template <class Call>
void for_each_element(std::string_view array, Call&& call) {
  std::size_t at = skip_blanks(array, 1);
  while (at < array.size() && array[at] != ']') {
    const auto end = skip_value(array, at);
    if (end == at) return;
    call(array.substr(at, end - at));
    at = skip_blanks(array, end);
    if (at < array.size() && array[at] == ',') at = skip_blanks(array, at + 1);
  }
}
// `key` comes with its quotes and escapes.
template <class Call>
void for_each_member(std::string_view object, Call&& call) {
  std::size_t at = skip_blanks(object, 1);
  while (at < object.size() && object[at] != '}') {
    const auto key_end = skip_value(object, at);
    if (key_end == at) return;
    const auto key = object.substr(at, key_end - at);
    at = skip_blanks(object, key_end);
    if (at >= object.size() || object[at] != ':') return;
    at = skip_blanks(object, at + 1);
    const auto end = skip_value(object, at);
    if (end == at) return;
    call(key, object.substr(at, end - at));
    at = skip_blanks(object, end);
    if (at < object.size() && object[at] == ',') at = skip_blanks(object, at + 1);
  }
}

// A bag's member, an array's element (from the end when negative); empty when there is none.
std::string_view member(std::string_view object, std::string_view name);
std::string_view element(std::string_view array, std::int64_t index);
std::size_t array_size(std::string_view array);

// A quoted text and what it means; the view is into `quoted` when there are no escapes.
std::string_view decode(std::string_view quoted, Arena& arena);
void append_decoded(std::string& out, std::string_view quoted);
bool decodes_to(std::string_view quoted, std::string_view text);
void append_quoted(std::string& out, std::string_view text);
std::string_view quote(std::string_view text, Arena& arena);

}  // namespace yagura::kql::json
