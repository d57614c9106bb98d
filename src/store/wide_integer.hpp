// 256-bit two's complement integers, as far as decimals need them: text to scaled integer and back.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yagura::store {

// KQL's decimal in the store: Decimal(76, 20).
inline constexpr unsigned kDecimalScale = 20;

struct WideInteger {
  std::array<std::uint64_t, 4> words{};  // least first
  bool is_negative() const { return (words[3] >> 63) != 0; }
  friend bool operator==(const WideInteger&, const WideInteger&) = default;
};

// "-12.5" or "1e3" times 10^scale; digits beyond the scale are cut. nullopt when it is no number or has more than 76 digits.
std::optional<WideInteger> parse_decimal(std::string_view text, unsigned scale);
// The decimal without trailing zeros after the point: "-12.5".
// `is_signed`: whether the top bit is a sign (always, but for UInt256).
std::string decimal_text(WideInteger value, unsigned scale, bool is_signed = true);
// From `width` little-endian bytes (1, 2, 4, 8, 16, 32), with or without a sign.
WideInteger wide_from_bytes(const char* bytes, std::size_t width, bool is_signed);

}  // namespace yagura::store
