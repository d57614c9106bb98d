// Steps that bring an older control database to today's shape; one file each in migrations/.
//
// To add one: migrations/NNN_what.sql, and its line in the table of migration.cpp. Never edit one that was released.
#pragma once
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct Migration {
  int version;            // 1, 2, 3 ... without gaps
  std::string_view name;  // the file's
  std::string_view sql;
};

std::span<const Migration> migrations();

// Runs what is missing, each step in a transaction of its own; `to` is for tests. Fails with not_supported when the
// database was written by a newer program: going on could destroy what that one keeps.
Result<> migrate(Database& database, int to = static_cast<int>(migrations().size()));
Result<int> schema_version(Database& database);

}  // namespace yagura::control
