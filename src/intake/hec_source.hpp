// Splunk's HTTP Event Collector: /services/collector[/event|/raw|/ack|/health][/1.0].
//
// Without acknowledgement a request is answered 200 only when its events are durable; with it (a token with `acks`, a
// channel) at once, with an ackId that /ack tells as true only when they are. A request is taken whole or not at all.
// When the journal pushes back the answer is 503 "Server is busy", which senders repeat. Each event is one journal
// entry: its exact bytes, hint "hec-event"; of a raw body each line, hint "hec-raw". What the query says of a raw body
// (host, source, sourcetype, index, time) follows the hint: "hec-raw?host=web1&sourcetype=x", percent-encoded.
//
// Tokens are compared as SHA-256 in constant time. Handlers run on the HTTP server's threads.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "intake/entry_sink.hpp"
#include "intake/source.hpp"
#include "net/tls.hpp"

namespace yagura::intake {

struct HecToken {
  std::string name;  // for people; never the token itself
  Sha256Digest sha256{};
  bool enabled = true;
  bool acks = false;                 // Splunk's useACK
  std::vector<std::string> indexes;  // allowed in events; empty: all
};

struct HecSettings {
  std::string name = "hec";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8088;
  bool tls_enabled = true;
  net::TlsServerOptions tls;
  std::vector<HecToken> tokens;
  bool query_token = false;  // allow ?token=
  Bytes max_body = 16_MiB;
  Bytes max_message = 1_MiB;  // of one event; a raw line is cut into pieces of this size
  Bytes max_waiting = 256_MiB;
  std::uint64_t rate_per_peer = 0;  // events a second and address, twice that at once; then 503. 0: no limit
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_peer = 256;
  std::chrono::milliseconds durable_timeout{15'000};  // then 503
};

class HecSource : public Source {
 public:
  static std::unique_ptr<HecSource> create(HecSettings settings, EntrySink& sink);
  virtual std::uint16_t port() const = 0;
};

}  // namespace yagura::intake
