// The control database: who, which rules, which queries, how far. SQLite in one file, WAL, migrated when opened.
//
// Any thread. Open it once a process; parts live as long as it does.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "control/agents.hpp"
#include "control/api_tokens.hpp"
#include "control/audit_log.hpp"
#include "control/aws_connectors.hpp"
#include "control/checkpoints.hpp"
#include "control/content.hpp"
#include "control/functions.hpp"
#include "control/rule_suppressions.hpp"
#include "control/sessions.hpp"
#include "control/siem_agents.hpp"
#include "control/transformations.hpp"
#include "control/users.hpp"
#include "control/watchlists.hpp"

namespace yagura::control {

struct ControlOptions {
  SessionLimits sessions;
  PasswordCost password_cost;
  std::function<std::int64_t()> clock;  // ticks; empty: the machine's
};

class ControlDb {
 public:
  // `path` is the file, made with mode 0600 when missing. not_supported: written by a newer program.
  static Result<std::unique_ptr<ControlDb>> open(const std::filesystem::path& path, ControlOptions options = {});

  Users& users() { return users_; }
  Sessions& sessions() { return sessions_; }
  ApiTokens& tokens() { return tokens_; }
  Checkpoints& checkpoints() { return checkpoints_; }
  RuleStates& rule_states() { return rule_states_; }
  RuleSuppressions& rule_suppressions() { return rule_suppressions_; }
  SavedQueries& saved_queries() { return saved_queries_; }
  CustomTables& custom_tables() { return custom_tables_; }
  Functions& functions() { return functions_; }
  Watchlists& watchlists() { return watchlists_; }
  Agents& agents() { return agents_; }
  SiemAgents& siem_agents() { return siem_agents_; }
  AwsConnectors& aws_connectors() { return aws_connectors_; }
  Transformations& transformations() { return transformations_; }
  AuditLog& audit() { return audit_; }
  std::int64_t now() const { return clock_(); }

 private:
  ControlDb(std::unique_ptr<Database> database, const ControlOptions& options);

  std::unique_ptr<Database> database_;
  std::function<std::int64_t()> clock_;
  Users users_;
  Sessions sessions_;
  ApiTokens tokens_;
  Checkpoints checkpoints_;
  RuleStates rule_states_;
  RuleSuppressions rule_suppressions_;
  SavedQueries saved_queries_;
  CustomTables custom_tables_;
  Functions functions_;
  Watchlists watchlists_;
  Agents agents_;
  SiemAgents siem_agents_;
  AwsConnectors aws_connectors_;
  Transformations transformations_;
  AuditLog audit_;  // last: its thread ends first
};

}  // namespace yagura::control
