// Runs a KQL text against the store: limits, deadline, cancel, and the steps that SQL could not say.
//
// Any number of threads; at most `max_concurrent` queries at once, the rest wait until their deadline.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "event/table_batch.hpp"
#include "kql/diagnostic.hpp"

namespace yagura::query {

struct QueryLimits {
  std::chrono::milliseconds timeout{std::chrono::minutes(4)};
  std::uint64_t max_rows = 500'000;      // Kusto's result truncation
  Bytes max_result = 64_MiB;             // likewise
  Bytes max_memory = 4_GiB;              // in the engine
  // Whether the text may lift max_rows and max_result (set notruncation, set truncationmaxrecords): for sinks that keep
  // no rows.
  bool may_lift_truncation = false;
};

struct QueryRequest {
  std::string text;
  // TimeGenerated is cut to [from, to) in every table that has it, as the portal's time picker does.
  std::optional<std::int64_t> from_ticks, to_ticks;
  std::int64_t now_ticks = 0;            // for now(), ago(); 0: the machine's clock
  // Values for declare query_parameters, by name, as KQL literals.
  std::map<std::string, std::string> parameters;
  QueryLimits limits;
  const std::atomic<bool>* cancelled = nullptr;  // set it and the query stops
};

struct QueryStats {
  std::chrono::microseconds compile{0};  // text to SQL
  std::chrono::microseconds total{0};
  std::uint64_t rows_read = 0, bytes_read = 0, rows_returned = 0;
  std::string sql;                       // for `yagura kql explain` and the slow-query log
};

// One result of a text that may give several (fork, ; between statements).
struct ResultInfo {
  std::size_t number = 0;                          // from 0
  std::string_view name;                           // "" when it has none
  std::span<const std::string> visualizations;     // of all results, this one's at [number]: JSON of `render`, "" when none
};

// Where the result goes. Called from one thread, in this order: columns once, rows any number of times; so again for each
// further result of the text, if the sink wants it.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // Before columns(). A sink that says no gets no more of the results, and the outcome says so in a notice.
  virtual bool begin(const ResultInfo& result) { return result.number == 0; }
  virtual Result<> columns(const std::vector<event::ColumnSchema>& columns) = 0;
  virtual Result<> rows(const event::TableBatch& batch) = 0;   // an Error cancels the query
};

struct QueryFailure {
  Error error;                                  // for people
  std::vector<kql::Diagnostic> diagnostics;     // where, when the text is wrong; empty otherwise
};

struct QueryOutcome {
  QueryStats stats;
  std::string visualization;                    // JSON of `render`, "" when none; of the last result
  std::vector<std::string> visualizations;      // the same for each result
  std::vector<std::string> notices;             // such as "results truncated"
  std::optional<QueryFailure> failure;
  bool truncated = false;
};

class QueryService {
 public:
  virtual ~QueryService() = default;
  virtual QueryOutcome run(const QueryRequest& request, RowSink& sink) = 0;
};

}  // namespace yagura::query
