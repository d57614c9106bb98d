#include "files/file_table.hpp"

#include "files/table_readers.hpp"
#include "files/text_source.hpp"

namespace yagura::files {

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::json: return "json";
    case FileKind::csv: return "csv";
    case FileKind::tsv: return "tsv";
    case FileKind::syslog: return "syslog";
    case FileKind::windows: return "evtx";
    case FileKind::parquet: return "parquet";
  }
  return "";
}

std::optional<FileKind> parse_file_kind(std::string_view name) {
  const std::string word = to_lower_ascii(name);
  if (word == "json" || word == "jsonl" || word == "ndjson") return FileKind::json;
  if (word == "csv") return FileKind::csv;
  if (word == "tsv") return FileKind::tsv;
  if (word == "syslog" || word == "log") return FileKind::syslog;
  if (word == "evtx" || word == "xml") return FileKind::windows;
  if (word == "parquet") return FileKind::parquet;
  return std::nullopt;
}

Result<FileKind> kind_of_file(const std::filesystem::path& path) {
  auto source = TRY(open_text(path), "opening {}", path.string());
  std::string head;
  while (head.size() < 4096)
    if (!TRY(source->read(head, 4096), "reading {}", path.string())) break;
  std::string_view text = head;
  if (text.starts_with("PAR1")) return FileKind::parquet;
  if (text.starts_with(std::string_view("ElfFile\0", 8)) || text.starts_with("ElfChnk")) return FileKind::windows;
  // The ending before that of the compression: "a.csv.gz" is CSV.
  auto name = path.filename();
  for (const std::string_view packed : {".gz", ".zst", ".bz2", ".xz"})
    if (name.extension() == packed) name = name.stem();
  const std::string ending = to_lower_ascii(name.extension().string());
  if (ending == ".csv") return FileKind::csv;
  if (ending == ".tsv" || ending == ".tab") return FileKind::tsv;
  if (ending == ".evtx") return FileKind::windows;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\r\n")));
  if (text.starts_with("<Event") || text.starts_with("<?xml") || text.starts_with("<Events")) return FileKind::windows;
  if (text.starts_with('{') || text.starts_with('[')) return FileKind::json;
  if (ending == ".json" || ending == ".jsonl" || ending == ".ndjson") return FileKind::json;
  if (ending == ".parquet")
    return fail(ErrorKind::invalid_input, "{} is no Parquet file: it does not begin with PAR1", path.string());
  return FileKind::syslog;
}

Result<std::unique_ptr<FileTable>> FileTable::open(FileTableOptions options) {
  if (options.paths.empty()) return fail(ErrorKind::invalid_input, "the table {} has no file", options.name);
  FileKind kind = options.kind.value_or(FileKind::json);
  if (!options.kind)
    for (std::size_t i = 0; i < options.paths.size(); ++i) {
      const auto own = TRY(kind_of_file(options.paths[i]));
      if (i == 0)
        kind = own;
      else if (own != kind)
        return fail(ErrorKind::invalid_input,
                    "{} is {}, {} is {}: one table needs files of one kind; say which with --input-format",
                    options.paths[0].string(), to_string(kind), options.paths[i].string(), to_string(own));
    }
  switch (kind) {
    case FileKind::json: return open_json_table(std::move(options));
    case FileKind::csv: return open_csv_table(std::move(options), ',');
    case FileKind::tsv: return open_csv_table(std::move(options), '\t');
    case FileKind::syslog: return open_syslog_table(std::move(options));
    case FileKind::windows: return open_windows_table(std::move(options));
    case FileKind::parquet: return fail(ErrorKind::internal, "Parquet is read by the engine");
  }
  return fail(ErrorKind::internal, "no such kind");
}

Result<std::vector<event::ColumnSchema>> parse_columns(std::string_view text) {
  std::vector<event::ColumnSchema> columns;
  for (const auto part : split(text, ',')) {
    if (trim(part).empty()) continue;
    const auto colon = part.rfind(':');
    const auto name = trim(part.substr(0, colon));
    const auto type =
        colon == std::string_view::npos ? std::nullopt : event::parse_kql_type(trim(part.substr(colon + 1)));
    if (name.empty() || !type)
      return fail(ErrorKind::invalid_input,
                  "'{}' is no column of a schema; expected NAME:TYPE with one of bool, int, long, real, decimal, "
                  "string, datetime, timespan, guid, dynamic",
                  trim(part));
    columns.push_back({std::string(name), *type, ""});
  }
  return columns;
}

}  // namespace yagura::files
