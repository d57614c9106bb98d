// How a table lies in ClickHouse: physical columns with codecs, sorting, partitions, indexes. Why so, with figures:
// docs/decisions/store-layout.md.
//
// What the reader of a table sees (names and KQL types) is its TableSchema; columns that can be computed are not
// stored: Type is an alias, and so is _ItemId, made of _Position and _ItemIndex unless _ItemIdGiven has one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/table_batch.hpp"
#include "store/native_block.hpp"

namespace yagura::store {

struct PhysicalColumn {
  std::string name;
  std::string type;        // ClickHouse's
  std::string definition;  // all that stands in CREATE TABLE, name and type included
  bool is_alias = false;   // computed when read; never sent
};

struct TableLayout {
  std::string table;
  std::vector<PhysicalColumn> columns;
  std::vector<std::string> indexes;  // INDEX clauses
  std::string partition_by, order_by, settings;

  const PhysicalColumn* find(std::string_view name) const;
};

TableLayout layout_of(const event::TableSchema& schema);
// Columns as they are, every one but text may be null; no order, partition or index: for what is loaded once and dropped.
TableLayout plain_layout_of(const event::TableSchema& schema);
// "CREATE TABLE IF NOT EXISTS ..."; `retention_days` 0: kept for ever.
std::string create_statement(const TableLayout& layout, unsigned retention_days);

// "toDateTime(...) + toIntervalDay(30)"
std::string ttl_of(unsigned days);

// What an insert sends of a batch: columns that hold something, and the identity split into its physical columns, which
// are appended to `batch`. Planning the same batch again gives the same.
Result<std::vector<SentColumn>> plan_insert(event::TableBatch& batch, const TableLayout& layout);

std::string quoted_name(std::string_view name);   // `name`
std::string quoted_text(std::string_view text);   // 'text'

}  // namespace yagura::store
