// sort, top, take, sample, top-hitters.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

std::vector<SortKey> bind_sort_keys(Binder& b, std::span<const Expression* const> columns, const Row& row, bool& bad,
                                    bool dynamic_as_text) {
  std::vector<SortKey> keys;
  for (const auto* item : columns) {
    const auto* ordered = as<OrderedExpression>(item);
    const Expression* inner = ordered != nullptr ? ordered->value : item;
    if (const auto* named = as<NamedExpression>(inner)) inner = named->value;
    Expr value = b.scalar(*inner, row);
    if (value->type == kUnknown) {
      bad = true;
      continue;
    }
    if (value->type == Type::dynamic) {
      if (!dynamic_as_text) {
        b.error("KS116", item->span, "The value of type 'dynamic' is not allowed in this context.");
        bad = true;
        continue;
      }
      value = b.convert(std::move(value), Type::string);
    }
    SortKey key;
    key.value = std::move(value);
    key.descending = ordered == nullptr || ordered->direction != OrderedExpression::Direction::ascending;
    key.nulls_first = !key.descending;  // nulls are the smallest
    if (ordered != nullptr && ordered->nulls != OrderedExpression::Nulls::unstated) {
      key.nulls_first = ordered->nulls == OrderedExpression::Nulls::first;
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

PlanPtr bind_sort(Binder& b, const SortOperator& op, PlanPtr input) {
  bool bad = false;
  auto keys = bind_sort_keys(b, op.columns, {.input = input.get()}, bad);
  if (bad || keys.empty()) return input;
  return make_sort(std::move(input), std::move(keys));
}

Expr row_count(Binder& b, const Expression& e) {
  Expr count = b.constant(e, {});
  if (count->type == kUnknown) return nullptr;
  if (!is_integer(count->type) && count->type != Type::dynamic) {
    b.error("KS134", e.span, "The expression value must be an integer.");
    return nullptr;
  }
  return b.convert(std::move(count), Type::int64);
}

PlanPtr bind_top(Binder& b, const TopOperator& op, PlanPtr input) {
  Expr count = row_count(b, *op.count);
  bool bad = count == nullptr;
  const Expression* by[] = {op.by};
  auto keys = bind_sort_keys(b, by, {.input = input.get()}, bad, true);
  if (bad || keys.empty()) return input;
  return make_limit(make_sort(std::move(input), std::move(keys)), std::move(count));
}

PlanPtr bind_take(Binder& b, const TakeOperator& op, PlanPtr input) {
  Expr count = row_count(b, *op.count);
  return count ? make_limit(std::move(input), std::move(count)) : input;
}

PlanPtr bind_sample(Binder& b, const SampleOperator& op, PlanPtr input) {
  Expr count = row_count(b, *op.count);
  if (!count) return input;
  SortKey key;
  key.value = b.call("rand", {}, op.keyword);
  return make_limit(make_sort(std::move(input), {key}), std::move(count));
}

PlanPtr bind_sample_distinct(Binder& b, const SampleDistinctOperator& op, PlanPtr input) {
  Expr count = row_count(b, *op.count);
  const Row row{.input = input.get()};
  bool is_explicit = false;
  auto values = b.items(*op.of, row, is_explicit);
  if (!count || values.empty()) return input;
  if (values[0].value->type == Type::dynamic) b.error("KS116", op.of->span, "The value of type 'dynamic' is not allowed in this context.");
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = std::move(input);
  plan->columns.push_back(b.new_column(values[0].name.empty() ? "Column1" : values[0].name, values[0].value->type));
  plan->keys.push_back(values[0].value);
  return make_limit(plan, std::move(count));
}

PlanPtr bind_top_hitters(Binder& b, const TopHittersOperator& op, PlanPtr input) {
  Expr count = row_count(b, *op.count);
  const Row row{.input = input.get()};
  bool is_explicit = false;
  auto values = b.items(*op.of, row, is_explicit);
  Expr weight = op.by != nullptr ? b.scalar(*op.by, row) : nullptr;
  if (!count || values.empty() || values[0].value->type == kUnknown || (weight && weight->type == kUnknown)) return input;
  const std::string name = values[0].name.empty() ? "Column1" : values[0].name;
  const std::string weight_name = op.by != nullptr ? b.name_of(*op.by, weight) : "";
  auto aggregate = std::make_shared<BoundExpression>();
  aggregate->kind = BoundExpression::Kind::aggregate;
  aggregate->type = weight ? (weight->type == Type::int32 ? Type::int64 : weight->type) : Type::int64;
  aggregate->function = find_aggregate(weight ? "sum" : "count");
  if (weight) aggregate->arguments.push_back(weight);
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = std::move(input);
  plan->columns.push_back(b.new_column(name, values[0].value->type));
  plan->columns.push_back(b.new_column(weight ? "approximate_sum_" + weight_name : "approximate_count_" + name, aggregate->type));
  plan->keys.push_back(values[0].value);
  plan->aggregates.push_back(aggregate);
  SortKey key;
  key.value = make_column(plan->columns[1]);
  return make_limit(make_sort(plan, {key}), std::move(count));
}

}  // namespace yagura::kql
