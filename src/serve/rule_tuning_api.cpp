// Suppressions of alerts, packs of rules, what could not be loaded.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;

void write_suppression(JsonWriter& writer, const control::RuleSuppression& one, std::int64_t now) {
  writer.begin_object();
  writer.key("id").number(one.id).key("rule_id").text(one.rule_id).key("conditions").raw(one.conditions);
  writer.key("reason").text(one.reason).key("created").text(format_datetime(one.created_ticks)).key("created_by").text(one.created_by);
  writer.key("expires").text(format_datetime(one.expires_ticks));
  writer.key("active").boolean(!one.ended_ticks && one.expires_ticks > now);
  if (one.ended_ticks) writer.key("ended").text(format_datetime(*one.ended_ticks)).key("ended_by").text(one.ended_by);
  writer.end_object();
}

Answer list_suppressions(Context& context, Exchange& exchange) {
  const bool all = exchange.request.query_parameter("all") == "true";
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("suppressions").begin_array();
  for (const auto& one : TRY(context.control().rule_suppressions().list(all))) write_suppression(writer, one, context.control().now());
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer add_suppression(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"rule_id", "conditions", "reason", "duration", "expires"}));
  control::RuleSuppression one;
  one.rule_id = TRY(required_text(body, "rule_id"));
  one.reason = TRY(required_text(body, "reason"));
  if (one.rule_id != "*") {
    std::vector<std::string_view> known;
    const auto rules = context.services.rules ? context.services.rules() : std::vector<RuleReport>();
    for (const auto& rule : rules) known.push_back(rule.id);
    if (std::ranges::find(known, one.rule_id) == known.end())
      return fail(ErrorKind::not_found, "there is no rule '{}'; '*' is every rule", one.rule_id.substr(0, 100));
  }
  if (const auto* conditions = body.if_contains("conditions")) one.conditions = json::serialize(*conditions);
  if (one.conditions.empty()) one.conditions = "{}";
  if (one.rule_id == "*" && one.conditions == "{}") return fail(ErrorKind::invalid_input, "this would suppress every alert of every rule: give conditions, or a rule");
  if (context.services.rule_desk.check_suppression) TRY(context.services.rule_desk.check_suppression(one.conditions));
  const auto duration = TRY(optional_text(body, "duration")), expires = TRY(optional_text(body, "expires"));
  if (duration.has_value() == expires.has_value()) return fail(ErrorKind::invalid_input, "say until when: either 'duration' such as 8h or 30d, or 'expires', a date-time");
  if (duration) {
    one.expires_ticks = context.control().now() + std::chrono::duration_cast<Ticks>(TRY(parse_duration(*duration), "'duration'")).count();
  } else {
    const auto ticks = parse_iso8601(*expires);
    if (!ticks) return fail(ErrorKind::invalid_input, "'expires' must be a date-time such as 2026-12-31T18:00:00Z");
    one.expires_ticks = *ticks;
  }
  const std::string id = one.rule_id;
  one = TRY(context.control().rule_suppressions().add(std::move(one), exchange.caller.actor));
  if (context.services.rule_changed) TRY(context.services.rule_changed(id));
  std::string out;
  JsonWriter writer(out);
  write_suppression(writer, one, context.control().now());
  return net::json_response(201, std::move(out));
}

Answer end_suppression(Context& context, Exchange& exchange) {
  const auto id = parse_int64(exchange.parameter("id"));
  if (!id) return fail(ErrorKind::invalid_input, "a suppression has a number");
  TRY(context.control().rule_suppressions().end(*id, exchange.caller.actor));
  if (context.services.rule_changed) TRY(context.services.rule_changed(""));
  return no_content();
}

Answer list_problems(Context& context, Exchange&) {
  if (!context.services.rule_desk.problems) return fail(ErrorKind::not_found, "no rules are loaded here");
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("problems").begin_array();
  for (const auto& one : context.services.rule_desk.problems())
    writer.begin_object().key("severity").text(one.is_error ? "error" : "warning").key("place").text(one.place).key("rule").text(one.rule).key("message").text(one.message).end_object();
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

void write_pack(JsonWriter& writer, const RulePackReport& pack) {
  writer.begin_object().key("name").text(pack.name).key("path").text(pack.path).key("rules").number(pack.rules).key("problems").number(pack.problems).end_object();
}

Answer list_packs(Context& context, Exchange&) {
  if (!context.services.rule_desk.packs) return fail(ErrorKind::not_found, "no rules are loaded here");
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("packs").begin_array();
  for (const auto& pack : context.services.rule_desk.packs()) write_pack(writer, pack);
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer put_pack(Context& context, Exchange& exchange) {
  if (!context.services.rule_desk.put_pack) return fail(ErrorKind::not_found, "no rules are loaded here");
  const std::string name(exchange.parameter("name"));
  const auto pack = TRY(context.services.rule_desk.put_pack(name, exchange.request.body), "loading the pack");
  context.control().audit().record({.at_ticks = context.control().now(), .actor = exchange.caller.actor, .action = "rule.pack.put", .target = name,
                                    .detail = fmt::format("{} rules, {} problems", pack.rules, pack.problems)});
  std::string out;
  JsonWriter writer(out);
  write_pack(writer, pack);
  return net::json_response(200, std::move(out));
}

Answer remove_pack(Context& context, Exchange& exchange) {
  if (!context.services.rule_desk.remove_pack) return fail(ErrorKind::not_found, "no rules are loaded here");
  const std::string name(exchange.parameter("name"));
  TRY(context.services.rule_desk.remove_pack(name));
  context.control().audit().record({.at_ticks = context.control().now(), .actor = exchange.caller.actor, .action = "rule.pack.remove", .target = name});
  return no_content();
}

Answer reload(Context& context, Exchange& exchange) {
  if (!context.services.rule_desk.reload) return fail(ErrorKind::not_found, "no rules are loaded here");
  TRY(context.services.rule_desk.reload());
  context.control().audit().record({.at_ticks = context.control().now(), .actor = exchange.caller.actor, .action = "rule.reload", .target = "rules"});
  return no_content();
}

constexpr std::string_view kObject = R"({"type":"object"})";

}  // namespace

void add_rule_tuning_routes(Router& router, Context& context) {
  const Access read = Access::with(control::Permission::query), write = Access::with(control::Permission::edit_rules);
  const auto handle = [&context](auto function) { return answering([&context, function](Exchange& exchange) { return function(context, exchange); }); };
  router.add({.method = "GET", .pattern = "/api/v1/rule-suppressions", .access = read, .summary = "Alerts that are not wanted for a while; all=true also those that have ended", .tag = "detection", .answer_schema = kObject, .handler = handle(list_suppressions)});
  router.add({.method = "POST",
              .pattern = "/api/v1/rule-suppressions",
              .access = write,
              .summary = "Suppress alerts of a rule, under conditions, with a reason and an end",
              .tag = "detection",
              .body_schema =
                  R"({"type":"object","required":["rule_id","reason"],"properties":{"rule_id":{"type":"string"},"conditions":{"type":"object"},"reason":{"type":"string"},"duration":{"type":"string"},"expires":{"type":"string"}}})",
              .answer_schema = kObject,
              .handler = handle(add_suppression),
              .made = "201"});
  router.add({.method = "DELETE", .pattern = "/api/v1/rule-suppressions/{id}", .access = write, .summary = "End a suppression before its time", .tag = "detection", .handler = handle(end_suppression)});
  router.add({.method = "GET", .pattern = "/api/v1/rule-problems", .access = read, .summary = "What could not be loaded, and rules that can never match, with the reason", .tag = "detection", .answer_schema = kObject, .handler = handle(list_problems)});
  router.add({.method = "GET", .pattern = "/api/v1/rule-packs", .access = read, .summary = "Packs of rules", .tag = "detection", .answer_schema = kObject, .handler = handle(list_packs)});
  router.add({.method = "PUT", .pattern = "/api/v1/rule-packs/{name}", .access = write, .summary = "Upload a pack: a zip, tar or tar.gz of Sigma rules", .tag = "detection", .answer_schema = kObject, .handler = handle(put_pack)});
  router.add({.method = "DELETE", .pattern = "/api/v1/rule-packs/{name}", .access = write, .summary = "Remove a pack", .tag = "detection", .handler = handle(remove_pack)});
  router.add({.method = "POST", .pattern = "/api/v1/rules-reload", .access = write, .summary = "Read all rules again", .tag = "detection", .handler = handle(reload)});
}

}  // namespace yagura::serve
