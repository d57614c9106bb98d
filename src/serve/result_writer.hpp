// Query results as JSON and CSV.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/table_batch.hpp"
#include "query/query_service.hpp"

namespace yagura::serve {

// One cell as the Log Analytics API writes it: datetime as ISO 8601 without trailing zeros, timespan, guid and decimal
// as strings, dynamic as a string that holds JSON, real as a number ("NaN", "Infinity" and "-Infinity" as strings),
// null.
void append_cell_json(std::string& out, const event::Column& column, std::size_t row);

// {"name":"PrimaryResult","columns":[...],"rows":[...]}: collects a whole result. finish() closes it. Asked for several results
// it gives all of them, with commas between: the first is PrimaryResult, others have their names or Table_1, Table_2 ...
class LogAnalyticsTable : public query::RowSink {
 public:
  enum class Results { first, all };
  explicit LogAnalyticsTable(Results results = Results::first) : results_(results) {}
  bool begin(const query::ResultInfo& result) override;
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  bool started() const { return started_; }
  std::string finish();  // once

 private:
  const Results results_;
  std::string out_;
  std::string name_ = "PrimaryResult";
  bool started_ = false, any_row_ = false;
};

// Lines of JSON: {"columns":[{"name","type"}]}, then {"rows":[[...],...]} any number of times; the handler ends it.
// long beyond 2^53 is a string here, since browsers would round it. `write` gets whole lines.
class NdjsonSink : public query::RowSink {
 public:
  using Write = std::function<Result<>(std::string_view)>;
  explicit NdjsonSink(Write write) : write_(std::move(write)) {}
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  bool started() const { return started_; }

 private:
  Write write_;
  std::string line_;
  bool started_ = false;
};

// RFC 4180, header first; cells as Kusto prints them. A cell that a spreadsheet would run as a formula gets a leading
// apostrophe.
class CsvSink : public query::RowSink {
 public:
  using Write = NdjsonSink::Write;
  explicit CsvSink(Write write) : write_(std::move(write)) {}
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  bool started() const { return started_; }

 private:
  Write write_;
  bool started_ = false;
};

// Rows as objects {"column": value, ...}, for short lists such as alerts.
class ObjectRows : public query::RowSink {
 public:
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  std::string finish() { return out_ + "]"; }

 private:
  std::string out_ = "[";
  std::vector<std::string> names_;
};

// {"query":{...}} as the Log Analytics API reports it with include-statistics.
void append_log_analytics_statistics(std::string& out, const query::QueryStats& stats);
// `render` as the Log Analytics API writes it: names in lower camel case, all of them there. `visualization` is Kusto's
// {"Visualization":"timechart","Title":...} or ""; what is no JSON object counts as "".
std::string render_json(std::string_view visualization);
// Our own: {"compile_us","total_us","rows_read","bytes_read","rows_returned"}.
void append_stats(std::string& out, const query::QueryStats& stats);

}  // namespace yagura::serve
