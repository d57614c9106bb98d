// Alerts that are not wanted for a while: of which rule, under which conditions, why, and until when.
//
// Kept after their end, so that one can tell later why an alert of last month is missing. Any thread; every change is in
// the audit log.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct RuleSuppression {
  std::int64_t id = 0;
  std::string rule_id;     // "*": every rule
  std::string conditions;  // JSON object, field to value with Sigma's wildcards; "{}": every alert of the rule
  std::string reason;
  std::int64_t created_ticks = 0;
  std::string created_by;
  std::int64_t expires_ticks = 0;
  std::optional<std::int64_t> ended_ticks;  // before its time
  std::string ended_by;
};

class RuleSuppressions {
 public:
  using Clock = std::function<std::int64_t()>;
  RuleSuppressions(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

  // The newest first; without `all` only those that have not ended. At most 10,000.
  Result<std::vector<RuleSuppression>> list(bool all = false);
  // Makes one; id and created_* are filled in. Wants a reason, and an end in the future that is at most a year away.
  Result<RuleSuppression> add(RuleSuppression suppression, const Actor& actor);
  // not_found when there is none, or it has ended.
  Result<> end(std::int64_t id, const Actor& actor);
  // Differs after any change of rule_states or rule_suppressions, also by another process.
  Result<std::string> version();

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
