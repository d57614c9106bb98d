#include "sigma/network.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.hpp"

namespace yagura::sigma {

std::optional<Address> parse_address(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.size() < 2 || text.size() >= sizeof buffer) return std::nullopt;
  const char first = text.front();
  if (!is_ascii_digit(first) && !is_ascii_alpha(first) && first != ':') return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  Address address;
  if (text.find(':') != std::string_view::npos) {
    address.is_v6 = true;
    if (inet_pton(AF_INET6, buffer, address.bytes.data()) != 1) return std::nullopt;
    return address;
  }
  if (inet_pton(AF_INET, buffer, address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::optional<NetworkTest> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned width = address->is_v6 ? 128 : 32;
  unsigned prefix = width;
  if (slash != std::string_view::npos) {
    const auto number = parse_uint64(text.substr(slash + 1));
    if (!number || *number > width) return std::nullopt;
    prefix = static_cast<unsigned>(*number);
  }
  NetworkTest network;
  network.is_v6 = address->is_v6;
  network.prefix = static_cast<std::uint8_t>(prefix);
  network.address = address->bytes;
  for (unsigned bit = prefix; bit < width; ++bit)
    network.address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return network;
}

bool contains(const NetworkTest& network, const Address& address) {
  if (network.is_v6 != address.is_v6) return false;
  const unsigned whole = network.prefix / 8;
  if (std::memcmp(network.address.data(), address.bytes.data(), whole) != 0) return false;
  const unsigned rest = network.prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> rest);
  return (network.address[whole] & mask) == (address.bytes[whole] & mask);
}

}  // namespace yagura::sigma
