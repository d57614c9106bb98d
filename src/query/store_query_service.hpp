// The QueryService over a Store: compile, run as one statement, hand the rows to the sink.
#pragma once
#include <functional>
#include <memory>

#include "event/table_schema.hpp"
#include "kql/catalog.hpp"
#include "query/query_service.hpp"
#include "store/store.hpp"

namespace yagura::query {

struct QueryServiceOptions {
  std::size_t max_concurrent = 8;       // queries in the store at once; more wait until their deadline
  // The catalog for one query. Called for each, so that new tables and functions show at once.
  std::function<std::shared_ptr<const kql::Catalog>()> catalog;
  // Makes a table that a query reads in the store, when no row has come for it yet. May be empty.
  std::function<Result<>(std::string_view table, Deadline deadline)> ensure_table;
};

// `store` outlives the service.
std::unique_ptr<QueryService> make_query_service(store::Store& store, QueryServiceOptions options);

}  // namespace yagura::query
