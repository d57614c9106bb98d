// Prints query results: an aligned table for people, CSV (RFC 4180), one JSON array, or JSON lines. Several results of one
// query (fork) follow each other with an empty line between; a table and CSV begin again with their header. Table cells are escaped, so that
// foreign bytes cannot drive the terminal. One thread; the stream outlives it.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "query/query_service.hpp"

namespace yagura::cli {

enum class ResultFormat { table, csv, json, jsonl };

class ResultPrinter final : public query::RowSink {
 public:
  ResultPrinter(std::ostream& out, ResultFormat format, bool colours, std::size_t max_cell = 80)
      : out_(out), format_(format), colours_(colours), max_cell_(max_cell) {}
  bool begin(const query::ResultInfo& result) override;
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  // Prints what was held back (a table needs all rows for its widths) and the closing bracket.
  void finish();
  std::uint64_t row_count() const { return row_count_; }

 private:
  void print_table();
  void end_result();

  std::ostream& out_;
  const ResultFormat format_;
  const bool colours_;
  const std::size_t max_cell_;
  std::vector<event::ColumnSchema> columns_;
  std::vector<std::vector<std::string>> held_;  // of a table
  std::uint64_t row_count_ = 0, rows_in_result_ = 0;
};

}  // namespace yagura::cli
