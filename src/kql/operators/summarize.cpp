// summarize, count, distinct.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

bool reads_input(const Expr& e, const std::vector<std::pair<PlanColumn, Expr>>& aggregates, Span& where) {
  if (!e) return false;
  if (e->kind == BoundExpression::Kind::column) {
    if (std::ranges::any_of(aggregates, [&](const auto& a) { return a.first.id == e->column; })) return false;
    where = e->span;
    return true;
  }
  return std::ranges::any_of(e->arguments, [&](const Expr& a) { return reads_input(a, aggregates, where); });
}

PlanPtr bind_summarize(Binder& b, const SummarizeOperator& op, PlanPtr input) {
  Projection columns(b, Projection::Style::summarize);
  std::vector<std::pair<PlanColumn, Expr>> windows;
  Row row{.input = input.get(), .windows = &windows};
  std::vector<std::string> excluded;
  for (const auto* item : op.by) {
    const std::size_t before = columns.entries().size();
    columns.add(*item, row);
    for (std::size_t i = before; i < columns.entries().size(); ++i) {
      auto& [column, value, span] = columns.entries()[i];
      if (op.bin != nullptr && value->type == Type::datetime) {
        value = b.call("bin", {value, b.scalar(*op.bin, row)}, item->span);
        column.id = b.fresh();
      }
      if (value->type == Type::dynamic) b.error("KS116", span, "The value of type 'dynamic' is not allowed in this context.");
      if (value->kind == BoundExpression::Kind::column) {
        if (const auto c = std::ranges::find_if(input->columns, [&](const auto& x) { return x.id == value->column; });
            c != input->columns.end()) {
          excluded.push_back(c->name);
        }
      }
    }
  }
  const std::size_t keys = columns.entries().size();
  for (auto& entry : columns.entries()) entry.column.id = b.fresh();
  std::vector<std::pair<PlanColumn, Expr>> aggregates;
  row.aggregates = &aggregates;
  row.windows = nullptr;
  row.star_excludes = excluded;
  for (const auto* item : op.aggregates) {
    const auto* named = as<NamedExpression>(item);
    const Expression* inner = named != nullptr ? named->value : item;
    if (const auto* n = as<NameExpression>(inner); n != nullptr && b.find(*input, n->name.text) != nullptr) {
      b.error("KS236", n->span, fmt::format("The name '{}' is not an aggregate or scalar function.", n->name.text));
      columns.add(std::string(n->name.text), make_null(Type::string), n->span);
      continue;
    }
    const std::size_t before = columns.entries().size();
    columns.add(*item, row);
    for (std::size_t i = before; i < columns.entries().size(); ++i) {
      const Expr& value = columns.entries()[i].value;
      Span where{};
      if (value->type != kUnknown && reads_input(value, aggregates, where)) {
        b.error("KS236", where, fmt::format("The name '{}' is not an aggregate or scalar function.", b.text_of(where)));
      }
    }
  }
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = b.with_windows(std::move(input), windows);
  for (auto& [c, a] : aggregates) {
    plan->columns.push_back(c);
    plan->aggregates.push_back(a);
  }
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (std::size_t i = 0; i < columns.entries().size(); ++i) {
    auto& entry = columns.entries()[i];
    if (i < keys) {
      plan->columns.insert(plan->columns.begin() + static_cast<std::ptrdiff_t>(i), entry.column);
      plan->keys.push_back(entry.value);
      result.push_back({entry.column, make_column(entry.column)});
    } else {
      result.push_back({entry.column, entry.value});
    }
  }
  return b.select(plan, std::move(result));
}

PlanPtr bind_count(Binder& b, const CountOperator& op, PlanPtr input) {
  auto count = std::make_shared<BoundExpression>();
  count->kind = BoundExpression::Kind::aggregate;
  count->type = Type::int64;
  count->function = find_aggregate("count");
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = std::move(input);
  plan->columns.push_back(b.new_column(op.as_name ? std::string(op.as_name->text) : "Count", Type::int64));
  plan->aggregates.push_back(count);
  return plan;
}

PlanPtr bind_distinct(Binder& b, const DistinctOperator& op, PlanPtr input) {
  auto plan = std::make_shared<AggregatePlan>();
  const Row row{.input = input.get()};
  Projection columns(b, Projection::Style::project);
  for (const auto* item : op.columns) columns.add(*item, row);
  for (auto& [column, value, span] : columns.entries()) {
    if (value->type == Type::dynamic) b.error("KS116", span, "The value of type 'dynamic' is not allowed in this context.");
    column.id = b.fresh();
    plan->columns.push_back(std::move(column));
    plan->keys.push_back(std::move(value));
  }
  plan->input = std::move(input);
  return plan;
}

}  // namespace yagura::kql
