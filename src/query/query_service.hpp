// Runs a KQL text against the store: limits, deadline, cancel, and the steps that SQL could not say.
//
// Any number of threads; at most `max_concurrent` queries at once, the rest wait until their deadline.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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
};

struct QueryRequest {
  std::string text;
  // TimeGenerated is cut to [from, to) in every table that has it, as the portal's time picker does.
  std::optional<std::int64_t> from_ticks, to_ticks;
  std::int64_t now_ticks = 0;            // for now(), ago(); 0: the machine's clock
  QueryLimits limits;
  const std::atomic<bool>* cancelled = nullptr;  // set it and the query stops
};

struct QueryStats {
  std::chrono::microseconds compile{0};  // text to SQL
  std::chrono::microseconds total{0};
  std::uint64_t rows_read = 0, bytes_read = 0, rows_returned = 0;
  std::string sql;                       // for `yagura kql explain` and the slow-query log
};

// Where the result goes. Called from one thread, in this order: columns once, rows any number of times.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual Result<> columns(const std::vector<event::ColumnSchema>& columns) = 0;
  virtual Result<> rows(const event::TableBatch& batch) = 0;   // an Error cancels the query
};

struct QueryFailure {
  Error error;                                  // for people
  std::vector<kql::Diagnostic> diagnostics;     // where, when the text is wrong; empty otherwise
};

struct QueryOutcome {
  QueryStats stats;
  std::string visualization;                    // JSON of `render`, "" when none
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
