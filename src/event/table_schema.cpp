#include "event/table_schema.hpp"

#include <boost/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::event {

namespace json = boost::json;

std::optional<std::size_t> TableSchema::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == column) return i;
  return std::nullopt;
}

void add_standard_columns(TableSchema& schema) {
  static const std::vector<ColumnSchema> standard{
      {"TimeGenerated", KqlType::datetime, "Time of the event, as its source tells it"},
      {"_TimeRead", KqlType::datetime, "When the host that has the log read it; null when unknown"},
      {"_TimeReceived", KqlType::datetime, "When Yagura received it"},
      {"_TimeIngested", KqlType::datetime, "When the row was written"},
      {"_ItemId", KqlType::guid, "Identity of the event; see `yagura evidence show`"},
      {"_Position", KqlType::int64, "Position of the raw bytes in the journal"},
      {"Type", KqlType::string, "Name of the table"},
  };
  for (const auto& column : standard)
    if (!schema.find(column.name)) schema.columns.push_back(column);
}

namespace {
std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
bool is_column_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || is_ascii_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; });
}
}  // namespace

Result<TableSchema> parse_table_schema(std::string_view text, std::string_view where) {
  boost::system::error_code error;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const json::value root = json::parse(text, error);
  if (error) return fail(ErrorKind::invalid_input, "{}: not valid JSON: {}", where, error.message());
  const auto* object = root.if_object();
  if (object == nullptr) return fail(ErrorKind::invalid_input, "{}: expected an object with Name and Properties", where);
  TableSchema schema;
  schema.name = text_of(*object, "Name");
  schema.description = text_of(*object, "Description");
  schema.retention = text_of(*object, "Retention");
  if (!is_column_name(schema.name))
    return fail(ErrorKind::invalid_input, "{}: 'Name' must be a table name of letters, digits and _, not '{}'", where, schema.name);
  const auto* properties = object->if_contains("Properties");
  if (properties == nullptr || !properties->is_array())
    return fail(ErrorKind::invalid_input, "{}: expected 'Properties', a list of columns", where);
  for (const auto& item : properties->get_array()) {
    const auto* property = item.if_object();
    if (property == nullptr) return fail(ErrorKind::invalid_input, "{}: each of 'Properties' must be an object", where);
    ColumnSchema column;
    column.name = text_of(*property, "Name");
    column.description = text_of(*property, "Description");
    const std::string type = text_of(*property, "Type");
    if (!is_column_name(column.name))
      return fail(ErrorKind::invalid_input, "{}: '{}' is no column name (letters, digits and _)", where, column.name);
    const auto known = parse_kql_type(to_lower_ascii(type));
    if (!known)
      return fail(ErrorKind::invalid_input,
                  "{}: column '{}' has unknown type '{}'; expected bool, int, long, real, decimal, string, datetime, timespan, guid or dynamic",
                  where, column.name, type);
    column.type = *known;
    if (schema.find(column.name)) return fail(ErrorKind::invalid_input, "{}: column '{}' is there twice", where, column.name);
    schema.columns.push_back(std::move(column));
  }
  if (const auto* order = object->if_contains("OrderBy"); order != nullptr && order->is_array()) {
    for (const auto& item : order->get_array()) {
      if (!item.is_string() || !schema.find(std::string_view(item.get_string())))
        return fail(ErrorKind::invalid_input, "{}: 'OrderBy' must name columns of the table", where);
      schema.order_by.emplace_back(item.get_string());
    }
  }
  return schema;
}

Result<SchemaSet> SchemaSet::load(const std::filesystem::path& folder) {
  SchemaSet set;
  std::string mistakes;
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  if (error) return fail(ErrorKind::not_found, "table schemas in {}: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    auto text = read_file(file, 4_MiB);
    auto schema = text ? parse_table_schema(*text, file.string()) : Result<TableSchema>(std::unexpected(text.error()));
    if (schema) set.put(std::move(*schema));
    else mistakes += (mistakes.empty() ? "" : "\n") + schema.error().message();
  }
  if (!mistakes.empty()) return fail(ErrorKind::invalid_input, "{}", mistakes);
  return set;
}

const TableSchema* SchemaSet::find(std::string_view table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? nullptr : &found->second;
}

void SchemaSet::put(TableSchema schema) {
  add_standard_columns(schema);
  auto name = schema.name;
  tables_.insert_or_assign(std::move(name), std::move(schema));
}

std::vector<const TableSchema*> SchemaSet::all() const {
  std::vector<const TableSchema*> out;
  for (const auto& [name, schema] : tables_) out.push_back(&schema);
  return out;
}

}  // namespace yagura::event
