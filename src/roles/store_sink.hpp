// Stores the pipeline's cuts: one insert a table, each under a token made of table and cut.
//
// Tables are made when their first row comes. One thread (the pipeline's storer) calls store(); ensure() any.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "event/table_schema.hpp"
#include "flow/pipeline.hpp"
#include "serve/tail_hub.hpp"
#include "store/store.hpp"

namespace yagura::roles {

class StoreSink : public flow::CutSink {
 public:
  using Schemas = std::function<std::shared_ptr<const event::SchemaSet>()>;
  // `tail` may be null. All outlive the sink.
  StoreSink(store::Store& store, Schemas schemas, serve::TailHub* tail) : store_(store), schemas_(std::move(schemas)), tail_(tail) {}

  Result<> store(flow::Cut& cut) override;
  // Makes the table in the store, or adds the columns that it lacks, once for each version of its schema.
  Result<> ensure(const event::TableSchema& schema, Deadline deadline);
  Result<> ensure(std::string_view table, Deadline deadline);

 private:
  Result<> store_table(event::TableBatch& table, flow::CutRange range, Deadline deadline);

  store::Store& store_;
  const Schemas schemas_;
  serve::TailHub* tail_;
  std::mutex mutex_;
  // Name and column count: schemas only grow.
  std::set<std::pair<std::string, std::size_t>> ensured_ GUARDED_BY(mutex_);
};

}  // namespace yagura::roles
