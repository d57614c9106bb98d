// How the program is: for people (sources, health), for Prometheus, for supervisors (/health, /ready).
#include <algorithm>

#include "base/json_writer.hpp"
#include "base/metrics.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

std::vector<HealthReport> health_of(Context& context) {
  return context.services.health ? context.services.health() : std::vector<HealthReport>();
}

net::HttpResponse health_response(Context& context, bool details) {
  const auto parts = health_of(context);
  const bool healthy = std::ranges::all_of(parts, &HealthReport::healthy) && !context.stopping;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("status").text(healthy ? "ok" : "degraded");
  json.key("version").text(context.options.version);
  if (details) {
    json.key("now").text(format_datetime(context.control().now()));
    json.key("parts").begin_array();
    for (const auto& part : parts) {
      json.begin_object();
      json.key("name").text(part.name);
      json.key("healthy").boolean(part.healthy);
      json.key("detail").text(part.detail);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return net::json_response(200, std::move(out));
}

Answer list_sources(Context& context) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("sources").begin_array();
  if (context.services.sources) {
    for (const auto& source : context.services.sources()) {
      json.begin_object();
      json.key("name").text(source.name);
      json.key("kind").text(source.kind);
      json.key("address").text(source.address);
      json.key("state").text(source.state);
      json.key("detail").text(source.detail);
      json.key("received").number(source.received);
      json.key("received_bytes").number(source.received_bytes);
      json.key("dropped").number(source.dropped);
      json.key("last");
      if (source.last_ticks)
        json.text(format_datetime(*source.last_ticks));
      else
        json.null();
      json.end_object();
    }
  }
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

bool is_loopback(std::string_view address) {
  return address == "::1" || address == "unix" || address.starts_with("127.") || address.starts_with("::ffff:127.");
}

Answer prometheus(Context& context, Exchange& exchange) {
  const Caller& caller = exchange.caller;
  if (!context.options.open_metrics && !is_loopback(caller.actor.peer) && !caller.may(control::Permission::status))
    return fail(ErrorKind::unauthenticated, "metrics need a token with the permission 'status' from here");
  return net::text_response(200, metrics().prometheus_text(), "text/plain; version=0.0.4; charset=utf-8");
}

Answer reload(Context& context, Exchange& exchange) {
  if (!context.services.reload) return fail(ErrorKind::not_supported, "this server cannot reload");
  auto done = context.services.reload();
  context.control().audit().record({.actor = exchange.caller.actor,
                                    .action = "server.reload",
                                    .outcome = done ? "ok" : done.error().message()});
  if (!done) return std::unexpected(std::move(done.error()));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("done").begin_array();
  for (const auto& sentence : *done) json.text(sentence);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

}  // namespace

void add_status_routes(Router& router, Context& context) {
  router.add({.method = "GET",
              .pattern = "/health",
              .access = Access::anyone(),
              .summary = "200 as long as the program answers",
              .tag = "status",
              .answer_schema =
                  R"({"type":"object","properties":{"status":{"enum":["ok","degraded"]},"version":{"type":"string"}}})",
              .handler = answering([&context](Exchange&) -> Answer { return health_response(context, false); })});
  router.add({.method = "GET",
              .pattern = "/ready",
              .access = Access::anyone(),
              .summary = "200 when every part is healthy, 503 otherwise",
              .tag = "status",
              .answer_schema = R"({"type":"object","properties":{"status":{"enum":["ok","degraded"]}}})",
              .handler = answering([&context](Exchange&) -> Answer {
                auto response = health_response(context, false);
                const auto parts = health_of(context);
                if (context.stopping || !std::ranges::all_of(parts, &HealthReport::healthy)) response.status = 503;
                return response;
              })});
  router.add({.method = "GET",
              .pattern = "/metrics",
              .access = Access::anyone(),
              .summary = "Counters in Prometheus' text format; from loopback, or with a token that may 'status'",
              .tag = "status",
              .handler = answering([&context](Exchange& exchange) { return prometheus(context, exchange); })});
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/health",
       .access = Access::with(control::Permission::status),
       .summary = "Health of each part of the program",
       .tag = "status",
       .answer_schema =
           R"({"type":"object","properties":{"status":{"type":"string"},"parts":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange&) -> Answer { return health_response(context, true); })});
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/sources",
       .access = Access::with(control::Permission::status),
       .summary = "Every way in: state, counts, last event",
       .tag = "status",
       .answer_schema = R"({"type":"object","properties":{"sources":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange&) { return list_sources(context); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/reload",
       .access = Access::with(control::Permission::manage_users),
       .summary = "Read configuration, tables, packs, routes, rules and certificates again; on a mistake everything stays as it is",
       .tag = "status",
       .answer_schema = R"({"type":"object","properties":{"done":{"type":"array","items":{"type":"string"}}}})",
       .handler = answering([&context](Exchange& exchange) { return reload(context, exchange); })});
}

}  // namespace yagura::serve
