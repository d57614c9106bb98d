#include "net/proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/text.hpp"
#include "net/socket.hpp"

namespace yagura::net {

namespace {

constexpr std::size_t kMostHead = 16'384;

Result<> wait_for(int fd, short events, Deadline deadline) {
  pollfd entry{fd, events, 0};
  while (true) {
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(deadline.left().count(), 0, 60'000)));
    if (ready > 0) return {};
    if (ready == 0 && deadline.passed()) return fail(ErrorKind::timeout, "the proxy does not answer");
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for the proxy");
  }
}

}  // namespace

Result<ProxyAddress> parse_proxy_address(std::string_view text) {
  const auto bad = [&] { return fail(ErrorKind::invalid_input, "Invalid proxy address '{}'; expected ADDRESS[:PORT], such as proxy.example:8080", text.substr(0, 120)); };
  std::string_view rest = trim(text);
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  ProxyAddress proxy;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return bad();
    proxy.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return bad();
    if (!port.empty()) port.remove_prefix(1);
    if (port.empty() && rest.ends_with(':')) return bad();
  } else if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    proxy.host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
    if (port.empty()) return bad();
  } else {
    proxy.host = rest;
  }
  if (proxy.host.empty()) return bad();
  for (const char c : proxy.host)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '.' && c != '-' && c != '_' && c != ':') return bad();
  if (port.empty()) return proxy;
  const auto number = parse_uint64(port);
  if (!number || *number == 0 || *number > 65535) return bad();
  proxy.port = static_cast<std::uint16_t>(*number);
  return proxy;
}

Result<FileDescriptor> connect_by_proxy(const ProxyAddress& proxy, const std::string& host, std::uint16_t port, Deadline deadline) {
  auto fd = TRY(connect_tcp(proxy.host, proxy.port, deadline), "connecting to the proxy {}:{}", proxy.host, proxy.port);
  const std::string target = host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
  const std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", target);
  for (std::size_t sent = 0; sent < request.size();) {
    TRY(wait_for(fd.get(), POLLOUT, deadline));
    const auto put = ::send(fd.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "asking the proxy");
    if (put > 0) sent += static_cast<std::size_t>(put);
  }
  // Byte by byte: what comes behind the head belongs to the tunnel.
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    if (head.size() >= kMostHead) return fail(ErrorKind::unavailable, "the proxy's answer has no end");
    TRY(wait_for(fd.get(), POLLIN, deadline));
    char c = 0;
    const auto got = ::recv(fd.get(), &c, 1, 0);
    if (got == 0) return fail(ErrorKind::unavailable, "the proxy closed the connection instead of answering");
    if (got < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "reading the proxy's answer");
    if (got > 0) head += c;
  }
  const std::string_view line = std::string_view(head).substr(0, head.find('\r'));
  const auto space = line.find(' ');
  const std::string_view status = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
  if (!line.starts_with("HTTP/1.") || status.size() != 3) return fail(ErrorKind::unavailable, "what listens at {}:{} is no HTTP proxy", proxy.host, proxy.port);
  if (status.starts_with('2')) return fd;
  return fail(status == "407" || status == "403" ? ErrorKind::permission_denied : ErrorKind::unavailable, "the proxy {}:{} does not connect to {}: {}", proxy.host,
              proxy.port, target, line.substr(space + 1).substr(0, 200));
}

}  // namespace yagura::net
