// SIEM agents: programs that take events from here to somebody else's SIEM. What each is to send, how far it has come,
// what it last said of itself.
//
// A token is "ysa_" and 256 random bits; its SHA-256 is kept. Settings are JSON text of whoever uses them (serve), not
// read here. Any thread; every change by people is in the audit log.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

// A recovery agent sends again what lies in a time frame, beside the agent that should have.
struct Recovery {
  std::optional<std::int64_t> of;        // the original; nullopt once that has been deleted
  std::string id;                        // mark in each event that is sent again
  std::int64_t from_ticks = 0, to_ticks = 0;  // event time, [from, to)
  bool deduplicate = false;              // leave out what the original has handed over
};

struct SiemAgent {
  std::int64_t id = 0;
  std::string name, token_hint;
  bool enabled = true;
  std::string settings;  // JSON
  std::int64_t settings_version = 1;
  std::int64_t created_ticks = 0;
  std::string created_by;
  std::optional<Recovery> recovery;
  std::optional<std::int64_t> completed_ticks;
  std::optional<std::int64_t> first_seen_ticks, last_seen_ticks;
  std::string version, host, instance;  // of the process that runs it
  std::int64_t cursor = 0;              // the last position that was handed over
  std::int64_t alert_cursor_ticks = 0;
  std::string recent_alerts;            // JSON list of identities at and shortly before alert_cursor_ticks
  std::int64_t activities_sent = 0, alerts_sent = 0, duplicates = 0;
  std::optional<std::int64_t> last_sent_ticks;
  std::string trouble, trouble_detail;  // what the agent says is wrong: "", "connect", "send", "internal", "notification"
  std::optional<std::int64_t> trouble_since_ticks;
};

struct NewSiemAgent {
  std::string name;
  std::string settings;
  std::int64_t cursor = 0;
  std::int64_t alert_cursor_ticks = 0;
  std::optional<Recovery> recovery;
};

struct CreatedSiemAgent {
  std::string token;  // shown once
  SiemAgent info;
};

// What a running agent says with each call.
struct SiemAgentReport {
  std::string version, host, instance;
  std::string trouble, trouble_detail;
};

// What it has handed over since the call before.
struct SiemAgentProgress {
  std::int64_t cursor = 0;  // from the agent's old cursor, exclusive, to here
  std::int64_t alert_cursor_ticks = 0;
  std::string recent_alerts;
  std::int64_t activities = 0, alerts = 0, duplicates = 0;
};

class SiemAgents {
 public:
  using Clock = std::function<std::int64_t()>;
  SiemAgents(Database& database, Clock clock);

  Result<CreatedSiemAgent> create(const NewSiemAgent& agent, const Actor& actor);
  // The one before is invalid from now on.
  Result<CreatedSiemAgent> regenerate_token(std::int64_t id, const Actor& actor);
  Result<SiemAgent> change(std::int64_t id, std::string_view name, std::string_view settings, const Actor& actor);
  // Switched on again, a completed recovery starts over.
  Result<SiemAgent> set_enabled(std::int64_t id, bool enabled, const Actor& actor);
  Result<> remove(std::int64_t id, const Actor& actor);

  Result<SiemAgent> get(std::int64_t id);
  // By name (any letter case) or number.
  Result<SiemAgent> find(std::string_view word);
  Result<std::vector<SiemAgent>> list();

  // unauthenticated when no agent has this token.
  Result<SiemAgent> check(std::string_view token);
  Result<SiemAgent> report(std::int64_t id, const SiemAgentReport& report);
  // conflict unless the cursor is where the caller believes it to be: two processes with one token.
  Result<SiemAgent> advance(std::int64_t id, std::int64_t expected_cursor, const SiemAgentProgress& progress);
  Result<> complete(std::int64_t id);

  // Runs of positions, both ends included, that the agent has handed over and that touch [first, last]; in order.
  Result<std::vector<std::pair<std::int64_t, std::int64_t>>> runs(std::int64_t id, std::int64_t first, std::int64_t last);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
