#include "serve/kusto_schema.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "query/command_reader.hpp"
#include "serve/kusto_management.hpp"

namespace yagura::serve {

using event::KqlType;

namespace {

constexpr auto S = KqlType::string;

std::string table_folder(const event::TableSchema& table) { return table.name.ends_with("_CL") ? "Custom" : ""; }

// (a:string, b:long)
std::string csl_columns(const event::TableSchema& table) {
  std::string out;
  for (const auto& column : table.columns) {
    const bool plain =
        std::ranges::all_of(column.name, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; });
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", plain ? column.name : "['" + column.name + "']",
                       event::to_string(column.type));
  }
  return out;
}

void write_columns(JsonWriter& json, const event::TableSchema& table) {
  json.key("OrderedColumns").begin_array();
  for (const auto& column : table.columns) {
    json.begin_object()
        .key("Name")
        .text(column.name)
        .key("Type")
        .text(system_type(column.type))
        .key("CslType")
        .text(event::to_string(column.type));
    if (!column.description.empty()) json.key("DocString").text(column.description);
    json.end_object();
  }
  json.end_array();
}

std::string table_json(const event::TableSchema& table) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .key("Name")
      .text(table.name)
      .key("Folder")
      .text(table_folder(table))
      .key("DocString")
      .text(table.description);
  write_columns(json, table);
  json.end_object();
  return out;
}

// "(a:long=1, T:(x:string))" to [{"Name","Type","CslType","CslDefaultValue"}, ...].
void write_parameters(JsonWriter& json, std::string_view parameters) {
  json.key("InputParameters").begin_array();
  std::string_view text = trim(parameters);
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  query::CommandReader reader(text);
  while (!reader.at_end()) {
    auto name = reader.name("a parameter");
    if (!name || !reader.symbol(':')) break;
    json.begin_object().key("Name").text(*name);
    if (auto columns = reader.bracketed('(', "columns")) {
      json.key("Columns").begin_array().end_array();
    } else {
      auto type_name = reader.name("a type");
      const auto type = event::parse_kql_type(type_name ? *type_name : "").value_or(S);
      json.key("Type").text(system_type(type)).key("CslType").text(event::to_string(type));
      if (reader.symbol('=')) {
        const auto rest = reader.rest();
        std::size_t end = 0, depth = 0;
        char quote = 0;
        for (; end < rest.size(); ++end) {
          const char c = rest[end];
          if (quote != 0)
            quote = c == quote ? 0 : quote;
          else if (c == '\'' || c == '"')
            quote = c;
          else if (c == '(' || c == '[')
            ++depth;
          else if ((c == ')' || c == ']') && depth > 0)
            --depth;
          else if (c == ',' && depth == 0)
            break;
        }
        json.key("CslDefaultValue").text(trim(rest.substr(0, end)));
        reader = query::CommandReader(rest.substr(end));
      }
    }
    json.end_object();
    if (!reader.symbol(',')) break;
  }
  json.end_array();
}

Result<std::vector<const event::TableSchema*>> chosen(const event::SchemaSet& schemas,
                                                      const std::vector<std::string>& names) {
  if (names.empty()) return schemas.all();
  std::vector<const event::TableSchema*> out;
  for (const auto& name : names) {
    const auto* table = schemas.find(name);
    if (table == nullptr) {
      std::vector<std::string_view> known;
      for (const auto* other : schemas.all()) known.push_back(other->name);
      return fail(ErrorKind::not_found, "there is no table '{}'{}", name.substr(0, 100), did_you_mean(name, known));
    }
    out.push_back(table);
  }
  return out;
}

std::string time_text(const std::optional<std::int64_t>& ticks) { return ticks ? format_datetime(*ticks) : ""; }

}  // namespace

std::string_view system_type(KqlType type) {
  switch (type) {
    case KqlType::boolean: return "System.SByte";
    case KqlType::int32: return "System.Int32";
    case KqlType::int64: return "System.Int64";
    case KqlType::real: return "System.Double";
    case KqlType::decimal: return "System.Data.SqlTypes.SqlDecimal";
    case KqlType::string: return "System.String";
    case KqlType::datetime: return "System.DateTime";
    case KqlType::timespan: return "System.TimeSpan";
    case KqlType::guid: return "System.Guid";
    case KqlType::dynamic: return "System.Object";
  }
  return "System.String";
}

event::TableBatch show_entities(Context& context) {
  const std::string& database = context.options.workspace_name;
  std::vector<std::vector<std::string>> rows;
  const auto schemas = context.services.schemas();
  for (const auto* table : schemas->all())
    rows.push_back(
        {database, table->name, "Table", table->description, table_folder(*table), csl_columns(*table), "[]", ""});
  if (context.services.functions)
    for (const auto& [name, function] : context.services.functions()->all())
      if (name.find('(') == std::string::npos)
        rows.push_back(
            {database, name, "Function", function.docstring, function.folder, "", function.parameters, function.body});
  return make_table({{"DatabaseName", S},
                     {"EntityName", S},
                     {"EntityType", S},
                     {"DocString", S},
                     {"Folder", S},
                     {"CslInputSchema", S},
                     {"Content", S},
                     {"CslOutputSchema", S}},
                    rows);
}

event::TableBatch show_schema(Context& context) {
  const std::string& database = context.options.workspace_name;
  std::vector<std::vector<std::string>> rows{{database, "", "", "", "false", "false", "", "v1.0"}};
  const auto schemas = context.services.schemas();
  for (const auto* table : schemas->all()) {
    rows.push_back({database, table->name, "", "", "false", "false", "", ""});
    for (const auto& column : table->columns)
      rows.push_back(
          {database, table->name, column.name, std::string(system_type(column.type)), "false", "false", "", ""});
  }
  return make_table({{"DatabaseName", S},
                     {"TableName", S},
                     {"ColumnName", S},
                     {"ColumnType", S},
                     {"IsDefaultTable", KqlType::boolean},
                     {"IsDefaultColumn", KqlType::boolean},
                     {"PrettyName", S},
                     {"Version", S}},
                    rows);
}

event::TableBatch show_schema_json(Context& context) {
  const std::string& database = context.options.workspace_name;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("Databases").begin_object().key(database).begin_object();
  json.key("Name").text(database).key("Tables").begin_object();
  const auto schemas = context.services.schemas();
  for (const auto* table : schemas->all()) json.key(table->name).raw(table_json(*table));
  json.end_object();
  for (const auto nothing : {"ExternalTables", "MaterializedViews", "EntityGroups", "Graphs"})
    json.key(nothing).begin_object().end_object();
  json.key("MajorVersion").number(1).key("MinorVersion").number(0);
  json.key("Functions").begin_object();
  if (context.services.functions)
    for (const auto& [name, function] : context.services.functions()->all()) {
      if (name.find('(') != std::string::npos) continue;
      json.key(name).begin_object().key("Name").text(name);
      write_parameters(json, function.parameters);
      json.key("Body")
          .text(function.body)
          .key("Folder")
          .text(function.folder)
          .key("DocString")
          .text(function.docstring);
      json.key("FunctionKind")
          .text(function.is_view ? "ViewFunction" : "Unknown")
          .key("OutputColumns")
          .begin_array()
          .end_array();
      json.end_object();
    }
  json.end_object().key("DatabaseAccessMode").text("ReadWrite");
  json.end_object().end_object().end_object();
  return make_table({{"DatabaseSchema", S}}, {{out}});
}

event::TableBatch show_schema_script(Context& context) {
  std::vector<std::vector<std::string>> rows;
  const auto schemas = context.services.schemas();
  for (const auto* table : schemas->all())
    rows.push_back({fmt::format(".create-merge table {} ({})", table->name, csl_columns(*table))});
  if (context.services.functions)
    for (const auto& [name, function] : context.services.functions()->all())
      if (name.find('(') == std::string::npos)
        rows.push_back(
            {fmt::format(".create-or-alter function {}{} {}", name, function.parameters,
                         trim(function.body).starts_with('{') ? function.body : "{\n" + function.body + "\n}")});
  return make_table({{"DatabaseSchemaScript", S}}, rows);
}

Result<event::TableBatch> show_table_names(Context& context, const std::vector<std::string>& names) {
  const auto schemas = context.services.schemas();
  std::vector<std::vector<std::string>> rows;
  for (const auto* table : TRY(chosen(*schemas, names)))
    rows.push_back({table->name, context.options.workspace_name, table_folder(*table), table->description});
  return make_table({{"TableName", S}, {"DatabaseName", S}, {"Folder", S}, {"DocString", S}}, rows);
}

Result<event::TableBatch> show_table_details(Context& context, const std::vector<std::string>& names) {
  const auto schemas = context.services.schemas();
  const auto tables = TRY(chosen(*schemas, names));
  std::map<std::string, TableSize> sizes;
  if (context.services.table_sizes)
    for (auto& size : TRY(context.services.table_sizes())) sizes[size.table] = size;
  std::vector<std::vector<std::string>> rows;
  for (const auto* table : tables) {
    const TableSize size = sizes[table->name];
    const std::string parts = std::to_string(size.parts), bytes = std::to_string(size.bytes),
                      original = std::to_string(size.uncompressed_bytes), count = std::to_string(size.rows);
    const std::string retention =
        table->retention.empty() ? "" : fmt::format("{{\"SoftDeletePeriod\":\"{}\"}}", table->retention);
    rows.push_back({table->name,
                    context.options.workspace_name,
                    table_folder(*table),
                    table->description,
                    parts,
                    bytes,
                    original,
                    count,
                    parts,
                    bytes,
                    original,
                    count,
                    "[]",
                    retention,
                    "",
                    "",
                    "",
                    "",
                    "",
                    time_text(size.first_ticks),
                    time_text(size.last_ticks),
                    "",
                    ""});
  }
  return make_table({{"TableName", S},
                     {"DatabaseName", S},
                     {"Folder", S},
                     {"DocString", S},
                     {"TotalExtents", KqlType::int64},
                     {"TotalExtentSize", KqlType::real},
                     {"TotalOriginalSize", KqlType::real},
                     {"TotalRowCount", KqlType::int64},
                     {"HotExtents", KqlType::int64},
                     {"HotExtentSize", KqlType::real},
                     {"HotOriginalSize", KqlType::real},
                     {"HotRowCount", KqlType::int64},
                     {"AuthorizedPrincipals", S},
                     {"RetentionPolicy", S},
                     {"CachingPolicy", S},
                     {"ShardingPolicy", S},
                     {"MergePolicy", S},
                     {"StreamingIngestionPolicy", S},
                     {"IngestionBatchingPolicy", S},
                     {"MinExtentsCreationTime", KqlType::datetime},
                     {"MaxExtentsCreationTime", KqlType::datetime},
                     {"RowOrderPolicy", S},
                     {"TableId", S}},
                    rows);
}

Result<event::TableBatch> show_table_schema(Context& context, const std::string& name, bool as_json) {
  const auto schemas = context.services.schemas();
  const auto* table = TRY(chosen(*schemas, {name})).front();
  return make_table({{"TableName", S}, {"Schema", S}, {"DatabaseName", S}, {"Folder", S}, {"DocString", S}},
                    {{table->name, as_json ? table_json(*table) : csl_columns(*table), context.options.workspace_name,
                      table_folder(*table), table->description}});
}

Result<event::TableBatch> show_table_columns(Context& context, const std::string& name) {
  const auto schemas = context.services.schemas();
  std::vector<std::vector<std::string>> rows;
  for (const auto& column : TRY(chosen(*schemas, {name})).front()->columns)
    rows.push_back({column.name, std::string(event::to_string(column.type)), "", "", "", "", column.description});
  return make_table({{"AttributeName", S},
                     {"AttributeType", S},
                     {"ExtentSize", KqlType::int64},
                     {"CompressionRatio", KqlType::real},
                     {"IndexSize", KqlType::int64},
                     {"IndexSizePercent", KqlType::real},
                     {"DocString", S}},
                    rows);
}

}  // namespace yagura::serve
