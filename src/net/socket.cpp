#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace yagura::net {

namespace {

constexpr int kSocketFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); }

Result<> bind_to(int fd, const SocketAddress& address) {
  if (address.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd, address.data(), address.size()) != 0)
    return fail_errno(errno, fmt::format("binding to {}", address.to_string()));
  return {};
}

// Completes a non-blocking connect.
Result<> finish_connect(int fd, const SocketAddress& address, const std::string& where, Deadline deadline) {
  if (::connect(fd, address.data(), address.size()) == 0) return {};
  // A Unix socket whose queue is full says EAGAIN and does not go on by itself.
  while (errno == EAGAIN && address.family() == AF_UNIX) {
    if (deadline.passed()) return fail(ErrorKind::timeout, "connecting to {}: its queue stayed full", where);
    ::usleep(2'000);
    if (::connect(fd, address.data(), address.size()) == 0) return {};
  }
  if (errno != EINPROGRESS) return fail_errno(errno, "connecting to " + where);
  if (!wait_ready(fd, POLLOUT, deadline)) return fail(ErrorKind::timeout, "connecting to {}: no answer in time", where);
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_errno(error, "connecting to " + where);
  return {};
}

}  // namespace

bool wait_ready(int fd, short events, Deadline deadline) {
  while (true) {
    pollfd entry{fd, events, 0};
    // Rounded up, so that a wait never ends a moment before its deadline and spins.
    const int wait =
        deadline.is_never() ? -1 : static_cast<int>(std::min<std::int64_t>(deadline.left().count() + 1, 3'600'000));
    const int ready = ::poll(&entry, 1, wait);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the next read or write tells
    if (deadline.passed()) return false;
  }
}

Result<FileDescriptor> listen_tcp(const SocketAddress& address, int backlog) {
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a TCP socket");
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  TRY(bind_to(fd.get(), address));
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, fmt::format("listening on {}", address.to_string()));
  return fd;
}

Result<FileDescriptor> listen_unix(const std::filesystem::path& path, int backlog) {
  const auto address = TRY(SocketAddress::unix_path(path));
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a Unix socket");
  const mode_t before = ::umask(0177);  // so that the file is never open to others, not even for a moment
  int bound = ::bind(fd.get(), address.data(), address.size());
  if (bound != 0 && errno == EADDRINUSE) {
    FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
    const bool alive = ::connect(probe.get(), address.data(), address.size()) == 0 || errno != ECONNREFUSED;
    if (alive) {
      ::umask(before);
      return fail(ErrorKind::conflict, "another process listens on {}", path.string());
    }
    ::unlink(path.c_str());
    bound = ::bind(fd.get(), address.data(), address.size());
  }
  const int error = errno;
  ::umask(before);
  if (bound != 0) return fail_errno(error, "binding to " + path.string());
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listening on " + path.string());
  return fd;
}

Result<UdpSocket> bind_udp(const SocketAddress& address, Bytes receive_buffer) {
  FileDescriptor fd(::socket(address.family(), SOCK_DGRAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a UDP socket");
  const int wanted = static_cast<int>(std::min<std::uint64_t>(receive_buffer.count(), 1U << 30));
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0)
    set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, wanted);
  set_option(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  TRY(bind_to(fd.get(), address));
  int given = 0;
  socklen_t size = sizeof(given);
  ::getsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &given, &size);
  // The kernel doubles what was asked, for its own bookkeeping (socket(7)).
  return UdpSocket{std::move(fd), Bytes(static_cast<std::uint64_t>(given) / 2)};
}

Result<FileDescriptor> connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline) {
  const auto addresses = TRY(SocketAddress::resolve(host, port));
  Error last(ErrorKind::unavailable, fmt::format("'{}' has no address", host));
  for (const auto& address : addresses) {
    auto connected = connect_tcp(address, deadline);
    if (connected) return connected;
    last = std::move(connected).error();
  }
  return std::unexpected(std::move(last));
}

Result<FileDescriptor> connect_tcp(const SocketAddress& address, Deadline deadline) {
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a TCP socket");
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  TRY(finish_connect(fd.get(), address, address.to_string(), deadline));
  return fd;
}

Result<FileDescriptor> connect_udp(const SocketAddress& address) {
  FileDescriptor fd(::socket(address.family(), SOCK_DGRAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a UDP socket");
  if (::connect(fd.get(), address.data(), address.size()) != 0)
    return fail_errno(errno, "connecting to " + address.to_string());
  return fd;
}

Result<FileDescriptor> connect_unix(const std::filesystem::path& path, Deadline deadline) {
  const auto address = TRY(SocketAddress::unix_path(path));
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
  if (!fd) return fail_errno(errno, "opening a Unix socket");
  TRY(finish_connect(fd.get(), address, path.string(), deadline));
  return fd;
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  ::getsockname(fd, address.data(), &address.size_for_kernel());
  return address;
}

SocketAddress peer_address(int fd) {
  SocketAddress address;
  ::getpeername(fd, address.data(), &address.size_for_kernel());
  return address;
}

FileDescriptor accept_connection(int listener, SocketAddress& peer) {
  FileDescriptor fd(::accept4(listener, peer.data(), &peer.size_for_kernel(), kSocketFlags));
  if (fd && peer.family() != AF_UNIX) set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

}  // namespace yagura::net
