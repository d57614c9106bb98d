// A socket address: IPv4, IPv6 or a Unix socket's path. A plain value.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // A numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0"); names are refused.
  static Result<SocketAddress> numeric(std::string_view ip, std::uint16_t port);
  // `path` must fit into sun_path (107 bytes).
  static Result<SocketAddress> unix_path(const std::filesystem::path& path);
  // All addresses of a name or numeric address. Blocks for as long as the system's resolver takes.
  static Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port);

  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;
  // "192.0.2.7", "2001:db8::1", "unix". A v4 address mapped into v6 shows as what it is.
  std::string ip() const;
  // "192.0.2.7:514", "[2001:db8::1]:514", "unix".
  std::string to_string() const;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  socklen_t& size_for_kernel() {
    size_ = sizeof(storage_);
    return size_;
  }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof(sockaddr_storage);
};

}  // namespace yagura::net
