#include "serve/api.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "serve/console_files.hpp"
#include "serve/context.hpp"
#include "serve/openapi.hpp"

namespace yagura::serve {

struct Api::Inside {
  Context context;
  Router router;
  ConsoleFiles console = ConsoleFiles::embedded();
  std::string openapi;

  std::optional<net::HttpResponse> answer(const net::HttpRequest& request, net::HttpStream& stream, bool secure);
  std::optional<net::HttpResponse> run(const Router::Match& match, const net::HttpRequest& request,
                                       net::HttpStream& stream, bool secure);
};

Api::Api(ApiServices services, ApiOptions options) : inside_(std::make_unique<Inside>()) {
  Context& context = inside_->context;
  context.services = std::move(services);
  context.options = std::move(options);
  Router& router = inside_->router;
  add_log_analytics_routes(router, context);
  add_kusto_routes(router, context);
  add_query_routes(router, context);
  add_tail_routes(router, context);
  add_session_routes(router, context);
  add_user_routes(router, context);
  add_token_routes(router, context);
  add_table_routes(router, context);
  add_function_routes(router, context);
  add_watchlist_routes(router, context);
  add_rule_routes(router, context);
  add_rule_tuning_routes(router, context);
  add_saved_query_routes(router, context);
  add_status_routes(router, context);
  add_audit_routes(router, context);
  add_evidence_routes(router, context);
  add_siem_agent_routes(router, context);
  add_aws_routes(router, context);
  add_transformation_routes(router, context);
  add_agent_routes(router, context);
  router.add({.method = "GET",
              .pattern = "/api/v1/openapi.json",
              .access = Access::anyone(),
              .summary = "This document",
              .tag = "meta",
              .answer_schema = R"({"type":"object"})",
              .handler = [this](Exchange&) { return net::json_response(200, inside_->openapi); }});
  inside_->openapi = openapi_document(router, context.options.version);
}

Api::~Api() { stop(); }

void Api::stop() {
  inside_->context.stopping = true;
  if (inside_->context.services.tail) inside_->context.services.tail->close();
  inside_->context.disconnects.cancel_all();
}

namespace {

// Knows whether the answer has begun: what fails after that cannot become an error answer any more.
class WatchedStream : public net::HttpStream {
 public:
  explicit WatchedStream(net::HttpStream& stream) : stream_(stream) {}
  Result<> start(const net::HttpResponse& head) override {
    started_ = true;
    return stream_.start(head);
  }
  Result<> write(std::string_view piece) override { return stream_.write(piece); }
  bool peer_gone() const override { return stream_.peer_gone(); }
  bool started() const { return started_; }

 private:
  net::HttpStream& stream_;
  bool started_ = false;
};

}  // namespace

std::optional<net::HttpResponse> Api::handle(const net::HttpRequest& request, net::HttpStream& stream,
                                             Transport transport) {
  const bool secure = transport == Transport::encrypted || inside_->context.options.secure_cookies;
  std::optional<net::HttpResponse> response;
  WatchedStream watched(stream);
  try {
    response = inside_->answer(request, watched, secure);
  } catch (const std::exception& problem) {
    // The HTTP server then closes without the last chunk, and the client sees that something is missing.
    if (watched.started()) throw;
    log_error("serve", "{} {}: {}", request.method, request.target.substr(0, request.target.find('?')), problem.what());
    response = error_response(Error(ErrorKind::internal, "something went wrong inside; the server's log says what"));
  }
  if (response) add_security_headers(*response, inside_->context.options);
  return response;
}

std::optional<net::HttpResponse> Api::Inside::answer(const net::HttpRequest& request, net::HttpStream& stream,
                                                     bool secure) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const Router::Match match = router.find(request.method, path);
  if (match.route != nullptr) {
    auto response = run(match, request, stream, secure);
    metrics()
        .counter("yagura_http_requests_total", "Requests to the API",
                 {{"route", std::string(match.route->pattern)},
                  {"method", std::string(match.route->method)},
                  {"status", std::to_string(response ? response->status : 200)}})
        .add();
    return response;
  }
  const bool kusto = path.starts_with("/v1/rest/") || path.starts_with("/v2/rest/");
  const bool log_analytics = path.starts_with("/v1/");
  const Dialect dialect = kusto ? Dialect::kusto : log_analytics ? Dialect::log_analytics : Dialect::yagura;
  if (!match.allowed.empty()) {
    auto response = error_response(
        Error(ErrorKind::invalid_input, fmt::format("{} is not for this path", request.method)), dialect);
    response.status = 405;
    response.set("Allow", match.allowed);
    return response;
  }
  if (kusto || log_analytics || path.starts_with("/api/"))
    return error_response(Error(ErrorKind::not_found, "there is nothing at this path; see /api/v1/openapi.json"),
                          dialect);
  return console.answer(request);
}

std::optional<net::HttpResponse> Api::Inside::run(const Router::Match& match, const net::HttpRequest& request,
                                                  net::HttpStream& stream, bool secure) {
  const Route& route = *match.route;
  const auto refuse = [&](const Error& error) { return error_response(error, route.dialect); };
  Exchange exchange{request, stream, {}, secure, match.parameters};
  auto caller = identify(request, context.control(), secure);
  if (caller)
    exchange.caller = *std::move(caller);
  else
    exchange.caller.actor.peer = address_of_peer(request.peer);
  if (route.access.kind != Access::Kind::anyone) {
    if (!caller) return refuse(caller.error());
    if (!exchange.caller.known())
      return refuse(Error(ErrorKind::unauthenticated, "credentials are missing: sign in, or send an API token"));
    if (auto genuine = check_not_forged(request, exchange.caller); !genuine) return refuse(genuine.error());
  }
  if (route.access.kind == Access::Kind::permission) {
    if (exchange.caller.user.must_change_password)
      return refuse(Error(ErrorKind::permission_denied, "change your password first"));
    if (!exchange.caller.may(route.access.permission))
      return refuse(Error(ErrorKind::permission_denied,
                          fmt::format("this needs the permission '{}', which {} does not have",
                                      to_string(route.access.permission), exchange.caller.actor.name)));
  }
  return route.handler(exchange);
}

}  // namespace yagura::serve
