// The tables and stored functions of one workspace, as the KQL binder asks for them.
//
// A snapshot: made for one query, from the schemas of that moment. Wildcards and `search` see tables that are in the store;
// a table that is only declared can be named, and is made when it is.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/table_schema.hpp"
#include "kql/catalog.hpp"
#include "store/store.hpp"

namespace yagura::query {

class StoreCatalog final : public kql::Catalog {
 public:
  StoreCatalog(const store::Store& store, std::shared_ptr<const event::SchemaSet> tables, std::shared_ptr<const kql::FunctionSet> functions,
               std::shared_ptr<const std::map<std::string, event::TableSchema, std::less<>>> plain_tables = nullptr);
  // Besides the tables by their names: kWatchlistItems, the table Watchlist without TimeGenerated, so that what
  // _GetWatchlist() reads is not cut to the query's time span.
  static constexpr std::string_view kWatchlistItems = "_WatchlistItems";
  const event::TableSchema* find_table(std::string_view name) const override;
  const kql::StoredFunction* find_function(std::string_view name) const override { return declared_.find_function(name); }
  std::vector<std::string_view> table_names() const override;
  std::vector<std::string_view> function_names() const override { return declared_.function_names(); }
  std::string table_sql(std::string_view name) const override;

 private:
  const store::Store& store_;
  const kql::SchemaCatalog declared_;
  const std::shared_ptr<const std::map<std::string, event::TableSchema, std::less<>>> plain_tables_;
  std::optional<event::TableSchema> watchlist_items_;
};

}  // namespace yagura::query
