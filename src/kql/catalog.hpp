// Which tables and stored functions a query may name.
//
// The binder asks; the query room answers from the store (StoreCatalog), tests and tools from a SchemaSet
// (SchemaCatalog). Any number of threads may read one; a pointer it hands out lives as long as the catalog.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/table_schema.hpp"

namespace yagura::kql {

// A function kept under a name: parameters and body as KQL text, "(x:long, T:(*))" and "{ T | where a > x }".
// A body without braces is taken as well.
struct StoredFunction {
  std::string name;
  std::string parameters;
  std::string body;
  std::string folder, docstring;  // for people
  bool is_view = false;           // takes part in search and union *
  std::string source;             // where it comes from: a file, "" for one that was made here
};

// Functions by name; immutable once shared.
class FunctionSet {
 public:
  FunctionSet() = default;
  explicit FunctionSet(std::vector<StoredFunction> functions) {
    for (auto& f : functions) put(std::move(f));
  }
  void put(StoredFunction function) {  // adds or replaces
    std::string name = function.name;
    functions_.insert_or_assign(std::move(name), std::move(function));
  }
  const StoredFunction* find(std::string_view name) const {
    const auto it = functions_.find(name);
    return it == functions_.end() ? nullptr : &it->second;
  }
  const std::map<std::string, StoredFunction, std::less<>>& all() const { return functions_; }

 private:
  std::map<std::string, StoredFunction, std::less<>> functions_;
};

class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual const event::TableSchema* find_table(std::string_view name) const = 0;  // exact name, or null
  virtual const StoredFunction* find_function(std::string_view name) const = 0;   // exact name, or null
  // All names, sorted: for wildcards, search, and "did you mean".
  virtual std::vector<std::string_view> table_names() const = 0;
  virtual std::vector<std::string_view> function_names() const = 0;
  // What stands after FROM for this table. It is put into the SQL as it is: quote names by sql::identifier().
  virtual std::string table_sql(std::string_view name) const;
};

class SchemaCatalog final : public Catalog {
 public:
  explicit SchemaCatalog(std::shared_ptr<const event::SchemaSet> tables, std::vector<StoredFunction> functions = {});
  SchemaCatalog(std::shared_ptr<const event::SchemaSet> tables, std::shared_ptr<const FunctionSet> functions);
  const event::TableSchema* find_table(std::string_view name) const override;
  const StoredFunction* find_function(std::string_view name) const override;
  std::vector<std::string_view> table_names() const override;
  std::vector<std::string_view> function_names() const override;

 private:
  std::shared_ptr<const event::SchemaSet> tables_;
  std::shared_ptr<const FunctionSet> functions_;
};

}  // namespace yagura::kql
