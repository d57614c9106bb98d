// Detection rules (what runs, and the operator's word about it) and the alerts they raised.
#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/context.hpp"
#include "serve/result_writer.hpp"
#include "serve/timespan.hpp"

namespace yagura::serve {

namespace {

void write_rule(JsonWriter& json, const RuleReport& rule) {
  json.begin_object();
  json.key("id").text(rule.id);
  json.key("title").text(rule.title);
  json.key("kind").text(rule.kind);
  json.key("severity").text(rule.severity);
  json.key("enabled").boolean(rule.enabled);
  json.key("file").text(rule.file);
  json.key("tags").begin_array();
  for (const auto& tag : rule.tags) json.text(tag);
  json.end_array();
  json.key("matches").number(rule.matches);
  json.key("error").text(rule.error);
  json.end_object();
}

std::vector<RuleReport> rules_of(Context& context) {
  return context.services.rules ? context.services.rules() : std::vector<RuleReport>();
}

Answer list_rules(Context& context) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("rules").begin_array();
  for (const auto& rule : rules_of(context)) write_rule(json, rule);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer change_rule(Context& context, Exchange& exchange) {
  const std::string id(exchange.parameter("id"));
  const auto rules = rules_of(context);
  const auto rule = std::ranges::find(rules, id, &RuleReport::id);
  if (rule == rules.end()) return fail(ErrorKind::not_found, "there is no rule '{}'", id.substr(0, 100));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"enabled", "severity", "note"}));
  const auto before = TRY(context.control().rule_states().get(id));
  control::RuleState state = before.value_or(control::RuleState{.rule_id = id, .enabled = rule->enabled});
  if (const auto enabled = TRY(optional_boolean(body, "enabled"))) state.enabled = *enabled;
  if (const auto severity = TRY(optional_text(body, "severity"))) {
    static constexpr std::string_view kSeverities[] = {"Informational", "Low", "Medium", "High", "Critical"};
    const auto known = std::ranges::find_if(
        kSeverities, [&](std::string_view name) { return equal_ignoring_ascii_case(name, *severity); });
    if (known == std::end(kSeverities))
      return fail(ErrorKind::invalid_input, "'severity' must be Informational, Low, Medium, High or Critical");
    state.severity = std::string(*known);
  }
  if (const auto note = TRY(optional_text(body, "note"))) state.note = note->substr(0, 4096);
  TRY(context.control().rule_states().set(state, exchange.caller.actor));
  if (context.services.rule_changed) TRY(context.services.rule_changed(id));
  for (const auto& now : rules_of(context)) {
    if (now.id != id) continue;
    std::string out;
    JsonWriter json(out);
    write_rule(json, now);
    return net::json_response(200, std::move(out));
  }
  return no_content();
}

// The newest alerts, by way of KQL like everything that reads.
Answer list_alerts(Context& context, Exchange& exchange) {
  if (context.services.schemas()->find("SecurityAlert") == nullptr)
    return net::json_response(200, R"({"alerts":[],"truncated":false})");
  std::int64_t limit = 100;
  if (const std::string text = exchange.request.query_parameter("limit"); !text.empty()) {
    const auto value = parse_int64(text);
    if (!value || *value < 1 || *value > 1000) return fail(ErrorKind::invalid_input, "'limit' must be 1 to 1000");
    limit = *value;
  }
  query::QueryRequest request{.text = fmt::format("SecurityAlert | sort by TimeGenerated desc | take {}", limit),
                              .limits = context.options.limits};
  request.now_ticks = context.control().now();
  const auto range = TRY(parse_timespan(exchange.request.query_parameter("timespan"), request.now_ticks));
  request.from_ticks = range.from_ticks;
  request.to_ticks = range.to_ticks;
  ObjectRows rows;
  const auto outcome = run_query(context, exchange, std::move(request), rows, "alerts");
  if (outcome.failure) return failure_response(*outcome.failure);
  return net::json_response(
      200, fmt::format(R"({{"alerts":{},"truncated":{}}})", rows.finish(), outcome.truncated ? "true" : "false"));
}

}  // namespace

void add_rule_routes(Router& router, Context& context) {
  router.add({.method = "GET",
              .pattern = "/api/v1/rules",
              .access = Access::with(control::Permission::query),
              .summary = "Detection rules",
              .tag = "detection",
              .answer_schema = R"({"type":"object","properties":{"rules":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange&) { return list_rules(context); })});
  router.add(
      {.method = "PATCH",
       .pattern = "/api/v1/rules/{id}",
       .access = Access::with(control::Permission::edit_rules),
       .summary = "Switch a rule on or off, or give it another severity",
       .tag = "detection",
       .body_schema =
           R"({"type":"object","properties":{"enabled":{"type":"boolean"},"severity":{"enum":["Informational","Low","Medium","High","Critical"]},"note":{"type":"string"}}})",
       .answer_schema = R"({"type":"object"})",
       .handler = answering([&context](Exchange& exchange) { return change_rule(context, exchange); })});
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/alerts",
       .access = Access::with(control::Permission::query),
       .summary = "The newest alerts; query parameters limit and timespan",
       .tag = "detection",
       .answer_schema =
           R"({"type":"object","properties":{"alerts":{"type":"array","items":{"type":"object"}},"truncated":{"type":"boolean"}}})",
       .handler = answering([&context](Exchange& exchange) { return list_alerts(context, exchange); })});
}

}  // namespace yagura::serve
