// Comma and tab separated text with a header line.
#include "files/columns.hpp"
#include "files/line_place.hpp"
#include "files/table_readers.hpp"
#include "files/text_source.hpp"
#include "query/csv_reader.hpp"

namespace yagura::files {

namespace {

constexpr std::size_t kWindow = 4 * 1024 * 1024, kLongestRecord = 64 * 1024 * 1024;
constexpr std::size_t kRowsPerBatch = 32'768, kBytesPerBatch = 16 * 1024 * 1024;

class CsvTable final : public FileTable {
 public:
  CsvTable(FileTableOptions options, char separator)
      : options_(std::move(options)), separator_(separator), columns_(options_.columns) {}

  Result<> look() {
    for (const auto& path : options_.paths)
      TRY(walk(path,
               [&](const std::vector<std::size_t>& places, const std::vector<std::string>& fields, std::uint64_t line,
                   bool unclosed) -> Result<bool> {
                 const auto bad = [&](std::string why) -> Result<bool> {
                   const std::string where = fmt::format("{}:{}: {}", path.string(), line, why);
                   if (!options_.skip_bad_lines) return fail(ErrorKind::invalid_input, "{}", where);
                   if (bad_.count++ == 0) bad_.first = where;
                   return false;
                 };
                 if (unclosed) return bad("a quote is not closed");
                 if (fields.size() > places.size())
                   return bad(fmt::format("{} fields, but the header has {}", fields.size(), places.size()));
                 for (std::size_t i = 0; i < fields.size(); ++i) columns_.guess(places[i]).see_cell(fields[i]);
                 return true;
               }));
    schema_ = columns_.schema(options_.name);
    if (schema_.columns.empty())
      return fail(ErrorKind::invalid_input, "{}: there is no header line", options_.paths.front().string());
    return {};
  }

  const event::TableSchema& schema() const override { return schema_; }

  Result<> read(const RowTaker& take) override {
    event::TableBatch batch(schema_);
    std::size_t bytes = 0;
    for (const auto& path : options_.paths)
      TRY(walk(path,
               [&](const std::vector<std::size_t>& places, const std::vector<std::string>& fields, std::uint64_t,
                   bool unclosed) -> Result<bool> {
                 if (unclosed || fields.size() > places.size()) return false;  // look() has said so
                 const std::size_t row = batch.row_count();
                 for (std::size_t i = 0; i < fields.size(); ++i) {
                   auto& column = batch.column(places[i]);
                   if (column.size() > row) continue;
                   if (fields[i].empty()) {
                     column.append_null();
                     continue;
                   }
                   bytes += fields[i].size();
                   const bool keeps_text =
                       column.type() == event::KqlType::string || column.type() == event::KqlType::decimal;
                   append_text_as(column, keeps_text ? batch.arena().copy(fields[i]) : std::string_view(fields[i]),
                                  batch.arena());
                 }
                 for (std::size_t i = 0; i < batch.column_count(); ++i) batch.column(i).pad(row + 1);
                 if (row + 1 >= kRowsPerBatch || bytes >= kBytesPerBatch) {
                   bytes = 0;
                   event::TableBatch full = std::exchange(batch, event::TableBatch(schema_));
                   TRY(take(std::move(full)));
                 }
                 return true;
               }));
    return batch.row_count() > 0 ? take(std::move(batch)) : Result<>();
  }

  std::vector<std::string> notes() const override {
    if (bad_.count == 0) return {};
    return {fmt::format("{} lines do not fit the header and were skipped; the first: {}", bad_.count, bad_.first)};
  }

 private:
  template <class Each>
  Result<> walk(const std::filesystem::path& path, Each each) {
    hunt::SlidingWindow window(TRY(open_text(path)));
    query::CsvReader reader(separator_);
    std::vector<std::string> fields;
    std::vector<std::size_t> places;
    std::size_t size = kWindow;
    bool first = true;
    while (true) {
      TRY(window.fill(size));
      auto view = window.view();
      std::size_t at = 0;
      if (first && view.starts_with("\xEF\xBB\xBF")) at = 3;
      while (reader.next(view, at, window.ended(), fields)) {
        if (!first) {
          TRY(each(places, fields, reader.line(), reader.unclosed_quote()));
          continue;
        }
        first = false;
        for (std::size_t i = 0; i < fields.size(); ++i) {
          const std::string name =
              trim(fields[i]).empty() ? fmt::format("Column{}", i + 1) : std::string(trim(fields[i]));
          const auto place = columns_.find(name, i);
          if (place && !schema_.columns.empty() && *place >= schema_.columns.size())
            return fail(ErrorKind::conflict, "{} was changed while it was read", path.string());
          if (!place) return fail(ErrorKind::invalid_input, "{}:1: there are more than 4096 columns", path.string());
          if (std::ranges::find(places, *place) != places.end())
            return fail(ErrorKind::invalid_input, "{}:1: two columns are called '{}'", path.string(), name);
          places.push_back(*place);
        }
      }
      if (window.ended()) return {};
      if (at == 0) {
        size = view.size() * 2;
        if (size > 2 * kLongestRecord)
          return fail(ErrorKind::invalid_input, "{}:{}: a record is longer than 64 MiB: is a quote not closed?",
                      path.string(), reader.line());
        continue;
      }
      size = kWindow;
      window.drop(at);
    }
  }

  const FileTableOptions options_;
  const char separator_;
  ColumnFinder columns_;
  event::TableSchema schema_;
  BadLines bad_;
};

}  // namespace

Result<std::unique_ptr<FileTable>> open_csv_table(FileTableOptions options, char separator) {
  auto table = std::make_unique<CsvTable>(std::move(options), separator);
  TRY(table->look());
  return table;
}

}  // namespace yagura::files
