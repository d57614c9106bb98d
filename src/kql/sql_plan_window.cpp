// Functions over the rows in order: prev, next, row_number, row_cumsum ...
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_plan.hpp"

namespace yagura::kql {

namespace {

// run_per_group() may have put columns behind those of the functions.
std::size_t find_column(const WindowPlan& p, std::size_t first, std::size_t i) {
  return p.function_columns.empty() ? first + i : p.function_columns[i];
}

}  // namespace

Relation SqlWriter::window(const WindowPlan& p, const Needed& needed) {
  Relation r;
  Needed below;
  for (const ColumnId id : needed) below.insert(id);
  for (const auto& f : p.functions) collect(f, below);
  for (const auto& e : p.partition) collect(e, below);
  const std::size_t first = p.columns.size() - p.functions.size();
  for (std::size_t i = 0; i < p.functions.size(); ++i) below.erase(p.columns[find_column(p, first, i)].id);
  // A window that reads another window's column: one SELECT after the other.
  r = write(p.input, below);
  if (r.order.empty()) {
    // No order was promised: number the rows as they come, so that all windows see the same one.
    const ColumnId number = hidden_++;
    r.cells[number] = {{"rowNumberInAllBlocks()", false, false}, Type::int64, false};
    r.order = {{number, false, false}};
    r = wrap(std::move(r), below);
  } else {
    r = wrap(std::move(r), below);
  }
  std::string partition;
  {
    SqlScope scope = scope_of(r);
    for (const auto& e : p.partition) partition += (partition.empty() ? "" : ", ") + write_expression(*e, scope).text;
  }
  Needed done = below;
  for (std::size_t i = 0; i < p.functions.size(); ++i) {
    const PlanColumn& c = p.columns[find_column(p, first, i)];
    Needed reads;
    collect(p.functions[i], reads);
    if (!r.plain(reads)) r = wrap(std::move(r), done);
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    scope.row_order = (partition.empty() ? "" : "PARTITION BY " + partition) + order_text(r);
    const Sql value = write_expression(*p.functions[i], scope);
    r.with = std::move(scope.with);
    r.cells[c.id] = {value, c.type, false};
    done.insert(c.id);
  }
  return wrap(std::move(r), done);
}

}  // namespace yagura::kql
