#include "kql/kernels/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "kql/literal_text.hpp"

namespace yagura::kql {
namespace {

constexpr int kMaxScale = 20;

bool times_ten(__int128& value) { return !__builtin_mul_overflow(value, static_cast<__int128>(10), &value); }

// Both to the same scale; false on overflow.
bool align(Decimal& a, Decimal& b) {
  for (; a.scale < b.scale; ++a.scale) {
    if (!times_ten(a.units)) return false;
  }
  for (; b.scale < a.scale; ++b.scale) {
    if (!times_ten(b.units)) return false;
  }
  return true;
}

Decimal trimmed(Decimal value) {
  while (value.scale > 0 && value.units % 10 == 0) {
    value.units /= 10;
    --value.scale;
  }
  while (value.scale > kMaxScale) {
    value.units /= 10;
    --value.scale;
  }
  return value;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  text = trim(text);
  if (!is_decimal_text(text)) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto exponent_at = text.find_first_of("eE");
  int exponent = 0;
  if (exponent_at != std::string_view::npos) {
    auto digits = text.substr(exponent_at + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec != std::errc() || exponent > 100 || exponent < -100) return std::nullopt;
    text = text.substr(0, exponent_at);
  }
  Decimal value;
  bool after_point = false;
  for (const char c : text) {
    if (c == '.') {
      after_point = true;
      continue;
    }
    if (after_point && value.scale >= 28) continue;
    if (!times_ten(value.units) || __builtin_add_overflow(value.units, static_cast<__int128>(c - '0'), &value.units)) {
      return std::nullopt;
    }
    if (after_point) ++value.scale;
  }
  value.scale -= exponent;
  for (; value.scale < 0; ++value.scale) {
    if (!times_ten(value.units)) return std::nullopt;
  }
  for (; value.scale > 28; --value.scale) value.units /= 10;
  if (negative) value.units = -value.units;
  return trimmed(value);
}

std::string Decimal::to_text() const {
  const Decimal value = trimmed(*this);
  const bool negative = value.units < 0;
  unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(value.units) : static_cast<unsigned __int128>(value.units);
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  while (static_cast<int>(digits.size()) <= value.scale) digits += '0';
  if (value.scale > 0) digits.insert(static_cast<std::size_t>(value.scale), 1, '.');
  if (negative) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

double Decimal::to_real() const {
  const auto text = to_text();
  return parse_real_text(text).value_or(0);
}

int Decimal::compare(Decimal a, Decimal b) {
  if (!align(a, b)) {
    const double x = a.to_real(), y = b.to_real();
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return a.units < b.units ? -1 : a.units > b.units ? 1 : 0;
}

std::optional<Decimal> Decimal::add(Decimal a, Decimal b) {
  if (!align(a, b) || __builtin_add_overflow(a.units, b.units, &a.units)) return std::nullopt;
  return trimmed(a);
}
std::optional<Decimal> Decimal::subtract(Decimal a, Decimal b) {
  if (!align(a, b) || __builtin_sub_overflow(a.units, b.units, &a.units)) return std::nullopt;
  return trimmed(a);
}
std::optional<Decimal> Decimal::multiply(Decimal a, Decimal b) {
  if (__builtin_mul_overflow(a.units, b.units, &a.units)) return std::nullopt;
  a.scale += b.scale;
  return trimmed(a);
}
std::optional<Decimal> Decimal::divide(Decimal a, Decimal b) {
  if (b.units == 0) return std::nullopt;
  // As many digits as there are room for, at most kMaxScale behind the point.
  while (a.scale - b.scale < kMaxScale) {
    auto wider = a.units;
    if (!times_ten(wider)) break;
    a.units = wider;
    ++a.scale;
  }
  a.units /= b.units;
  a.scale -= b.scale;
  for (; a.scale < 0; ++a.scale) {
    if (!times_ten(a.units)) return std::nullopt;
  }
  return trimmed(a);
}

}  // namespace yagura::kql
