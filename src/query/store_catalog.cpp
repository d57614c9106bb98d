#include "query/store_catalog.hpp"

#include "store/table_layout.hpp"

namespace yagura::query {

StoreCatalog::StoreCatalog(const store::Store& store, std::shared_ptr<const event::SchemaSet> tables, std::shared_ptr<const kql::FunctionSet> functions,
                           std::shared_ptr<const std::map<std::string, event::TableSchema, std::less<>>> plain_tables)
    : store_(store), declared_(std::move(tables), std::move(functions)), plain_tables_(std::move(plain_tables)) {
  if (const auto* watchlist = declared_.find_table("Watchlist")) {
    watchlist_items_ = *watchlist;
    watchlist_items_->name = kWatchlistItems;
    std::erase_if(watchlist_items_->columns, [](const auto& column) { return column.name == "TimeGenerated"; });
  }
}

const event::TableSchema* StoreCatalog::find_table(std::string_view name) const {
  if (plain_tables_)
    if (const auto found = plain_tables_->find(name); found != plain_tables_->end()) return &found->second;
  if (name == kWatchlistItems) return watchlist_items_ ? &*watchlist_items_ : nullptr;
  return declared_.find_table(name);
}

std::vector<std::string_view> StoreCatalog::table_names() const {
  std::vector<std::string_view> all = declared_.table_names(), present;
  for (const auto name : all)
    if (store_.has_table(name)) present.push_back(name);
  return present.empty() ? all : present;
}

std::string StoreCatalog::table_sql(std::string_view name) const {
  return store::quoted_name(store_.database()) + "." + store::quoted_name(name == kWatchlistItems ? "Watchlist" : name);
}

}  // namespace yagura::query
