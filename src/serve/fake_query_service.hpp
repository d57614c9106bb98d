// For tests (api_test.cpp and others): answers by the query's text, without a store.
//
//   "rows N"     N rows of every type          "syntax"   a syntax error at 2:5
//   "semantic"   an unknown column             "truncate" two rows, truncated
//   "render"     a timechart                   "slow"     runs until cancelled or timed out
//   "break"      one row, then an error        "down"     the store is unavailable
#pragma once
#include <mutex>
#include <thread>
#include <vector>

#include "query/query_service.hpp"

namespace yagura::serve {

class FakeQueryService : public query::QueryService {
 public:
  query::QueryOutcome run(const query::QueryRequest& request, query::RowSink& sink) override;
  query::QueryRequest last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  std::mutex mutex_;
  query::QueryRequest last_;
};

event::TableBatch every_type_batch(std::size_t rows);

}  // namespace yagura::serve
