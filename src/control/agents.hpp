// Agents on other hosts as the server knows them: who has joined, with which certificate, what they last said of
// themselves; the tokens they join with; the configurations they are given.
//
// A join token is "yjt_" and 256 random bits; its SHA-256 is kept. Removed agents stay in the table, so that their names
// can be told later, and are never let in again. Any thread; every change is in the audit log.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct JoinToken {
  std::int64_t id = 0;
  std::string hint;  // its first characters
  std::string name;
  std::int64_t created_ticks = 0;
  std::string created_by;
  std::int64_t expires_ticks = 0;
  std::int64_t uses_left = 1;
};
struct CreatedJoinToken {
  std::string token;  // shown once
  JoinToken info;
};

struct Agent {
  std::string id;  // a UUID
  std::string name;  // of its host
  std::int64_t enrolled_ticks = 0;
  std::string serial;  // of the certificate it uses, in hex
  std::optional<std::string> pending_serial;  // of one it was given and has not shown yet
  std::int64_t certificate_expires_ticks = 0;
  std::optional<std::int64_t> removed_ticks;
  std::string version;  // as it says: "0.1.0"
  std::string address;  // where it last called from
  std::optional<std::int64_t> last_seen_ticks;
  std::string configuration = "default";
  std::int64_t applied_generation = 0;  // of that configuration; 0: its own
  std::string configuration_error;      // why it did not take the newest
  std::string status;                   // JSON: its last heartbeat and what the server made of it
};

struct NewAgent {
  std::string id, name, serial, address;
  std::string key_hash;  // SHA-256 of its public key
  std::int64_t certificate_expires_ticks = 0;
};

// What an agent says of itself, kept with each heartbeat.
struct AgentReport {
  std::string version, address, status, configuration_error;
  std::int64_t applied_generation = 0;
};

struct AgentConfiguration {
  std::string name;
  std::int64_t generation = 0;  // 0: there is none
  std::string text;             // YAML
  std::int64_t changed_ticks = 0;
  std::string changed_by;
};

class Agents {
 public:
  using Clock = std::function<std::int64_t()>;
  Agents(Database& database, Clock clock);

  Result<CreatedJoinToken> create_token(std::string_view name, std::int64_t expires_ticks, std::int64_t uses, const Actor& actor);
  Result<std::vector<JoinToken>> tokens();
  Result<> revoke_token(std::int64_t id, const Actor& actor);

  // unauthenticated: unknown, expired or used up. An agent that joins again with the same token and key, because the
  // answer was lost, is told here.
  Result<std::optional<Agent>> check_token(std::string_view token, std::string_view key_hash);
  // Uses the token up by one, unless this agent (same id) has joined with it already.
  Result<> enrol(std::string_view token, const NewAgent& agent);

  Result<Agent> get(std::string_view id);  // removed ones too
  // By id, by the beginning of one (8 characters and more), or by name when only one has it.
  Result<Agent> find(std::string_view word);
  Result<std::vector<Agent>> list(bool with_removed = false);
  // It was given a new certificate; the one before is good until the new one is shown.
  Result<> offer_certificate(std::string_view id, std::string_view serial, std::int64_t expires_ticks, const Actor& actor);
  Result<> accept_certificate(std::string_view id);
  Result<> report(std::string_view id, const AgentReport& report);
  Result<> remove(std::string_view id, const Actor& actor);
  Result<> assign(std::string_view id, std::string_view configuration, const Actor& actor);

  Result<AgentConfiguration> configuration(std::string_view name);  // generation 0 when there is none
  Result<std::vector<AgentConfiguration>> configurations();
  // Gives the new generation.
  Result<std::int64_t> put_configuration(std::string_view name, std::string_view text, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
