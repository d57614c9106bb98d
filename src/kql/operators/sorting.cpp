// sort, top, take, sample, top-hitters, top-nested.
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

namespace {

// How many rows: a constant, also one that is only known when the query runs.
Expr row_count(Binder& b, const Expression& e) {
  Expr count = b.constant(e, {});
  if (count->type == kUnknown) return nullptr;
  if (!is_integer(count->type) && count->type != Type::dynamic) {
    b.error("KS134", e.span, "The expression value must be an integer.");
    return nullptr;
  }
  return b.convert(std::move(count), Type::int64);
}

}  // namespace

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

// Each level keeps the best groups within its parent's group; others become one row if "with others" says so.
PlanPtr bind_top_nested(Binder& b, const TopNestedOperator& op, PlanPtr input) {
  struct Level {
    Expr count, value, aggregate;
    std::string name, aggregate_name, others;
    bool has_others = false, descending = true;
    std::vector<std::pair<PlanColumn, Expr>> aggregates;
    Expr score;  // over the aggregates
  };
  std::vector<Level> levels;
  ColumnNames names(b);
  bool bad = false;
  for (const auto& l : op.levels) {
    Level level;
    if (l.count != nullptr) {
      level.count = row_count(b, *l.count);
      bad = bad || !level.count;
    }
    const Row row{.input = input.get()};
    bool is_explicit = false;
    auto values = b.items(*l.of, row, is_explicit);
    level.value = values[0].value;
    level.name = names.make(values[0].name);
    if (l.others != nullptr) {
      const Expr others = b.constant(*l.others, {});
      if (is_literal(others)) {
        level.has_others = true;
        level.others = others->type == Type::string ? others->value.text : std::string(b.text_of(l.others->span));
      }
    }
    const auto* ordered = as<OrderedExpression>(l.by);
    const Expression* by = ordered != nullptr ? ordered->value : l.by;
    level.descending = ordered == nullptr || ordered->direction != OrderedExpression::Direction::ascending;
    const auto* named = as<NamedExpression>(by);
    Row aggregate_row{.input = input.get(), .aggregates = &level.aggregates};
    level.score = b.scalar(named != nullptr ? *named->value : *by, aggregate_row);
    level.aggregate_name = names.make(named != nullptr ? std::string(named->names[0].text) : "aggregated_" + level.name);
    bad = bad || level.value->type == kUnknown || level.score->type == kUnknown;
    levels.push_back(std::move(level));
  }
  if (bad) return nullptr;
  // One plan after the other: the groups of level n are those of level n-1's rows joined with the input.
  auto source = b.share("", std::move(input));
  PlanPtr result;
  std::vector<PlanColumn> keys_so_far;   // value columns of the levels before, in `result`
  for (auto& level : levels) {
    if (level.has_others) {
      b.not_supported(op.keyword, "top-nested with others");
      return nullptr;
    }
    PlanPtr rows = b.reference(source);
    // Columns of the input under the ids of this reference.
    std::unordered_map<ColumnId, Expr> moved;
    for (std::size_t i = 0; i < rows->columns.size(); ++i) moved[source->plan->columns[i].id] = make_column(rows->columns[i]);
    auto aggregate = std::make_shared<AggregatePlan>();
    std::vector<PlanColumn> group;
    for (std::size_t k = 0; k < keys_so_far.size(); ++k) {
      group.push_back(b.new_column(keys_so_far[k].name, keys_so_far[k].type));
      aggregate->columns.push_back(group.back());
      aggregate->keys.push_back(substitute(levels[k].value, moved));
    }
    aggregate->columns.push_back(b.new_column(level.name, level.value->type));
    const PlanColumn value_column = aggregate->columns.back();
    aggregate->keys.push_back(substitute(level.value, moved));
    for (auto& [c, a] : level.aggregates) {
      aggregate->columns.push_back(c);
      aggregate->aggregates.push_back(substitute(a, moved));
    }
    aggregate->input = rows;
    PlanPtr plan = aggregate;
    std::vector<std::pair<PlanColumn, Expr>> columns;
    for (const auto& g : group) columns.push_back({g, make_column(g)});
    columns.push_back({value_column, make_column(value_column)});
    PlanColumn score = b.new_column(level.aggregate_name, level.score->type);
    columns.push_back({score, level.score});
    plan = b.select(plan, columns);
    if (result != nullptr) {
      // Only within the groups that the levels before kept.
      auto join = std::make_shared<JoinPlan>();
      join->join = JoinKind::inner;
      join->null_safe = true;
      join->left = result;
      join->right = plan;
      for (std::size_t k = 0; k < keys_so_far.size(); ++k) join->keys.push_back({make_column(keys_so_far[k]), make_column(group[k])});
      join->columns = result->columns;
      join->columns.push_back(value_column);
      join->columns.push_back(score);
      plan = join;
    } else {
      plan = b.select(plan, {{value_column, make_column(value_column)}, {score, make_column(score)}});
    }
    if (level.count) {
      SortKey key;
      key.value = make_column(score);
      key.descending = level.descending;
      key.nulls_first = !level.descending;
      std::vector<Expr> by;
      for (const auto& k : keys_so_far) by.push_back(make_column(k));
      plan = make_limit(make_sort(plan, {key}), level.count, std::move(by));
    }
    keys_so_far.push_back(value_column);
    result = plan;
  }
  return result;
}

}  // namespace yagura::kql
