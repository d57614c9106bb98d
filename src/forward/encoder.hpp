// What a forwarded event looks like on the wire: one Record becomes one message, without the transport's framing.
//
//   const auto encoder = TRY(make_encoder({.kind = "cef-azure-local"}));
//   std::string message;
//   encoder->encode(record, {.host = "node1", .now = ReceiveClock::now()}, message);   // <84>Nov 22 08:00:00 node1
//   CEF: ...
//
// A message has no line feed, so it may be framed by one. Kinds and what they write: docs/formats/forwarding.md.
// An Encoder is immutable: any thread may call it.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "event/record.hpp"

namespace yagura::forward {

struct EncoderSettings {
  std::string kind = "cef-azure-local";  // one of encoder_kinds()
  // Of the CEF and LEEF header; "" takes the kind's own.
  std::string vendor;
  std::string product;
  std::string version;
  // "rfc3164", "rfc5424" or "none"; "" takes the kind's own: CEF and LEEF rfc3164, JSON none. rfc5424 has its own.
  std::string header;
  // RFC 3164 wants HOSTNAME without its domain. Off: two hosts of one name in two domains stay two.
  bool short_host = false;
  // What the documented extensions cannot carry, in two more (YaguraTime, YaguraData): names and types of the data, the
  // time to 100 ns. For receivers that are Yagura: events come back whole. Off: exactly the 23 documented extensions.
  bool restorable = false;
};

struct EncodeContext {
  std::string_view host;  // this host, for records that do not say theirs
  ReceiveTime now{};      // for records without any time
  // RFC 3164 writes local time. nullopt: the zone of this machine at the event's time.
  std::optional<std::chrono::minutes> utc_offset;
  // 0: any size. Else a longer message is shortened: first goes the description, then the ends of the longest values.
  std::size_t most_bytes = 0;
};

struct Encoded {
  std::uint8_t facility = 1;  // what PRI says, for transports that sign or group by it
  std::uint8_t severity = 5;
  bool shortened = false;  // for a counter: something was left out because of most_bytes
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string_view kind() const = 0;
  // Appends one message to `out`. Total: any record gives a message.
  virtual Encoded encode(const event::Record& record, const EncodeContext& context, std::string& out) const = 0;
};

// "cef-azure-local", "cef-restorable" (the same with `restorable`), "cef", "rfc5424", "json", "leef".
std::span<const std::string_view> encoder_kinds();

// invalid_input for an unknown kind, naming the nearest.
Result<std::unique_ptr<Encoder>> make_encoder(const EncoderSettings& settings);

// "<82>": facility and severity of a record as every encoder writes them (PRI per message type). Windows events have
// facility 10; what came as syslog keeps what it had; others by their type.
struct Priority {
  std::uint8_t facility = 1;
  std::uint8_t severity = 5;
  std::uint8_t number() const { return static_cast<std::uint8_t>(facility * 8 + severity); }
  friend bool operator==(const Priority&, const Priority&) = default;
};
Priority priority_of(const event::Record& record);

}  // namespace yagura::forward
