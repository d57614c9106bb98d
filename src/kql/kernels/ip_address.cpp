#include "kql/kernels/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace yagura::kql {
namespace {

// Takes "/24" off; nothing when what follows the slash is no prefix of at most `most`.
std::optional<int> take_prefix(std::string_view& text, int most) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return most;
  const auto digits = text.substr(slash + 1);
  const auto value = parse_uint64(digits);
  if (!value || *value > static_cast<std::uint64_t>(most)) return std::nullopt;
  text = text.substr(0, slash);
  return static_cast<int>(*value);
}

}  // namespace

std::array<unsigned char, 16> Ip6::masked(int bits) const {
  auto out = address;
  for (int i = 0; i < 16; ++i) {
    const int keep = bits - 8 * i;
    if (keep <= 0) {
      out[static_cast<std::size_t>(i)] = 0;
    } else if (keep < 8) {
      out[static_cast<std::size_t>(i)] &= static_cast<unsigned char>(0xFF << (8 - keep));
    }
  }
  return out;
}

std::optional<Ip4> parse_ip4(std::string_view text) {
  text = trim(text);
  const auto prefix = take_prefix(text, 32);
  if (!prefix || text.size() > 15) return std::nullopt;
  const std::string copy(text);
  in_addr address{};
  if (inet_pton(AF_INET, copy.c_str(), &address) != 1) return std::nullopt;
  return Ip4{.address = ntohl(address.s_addr), .prefix = *prefix};
}

std::optional<Ip6> parse_ip6(std::string_view text) {
  text = trim(text);
  if (text.find(':') == std::string_view::npos) {
    const auto v4 = parse_ip4(text);
    if (!v4) return std::nullopt;
    Ip6 out{.address = {}, .prefix = v4->prefix + 96};
    out.address[10] = out.address[11] = 0xFF;
    for (int i = 0; i < 4; ++i)
      out.address[static_cast<std::size_t>(12 + i)] = static_cast<unsigned char>(v4->address >> (24 - 8 * i));
    return out;
  }
  const bool has_prefix = text.find('/') != std::string_view::npos;
  const auto prefix = take_prefix(text, 128);
  if (!prefix || text.size() > 45) return std::nullopt;
  const std::string copy(text);
  Ip6 out{.address = {}, .prefix = *prefix};
  if (inet_pton(AF_INET6, copy.c_str(), out.address.data()) != 1) return std::nullopt;
  // ::a.b.c.d is the IPv4 address, and a prefix of up to 32 is one of IPv4.
  if (text.find('.') != std::string_view::npos) {
    if (std::all_of(out.address.begin(), out.address.begin() + 12, [](unsigned char c) { return c == 0; })) {
      out.address[10] = out.address[11] = 0xFF;
    }
    if (has_prefix && out.prefix <= 32) out.prefix += 96;
  }
  return out;
}

std::string to_text(std::uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (shift < 24) out += '.';
    out += std::to_string(address >> shift & 0xFF);
  }
  return out;
}

std::string to_full_text(const std::array<unsigned char, 16>& address) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i > 0 && i % 2 == 0) out += ':';
    out += kHex[address[i] >> 4];
    out += kHex[address[i] & 15];
  }
  return out;
}

}  // namespace yagura::kql
