// Saved queries: one's own, and those that others share.
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr std::string_view kSavedQuerySchema =
    R"({"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"},"text":{"type":"string"},)"
    R"("shared":{"type":"boolean"},"user":{"type":"string"},"mine":{"type":"boolean"},"changed":{"type":"string"}}})";

void write_query(JsonWriter& json, const control::SavedQuery& query, std::int64_t me) {
  json.begin_object();
  json.key("id").number(query.id);
  json.key("name").text(query.name);
  json.key("text").text(query.text);
  json.key("shared").boolean(query.shared);
  json.key("user").text(query.user_name);
  json.key("mine").boolean(query.user_id == me);
  json.key("changed").text(format_datetime(query.changed_ticks));
  json.end_object();
}

Answer list_queries(Context& context, Exchange& exchange) {
  const auto queries = TRY(context.control().saved_queries().list(exchange.caller.user.id));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("queries").begin_array();
  for (const auto& query : queries) write_query(json, query, exchange.caller.user.id);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer put_query(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "text", "shared"}));
  const bool shared = TRY(optional_boolean(body, "shared")).value_or(false);
  if (shared && !exchange.caller.may(control::Permission::share_queries))
    return fail(ErrorKind::permission_denied, "sharing a query needs the permission 'share_queries'");
  const auto query =
      TRY(context.control().saved_queries().put(exchange.caller.user.id, TRY(required_text(body, "name")),
                                                TRY(required_text(body, "text")), shared, exchange.caller.actor));
  std::string out;
  JsonWriter json(out);
  write_query(json, query, exchange.caller.user.id);
  return net::json_response(201, std::move(out));
}

Answer delete_query(Context& context, Exchange& exchange) {
  TRY(context.control().saved_queries().remove(exchange.caller.user.id, TRY(id_parameter(exchange, "id")),
                                               exchange.caller.actor));
  return no_content();
}

}  // namespace

void add_saved_query_routes(Router& router, Context& context) {
  const Access access = Access::with(control::Permission::query);
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/saved-queries",
       .access = access,
       .summary = "My saved queries and those shared with all",
       .tag = "saved queries",
       .answer_schema = R"({"type":"object","properties":{"queries":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list_queries(context, exchange); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/saved-queries",
       .access = access,
       .summary = "Save a query under a name; replaces mine of that name",
       .tag = "saved queries",
       .body_schema =
           R"({"type":"object","required":["name","text"],"properties":{"name":{"type":"string"},"text":{"type":"string"},"shared":{"type":"boolean"}}})",
       .answer_schema = kSavedQuerySchema,
       .handler = answering([&context](Exchange& exchange) { return put_query(context, exchange); }),
       .made = "201"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/saved-queries/{id}",
              .access = access,
              .summary = "Delete a saved query of mine",
              .tag = "saved queries",
              .handler = answering([&context](Exchange& exchange) { return delete_query(context, exchange); })});
}

}  // namespace yagura::serve
