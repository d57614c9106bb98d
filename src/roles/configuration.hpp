// The configuration as a whole: read with every mistake listed, and compared with the one in force, so that a reload
// can say what it takes up and what waits for a restart.
//
// A value; one thread at a time. No secret leaves it: differences are names of settings, never what they hold.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/settings.hpp"
#include "event/table_schema.hpp"
#include "roles/server_settings.hpp"

namespace yagura::roles {

// Where it comes from: the file and the command line, which goes before it.
struct ConfigurationSource {
  std::filesystem::path file;  // empty: the defaults
  std::string data;            // --data
  bool follow_local_logs = false;
};

struct Configuration {
  std::shared_ptr<SettingsErrors> errors;  // the node writes into it
  SettingsNode file;
  ServerSettings settings;
  std::map<std::string, std::string> values;  // "api.https" -> "0.0.0.0:8443", every leaf of the file

  bool good() const { return errors->empty(); }
};

// Reads and checks all of it, rules, schemas, certificates and folders too. Mistakes are in errors, all at once.
Configuration read_configuration(const ConfigurationSource& source);

// What is different, by name ("journal.max_age"); a list counts as one setting.
struct ConfigurationChange {
  std::vector<std::string> taken;    // takes effect at a reload
  std::vector<std::string> waiting;  // needs a restart
};
ConfigurationChange changes(const std::map<std::string, std::string>& now,
                            const std::map<std::string, std::string>& next);
// Makes one setting of `now` what it is in `next`.
void take(std::map<std::string, std::string>& now, const std::map<std::string, std::string>& next,
          std::string_view name);

// A column whose type changes would make every insert fail: the reload is refused, naming all of them.
Result<> check_columns_kept(const event::SchemaSet& now, const event::SchemaSet& next);

}  // namespace yagura::roles
