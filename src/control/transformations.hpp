// Ingest-time transformations by table: KQL kept under a table's name, with what it has dropped so far.
//
// Any thread; every change is in the audit log. The text is not checked here: whoever puts one has compiled it.
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

struct KeptTransformation {
  std::string table;
  std::string query;
  std::optional<std::string> count_by;  // JSON list of columns
  bool enabled = true;
  std::int64_t changed_ticks = 0;
  std::string changed_by;
  std::string state;  // JSON; "" when nothing was kept yet
};

class Transformations {
 public:
  using Clock = std::function<std::int64_t()>;
  Transformations(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}
  Result<std::vector<KeptTransformation>> list();
  // Adds or replaces; the state begins anew unless query and count_by stay. At most 1,000, 64 KiB each.
  Result<> put(const KeptTransformation& transformation, const Actor& actor);
  Result<> remove(std::string_view table, const Actor& actor);  // not_found when there is none
  // No change that anybody made: not audited. Only while it is still the one changed at `changed_ticks`.
  Result<> keep_state(std::string_view table, std::int64_t changed_ticks, std::string_view state);

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
