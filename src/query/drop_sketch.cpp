#include "query/drop_sketch.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::query {

namespace {

namespace json = boost::json;

constexpr std::size_t kMostValue = 256, kMostSample = 4'096;
// Values that are new in a batch get a sample; in a flood of ever new ones not each of them.
constexpr std::size_t kMostNewSamples = 32;

std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::uint64_t number_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? 0 : value->is_uint64() ? value->get_uint64() : value->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->get_int64())) : 0;
}

}  // namespace

std::string row_json(const event::TableBatch& rows, std::size_t row, std::size_t most_bytes) {
  std::string out, cell;
  JsonWriter writer(out);
  writer.begin_object();
  for (std::size_t i = 0; i < rows.column_count(); ++i) {
    cell.clear();
    event::append_cell_text(cell, rows.column(i), row);
    if (cell.empty()) continue;
    if (out.size() >= most_bytes) break;
    writer.key(rows.schema()[i].name).text(cut(cell, 1'024));
  }
  writer.end_object();
  return out;
}

std::uint64_t row_bytes(const event::TableBatch& rows, std::size_t row) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < rows.column_count(); ++i) {
    const auto& column = rows.column(i);
    if (column.is_null(row)) continue;
    switch (column.type()) {
      case event::KqlType::string:
      case event::KqlType::decimal:
      case event::KqlType::dynamic: bytes += column.texts()[row].size(); break;
      case event::KqlType::boolean: bytes += 1; break;
      case event::KqlType::int32: bytes += 4; break;
      case event::KqlType::guid: bytes += 16; break;
      default: bytes += 8;
    }
  }
  return bytes;
}

DropSketch::Entries::iterator DropSketch::make_room(std::string key) {
  Entry entry;
  if (entries_.size() >= kMostKeys) {
    const auto rarest = by_count_.begin();
    entry.rows = entry.at_most_less = rarest->first;
    const auto old = entries_.find(rarest->second);
    by_count_.erase(rarest);
    entries_.erase(old);
  }
  const auto made = entries_.emplace(std::move(key), std::move(entry)).first;
  by_count_.emplace(made->second.rows, made->first);
  return made;
}

void DropSketch::add(const event::TableBatch& rows, std::span<const std::uint32_t> dropped) {
  struct Seen {
    std::uint64_t rows = 0;
    std::int64_t first_ticks = INT64_MAX, last_ticks = INT64_MIN;
    std::uint32_t row = 0;
  };
  std::map<std::string, Seen, std::less<>> seen;
  std::vector<std::optional<std::size_t>> at;
  for (const auto& column : columns_) at.push_back(rows.find(column));
  const auto time = rows.find("TimeGenerated");
  std::string key, cell;
  std::uint64_t bytes = 0;
  for (const auto row : dropped) {
    key.clear();
    JsonWriter writer(key);
    writer.begin_array();
    for (const auto& column : at) {
      cell.clear();
      if (column) event::append_cell_text(cell, rows.column(*column), row);
      writer.text(cut(cell, kMostValue));
    }
    writer.end_array();
    auto one = seen.find(key);
    if (one == seen.end()) one = seen.emplace(key, Seen{.row = row}).first;
    ++one->second.rows;
    if (time && !rows.column(*time).is_null(row)) {
      const auto ticks = rows.column(*time).int64s()[row];
      one->second.first_ticks = std::min(one->second.first_ticks, ticks);
      one->second.last_ticks = std::max(one->second.last_ticks, ticks);
    }
    bytes += row_bytes(rows, row);
  }
  const std::lock_guard lock(mutex_);
  rows_ += dropped.size();
  bytes_ += bytes;
  std::size_t samples = 0;
  for (auto& [values, found] : seen) {
    auto entry = entries_.find(values);
    if (entry == entries_.end()) entry = make_room(values);
    auto& kept = entry->second;
    by_count_.erase({kept.rows, entry->first});
    kept.rows += found.rows;
    by_count_.emplace(kept.rows, entry->first);
    if (found.first_ticks <= found.last_ticks) {
      kept.first_ticks = kept.first_ticks == 0 ? found.first_ticks : std::min(kept.first_ticks, found.first_ticks);
      kept.last_ticks = std::max(kept.last_ticks, found.last_ticks);
    }
    if (kept.sample.empty() && samples++ < kMostNewSamples) kept.sample = row_json(rows, found.row, kMostSample);
  }
}

std::uint64_t DropSketch::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

std::uint64_t DropSketch::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::string DropSketch::to_json(std::size_t most) const {
  std::string out;
  JsonWriter writer(out);
  const std::lock_guard lock(mutex_);
  writer.begin_object().key("rows").number(rows_).key("bytes").number(bytes_).key("columns").begin_array();
  for (const auto& column : columns_) writer.text(column);
  writer.end_array().key("values").begin_array();
  for (auto one = by_count_.rbegin(); one != by_count_.rend() && most > 0; ++one, --most) {
    const auto& entry = entries_.find(one->second)->second;
    writer.begin_object().key("key").raw(one->second).key("rows").number(entry.rows).key("at_most_less").number(entry.at_most_less);
    if (entry.first_ticks != 0) writer.key("first").text(format_datetime(entry.first_ticks)).key("last").text(format_datetime(entry.last_ticks));
    writer.key("first_ticks").number(entry.first_ticks).key("last_ticks").number(entry.last_ticks);
    if (!entry.sample.empty()) writer.key("sample").raw(entry.sample);
    writer.end_object();
  }
  writer.end_array().end_object();
  return out;
}

void DropSketch::restore(std::string_view text) {
  boost::system::error_code error;
  const auto parsed = json::parse(text, error);
  const auto* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return;
  const auto* columns = object->if_contains("columns");
  const auto* values = object->if_contains("values");
  if (columns == nullptr || values == nullptr || !columns->is_array() || !values->is_array()) return;
  std::vector<std::string> names;
  for (const auto& name : columns->get_array())
    if (name.is_string()) names.emplace_back(name.get_string());
  if (names != columns_) return;
  const std::lock_guard lock(mutex_);
  rows_ += number_of(*object, "rows");
  bytes_ += number_of(*object, "bytes");
  for (const auto& value : values->get_array()) {
    const auto* one = value.if_object();
    const auto* key = one == nullptr ? nullptr : one->if_contains("key");
    if (key == nullptr || !key->is_array() || entries_.size() >= kMostKeys) continue;
    // Written as add() writes it, to be found again.
    std::string name;
    JsonWriter writer(name);
    writer.begin_array();
    for (const auto& part : key->get_array()) writer.text(part.is_string() ? std::string_view(part.get_string()) : std::string_view());
    writer.end_array();
    if (entries_.contains(name)) continue;
    const auto made = make_room(std::move(name));
    by_count_.erase({made->second.rows, made->first});
    made->second.rows = number_of(*one, "rows");
    made->second.at_most_less = number_of(*one, "at_most_less");
    made->second.first_ticks = static_cast<std::int64_t>(number_of(*one, "first_ticks"));
    made->second.last_ticks = static_cast<std::int64_t>(number_of(*one, "last_ticks"));
    if (const auto* sample = one->if_contains("sample"); sample != nullptr && sample->is_object()) made->second.sample = json::serialize(*sample);
    by_count_.emplace(made->second.rows, made->first);
  }
}

}  // namespace yagura::query
