// Users, for administrators.
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr std::string_view kUserSchema =
    R"({"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"},"display_name":{"type":"string"},)"
    R"("role":{"enum":["Reader","Responder","Contributor","Admin"]},"enabled":{"type":"boolean"},)"
    R"("must_change_password":{"type":"boolean"},"created":{"type":"string"},"last_login":{"type":["string","null"]}}})";

void write_user(JsonWriter& json, const control::User& user) {
  json.begin_object();
  json.key("id").number(user.id);
  json.key("name").text(user.name);
  json.key("display_name").text(user.display_name);
  json.key("role").text(to_string(user.role));
  json.key("enabled").boolean(user.enabled);
  json.key("must_change_password").boolean(user.must_change_password);
  json.key("created").text(format_datetime(user.created_ticks));
  json.key("last_login");
  if (user.last_login_ticks)
    json.text(format_datetime(*user.last_login_ticks));
  else
    json.null();
  json.end_object();
}

Result<std::optional<control::Role>> optional_role(const boost::json::object& body) {
  const auto name = TRY(optional_text(body, "role"));
  if (!name) return std::optional<control::Role>();
  const auto role = control::parse_role(*name);
  if (!role)
    return fail(ErrorKind::invalid_input, "'{}' is no role: Reader, Responder, Contributor or Admin",
                name->substr(0, 50));
  return role;
}

net::HttpResponse user_response(int status, const control::User& user) {
  std::string out;
  JsonWriter json(out);
  write_user(json, user);
  return net::json_response(status, std::move(out));
}

Answer list_users(Context& context) {
  const auto users = TRY(context.control().users().list());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("users").begin_array();
  for (const auto& user : users) write_user(json, user);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer create_user(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"name", "display_name", "role", "password", "must_change_password"}));
  const auto user = TRY(context.control().users().create(
      {.name = TRY(required_text(body, "name")),
       .display_name = TRY(optional_text(body, "display_name")).value_or(""),
       .role = TRY(optional_role(body)).value_or(control::Role::reader),
       .password = TRY(required_text(body, "password")),
       .must_change_password = TRY(optional_boolean(body, "must_change_password")).value_or(false)},
      exchange.caller.actor));
  return user_response(201, user);
}

Answer change_user(Context& context, Exchange& exchange) {
  const std::int64_t id = TRY(id_parameter(exchange, "id"));
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"display_name", "role", "enabled", "password", "must_change_password"}));
  const auto user = TRY(
      context.control().users().change(id,
                                       {.display_name = TRY(optional_text(body, "display_name")),
                                        .role = TRY(optional_role(body)),
                                        .enabled = TRY(optional_boolean(body, "enabled")),
                                        .password = TRY(optional_text(body, "password")),
                                        .must_change_password = TRY(optional_boolean(body, "must_change_password"))},
                                       exchange.caller.actor));
  return user_response(200, user);
}

Answer delete_user(Context& context, Exchange& exchange) {
  TRY(context.control().users().remove(TRY(id_parameter(exchange, "id")), exchange.caller.actor));
  return no_content();
}

}  // namespace

void add_user_routes(Router& router, Context& context) {
  const Access access = Access::with(control::Permission::manage_users);
  router.add({.method = "GET",
              .pattern = "/api/v1/users",
              .access = access,
              .summary = "All users",
              .tag = "users",
              .answer_schema = R"({"type":"object","properties":{"users":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange&) { return list_users(context); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/users",
       .access = access,
       .summary = "Make a user",
       .tag = "users",
       .body_schema =
           R"({"type":"object","required":["name","password"],"properties":{"name":{"type":"string"},"display_name":{"type":"string"},"role":{"enum":["Reader","Responder","Contributor","Admin"]},"password":{"type":"string"},"must_change_password":{"type":"boolean"}}})",
       .answer_schema = kUserSchema,
       .handler = answering([&context](Exchange& exchange) { return create_user(context, exchange); }),
       .made = "201"});
  router.add(
      {.method = "PATCH",
       .pattern = "/api/v1/users/{id}",
       .access = access,
       .summary = "Change a user: what is given is changed",
       .tag = "users",
       .body_schema =
           R"({"type":"object","properties":{"display_name":{"type":"string"},"role":{"enum":["Reader","Responder","Contributor","Admin"]},"enabled":{"type":"boolean"},"password":{"type":"string"},"must_change_password":{"type":"boolean"}}})",
       .answer_schema = kUserSchema,
       .handler = answering([&context](Exchange& exchange) { return change_user(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/users/{id}",
              .access = access,
              .summary = "Remove a user with sessions, tokens and saved queries",
              .tag = "users",
              .handler = answering([&context](Exchange& exchange) { return delete_user(context, exchange); })});
}

}  // namespace yagura::serve
