// Sign-in, sign-out, who am I, own password.
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr std::string_view kSessionSchema =
    R"({"type":"object","properties":{"user":{"type":"object"},"permissions":{"type":"array","items":{"type":"string"}},)"
    R"("csrf_token":{"type":"string"},"expires":{"type":"string","format":"date-time"}}})";

std::string session_json(const Context& context, const control::User& user, control::Permissions permissions,
                         std::string_view csrf_token, std::int64_t expires_ticks) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("user").begin_object();
  json.key("id").number(user.id);
  json.key("name").text(user.name);
  json.key("display_name").text(user.display_name);
  json.key("role").text(to_string(user.role));
  json.key("must_change_password").boolean(user.must_change_password);
  json.end_object();
  json.key("permissions").begin_array();
  for (int i = 0; i < control::kPermissionCount; ++i)
    if (const auto permission = static_cast<control::Permission>(i); permissions.has(permission))
      json.text(to_string(permission));
  json.end_array();
  json.key("workspace").text(context.options.workspace_name);
  json.key("version").text(context.options.version);
  if (!csrf_token.empty()) json.key("csrf_token").text(csrf_token);
  if (expires_ticks != 0) json.key("expires").text(format_datetime(expires_ticks));
  json.end_object();
  return out;
}

Answer sign_in(Context& context, Exchange& exchange) {
  TRY(check_same_site(exchange.request));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "password"}));
  const std::string name = TRY(required_text(body, "name"));
  const std::string password = TRY(required_text(body, "password"));
  const std::string& address = exchange.caller.actor.peer;
  if (!context.logins.admit(address, context.control().now()))
    return fail(ErrorKind::exhausted, "too many sign-ins from your address: wait a minute");
  const auto user = TRY(context.control().users().sign_in(name, password, address));
  const auto session =
      TRY(context.control().sessions().create(user, address, std::string(exchange.request.header("User-Agent"))));
  auto response = net::json_response(
      200, session_json(context, user, permissions_of(user.role), session.csrf_token, session.expires_ticks));
  response.set("Set-Cookie", session_cookie(session.token, exchange.secure_cookies));
  return response;
}

Answer sign_out(Context& context, Exchange& exchange) {
  if (exchange.caller.kind == Caller::Kind::session)
    TRY(context.control().sessions().end(exchange.caller.session_id, exchange.caller.actor));
  auto response = no_content();
  response.set("Set-Cookie", expired_session_cookie(exchange.secure_cookies));
  return response;
}

Answer who_am_i(Context& context, Exchange& exchange) {
  const Caller& caller = exchange.caller;
  return net::json_response(
      200, session_json(context, caller.user, caller.permissions, caller.csrf_token, caller.session_expires_ticks));
}

Answer change_password(Context& context, Exchange& exchange) {
  if (exchange.caller.kind != Caller::Kind::session)
    return fail(ErrorKind::permission_denied, "a token cannot change a password: sign in");
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"old_password", "new_password"}));
  TRY(context.control().users().change_own_password(exchange.caller.user.id, TRY(required_text(body, "old_password")),
                                                    TRY(required_text(body, "new_password")),
                                                    exchange.caller.session_id, exchange.caller.actor));
  return no_content();
}

}  // namespace

void add_session_routes(Router& router, Context& context) {
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/session",
       .access = Access::anyone(),
       .summary = "Sign in; sets the session cookie",
       .tag = "session",
       .body_schema =
           R"({"type":"object","required":["name","password"],"properties":{"name":{"type":"string"},"password":{"type":"string"}}})",
       .answer_schema = kSessionSchema,
       .handler = answering([&context](Exchange& exchange) { return sign_in(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/session",
              .access = Access::signed_in(),
              .summary = "Sign out",
              .tag = "session",
              .handler = answering([&context](Exchange& exchange) { return sign_out(context, exchange); })});
  for (const std::string_view pattern : {"/api/v1/session", "/api/v1/me"})
    router.add({.method = "GET",
                .pattern = pattern,
                .access = Access::signed_in(),
                .summary = "Who am I, and what may I",
                .tag = "session",
                .answer_schema = kSessionSchema,
                .handler = answering([&context](Exchange& exchange) { return who_am_i(context, exchange); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/me/password",
       .access = Access::signed_in(),
       .summary = "Change my password; ends my other sessions",
       .tag = "session",
       .body_schema =
           R"({"type":"object","required":["old_password","new_password"],"properties":{"old_password":{"type":"string"},"new_password":{"type":"string"}}})",
       .handler = answering([&context](Exchange& exchange) { return change_password(context, exchange); })});
}

}  // namespace yagura::serve
