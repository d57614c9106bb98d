// Operators that give several results: fork, facet, and the plugin preview. The last one is the query's own; those before it
// go to BoundQuery::earlier.
#include <fmt/format.h>

#include "kql/operators/plugins.hpp"

namespace yagura::kql {

namespace {

PlanPtr as_results(Binder& b, std::vector<NamedResult> results) {
  if (results.empty()) return nullptr;
  NamedResult last = std::move(results.back());
  results.pop_back();
  for (auto& r : results) b.query().earlier.push_back(std::move(r));
  b.query().name = std::move(last.name);
  return std::move(last.plan);
}

Expr count_of_rows() {
  auto count = std::make_shared<BoundExpression>();
  count->kind = BoundExpression::Kind::aggregate;
  count->type = Type::int64;
  count->function = find_aggregate("count");
  return count;
}

}  // namespace

PlanPtr bind_fork(Binder& b, const ForkOperator& op, PlanPtr input) {
  const auto source = b.share("", std::move(input));
  std::vector<NamedResult> results;
  for (const auto& branch : op.branches) {
    if (branch.body == nullptr) continue;
    PlanPtr plan = b.sub_pipe(*branch.body, b.reference(source));
    if (!plan) return nullptr;
    results.push_back({branch.name ? std::string(branch.name->text) : "", std::move(plan), {}});
  }
  return as_results(b, std::move(results));
}

PlanPtr bind_facet(Binder& b, const FacetOperator& op, PlanPtr input) {
  const auto source = b.share("", std::move(input));
  std::vector<NamedResult> results;
  bool bad = false;
  if (op.with != nullptr) {
    PlanPtr plan = b.sub_pipe(*op.with, b.reference(source));
    if (!plan) return nullptr;
    results.push_back({"", std::move(plan), {}});
  }
  for (const auto* item : op.columns) {
    PlanPtr rows = b.reference(source);
    const PlanColumn* column = b.column(*item, *rows);
    if (column == nullptr) {
      bad = true;
      continue;
    }
    if (column->type == Type::dynamic) b.error("KS116", item->span, "The value of type 'dynamic' is not allowed in this context.");
    auto groups = std::make_shared<AggregatePlan>();
    groups->columns = {b.new_column(column->name, column->type), b.new_column("count_" + column->name, Type::int64)};
    groups->keys = {make_column(*column)};
    groups->aggregates = {count_of_rows()};
    groups->input = rows;
    results.push_back({"", std::move(groups), {}});
  }
  return bad ? nullptr : as_results(b, std::move(results));
}

PlanPtr preview_plugin(Binder& b, PlanPtr input, std::int64_t rows) {
  const auto source = b.share("", std::move(input));
  auto count = std::make_shared<AggregatePlan>();
  count->columns = {b.new_column("Count", Type::int64)};
  count->aggregates = {count_of_rows()};
  count->input = b.reference(source);
  std::vector<NamedResult> results;
  results.push_back({"", make_limit(b.reference(source), make_long(rows)), {}});
  results.push_back({"", std::move(count), {}});
  return as_results(b, std::move(results));
}

}  // namespace yagura::kql
