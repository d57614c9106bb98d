// An operator without SQL, at work on rows in memory: one node of a plan (LocalPlan), one stage of a query.
//
// Immutable: a query may be run by any thread, one run is one thread's. Bounded by its StageContext: an operator asks
// check() at least every few thousand steps and reports what it makes with room_for().
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "event/table_batch.hpp"
#include "kql/plan.hpp"

namespace yagura::kql {

struct StageLimits {
  std::uint64_t max_rows = 2'000'000;  // that one stage reads or makes
  Bytes max_bytes = 256_MiB;           // likewise
  std::uint64_t max_steps = 200'000'000;  // comparisons and such, for operators whose work isn't that of their rows
};

class StageContext {
 public:
  // Bytes of a file elsewhere, for externaldata.
  using Fetch = std::function<Result<std::string>(const std::string& address, Bytes most)>;
  // A Parquet file's rows as JSON objects one after the other: the store has the reader.
  using ReadParquet = std::function<Result<std::string>(std::string_view bytes)>;
  StageContext(std::string what, StageLimits limits, std::function<Result<>()> alive, Fetch fetch = {}, ReadParquet read_parquet = {})
      : what_(std::move(what)), limits_(limits), alive_(std::move(alive)), fetch_(std::move(fetch)), read_parquet_(std::move(read_parquet)) {}

  Result<std::string> fetch(const std::string& address, Bytes most) const;
  Result<std::string> parquet_as_json(std::string_view bytes) const;

  // An Error when the query was cancelled or is out of time. Cheap: asks every thousandth time.
  Result<> check() {
    if (++steps_ > limits_.max_steps) return too_much_work();
    return steps_ % 1024 != 0 || !alive_ ? Result<>{} : alive_();
  }
  Result<> work(std::uint64_t steps);
  // An Error, naming the operator and the limit, when a result may not have that many rows.
  Result<> room_for(std::uint64_t rows) const;
  const std::string& what() const { return what_; }
  const StageLimits& limits() const { return limits_; }

 private:
  Result<> too_much_work() const;
  std::string what_;
  StageLimits limits_;
  std::function<Result<>()> alive_;
  Fetch fetch_;
  ReadParquet read_parquet_;
  std::uint64_t steps_ = 0;
};

// What an operator reads: one batch for each input, columns by position. They outlive the result.
using StageInputs = std::vector<std::shared_ptr<const event::TableBatch>>;

class LocalOperator {
 public:
  virtual ~LocalOperator() = default;
  // The result's columns are the plan's, by position and type. Its texts may point into the inputs.
  virtual Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const = 0;

  // The same operator for some columns of its result only.
  struct Narrowed {
    std::shared_ptr<const LocalOperator> operation;
    std::vector<PlanColumn> columns;              // of the result
    std::vector<std::vector<PlanColumn>> inputs;  // columns that it reads, with the names that it knows them by
  };
  virtual std::optional<Narrowed> narrow(const std::set<ColumnId>& wanted) const {
    (void)wanted;
    return std::nullopt;
  }
  // What cannot be had, when it is nothing that has rows; else empty.
  virtual std::string_view refusal() const { return {}; }
  // One row of the result for each of the first input, in order: a LIMIT may go below.
  virtual bool one_to_one() const { return false; }
  // Each row by itself: the first input may come in pieces, and be of any length.
  virtual bool row_by_row() const { return false; }
};

// The result's columns as a batch wants them.
std::vector<event::ColumnSchema> schema_of(std::span<const PlanColumn> columns);

}  // namespace yagura::kql
