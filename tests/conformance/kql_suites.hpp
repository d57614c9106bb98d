// The KQL suites and the engine they run on.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "event/table_schema.hpp"
#include "kql/compile.hpp"

namespace yagura::conformance {

struct Tally {
  int passed = 0, total = 0;
};

struct KqlRun {
  std::filesystem::path cases;
  std::string only;
  std::string library = ".cache/engine/libchdb.so";
  std::map<std::string, Tally> tallies;
  std::vector<std::string> failures;

  // One result: `reason` is empty when it passed.
  void record(const std::vector<std::string>& names, const std::string& id, const std::string& reason) {
    for (const auto& name : names) {
      ++tallies[name].total;
      if (reason.empty()) ++tallies[name].passed;
    }
    if (!reason.empty()) failures.push_back(names.back() + " " + id + ": " + reason);
  }
};

void run_kql(KqlRun& run);
void run_kql_community(KqlRun& run);
void run_kql_errors(KqlRun& run);
void run_kql_examples(KqlRun& run);
void run_kql_accepted(KqlRun& run);
void run_kql_inflight(KqlRun& run);
void run_kql_both(KqlRun& run);
void print_kql_syntax();  // kql_syntax.cpp
void print_kql_bind(const std::filesystem::path& tables);  // kql_bind.cpp
void run_sentinel_bind(KqlRun& run);

// ClickHouse in this process, by libchdb's C ABI.
class Engine {
 public:
  explicit Engine(const std::string& library);
  ~Engine();
  // JSONCompact rows as text, or the error.
  bool query(const std::string& sql, const std::vector<std::pair<std::string, std::string>>& settings, std::string& out,
             const char* format = "JSONCompactEachRow");
  // Its stages first, then as above.
  bool query(const kql::SqlStatement& statement, std::string& out);

 private:
  struct Functions;
  std::unique_ptr<Functions> functions_;
};

// The tables under cases/sentinel/tables as they are: a SchemaSet would add the columns that every stored table has here.
class SentinelTables final : public kql::Catalog {
 public:
  explicit SentinelTables(const std::filesystem::path& cases);
  const event::TableSchema* find_table(std::string_view name) const override;
  const kql::StoredFunction* find_function(std::string_view) const override { return nullptr; }
  std::vector<std::string_view> table_names() const override;
  std::vector<std::string_view> function_names() const override { return {}; }

 private:
  std::map<std::string, event::TableSchema, std::less<>> tables_;
};
std::string schema_text(const std::vector<kql::PlanColumn>& columns);  // "(a: long, b: string)"
std::string first_error(const kql::CompiledQuery& compiled);
// The query of a rule file, line breaks kept; "" when it has none.
std::string sentinel_query(const std::filesystem::path& file);

}  // namespace yagura::conformance
