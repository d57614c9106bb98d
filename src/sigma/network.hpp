// Addresses and networks in text: IPv4 dotted decimal, IPv6 as RFC 4291 section 2.2.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sigma/rule.hpp"

namespace yagura::sigma {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four
  bool is_v6 = false;
};

std::optional<Address> parse_address(std::string_view text);
// "10.0.0.0/8"; without a slash the one address. Bits behind the prefix are cleared.
std::optional<NetworkTest> parse_network(std::string_view text);
// An IPv4 address is in no IPv6 network and the other way round.
bool contains(const NetworkTest& network, const Address& address);

}  // namespace yagura::sigma
