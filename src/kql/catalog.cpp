#include "kql/catalog.hpp"

#include "kql/sql_text.hpp"

namespace yagura::kql {

std::string Catalog::table_sql(std::string_view name) const { return sql::identifier(name); }

SchemaCatalog::SchemaCatalog(std::shared_ptr<const event::SchemaSet> tables, std::vector<StoredFunction> functions)
    : tables_(std::move(tables)), functions_(std::make_shared<const FunctionSet>(std::move(functions))) {}

SchemaCatalog::SchemaCatalog(std::shared_ptr<const event::SchemaSet> tables, std::shared_ptr<const FunctionSet> functions)
    : tables_(std::move(tables)), functions_(functions ? std::move(functions) : std::make_shared<const FunctionSet>()) {}

const event::TableSchema* SchemaCatalog::find_table(std::string_view name) const { return tables_->find(name); }

const StoredFunction* SchemaCatalog::find_function(std::string_view name) const {
  return functions_->find(name);
}

std::vector<std::string_view> SchemaCatalog::table_names() const {
  std::vector<std::string_view> names;
  for (const auto* table : tables_->all()) names.push_back(table->name);
  return names;
}

std::vector<std::string_view> SchemaCatalog::function_names() const {
  std::vector<std::string_view> names;
  // A name with a bracket stands for a call with a constant: f('x').
  for (const auto& [name, f] : functions_->all())
    if (name.find('(') == std::string::npos) names.push_back(name);
  return names;
}

}  // namespace yagura::kql
