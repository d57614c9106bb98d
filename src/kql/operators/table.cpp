// Which function binds which operator.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/graph.hpp"
#include "kql/operators/operators.hpp"
#include "kql/operators/plugins.hpp"

namespace yagura::kql {

PlanPtr bind_operator(Binder& b, const Operator& op, PlanPtr input) {
#define INPUT_OPERATOR(Type, function) \
  case Type::kKind:                    \
    if (!input) break;                 \
    return function(b, static_cast<const Type&>(op), std::move(input))
  switch (op.kind) {
    INPUT_OPERATOR(FilterOperator, bind_filter);
    INPUT_OPERATOR(ExtendOperator, bind_extend);
    INPUT_OPERATOR(ProjectOperator, bind_project);
    INPUT_OPERATOR(ProjectNamesOperator, bind_project_names);
    INPUT_OPERATOR(ProjectRenameOperator, bind_project_rename);
    INPUT_OPERATOR(SerializeOperator, bind_serialize);
    INPUT_OPERATOR(SummarizeOperator, bind_summarize);
    INPUT_OPERATOR(CountOperator, bind_count);
    INPUT_OPERATOR(DistinctOperator, bind_distinct);
    INPUT_OPERATOR(TakeOperator, bind_take);
    INPUT_OPERATOR(SampleOperator, bind_sample);
    INPUT_OPERATOR(SampleDistinctOperator, bind_sample_distinct);
    INPUT_OPERATOR(SortOperator, bind_sort);
    INPUT_OPERATOR(TopOperator, bind_top);
    INPUT_OPERATOR(TopHittersOperator, bind_top_hitters);
    INPUT_OPERATOR(TopNestedOperator, bind_top_nested);
    INPUT_OPERATOR(JoinOperator, bind_join);
    INPUT_OPERATOR(LookupOperator, bind_lookup);
    INPUT_OPERATOR(ParseOperator, bind_parse);
    INPUT_OPERATOR(ParseKvOperator, bind_parse_kv);
    INPUT_OPERATOR(MvExpandOperator, bind_mv_expand);
    INPUT_OPERATOR(MvApplyOperator, bind_mv_apply);
    INPUT_OPERATOR(GetSchemaOperator, bind_get_schema);
    INPUT_OPERATOR(RenderOperator, bind_render);
    INPUT_OPERATOR(AsOperator, bind_as);
    INPUT_OPERATOR(InvokeOperator, bind_invoke);
    INPUT_OPERATOR(MakeSeriesOperator, bind_make_series);
    INPUT_OPERATOR(PartitionOperator, bind_partition);
    INPUT_OPERATOR(EvaluateOperator, bind_evaluate);
    INPUT_OPERATOR(ScanOperator, bind_scan);
    INPUT_OPERATOR(ReduceOperator, bind_reduce);
    INPUT_OPERATOR(ForkOperator, bind_fork);
    INPUT_OPERATOR(FacetOperator, bind_facet);
    INPUT_OPERATOR(MakeGraphOperator, bind_make_graph);
    INPUT_OPERATOR(GraphMarkComponentsOperator, bind_graph_mark_components);
    INPUT_OPERATOR(GraphToTableOperator, bind_graph_to_table);
    INPUT_OPERATOR(GraphMatchOperator, bind_graph_match);
    INPUT_OPERATOR(GraphShortestPathsOperator, bind_graph_shortest_paths);
    case NodeKind::graph_where_nodes:
      if (!input) break;
      return bind_graph_where(b, op.keyword, *static_cast<const GraphWhereNodesOperator&>(op).condition, true, std::move(input));
    case NodeKind::graph_where_edges:
      if (!input) break;
      return bind_graph_where(b, op.keyword, *static_cast<const GraphWhereEdgesOperator&>(op).condition, false, std::move(input));
    case NodeKind::consume:
      if (!input) break;
      return make_limit(std::move(input), make_long(0));
    case NodeKind::print: return bind_print(b, static_cast<const PrintOperator&>(op));
    case NodeKind::range: return bind_range(b, static_cast<const RangeOperator&>(op));
    case NodeKind::union_: return bind_union(b, static_cast<const UnionOperator&>(op), std::move(input));
    case NodeKind::search: return bind_search(b, static_cast<const SearchOperator&>(op), std::move(input));
    case NodeKind::find: return bind_find(b, static_cast<const FindOperator&>(op), std::move(input));
    case NodeKind::bad_operator: return nullptr;  // the parser has said so
    default:
      b.not_supported(op.keyword, fmt::format("The operator '{}'", b.text_of(op.keyword)));
      return nullptr;
  }
#undef INPUT_OPERATOR
  // Some plugins make a table of their own; those of ours find no columns here.
  if (op.kind == NodeKind::evaluate) return bind_evaluate(b, static_cast<const EvaluateOperator&>(op), b.empty_table({}));
  b.error("KS174", op.keyword, fmt::format("The operator '{}' needs a table before it.", b.text_of(op.keyword)));
  return nullptr;
}

bool ColumnNames::used(std::string_view name) const { return std::ranges::find(used_, name) != used_.end(); }

bool ColumnNames::declare(const std::string& name, Span span) {
  if (used(name)) {
    binder_.error("KS171", span, fmt::format("A column with the name '{}' is already declared.", name));
    return false;
  }
  used_.push_back(name);
  return true;
}

std::string ColumnNames::make(const std::string& base) {
  if (base.empty()) {
    std::string name;
    do name = "Column" + std::to_string(++unnamed_);
    while (used(name) || std::ranges::find(avoided_, name) != avoided_.end());
    used_.push_back(name);
    return name;
  }
  std::string name = base;
  for (int i = 1; used(name); ++i) name = base + std::to_string(i);
  used_.push_back(name);
  return name;
}

PlanPtr make_filter(PlanPtr input, Expr condition) {
  auto plan = std::make_shared<FilterPlan>();
  plan->columns = input->columns;
  plan->input = std::move(input);
  plan->condition = std::move(condition);
  return plan;
}

PlanPtr make_sort(PlanPtr input, std::vector<SortKey> keys) {
  auto plan = std::make_shared<SortPlan>();
  plan->columns = input->columns;
  plan->input = std::move(input);
  plan->keys = std::move(keys);
  return plan;
}

PlanPtr make_limit(PlanPtr input, Expr count, std::vector<Expr> by) {
  auto plan = std::make_shared<LimitPlan>();
  plan->columns = input->columns;
  plan->input = std::move(input);
  plan->count = std::move(count);
  plan->by = std::move(by);
  return plan;
}

}  // namespace yagura::kql
