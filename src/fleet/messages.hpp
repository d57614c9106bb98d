// What agent and server tell each other besides events: JSON, docs/formats/agent-protocol.md.
//
// Values. Parsers take foreign bytes: all is checked and bounded, unknown members are left alone (a newer peer may send
// more). invalid_input names the member.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::fleet {

inline constexpr int kProtocol = 1;

using Counts = std::map<std::string, std::uint64_t>;

// "channel C: scanned a..b, sent n, filtered m by rule r, lost k": of a stream whose records are numbered.
struct StreamLedger {
  std::string stream;  // "Security", "/var/log/audit/audit.log"
  std::uint64_t first = 0, last = 0;  // record numbers looked at; 0..0: none yet
  std::uint64_t sent = 0;             // given to the spool
  Counts filtered;                    // by rule
  Counts lost;                        // by reason

  std::uint64_t scanned() const { return first == 0 ? 0 : last - first + 1; }
};

struct SourceReport {
  std::string name, kind, state, detail;
  std::uint64_t accepted = 0;  // entries put into the spool since it was made
  std::uint64_t sent = 0;      // of these, acknowledged by the server
  Counts lost;                 // by reason: known losses before the spool
  std::vector<StreamLedger> streams;
};

struct Heartbeat {
  std::string spool;          // its journal's UUID
  std::uint64_t through = 0;  // position up to which `sent` of the sources counts
  std::string version, host, system;
  std::int64_t generation = 0;  // of the configuration in force; 0: the local one
  std::string configuration_error;
  std::int64_t started_ticks = 0;
  double cpu_percent = 0;  // of one core, since the last heartbeat
  std::uint64_t resident_bytes = 0;
  std::uint64_t spool_bytes = 0, spool_limit = 0, unsent = 0;
  std::uint64_t damaged = 0;  // entries that the spool held and can no longer be read
  double lag_seconds = 0;     // age of the oldest entry that is not sent
  std::vector<SourceReport> sources;
};
std::string to_json(const Heartbeat& heartbeat);
Result<Heartbeat> parse_heartbeat(std::string_view json);

struct HeartbeatAnswer {
  std::uint64_t acked = 0;  // position in the spool up to which the server has everything
  std::int64_t generation = 0;
  std::optional<std::string> configuration;  // when the agent's generation is another
  bool renew = false;                        // ask for a new certificate now
  std::int64_t interval_seconds = 30;        // until the next one
  std::string notice;                        // for the agent's log: "this agent is older than ..."
};
std::string to_json(const HeartbeatAnswer& answer);
Result<HeartbeatAnswer> parse_heartbeat_answer(std::string_view json);

struct EnrolRequest {
  std::string token, host, version, request_pem;
};
std::string to_json(const EnrolRequest& request);
Result<EnrolRequest> parse_enrol_request(std::string_view json);

// Also of a renewal.
struct EnrolAnswer {
  std::string agent_id, certificate_pem;
};
std::string to_json(const EnrolAnswer& answer);
Result<EnrolAnswer> parse_enrol_answer(std::string_view json);

// "0.10.2" and "2311.2.0.26": numbers between dots, compared one by one; what is no number counts as 0.
bool version_less(std::string_view a, std::string_view b);

}  // namespace yagura::fleet
