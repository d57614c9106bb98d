#include "query/watchlist_file.hpp"

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "query/csv_reader.hpp"

namespace yagura::query {

std::string watchlist_item_json(const std::vector<std::string>& columns, const std::vector<std::string>& values) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (std::size_t i = 0; i < columns.size(); ++i)
    json.key(columns[i]).text(i < values.size() ? std::string_view(values[i]) : std::string_view());
  json.end_object();
  return out;
}

Result<WatchlistFile> parse_watchlist_csv(std::string_view text, std::string_view search_key, std::size_t skip_lines) {
  constexpr std::size_t kMostRows = 200'000;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!utf8::valid(text)) return fail(ErrorKind::invalid_input, "the watchlist's file is no UTF-8");
  CsvReader reader;
  std::size_t at = 0;
  for (std::size_t i = 0; i < skip_lines && at < text.size(); ++i) {
    const auto end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
    reader.skip_line();
  }
  WatchlistFile out;
  std::vector<std::string> fields;
  if (!reader.next(text, at, true, out.columns))
    return fail(ErrorKind::invalid_input, "the watchlist's file has no header line");
  for (auto& column : out.columns) column = std::string(trim(column));
  const auto key = std::ranges::find(out.columns, search_key);
  if (key == out.columns.end()) {
    const std::vector<std::string_view> names(out.columns.begin(), out.columns.end());
    return fail(ErrorKind::invalid_input, "the search key '{}' is no column of the file{}", search_key.substr(0, 100),
                did_you_mean(search_key, names));
  }
  const auto key_at = static_cast<std::size_t>(key - out.columns.begin());
  while (reader.next(text, at, true, fields)) {
    if (reader.unclosed_quote()) return fail(ErrorKind::invalid_input, "line {}: a quote is not closed", reader.line());
    if (fields.size() > out.columns.size())
      return fail(ErrorKind::invalid_input, "line {}: {} fields, but the header has {}", reader.line(), fields.size(),
                  out.columns.size());
    if (out.rows.size() >= kMostRows) return fail(ErrorKind::exhausted, "a watchlist has at most {} rows", kMostRows);
    WatchlistRow row;
    row.search_key = key_at < fields.size() ? fields[key_at] : "";
    row.json = watchlist_item_json(out.columns, fields);
    out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace yagura::query
