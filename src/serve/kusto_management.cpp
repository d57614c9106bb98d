#include "serve/kusto_management.hpp"

#include <unistd.h>

#include <thread>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "query/command_reader.hpp"
#include "serve/function_commands.hpp"
#include "serve/kusto_schema.hpp"

namespace yagura::serve {

using event::KqlType;
using query::CommandReader;

namespace {

constexpr auto S = KqlType::string;

// A GUID that is always the same for a name: databases and tables have none of their own.
std::string guid_of(std::string_view name) {
  std::string hex = to_hex(as_text(sha256(name))).substr(0, 32);
  hex[12] = '8';
  hex[16] = 'a';
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

event::TableBatch show_version(const Context& context) {
  return make_table(
      {{"BuildVersion", S},
       {"BuildTime", KqlType::datetime},
       {"ServiceType", S},
       {"ProductVersion", S},
       {"ServiceOffering", S}},
      {{context.options.version, "", "Engine", "Yagura " + context.options.version, "{\"Type\":\"Yagura\"}"}});
}

event::TableBatch show_cluster(const Context& context) {
  char host[256] = "yagura";
  (void)::gethostname(host, sizeof host - 1);
  const auto memory = std::to_string(static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE));
  const auto free_memory =
      std::to_string(static_cast<std::int64_t>(::sysconf(_SC_AVPHYS_PAGES)) * ::sysconf(_SC_PAGESIZE));
  return make_table(
      {{"NodeId", S},
       {"Address", S},
       {"Name", S},
       {"StartTime", KqlType::datetime},
       {"IsAdmin", KqlType::boolean},
       {"MachineTotalMemory", KqlType::int64},
       {"MachineAvailableMemory", KqlType::int64},
       {"ProcessorCount", KqlType::int32},
       {"EnvironmentDescription", S},
       {"ProductVersion", S}},
      {{guid_of(host), "", host, "", "true", memory, free_memory, std::to_string(std::thread::hardware_concurrency()),
        "Yagura", "Yagura " + context.options.version}});
}

event::TableBatch show_databases(const Context& context, bool details) {
  const std::string& name = context.options.workspace_name;
  TableColumns columns{
      {"DatabaseName", S},       {"PersistentStorage", S},          {"Version", S},     {"IsCurrent", KqlType::boolean},
      {"DatabaseAccessMode", S}, {"PrettyName", S},                 {"ReservedSlot1", KqlType::boolean},
      {"DatabaseId", KqlType::guid}, {"InTransitionTo", S},         {"SuspensionState", S}};
  std::vector<std::string> row{name, "", "v1.0", "true", "ReadWrite", "", "", guid_of("database " + name), "", ""};
  if (details) {
    columns.emplace_back("DatabaseSizeMB", KqlType::real);
    row.emplace_back();
  }
  return make_table(columns, {row});
}

Result<std::vector<std::string>> name_list(CommandReader& reader, std::string_view what) {
  std::vector<std::string> names;
  if (!reader.symbol('(')) return names;
  do names.push_back(TRY(reader.name(what)));
  while (reader.symbol(','));
  if (!reader.symbol(')')) return std::unexpected(reader.expected(", or )"));
  return names;
}

Result<event::TableBatch> show_database(Context& context, CommandReader& reader) {
  const bool all = reader.word("databases");
  if (!all && !reader.word("database")) return std::unexpected(reader.expected("database"));
  static constexpr std::string_view kOptions[] = {"details", "identity", "policies", "datastats"};
  const auto option = [&] {
    for (const auto word : kOptions)
      if (reader.word(word)) return word;
    return std::string_view();
  };
  if (const auto word = option(); !word.empty() || reader.at_end())
    return TRY(reader.end()), show_databases(context, word == "details" || word == "datastats");
  if (all && reader.word("entities")) return show_entities(context);
  if (!reader.word("schema") && !reader.word("cslschema")) {
    std::vector<std::string> names;
    if (all)
      names = TRY(name_list(reader, "the database's name"));
    else
      names.push_back(TRY(reader.name("the database's name")));
    if (const auto word = option(); !word.empty() || reader.at_end())
      return TRY(reader.end()), show_databases(context, word == "details" || word == "datastats");
    if (reader.word("cslschema")) return show_schema_script(context);
    if (!reader.word("schema")) return std::unexpected(reader.expected("schema, cslschema or details"));
  }
  (void)reader.word("details");  // the flat list has all there is
  if (reader.word("if_later_than")) TRY(reader.value("a version"));
  if (reader.words({"as", "json"})) return show_schema_json(context);
  if (reader.words({"as", "csl", "script"})) return show_schema_script(context);
  TRY(reader.end());
  return show_schema(context);
}

Result<event::TableBatch> show_tables(Context& context, CommandReader& reader) {
  const auto names = TRY(name_list(reader, "a table's name"));
  const bool details = reader.word("details");
  TRY(reader.end());
  return details ? show_table_details(context, names) : show_table_names(context, names);
}

Result<event::TableBatch> show_table(Context& context, CommandReader& reader) {
  const std::string name = TRY(reader.name("the table's name"));
  if (reader.word("details")) return TRY(reader.end()), show_table_details(context, {name});
  if (reader.word("cslschema")) return TRY(reader.end()), show_table_schema(context, name, false);
  if (reader.words({"schema", "as", "json"})) return TRY(reader.end()), show_table_schema(context, name, true);
  if (reader.words({"schema", "as", "csl"})) return TRY(reader.end()), show_table_schema(context, name, false);
  if (reader.at_end()) return show_table_columns(context, name);
  return std::unexpected(reader.expected("details, cslschema or schema as json"));
}

}  // namespace

Result<event::TableBatch> run_kusto_command(Context& context, const Exchange& exchange, const KustoCommand& command) {
  CommandReader reader(command.text);
  if (!reader.symbol('.')) return std::unexpected(reader.expected("a command such as .show tables"));
  if (reader.word("show")) {
    if (reader.word("version")) return show_version(context);
    if (reader.words({"cluster", "databases"})) return show_databases(context, reader.word("details"));
    if (reader.word("cluster")) return show_cluster(context);
    if (reader.word("tables")) return show_tables(context, reader);
    if (reader.word("table")) return show_table(context, reader);
    if (reader.word("functions")) return show_functions(context);
    if (reader.word("function")) return show_function(context, reader);
    if (reader.word("schema")) return reader.words({"as", "json"}) ? show_schema_json(context) : show_schema(context);
    // What ADX's tools ask for and is not here: empty, not an error.
    for (const auto words : {"materialized-views", "graph_models"})
      if (reader.word(words))
        return make_table({{"Name", S}, {"SourceTable", S}, {"Query", S}, {"Folder", S}, {"DocString", S}}, {});
    if (reader.words({"external", "tables"}))
      return make_table({{"TableName", S}, {"TableType", S}, {"Folder", S}, {"DocString", S}, {"Properties", S}}, {});
    if (reader.words({"ingestion", "mappings"})) return make_table({{"Name", S}, {"Kind", S}, {"Mapping", S}}, {});
    if (reader.rest().starts_with("database")) return show_database(context, reader);
    return std::unexpected(Error(
        ErrorKind::invalid_input,
        reader
            .expected("version, cluster, databases, database, tables, table, functions, function or schema after .show")
            .message()));
  }
  for (const auto word : {"create", "create-or-alter", "alter", "drop"})
    if (CommandReader ahead(command.text);
        ahead.symbol('.') && ahead.word(word) && (ahead.word("function") || ahead.word("functions"))) {
      if (command.read_only) return fail(ErrorKind::permission_denied, "the request is marked as read-only");
      return change_function(context, exchange, command.text);
    }
  const std::string_view first =
      reader.rest().substr(0, std::min<std::size_t>(reader.rest().find_first_of(" \t\r\n"), 40));
  static constexpr std::string_view kKnown[] = {"show", "create", "create-or-alter", "alter", "drop"};
  return fail(ErrorKind::not_supported,
              "the command .{} is not supported here{}; there are .show version, cluster, databases, database schema, "
              "tables, table, functions, function, and "
              ".create, .create-or-alter, .alter, .drop function. Tables are made over /api/v1/tables",
              first, did_you_mean(first, kKnown));
}

event::TableBatch make_table(const TableColumns& columns,
                             const std::vector<std::vector<std::string>>& rows) {
  std::vector<event::ColumnSchema> schema;
  for (const auto& [name, type] : columns) schema.push_back({std::string(name), type, ""});
  event::TableBatch batch("Table_0", schema);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < schema.size(); ++i) {
      auto& column = batch.column(i);
      const std::string_view cell = i < row.size() ? std::string_view(row[i]) : std::string_view();
      if (cell.empty() && column.type() != S) {
        column.append_null();
        continue;
      }
      switch (column.type()) {
        case KqlType::boolean: column.append_boolean(cell == "true"); break;
        case KqlType::int32: column.append_int32(static_cast<std::int32_t>(parse_int64(cell).value_or(0))); break;
        case KqlType::int64: column.append_int64(parse_int64(cell).value_or(0)); break;
        case KqlType::real: column.append_real(parse_double(cell).value_or(0)); break;
        case KqlType::datetime: column.append_int64(parse_iso8601(cell).value_or(0)); break;
        case KqlType::timespan: column.append_int64(parse_int64(cell).value_or(0)); break;
        case KqlType::guid: column.append_guid(Guid::parse(cell).value_or(Guid{})); break;
        default: column.append_text(batch.arena().copy(cell));
      }
    }
  return batch;
}

std::string as_datatable(const event::TableBatch& table) {
  std::string out = "datatable(";
  for (std::size_t i = 0; i < table.column_count(); ++i)
    out += fmt::format("{}['{}']:{}", i == 0 ? "" : ", ", table.schema()[i].name,
                       event::to_string(table.schema()[i].type));
  out += ")[";
  for (std::size_t row = 0; row < table.row_count(); ++row)
    for (std::size_t i = 0; i < table.column_count(); ++i) {
      out += row + i == 0 ? "" : ",";
      const auto& column = table.column(i);
      std::string text;
      event::append_cell_text(text, column, row);
      if (column.type() == S) {
        append_json_string(out, text);  // its escapes are KQL's
      } else if (column.is_null(row)) {
        out += fmt::format("{}(null)", event::to_string(column.type()));
      } else {
        out += fmt::format("{}({})", event::to_string(column.type()), text);
      }
    }
  return out + "]";
}

}  // namespace yagura::serve
