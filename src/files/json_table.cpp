// JSON lines, values one after another, and JSON arrays.
#include <simdjson.h>

#include <unordered_set>

#include "base/json_writer.hpp"
#include "files/columns.hpp"
#include "files/line_place.hpp"
#include "files/table_readers.hpp"
#include "files/text_source.hpp"
#include "base/json_cutter.hpp"

namespace yagura::files {

namespace dom = simdjson::dom;
using event::KqlType;

namespace {

constexpr std::size_t kWindow = 4 * 1024 * 1024, kLongestValue = 64 * 1024 * 1024;
constexpr std::size_t kRowsPerBatch = 32'768, kBytesPerBatch = 16 * 1024 * 1024;

// Calls `each(text, line)` for every JSON value of the file. `text` may be read a little beyond its end.
class JsonValues {
 public:
  explicit JsonValues(const std::filesystem::path& path) : path_(path) {}

  template <class Each>
  Result<> walk(Each each) {
    hunt::SlidingWindow window(TRY(open_text(path_)));
    TRY(window.fill(kWindow));
    const auto first = window.view().find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    // A line that is a whole object begins a file of lines; else values lie over several lines, or in an array.
    const auto end_of_line = window.view().find('\n', first);
    const auto line = window.view().substr(
        first, end_of_line == std::string_view::npos ? std::string_view::npos : end_of_line - first);
    // One object alone may hold the records of all: {"Records": [...]}.
    const bool alone = window.ended() && (end_of_line == std::string_view::npos || window.view().find_first_not_of(" \t\r\n", end_of_line) == std::string_view::npos);
    if (window.view()[first] == '{' && !alone && is_whole(line)) return walk_lines(window, each);
    return walk_values(window, each);
  }

 private:
  bool is_whole(std::string_view line) {
    const simdjson::padded_string copy(line);
    simdjson::dom::parser parser;
    return parser.parse(copy).error() == simdjson::SUCCESS;
  }

  template <class Each>
  Result<> walk_lines(hunt::SlidingWindow& window, Each& each) {
    std::uint64_t line = 1;
    while (true) {
      TRY(window.fill(kWindow));
      const auto view = window.view();
      if (view.empty()) return {};
      std::size_t end = view.rfind('\n');
      if (end == std::string_view::npos || window.ended()) {
        if (!window.ended()) {
          // One line longer than the window.
          if (view.size() >= kLongestValue)
            return fail(ErrorKind::invalid_input, "{}:{}: the line is longer than 64 MiB", path_.string(), line);
          TRY(window.fill(view.size() * 2));
          if (window.view().size() > view.size()) continue;
        }
        end = view.size();
      } else {
        ++end;
      }
      for (std::size_t at = 0; at < end;) {
        auto stop = view.find('\n', at);
        if (stop == std::string_view::npos || stop > end) stop = end;
        const auto text = view.substr(at, stop - at);
        if (text.find_first_not_of(" \t\r") != std::string_view::npos) TRY(each(text, line));
        ++line;
        at = stop + 1;
      }
      window.drop(end);
    }
  }

  template <class Each>
  Result<> walk_values(hunt::SlidingWindow& window, Each& each) {
    JsonCutter cutter;
    std::vector<JsonPiece> pieces;
    std::uint64_t line = 1;
    std::size_t size = kWindow;
    while (true) {
      TRY(window.fill(size));
      const auto view = window.view();
      if (view.empty()) return {};
      pieces.clear();
      std::size_t consumed = 0;
      cutter.cut(view, window.ended(), pieces, consumed);
      std::size_t counted = 0;
      for (const auto& piece : pieces) {
        line += count_lines(view.substr(counted, piece.at - counted));
        counted = piece.at;
        TRY(each(view.substr(piece.at, piece.size), line));
      }
      line += count_lines(view.substr(counted, std::max(consumed, counted) - counted));
      if (consumed == 0) {
        if (window.ended()) return {};
        size = view.size() * 2;
        if (size > 2 * kLongestValue)
          return fail(ErrorKind::invalid_input, "{}:{}: a JSON value is longer than 64 MiB", path_.string(), line);
        continue;
      }
      size = kWindow;
      window.drop(consumed);
    }
  }

  const std::filesystem::path& path_;
};

// Parses one value at a time. The DOM: unlike the on-demand reader it picks the processor's best code when the program
// runs.
class Parser {
 public:
  // What it gives is good until the next call. The error says what is wrong.
  simdjson::simdjson_result<dom::object> object(std::string_view text) {
    if (buffer_.size() < text.size() + simdjson::SIMDJSON_PADDING)
      buffer_.resize(std::max(buffer_.size() * 2, text.size() + simdjson::SIMDJSON_PADDING));
    std::memcpy(buffer_.data(), text.data(), text.size());
    std::memset(buffer_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser_.parse(buffer_.data(), text.size(), false).get_object();
  }

 private:
  dom::parser parser_;
  std::vector<char> buffer_;
};

class JsonTable final : public FileTable {
 public:
  explicit JsonTable(FileTableOptions options) : options_(std::move(options)), columns_(options_.columns) {}

  Result<> look() {
    for (const auto& path : options_.paths) {
      JsonValues values(path);
      TRY(values.walk([&](std::string_view text, std::uint64_t line) { return look_at(path, text, line); }));
    }
    schema_ = columns_.schema(options_.name);
    if (schema_.columns.empty())
      return fail(ErrorKind::invalid_input, "{}: there is no JSON object in it", options_.paths.front().string());
    return {};
  }

  const event::TableSchema& schema() const override { return schema_; }

  Result<> read(const RowTaker& take) override {
    event::TableBatch batch(schema_);
    values_ = 0;
    std::size_t bytes = 0;
    for (const auto& path : options_.paths) {
      JsonValues values(path);
      TRY(values.walk([&](std::string_view text, std::uint64_t) -> Result<> {
        if (bad_values_.contains(++values_)) return {};
        const std::size_t rows = batch.row_count();
        append(batch, text);
        bytes += text.size();
        if (rows + 1 < kRowsPerBatch && bytes < kBytesPerBatch) return {};
        bytes = 0;
        event::TableBatch full = std::exchange(batch, event::TableBatch(schema_));
        return take(std::move(full));
      }));
    }
    return batch.row_count() > 0 ? take(std::move(batch)) : Result<>();
  }

  std::vector<std::string> notes() const override {
    if (bad_.count == 0) return {};
    return {fmt::format("{} lines are no JSON objects and were skipped; the first: {}", bad_.count, bad_.first)};
  }

 private:
  Result<> look_at(const std::filesystem::path& path, std::string_view text, std::uint64_t line) {
    const auto broken = [&](std::string_view why) -> Result<> {
      const std::string where = fmt::format("{}:{}: {}", path.string(), line, why);
      if (!options_.skip_bad_lines) return fail(ErrorKind::invalid_input, "{}", where);
      if (bad_.count++ == 0) bad_.first = where;
      bad_values_.insert(values_);
      return {};
    };
    ++values_;
    dom::object object;
    if (const auto error = parser_.object(text).get(object); error != simdjson::SUCCESS)
      return broken(error == simdjson::INCORRECT_TYPE
                        ? std::string("expected a JSON object")
                        : fmt::format("this is no JSON object: {}", simdjson::error_message(error)));
    std::size_t expected = 0;
    for (const auto field : object) {
      const auto column = columns_.find(field.key, expected);
      if (!column) return broken("there are more than 4096 different names");
      expected = *column + 1;
      auto& guess = columns_.guess(*column);
      switch (field.value.type()) {
        case dom::element_type::BOOL: guess.see_boolean(); break;
        case dom::element_type::NULL_VALUE: break;
        case dom::element_type::STRING: guess.see_text(std::string_view(field.value)); break;
        case dom::element_type::INT64: guess.see_integer(); break;
        case dom::element_type::UINT64: guess.see_big(); break;
        case dom::element_type::DOUBLE: guess.see_real(); break;
        default: guess.see_structure();
      }
    }
    return {};
  }

  void append(event::TableBatch& batch, std::string_view text) {
    const std::size_t row = batch.row_count();
    dom::object object;
    if (parser_.object(text).get(object) != simdjson::SUCCESS) return;  // the file was changed while it was read
    std::size_t expected = 0;
    for (const auto field : object) {
      const auto at = columns_.find(field.key, expected);
      if (!at || *at >= batch.column_count()) continue;
      expected = *at + 1;
      auto& column = batch.column(*at);
      if (column.size() > row) continue;  // the same name twice: the first counts
      column.pad(row);
      append_value(column, field.value, batch.arena());
    }
    for (std::size_t i = 0; i < batch.column_count(); ++i) batch.column(i).pad(row + 1);
  }

  static void append_value(event::Column& column, const dom::element& value, Arena& arena) {
    const auto type = value.type();
    if (type == dom::element_type::NULL_VALUE) return column.append_null();
    switch (column.type()) {
      case KqlType::boolean:
        if (type == dom::element_type::BOOL) return column.append_boolean(bool(value));
        break;
      case KqlType::int64:
        if (type == dom::element_type::INT64) return column.append_int64(std::int64_t(value));
        break;
      case KqlType::real:
        if (type == dom::element_type::DOUBLE || type == dom::element_type::INT64 || type == dom::element_type::UINT64)
          return column.append_real(double(value));
        break;
      case KqlType::dynamic: return column.append_text(arena.copy(simdjson::to_string(value)));
      default: break;
    }
    if (type == dom::element_type::STRING) return append_text_as(column, arena.copy(std::string_view(value)), arena);
    append_text_as(column, arena.copy(simdjson::to_string(value)), arena);
  }

  const FileTableOptions options_;
  ColumnFinder columns_;
  event::TableSchema schema_;
  Parser parser_;
  BadLines bad_;
  std::uint64_t values_ = 0;                      // seen in this pass
  std::unordered_set<std::uint64_t> bad_values_;  // which of them look() skipped
};

}  // namespace

Result<std::unique_ptr<FileTable>> open_json_table(FileTableOptions options) {
  auto table = std::make_unique<JsonTable>(std::move(options));
  TRY(table->look());
  return table;
}

}  // namespace yagura::files
