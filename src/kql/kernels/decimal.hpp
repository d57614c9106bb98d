// Decimal arithmetic on 128-bit integers with a scale: up to 38 digits, 20 of them behind the point, as in the store.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace yagura::kql {

struct Decimal {
  __int128 units = 0;
  int scale = 0;  // value = units / 10^scale

  static std::optional<Decimal> parse(std::string_view text);  // digits, point, exponent; nothing when out of range
  std::string to_text() const;                                 // without trailing zeros
  double to_real() const;
  static int compare(Decimal a, Decimal b);
  static std::optional<Decimal> add(Decimal a, Decimal b);
  static std::optional<Decimal> subtract(Decimal a, Decimal b);
  static std::optional<Decimal> multiply(Decimal a, Decimal b);
  static std::optional<Decimal> divide(Decimal a, Decimal b);  // nothing for zero
};

}  // namespace yagura::kql
