// The table of what the API answers: method, path, who may, handler, and a line for the OpenAPI document.
//
// Built once at start, then read by any thread. Handlers run on the HTTP server's pool and may block.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/role.hpp"
#include "net/http.hpp"
#include "net/http_server.hpp"
#include "serve/caller.hpp"

namespace yagura::serve {

// One request on its way through a handler.
struct Exchange {
  const net::HttpRequest& request;
  net::HttpStream& stream;  // for handlers that answer piece by piece, then return nullopt
  Caller caller;
  bool secure_cookies = false;  // how this request's session cookie is named and sent
  std::vector<std::pair<std::string_view, std::string>> parameters;  // of the path pattern, decoded

  // "" when the pattern has none of that name.
  std::string_view parameter(std::string_view name) const;
};

using RouteHandler = std::function<std::optional<net::HttpResponse>(Exchange&)>;

// Who may call a route.
struct Access {
  enum class Kind { anyone, signed_in, permission } kind = Kind::permission;
  control::Permission permission = control::Permission::query;

  static Access anyone() { return {Kind::anyone, {}}; }
  static Access signed_in() { return {Kind::signed_in, {}}; }
  static Access with(control::Permission permission) { return {Kind::permission, permission}; }
};

// How errors look: our own JSON, or that of the Log Analytics or Kusto API.
enum class Dialect { yagura, log_analytics, kusto };

struct Route {
  std::string_view method;   // "GET" serves HEAD as well
  std::string_view pattern;  // "/api/v1/users/{id}"
  Access access;
  Dialect dialect = Dialect::yagura;
  std::string_view summary;  // for the OpenAPI document
  std::string_view tag;
  std::string_view body_schema;    // JSON Schema of the request's body, "" when it has none
  std::string_view answer_schema;  // of the 200 (or 201) answer; "" when it is not JSON
  RouteHandler handler;
  std::string_view made = {};  // "201" when it makes something
};

class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route = nullptr;  // null: none for this method
    std::vector<std::pair<std::string_view, std::string>> parameters;
    std::string allowed;  // methods of the path, for 405; "" when the path is unknown
  };
  // `raw_path` is still percent-encoded: an encoded slash stays inside its segment.
  Match find(std::string_view method, std::string_view raw_path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace yagura::serve
