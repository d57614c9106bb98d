// One syslog receiver: brings the connection up, takes messages into a bounded buffer, and knows which the other side
// has.
//
// Four transports and RELP behind one interface (docs/forwarding.md says what each promises):
//   TCP, TLS   a message is `taken` once the peer's kernel has acknowledged its bytes (SIOCOUTQ) and the connection has
//   lived on
//              for `settle`: what an application loses when it dies is then sent again, never more than these seconds
//   RELP       ... once the receiver has acknowledged it by its number
//   UDP        ... once the kernel took it; datagrams that the network refuses are counted as lost
// Not one byte of a message leaves before the handshake is done and the server's certificate is found good.
//
//   TRY(destination->connect(next_number, cancel));
//   while (destination->ready_for_more()) destination->offer(number++, message);
//   TRY(destination->step());                     // writes and reads what goes without waiting
//   bookmark = position_of(destination->taken());
//
// One thread, except Wakeup. Errors: the connection is over, or never was: call connect() again, with the first message
// that is not taken. They say what an operator can do.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "forward/forwarder_settings.hpp"
#include "net/tls.hpp"

namespace yagura::forward {

enum class DestinationProtocol : std::uint8_t { syslog_stream, relp, udp };

struct DestinationSettings {
  std::string host;
  std::uint16_t port = 0;
  DestinationProtocol protocol = DestinationProtocol::syslog_stream;
  bool use_tls = true;
  Framing framing = Framing::octet_counting;
  // Asked at each connection, for certificates come and go meanwhile. Only with use_tls.
  std::function<Result<net::TlsClientOptions>()> tls_options;
  Bytes write_buffer = 256_KiB;          // messages waiting for the socket
  std::size_t most_untaken = 200'000;    // messages sent and not taken yet: what a reconnect may repeat at most
  std::uint64_t most_datagrams = 5'000;  // a second, over UDP
  std::chrono::milliseconds settle = 2s;
  std::chrono::milliseconds attempt_timeout = 5s;     // per address
  std::chrono::milliseconds handshake_timeout = 10s;  // TLS, RELP open
  std::chrono::milliseconds stall_timeout = 60s;      // the peer takes or acknowledges nothing
};
// As an administrator has set it; `store` outlives the result.
DestinationSettings destination_settings(const ForwarderSettings& settings, const CertificateStore& store);

// Ends waits of another thread. Any thread may wake.
class Wakeup {
 public:
  static Result<std::shared_ptr<Wakeup>> create();
  void wake();
  void clear();
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

struct ConnectionFacts {
  std::string address;  // "192.0.2.7:6514"
  std::string tls_version, tls_cipher;
  std::vector<std::string> certificates;  // DER, the server's own first
};

class Destination {
 public:
  virtual ~Destination() = default;
  // "tls://logs.example:6514", for messages.
  virtual const std::string& name() const = 0;
  // Ends what was before. `first` is the number of the first message that will be offered: taken() is then first - 1.
  // cancelled when `wakeup` is woken meanwhile.
  virtual Result<ConnectionFacts> connect(std::uint64_t first, Wakeup& wakeup) = 0;
  virtual bool connected() const = 0;

  virtual bool ready_for_more() const = 0;
  // Numbers rise by one. The bytes are copied. Only when ready_for_more().
  virtual void offer(std::uint64_t number, std::string_view message) = 0;
  // Error: the connection is over.
  virtual Result<> step() = 0;
  // What to wait for before the next step(): a descriptor (-1: none), poll(2) events, and for how long at most.
  struct Waiting {
    int fd = -1;
    short events = 0;
    std::chrono::milliseconds most{1000};
  };
  virtual Waiting waiting() const = 0;
  // Every message up to this number is taken.
  virtual std::uint64_t taken() const = 0;
  // Messages taken, of which the network said later that they were lost; counted once.
  virtual std::uint64_t take_lost() { return 0; }
  // 0: any size.
  virtual std::size_t most_message_bytes() const { return 0; }
  // Lets what was offered get out and be taken until the deadline, then ends the connection.
  virtual void close(Deadline deadline) = 0;
};

std::unique_ptr<Destination> make_destination(DestinationSettings settings);

}  // namespace yagura::forward
