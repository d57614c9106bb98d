// Small text helpers: ASCII case, trimming, splitting, UTF-8, and the nearest word for error messages.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yagura {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_ascii_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

// Whole-text number parsing, no leading blanks or plus sign; nullopt when anything is left over.
std::optional<std::int64_t> parse_int64(std::string_view text);
std::optional<std::uint64_t> parse_uint64(std::string_view text);
std::optional<double> parse_double(std::string_view text);

namespace utf8 {
bool valid(std::string_view text);
std::size_t code_points(std::string_view text);
// Decodes the code point at `at` and advances; an ill-formed byte gives U+FFFD and advances by one.
char32_t next(std::string_view text, std::size_t& at);
void append(std::string& out, char32_t code_point);
// `text` with every ill-formed sequence replaced by U+FFFD.
std::string repaired(std::string_view text);
}  // namespace utf8

// The candidate nearest to `word` by edit distance (Damerau), when near enough to be a typo of it.
// Ties go to the first. For "unknown field 'EventIDD', did you mean 'EventID'?".
std::optional<std::string_view> nearest_word(std::string_view word, std::span<const std::string_view> candidates);
// ", did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace yagura
