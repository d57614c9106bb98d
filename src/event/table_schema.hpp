// Names and types of a table's columns, as Azure Monitor's table reference has them, and the set of all tables.
//
// Schema files are JSON: {"Name": "Syslog", "Properties": [{"Name": "TimeGenerated", "Type": "datetime"}, ...]},
// optionally "Description", per table "Retention" ("30d") and "OrderBy" (list of columns), per column "Description".
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/kql_type.hpp"

namespace yagura::event {

struct ColumnSchema {
  std::string name;
  KqlType type = KqlType::string;
  std::string description;
  friend bool operator==(const ColumnSchema&, const ColumnSchema&) = default;
};

struct TableSchema {
  std::string name;
  std::vector<ColumnSchema> columns;
  std::string description;
  std::string retention;               // "" for the workspace's default
  std::vector<std::string> order_by;   // "" for the store's default

  // Index of a column by exact name.
  std::optional<std::size_t> find(std::string_view column) const;
};

// Columns that every stored table has, whatever its schema says (docs/architecture.md, "Every row"):
//   TimeGenerated datetime (event time), _TimeRead datetime (read at the host), _TimeReceived datetime,
//   _TimeIngested datetime, _ItemId guid, _Position long (journal position), Type string (the table's name).
// add_standard_columns() appends those that are missing.
void add_standard_columns(TableSchema& schema);

Result<TableSchema> parse_table_schema(std::string_view json, std::string_view where);

// All tables by name; immutable once shared. Readers hold a shared_ptr<const SchemaSet>.
class SchemaSet {
 public:
  // Every *.json below `folder`. All mistakes in one Error.
  static Result<SchemaSet> load(const std::filesystem::path& folder);
  const TableSchema* find(std::string_view table) const;   // exact name
  void put(TableSchema schema);                            // adds or replaces
  std::vector<const TableSchema*> all() const;             // by name

 private:
  std::map<std::string, TableSchema, std::less<>> tables_;
};

}  // namespace yagura::event
