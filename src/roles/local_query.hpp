// Queries over a data folder without a server: starts the engine on it for as long as this lives.
//
// conflict when a server is running on the folder: ask that instead (local_server()). One thread opens it; run() as QueryService.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "query/query_service.hpp"
#include "roles/server_settings.hpp"

namespace yagura::roles {

class LocalQuery {
 public:
  static Result<std::unique_ptr<LocalQuery>> open(const ServerSettings& settings);
  ~LocalQuery();
  query::QueryService& service();

 private:
  struct Impl;
  explicit LocalQuery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where the server on this data folder answers, with a token that may query; kept by the server in a file that only its user can read.
struct LocalServer {
  std::string host;
  std::uint16_t port = 0;
  std::string token;
};
// nullopt when no server is running on the folder.
Result<std::optional<LocalServer>> find_local_server(const std::filesystem::path& data);
Result<> write_local_server(const std::filesystem::path& data, const LocalServer& server);

}  // namespace yagura::roles
