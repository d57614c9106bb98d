// What is done to rows between the store and the sink: the result's limits, and what SQL could not say.
//
// One result's; one thread.
#pragma once
#include <functional>
#include <vector>

#include "base/bytes.hpp"
#include "event/table_batch.hpp"

namespace yagura::query {

// Changes a batch in place; an Error ends the query.
using PostStep = std::function<Result<>(event::TableBatch& batch)>;

class PostSteps {
 public:
  PostSteps(std::uint64_t max_rows, Bytes max_bytes) : max_rows_(max_rows), max_bytes_(max_bytes) {}
  void add(PostStep step) { steps_.push_back(std::move(step)); }
  // Runs all steps, then cuts the batch where the result has reached a limit. False: nothing more is wanted.
  Result<bool> apply(event::TableBatch& batch);
  std::uint64_t rows() const { return rows_; }
  bool cut_by_rows() const { return cut_by_rows_; }
  bool cut_by_bytes() const { return cut_by_bytes_; }

 private:
  std::vector<PostStep> steps_;
  const std::uint64_t max_rows_;
  const Bytes max_bytes_;
  std::uint64_t rows_ = 0, bytes_ = 0;
  bool cut_by_rows_ = false, cut_by_bytes_ = false;
};

}  // namespace yagura::query
