// SIEM agents: made, changed and watched by people; polled by the agents themselves, each with its own token.
#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fleet/siem_agent_settings.hpp"
#include "fleet/siem_agent_status.hpp"
#include "forward/encoder.hpp"
#include "serve/context.hpp"
#include "serve/siem_agent_feed.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;
using control::Permission;
using control::SiemAgent;

constexpr std::string_view kAgentSchema =
    R"({"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"},"status":{"type":"string","enum":["Created","Connected",)"
    R"("Connection error","Disconnected","Disabled","Completed"]},"settings":{"type":"object"},"notifications":{"type":"array","items":{"type":"object"}},)"
    R"("token":{"type":"string","description":"Only in the answer that made it"}}})";
// A process that has not called for so long has gone: another may take its token.
constexpr std::int64_t kInstanceGone = 20 * kTicksPerSecond;

void write_time(JsonWriter& writer, std::string_view name, const std::optional<std::int64_t>& ticks) {
  writer.key(name);
  if (ticks)
    writer.text(format_datetime(*ticks));
  else
    writer.null();
}

void write_text(JsonWriter& writer, std::string_view name, const fleet::BothTongues& text) {
  writer.key(name).text(text.english).key(std::string(name) + "_ja").text(text.japanese);
}

void write_agent(JsonWriter& writer, const SiemAgent& agent, std::int64_t now, std::string_view token = {}) {
  writer.begin_object();
  writer.key("id").number(agent.id).key("name").text(agent.name);
  if (!token.empty()) writer.key("token").text(token);
  writer.key("token_hint").text(agent.token_hint);
  writer.key("status").text(to_string(fleet::status_of(agent, now))).key("enabled").boolean(agent.enabled);
  writer.key("settings").raw(agent.settings).key("settings_version").number(agent.settings_version);
  writer.key("created").text(format_datetime(agent.created_ticks)).key("created_by").text(agent.created_by);
  if (const auto& recovery = agent.recovery) {
    writer.key("recovery").begin_object().key("of");
    if (recovery->of)
      writer.number(*recovery->of);
    else
      writer.null();
    writer.key("id").text(recovery->id).key("from").text(format_datetime(recovery->from_ticks)).key("to").text(format_datetime(recovery->to_ticks));
    writer.key("deduplicate").boolean(recovery->deduplicate).end_object();
  }
  write_time(writer, "first_seen", agent.first_seen_ticks);
  write_time(writer, "last_seen", agent.last_seen_ticks);
  write_time(writer, "last_sent", agent.last_sent_ticks);
  write_time(writer, "completed", agent.completed_ticks);
  writer.key("version").text(agent.version).key("host").text(agent.host).key("position").number(agent.cursor);
  writer.key("activities_sent").number(agent.activities_sent).key("alerts_sent").number(agent.alerts_sent).key("duplicates").number(agent.duplicates);
  writer.key("notifications").begin_array();
  for (const auto& one : fleet::notifications_of(agent, now)) {
    writer.begin_object().key("code").text(one.explanation->code);
    write_text(writer, "title", one.explanation->title);
    write_text(writer, "cause", one.explanation->cause);
    write_text(writer, "resolution", one.explanation->resolution);
    writer.key("detail").text(one.detail).key("since").text(format_datetime(one.since_ticks)).end_object();
  }
  writer.end_array().end_object();
}

net::HttpResponse agent_response(Context& context, int status, const SiemAgent& agent, std::string_view token = {}, const std::vector<std::string>& without = {}) {
  std::string out;
  JsonWriter writer(out);
  write_agent(writer, agent, context.control().now(), token);
  if (!without.empty()) {
    out.pop_back();
    out += ",\"tables_without_filter_columns\":[";
    for (std::size_t i = 0; i < without.size(); ++i) {
      if (i != 0) out += ',';
      append_json_string(out, without[i]);
    }
    out += "]}";
  }
  return net::json_response(status, std::move(out));
}

SiemAgentFeed feed_of(Context& context) {
  return SiemAgentFeed({.query = context.services.query,
                        .tables = [&context] {
                          std::vector<std::string> tables;
                          if (!context.services.table_sizes) return tables;
                          if (auto sizes = context.services.table_sizes())
                            for (const auto& one : *sizes)
                              if (one.rows > 0) tables.push_back(one.table);
                          return tables;
                        },
                        .stored = [&context] { return context.services.stored_position ? context.services.stored_position() : Position(); },
                        .agents = &context.control().siem_agents()});
}

Result<SiemAgent> named(Context& context, const Exchange& exchange) { return context.control().siem_agents().find(exchange.parameter("id")); }

Answer list_agents(Context& context) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("agents").begin_array();
  for (const auto& agent : TRY(context.control().siem_agents().list())) write_agent(writer, agent, context.control().now());
  writer.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Result<fleet::SiemAgentSettings> settings_of(const json::object& body) {
  const auto* settings = body.if_contains("settings");
  if (settings == nullptr || !settings->is_object()) return fail(ErrorKind::invalid_input, "'settings' must be an object: format, protocol, remote_host, remote_port ...");
  return fleet::read_siem_agent_settings(json::serialize(*settings), forward::encoder_kinds());
}

Result<> check_tables(Context& context, const fleet::SiemAgentSettings& settings) {
  const auto schemas = context.services.schemas();
  for (const auto& table : settings.tables) {
    if (schemas->find(table) != nullptr) continue;
    std::vector<std::string_view> names;
    for (const auto* schema : schemas->all()) names.push_back(schema->name);
    const auto near = nearest_word(table, names);
    return fail(ErrorKind::not_found, "there is no table '{}'{}", table.substr(0, 100), near ? fmt::format("; did you mean {}?", *near) : "");
  }
  return {};
}

Answer create_agent(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "settings"}));
  const auto settings = TRY(settings_of(body));
  TRY(check_tables(context, settings));
  const auto without = TRY(feed_of(context).tables_without(settings));
  const auto stored = context.services.stored_position ? context.services.stored_position() : Position();
  const auto created = TRY(context.control().siem_agents().create({.name = TRY(required_text(body, "name")),
                                                                   .settings = to_json(settings),
                                                                   .cursor = static_cast<std::int64_t>(stored.number()),
                                                                   .alert_cursor_ticks = context.control().now(),
                                                                   .recovery = {}},
                                                                  exchange.caller.actor));
  return agent_response(context, 201, created.info, created.token, without);
}

Answer change_agent(Context& context, Exchange& exchange) {
  auto agent = TRY(named(context, exchange));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "settings", "enabled"}));
  std::vector<std::string> without;
  if (body.contains("name") || body.contains("settings")) {
    auto settings = agent.settings;
    if (body.contains("settings")) {
      const auto read = TRY(settings_of(body));
      TRY(check_tables(context, read));
      without = TRY(feed_of(context).tables_without(read));
      settings = to_json(read);
    }
    agent = TRY(context.control().siem_agents().change(agent.id, TRY(optional_text(body, "name")).value_or(agent.name), settings, exchange.caller.actor));
  }
  if (const auto enabled = TRY(optional_boolean(body, "enabled"))) agent = TRY(context.control().siem_agents().set_enabled(agent.id, *enabled, exchange.caller.actor));
  return agent_response(context, 200, agent, {}, without);
}

Answer recover(Context& context, Exchange& exchange) {
  const auto original = TRY(named(context, exchange));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "from", "to", "deduplicate", "settings"}));
  const auto from = parse_iso8601(TRY(required_text(body, "from"))), to = parse_iso8601(TRY(required_text(body, "to")));
  if (!from || !to) return fail(ErrorKind::invalid_input, "'from' and 'to' must be date-times such as 2026-11-22T08:00:00Z");
  if (*from >= *to) return fail(ErrorKind::invalid_input, "'from' must be before 'to'");
  if (original.recovery) return fail(ErrorKind::invalid_input, "'{}' is a recovery agent itself: recover the original", original.name);
  // Activities only, with the original's filter; the network may be another.
  auto settings = body.contains("settings") ? TRY(settings_of(body)) : TRY(fleet::read_siem_agent_settings(original.settings, forward::encoder_kinds()));
  const auto cloned = TRY(fleet::read_siem_agent_settings(original.settings, forward::encoder_kinds()));
  settings.activities = true;
  settings.alerts = false;
  settings.tables = cloned.tables;
  settings.activity_filter = cloned.activity_filter;
  const auto created = TRY(context.control().siem_agents().create(
      {.name = TRY(optional_text(body, "name")).value_or(fmt::format("{} recovery {}", original.name, format_datetime(context.control().now()).substr(0, 19))),
       .settings = to_json(settings),
       .recovery = control::Recovery{original.id, to_string(Guid::random()), *from, *to, TRY(optional_boolean(body, "deduplicate")).value_or(false)}},
      exchange.caller.actor));
  return agent_response(context, 201, created.info, created.token);
}

// ---- what the agents themselves ask

struct PollRequest {
  control::SiemAgentReport report;
  std::int64_t settings_version = 0, want = 0;
  std::optional<std::string> receipt;
};

Result<PollRequest> poll_request(const json::object& body) {
  TRY(only_members(body, {"version", "host", "instance", "settings_version", "want", "receipt", "trouble", "trouble_detail"}));
  PollRequest poll;
  const auto text = [&](std::string_view name, std::string& into) -> Result<> {
    into = TRY(optional_text(body, name)).value_or("").substr(0, 512);
    return {};
  };
  TRY(text("version", poll.report.version));
  TRY(text("host", poll.report.host));
  TRY(text("instance", poll.report.instance));
  TRY(text("trouble", poll.report.trouble));
  TRY(text("trouble_detail", poll.report.trouble_detail));
  poll.settings_version = TRY(optional_integer(body, "settings_version")).value_or(0);
  poll.want = std::clamp<std::int64_t>(TRY(optional_integer(body, "want")).value_or(0), 0, 10'000);
  poll.receipt = TRY(optional_text(body, "receipt"));
  return poll;
}

std::string receipt_of(std::int64_t from, const control::SiemAgentProgress& progress) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("from").number(from).key("cursor").number(progress.cursor).key("alert_cursor").number(progress.alert_cursor_ticks);
  writer.key("recent_alerts").text(progress.recent_alerts).key("activities").number(progress.activities).key("alerts").number(progress.alerts);
  writer.key("duplicates").number(progress.duplicates).end_object();
  return out;
}

Result<SiemAgent> take_receipt(Context& context, const SiemAgent& agent, std::string_view receipt) {
  json::error_code error;
  const json::value parsed = json::parse(receipt, error);
  if (error || !parsed.is_object()) return fail(ErrorKind::invalid_input, "'receipt' is not one of ours");
  const auto& object = parsed.get_object();
  const auto number = [&](std::string_view name) { return optional_integer(object, name).value_or(std::nullopt).value_or(0); };
  control::SiemAgentProgress progress{.cursor = number("cursor"),
                                      .alert_cursor_ticks = number("alert_cursor"),
                                      .recent_alerts = TRY(optional_text(object, "recent_alerts")).value_or("[]"),
                                      .activities = number("activities"),
                                      .alerts = number("alerts"),
                                      .duplicates = number("duplicates")};
  // The answer to the receipt before got lost, and the agent shows it again.
  if (agent.cursor == progress.cursor && agent.alert_cursor_ticks == progress.alert_cursor_ticks && agent.recent_alerts == progress.recent_alerts) return agent;
  return context.control().siem_agents().advance(agent.id, number("from"), progress);
}

Answer poll(Context& context, Exchange& exchange) {
  auto& agents = context.control().siem_agents();
  const std::string_view header = exchange.request.header("Authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (!header.starts_with(kBearer)) return fail(ErrorKind::unauthenticated, "Invalid token");
  auto agent = TRY(agents.check(header.substr(kBearer.size())));
  const auto request = TRY(poll_request(TRY(json_body(exchange.request))));
  const std::int64_t now = context.control().now();
  if (!agent.instance.empty() && agent.instance != request.report.instance && agent.last_seen_ticks && now - *agent.last_seen_ticks < kInstanceGone)
    return fail(ErrorKind::conflict, "another process on {} runs with this token; it must be gone for 20 seconds before this one may go on", agent.host);
  agent = TRY(agents.report(agent.id, request.report));
  if (request.receipt) agent = TRY(take_receipt(context, agent, *request.receipt));
  const auto settings = TRY(fleet::read_siem_agent_settings(agent.settings, forward::encoder_kinds()));
  SiemAgentBatch batch;
  batch.events = "[]";
  std::string receipt;
  if (agent.enabled && request.want > 0 && request.settings_version == agent.settings_version) {
    batch = TRY(feed_of(context).next(agent, settings, static_cast<std::size_t>(request.want)));
    receipt = receipt_of(agent.cursor, batch.progress);
    if (batch.count == 0 && (batch.progress.cursor != agent.cursor || batch.progress.duplicates != 0)) {
      agent = TRY(agents.advance(agent.id, agent.cursor, batch.progress));
      receipt.clear();
    }
    if (agent.recovery && batch.count == 0 && batch.drained && now >= agent.recovery->to_ticks) {
      TRY(agents.complete(agent.id));
      agent = TRY(agents.get(agent.id));
    }
  }
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("name").text(agent.name).key("state").text(agent.completed_ticks ? "completed" : agent.enabled ? "run" : "disabled");
  writer.key("settings_version").number(agent.settings_version);
  if (request.settings_version != agent.settings_version) writer.key("settings").raw(agent.settings);
  if (agent.recovery) writer.key("recovery_id").text(agent.recovery->id);
  writer.key("events").raw(batch.events).key("more").boolean(!batch.drained);
  if (batch.count > 0) writer.key("receipt").text(receipt);
  writer.end_object();
  return net::json_response(200, std::move(out));
}

}  // namespace

void add_siem_agent_routes(Router& router, Context& context) {
  const auto administrators = Access::with(Permission::manage_users);
  router.add({.method = "GET",
              .pattern = "/api/v1/siem-agents",
              .access = Access::with(Permission::status),
              .summary = "SIEM agents with status and notifications",
              .tag = "siem agents",
              .answer_schema = R"({"type":"object","properties":{"agents":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange&) { return list_agents(context); })});
  router.add({.method = "POST",
              .pattern = "/api/v1/siem-agents",
              .access = administrators,
              .summary = "Add a SIEM agent; the answer shows its token, once",
              .tag = "siem agents",
              .body_schema = R"({"type":"object","required":["name","settings"],"properties":{"name":{"type":"string"},"settings":{"type":"object"}}})",
              .answer_schema = kAgentSchema,
              .handler = answering([&context](Exchange& exchange) { return create_agent(context, exchange); }),
              .made = "201"});
  router.add({.method = "GET",
              .pattern = "/api/v1/siem-agents/{id}",
              .access = Access::with(Permission::status),
              .summary = "One SIEM agent, by number or name",
              .tag = "siem agents",
              .answer_schema = kAgentSchema,
              .handler = answering([&context](Exchange& exchange) -> Answer { return agent_response(context, 200, TRY(named(context, exchange))); })});
  router.add({.method = "PATCH",
              .pattern = "/api/v1/siem-agents/{id}",
              .access = administrators,
              .summary = "Change a SIEM agent; a running one takes it up without a restart",
              .tag = "siem agents",
              .body_schema = R"({"type":"object","properties":{"name":{"type":"string"},"settings":{"type":"object"},"enabled":{"type":"boolean"}}})",
              .answer_schema = kAgentSchema,
              .handler = answering([&context](Exchange& exchange) { return change_agent(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/siem-agents/{id}",
              .access = administrators,
              .summary = "Delete a SIEM agent; its token is refused from then on",
              .tag = "siem agents",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                TRY(context.control().siem_agents().remove(TRY(named(context, exchange)).id, exchange.caller.actor));
                return no_content();
              })});
  router.add({.method = "POST",
              .pattern = "/api/v1/siem-agents/{id}/token",
              .access = administrators,
              .summary = "A new token; the one before is invalid",
              .tag = "siem agents",
              .answer_schema = kAgentSchema,
              .handler = answering([&context](Exchange& exchange) -> Answer {
                const auto created = TRY(context.control().siem_agents().regenerate_token(TRY(named(context, exchange)).id, exchange.caller.actor));
                return agent_response(context, 201, created.info, created.token);
              }),
              .made = "201"});
  router.add({.method = "POST",
              .pattern = "/api/v1/siem-agents/{id}/recover",
              .access = administrators,
              .summary = "A recovery agent: sends the activities of a time frame again, beside this one, and ends by itself",
              .tag = "siem agents",
              .body_schema = R"({"type":"object","required":["from","to"],"properties":{"name":{"type":"string"},"from":{"type":"string"},"to":{"type":"string"},)"
                             R"("deduplicate":{"type":"boolean"},"settings":{"type":"object"}}})",
              .answer_schema = kAgentSchema,
              .handler = answering([&context](Exchange& exchange) { return recover(context, exchange); }),
              .made = "201"});
  router.add({.method = "POST",
              .pattern = "/api/v1/siem-agent/poll",
              .access = Access::anyone(),
              .summary = "For SIEM agents: report, hand in a receipt, get the next events (Authorization: Bearer <agent's token>)",
              .tag = "siem agents",
              .body_schema = R"({"type":"object"})",
              .answer_schema = R"({"type":"object"})",
              .handler = answering([&context](Exchange& exchange) { return poll(context, exchange); })});
}

}  // namespace yagura::serve
