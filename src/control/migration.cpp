#include "control/migration.hpp"

#include <string>

namespace yagura::control {

std::span<const Migration> migrations() {
  static constexpr Migration all[] = {
      {
          1,
          "001_people",
#include "control/migrations/001_people.sql"
      },
      {
          2,
          "002_rules_and_queries",
#include "control/migrations/002_rules_and_queries.sql"
      },
      {
          3,
          "003_audit_retention",
#include "control/migrations/003_audit_retention.sql"
      },
      {
          4,
          "004_rule_tuning",
#include "control/migrations/004_rule_tuning.sql"
      },
      {
          5,
          "005_functions",
#include "control/migrations/005_functions.sql"
      },
      {
          6,
          "006_agents",
#include "control/migrations/006_agents.sql"
      },
      {
          7,
          "007_siem_agents",
#include "control/migrations/007_siem_agents.sql"
      },
      {
          8,
          "008_aws_connectors",
#include "control/migrations/008_aws_connectors.sql"
      },
      {
          9,
          "009_transformations",
#include "control/migrations/009_transformations.sql"
      },
  };
  return all;
}

Result<int> schema_version(Database& database) {
  auto reading = TRY(database.read());
  return static_cast<int>(TRY(reading.integer("PRAGMA user_version")).value_or(0));
}

Result<> migrate(Database& database, int to) {
  const int newest = static_cast<int>(migrations().size());
  for (const Migration& migration : migrations()) {
    if (migration.version > to) break;
    auto writing = TRY(database.write());
    // Asked inside the transaction: two processes starting at once take turns.
    const auto version = TRY(writing.integer("PRAGMA user_version")).value_or(0);
    if (version > newest)
      return fail(ErrorKind::not_supported,
                  "the control database has version {}, this program knows up to {}: it was written by a newer Yagura",
                  version, newest);
    if (version >= migration.version) continue;
    TRY(writing.script(migration.sql), "migrating the control database to {}", migration.name);
    TRY(writing.script("PRAGMA user_version=" + std::to_string(migration.version)));
    TRY(writing.commit());
  }
  return {};
}

}  // namespace yagura::control
