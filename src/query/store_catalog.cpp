#include "query/store_catalog.hpp"

#include "store/table_layout.hpp"

namespace yagura::query {

StoreCatalog::StoreCatalog(const store::Store& store, std::shared_ptr<const event::SchemaSet> tables, std::vector<kql::StoredFunction> functions)
    : store_(store), declared_(std::move(tables), std::move(functions)) {}

std::vector<std::string_view> StoreCatalog::table_names() const {
  std::vector<std::string_view> all = declared_.table_names(), present;
  for (const auto name : all)
    if (store_.has_table(name)) present.push_back(name);
  return present.empty() ? all : present;
}

std::string StoreCatalog::table_sql(std::string_view name) const {
  return store::quoted_name(store_.database()) + "." + store::quoted_name(name);
}

}  // namespace yagura::query
