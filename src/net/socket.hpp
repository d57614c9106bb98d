// Sockets ready to use: listening, bound and connected ones, all non-blocking and close-on-exec.
#pragma once
#include <cstdint>
#include <filesystem>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/address.hpp"

namespace yagura::net {

// TCP with SO_REUSEADDR; "::" listens for IPv4 too. The error names the address.
Result<FileDescriptor> listen_tcp(const SocketAddress& address, int backlog = 1024);
// Replaces a socket file that nobody listens on; mode 0600. A live one is ErrorKind::conflict.
Result<FileDescriptor> listen_unix(const std::filesystem::path& path, int backlog = 1024);

struct UdpSocket {
  FileDescriptor fd;
  Bytes receive_buffer;  // what the kernel really gave
};
// With SO_RXQ_OVFL, and a receive buffer as near to `receive_buffer` as the system lets us
// (SO_RCVBUFFORCE where we may, else SO_RCVBUF up to net.core.rmem_max).
Result<UdpSocket> bind_udp(const SocketAddress& address, Bytes receive_buffer);

// Tries each address in turn until one answers.
Result<FileDescriptor> connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline);
Result<FileDescriptor> connect_tcp(const SocketAddress& address, Deadline deadline);
// A datagram socket with that address at its other end; nothing is sent yet.
Result<FileDescriptor> connect_udp(const SocketAddress& address);
Result<FileDescriptor> connect_unix(const std::filesystem::path& path, Deadline deadline);

// The address a socket is bound to, and the one at its other end.
SocketAddress local_address(int fd);
SocketAddress peer_address(int fd);

// The next connection of a listening socket; an invalid descriptor and errno when there is none.
FileDescriptor accept_connection(int listener, SocketAddress& peer);

// Waits for poll(2) events; false when the deadline passed first.
bool wait_ready(int fd, short events, Deadline deadline);

}  // namespace yagura::net
