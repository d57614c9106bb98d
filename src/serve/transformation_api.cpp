// Ingest-time transformations: what is made of a table's rows before they are stored. What they are is the desk's to know.
#include "base/time.hpp"
#include "serve/context.hpp"
#include "serve/timespan.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;
using control::Permission;

constexpr std::string_view kAnswer =
    R"({"type":"object","properties":{"table":{"type":"string"},"query":{"type":"string"},"enabled":{"type":"boolean"},"rows_in":{"type":"integer"},"dropped":{"type":"object"}}})";

Result<TransformationDesk*> desk_of(Context& context) {
  if (context.services.transformations == nullptr) return fail(ErrorKind::not_found, "this server has no transformations");
  return context.services.transformations;
}

Result<TransformationDesk::Wanted> wanted_of(const json::object& body) {
  TransformationDesk::Wanted wanted;
  wanted.query = TRY(optional_text(body, "query")).value_or("");
  const auto* columns = body.if_contains("count_by");
  if (columns == nullptr || columns->is_null()) return wanted;
  if (!columns->is_array()) return fail(ErrorKind::invalid_input, "'count_by' must be a list of columns");
  auto& names = wanted.count_by.emplace();
  for (const auto& one : columns->get_array()) {
    if (!one.is_string()) return fail(ErrorKind::invalid_input, "'count_by' must be a list of columns");
    names.emplace_back(one.get_string());
  }
  return wanted;
}

Answer put(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"query", "count_by", "enabled"}));
  TRY(required_text(body, "query"));
  auto wanted = TRY(wanted_of(body));
  wanted.enabled = TRY(optional_boolean(body, "enabled")).value_or(true);
  return net::json_response(200, TRY(TRY(desk_of(context))->put(exchange.parameter("table"), wanted, exchange.caller.actor)));
}

Answer preview(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"query", "count_by", "timespan"}));
  const auto wanted = TRY(wanted_of(body));
  const auto now = context.control().now();
  const auto range = TRY(parse_timespan(TRY(optional_text(body, "timespan")).value_or("P1D"), now), "'timespan'");
  const auto slot = TRY(QuerySlot::take(context));
  context.control().audit().record({.at_ticks = now,
                                    .actor = exchange.caller.actor,
                                    .action = "transformation.preview",
                                    .target = std::string(exchange.parameter("table")),
                                    .detail = wanted.query});
  return net::json_response(200, TRY(TRY(desk_of(context))->preview(exchange.parameter("table"), wanted, range.from_ticks.value_or(0), range.to_ticks.value_or(now), &context.stopping)));
}

}  // namespace

void add_transformation_routes(Router& router, Context& context) {
  const auto read = Access::with(Permission::query), write = Access::with(Permission::edit_tables);
  router.add({.method = "GET",
              .pattern = "/api/v1/transformations",
              .access = read,
              .summary = "Ingest-time transformations of all tables, with what they have dropped",
              .tag = "transformations",
              .answer_schema = R"({"type":"object","properties":{"transformations":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange&) -> Answer { return net::json_response(200, TRY(TRY(desk_of(context))->list())); })});
  router.add({.method = "GET",
              .pattern = "/api/v1/transformations/{table}",
              .access = read,
              .summary = "A table's transformation: query, counters, and by which values rows were dropped",
              .tag = "transformations",
              .answer_schema = kAnswer,
              .handler = answering([&context](Exchange& exchange) -> Answer { return net::json_response(200, TRY(TRY(desk_of(context))->show(exchange.parameter("table")))); })});
  router.add({.method = "PUT",
              .pattern = "/api/v1/transformations/{table}",
              .access = write,
              .summary = "Set a table's transformation: KQL over `source`; refused with places when it does not fit the table",
              .tag = "transformations",
              .body_schema = R"({"type":"object","required":["query"],"properties":{"query":{"type":"string"},"count_by":{"type":"array","items":{"type":"string"}},"enabled":{"type":"boolean"}}})",
              .answer_schema = kAnswer,
              .handler = answering([&context](Exchange& exchange) { return put(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/transformations/{table}",
              .access = write,
              .summary = "Remove a table's transformation",
              .tag = "transformations",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                TRY(TRY(desk_of(context))->remove(exchange.parameter("table"), exchange.caller.actor));
                return no_content();
              })});
  router.add({.method = "POST",
              .pattern = "/api/v1/transformations/{table}/preview",
              .access = read,
              .summary = "What a transformation would drop of what is stored: rows, bytes, values, and alerts on such rows",
              .tag = "transformations",
              .body_schema = R"({"type":"object","properties":{"query":{"type":"string"},"count_by":{"type":"array","items":{"type":"string"}},"timespan":{"type":"string"}}})",
              .answer_schema = R"({"type":"object","properties":{"rows":{"type":"integer"},"bytes":{"type":"integer"},"dropped":{"type":"object"},"alerts":{"type":"object"},"rules":{"type":"object"}}})",
              .handler = answering([&context](Exchange& exchange) { return preview(context, exchange); })});
}

}  // namespace yagura::serve
