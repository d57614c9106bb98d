#include "store/wide_integer.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace yagura::store {

namespace {

constexpr unsigned kMostDigits = 76;

void negate(WideInteger& value) {
  unsigned __int128 carry = 1;
  for (auto& word : value.words) {
    carry += static_cast<std::uint64_t>(~word);
    word = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

void multiply_add(WideInteger& value, std::uint64_t factor, std::uint64_t add) {
  unsigned __int128 carry = add;
  for (auto& word : value.words) {
    carry += static_cast<unsigned __int128>(word) * factor;
    word = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

std::uint64_t divide(WideInteger& value, std::uint64_t divisor) {
  unsigned __int128 rest = 0;
  for (std::size_t i = value.words.size(); i-- > 0;) {
    rest = (rest << 64) | value.words[i];
    value.words[i] = static_cast<std::uint64_t>(rest / divisor);
    rest %= divisor;
  }
  return static_cast<std::uint64_t>(rest);
}

}  // namespace

std::optional<WideInteger> parse_decimal(std::string_view text, unsigned scale) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  long exponent = 0;
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto parsed = parse_int64(power);
    if (!parsed || *parsed > 200 || *parsed < -200) return std::nullopt;
    exponent = static_cast<long>(*parsed);
    text = text.substr(0, e);
  }
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  digits += fraction;
  if (digits.empty() || digits.size() > 400 || !std::ranges::all_of(digits, is_ascii_digit)) return std::nullopt;
  const long kept = static_cast<long>(digits.size()) - static_cast<long>(fraction.size()) + exponent + static_cast<long>(scale);
  if (kept <= 0) return WideInteger{};
  digits.resize(static_cast<std::size_t>(kept), '0');
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return WideInteger{};
  if (digits.size() - first > kMostDigits) return std::nullopt;
  WideInteger value;
  for (const char c : std::string_view(digits).substr(first)) multiply_add(value, 10, static_cast<std::uint64_t>(c - '0'));
  if (negative) negate(value);
  return value;
}

std::string decimal_text(WideInteger value, unsigned scale, bool is_signed) {
  const bool negative = is_signed && value.is_negative();
  if (negative) negate(value);
  std::string digits;  // least first
  while (std::ranges::any_of(value.words, [](std::uint64_t word) { return word != 0; })) {
    std::uint64_t chunk = divide(value, 1'000'000'000'000'000'000ULL);
    for (int i = 0; i < 18; ++i, chunk /= 10) digits += static_cast<char>('0' + chunk % 10);
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  while (digits.size() <= scale) digits += '0';
  std::size_t least = 0;
  while (least < scale && digits[least] == '0') ++least;
  std::string out;
  if (negative) out += '-';
  for (std::size_t i = digits.size(); i-- > scale;) out += digits[i];
  if (least < scale) {
    out += '.';
    for (std::size_t i = scale; i-- > least;) out += digits[i];
  }
  return out;
}

WideInteger wide_from_bytes(const char* bytes, std::size_t width, bool is_signed) {
  WideInteger value;
  const bool negative = is_signed && (static_cast<unsigned char>(bytes[width - 1]) & 0x80) != 0;
  if (negative) value.words.fill(~0ULL);
  std::memcpy(value.words.data(), bytes, width);
  return value;
}

}  // namespace yagura::store
