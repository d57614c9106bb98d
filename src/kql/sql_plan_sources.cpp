// Nodes of the plan that have no input: tables, rows written in the query, ranges, shared plans.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_plan.hpp"

namespace yagura::kql {

namespace {

// A literal inside of values(): its column's type is declared.
std::string value_text(const BoundExpression& e) {
  if (e.value.is_null && e.type != Type::string) return "NULL";
  switch (e.type) {
    case Type::boolean: return e.value.boolean ? "1" : "0";
    case Type::int32:
    case Type::int64:
    case Type::timespan: return std::to_string(e.value.integer);
    default: return sql::literal(e.type, e.value);
  }
}

// The columns that every row of the store has (store/table_layout.hpp).
bool is_never_null(std::string_view stored) {
  return stored == "TimeGenerated" || stored == "_TimeReceived" || stored == "_TimeIngested" || stored == "_Position";
}

}  // namespace

Relation SqlWriter::external(const ExternalPlan& p, const Needed& needed) {
  names_.unsupported.push_back({p.span, p.what});
  ValuesPlan none;
  none.columns = p.columns;
  return values(none, needed);
}

Relation SqlWriter::scan(const ScanPlan& p, const Needed& needed) {
  Relation r;
  r.from = p.table_sql;
  tables_.insert(p.table);
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    const PlanColumn& c = p.columns[i];
    if (!needed.contains(c.id)) continue;
    Cell cell;
    cell.type = c.type;
    const std::string column = sql::identifier(p.stored[i]);
    switch (c.type) {
      case Type::string: cell.sql = {column, false, true}; break;
      // Stored as JSON text; '' and 'null' are null.
      case Type::dynamic: cell.sql = {sql::json_or_null(column), true, false, column}; break;
      default: cell.sql = {column, !is_never_null(p.stored[i]), true}; break;
    }
    r.cells[c.id] = std::move(cell);
  }
  return r;
}

Relation SqlWriter::values(const ValuesPlan& p, const Needed& needed) {
  Relation r;
  SqlScope scope = scope_of(r);
  if (p.rows.size() == 1) {
    // SELECT without FROM reads the one row of system.one.
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (!needed.contains(p.columns[i].id)) continue;
      const Sql value = write_expression(*p.rows[0][i], scope);
      r.cells[p.columns[i].id] = {value, p.columns[i].type, value.atomic};
    }
    r.with = std::move(scope.with);
    return r;
  }
  const ColumnId row_number = hidden_++;
  const std::string order_name = name_of(row_number);
  bool literal = true;
  for (const auto& row : p.rows) {
    for (const auto& v : row) literal = literal && is_literal(v);
  }
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    if (needed.contains(p.columns[i].id)) used.push_back(i);
  }
  const auto add_cell = [&](std::size_t i) {
    r.cells[p.columns[i].id] = {{name_of(p.columns[i].id), p.columns[i].type != Type::string, true}, p.columns[i].type, true};
  };
  if (p.rows.empty()) {
    std::string select;
    for (const std::size_t i : used) {
      select += (select.empty() ? "" : ", ") + sql::null_of(p.columns[i].type) + " AS " + name_of(p.columns[i].id);
      add_cell(i);
    }
    r.from = "(SELECT " + (select.empty() ? std::string("1 AS _") : select) + " WHERE 0)";
    return r;
  }
  if (literal) {
    std::string structure = order_name + " UInt32";
    for (const std::size_t i : used) {
      const Type t = p.columns[i].type;
      std::string type(sql::type_of(t));
      structure += fmt::format(", {} {}", name_of(p.columns[i].id), t == Type::string ? type : "Nullable(" + type + ")");
    }
    std::string rows;
    std::size_t number = 0;
    for (const auto& row : p.rows) {
      rows += fmt::format(", ({}", number++);
      for (const std::size_t i : used) rows += ", " + value_text(*row[i]);
      rows += ")";
    }
    r.from = fmt::format("values('{}'{})", structure, rows);
  } else {
    std::string text;
    std::size_t number = 0;
    for (const auto& row : p.rows) {
      SqlScope row_scope = scope_of(r);
      std::string select = fmt::format("toUInt32({}) AS {}", number++, order_name);
      for (const std::size_t i : used) {
        select += fmt::format(", {} AS {}", write_expression(*row[i], row_scope).text, name_of(p.columns[i].id));
      }
      text += (text.empty() ? "" : " UNION ALL ") + with_text(row_scope.with) + "SELECT " + select;
    }
    r.from = "(" + text + ")";
  }
  for (const std::size_t i : used) add_cell(i);
  r.cells[row_number] = {{order_name, false, true}, Type::int64, true};
  r.order = {{row_number, false, false}};
  r.streams_in_order = literal;
  return r;
}

Relation SqlWriter::sequence(const SequencePlan& p) {
  Relation r;
  SqlScope scope = scope_of(r);
  const PlanColumn& c = p.columns[0];
  const bool is_time = c.type == Type::datetime;
  const auto number = [&](const Expr& e, bool datetime) {
    const std::string text = write_expression(*e, scope).text;
    return scope.share({"assumeNotNull(" + (datetime ? sql::ticks_of(text) : text) + ")", false, false});
  };
  const std::string from = number(p.from, is_time), to = number(p.to, is_time), step = number(p.step, false);
  const bool real = c.type == Type::real;
  const std::string count = scope.share(
      {real ? fmt::format("toUInt64(if({2} = 0 OR ({1} - {0}) / {2} < 0, 0, least(floor(({1} - {0}) / {2} + 1e-9) + 1, 1e15)))", from, to, step)
            : fmt::format("toUInt64(multiIf({2} > 0 AND {1} >= {0}, intDiv(toInt128({1}) - {0}, {2}) + 1, "
                          "{2} < 0 AND {1} <= {0}, intDiv(toInt128({0}) - {1}, -toInt128({2})) + 1, 0))", from, to, step),
       false, false});
  std::string value = fmt::format("{} + {} * {}", from, real ? "toFloat64(number)" : "toInt64(number)", step);
  if (c.type == Type::int32) value = "toInt32(" + value + ")";
  if (is_time) value = sql::datetime_of(value);
  // numbers() streams: only what is asked for is made.
  const ColumnId row_number = hidden_++;
  r.from = fmt::format("({}SELECT {} AS {}, number AS {} FROM numbers({}))", with_text(scope.with), value, name_of(c.id),
                       name_of(row_number), count);
  r.cells[c.id] = {{name_of(c.id), false, true}, c.type, true};
  r.cells[row_number] = {{name_of(row_number), false, true}, Type::int64, true};
  r.order = {{row_number, false, false}};
  r.streams_in_order = true;
  return r;
}

Relation SqlWriter::reference(const ReferencePlan& p, const Needed& needed) {
  const SharedPlan& target = *p.target;
  const bool inlined = references_[&target] <= 1;
  if (inlined) {
    Needed below;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      if (needed.contains(p.columns[i].id)) below.insert(target.plan->columns[i].id);
    }
    Relation r = write(target.plan, below);
    std::unordered_map<ColumnId, Cell> cells;
    for (std::size_t i = 0; i < p.columns.size(); ++i) {
      const auto it = r.cells.find(target.plan->columns[i].id);
      if (it != r.cells.end() && needed.contains(p.columns[i].id)) cells[p.columns[i].id] = it->second;
    }
    for (const auto& t : r.order) cells.emplace(t.column, r.cells.at(t.column));
    r.cells = std::move(cells);
    return r;
  }
  auto [it, added] = cte_names_.try_emplace(&target);
  if (added) {
    Needed all;
    for (const auto& c : target.plan->columns) all.insert(c.id);
    Relation r = write(target.plan, all);
    std::string name = names_.fresh("t");
    ctes_.push_back(fmt::format("{} AS {}({})", name, target.materialized ? "MATERIALIZED " : "", select_text(r, column_list(r, all))));
    cte_order_[&target] = r.natural ? r.order : std::vector<OrderTerm>{};
    cte_names_[&target] = name;
  }
  Relation out;
  const std::string alias = names_.fresh("q");
  out.from = cte_names_[&target] + " AS " + alias;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    if (!needed.contains(p.columns[i].id)) continue;
    const PlanColumn& c = p.columns[i];
    out.cells[c.id] = {{alias + "." + name_of(target.plan->columns[i].id), c.type != Type::string, true}, c.type, true};
  }
  for (const auto& t : cte_order_[&target]) {
    const ColumnId id = hidden_++;
    out.cells[id] = {{alias + "." + name_of(t.column), true, true}, Type::int64, true};
    out.order.push_back({id, t.descending, t.nulls_first});
  }
  return out;
}

}  // namespace yagura::kql
