// reduce: patterns of texts, as a stage.
#include "kql/operators/operators.hpp"
#include "kql/stages/reduce_operator.hpp"

namespace yagura::kql {

PlanPtr bind_reduce(Binder& b, const ReduceOperator& op, PlanPtr input) {
  const Row row{.input = input.get()};
  Expr by = b.scalar(*op.by, row);
  ReduceSettings settings;
  if (const std::string_view kind = b.parameter(op.parameters, "kind"); kind == "source") settings.source = true;
  for (const auto& p : op.with) {
    if (p.value == nullptr) continue;
    const Expr value = b.constant(*p.value, {});
    if (p.name.text == "threshold" && is_number(value->type) && is_literal(value)) {
      settings.threshold = value->type == Type::real ? value->value.real : static_cast<double>(value->value.integer);
      if (!(settings.threshold >= 0 && settings.threshold <= 1)) b.error("KS195", p.value->span, "The threshold must be a number from 0 to 1.");
    } else if (p.name.text == "characters" && is_literal(value) && value->type == Type::string) {
      settings.separators = value->value.text;
    }
  }
  if (by->type == kUnknown) return nullptr;
  if (by->type != Type::string) {
    b.error("KS141", op.by->span, "The expression must have the type string.");
    return nullptr;
  }
  auto plan = std::make_shared<LocalPlan>();
  plan->what = "the operator 'reduce'";
  plan->span = op.keyword;
  std::vector<std::pair<PlanColumn, Expr>> read{{b.new_column("", Type::string), std::move(by)}};
  std::vector<PlanColumn> passing;
  if (settings.source) {
    passing = input->columns;
    plan->columns = passing;
    for (const auto& c : passing) read.push_back({c, make_column(c)});
  } else {
    plan->ordered = true;  // the greatest group first
  }
  plan->columns.push_back(b.new_column("Pattern", Type::string));
  plan->columns.push_back(b.new_column("Count", Type::int64));
  plan->columns.push_back(b.new_column("Representative", Type::string));
  plan->inputs.push_back(b.select(std::move(input), std::move(read)));
  plan->operation = make_reduce_operator(std::move(settings), std::move(passing));
  return plan;
}

}  // namespace yagura::kql
