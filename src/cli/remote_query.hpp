// Queries over the Log Analytics API of a running server. Blocking; no state.
#pragma once
#include <memory>
#include <string>

#include "net/tls.hpp"
#include "query/query_service.hpp"

namespace yagura::cli {

struct RemoteServer {
  std::string host;
  std::uint16_t port = 0;
  std::string token;
  std::shared_ptr<const net::TlsContext> tls;  // null: plain HTTP
};

// `url` is http:// or https://; without a token.
Result<RemoteServer> server_address(const std::string& url, const std::string& ca, bool verify);
// The token comes from the file, or from the environment variable YAGURA_TOKEN.
Result<RemoteServer> remote_server(const std::string& url, const std::string& token_file, const std::string& ca, bool verify);

// Errors of the query itself are in the outcome's failure; an Error is the transport's.
Result<query::QueryOutcome> run_remote(const RemoteServer& server, const std::string& workspace, const query::QueryRequest& request,
                                       query::RowSink& sink);

}  // namespace yagura::cli
