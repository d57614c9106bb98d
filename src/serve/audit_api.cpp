// The audit log, for administrators.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

Answer list_audit(Context& context, Exchange& exchange) {
  const net::HttpRequest& request = exchange.request;
  control::AuditFilter filter{.actor = request.query_parameter("actor"), .action = request.query_parameter("action")};
  const auto number = [&](std::string_view name, std::int64_t fallback) -> Result<std::int64_t> {
    const std::string text = request.query_parameter(name);
    if (text.empty()) return fallback;
    const auto value = parse_int64(text);
    if (!value || *value < 0) return fail(ErrorKind::invalid_input, "'{}' must be a whole number", name);
    return *value;
  };
  filter.before_id = TRY(number("before", 0));
  filter.limit = static_cast<std::size_t>(TRY(number("limit", 100)));
  const auto entries = TRY(context.control().audit().list(filter));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("entries").begin_array();
  for (const auto& entry : entries) {
    json.begin_object();
    json.key("id").number(entry.id);
    json.key("at").text(format_datetime(entry.at_ticks));
    json.key("actor").text(entry.actor.name);
    json.key("peer").text(entry.actor.peer);
    json.key("action").text(entry.action);
    json.key("target").text(entry.target);
    json.key("detail").text(entry.detail);
    json.key("outcome").text(entry.outcome);
    json.end_object();
  }
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

}  // namespace

void add_audit_routes(Router& router, Context& context) {
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/audit",
       .access = Access::with(control::Permission::read_audit),
       .summary = "The audit log, newest first; query parameters actor, action, before (an id), limit",
       .tag = "audit",
       .answer_schema = R"({"type":"object","properties":{"entries":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list_audit(context, exchange); })});
}

}  // namespace yagura::serve
