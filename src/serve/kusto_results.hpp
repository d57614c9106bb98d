// Query results as the Kusto REST API writes them: v1 (a sequence of tables) and v2 (frames).
// https://learn.microsoft.com/kusto/api/rest/response and response-v2
//
// A writer is the sink of one query. It writes as rows come and keeps none of them; one thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "query/query_service.hpp"
#include "serve/kusto_error.hpp"

namespace yagura::serve {

// What the client asked of the answer by its request properties.
struct KustoFormat {
  int version = 2;
  bool newlines = false;     // results_v2_newlines_between_frames
  bool fragments = false;    // results_v2_fragment_primary_tables, or results_progressive_enabled
  bool progressive = false;  // results_progressive_enabled
  bool errors_in_rows =
      true;  // results_error_reporting_placement: in_data, else at the end of the table or the data set
  bool errors_at_table = false;  // end_of_table
  bool deferred =
      false;  // deferpartialqueryfailures: a failure after the first rows is only in QueryCompletionInformation
};

class KustoWriter : public query::RowSink {
 public:
  using Write = std::function<Result<>(std::string_view)>;
  KustoWriter(KustoFormat format, KustoIds ids, Write write)
      : format_(format), ids_(std::move(ids)), write_(std::move(write)) {}
  bool begin(const query::ResultInfo& result) override;
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override;
  Result<> rows(const event::TableBatch& batch) override;
  bool started() const { return started_; }
  // What follows the rows: the error if the result is not whole, properties, status, the end.
  Result<> finish(const query::QueryOutcome& outcome, std::string_view text);

 private:
  void start_answer(const query::ResultInfo& result);
  void close_table(const std::string& error);
  void properties_table(const std::vector<std::string>& visualizations);
  void status_table(const query::QueryOutcome& outcome, const query::QueryFailure* failure);
  void frame_gap();
  Result<> flush(std::size_t keep = 0);

  const KustoFormat format_;
  const KustoIds ids_;
  const Write write_;
  std::string out_;
  std::vector<std::string> names_;           // of the result tables
  std::vector<std::string> visualizations_;  // of all results
  std::uint64_t rows_in_table_ = 0;
  std::size_t tables_ = 0, column_count_ = 0;  // tables: whose columns were written
  bool started_ = false, open_ = false;
};

// One table alone, as management commands give it (v1).
std::string kusto_management_answer(const event::TableBatch& table);
// {"Visualization":...} with every member that clients look for. What is no JSON object counts as "".
std::string kusto_visualization(std::string_view visualization);

}  // namespace yagura::serve
