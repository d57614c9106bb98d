// Calls of a running server's JSON API. Blocking; no state.
#pragma once
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <string>
#include <string_view>

#include "cli/remote_query.hpp"

namespace yagura::cli {

// Which server to ask, as options say it; with neither, the one that runs on the data folder.
struct ServerChoice {
  std::string server, token_file, ca;
  bool insecure = false;
  std::string data = "data";
};
void add_server_options(CLI::App& command, ServerChoice& choice);
Result<RemoteServer> chosen_server(const ServerChoice& choice);

// The answer's object; a status of 400 and above is an Error with the server's own words. `body` may be null for none.
Result<boost::json::object> call_api(const RemoteServer& server, std::string_view method, std::string_view target, const boost::json::value& body = nullptr);
// For names in paths.
std::string path_segment(std::string_view text);

}  // namespace yagura::cli
