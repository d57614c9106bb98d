#include "event/table_batch.hpp"

#include <cassert>
#include <cmath>

#include "base/time.hpp"

namespace yagura::event {

Column::Column(KqlType type) : type_(type) {
  switch (type) {
    case KqlType::boolean: values_ = Booleans(); break;
    case KqlType::int32: values_ = Int32s(); break;
    case KqlType::int64:
    case KqlType::datetime:
    case KqlType::timespan: values_ = Int64s(); break;
    case KqlType::real: values_ = Reals(); break;
    case KqlType::guid: values_ = Guids(); break;
    case KqlType::string:
    case KqlType::decimal:
    case KqlType::dynamic: values_ = Texts(); break;
  }
}

void Column::reserve(std::size_t rows) {
  nulls_.reserve(rows);
  std::visit([&](auto& values) { values.reserve(rows); }, values_);
}

void Column::append_null() {
  nulls_.push_back(type_ != KqlType::string);
  if (type_ == KqlType::dynamic) texts().emplace_back("null");
  else std::visit([](auto& values) { values.emplace_back(); }, values_);
}

void Column::append_from(const Column& from, std::size_t row) {
  nulls_.push_back(from.nulls_[row]);
  std::visit(
      [&](auto& values) { values.push_back(std::get<std::remove_cvref_t<decltype(values)>>(from.values_)[row]); },
      values_);
}

void Column::append_all(const Column& from) {
  nulls_.insert(nulls_.end(), from.nulls_.begin(), from.nulls_.end());
  std::visit(
      [&](auto& values) {
        const auto& more = std::get<std::remove_cvref_t<decltype(values)>>(from.values_);
        values.insert(values.end(), more.begin(), more.end());
      },
      values_);
}

void Column::pad(std::size_t rows) {
  if (nulls_.size() >= rows) return;
  nulls_.resize(rows, type_ != KqlType::string);
  if (type_ == KqlType::dynamic) texts().resize(rows, "null");
  else std::visit([&](auto& values) { values.resize(rows); }, values_);
}

TableBatch::TableBatch(const TableSchema& schema) : TableBatch(schema.name, schema.columns) {}

TableBatch::TableBatch(std::string table, std::vector<ColumnSchema> columns)
    : table_(std::move(table)), schema_(std::move(columns)) {
  columns_.reserve(schema_.size());
  for (const auto& column : schema_) columns_.emplace_back(column.type);
}

std::optional<std::size_t> TableBatch::find(std::string_view name) const {
  for (std::size_t i = 0; i < schema_.size(); ++i)
    if (schema_[i].name == name) return i;
  return std::nullopt;
}

void TableBatch::add_column(ColumnSchema schema, Column column) {
  schema_.push_back(std::move(schema));
  columns_.push_back(std::move(column));
}

void TableBatch::append(TableBatch&& other) {
  const std::size_t ours = row_count(), both = ours + other.row_count();
  if (other.columns_.empty()) return;
  for (std::size_t i = 0; i < other.columns_.size(); ++i) {
    const auto& name = other.schema_[i].name;
    auto at = i < schema_.size() && schema_[i].name == name ? std::optional(i) : find(name);
    if (!at) {
      at = columns_.size();
      add_column(other.schema_[i], Column(other.columns_[i].type()));
      columns_.back().pad(ours);
    }
    columns_[*at].append_all(other.columns_[i]);
  }
  for (auto& column : columns_) column.pad(both);
  if (first_position == Position{}) first_position = other.first_position;
  last_position = std::max(last_position, other.last_position);
  arena_->adopt(std::shared_ptr<const Arena>(std::move(other.arena_)));
  other.columns_.clear();  // now, not when whoever holds the moved-from batch ends
  other.schema_.clear();
}

void TableBatch::drop_unfilled() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].size() == 0) continue;
    if (kept != i) {
      columns_[kept] = std::move(columns_[i]);
      schema_[kept] = std::move(schema_[i]);
    }
    ++kept;
  }
  if (kept == 0) return;
  columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(kept), columns_.end());
  schema_.erase(schema_.begin() + static_cast<std::ptrdiff_t>(kept), schema_.end());
}

std::string format_timespan(std::int64_t ticks) {
  std::string out;
  std::uint64_t rest = ticks < 0 ? 0 - static_cast<std::uint64_t>(ticks) : static_cast<std::uint64_t>(ticks);
  if (ticks < 0) out += '-';
  const std::uint64_t days = rest / kTicksPerDay;
  rest %= kTicksPerDay;
  if (days != 0) out += fmt::format("{}.", days);
  const std::uint64_t seconds = rest / kTicksPerSecond;
  out += fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (rest % kTicksPerSecond != 0) out += fmt::format(".{:07}", rest % kTicksPerSecond);
  return out;
}

void append_cell_text(std::string& out, const Column& column, std::size_t row) {
  if (column.is_null(row)) return;
  switch (column.type()) {
    case KqlType::boolean: out += column.booleans()[row] ? "true" : "false"; break;
    case KqlType::int32: fmt::format_to(std::back_inserter(out), "{}", column.int32s()[row]); break;
    case KqlType::int64: fmt::format_to(std::back_inserter(out), "{}", column.int64s()[row]); break;
    case KqlType::real: {
      const double value = column.reals()[row];
      if (std::isnan(value)) out += "NaN";
      else if (std::isinf(value)) out += value > 0 ? "Infinity" : "-Infinity";
      else fmt::format_to(std::back_inserter(out), "{}", value);
      break;
    }
    case KqlType::datetime: append_datetime(out, column.int64s()[row]); break;
    case KqlType::timespan: out += format_timespan(column.int64s()[row]); break;
    case KqlType::guid: append_guid(out, column.guids()[row]); break;
    case KqlType::string:
    case KqlType::decimal:
    case KqlType::dynamic: out += column.texts()[row]; break;
  }
}

}  // namespace yagura::event
