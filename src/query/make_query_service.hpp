// Makes the QueryService of one workspace.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "kql/catalog.hpp"
#include "query/query_service.hpp"
#include "store/store.hpp"

namespace yagura::query {

struct QueryServiceOptions {
  std::size_t max_concurrent = 8;
  // The schemas and stored functions of now; called once per query, from any thread.
  std::function<std::shared_ptr<const event::SchemaSet>()> schemas;
  std::function<std::shared_ptr<const kql::FunctionSet>()> functions;  // may be empty
  std::chrono::milliseconds slow{5'000};                        // slower queries are logged with their SQL
};

// `store` outlives the service.
std::unique_ptr<QueryService> make_query_service(store::Store& store, QueryServiceOptions options);

}  // namespace yagura::query
