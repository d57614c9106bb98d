// Tables: what there is (the editor completes from it), and custom tables.
#include <algorithm>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

namespace {

constexpr std::size_t kMostColumns = 500;  // as in Azure Monitor
constexpr std::size_t kMostCustomTables = 500;

constexpr std::string_view kTableSchema =
    R"({"type":"object","properties":{"name":{"type":"string"},"description":{"type":"string"},"custom":{"type":"boolean"},)"
    R"("retention":{"type":"string"},"columns":{"type":"array","items":{"type":"object","properties":)"
    R"({"name":{"type":"string"},"type":{"type":"string"},"description":{"type":"string"}}}}}})";

void write_table(JsonWriter& json, const event::TableSchema& table) {
  json.begin_object();
  json.key("name").text(table.name);
  json.key("description").text(table.description);
  json.key("custom").boolean(table.name.ends_with("_CL"));
  json.key("retention").text(table.retention);
  json.key("columns").begin_array();
  for (const auto& column : table.columns) {
    json.begin_object();
    json.key("name").text(column.name);
    json.key("type").text(to_string(column.type));
    if (!column.description.empty()) json.key("description").text(column.description);
    json.end_object();
  }
  json.end_array().end_object();
}

Answer list_tables(Context& context, Exchange& exchange) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("tables").begin_array();
  const auto schemas = context.services.schemas();
  for (const event::TableSchema* table : schemas->all()) write_table(json, *table);
  json.end_array().end_object();
  // Some hundred KiB that hardly ever change.
  const std::string etag = "\"" + to_hex(as_text(sha256(out))).substr(0, 32) + "\"";
  if (exchange.request.header("If-None-Match") == etag) {
    net::HttpResponse response{.status = 304, .headers = {}, .body = {}};
    response.set("ETag", etag);
    response.set("Cache-Control", "private, no-cache");
    return response;
  }
  auto response = net::json_response(200, std::move(out));
  response.set("ETag", etag);
  response.set("Cache-Control", "private, no-cache");
  return response;
}

Answer get_table(Context& context, Exchange& exchange) {
  const auto schemas = context.services.schemas();
  const auto* table = schemas->find(exchange.parameter("name"));
  if (table == nullptr) {
    std::vector<std::string_view> names;
    for (const auto* known : schemas->all()) names.push_back(known->name);
    return fail(ErrorKind::not_found, "there is no table '{}'{}", exchange.parameter("name").substr(0, 100),
                did_you_mean(exchange.parameter("name"), names));
  }
  std::string out;
  JsonWriter json(out);
  write_table(json, *table);
  return net::json_response(200, std::move(out));
}

// The API's {"name","description","retention","columns":[{"name","type","description"}]} as a schema file's text, which
// event::parse_table_schema() checks.
Result<std::string> schema_text_of(const boost::json::object& body) {
  TRY(only_members(body, {"name", "description", "retention", "columns"}));
  const std::string name = TRY(required_text(body, "name"));
  const auto* columns = body.if_contains("columns");
  if (columns == nullptr || !columns->is_array()) return fail(ErrorKind::invalid_input, "'columns' must be a list");
  if (columns->get_array().size() > kMostColumns)
    return fail(ErrorKind::invalid_input, "a table has at most {} columns, this has {}", kMostColumns,
                columns->get_array().size());
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("Name").text(name);
  json.key("Description").text(TRY(optional_text(body, "description")).value_or(""));
  json.key("Retention").text(TRY(optional_text(body, "retention")).value_or(""));
  json.key("Properties").begin_array();
  for (const auto& item : columns->get_array()) {
    if (!item.is_object()) return fail(ErrorKind::invalid_input, "each of 'columns' must be an object");
    const auto& column = item.get_object();
    TRY(only_members(column, {"name", "type", "description"}));
    json.begin_object();
    json.key("Name").text(TRY(required_text(column, "name")));
    json.key("Type").text(TRY(required_text(column, "type")));
    json.key("Description").text(TRY(optional_text(column, "description")).value_or(""));
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

Answer create_table(Context& context, Exchange& exchange) {
  if (!context.services.create_table) return fail(ErrorKind::not_supported, "this server makes no tables");
  const std::string text = TRY(schema_text_of(TRY(json_body(exchange.request))));
  auto schema = TRY(event::parse_table_schema(text, "table"));
  if (!schema.name.ends_with("_CL") || schema.name.size() < 4 || schema.name.size() > 64)
    return fail(ErrorKind::invalid_input,
                "the name of a custom table ends in _CL and has at most 64 characters, not '{}'", schema.name);
  if (schema.columns.empty()) return fail(ErrorKind::invalid_input, "the table needs at least one column");
  const auto time = schema.find("TimeGenerated");
  if (time && schema.columns[*time].type != event::KqlType::datetime)
    return fail(ErrorKind::invalid_input, "TimeGenerated must be of type datetime");
  for (const auto& column : schema.columns)
    if (column.name.starts_with('_') || column.name == "Type" || column.name == "TenantId")
      return fail(ErrorKind::invalid_input, "the column name '{}' is reserved", column.name);
  if (!schema.retention.empty()) TRY(parse_duration(schema.retention), "reading 'retention'");
  const auto schemas = context.services.schemas();
  if (schemas->find(schema.name) != nullptr)
    return fail(ErrorKind::conflict, "there is a table '{}' already", schema.name);
  if (std::ranges::count_if(schemas->all(), [](const auto* table) { return table->name.ends_with("_CL"); }) >=
      static_cast<std::ptrdiff_t>(kMostCustomTables))
    return fail(ErrorKind::exhausted, "{} custom tables are all that one workspace may have", kMostCustomTables);
  event::add_standard_columns(schema);
  TRY(context.services.create_table(schema), "making the table {}", schema.name);
  TRY(context.control().custom_tables().put(schema.name, text, exchange.caller.actor));
  std::string out;
  JsonWriter json(out);
  write_table(json, schema);
  return net::json_response(201, std::move(out));
}

}  // namespace

void add_table_routes(Router& router, Context& context) {
  router.add(
      {.method = "GET",
       .pattern = "/api/v1/tables",
       .access = Access::with(control::Permission::query),
       .summary = "All tables with their columns",
       .tag = "tables",
       .answer_schema = R"({"type":"object","properties":{"tables":{"type":"array","items":{"type":"object"}}}})",
       .handler = answering([&context](Exchange& exchange) { return list_tables(context, exchange); })});
  router.add({.method = "GET",
              .pattern = "/api/v1/tables/{name}",
              .access = Access::with(control::Permission::query),
              .summary = "One table with its columns",
              .tag = "tables",
              .answer_schema = kTableSchema,
              .handler = answering([&context](Exchange& exchange) { return get_table(context, exchange); })});
  router.add(
      {.method = "POST",
       .pattern = "/api/v1/tables",
       .access = Access::with(control::Permission::edit_tables),
       .summary = "Make a custom table, Name_CL",
       .tag = "tables",
       .body_schema =
           R"({"type":"object","required":["name","columns"],"properties":{"name":{"type":"string"},"description":{"type":"string"},"retention":{"type":"string"},"columns":{"type":"array","items":{"type":"object","required":["name","type"],"properties":{"name":{"type":"string"},"type":{"enum":["bool","int","long","real","decimal","string","datetime","timespan","guid","dynamic"]},"description":{"type":"string"}}}}}})",
       .answer_schema = kTableSchema,
       .handler = answering([&context](Exchange& exchange) { return create_table(context, exchange); }),
       .made = "201"});
}

}  // namespace yagura::serve
