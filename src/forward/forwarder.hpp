// Follows a journal and sends what a Subscription chooses to one destination, for as long as it runs.
//
//   auto forwarder = TRY(Forwarder::start({.name = "siem", .open_tail = ..., .subscription = ..., .encoder = ...,
//                                          .destination = destination_settings(settings, store), .ledger_file = ...}));
//   forwarder->status().state; forwarder->pause(); forwarder->stop(Deadline::in(5s));
//
// One thread each: several forwarders on one journal do not know of one another, and a receiver that is down holds up
// nobody else. The bookmark moves only over what the destination has taken (forward/destination.hpp) or what was
// filtered; it lies with the counters in the ledger file, so that both survive a crash together. While the receiver is
// away nothing is kept in memory: the journal keeps it, and reading goes on from the bookmark. Any thread may call.
// Errors of the running loop are in status(), and mended by trying again.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "event/record.hpp"
#include "formats/syslog.hpp"
#include "forward/destination.hpp"
#include "forward/encoder.hpp"
#include "forward/ledger.hpp"
#include "forward/signed_syslog.hpp"
#include "forward/subscription.hpp"
#include "journal/tail.hpp"

namespace yagura::forward {

struct ForwarderOptions {
  std::string name = "siem";  // in logs and metrics
  std::function<Result<std::unique_ptr<journal::Tail>>(Position from)> open_tail;
  std::function<Position()> head;  // the journal's newest position, for the lag; may be empty
  Subscription subscription;
  std::shared_ptr<const Encoder> encoder;
  DestinationSettings destination;
  std::filesystem::path ledger_file;
  formats::SyslogContext syslog;                          // for decoding
  std::string host;                                       // for events that do not say theirs
  std::vector<std::string> ignored_hints;                 // entries that are no events: not scanned
  std::function<void(event::RecordBatch&)> after_decode;  // such as device packs; may be empty
  std::vector<SettingsWarning> warnings;                  // standing: in status and logged at the start
  // Signs what is sent (RFC 5848): asked at each connection, each is a session of its own. Empty: nothing is signed.
  std::function<Result<SyslogSigningKey>()> signing_key;
  std::chrono::milliseconds save_interval = 1s;
  std::chrono::milliseconds first_wait = 500ms, most_wait = 30s;  // between tries
};

enum class ForwarderRun : std::uint8_t { connecting, connected, waiting, paused, stopped };
std::string_view to_string(ForwarderRun run);

struct ForwarderStatus {
  ForwarderRun run = ForwarderRun::connecting;
  std::string destination;  // "tls://logs.example:6514"
  std::string address;      // of the connection
  std::string tls_version, tls_cipher;
  std::string server_subject, server_thumbprint;  // of the server's certificate
  std::int64_t server_valid_until = 0;            // seconds since 1970; 0: no TLS
  std::optional<ReceiveTime> connected_since;
  std::string last_error;  // "" when there was none since the start
  std::optional<ReceiveTime> last_error_at;
  Ledger ledger;
  Position head;                     // 0 when not known
  std::chrono::milliseconds lag{0};  // age of the newest event done with, while there are more
  std::uint64_t in_flight = 0;       // sent, not taken yet
  std::string signing_key;           // thumbprint of the key that signs this connection's messages; "": none does
  std::vector<SettingsWarning> warnings;
};
std::string to_json(const ForwarderStatus& status);

class Forwarder {
 public:
  // Error: the ledger cannot be read or written. The receiver need not be there.
  static Result<std::unique_ptr<Forwarder>> start(ForwarderOptions options);
  // stop() with five seconds, when nobody has.
  ~Forwarder();

  void pause();  // lets go of the connection; the bookmark stays
  void resume();
  ForwarderStatus status() const;
  // What the journal need not keep any longer for this destination.
  Position bookmark() const;
  // Sends what is under way until the deadline, saves the ledger and ends the thread. Idempotent.
  void stop(Deadline deadline);

 private:
  class Loop;
  explicit Forwarder(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace yagura::forward
