// Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425), plain or mutual.
//
// One thread a source. Messages are framed, never parsed, and go to the journal in batches. When the journal pushes
// back, TCP reading stops with the connections kept, and UDP fills its receive buffer until the kernel drops, which it
// counts. Timeouts stand still meanwhile. start() names what is wrong with the address or the certificate.
//
// A message longer than max_message is kept in pieces: the first has the source's format, the others "text".
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "intake/entry_sink.hpp"
#include "intake/source.hpp"
#include "net/tls.hpp"

namespace yagura::intake {

enum class SyslogTransport : std::uint8_t { udp, tcp, tls };
std::string_view to_string(SyslogTransport transport);

struct SyslogSettings {
  std::string name = "syslog";
  SyslogTransport transport = SyslogTransport::udp;
  std::string address = "0.0.0.0";  // numeric
  std::uint16_t port = 5514;        // 0: any
  std::string format = "syslog";    // hint for the decoders
  Bytes max_message = 64_KiB;
  std::uint64_t rate_per_peer = 0;  // messages a second and address; 0: no limit. TCP waits, UDP drops
  // UDP
  Bytes receive_buffer = 32_MiB;  // asked of the kernel
  // TCP and TLS
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_peer = 256;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds partial_timeout{30'000};  // a message that has begun must be whole by then (slow-loris)
  std::chrono::milliseconds idle_timeout = std::chrono::hours(24);
  Bytes max_waiting = 64_MiB;  // beginnings of messages, of all connections together
  net::TlsServerOptions tls;
};

class SyslogSource : public Source {
 public:
  // `sink` must outlive the source.
  static std::unique_ptr<SyslogSource> create(SyslogSettings settings, EntrySink& sink);
  // The one that was bound, once started.
  virtual std::uint16_t port() const = 0;
};

// The two kinds, for create().
std::unique_ptr<SyslogSource> make_syslog_datagram_source(SyslogSettings settings, EntrySink& sink);
std::unique_ptr<SyslogSource> make_syslog_stream_source(SyslogSettings settings, EntrySink& sink);

}  // namespace yagura::intake
