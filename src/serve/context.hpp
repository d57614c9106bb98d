// What the files of the API share: one per resource, each adds its routes.
#pragma once
#include <boost/json.hpp>

#include <atomic>
#include <string>

#include "serve/api.hpp"
#include "serve/api_error.hpp"
#include "serve/disconnect_watcher.hpp"
#include "serve/login_limiter.hpp"
#include "serve/route.hpp"

namespace yagura::serve {

struct Context {
  ApiServices services;
  ApiOptions options;
  LoginLimiter logins;
  DisconnectWatcher disconnects;
  std::atomic<std::size_t> running_queries{0};
  std::atomic<bool> stopping{false};

  control::ControlDb& control() { return *services.control; }
};

void add_log_analytics_routes(Router& router, Context& context);
void add_kusto_routes(Router& router, Context& context);
void add_query_routes(Router& router, Context& context);
void add_tail_routes(Router& router, Context& context);
void add_session_routes(Router& router, Context& context);
void add_user_routes(Router& router, Context& context);
void add_token_routes(Router& router, Context& context);
void add_table_routes(Router& router, Context& context);
void add_function_routes(Router& router, Context& context);
void add_watchlist_routes(Router& router, Context& context);
void add_rule_routes(Router& router, Context& context);
void add_rule_tuning_routes(Router& router, Context& context);
void add_saved_query_routes(Router& router, Context& context);
void add_status_routes(Router& router, Context& context);
void add_audit_routes(Router& router, Context& context);
void add_evidence_routes(Router& router, Context& context);
void add_siem_agent_routes(Router& router, Context& context);
void add_aws_routes(Router& router, Context& context);
void add_transformation_routes(Router& router, Context& context);
void add_agent_routes(Router& router, Context& context);

// One of options.max_queries; exhausted when all are taken.
class QuerySlot {
 public:
  static Result<QuerySlot> take(Context& context);
  QuerySlot(QuerySlot&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  QuerySlot& operator=(QuerySlot&&) = delete;
  ~QuerySlot();

 private:
  explicit QuerySlot(Context& context) : context_(&context) {}
  Context* context_;
};

// Runs a query for a caller: slot, cancel when the peer goes, audit, counters. `api` is for the counters.
query::QueryOutcome run_query(Context& context, const Exchange& exchange, query::QueryRequest request,
                              query::RowSink& sink, std::string_view api);

// The body as a JSON object; the error says what is wrong.
Result<boost::json::object> json_body(const net::HttpRequest& request);
// A member of it; the error names it. Absent optional ones are nullopt.
Result<std::string> required_text(const boost::json::object& object, std::string_view name);
Result<std::optional<std::string>> optional_text(const boost::json::object& object, std::string_view name);
Result<std::optional<bool>> optional_boolean(const boost::json::object& object, std::string_view name);
Result<std::optional<std::int64_t>> optional_integer(const boost::json::object& object, std::string_view name);
// Members that nobody knows are mistakes of the caller: named, with the nearest right word.
Result<> only_members(const boost::json::object& object, std::initializer_list<std::string_view> names);
// A path parameter that is a number.
Result<std::int64_t> id_parameter(const Exchange& exchange, std::string_view name);

// Headers that every answer carries.
void add_security_headers(net::HttpResponse& response, const ApiOptions& options);
net::HttpResponse no_content();

// Handlers are written to return Result; this makes a RouteHandler of one.
template <class Function>
RouteHandler answering(Function function, Dialect dialect = Dialect::yagura) {
  return [function = std::move(function), dialect](Exchange& exchange) -> std::optional<net::HttpResponse> {
    Result<std::optional<net::HttpResponse>> answer = function(exchange);
    if (!answer) return error_response(answer.error(), dialect);
    return *std::move(answer);
  };
}
using Answer = Result<std::optional<net::HttpResponse>>;

}  // namespace yagura::serve
