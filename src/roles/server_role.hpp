// `yagura serve`: wires the rooms into one running server. No logic of its own.
//
// start() brings the parts up in the order in which they need one another: control database, journal, engine and store, pipeline,
// sources, query and API last; what cannot start is an Error that says which part and why. stop() goes the other way round:
// sources first, so that what was accepted is journaled; then the pipeline stores what it can. One thread calls them.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "base/time.hpp"
#include "roles/server_settings.hpp"

namespace yagura::roles {

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
  // Reads the Sigma rules again; on an Error the old ones stay. Tables, packs and routes are read at the start only.
  Result<> reload();
  void stop(Deadline deadline);

 private:
  struct Impl;
  explicit ServerRole(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Folder of content (tables, rules, packs): the setting, or ../share/yagura/content beside the program, or content/ of the checkout.
Result<std::filesystem::path> find_content(const std::filesystem::path& setting);

}  // namespace yagura::roles
