// join, lookup and union.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_plan.hpp"

namespace yagura::kql {

Relation SqlWriter::join(const JoinPlan& p, const Needed& needed) {
  const bool swapped = p.join == JoinKind::right_semi || p.join == JoinKind::right_anti;
  const PlanPtr& left = swapped ? p.right : p.left;
  const PlanPtr& right = swapped ? p.left : p.right;
  const bool one_side = swapped || p.join == JoinKind::left_semi || p.join == JoinKind::left_anti;
  Needed left_needed, right_needed;
  for (const auto& c : left->columns) {
    if (needed.contains(c.id)) left_needed.insert(c.id);
  }
  for (const auto& c : right->columns) {
    if (!one_side && needed.contains(c.id)) right_needed.insert(c.id);
  }
  // Columns that come along without being in the schema of a side (run_per_group).
  for (const ColumnId id : needed) {
    const auto in = [&](const PlanPtr& side) { return std::ranges::any_of(side->columns, [&](const auto& c) { return c.id == id; }); };
    if (!in(left) && !in(right)) left_needed.insert(id);
  }
  Needed left_below = left_needed, right_below = right_needed;
  for (const auto& [l, r] : p.keys) {
    collect(swapped ? r : l, left_below);
    collect(swapped ? l : r, right_below);
  }
  Relation a = write(left, left_below);
  Relation b = write(right, right_below);
  const auto keys = [&](Relation& r, bool first, Needed keep) {
    Needed reads;
    for (const auto& [x, y] : p.keys) collect(first ? x : y, reads);
    Needed all = keep;
    all.insert(reads.begin(), reads.end());
    settle(r, reads, all);
    std::vector<ColumnId> ids;
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    for (const auto& [x, y] : p.keys) {
      const Expr& e = first ? x : y;
      const ColumnId id = hidden_++;
      r.cells[id] = {write_expression(*e, scope), e->type, false};
      ids.push_back(id);
      keep.insert(id);
    }
    r.with = std::move(scope.with);
    r.order.clear();
    r = wrap(std::move(r), keep);
    return ids;
  };
  const std::vector<OrderTerm> order = a.order;
  const auto left_keys = keys(a, !swapped, left_needed);
  const auto right_keys = keys(b, swapped, right_needed);
  const std::string la = names_.fresh("l"), ra = names_.fresh("r");
  std::string condition;
  for (std::size_t i = 0; i < left_keys.size(); ++i) {
    if (!condition.empty()) condition += " AND ";
    condition += fmt::format("{}.{} {} {}.{}", la, name_of(left_keys[i]), p.null_safe ? "<=>" : "=", ra, name_of(right_keys[i]));
  }
  std::string left_from = a.from;
  if (p.join == JoinKind::inner_unique) {
    std::string by;
    for (const auto id : left_keys) by += (by.empty() ? "" : ", ") + name_of(id);
    if (!by.empty()) left_from = fmt::format("(SELECT * FROM {} LIMIT 1 BY {})", left_from, by);
  }
  std::string_view type;
  switch (p.join) {
    case JoinKind::inner:
    case JoinKind::inner_unique: type = "ALL INNER JOIN"; break;
    case JoinKind::left_outer: type = "ALL LEFT JOIN"; break;
    case JoinKind::right_outer: type = "ALL RIGHT JOIN"; break;
    case JoinKind::full_outer: type = "ALL FULL JOIN"; break;
    case JoinKind::left_semi:
    case JoinKind::right_semi: type = "LEFT SEMI JOIN"; break;
    case JoinKind::left_anti:
    case JoinKind::right_anti: type = "LEFT ANTI JOIN"; break;
    case JoinKind::cross: type = "CROSS JOIN"; break;
  }
  if (condition.empty()) type = "CROSS JOIN";
  Relation out;
  out.from = fmt::format("{} AS {} {} {} AS {}{}", left_from, la, type, b.from, ra, condition.empty() ? "" : " ON " + condition);
  const bool left_nulls = p.join == JoinKind::right_outer || p.join == JoinKind::full_outer;
  const bool right_nulls = p.join == JoinKind::left_outer || p.join == JoinKind::full_outer;
  const auto take = [&](const Relation& side, const std::string& alias, const Needed& ids, bool nulls) {
    for (const ColumnId id : ids) {
      const auto it = side.cells.find(id);
      if (it == side.cells.end()) continue;
      Cell cell = it->second;
      cell.sql = {alias + "." + name_of(id), cell.sql.nullable, true};
      cell.plain = true;
      if (nulls) {
        if (cell.type == Type::string) {
          cell.sql.text = "ifNull(" + cell.sql.text + ", '')";
          cell.sql.atomic = false;
        } else {
          cell.sql.nullable = true;
        }
      }
      out.cells[id] = std::move(cell);
    }
  };
  take(a, la, left_needed, left_nulls);
  if (!one_side) take(b, ra, right_needed, right_nulls);
  return wrap(std::move(out), needed);
}

Relation SqlWriter::union_all(const UnionPlan& p, const Needed& needed) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    if (needed.contains(p.columns[i].id)) used.push_back(i);
  }
  std::vector<Relation> branches;
  bool natural = p.branches.size() <= 64;
  for (const auto& b : p.branches) {
    Needed below, reads;
    for (const std::size_t i : used) {
      collect(b.values[i], below);
      if (b.values[i]->kind != BoundExpression::Kind::column) collect(b.values[i], reads);
    }
    Relation r = write(b.input, below);
    settle(r, reads, below);
    natural = natural && r.natural && r.order.size() <= 1;
    branches.push_back(std::move(r));
  }
  // Rows that are written in the query keep their order: branch by branch.
  bool any_order = false;
  for (const auto& r : branches) any_order = any_order || !r.order.empty() || r.from.empty();
  natural = natural && any_order;
  const ColumnId branch_id = hidden_++, row_id = hidden_++;
  std::string text;
  for (std::size_t n = 0; n < branches.size(); ++n) {
    Relation& r = branches[n];
    SqlScope scope = scope_of(r);
    scope.with = std::move(r.with);
    // Names and the types of nulls are the first branch's to say: a union of a hundred tables has half a million of them.
    const bool first = n == 0;
    std::string select;
    const auto add = [&](std::string_view value, ColumnId id) {
      if (!select.empty()) select += ", ";
      select += value;
      if (first) select += " AS " + name_of(id);
    };
    for (const std::size_t i : used) {
      const BoundExpression& value = *p.branches[n].values[i];
      const bool null = value.kind == BoundExpression::Kind::literal && value.value.is_null && value.type != Type::string;
      add(null && !first ? "NULL" : write_expression(value, scope).text, p.columns[i].id);
    }
    if (natural) {
      add(fmt::format("toUInt32({})", n), branch_id);
      add(r.order.empty() ? "toInt64(0)" : "toInt64(" + r.cells.at(r.order[0].column).sql.text + ")", row_id);
    }
    if (select.empty()) select = "1 AS _";
    r.with = std::move(scope.with);
    text += (n == 0 ? "" : " UNION ALL ") + select_text(r, select);
  }
  Relation out;
  out.from = "(" + text + ")";
  for (const std::size_t i : used) {
    const Type t = p.columns[i].type;
    out.cells[p.columns[i].id] = {{name_of(p.columns[i].id), t != Type::string, true}, t, true};
  }
  if (natural) {
    out.cells[branch_id] = {{name_of(branch_id), false, true}, Type::int64, true};
    out.cells[row_id] = {{name_of(row_id), false, true}, Type::int64, true};
    out.order = {{branch_id, false, false}, {row_id, false, false}};
  }
  return out;
}

}  // namespace yagura::kql
