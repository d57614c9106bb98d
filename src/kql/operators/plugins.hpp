// The plugins of evaluate that are stages (evaluate.cpp has those that are plain plans), and what gives several results.
#pragma once
#include "kql/operators/operators.hpp"

namespace yagura::kql {

// Null with `known` false when the name is none of theirs; null after a mistake.
PlanPtr bind_activity_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known);
PlanPtr bind_sequence_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known);
PlanPtr bind_pattern_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known);
PlanPtr bind_lookup_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known);
// several_results.cpp
PlanPtr bind_fork(Binder& b, const ForkOperator& op, PlanPtr input);
PlanPtr bind_facet(Binder& b, const FacetOperator& op, PlanPtr input);
PlanPtr preview_plugin(Binder& b, PlanPtr input, std::int64_t rows);

}  // namespace yagura::kql
