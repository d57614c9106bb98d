#include "files/type_guess.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::files {

using event::KqlType;

std::optional<std::int64_t> file_time(std::string_view text) {
  if (text.size() < 10 || text.size() > 40 || !is_ascii_digit(text[0]) || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  return parse_iso8601(text);
}

bool is_plain_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > 19 || (text.size() > 1 && text[0] == '0')) return false;
  for (const char c : text)
    if (!is_ascii_digit(c)) return false;
  return true;
}

bool is_plain_real(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !(is_ascii_digit(digits[0]) || (digits[0] == '.' && digits.size() > 1))) return false;
  if (digits.size() > 1 && digits[0] == '0' && is_ascii_digit(digits[1])) return false;
  for (const char c : digits)
    if (!is_ascii_digit(c) && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-') return false;
  return parse_double(text).has_value();
}

void TypeGuess::see_text(std::string_view text) {
  if ((seen_ & kText) != 0) return;
  seen_ |= text.empty() || file_time(text) ? (text.empty() ? 0 : kTime) : kText;
}

void TypeGuess::see_cell(std::string_view cell) {
  if (cell.empty() || (seen_ & kText) != 0) return;
  if (is_plain_integer(cell) && parse_int64(cell))
    seen_ |= kInteger;
  else if (is_plain_real(cell))
    seen_ |= kReal;
  else if (equal_ignoring_ascii_case(cell, "true") || equal_ignoring_ascii_case(cell, "false"))
    seen_ |= kBoolean;
  else if (file_time(cell))
    seen_ |= kTime;
  else
    seen_ = kText;
  // Text is text: kinds that do not go together are read as it.
  const bool numbers = (seen_ & ~(kInteger | kReal)) == 0, one = (seen_ & (seen_ - 1)) == 0;
  if (!numbers && !one) seen_ = kText;
}

KqlType TypeGuess::type() const {
  if (seen_ == 0) return KqlType::string;
  if (seen_ == kBoolean) return KqlType::boolean;
  if (seen_ == kInteger) return KqlType::int64;
  if ((seen_ & ~(kInteger | kReal)) == 0) return KqlType::real;
  if (seen_ == kTime) return KqlType::datetime;
  if ((seen_ & ~(kText | kTime)) == 0) return KqlType::string;
  return KqlType::dynamic;
}

}  // namespace yagura::files
