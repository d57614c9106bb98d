#include "net/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace yagura::net {

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : size_(size) {
  std::memcpy(&storage_, address, std::min<std::size_t>(size, sizeof(storage_)));
}

Result<SocketAddress> SocketAddress::numeric(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (text.empty() || ::getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0)
    return fail(ErrorKind::invalid_input, "'{}' is not a numeric IPv4 or IPv6 address", text);
  SocketAddress address(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (address.family() == AF_INET)
    reinterpret_cast<sockaddr_in*>(address.data())->sin_port = htons(port);
  else
    reinterpret_cast<sockaddr_in6*>(address.data())->sin6_port = htons(port);
  return address;
}

Result<SocketAddress> SocketAddress::unix_path(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof(address.sun_path))
    return fail(ErrorKind::invalid_input, "a Unix socket's path must have 1 to {} bytes: '{}'",
                sizeof(address.sun_path) - 1, text);
  std::memcpy(address.sun_path, text.data(), text.size());
  return SocketAddress(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

Result<std::vector<SocketAddress>> SocketAddress::resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (auto numeric = SocketAddress::numeric(host, port)) return std::vector<SocketAddress>{*numeric};
  if (const int code = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found); code != 0)
    return fail(ErrorKind::unavailable, "cannot resolve '{}': {}", host, ::gai_strerror(code));
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next)
    addresses.emplace_back(at->ai_addr, static_cast<socklen_t>(at->ai_addrlen));
  ::freeaddrinfo(found);
  return addresses;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(data())->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(data())->sin6_port);
  return 0;
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(data())->sin_addr, text, sizeof(text));
    return text;
  }
  if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(data());
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      ::inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof(text));
      return text;
    }
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    return text;
  }
  return "unix";
}

std::string SocketAddress::to_string() const {
  if (family() != AF_INET && family() != AF_INET6) return "unix";
  const std::string address = ip();
  if (address.find(':') != std::string::npos) return fmt::format("[{}]:{}", address, port());
  return fmt::format("{}:{}", address, port());
}

}  // namespace yagura::net
