// Stored functions of the workspace: those of content folders, and those that people keep here.
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "query/function_files.hpp"
#include "serve/context.hpp"
#include "serve/function_commands.hpp"

namespace yagura::serve {

namespace {

constexpr std::string_view kFunctionSchema =
    R"({"type":"object","properties":{"name":{"type":"string"},"parameters":{"type":"string"},"body":{"type":"string"},"folder":{"type":"string"},)"
    R"("docstring":{"type":"string"},"view":{"type":"boolean"},"source":{"type":"string","description":"the file it comes from; empty when it was made here"}}})";

void write_function(JsonWriter& json, const kql::StoredFunction& function, bool with_body) {
  json.begin_object();
  json.key("name").text(function.name);
  json.key("parameters").text(function.parameters);
  if (with_body) json.key("body").text(function.body);
  json.key("folder").text(function.folder);
  json.key("docstring").text(function.docstring);
  json.key("view").boolean(function.is_view);
  json.key("source").text(function.source);
  json.end_object();
}

std::shared_ptr<const kql::FunctionSet> functions_of(const Context& context) {
  return context.services.functions ? context.services.functions() : std::make_shared<const kql::FunctionSet>();
}

Answer list(Context& context, Exchange& exchange) {
  const bool with_body = exchange.request.query_parameter("body") == "true";
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("functions").begin_array();
  const auto functions = functions_of(context);
  for (const auto& [name, function] : functions->all())
    if (name.find('(') == std::string::npos) write_function(json, function, with_body);
  json.end_array().end_object();
  return net::json_response(200, std::move(out));
}

Answer get(Context& context, Exchange& exchange) {
  const auto functions = functions_of(context);
  const auto* function = functions->find(exchange.parameter("name"));
  if (function == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& [name, other] : functions->all()) known.push_back(name);
    return fail(ErrorKind::not_found, "there is no function '{}'{}", exchange.parameter("name").substr(0, 100),
                did_you_mean(exchange.parameter("name"), known));
  }
  std::string out;
  JsonWriter json(out);
  write_function(json, *function, true);
  return net::json_response(200, std::move(out));
}

Answer put(Context& context, Exchange& exchange) {
  const auto body = TRY(json_body(exchange.request));
  TRY(only_members(body, {"parameters", "body", "folder", "docstring", "view", "validate"}));
  kql::StoredFunction function;
  function.name = exchange.parameter("name");
  function.parameters = TRY(optional_text(body, "parameters")).value_or("()");
  if (!trim(function.parameters).starts_with('(')) function.parameters = "(" + function.parameters + ")";
  function.body = TRY(required_text(body, "body"));
  function.folder = TRY(optional_text(body, "folder")).value_or("");
  function.docstring = TRY(optional_text(body, "docstring")).value_or("");
  function.is_view = TRY(optional_boolean(body, "view")).value_or(false);
  if (trim(function.body).empty()) return fail(ErrorKind::invalid_input, "'body' is empty");
  TRY(keep_function(context, exchange, function, control::Functions::IfThere::replace,
                    TRY(optional_boolean(body, "validate")).value_or(true)));
  return get(context, exchange);
}

Answer remove(Context& context, Exchange& exchange) {
  TRY(drop_function(context, exchange, exchange.parameter("name")));
  return no_content();
}

}  // namespace

void add_function_routes(Router& router, Context& context) {
  const Access read = Access::with(control::Permission::query), write = Access::with(control::Permission::edit_tables);
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/functions",
       .access = read,
       .summary = "All stored functions; ?body=true with their bodies",
       .tag = "functions",
       .answer_schema = R"({"type":"object","properties":{"functions":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list(context, exchange); })});
  router.add({.method = "GET",
              .pattern = "/api/v1/functions/{name}",
              .access = read,
              .summary = "One stored function",
              .tag = "functions",
              .answer_schema = kFunctionSchema,
              .handler = answering([&context](Exchange& exchange) { return get(context, exchange); })});
  router.add(
      {.method = "PUT",
       .pattern = "/api/v1/functions/{name}",
       .access = write,
       .summary = "Make or replace a stored function",
       .tag = "functions",
       .body_schema =
           R"({"type":"object","required":["body"],"properties":{"parameters":{"type":"string"},"body":{"type":"string"},"folder":{"type":"string"},"docstring":{"type":"string"},"view":{"type":"boolean"},"validate":{"type":"boolean"}}})",
       .answer_schema = kFunctionSchema,
       .handler = answering([&context](Exchange& exchange) { return put(context, exchange); })});
  router.add({.method = "DELETE",
              .pattern = "/api/v1/functions/{name}",
              .access = write,
              .summary = "Remove a stored function that was made here",
              .tag = "functions",
              .handler = answering([&context](Exchange& exchange) { return remove(context, exchange); })});
}

}  // namespace yagura::serve
