// For files of forward only: from a name to a connected stream, cancellable.
#pragma once
#include "forward/destination.hpp"
#include "net/address.hpp"
#include "net/byte_stream.hpp"

namespace yagura::forward {

enum class WaitEnd : std::uint8_t { ready, timeout, woken };
// Waits for poll(2) events of `fd` (-1: of nothing).
WaitEnd wait_for(int fd, short events, const Wakeup& wakeup, Deadline deadline);

// All addresses of a name. The system's resolver cannot be interrupted: it runs in a thread of its own, which is left
// behind when we are woken or the deadline passes, and ends by itself.
Result<std::vector<net::SocketAddress>> resolve_cancellable(const std::string& host, std::uint16_t port,
                                                            const Wakeup& wakeup, Deadline deadline);

struct Connected {
  net::ByteStream stream;
  ConnectionFacts facts;
};
// TCP to the first address that answers, then the handshake when there is to be TLS. The error names every address
// tried.
Result<Connected> connect_stream(const DestinationSettings& settings, const Wakeup& wakeup);

// What the peer tells in a TLS alert, in words that help: which certificate it did not like.
std::string explain_tls_error(const std::string& message, bool mutual);

}  // namespace yagura::forward
