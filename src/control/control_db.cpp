#include "control/control_db.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/time.hpp"
#include "control/migration.hpp"

namespace yagura::control {

Result<std::unique_ptr<ControlDb>> ControlDb::open(const std::filesystem::path& path, ControlOptions options) {
  if (!options.clock) options.clock = [] { return ReceiveClock::now().time_since_epoch().count(); };
  // Made here so that it is never readable by others, not even between creation and a chmod.
  TRY(open_file(path, O_RDWR | O_CREAT, 0600));
  auto database = TRY(Database::open(path, Database::Durability::full));
  TRY(migrate(*database), "opening {}", path.string());
  std::unique_ptr<ControlDb> control(new ControlDb(std::move(database), options));
  TRY(control->sessions_.sweep());
  return control;
}

ControlDb::ControlDb(std::unique_ptr<Database> database, const ControlOptions& options)
    : database_(std::move(database)),
      clock_(options.clock),
      users_(*database_, clock_, options.password_cost),
      sessions_(*database_, clock_, options.sessions),
      tokens_(*database_, clock_),
      checkpoints_(*database_, clock_),
      rule_states_(*database_, clock_),
      rule_suppressions_(*database_, clock_),
      saved_queries_(*database_, clock_),
      custom_tables_(*database_, clock_),
      functions_(*database_, clock_),
      watchlists_(*database_, clock_),
      agents_(*database_, clock_),
      siem_agents_(*database_, clock_),
      aws_connectors_(*database_, clock_),
      transformations_(*database_, clock_),
      audit_(*database_, clock_) {}

}  // namespace yagura::control
