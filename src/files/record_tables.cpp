// Files whose lines our decoders read: syslog into the columns of Syslog (or CommonSecurityLog), Windows events (EVTX,
// XML) into those of WindowsEvent.
#include <iostream>

#include "base/json_writer.hpp"
#include "event/event_time.hpp"
#include "files/columns.hpp"
#include "files/table_readers.hpp"
#include "hunt/piece_decoder.hpp"
#include "normalise/router.hpp"

namespace yagura::files {

using event::KqlType;

namespace {

constexpr std::size_t kRowsPerBatch = 32'768;

// Calls `each` with the records of the files, piece by piece.
template <class Each>
Result<> for_records(const FileTableOptions& options, std::vector<std::string>& notes, Each each) {
  std::vector<std::string> names;
  for (const auto& path : options.paths) names.push_back(path.string());
  std::vector<hunt::FileProblem> problems;
  auto found = hunt::find_evidence(names, problems);
  if (!problems.empty()) return fail(ErrorKind::invalid_input, "{}: {}", problems.front().file, problems.front().what);
  hunt::Evidence evidence(std::move(found), std::cin);
  hunt::PieceDecoder decoder(evidence.files(), {});
  std::uint64_t damaged = 0;
  std::string first;
  while (auto piece = evidence.next()) {
    auto records = std::make_shared<event::RecordBatch>();
    hunt::DecodeNotes decoded;
    decoder.decode(*piece, *records, decoded);
    for (const auto* list : {&piece->problems, &decoded.problems})
      for (const auto& problem : *list) {
        if (damaged++ == 0)
          first = problem.offset ? fmt::format("{} at byte {}: {}", problem.file, *problem.offset, problem.what)
                                 : fmt::format("{}: {}", problem.file, problem.what);
      }
    TRY(each(*piece, std::move(records)));
  }
  if (damaged > 0) notes.push_back(fmt::format("{} place{} could not be read; the first: {}", damaged, damaged == 1 ? "" : "s", first));
  return {};
}

class SyslogTable final : public FileTable {
 public:
  SyslogTable(FileTableOptions options, event::TableSchema schema, normalise::Router router)
      : options_(std::move(options)), wanted_(schema.name), router_(std::move(router)), schema_(std::move(schema)) {
    schema_.name = options_.name;
  }
  const event::TableSchema& schema() const override { return schema_; }

  Result<> read(const RowTaker& take) override {
    const auto now = ReceiveClock::now();
    std::uint64_t other = 0;
    std::string other_table;
    TRY(for_records(options_, notes_, [&](const hunt::Piece&, std::shared_ptr<event::RecordBatch> records) -> Result<> {
      for (auto& rows : router_.rows(records, now)) {
        if (rows.table() != wanted_) {
          other += rows.row_count();
          other_table = rows.table();
          continue;
        }
        event::TableBatch out(schema_);
        for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
          if (const auto at = rows.find(schema_.columns[i].name); at && rows.column(*at).size() == rows.row_count())
            out.column(i).append_all(rows.column(*at));
          else
            out.column(i).pad(rows.row_count());
        }
        out.adopt(std::make_shared<event::TableBatch>(std::move(rows)));
        TRY(take(std::move(out)));
      }
      return {};
    }));
    if (other > 0)
      notes_.push_back(fmt::format("{} lines belong into {} and are not in {}; read them with --from {}=FILE", other,
                                   other_table, options_.name, other_table));
    return {};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  const FileTableOptions options_;
  const std::string wanted_;  // the router's name of it
  const normalise::Router router_;
  event::TableSchema schema_;
  std::vector<std::string> notes_;
};

// Where a field of the record goes; all others are EventData.
struct SystemField {
  std::string_view field, column;
  KqlType type;
};
constexpr SystemField kSystem[] = {
    {"Provider_Name", "Provider", KqlType::string},
    {"Channel", "Channel", KqlType::string},
    {"Computer", "Computer", KqlType::string},
    {"EventID", "EventID", KqlType::int32},
    {"Level", "EventLevel", KqlType::int32},
    {"Task", "Task", KqlType::int32},
    {"Opcode", "Opcode", KqlType::string},
    {"Keywords", "Keywords", KqlType::string},
    {"Version", "Version", KqlType::int32},
    {"EventRecordID", "EventRecordId", KqlType::string},
    {"Execution_ProcessID", "SystemProcessId", KqlType::int32},
    {"Execution_ThreadID", "SystemThreadId", KqlType::int32},
    {"Security_UserID", "SystemUserId", KqlType::string},
    {"Correlation_ActivityID", "Correlation", KqlType::string},
};
// Of System, and told already by another column or by nobody asked for.
constexpr std::string_view kLeftOut[] = {"TimeCreated_SystemTime", "Provider_Guid", "Provider_EventSourceName",
                                         "Correlation_RelatedActivityID", "EventID_Qualifiers"};

class WindowsTable final : public FileTable {
 public:
  explicit WindowsTable(FileTableOptions options) : options_(std::move(options)) {
    schema_.name = options_.name;
    schema_.columns.push_back({"TimeGenerated", KqlType::datetime, ""});
    for (const auto& field : kSystem) schema_.columns.push_back({std::string(field.column), field.type, ""});
    schema_.columns.push_back({"EventLevelName", KqlType::string, ""});
    schema_.columns.push_back({"EventData", KqlType::dynamic, ""});
  }
  const event::TableSchema& schema() const override { return schema_; }

  Result<> read(const RowTaker& take) override {
    event::TableBatch batch(schema_);
    TRY(for_records(options_, notes_, [&](const hunt::Piece&, std::shared_ptr<event::RecordBatch> records) -> Result<> {
      for (std::size_t i = 0; i < records->size(); ++i) append(batch, (*records)[i]);
      if (batch.row_count() < kRowsPerBatch) return {};
      event::TableBatch full = std::exchange(batch, event::TableBatch(schema_));
      return take(std::move(full));
    }));
    return batch.row_count() > 0 ? take(std::move(batch)) : Result<>();
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  void append(event::TableBatch& batch, const event::Record& record) {
    auto& arena = batch.arena();
    if (record.header().has_own_time)
      batch.column(0).append_int64(record.header().time.time_since_epoch().count());
    else
      batch.column(0).append_null();
    std::string text;
    std::int64_t level = -1;
    for (std::size_t i = 0; i < std::size(kSystem); ++i) {
      auto& column = batch.column(i + 1);
      const event::Value* value = record.find(kSystem[i].field);
      text.clear();
      if (value != nullptr) event::append_text(text, *value);
      if (kSystem[i].column == "EventLevel") level = parse_int64(text).value_or(-1);
      if (text.empty() && kSystem[i].type != KqlType::string)
        column.append_null();
      else
        append_text_as(column, arena.copy(text), arena);
    }
    static constexpr std::string_view kLevels[] = {"LogAlways", "Critical",    "Error",
                                                   "Warning",   "Information", "Verbose"};
    batch.column(std::size(kSystem) + 1).append_text(level >= 0 && level < 6 ? kLevels[level] : "");
    text.clear();
    text += '{';
    for (const auto& field : record.fields()) {
      const auto name = event::name_of(field.id);
      if (std::ranges::any_of(kSystem, [&](const auto& s) { return s.field == name; }) ||
          std::ranges::find(kLeftOut, name) != std::end(kLeftOut))
        continue;
      if (text.size() > 1) text += ',';
      append_json_string(text, name);
      text += ':';
      // Sentinel's EventData has texts, whatever the type in the file.
      if (field.value.kind() == event::Value::Kind::string || field.value.kind() == event::Value::Kind::list ||
          field.value.kind() == event::Value::Kind::object) {
        event::append_json(text, field.value);
      } else {
        std::string plain;
        event::append_text(plain, field.value);
        append_json_string(text, plain);
      }
    }
    text += '}';
    batch.column(std::size(kSystem) + 2).append_text(arena.copy(text));
  }

  const FileTableOptions options_;
  event::TableSchema schema_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::unique_ptr<FileTable>> open_syslog_table(FileTableOptions options) {
  if (!options.columns.empty())
    return fail(ErrorKind::invalid_input,
                "the columns of a syslog file are those of the table Syslog; --schema is for JSON, CSV and TSV");
  const std::string table = options.name == "CommonSecurityLog" ? "CommonSecurityLog" : "Syslog";
  const auto* schema = options.schemas ? options.schemas->find(table) : nullptr;
  if (schema == nullptr) return fail(ErrorKind::not_found, "no schema of the table {}: is --content right?", table);
  auto router = TRY(normalise::Router::create(options.schemas, {}));
  event::TableSchema own = *schema;
  return std::make_unique<SyslogTable>(std::move(options), std::move(own), std::move(router));
}

Result<std::unique_ptr<FileTable>> open_windows_table(FileTableOptions options) {
  if (!options.columns.empty())
    return fail(ErrorKind::invalid_input,
                "the columns of Windows events are those of the table WindowsEvent; --schema is for JSON, CSV and TSV");
  return std::make_unique<WindowsTable>(std::move(options));
}

}  // namespace yagura::files
