// mv-expand, mv-apply, partition: rows from arrays, and pipes that run once for each group of rows.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"
#include "kql/operators/per_group.hpp"

namespace yagura::kql {

namespace {

struct Item {
  std::string name;
  Expr array;
  Type type = Type::dynamic;
  bool replaces = false;  // an input column of this name
};

bool bind_items(Binder& b, std::span<const MvApplyOperator::Item> syntax, const Plan& input, std::vector<Item>& out) {
  const Row row{.input = &input};
  ColumnNames names(b);
  bool good = true;
  for (const auto& i : syntax) {
    const auto* named = as<NamedExpression>(i.value);
    const Expression& inner = named != nullptr ? *named->value : *i.value;
    Item item;
    item.array = b.scalar(inner, row);
    if (item.array->type == kUnknown) {
      good = input.open;
      item.array = make_null(Type::dynamic);
      item.type = input.open ? kUnknown : Type::dynamic;
    } else if (item.array->type != Type::dynamic) {
      b.error("KS141", i.value->span, "The expression must have the type dynamic.");
      good = false;
      item.array = make_null(Type::dynamic);
    }
    if (named != nullptr) item.name = named->names[0].text;
    else item.name = b.name_of(inner, item.array);
    item.name = names.make(item.name);
    if (i.to_type) {
      if (i.to_type->type) item.type = *i.to_type->type;
      else b.error("KS115", i.to_type->span, fmt::format("The name '{}' is not a known type.", i.to_type->text));
    }
    item.replaces = b.find(input, item.name) != nullptr;
    out.push_back(std::move(item));
  }
  return good;
}

}  // namespace

PlanPtr bind_mv_expand(Binder& b, const MvExpandOperator& op, PlanPtr input) {
  std::vector<Item> items;
  bind_items(b, op.items, *input, items);
  std::string kind(b.parameter(op.parameters, "kind"));
  if (kind.empty()) kind = b.parameter(op.parameters, "bagexpansion");
  const std::string index_name(b.parameter(op.parameters, "with_itemindex"));
  auto plan = std::make_shared<UnnestPlan>();
  plan->columns = input->columns;
  plan->keep_empty = true;
  for (const auto& i : items) {
    const PlanColumn c = b.new_column(i.name, i.type);
    plan->columns.push_back(c);
    plan->items.push_back({c.id, i.array, i.type, kind == "array"});
  }
  if (!index_name.empty()) {
    const PlanColumn c = b.new_column(index_name, Type::int64);
    plan->columns.push_back(c);
    plan->index = c.id;
  }
  if (op.limit != nullptr) {
    if (const auto limit = b.constant_long(*op.limit, {})) plan->limit = make_long(*limit);
  }
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (const auto& c : input->columns) {
    const PlanColumn* source = &c;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].name == c.name) source = &plan->columns[input->columns.size() + i];
    }
    result.push_back({*source, make_column(*source)});
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].replaces) continue;
    const PlanColumn& c = plan->columns[input->columns.size() + i];
    result.push_back({c, make_column(c)});
  }
  if (plan->index) {
    const PlanColumn& c = plan->columns.back();
    result.push_back({c, make_column(c)});
  }
  plan->input = std::move(input);
  return b.select(plan, std::move(result));
}

PlanPtr bind_mv_apply(Binder& b, const MvApplyOperator& op, PlanPtr input) {
  const std::vector<PlanColumn> before = input->columns;
  std::vector<Item> items;
  if (!bind_items(b, op.items, *input, items)) return nullptr;
  // Number the rows, so that each is a group of its own.
  std::vector<std::pair<PlanColumn, Expr>> windows;
  auto number = std::make_shared<BoundExpression>();
  number->kind = BoundExpression::Kind::window;
  number->type = Type::int64;
  number->function = find_window("row_number");
  const PlanColumn id = b.new_column("", Type::int64);
  windows.push_back({id, number});
  const bool open = input->open;
  auto numbered = b.with_windows(std::move(input), windows);
  auto unnest = std::make_shared<UnnestPlan>();
  unnest->columns = numbered->columns;
  std::vector<PlanColumn> new_columns;
  for (const auto& i : items) {
    const PlanColumn c = b.new_column(i.name, i.type);
    new_columns.push_back(c);
    unnest->columns.push_back(c);
    unnest->items.push_back({c.id, i.array, i.type, false});
  }
  const std::string index_name(b.parameter(op.parameters, "with_itemindex"));
  if (!index_name.empty()) {
    const PlanColumn c = b.new_column(index_name, Type::int64);
    unnest->columns.push_back(c);
    new_columns.push_back(c);
    unnest->index = c.id;
  }
  if (op.limit != nullptr) {
    if (const auto limit = b.constant_long(*op.limit, {})) unnest->limit = make_long(*limit);
  }
  unnest->input = numbered;
  // What the sub-query sees: the new columns, and those of the row that they don't hide.
  std::vector<std::pair<PlanColumn, Expr>> seen;
  std::vector<PlanColumn> carried;
  for (const auto& c : before) {
    if (std::ranges::any_of(new_columns, [&](const auto& n) { return n.name == c.name; })) continue;
    carried.push_back(c);
    seen.push_back({c, make_column(c)});
  }
  for (const auto& c : new_columns) seen.push_back({c, make_column(c)});
  auto visible = std::make_shared<ProjectPlan>();
  visible->input = unnest;
  for (auto& [c, v] : seen) {
    visible->columns.push_back(c);
    visible->values.push_back(v);
  }
  PlanPtr result = b.sub_pipe(*op.body, open ? b.opened(visible) : PlanPtr(visible));
  if (!result) return nullptr;
  const std::vector<PlanColumn> produced = result->columns;
  // The same plan over rows that also have the number, and the columns that new ones hide within it.
  auto source = std::make_shared<ProjectPlan>(*visible);
  visible->columns.push_back(id);
  visible->values.push_back(make_column(id));
  const auto applied = [&](const PlanColumn& c) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!is<NamedExpression>(*op.items[i].value) && items[i].array->kind == BoundExpression::Kind::column && items[i].array->column == c.id) return true;
    }
    return false;
  };
  for (const auto& c : before) {
    if (std::ranges::any_of(carried, [&](const auto& x) { return x.id == c.id; }) || applied(c)) continue;
    carried.push_back(c);
    visible->columns.push_back(c);
    visible->values.push_back(make_column(c));
  }
  result = run_per_group(b, result, visible.get(), {id}, carried);
  if (!result) {
    b.not_supported(op.keyword, "A sub-query of this form");
    return nullptr;
  }
  // The row's own columns, but for those that were taken apart; then what the sub-query gives, in place of those of its name.
  std::vector<std::pair<PlanColumn, Expr>> columns;
  for (const auto& c : before) {
    if (!applied(c)) columns.push_back({c, make_column(c)});
  }
  for (const auto& c : produced) {
    const auto same = std::ranges::find_if(columns, [&](const auto& x) { return x.first.name == c.name; });
    if (same != columns.end() && same->second->column == c.id) continue;
    PlanColumn column = c;
    if (std::ranges::any_of(columns, [&](const auto& x) { return x.first.id == c.id; })) column.id = b.fresh();
    if (same != columns.end()) *same = {column, make_column(c)};
    else columns.push_back({column, make_column(c)});
  }
  return b.select(result, std::move(columns));
}

PlanPtr bind_partition(Binder& b, const PartitionOperator& op, PlanPtr input) {
  if (op.scope != nullptr) {
    b.not_supported(op.scope->span, "partition by ... in ...");
    return nullptr;
  }
  if (op.braces) return bind_partition_query(b, op, std::move(input));
  const PlanColumn* by = b.column(*op.by, *input);
  if (by == nullptr) return nullptr;
  if (by->type == Type::dynamic) b.error("KS116", op.by->span, "The value of type 'dynamic' is not allowed in this context.");
  const PlanColumn key = *by;
  const PlanPtr source = b.select(input, [&] {
    std::vector<std::pair<PlanColumn, Expr>> same;
    for (const auto& c : input->columns) same.push_back({c, make_column(c)});
    return same;
  }());
  PlanPtr result = b.sub_pipe(*op.body, source);
  if (!result) return nullptr;
  const std::vector<PlanColumn> produced = result->columns;
  result = run_per_group(b, result, source.get(), {key}, {});
  // A join with itself, top-nested, a name for the part ...
  if (!result) return bind_partition_parts(b, op, std::move(input));
  std::vector<std::pair<PlanColumn, Expr>> columns;
  for (const auto& c : produced) columns.push_back({c, make_column(c)});
  return b.select(result, std::move(columns));
}

}  // namespace yagura::kql
