// Connectors to AWS: listed, checked, added and removed. What they are is the desk's to know.
#include "base/json_writer.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

namespace json = boost::json;
using control::Permission;

Result<AwsConnectorDesk*> desk_of(Context& context) {
  if (context.services.aws == nullptr) return fail(ErrorKind::not_found, "this server has no connectors");
  return context.services.aws;
}

Result<std::string> settings_of(const json::object& body) {
  const auto* settings = body.if_contains("settings");
  if (settings == nullptr || !settings->is_object()) return fail(ErrorKind::invalid_input, "'settings' must be an object: role_arn, queue_url, table ...");
  return json::serialize(*settings);
}

}  // namespace

void add_aws_routes(Router& router, Context& context) {
  const auto administrators = Access::with(Permission::manage_users);
  router.add({.method = "GET",
              .pattern = "/api/v1/connectors/aws",
              .access = Access::with(Permission::status),
              .summary = "AWS connectors: role, queue, table, and how each does; with the External ID",
              .tag = "connectors",
              .answer_schema = R"({"type":"object","properties":{"external_id":{"type":"string"},"connectors":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange&) -> Answer { return net::json_response(200, TRY(TRY(desk_of(context))->list())); })});
  router.add({.method = "POST",
              .pattern = "/api/v1/connectors/aws/check",
              .access = administrators,
              .summary = "Try a connector's settings step by step (STS, SQS, S3, KMS) without keeping them",
              .tag = "connectors",
              .body_schema = R"({"type":"object","required":["settings"],"properties":{"settings":{"type":"object"}}})",
              .answer_schema = R"({"type":"object","properties":{"steps":{"type":"array","items":{"type":"object"}}}})",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                const auto body = TRY(json_body(exchange.request));
                return net::json_response(200, TRY(TRY(desk_of(context))->check(TRY(settings_of(body)))));
              })});
  router.add({.method = "POST",
              .pattern = "/api/v1/connectors/aws",
              .access = administrators,
              .summary = "Add an AWS connector; nothing is kept when its check fails",
              .tag = "connectors",
              .body_schema = R"({"type":"object","required":["name","settings"],"properties":{"name":{"type":"string"},"settings":{"type":"object"}}})",
              .answer_schema = R"({"type":"object"})",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                const auto body = TRY(json_body(exchange.request));
                TRY(only_members(body, {"name", "settings"}));
                return net::json_response(201, TRY(TRY(desk_of(context))->add(TRY(required_text(body, "name")), TRY(settings_of(body)), exchange.caller.actor)));
              }),
              .made = "201"});
  router.add({.method = "PATCH",
              .pattern = "/api/v1/connectors/aws/{id}",
              .access = administrators,
              .summary = "Switch an AWS connector on or off",
              .tag = "connectors",
              .body_schema = R"({"type":"object","required":["enabled"],"properties":{"enabled":{"type":"boolean"}}})",
              .answer_schema = R"({"type":"object"})",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                const auto body = TRY(json_body(exchange.request));
                const auto enabled = TRY(optional_boolean(body, "enabled"));
                if (!enabled) return fail(ErrorKind::invalid_input, "'enabled' must be true or false");
                return net::json_response(200, TRY(TRY(desk_of(context))->set_enabled(exchange.parameter("id"), *enabled, exchange.caller.actor)));
              })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/connectors/aws/{id}",
              .access = administrators,
              .summary = "Remove an AWS connector",
              .tag = "connectors",
              .handler = answering([&context](Exchange& exchange) -> Answer {
                TRY(TRY(desk_of(context))->remove(exchange.parameter("id"), exchange.caller.actor));
                return no_content();
              })});
}

}  // namespace yagura::serve
