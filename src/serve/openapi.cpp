#include "serve/openapi.hpp"

#include <map>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::serve {

namespace {

void write_access(JsonWriter& json, const Route& route) {
  json.key("security").begin_array();
  if (route.access.kind != Access::Kind::anyone) {
    json.begin_object().key("token").begin_array().end_array().end_object();
    json.begin_object().key("session").begin_array().end_array().end_object();
  }
  json.end_array();
  if (route.access.kind == Access::Kind::permission) json.key("x-permission").text(to_string(route.access.permission));
}

void write_operation(JsonWriter& json, const Route& route) {
  json.key(to_lower_ascii(route.method)).begin_object();
  json.key("summary").text(route.summary);
  json.key("tags").begin_array().text(route.tag).end_array();
  write_access(json, route);
  json.key("parameters").begin_array();
  for (const std::string_view segment : split(route.pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    json.begin_object();
    json.key("name").text(segment.substr(1, segment.size() - 2));
    json.key("in").text("path");
    json.key("required").boolean(true);
    json.key("schema").raw(R"({"type":"string"})");
    json.end_object();
  }
  json.end_array();
  if (!route.body_schema.empty()) {
    json.key("requestBody").begin_object().key("required").boolean(true);
    json.key("content").begin_object().key("application/json").begin_object();
    json.key("schema").raw(route.body_schema);
    json.end_object().end_object().end_object();
  }
  json.key("responses").begin_object();
  json.key(route.made.empty() ? (route.answer_schema.empty() && route.method != "GET" ? "204" : "200") : route.made)
      .begin_object();
  json.key("description").text("Done");
  if (!route.answer_schema.empty()) {
    json.key("content").begin_object().key("application/json").begin_object();
    json.key("schema").raw(route.answer_schema);
    json.end_object().end_object();
  }
  json.end_object();
  json.key("default").raw(R"({"$ref":"#/components/responses/Error"})");
  json.end_object().end_object();
}

}  // namespace

std::string openapi_document(const Router& router, std::string_view version) {
  std::map<std::string_view, std::vector<const Route*>> paths;
  for (const Route& route : router.routes()) paths[route.pattern].push_back(&route);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("openapi").text("3.1.0");
  json.key("info").begin_object();
  json.key("title").text("Yagura");
  json.key("version").text(version);
  json.key("description")
      .text(
          "Sign in with an API token (Authorization: Bearer ygr_...) or with a session cookie; with a cookie every "
          "change "
          "carries the session's CSRF token in X-Yagura-CSRF.");
  json.key("license").raw(R"({"name":"Apache-2.0","identifier":"Apache-2.0"})");
  json.end_object();
  json.key("paths").begin_object();
  for (const auto& [pattern, routes] : paths) {
    json.key(pattern).begin_object();
    for (const Route* route : routes) write_operation(json, *route);
    json.end_object();
  }
  json.end_object();
  json.key("components").begin_object();
  json.key("securitySchemes")
      .raw(R"({"token":{"type":"http","scheme":"bearer"},"session":{"type":"apiKey","in":"cookie","name":"yagura"}})");
  json.key("responses")
      .raw(
          R"({"Error":{"description":"What went wrong","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}}})");
  json.key("schemas").raw(
      R"({"Error":{"type":"object","properties":{"error":{"type":"object","properties":{)"
      R"("code":{"type":"string"},"message":{"type":"string"},"diagnostics":{"type":"array","items":{"type":"object","properties":{)"
      R"("code":{"type":"string"},"severity":{"enum":["error","warning"]},"message":{"type":"string"},"start":{"type":"integer"},)"
      R"("length":{"type":"integer"},"line":{"type":"integer"},"column":{"type":"integer"}}}}}}}}})");
  json.end_object().end_object();
  return out;
}

}  // namespace yagura::serve
