// IP addresses with prefixes, as Kusto's functions read them.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yagura::kql {

struct Ip4 {
  std::uint32_t address = 0;
  int prefix = 32;
  std::uint32_t masked(int bits) const { return bits <= 0 ? 0 : address & (0xFFFFFFFFu << (32 - bits)); }
};
struct Ip6 {
  std::array<unsigned char, 16> address{};
  int prefix = 128;
  std::array<unsigned char, 16> masked(int bits) const;
};

// "10.1.2.3", "10.1.2.3/24"
std::optional<Ip4> parse_ip4(std::string_view text);
// "fe80::1/10"; an IPv4 address is ::ffff:a.b.c.d, its prefix counts 96 more.
std::optional<Ip6> parse_ip6(std::string_view text);
std::string to_text(std::uint32_t address);
std::string to_full_text(const std::array<unsigned char, 16>& address);  // eight groups of four digits

}  // namespace yagura::kql
