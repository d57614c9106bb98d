// Files as one table of a query: which columns they have, and their rows.
//
//   auto table = TRY(FileTable::open({.name = "T", .paths = {"a.jsonl", "b.jsonl.gz"}}));   // reads all of it: types
//   table->schema();
//   TRY(table->read([&](event::TableBatch&& rows) { return store.insert(rows, ...); }));    // reads it again: rows
//
// JSON lines, JSON arrays, CSV and TSV get their columns by looking at every value (type_guess.hpp); syslog, EVTX and
// Windows event XML have those of the tables Syslog and WindowsEvent. Memory is bounded by a piece of a file. One
// thread. Errors name file and line. Parquet is not read here: the engine reads it.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "event/table_batch.hpp"

namespace yagura::files {

enum class FileKind : std::uint8_t { json, csv, tsv, syslog, windows, parquet };
std::string_view to_string(FileKind kind);
std::optional<FileKind> parse_file_kind(std::string_view name);  // json, jsonl, csv, tsv, syslog, evtx, xml, parquet
// By the first bytes (inside of what they are packed in), and the name's ending.
Result<FileKind> kind_of_file(const std::filesystem::path& path);

struct FileTableOptions {
  std::string name;                                 // of the table
  std::vector<std::filesystem::path> paths;         // in this order
  std::optional<FileKind> kind;                     // of all of them; else each file's own, which must agree
  std::vector<event::ColumnSchema> columns;         // types that are given; the others are found out
  std::shared_ptr<const event::SchemaSet> schemas;  // for syslog: content/tables
  bool skip_bad_lines = false;                      // count them instead of failing
};

using RowTaker = std::function<Result<>(event::TableBatch&& rows)>;

class FileTable {
 public:
  // invalid_input names the file and line that cannot be read.
  static Result<std::unique_ptr<FileTable>> open(FileTableOptions options);
  virtual ~FileTable() = default;
  virtual const event::TableSchema& schema() const = 0;
  virtual Result<> read(const RowTaker& take) = 0;
  // What people should know: lines that were skipped, values that did not fit.
  virtual std::vector<std::string> notes() const { return {}; }
};

// "a:long, b:datetime" to columns.
Result<std::vector<event::ColumnSchema>> parse_columns(std::string_view text);

}  // namespace yagura::files
