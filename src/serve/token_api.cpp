// API tokens: everybody has their own, administrators see all.
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

using control::Permission;

constexpr std::string_view kTokenSchema =
    R"({"type":"object","properties":{"id":{"type":"integer"},"hint":{"type":"string"},"name":{"type":"string"},)"
    R"("user":{"type":"string"},"role":{"type":"string"},"scopes":{"type":"array","items":{"type":"string"}},)"
    R"("created":{"type":"string"},"expires":{"type":["string","null"]},"last_used":{"type":["string","null"]},)"
    R"("token":{"type":"string","description":"Only in the answer that made it"}}})";

void write_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ticks) {
  json.key(name);
  if (ticks)
    json.text(format_datetime(*ticks));
  else
    json.null();
}

void write_token(JsonWriter& json, const control::ApiToken& token, std::string_view secret = {}) {
  json.begin_object();
  json.key("id").number(token.id);
  if (!secret.empty()) json.key("token").text(secret);
  json.key("hint").text(token.hint);
  json.key("name").text(token.name);
  json.key("user").text(token.user_name);
  json.key("role").text(to_string(token.role));
  json.key("scopes").begin_array();
  for (int i = 0; i < control::kPermissionCount; ++i)
    if (const auto permission = static_cast<Permission>(i); token.scopes.has(permission))
      json.text(to_string(permission));
  json.end_array();
  write_time(json, "created", token.created_ticks);
  write_time(json, "expires", token.expires_ticks);
  write_time(json, "last_used", token.last_used_ticks);
  json.end_object();
}

Answer list_tokens(Context& context, Exchange& exchange) {
  const bool all = exchange.caller.may(Permission::manage_users);
  const auto tokens = TRY(context.control().tokens().list(all ? std::nullopt : std::optional(exchange.caller.user.id)));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("tokens").begin_array();
  for (const auto& token : tokens) write_token(json, token);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Result<control::Permissions> scopes_of(const boost::json::object& body) {
  control::Permissions scopes;
  const auto* list = body.if_contains("scopes");
  if (list == nullptr || list->is_null()) return scopes;
  if (!list->is_array()) return fail(ErrorKind::invalid_input, "'scopes' must be a list of permissions");
  for (const auto& item : list->get_array()) {
    if (!item.is_string()) return fail(ErrorKind::invalid_input, "'scopes' must be a list of permissions");
    const auto named = TRY(control::parse_permissions(std::string_view(item.get_string())));
    if (named.empty()) return fail(ErrorKind::invalid_input, "'scopes' holds an empty name");
    for (int i = 0; i < control::kPermissionCount; ++i)
      if (named.has(static_cast<Permission>(i))) scopes.add(static_cast<Permission>(i));
  }
  return scopes;
}

Answer create_token(Context& context, Exchange& exchange) {
  // A leaked token must not be able to breed.
  if (exchange.caller.kind == Caller::Kind::token && !exchange.caller.may(Permission::manage_users))
    return fail(ErrorKind::permission_denied, "a token cannot make tokens: sign in");
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "role", "scopes", "expires", "expires_in_days"}));
  control::NewApiToken token{.name = TRY(required_text(body, "name")), .user_id = exchange.caller.user.id};
  const std::string role = TRY(optional_text(body, "role")).value_or("Reader");
  const auto known = control::parse_role(role);
  if (!known)
    return fail(ErrorKind::invalid_input, "'{}' is no role: Reader, Responder, Contributor or Admin",
                role.substr(0, 50));
  token.role = *known;
  if (exchange.caller.kind == Caller::Kind::token && token.role > exchange.caller.role)
    return fail(ErrorKind::permission_denied, "a token cannot make one that may more than itself");
  token.scopes = TRY(scopes_of(body));
  if (const auto expires = TRY(optional_text(body, "expires"))) {
    token.expires_ticks = parse_iso8601(*expires);
    if (!token.expires_ticks) return fail(ErrorKind::invalid_input, "'expires' is not an ISO 8601 time");
  } else if (const auto days = TRY(optional_integer(body, "expires_in_days"))) {
    if (*days < 1 || *days > 3650) return fail(ErrorKind::invalid_input, "'expires_in_days' must be 1 to 3650");
    token.expires_ticks = context.control().now() + *days * kTicksPerDay;
  }
  const auto created = TRY(context.control().tokens().create(token, exchange.caller.actor));
  std::string out;
  JsonWriter json(out);
  write_token(json, created.info, created.token);
  return net::json_response(201, std::move(out));
}

Answer revoke_token(Context& context, Exchange& exchange) {
  const std::int64_t id = TRY(id_parameter(exchange, "id"));
  const auto token = TRY(context.control().tokens().get(id));
  if (token.user_id != exchange.caller.user.id && !exchange.caller.may(Permission::manage_users))
    return fail(ErrorKind::not_found, "there is no token with id {}", id);
  TRY(context.control().tokens().revoke(id, exchange.caller.actor));
  return no_content();
}

}  // namespace

void add_token_routes(Router& router, Context& context) {
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/tokens",
       .access = Access::signed_in(),
       .summary = "My API tokens; everybody's for an administrator",
       .tag = "tokens",
       .answer_schema = R"({"type":"object","properties":{"tokens":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list_tokens(context, exchange); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/tokens",
       .access = Access::signed_in(),
       .summary = "Make an API token; the answer shows it this once",
       .tag = "tokens",
       .body_schema =
           R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"},"role":{"enum":["Reader","Responder","Contributor","Admin"]},"scopes":{"type":"array","items":{"type":"string"}},"expires":{"type":"string","format":"date-time"},"expires_in_days":{"type":"integer"}}})",
       .answer_schema = kTokenSchema,
       .handler = answering([&context](Exchange& exchange) { return create_token(context, exchange); }),
       .made = "201"});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/tokens/{id}",
              .access = Access::signed_in(),
              .summary = "Revoke an API token",
              .tag = "tokens",
              .handler = answering([&context](Exchange& exchange) { return revoke_token(context, exchange); })});
}

}  // namespace yagura::serve
