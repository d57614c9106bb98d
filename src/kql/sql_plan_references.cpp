// How often each shared plan (let, as, materialize) is read: once is written in place, more as a WITH.
#include "kql/sql_plan.hpp"

namespace yagura::kql {

void SqlWriter::count_in(const Expr& e) {
  if (!e) return;
  if (e->plan) count_references(*e->plan);
  for (const auto& a : e->arguments) count_in(a);
}

void SqlWriter::count_references(const Plan& plan) {
  switch (plan.kind) {
    case Plan::Kind::reference: {
      const auto& target = static_cast<const ReferencePlan&>(plan).target;
      if (++references_[target.get()] == 1) count_references(*target->plan);
      return;
    }
    case Plan::Kind::filter: {
      const auto& p = static_cast<const FilterPlan&>(plan);
      count_references(*p.input);
      return count_in(p.condition);
    }
    case Plan::Kind::project: {
      const auto& p = static_cast<const ProjectPlan&>(plan);
      count_references(*p.input);
      for (const auto& v : p.values) count_in(v);
      return;
    }
    case Plan::Kind::aggregate: {
      const auto& p = static_cast<const AggregatePlan&>(plan);
      count_references(*p.input);
      for (const auto& v : p.keys) count_in(v);
      for (const auto& v : p.aggregates) count_in(v);
      return;
    }
    case Plan::Kind::join: {
      const auto& p = static_cast<const JoinPlan&>(plan);
      count_references(*p.left);
      count_references(*p.right);
      for (const auto& [l, r] : p.keys) {
        count_in(l);
        count_in(r);
      }
      return;
    }
    case Plan::Kind::union_:
      for (const auto& b : static_cast<const UnionPlan&>(plan).branches) {
        count_references(*b.input);
        for (const auto& v : b.values) count_in(v);
      }
      return;
    case Plan::Kind::sort: {
      const auto& p = static_cast<const SortPlan&>(plan);
      count_references(*p.input);
      for (const auto& k : p.keys) count_in(k.value);
      return;
    }
    case Plan::Kind::limit: {
      const auto& p = static_cast<const LimitPlan&>(plan);
      count_references(*p.input);
      return count_in(p.count);
    }
    case Plan::Kind::unnest: {
      const auto& p = static_cast<const UnnestPlan&>(plan);
      count_references(*p.input);
      for (const auto& i : p.items) count_in(i.array);
      return;
    }
    case Plan::Kind::window: {
      const auto& p = static_cast<const WindowPlan&>(plan);
      count_references(*p.input);
      for (const auto& v : p.functions) count_in(v);
      return;
    }
    case Plan::Kind::values:
      for (const auto& row : static_cast<const ValuesPlan&>(plan).rows) {
        for (const auto& v : row) count_in(v);
      }
      return;
    case Plan::Kind::sequence: {
      const auto& p = static_cast<const SequencePlan&>(plan);
      count_in(p.from);
      count_in(p.to);
      return count_in(p.step);
    }
    case Plan::Kind::local:
      for (const auto& input : static_cast<const LocalPlan&>(plan).inputs) count_references(*input);
      return;
    case Plan::Kind::scan:
    case Plan::Kind::external: return;
  }
}

}  // namespace yagura::kql
