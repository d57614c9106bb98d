#include "kql/catalog.hpp"

#include "kql/sql_text.hpp"

namespace yagura::kql {

std::string Catalog::table_sql(std::string_view name) const { return sql::identifier(name); }

SchemaCatalog::SchemaCatalog(std::shared_ptr<const event::SchemaSet> tables, std::vector<StoredFunction> functions)
    : tables_(std::move(tables)) {
  for (auto& f : functions) functions_.insert_or_assign(f.name, std::move(f));
}

const event::TableSchema* SchemaCatalog::find_table(std::string_view name) const { return tables_->find(name); }

const StoredFunction* SchemaCatalog::find_function(std::string_view name) const {
  const auto it = functions_.find(name);
  return it == functions_.end() ? nullptr : &it->second;
}

std::vector<std::string_view> SchemaCatalog::table_names() const {
  std::vector<std::string_view> names;
  for (const auto* table : tables_->all()) names.push_back(table->name);
  return names;
}

std::vector<std::string_view> SchemaCatalog::function_names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, f] : functions_) names.push_back(name);
  return names;
}

}  // namespace yagura::kql
