// What analysts and engineers keep: the switch of each rule, saved queries, schemas of custom tables.
//
// Any thread; every change is in the audit log.
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

// Where the operator's word differs from the rule's own file. No row: as the file says.
struct RuleState {
  std::string rule_id;
  bool enabled = true;
  std::optional<std::string> severity;  // in place of the rule's own
  std::string note;
  std::int64_t changed_ticks = 0;
  std::string changed_by;
  std::optional<std::string> title;   // in place of the rule's own
  std::string exclude;                // a Sigma detection (JSON or YAML) whose events the rule leaves alone
  std::int64_t throttle_seconds = 0;  // 0: as all rules
  std::int64_t throttle_most = 0;     // alerts in that time; what is more becomes one that counts them
  std::string throttle_by;            // fields, with commas: so many for each of their values
};

class RuleStates {
 public:
  using Clock = std::function<std::int64_t()>;
  RuleStates(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  Result<std::vector<RuleState>> list();
  Result<std::optional<RuleState>> get(std::string_view rule_id);
  Result<> set(const RuleState& state, const Actor& actor);  // changed_* are filled in
  Result<> reset(std::string_view rule_id, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

struct SavedQuery {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string user_name;
  std::string name;
  std::string text;
  bool shared = false;
  std::int64_t created_ticks = 0;
  std::int64_t changed_ticks = 0;
};

class SavedQueries {
 public:
  using Clock = std::function<std::int64_t()>;
  SavedQueries(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  // The user's own and everybody's shared ones.
  Result<std::vector<SavedQuery>> list(std::int64_t user_id);
  // Makes it, or replaces the user's own of that name. At most 1,000 a user, 64 KiB each.
  Result<SavedQuery> put(std::int64_t user_id, std::string_view name, std::string_view text, bool shared,
                         const Actor& actor);
  // not_found also for somebody else's.
  Result<> remove(std::int64_t user_id, std::int64_t id, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

struct CustomTable {
  std::string name;         // ends in _CL
  std::string schema_json;  // as a schema file (event/table_schema.hpp)
  std::int64_t created_ticks = 0;
  std::string created_by;
};

class CustomTables {
 public:
  using Clock = std::function<std::int64_t()>;
  CustomTables(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  Result<std::vector<CustomTable>> list();
  Result<> put(std::string_view name, std::string_view schema_json, const Actor& actor);
  Result<> remove(std::string_view name, const Actor& actor);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
