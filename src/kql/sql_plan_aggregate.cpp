// summarize and its like: GROUP BY.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_plan.hpp"

namespace yagura::kql {

namespace {

std::string trim_left(std::string text) {
  while (text.starts_with(' ')) text.erase(0, 1);
  return text;
}

}  // namespace

Relation SqlWriter::aggregate(const AggregatePlan& p, const Needed& needed) {
  Needed below;
  for (const auto& k : p.keys) collect(k, below);
  bool ordered = false;
  for (std::size_t i = 0; i < p.aggregates.size(); ++i) {
    if (!needed.contains(p.columns[p.keys.size() + i].id)) continue;
    collect(p.aggregates[i], below);
    const auto name = p.aggregates[i]->function->name;
    ordered = ordered || name.starts_with("make_list") || name == "make_set" || name == "make_set_if";
  }
  Relation r = write(p.input, below);
  std::string row_order;
  if (ordered && !r.order.empty()) {
    // Lists keep the order of their rows.
    const bool one = r.order.size() == 1 && !r.order[0].descending && r.cells.at(r.order[0].column).type == Type::int64 && r.natural;
    if (!one) {
      const ColumnId number = hidden_++;
      Needed keep = below;
      r.cells[number] = {{fmt::format("row_number() OVER ({})", trim_left(order_text(r))), false, false}, Type::int64, false};
      keep.insert(number);
      r.order = {{number, false, false}};
      r = wrap(std::move(r), keep);
    } else if (!r.plain({r.order[0].column})) {
      r = wrap(std::move(r), below);
    }
    row_order = r.cells.at(r.order[0].column).sql.text;
  }
  settle(r, below, below);
  SqlScope scope = scope_of(r);
  scope.with = std::move(r.with);
  scope.row_order = row_order;
  std::string select, group;
  Relation out;
  const auto add = [&](const PlanColumn& c, const std::string& text, bool nullable) {
    if (!select.empty()) select += ", ";
    select += text + " AS " + name_of(c.id);
    out.cells[c.id] = {{name_of(c.id), nullable, true}, c.type, true};
  };
  for (std::size_t i = 0; i < p.keys.size(); ++i) {
    const Sql key = write_expression(*p.keys[i], scope);
    add(p.columns[i], key.text, key.nullable);
    group += (group.empty() ? "" : ", ") + name_of(p.columns[i].id);
  }
  for (std::size_t i = 0; i < p.aggregates.size(); ++i) {
    const PlanColumn& c = p.columns[p.keys.size() + i];
    if (!needed.contains(c.id)) continue;
    const Sql value = write_expression(*p.aggregates[i], scope);
    add(c, value.text, value.nullable);
  }
  if (select.empty()) select = "count() AS _";
  r.with = std::move(scope.with);
  out.from = "(" + select_text(r, select) + (group.empty() ? "" : " GROUP BY " + group) + ")";
  return out;
}

}  // namespace yagura::kql
