// Nodes that work row by row or cut and order rows: where, project, sort, limit, mv-expand.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_plan.hpp"

namespace yagura::kql {

Relation SqlWriter::filter(const FilterPlan& p, const Needed& needed) {
  Needed below = needed, reads;
  collect(p.condition, reads);
  below.insert(reads.begin(), reads.end());
  Relation r = write(p.input, below);
  settle(r, reads, needed);
  SqlScope scope = scope_of(r);
  scope.with = std::move(r.with);
  std::vector<std::string> terms;
  split_conjunction(p.condition, scope, terms);
  r.with = std::move(scope.with);
  r.where.insert(r.where.end(), terms.begin(), terms.end());
  return r;
}

void SqlWriter::split_conjunction(const Expr& e, SqlScope& scope, std::vector<std::string>& out) {
  if (e->kind == BoundExpression::Kind::call && e->function != nullptr && e->function->name == "and") {
    for (const auto& a : e->arguments) split_conjunction(a, scope, out);
    return;
  }
  out.push_back(write_condition(*e, scope));
}

Relation SqlWriter::project(const ProjectPlan& p, const Needed& needed) {
  Needed below, reads;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    if (!needed.contains(p.columns[i].id)) continue;
    collect(p.values[i], below);
    if (p.values[i]->kind != BoundExpression::Kind::column) collect(p.values[i], reads);
  }
  Relation r = write(p.input, below);
  settle(r, reads, below);
  SqlScope scope = scope_of(r);
  scope.with = std::move(r.with);
  std::unordered_map<ColumnId, Cell> cells;
  for (std::size_t i = 0; i < p.columns.size(); ++i) {
    if (!needed.contains(p.columns[i].id)) continue;
    if (p.values[i]->kind == BoundExpression::Kind::column) {
      cells[p.columns[i].id] = r.cells.at(p.values[i]->column);
      continue;
    }
    Sql value = write_expression(*p.values[i], scope);
    // parse_json() of a column is written where it is used: most of its uses are members, and those read the column.
    const bool parsed = !value.members.empty() && p.values[i]->kind == BoundExpression::Kind::call && p.values[i]->arguments.size() == 1 &&
                        p.values[i]->arguments[0]->kind == BoundExpression::Kind::column && value.members == scope.columns.at(p.values[i]->arguments[0]->column).text;
    const bool plain = (value.atomic && is_literal(p.values[i])) || parsed;
    cells[p.columns[i].id] = {std::move(value), p.columns[i].type, plain};
  }
  for (const auto& t : r.order) cells.emplace(t.column, r.cells.at(t.column));
  r.with = std::move(scope.with);
  r.cells = std::move(cells);
  return r;
}

Relation SqlWriter::sort(const SortPlan& p, const Needed& needed) {
  Needed below = needed, reads;
  for (const auto& k : p.keys) {
    collect(k.value, below);
    if (k.value->kind != BoundExpression::Kind::column) collect(k.value, reads);
  }
  Relation r = write(p.input, below);
  settle(r, reads, below);
  SqlScope scope = scope_of(r);
  scope.with = std::move(r.with);
  std::vector<OrderTerm> order;
  for (const auto& k : p.keys) {
    ColumnId id = k.value->column;
    if (k.value->kind != BoundExpression::Kind::column) {
      id = hidden_++;
      const Sql value = write_expression(*k.value, scope);
      r.cells[id] = {value, k.value->type, false};
    }
    order.push_back({id, k.descending, k.nulls_first});
  }
  r.with = std::move(scope.with);
  // Equal keys keep the order of the query's own rows.
  if (r.natural) order.insert(order.end(), r.order.begin(), r.order.end());
  r.order = std::move(order);
  r.natural = false;
  r.streams_in_order = false;
  return r;
}

Relation SqlWriter::limit(const LimitPlan& p, const Needed& needed) {
  Needed below = needed;
  for (const auto& e : p.by) collect(e, below);
  Relation r = write(p.input, below);
  SqlScope scope = scope_of(r);
  const Sql count = write_expression(*p.count, scope);
  std::string after = r.streams_in_order && p.by.empty() ? "" : order_text(r);
  std::string number = is_literal(p.count) && !p.count->value.is_null ? std::to_string(std::max<std::int64_t>(0, p.count->value.integer))
                                                                     : "(SELECT toUInt64(greatest(0, ifNull(" + count.text + ", 0))))";
  if (!p.by.empty()) {
    std::string by;
    for (const auto& e : p.by) by += (by.empty() ? "" : ", ") + write_expression(*e, scope).text;
    after += fmt::format(" LIMIT {} BY {}", number, by);
  } else {
    after += " LIMIT " + number;
  }
  return wrap(std::move(r), below, after);
}

Relation SqlWriter::unnest(const UnnestPlan& p, const Needed& needed) {
  Needed below, reads;
  for (const ColumnId id : needed) {
    if (std::ranges::none_of(p.items, [&](const auto& i) { return i.column == id; }) && p.index != id) below.insert(id);
  }
  const Needed keep = below;
  for (const auto& i : p.items) {
    collect(i.array, below);
    collect(i.array, reads);
  }
  Relation r = write(p.input, below);
  settle(r, reads, below);
  // First the arrays, in a SELECT of their own; then ARRAY JOIN over their names.
  SqlScope scope = scope_of(r);
  scope.with = std::move(r.with);
  std::vector<ColumnId> arrays;
  std::vector<std::string> texts;
  for (const auto& i : p.items) {
    const std::string d = scope.share(write_expression(*i.array, scope));
    // Elements as JSON texts; a bag gives one {key: value} for each member.
    texts.push_back(fmt::format(
        "multiIf(startsWith({0}, '['), JSONExtractArrayRaw({0}), startsWith({0}, '{{'), "
        "arrayMap(kv -> concat({1}, toJSONString(kv.1), {2}, kv.2, {3}), JSONExtractKeysAndValuesRaw({0})), "
        "isNull({0}), emptyArrayString(), [assumeNotNull({0})])",
        "ifNull(" + d + ", '')", i.bag_as_pair ? "'['" : "'{'", i.bag_as_pair ? "','" : "':'", i.bag_as_pair ? "']'" : "'}'"));
    // isNull() of an ifNull() is never true: say it of the value itself.
    texts.back() = fmt::format("if(isNull({}), emptyArrayString(), {})", d, texts.back());
  }
  std::string longest;
  for (auto& t : texts) {
    t = scope.share({t, false, false});
    longest += (longest.empty() ? "" : ", ") + ("length(" + t + ")");
  }
  if (texts.size() > 1) longest = "greatest(" + longest + ")";
  std::string size = longest;
  if (p.keep_empty) size = "greatest(1, " + size + ")";
  if (p.limit) size = fmt::format("least({}, {})", size, std::max<std::int64_t>(0, p.limit->value.integer));
  size = scope.share({size, false, false});
  for (const auto& t : texts) {
    const ColumnId id = hidden_++;
    r.cells[id] = {{fmt::format("arrayResize({}, {}, 'null')", t, size), false, false}, Type::dynamic, false};
    arrays.push_back(id);
  }
  const ColumnId numbers = hidden_++;
  r.cells[numbers] = {{fmt::format("range({})", size), false, false}, Type::int64, false};
  r.with = std::move(scope.with);
  Needed all = keep;
  all.insert(arrays.begin(), arrays.end());
  all.insert(numbers);
  r = wrap(std::move(r), all);
  std::string join;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    join += fmt::format("{}{} AS e{}", i == 0 ? "" : ", ", name_of(arrays[i]), arrays[i] - kHidden);
  }
  const std::string index_name = fmt::format("e{}", numbers - kHidden);
  join += fmt::format(", {} AS {}", name_of(numbers), index_name);
  r.from += " ARRAY JOIN " + join;
  for (std::size_t i = 0; i < p.items.size(); ++i) {
    const std::string element = fmt::format("nullIf(e{}, 'null')", arrays[i] - kHidden);
    Sql value = {element, true, false};
    if (p.items[i].type != Type::dynamic) value = {sql::from_dynamic(p.items[i].type, element), p.items[i].type != Type::string, false};
    r.cells[p.items[i].column] = {value, p.items[i].type, false};
  }
  if (p.index) r.cells[*p.index] = {{"toInt64(" + index_name + ")", false, true}, Type::int64, true};
  const ColumnId position = hidden_++;
  r.cells[position] = {{index_name, false, true}, Type::int64, true};
  if (!r.order.empty()) r.order.push_back({position, false, false});
  r.streams_in_order = false;
  Needed out = needed;
  for (const auto& t : r.order) out.insert(t.column);
  return wrap(std::move(r), out);
}

}  // namespace yagura::kql
