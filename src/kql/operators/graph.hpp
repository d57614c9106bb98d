// Graphs between their operators: what make-graph said, not rows. The operator that leaves the graph (graph-match,
// graph-shortest-paths, graph-to-table) makes a stage of it.
#pragma once
#include "kql/operators/operators.hpp"
#include "kql/stages/graph_pattern.hpp"

namespace yagura::kql {

// `inputs` are the edges, then the node tables. It has no columns, and no rows: asking for them is refused.
struct GraphPlan : LocalPlan {
  GraphSpec spec;
};

// The graph that a plan is, also behind a name; null, with a diagnostic, when it is a table.
const GraphPlan* graph_of(Binder& b, const PlanPtr& plan, Span keyword);
// A stage over the graph's inputs.
std::shared_ptr<LocalPlan> stage_on_graph(const GraphPlan& graph, std::string what, Span span, std::shared_ptr<const LocalOperator> operation);

PlanPtr bind_make_graph(Binder& b, const MakeGraphOperator& op, PlanPtr input);
PlanPtr bind_graph_mark_components(Binder& b, const GraphMarkComponentsOperator& op, PlanPtr input);
PlanPtr bind_graph_where(Binder& b, Span keyword, const Expression& condition, bool nodes, PlanPtr input);
PlanPtr bind_graph_to_table(Binder& b, const GraphToTableOperator& op, PlanPtr input);
PlanPtr bind_graph_match(Binder& b, const GraphMatchOperator& op, PlanPtr input);
PlanPtr bind_graph_shortest_paths(Binder& b, const GraphShortestPathsOperator& op, PlanPtr input);

}  // namespace yagura::kql
