// `yagura serve`: wires the rooms into one running server. No logic of its own.
//
// start() brings the parts up in the order in which they need one another: control database, journal, engine and store, pipeline,
// sources, query and API last; what cannot start is an Error that says which part and why. stop() goes the other way round:
// sources first, so that what was accepted is journaled; then the pipeline stores what it can. One thread calls them.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "base/time.hpp"
#include "roles/server_settings.hpp"

namespace yagura::roles {

struct Configuration;

// What to tell the person who started it.
struct ServerGreeting {
  std::vector<std::string> console_addresses;    // URLs
  std::string first_password;                    // of the user admin, on the first start only
  std::vector<std::string> sources;              // "syslog UDP 0.0.0.0:5514"
  std::string hec_token;                         // generated at the first start, when a source has none
};

class ServerRole {
 public:
  // `file` is the configuration's root node (its `sources` are read here); it is not kept.
  static Result<std::unique_ptr<ServerRole>> start(const ServerSettings& settings, const SettingsNode& file);
  // Everything that can be checked without starting: rules, schemas, certificates, folders. Mistakes go to the node's errors.
  static void check(const ServerSettings& settings, const SettingsNode& file);
  ~ServerRole();
  ServerRole(const ServerRole&) = delete;
  ServerRole& operator=(const ServerRole&) = delete;

  const ServerGreeting& greeting() const;
  // Takes up `next`: Sigma rules, table schemas, device packs, routes, certificates and the settings that a running server
  // can change; gives one sentence for each thing done and for each that waits for a restart. On an Error nothing was
  // changed but what is read file by file (certificates keep what they have, one by one).
  Result<std::vector<std::string>> reload(const Configuration& next);
  // What an API call is to do, on its thread. `values` is the configuration in force, to tell what has changed.
  void on_reload_wanted(std::map<std::string, std::string> values, std::function<Result<std::vector<std::string>>()> reload);
  void stop(Deadline deadline);

 private:
  struct Impl;
  explicit ServerRole(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Folder of content (tables, rules, packs): the setting, or ../share/yagura/content beside the program, or content/ of the checkout.
Result<std::filesystem::path> find_content(const std::filesystem::path& setting);

}  // namespace yagura::roles
