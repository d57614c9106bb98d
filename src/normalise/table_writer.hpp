// Fills a TableBatch row by row, touching only the columns that a row has: CommonSecurityLog has 160 of them and a
// firewall's message fills 20. Columns that were passed over are padded with nulls when next used, and at the end.
//
// Views that are set must live in memory that the batch adopts. One thread.
#pragma once
#include <memory>
#include <span>

#include "event/record.hpp"
#include "event/table_batch.hpp"

namespace yagura::normalise {

inline constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

// Where the columns that every table has are in a schema.
struct StandardColumns {
  explicit StandardColumns(const event::TableSchema& schema);
  std::size_t time_generated, time_read, time_received, time_ingested, item_id, position, type;
};

class TableWriter {
 public:
  // Columns get room for `expected` rows when first used.
  TableWriter(const event::TableSchema& schema, ReceiveTime ingested_at, std::size_t expected = 0);

  // Begins a row with its times and identity. A row must be begun before anything is set.
  void begin_row(const event::Record& record);
  std::size_t row_count() const { return rows_; }

  void text(std::size_t column, std::string_view value) {
    if (column == kNoColumn) return;
    auto& to = padded(column);
    to.append_text(value);
  }
  void int32(std::size_t column, std::int32_t value) {
    if (column != kNoColumn) padded(column).append_int32(value);
  }
  void int64(std::size_t column, std::int64_t value) {
    if (column != kNoColumn) padded(column).append_int64(value);
  }
  void guid(std::size_t column, const Guid& value) {
    if (column != kNoColumn) padded(column).append_guid(value);
  }
  // A value of any kind converted to the column's type; false, and nothing set, when it can't be.
  bool value(std::size_t column, const event::Value& value);
  bool text_as(std::size_t column, std::string_view text) { return value(column, event::Value::string(text)); }
  bool is_set(std::size_t column) const { return batch_.column(column).size() == rows_; }

  Arena& arena() { return batch_.arena(); }
  // Pads the columns that some row set, drops the others, and gives the batch away; it keeps `owner` alive.
  event::TableBatch finish(std::shared_ptr<const void> owner);

 private:
  // The column with exactly rows_-1 values: nulls for the rows before, and for a second value of this row the first
  // taken off.
  event::Column& padded(std::size_t column);

  event::TableBatch batch_;
  StandardColumns standard_;
  std::string_view type_name_;
  std::int64_t ingested_at_;
  std::size_t rows_ = 0;
  std::size_t expected_;
};

}  // namespace yagura::normalise
