// Rows of one table (or of a query's result), column by column.
//
// Storage per KqlType: boolean, int32, int64, real, datetime (ticks since 1970), timespan (ticks) and guid are
// values; string, decimal (its text) and dynamic (JSON text) are views into the batch's arena. A KQL string is
// never null; every other type has a null mask. A null dynamic has the text "null" and a set null bit.
//
// One thread at a time; move-only. A batch of a stored table has its schema's columns in the schema's order, less those that no
// row of it has a value in (drop_unfilled).
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/annotations.hpp"
#include "base/arena.hpp"
#include "base/guid.hpp"
#include "base/position.hpp"
#include "event/table_schema.hpp"

namespace yagura::event {

class Column {
 public:
  using Booleans = std::vector<std::uint8_t>;
  using Int32s = std::vector<std::int32_t>;
  using Int64s = std::vector<std::int64_t>;
  using Reals = std::vector<double>;
  using Guids = std::vector<Guid>;
  using Texts = std::vector<std::string_view>;

  explicit Column(KqlType type);

  KqlType type() const { return type_; }
  std::size_t size() const { return nulls_.size(); }
  bool is_null(std::size_t row) const { return nulls_[row] != 0; }
  // 1 where null; size() bytes.
  const std::vector<std::uint8_t>& nulls() const { return nulls_; }

  // The values by storage; asking for another storage than the type's is a bug (std::bad_variant_access).
  const Booleans& booleans() const { return std::get<Booleans>(values_); }
  const Int32s& int32s() const { return std::get<Int32s>(values_); }
  const Int64s& int64s() const { return std::get<Int64s>(values_); }   // int64, datetime, timespan
  const Reals& reals() const { return std::get<Reals>(values_); }
  const Guids& guids() const { return std::get<Guids>(values_); }
  const Texts& texts() const { return std::get<Texts>(values_); }      // string, decimal, dynamic
  Booleans& booleans() { return std::get<Booleans>(values_); }
  Int32s& int32s() { return std::get<Int32s>(values_); }
  Int64s& int64s() { return std::get<Int64s>(values_); }
  Reals& reals() { return std::get<Reals>(values_); }
  Guids& guids() { return std::get<Guids>(values_); }
  Texts& texts() { return std::get<Texts>(values_); }
  std::vector<std::uint8_t>& nulls() { return nulls_; }

  void reserve(std::size_t rows);
  void append_null();  // for string: the empty string
  void append_boolean(bool value) { booleans().push_back(value); nulls_.push_back(0); }
  void append_int32(std::int32_t value) { int32s().push_back(value); nulls_.push_back(0); }
  void append_int64(std::int64_t value) { int64s().push_back(value); nulls_.push_back(0); }
  void append_real(double value) { reals().push_back(value); nulls_.push_back(0); }
  void append_guid(const Guid& value) { guids().push_back(value); nulls_.push_back(0); }
  // `text` must live in the batch's arena (or for ever).
  void append_text(std::string_view text) { texts().push_back(text); nulls_.push_back(0); }
  // Copies row `row` of `from` (same type); texts are not copied, only their views.
  void append_from(const Column& from, std::size_t row);
  // All rows of `from` (same type) behind ours; likewise only views of texts.
  void append_all(const Column& from);
  // Nulls (for string: empty strings) until there are `rows` rows.
  void pad(std::size_t rows);

 private:
  KqlType type_;
  std::variant<Booleans, Int32s, Int64s, Reals, Guids, Texts> values_;
  std::vector<std::uint8_t> nulls_;
};

class TableBatch {
 public:
  TableBatch() = default;
  // Empty columns for each of the schema's.
  explicit TableBatch(const TableSchema& schema);
  TableBatch(std::string table, std::vector<ColumnSchema> columns);
  TableBatch(TableBatch&&) = default;
  TableBatch& operator=(TableBatch&&) = default;

  const std::string& table() const { return table_; }
  std::size_t row_count() const { return columns_.empty() ? 0 : columns_.front().size(); }
  std::size_t column_count() const { return columns_.size(); }
  const std::vector<ColumnSchema>& schema() const { return schema_; }
  Column& column(std::size_t i) { return columns_[i]; }
  const Column& column(std::size_t i) const { return columns_[i]; }
  std::optional<std::size_t> find(std::string_view name) const;
  void add_column(ColumnSchema schema, Column column);
  // Rows of `other` behind ours; a column that only one of the two has is null in the other's rows. Its memory is kept alive
  // with this batch.
  void append(TableBatch&& other);
  // Takes away the columns that have no rows while others have: CommonSecurityLog has 160 columns, of which an event fills 20.
  void drop_unfilled();

  Arena& arena() YAGURA_LIFETIMEBOUND { return *arena_; }
  // Keeps another batch's (or buffer's) memory alive with this one: for views that point into it.
  void adopt(std::shared_ptr<const void> owner) { arena_->adopt(std::move(owner)); }

  // Journal positions that these rows come from: the source of the deduplication token.
  Position first_position{};
  Position last_position{};

 private:
  std::string table_;
  std::vector<ColumnSchema> schema_;
  std::vector<Column> columns_;
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
};

// One cell as Kusto prints it in text: datetime with seven decimals, timespan [-][d.]hh:mm:ss[.fffffff], "" for null.
void append_cell_text(std::string& out, const Column& column, std::size_t row);
std::string format_timespan(std::int64_t ticks);

}  // namespace yagura::event
