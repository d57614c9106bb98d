// mv-expand, mv-apply, partition: rows from arrays, and pipes that run once for each group of rows.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"
#include "kql/stages/grouped_operator.hpp"

namespace yagura::kql {

namespace {

struct Item {
  std::string name;
  Expr array;
  Type type;
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
      good = false;
      item.array = make_null(Type::dynamic);
    } else if (item.array->type != Type::dynamic) {
      b.error("KS141", inner.span, "The expression must have the type dynamic.");
      good = false;
      item.array = make_null(Type::dynamic);
    }
    if (named != nullptr) item.name = named->names[0].text;
    else item.name = b.name_of(inner, item.array);
    item.name = names.make(item.name);
    item.type = Type::dynamic;
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

// Rewrites the plan above `source` so that it works on each group of rows by itself: a group is the rows with equal
// `keys`. `carried` columns of the source come along. Null, with a diagnostic, where a node can't be rewritten.
PlanPtr run_per_group(Binder& b, const PlanPtr& plan, const Plan* source, const std::vector<PlanColumn>& keys,
                      const std::vector<PlanColumn>& carried, Span span) {
  const auto has = [](const std::vector<PlanColumn>& columns, ColumnId id) {
    return std::ranges::any_of(columns, [&](const auto& c) { return c.id == id; });
  };
  const auto add_passing = [&](std::vector<PlanColumn>& columns) {
    for (const auto* list : {&keys, &carried}) {
      for (const auto& c : *list) {
        if (!has(columns, c.id)) columns.push_back(c);
      }
    }
  };
  if (plan.get() == source) return plan;
  const auto input_of = [&](const PlanPtr& input) { return run_per_group(b, input, source, keys, carried, span); };
  switch (plan->kind) {
    case Plan::Kind::filter: {
      auto copy = std::make_shared<FilterPlan>(static_cast<const FilterPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      copy->columns = copy->input->columns;
      return copy;
    }
    case Plan::Kind::project: {
      auto copy = std::make_shared<ProjectPlan>(static_cast<const ProjectPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      for (const auto* list : {&keys, &carried}) {
        for (const auto& c : *list) {
          if (has(copy->columns, c.id)) continue;
          copy->columns.push_back(c);
          copy->values.push_back(make_column(c));
        }
      }
      return copy;
    }
    case Plan::Kind::aggregate: {
      const auto& old = static_cast<const AggregatePlan&>(*plan);
      auto copy = std::make_shared<AggregatePlan>();
      copy->input = input_of(old.input);
      if (!copy->input) return nullptr;
      std::vector<PlanColumn> key_columns(old.columns.begin(), old.columns.begin() + static_cast<std::ptrdiff_t>(old.keys.size()));
      copy->keys = old.keys;
      for (const auto& k : keys) {
        key_columns.push_back(k);
        copy->keys.push_back(make_column(k));
      }
      copy->columns = key_columns;
      copy->columns.insert(copy->columns.end(), old.columns.begin() + static_cast<std::ptrdiff_t>(old.keys.size()), old.columns.end());
      copy->aggregates = old.aggregates;
      for (const auto& c : carried) {
        if (has(copy->columns, c.id)) continue;
        auto any = std::make_shared<BoundExpression>();
        any->kind = BoundExpression::Kind::aggregate;
        any->type = c.type;
        any->function = find_aggregate(".any_of_row");
        any->arguments = {make_column(c)};
        copy->columns.push_back(c);
        copy->aggregates.push_back(any);
      }
      return copy;
    }
    case Plan::Kind::sort: {
      auto copy = std::make_shared<SortPlan>(static_cast<const SortPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      copy->columns = copy->input->columns;
      return copy;
    }
    case Plan::Kind::limit: {
      auto copy = std::make_shared<LimitPlan>(static_cast<const LimitPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      copy->columns = copy->input->columns;
      for (const auto& k : keys) copy->by.push_back(make_column(k));
      return copy;
    }
    case Plan::Kind::window: {
      auto copy = std::make_shared<WindowPlan>(static_cast<const WindowPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      if (copy->function_columns.empty()) {
        const std::size_t first = copy->columns.size() - copy->functions.size();
        for (std::size_t i = 0; i < copy->functions.size(); ++i) copy->function_columns.push_back(first + i);
      }
      add_passing(copy->columns);
      for (const auto& k : keys) copy->partition.push_back(make_column(k));
      return copy;
    }
    case Plan::Kind::unnest: {
      auto copy = std::make_shared<UnnestPlan>(static_cast<const UnnestPlan&>(*plan));
      copy->input = input_of(copy->input);
      if (!copy->input) return nullptr;
      add_passing(copy->columns);
      return copy;
    }
    case Plan::Kind::join: {
      auto copy = std::make_shared<JoinPlan>(static_cast<const JoinPlan&>(*plan));
      copy->left = input_of(copy->left);
      if (!copy->left) return nullptr;
      add_passing(copy->columns);
      return copy;
    }
    case Plan::Kind::values:
    case Plan::Kind::sequence:
    case Plan::Kind::scan:
    case Plan::Kind::union_:
    case Plan::Kind::reference:
    case Plan::Kind::external: break;
    case Plan::Kind::local: {
      const auto& old = static_cast<const LocalPlan&>(*plan);
      if (old.inputs.empty()) break;
      auto copy = std::make_shared<LocalPlan>(old);
      copy->inputs.front() = input_of(copy->inputs.front());
      if (!copy->inputs.front()) return nullptr;
      const std::size_t before = copy->columns.size();
      add_passing(copy->columns);
      std::vector<ColumnId> ids;
      for (const auto& k : keys) ids.push_back(k.id);
      std::vector<PlanColumn> passing(copy->columns.begin() + static_cast<std::ptrdiff_t>(before), copy->columns.end());
      copy->operation = make_grouped_operator(old.operation, old.inputs.front()->columns, copy->inputs.front()->columns, std::move(ids), std::move(passing));
      copy->ordered = true;
      return copy;
    }
  }
  b.not_supported(span, "A sub-query of this form");
  return nullptr;
}

PlanPtr bind_mv_apply(Binder& b, const MvApplyOperator& op, PlanPtr input) {
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
  const std::vector<PlanColumn> before = input->columns;
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
  PlanPtr result = b.sub_pipe(*op.body, visible);
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
  result = run_per_group(b, result, visible.get(), {id}, carried, op.keyword);
  if (!result) return nullptr;
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
  const PlanColumn key = *by;
  auto source = b.select(input, [&] {
    std::vector<std::pair<PlanColumn, Expr>> same;
    for (const auto& c : input->columns) same.push_back({c, make_column(c)});
    return same;
  }());
  PlanPtr result = b.sub_pipe(*op.body, source);
  if (!result) return nullptr;
  const std::vector<PlanColumn> produced = result->columns;
  result = run_per_group(b, result, source.get(), {key}, {}, op.keyword);
  if (!result) return nullptr;
  std::vector<std::pair<PlanColumn, Expr>> columns;
  for (const auto& c : produced) columns.push_back({c, make_column(c)});
  return b.select(result, std::move(columns));
}

}  // namespace yagura::kql
