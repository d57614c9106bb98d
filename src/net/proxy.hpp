// Through an HTTP proxy: a tunnel by CONNECT (RFC 9110 9.3.6), for TLS and plain connections alike.
//
// Stateless, blocking, any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::net {

struct ProxyAddress {
  std::string host;
  std::uint16_t port = 8080;
};
// ADDRESS[:PORT], with or without http:// in front, IPv6 in brackets; the port is 8080 when it is not said.
Result<ProxyAddress> parse_proxy_address(std::string_view text);

// A socket whose other end is host:port. permission_denied: the proxy wants credentials; unavailable: it could not connect.
Result<FileDescriptor> connect_by_proxy(const ProxyAddress& proxy, const std::string& host, std::uint16_t port, Deadline deadline);

}  // namespace yagura::net
