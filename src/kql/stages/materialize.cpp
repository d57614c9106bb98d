#include "kql/stages/materialize.hpp"

#include <algorithm>
#include <unordered_set>

#include "kql/function.hpp"
#include "kql/stages/local_operator.hpp"

namespace yagura::kql::stages {

namespace {

class Search {
 public:
  bool in(const PlanPtr& plan) {
    if (!plan || !seen_.insert(plan.get()).second) return false;
    switch (plan->kind) {
      case Plan::Kind::scan:
      case Plan::Kind::external: return false;
      case Plan::Kind::values: return std::ranges::any_of(static_cast<const ValuesPlan&>(*plan).rows, [&](const auto& row) { return any(row); });
      case Plan::Kind::sequence: {
        const auto& p = static_cast<const SequencePlan&>(*plan);
        return in(p.from) || in(p.to) || in(p.step);
      }
      case Plan::Kind::filter: {
        const auto& p = static_cast<const FilterPlan&>(*plan);
        return in(p.condition) || in(p.input);
      }
      case Plan::Kind::project: {
        const auto& p = static_cast<const ProjectPlan&>(*plan);
        return any(p.values) || in(p.input);
      }
      case Plan::Kind::aggregate: {
        const auto& p = static_cast<const AggregatePlan&>(*plan);
        return any(p.keys) || any(p.aggregates) || in(p.input);
      }
      case Plan::Kind::join: {
        const auto& p = static_cast<const JoinPlan&>(*plan);
        return std::ranges::any_of(p.keys, [&](const auto& k) { return in(k.first) || in(k.second); }) || in(p.left) || in(p.right);
      }
      case Plan::Kind::union_:
        return std::ranges::any_of(static_cast<const UnionPlan&>(*plan).branches, [&](const auto& b) { return any(b.values) || in(b.input); });
      case Plan::Kind::sort: {
        const auto& p = static_cast<const SortPlan&>(*plan);
        return std::ranges::any_of(p.keys, [&](const auto& k) { return in(k.value); }) || in(p.input);
      }
      case Plan::Kind::limit: {
        const auto& p = static_cast<const LimitPlan&>(*plan);
        return p.input->kind != Plan::Kind::sort || in(p.input);
      }
      case Plan::Kind::unnest: {
        const auto& p = static_cast<const UnnestPlan&>(*plan);
        return std::ranges::any_of(p.items, [&](const auto& i) { return in(i.array); }) || in(p.input);
      }
      case Plan::Kind::window: {
        const auto& p = static_cast<const WindowPlan&>(*plan);
        return any(p.functions) || any(p.partition) || in(p.input);
      }
      case Plan::Kind::reference: return in(static_cast<const ReferencePlan&>(*plan).target->plan);
      case Plan::Kind::local: return std::ranges::any_of(static_cast<const LocalPlan&>(*plan).inputs, [&](const auto& i) { return in(i); });
    }
    return false;
  }

 private:
  std::unordered_set<const void*> seen_;

  bool any(const std::vector<Expr>& list) {
    return std::ranges::any_of(list, [&](const Expr& e) { return in(e); });
  }
  bool in(const Expr& e) {
    if (!e || !seen_.insert(e.get()).second) return false;
    if (e->kind == BoundExpression::Kind::call && e->function != nullptr && (e->function->name == "rand" || e->function->name == "new_guid")) return true;
    return any(e->arguments) || in(e->plan);
  }
};

class Keep final : public LocalOperator {
 public:
  explicit Keep(std::vector<PlanColumn> columns) : columns_(std::move(columns)) {}
  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    TRY(context.check());
    const event::TableBatch& given = *inputs.at(0);
    event::TableBatch out;
    const auto schema = schema_of(columns_);
    for (std::size_t i = 0; i < schema.size(); ++i) {
      event::Column copy(schema[i].type);
      copy.append_all(given.column(i));
      out.add_column(schema[i], std::move(copy));
    }
    return out;
  }

 private:
  std::vector<PlanColumn> columns_;
};

}  // namespace

bool gives_other_rows(const PlanPtr& plan) { return Search().in(plan); }

PlanPtr make_kept_stage(PlanPtr plan) {
  auto stage = std::make_shared<LocalPlan>();
  stage->what = "materialize";
  stage->columns = plan->columns;
  stage->operation = std::make_shared<Keep>(plan->columns);
  stage->inputs.push_back(std::move(plan));
  return stage;
}

}  // namespace yagura::kql::stages
