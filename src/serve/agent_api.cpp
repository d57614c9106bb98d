// Agents on other hosts: who they are and how they do; join tokens; the configurations that they are given.
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "fleet/agent_desk.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

using control::Permission;

constexpr std::string_view kAgentSchema =
    R"({"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"state":{"enum":["connected","silent","never seen","removed"]},)"
    R"("version":{"type":"string"},"outdated":{"type":"boolean"},"missing":{"type":"integer","description":"Events that it knows of and this server does not have"},)"
    R"("address":{"type":"string"},"enrolled":{"type":"string"},"last_seen":{"type":["string","null"]},"certificate_expires":{"type":"string"},)"
    R"("configuration":{"type":"string"},"generation":{"type":"integer"},"applied_generation":{"type":"integer"},"configuration_error":{"type":"string"},)"
    R"("status":{"type":"object"}}})";

void write_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ticks) {
  json.key(name);
  if (ticks) json.text(format_datetime(*ticks));
  else json.null();
}

// Two members of the status that a list shows as well.
std::pair<bool, std::int64_t> outdated_and_missing(const std::string& status) {
  boost::system::error_code error;
  const auto value = boost::json::parse(status, error);
  if (error || !value.is_object()) return {};
  const auto* outdated = value.get_object().if_contains("outdated");
  const auto* missing = value.get_object().if_contains("missing");
  return {outdated != nullptr && outdated->is_bool() && outdated->get_bool(),
          missing != nullptr && missing->is_int64() ? missing->get_int64() : 0};
}

Result<> write_agent(Context& context, JsonWriter& json, const control::Agent& agent, bool whole) {
  const auto [outdated, missing] = outdated_and_missing(agent.status);
  json.begin_object();
  json.key("id").text(agent.id).key("name").text(agent.name);
  json.key("state").text(fleet::state_of(agent, context.control().now(), context.options.agent_heartbeat));
  json.key("version").text(agent.version).key("outdated").boolean(outdated).key("missing").number(missing);
  json.key("address").text(agent.address);
  write_time(json, "enrolled", agent.enrolled_ticks);
  write_time(json, "last_seen", agent.last_seen_ticks);
  write_time(json, "removed", agent.removed_ticks);
  write_time(json, "certificate_expires", agent.certificate_expires_ticks);
  json.key("configuration").text(agent.configuration);
  json.key("generation").number(TRY(context.control().agents().configuration(agent.configuration)).generation);
  json.key("applied_generation").number(agent.applied_generation).key("configuration_error").text(agent.configuration_error);
  if (whole) json.key("status").raw(agent.status.empty() ? "{}" : std::string_view(agent.status));
  json.end_object();
  return {};
}

Answer list_agents(Context& context, Exchange& exchange) {
  const bool removed = exchange.request.query_parameter("removed") == "true";
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("agents").begin_array();
  for (const auto& agent : TRY(context.control().agents().list(removed))) TRY(write_agent(context, json, agent, false));
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer show_agent(Context& context, Exchange& exchange) {
  const auto agent = TRY(context.control().agents().get(exchange.parameter("id")));
  std::string out;
  JsonWriter json(out);
  TRY(write_agent(context, json, agent, true));
  return net::json_response(200, std::move(out));
}

Answer remove_agent(Context& context, Exchange& exchange) {
  TRY(context.control().agents().remove(exchange.parameter("id"), exchange.caller.actor));
  return no_content();
}

Answer change_agent(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"configuration"}));
  const auto name = TRY(required_text(body, "configuration"));
  if (TRY(context.control().agents().configuration(name)).generation == 0)
    return fail(ErrorKind::not_found, "there is no configuration called '{}': put it first", name.substr(0, 128));
  TRY(context.control().agents().assign(exchange.parameter("id"), name, exchange.caller.actor));
  return show_agent(context, exchange);
}

void write_token(JsonWriter& json, const control::JoinToken& token) {
  json.key("id").number(token.id).key("hint").text(token.hint).key("name").text(token.name);
  write_time(json, "created", token.created_ticks);
  json.key("created_by").text(token.created_by);
  write_time(json, "expires", token.expires_ticks);
  json.key("uses_left").number(token.uses_left);
}

Answer list_join_tokens(Context& context, Exchange&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("tokens").begin_array();
  for (const auto& token : TRY(context.control().agents().tokens())) {
    json.begin_object();
    write_token(json, token);
    json.end_object();
  }
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer create_join_token(Context& context, Exchange& exchange) {
  if (context.options.agent_authority.empty())
    return fail(ErrorKind::not_supported, "this server takes no agents: set 'agents.listen' in its configuration");
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "expires_in", "uses"}));
  const auto lasts = TRY(parse_duration(TRY(optional_text(body, "expires_in")).value_or("1h")), "'expires_in'");
  const auto created = TRY(context.control().agents().create_token(TRY(required_text(body, "name")),
                                                                   context.control().now() + std::chrono::duration_cast<Ticks>(lasts).count(),
                                                                   TRY(optional_integer(body, "uses")).value_or(1), exchange.caller.actor));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("token").text(created.token + "." + context.options.agent_authority);
  json.key("ca_fingerprint").text(context.options.agent_authority);
  write_token(json, created.info);
  json.end_object();
  return net::json_response(201, std::move(out));
}

Answer revoke_join_token(Context& context, Exchange& exchange) {
  TRY(context.control().agents().revoke_token(TRY(id_parameter(exchange, "id")), exchange.caller.actor));
  return no_content();
}

void write_configuration(JsonWriter& json, const control::AgentConfiguration& one) {
  json.begin_object().key("name").text(one.name).key("generation").number(one.generation).key("text").text(one.text);
  write_time(json, "changed", one.changed_ticks);
  json.key("changed_by").text(one.changed_by).end_object();
}

Answer list_configurations(Context& context, Exchange&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("configurations").begin_array();
  for (const auto& one : TRY(context.control().agents().configurations())) write_configuration(json, one);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer put_configuration(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"text"}));
  const auto text = TRY(required_text(body, "text"));
  if (context.services.check_agent_configuration) TRY(context.services.check_agent_configuration(text));
  const std::string name(exchange.parameter("name"));
  TRY(context.control().agents().put_configuration(name, text, exchange.caller.actor));
  std::string out;
  JsonWriter json(out);
  write_configuration(json, TRY(context.control().agents().configuration(name)));
  return net::json_response(200, std::move(out));
}

}  // namespace

void add_agent_routes(Router& router, Context& context) {
  const auto see = Access::with(Permission::status), manage = Access::with(Permission::manage_users);
  const auto add = [&](std::string_view method, std::string_view pattern, Access access, std::string_view summary, std::string_view body, std::string_view answer,
                       Answer (*function)(Context&, Exchange&), std::string_view made = {}) {
    router.add({.method = method, .pattern = pattern, .access = access, .summary = summary, .tag = "agents", .body_schema = body, .answer_schema = answer,
                .handler = answering([&context, function](Exchange& exchange) { return function(context, exchange); }), .made = made});
  };
  add("GET", "/api/v1/agents", see, "Agents of other hosts; ?removed=true also those that were removed", "",
      R"({"type":"object","properties":{"agents":{"type":"array","items":{"type":"object"}}}})", list_agents);
  // Before {id}: the router takes the first that fits.
  add("GET", "/api/v1/agents/tokens", manage, "Join tokens that can still be used", "",
      R"({"type":"object","properties":{"tokens":{"type":"array","items":{"type":"object"}}}})", list_join_tokens);
  add("POST", "/api/v1/agents/tokens", manage, "Make a join token; the answer shows it this once",
      R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},"expires_in":{"type":"string","default":"1h"},"uses":{"type":"integer","default":1}}})",
      R"({"type":"object","properties":{"token":{"type":"string"},"ca_fingerprint":{"type":"string"},"id":{"type":"integer"}}})", create_join_token, "201");
  add("DELETE", "/api/v1/agents/tokens/{id}", manage, "Make a join token useless", "", "", revoke_join_token);
  add("GET", "/api/v1/agents/configurations", see, "Configurations that agents are given", "",
      R"({"type":"object","properties":{"configurations":{"type":"array","items":{"type":"object"}}}})", list_configurations);
  add("PUT", "/api/v1/agents/configurations/{name}", manage, "Give agents their sources (YAML); each change is a generation",
      R"({"type":"object","required":["text"],"properties":{"text":{"type":"string"}}})", R"({"type":"object","properties":{"generation":{"type":"integer"}}})", put_configuration);
  add("GET", "/api/v1/agents/{id}", see, "One agent, with its last heartbeat, its completeness ledger and what is missing", "", kAgentSchema, show_agent);
  add("PATCH", "/api/v1/agents/{id}", manage, "Give an agent another configuration",
      R"({"type":"object","required":["configuration"],"properties":{"configuration":{"type":"string"}}})", kAgentSchema, change_agent);
  add("DELETE", "/api/v1/agents/{id}", manage, "Remove an agent: its certificate is refused from now on", "", "", remove_agent);
}

}  // namespace yagura::serve
