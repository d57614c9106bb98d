// Connectors to AWS: which queues are read with which role into which table, and which of their objects have been taken.
//
// Settings are JSON text, read elsewhere (roles); they hold no secrets. Any thread; changes by people are in the audit log.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/audit_log.hpp"
#include "control/sqlite.hpp"

namespace yagura::control {

struct AwsConnector {
  std::int64_t id = 0;
  std::string name, settings;
  bool enabled = true;
  std::int64_t created_ticks = 0;
  std::string created_by;
};

struct AwsObjectAside {
  std::string connector, object, reason;
  std::int64_t records = 0, at_ticks = 0;
};

class AwsConnectors {
 public:
  using Clock = std::function<std::int64_t()>;
  AwsConnectors(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

  // `read_from`: the journal's position now; what lies before is of no object of this connector.
  Result<AwsConnector> add(std::string_view name, std::string_view settings, std::int64_t read_from, const Actor& actor);
  Result<> remove(std::int64_t id, const Actor& actor);
  Result<AwsConnector> set_enabled(std::int64_t id, bool enabled, const Actor& actor);
  Result<std::vector<AwsConnector>> list();
  Result<AwsConnector> find(std::string_view word);  // by name or number

  Result<bool> is_done(std::string_view connector, std::string_view object);
  // One transaction; forgets, now and then, what was done more than 30 days ago.
  Result<> mark_done(std::string_view connector, std::string_view object, std::int64_t records, std::int64_t read_from);
  Result<std::int64_t> read_from(std::string_view connector);
  Result<> set_aside(std::string_view connector, std::string_view object, std::string_view reason, std::int64_t records);
  Result<std::int64_t> records_set_aside(std::string_view connector, std::string_view object);
  // The newest first, at most 1,000.
  Result<std::vector<AwsObjectAside>> aside();

 private:
  Database& database_;
  Clock clock_;
};

}  // namespace yagura::control
