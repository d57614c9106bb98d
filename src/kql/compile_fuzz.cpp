// Any text: compile() ends, tells its mistakes within the text, and writes SQL in which quotes are closed.
#include <cstdlib>
#include <string_view>

#include "kql/compile.hpp"

namespace {

bool quotes_closed(std::string_view sql) {
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (quote != 0) {
      if (sql[i] == '\\') ++i;
      else if (sql[i] == quote) quote = 0;
    } else if (sql[i] == '\'' || sql[i] == '`') {
      quote = sql[i];
    }
  }
  return quote == 0;
}

const yagura::kql::Catalog& catalog() {
  static const yagura::kql::SchemaCatalog instance = [] {
    auto set = std::make_shared<yagura::event::SchemaSet>();
    yagura::event::TableSchema table;
    table.name = "T";
    table.columns = {{"a", yagura::event::KqlType::int64, ""}, {"s", yagura::event::KqlType::string, ""}, {"d", yagura::event::KqlType::dynamic, ""},
                     {"TimeGenerated", yagura::event::KqlType::datetime, ""}};
    set->put(table);
    return yagura::kql::SchemaCatalog(set, {{"F", "(x:long)", "{ T | where a > x }"}});
  }();
  return instance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto compiled = yagura::kql::compile(text, catalog(), {.now_ticks = 17'000'000'000'000'000, .max_bound_nodes = 20'000});
  for (const auto& d : compiled.diagnostics) {
    if (d.start > size) std::abort();
  }
  if (compiled.ok() && (compiled.statement.sql.empty() || !quotes_closed(compiled.statement.sql))) std::abort();
  if (!compiled.ok() && !compiled.statement.sql.empty()) std::abort();
  return 0;
}
