// The values that texts stand for, by Kusto's rules: the contents of literals, and what todatetime(), totimespan() and
// the like read. Pure; any thread; nullopt when the text is no such value.
// https://learn.microsoft.com/kusto/query/scalar-data-types/
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yagura::kql {

// A string literal as written ("a\n", 'a', @"a""b", ```a```, ~~~a~~~, with h before it) to what it means.
// An unclosed one gives what there is.
std::string decode_string_literal(std::string_view literal);
bool is_obfuscated_string_literal(std::string_view literal);
// The text as a literal: "..." with escapes, so that decode_string_literal() gives it back.
std::string encode_string_literal(std::string_view text, char quote = '"');

// Ticks since 1970. ISO 8601, whole or cut after any part ("2014", "2014-05", "2014-05-25 08"), also with blanks,
// slashes or dashes (month/day/year), commas ("2014, 5, 25"), RFC 822 and RFC 850 ("Sat, 8 Nov 2014 15:05:02 GMT"). No zone means UTC.
std::optional<std::int64_t> parse_datetime_text(std::string_view text);
// Ticks. "1.5h", "15 seconds", "-2d", "1.02:03:04.5", "02:03", "3" (days).
std::optional<std::int64_t> parse_timespan_text(std::string_view text);
// Ticks in one "h", "seconds", "ms", "tick"; a nanosecond is 0.01.
std::optional<double> timespan_unit_ticks(std::string_view unit);
// Decimal or 0x hexadecimal, with a sign.
std::optional<std::int64_t> parse_long_text(std::string_view text);
// Also nan, inf, +inf, -inf.
std::optional<double> parse_real_text(std::string_view text);
// Whether it is a decimal number: sign, digits, point, exponent.
bool is_decimal_text(std::string_view text);

}  // namespace yagura::kql
