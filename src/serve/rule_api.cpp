// Detection rules (what runs, and the operator's word about it) and the alerts they raised.
#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/context.hpp"
#include "serve/result_writer.hpp"
#include "serve/timespan.hpp"

namespace yagura::serve {

namespace {

void write_rule(JsonWriter& json, const RuleReport& rule, const control::RuleState* state = nullptr) {
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
  json.key("alerts").number(rule.alerts).key("suppressed").number(rule.suppressed).key("throttled").number(rule.throttled);
  json.key("considered").number(rule.considered).key("evaluated").number(rule.evaluated).key("nanoseconds").number(rule.nanoseconds);
  if (rule.last_match_ticks) json.key("last_match").text(format_datetime(*rule.last_match_ticks));
  json.key("error").text(rule.error);
  if (state != nullptr) {
    json.key("tuning").begin_object();
    if (state->severity) json.key("severity").text(*state->severity);
    if (state->title) json.key("title").text(*state->title);
    if (!state->exclude.empty()) json.key("exclude").text(state->exclude);
    if (state->throttle_seconds != 0)
      json.key("throttle").begin_object().key("seconds").number(state->throttle_seconds).key("most").number(state->throttle_most).key("by").text(state->throttle_by).end_object();
    if (!state->note.empty()) json.key("note").text(state->note);
    json.key("changed").text(format_datetime(state->changed_ticks)).key("changed_by").text(state->changed_by).end_object();
  }
  json.end_object();
}

std::vector<RuleReport> rules_of(Context& context) {
  return context.services.rules ? context.services.rules() : std::vector<RuleReport>();
}

Answer list_rules(Context& context) {
  std::string out;
  JsonWriter json(out);
  std::map<std::string, control::RuleState, std::less<>> states;
  for (auto& state : TRY(context.control().rule_states().list())) states.emplace(state.rule_id, state);
  json.begin_object().key("rules").begin_array();
  for (const auto& rule : rules_of(context)) {
    const auto state = states.find(rule.id);
    write_rule(json, rule, state == states.end() ? nullptr : &state->second);
  }
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

// title: a text, "" for the rule's own. exclude: a detection, as an object, a list or a text of YAML. throttle: {"seconds":
// 3600, "most": 1, "by": ["HostName"]}, or null for what all rules have.
Result<> read_tuning(Context& context, const boost::json::object& body, control::RuleState& state) {
  if (const auto title = TRY(optional_text(body, "title"))) {
    if (title->size() > 500) return fail(ErrorKind::invalid_input, "'title' has at most 500 bytes");
    state.title = trim(*title).empty() ? std::nullopt : std::optional(std::string(trim(*title)));
  }
  if (const auto* exclude = body.if_contains("exclude")) {
    state.exclude = exclude->is_null() ? std::string() : exclude->is_string() ? std::string(exclude->get_string()) : boost::json::serialize(*exclude);
    if (state.exclude.size() > 65'536) return fail(ErrorKind::invalid_input, "'exclude' has at most 65536 bytes");
    if (!trim(state.exclude).empty() && context.services.rule_desk.check_exclusion)
      for (const auto& mistake : context.services.rule_desk.check_exclusion(state.exclude)) return fail(ErrorKind::invalid_input, "{}", mistake);
  }
  const auto* throttle = body.if_contains("throttle");
  if (throttle == nullptr) return {};
  state.throttle_seconds = state.throttle_most = 0;
  state.throttle_by.clear();
  if (throttle->is_null()) return {};
  if (!throttle->is_object()) return fail(ErrorKind::invalid_input, R"('throttle' must be an object such as {{"seconds": 3600, "most": 1, "by": ["HostName"]}})");
  const auto& object = throttle->get_object();
  TRY(only_members(object, {"seconds", "most", "by"}));
  const auto number = [&](std::string_view name, std::int64_t most) -> Result<std::int64_t> {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 1 || value->get_int64() > most)
      return fail(ErrorKind::invalid_input, "'throttle.{}' must be a number from 1 to {}", name, most);
    return value->get_int64();
  };
  const auto seconds = TRY(number("seconds", 7 * 86'400));
  state.throttle_most = TRY(number("most", 1'000'000));
  if (const auto* by = object.if_contains("by")) {
    if (!by->is_array() || by->get_array().size() > 8) return fail(ErrorKind::invalid_input, "'throttle.by' must be a list of at most 8 fields");
    for (const auto& field : by->get_array()) {
      if (!field.is_string() || field.get_string().find(',') != boost::json::string::npos) return fail(ErrorKind::invalid_input, "'throttle.by' must be a list of names of fields");
      if (!state.throttle_by.empty()) state.throttle_by += ',';
      state.throttle_by += std::string_view(field.get_string());
    }
  }
  state.throttle_seconds = seconds;
  return {};
}

Answer change_rule(Context& context, Exchange& exchange) {
  const std::string id(exchange.parameter("id"));
  const auto rules = rules_of(context);
  const auto rule = std::ranges::find(rules, id, &RuleReport::id);
  if (rule == rules.end()) return fail(ErrorKind::not_found, "there is no rule '{}'", id.substr(0, 100));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"enabled", "severity", "note", "title", "exclude", "throttle"}));
  const auto before = TRY(context.control().rule_states().get(id));
  control::RuleState state = before.value_or(control::RuleState{.rule_id = id, .enabled = rule->enabled});
  if (const auto enabled = TRY(optional_boolean(body, "enabled"))) state.enabled = *enabled;
  if (const auto severity = TRY(optional_text(body, "severity"))) {
    static constexpr std::string_view kSeverities[] = {"Informational", "Low", "Medium", "High", "Critical"};
    const auto known = std::ranges::find_if(
        kSeverities, [&](std::string_view name) { return equal_ignoring_ascii_case(name, *severity); });
    if (known == std::end(kSeverities) && !severity->empty())
      return fail(ErrorKind::invalid_input, "'severity' must be Informational, Low, Medium, High or Critical, or empty for the rule's own");
    state.severity = severity->empty() ? std::nullopt : std::optional(std::string(*known));
  }
  if (const auto note = TRY(optional_text(body, "note"))) state.note = note->substr(0, 4096);
  TRY(read_tuning(context, body, state));
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
       .summary = "Switch a rule on or off; give it another severity or title, what it leaves alone, how often it may speak",
       .tag = "detection",
       .body_schema =
           R"({"type":"object","properties":{"enabled":{"type":"boolean"},"severity":{"enum":["","Informational","Low","Medium","High","Critical"]},"note":{"type":"string"},"title":{"type":"string"},"exclude":{},"throttle":{"type":"object","properties":{"seconds":{"type":"integer"},"most":{"type":"integer"},"by":{"type":"array","items":{"type":"string"}}}}}})",
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
