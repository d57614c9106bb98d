// Makes the QueryService of one workspace.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kql/catalog.hpp"
#include "query/external_data.hpp"
#include "query/query_service.hpp"
#include "store/store.hpp"

namespace yagura::query {

struct QueryServiceOptions {
  std::size_t max_concurrent = 8;
  // The schemas and stored functions of now; called once per query, from any thread.
  std::function<std::shared_ptr<const event::SchemaSet>()> schemas;
  std::function<std::shared_ptr<const kql::FunctionSet>()> functions;  // may be empty
  // Tables that have just the columns named here and none that every stored row has: of files. In place of schemas()' own.
  std::shared_ptr<const std::map<std::string, event::TableSchema, std::less<>>> plain_tables;
  ExternalDataOptions external;                                 // for externaldata; nothing is allowed unless said here
  std::chrono::milliseconds slow{5'000};                        // slower queries are logged with their SQL
};

// `store` outlives the service.
std::unique_ptr<QueryService> make_query_service(store::Store& store, QueryServiceOptions options);

}  // namespace yagura::query
