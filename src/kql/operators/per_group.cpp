// mv-apply, partition: a plan rewritten to work on each group of rows by itself.
#include "kql/operators/per_group.hpp"

#include <algorithm>

#include "kql/stages/grouped_operator.hpp"

namespace yagura::kql {

namespace {

Expr when(Binder& b, const Expr& flag, Expr value) {
  Expr nothing = value->type == Type::string ? make_string("") : make_null(value->type);
  return b.call("iff", {flag, std::move(value), std::move(nothing)});
}

// The aggregate over those rows only for which `flag` holds; null when it has no such form.
Expr conditional(Binder& b, const Expr& aggregate, const Expr& flag) {
  const std::string name(aggregate->function->name);
  const Function* f = find_aggregate(name + "if");
  if (f == nullptr) f = find_aggregate(name + "_if");
  std::vector<Expr> arguments = aggregate->arguments;
  if (f != nullptr) {
    arguments.insert(arguments.begin() + (arguments.empty() ? 0 : 1), flag);
    Expr bound = b.call(*f, std::move(arguments), aggregate->span, aggregate->span);
    if (bound->kind != BoundExpression::Kind::call || bound->type != aggregate->type) return nullptr;
    auto out = std::make_shared<BoundExpression>(*bound);
    out->kind = BoundExpression::Kind::aggregate;
    return out;
  }
  // These pass over nulls; "" among texts is a value to arg_min.
  static constexpr std::string_view kNullless[] = {"stdevp", "percentile", "percentilew", "percentiles", "percentilesw", "percentiles_array", "percentilesw_array",
                                                   "binary_all_and", "binary_all_or", "binary_all_xor", "tdigest", "tdigest_merge", "hll_merge", "buildschema", "arg_max", "arg_min"};
  if (std::ranges::find(kNullless, name) == std::end(kNullless) || arguments.empty() || (name == "arg_min" && arguments[0]->type == Type::string)) return nullptr;
  arguments[0] = when(b, flag, arguments[0]);
  if (name.starts_with("arg_") && arguments.size() > 1) arguments[1] = when(b, flag, arguments[1]);
  auto out = std::make_shared<BoundExpression>(*aggregate);
  out->arguments = std::move(arguments);
  return out;
}

PlanPtr input_of(const PlanPtr& plan) {
  switch (plan->kind) {
    case Plan::Kind::filter: return static_cast<const FilterPlan&>(*plan).input;
    case Plan::Kind::project: return static_cast<const ProjectPlan&>(*plan).input;
    case Plan::Kind::sort: return static_cast<const SortPlan&>(*plan).input;
    default: return nullptr;
  }
}

// summarize without keys gives a row for each group, also for those of which `where` leaves nothing: instead of dropping rows the
// plan then marks them, and the aggregates pass over them. The plan as it was where that can't be said.
PlanPtr with_all_groups(Binder& b, const PlanPtr& plan, const Plan* source, std::vector<Expr>& aggregates) {
  std::vector<PlanPtr> path;  // down to the last filter
  std::size_t upto = 0;
  for (PlanPtr at = plan; at && at.get() != source; at = input_of(at)) {
    path.push_back(at);
    if (at->kind == Plan::Kind::filter) upto = path.size();
  }
  if (upto == 0) return plan;
  PlanPtr made = input_of(path[upto - 1]);
  std::vector<PlanColumn> flags;
  for (std::size_t i = upto; i-- > 0;) {
    switch (path[i]->kind) {
      case Plan::Kind::filter: {
        std::vector<std::pair<PlanColumn, Expr>> columns;
        for (const auto& c : made->columns) columns.push_back({c, make_column(c)});
        flags.push_back(b.new_column("", Type::boolean));
        columns.push_back({flags.back(), b.call("iff", {static_cast<const FilterPlan&>(*path[i]).condition, make_bool(true), make_bool(false)})});
        made = b.select(std::move(made), std::move(columns));
        break;
      }
      case Plan::Kind::project: {
        auto copy = std::make_shared<ProjectPlan>(static_cast<const ProjectPlan&>(*path[i]));
        copy->input = std::move(made);
        for (const auto& f : flags) {
          copy->columns.push_back(f);
          copy->values.push_back(make_column(f));
        }
        made = std::move(copy);
        break;
      }
      default: {
        auto copy = std::make_shared<SortPlan>(static_cast<const SortPlan&>(*path[i]));
        copy->input = std::move(made);
        copy->columns = copy->input->columns;
        made = std::move(copy);
      }
    }
  }
  Expr flag = make_column(flags.front());
  for (std::size_t i = 1; i < flags.size(); ++i) flag = make_call(find_scalar("and"), Type::boolean, {flag, make_column(flags[i])});
  std::vector<Expr> marked;
  for (const auto& a : aggregates) {
    marked.push_back(conditional(b, a, flag));
    if (!marked.back()) return plan;
  }
  aggregates = std::move(marked);
  return made;
}

}  // namespace

PlanPtr run_per_group(Binder& b, const PlanPtr& plan, const Plan* source, const std::vector<PlanColumn>& keys,
                      const std::vector<PlanColumn>& carried) {
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
  const auto input_of = [&](const PlanPtr& input) { return run_per_group(b, input, source, keys, carried); };
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
      auto aggregates = old.aggregates;
      copy->input = input_of(old.keys.empty() ? with_all_groups(b, old.input, source, aggregates) : old.input);
      if (!copy->input) return nullptr;
      std::vector<PlanColumn> key_columns(old.columns.begin(), old.columns.begin() + static_cast<std::ptrdiff_t>(old.keys.size()));
      copy->keys = old.keys;
      for (const auto& k : keys) {
        key_columns.push_back(k);
        copy->keys.push_back(make_column(k));
      }
      copy->columns = key_columns;
      copy->columns.insert(copy->columns.end(), old.columns.begin() + static_cast<std::ptrdiff_t>(old.keys.size()), old.columns.end());
      copy->aggregates = std::move(aggregates);
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
  return nullptr;
}

}  // namespace yagura::kql
