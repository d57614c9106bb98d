// How each tabular operator is written.
#include "kql/printer_state.hpp"

namespace yagura::kql {

void Printer::print(const BadOperator& node) { put(tree_.text_of(node.keyword)); }

void Printer::print(const AsOperator& node) {
  put("as");
  parameters(node.parameters);
  put(" ");
  name(node.name);
}

void Printer::print(const AssertSchemaOperator& node) {
  put("assert-schema ");
  schema(node.schema);
}

void Printer::print(const ConsumeOperator& node) {
  put("consume");
  parameters(node.parameters);
}

void Printer::print(const CountOperator& node) {
  put("count");
  if (node.as_name) {
    put(" as ");
    name(*node.as_name);
  }
}

void Printer::print(const DistinctOperator& node) {
  put("distinct");
  parameters(node.parameters);
  put(" ");
  list(node.columns);
}

void Printer::print(const EvaluateOperator& node) {
  put("evaluate");
  parameters(node.parameters);
  put(" ");
  expression(node.call);
  if (node.schema) {
    put(" : ");
    schema(*node.schema);
  }
}

void Printer::print(const ExecuteAndCacheOperator&) { put("__executeAndCache"); }

void Printer::print(const ExtendOperator& node) {
  put("extend ");
  list(node.columns);
}

void Printer::print(const FacetOperator& node) {
  put("facet by ");
  list(node.columns);
  if (node.with == nullptr) return;
  put(" with ");
  if (node.with_parentheses) {
    block("(", node.with, ")");
  } else {
    expression(node.with);
  }
}

void Printer::print(const FilterOperator& node) {
  put("where");
  parameters(node.parameters);
  clause(" ", node.condition);
}

void Printer::print(const FindOperator& node) {
  put("find");
  clause(" datascope=", node.data_scope);
  parameters(node.parameters);
  if (node.has_in) {
    put(" in (");
    list(node.tables);
    put(")");
  }
  clause(" where ", node.condition);
  if (node.smart) put(" project-smart");
  if (node.has_project) {
    put(" project ");
    list(node.project);
  }
  if (node.has_project_away) {
    put(" __projectAway ");
    list(node.project_away);
  }
}

void Printer::print(const ForkOperator& node) {
  put("fork");
  indent_ += 4;
  for (const auto& branch : node.branches) {
    line_break(branch.span.start);
    if (branch.name) {
      name(*branch.name);
      put(" = ");
    }
    block("(", branch.body, ")");
  }
  indent_ -= 4;
}

void Printer::print(const GetSchemaOperator& node) {
  put("getschema");
  parameters(node.parameters);
}

void Printer::print(const GraphMarkComponentsOperator& node) {
  put("graph-mark-components");
  parameters(node.parameters);
}

void Printer::graph_pattern(const GraphPattern& pattern) {
  using Shape = GraphPatternElement::Shape;
  for (const auto& element : pattern.elements) {
    if (element.shape == Shape::node) {
      put("(");
      if (element.name) name(*element.name);
      put(")");
    } else if (!element.bracketed) {
      put(element.shape == Shape::edge_right ? "-->" : element.shape == Shape::edge_left ? "<--" : "--");
    } else {
      put(element.shape == Shape::edge_left ? "<-[" : "-[");
      if (element.name) name(*element.name);
      if (element.ranged) {
        put("*");
        expression(element.low);
        put(" .. ");
        expression(element.high);
      }
      put(element.shape == Shape::edge_right ? "]->" : "]-");
    }
  }
}

void Printer::print(const GraphMatchOperator& node) {
  put("graph-match");
  parameters(node.parameters);
  put(" ");
  list(node.patterns, [](Printer& to, const GraphPattern& pattern) { to.graph_pattern(pattern); });
  clause(" where ", node.condition);
  if (node.has_project) {
    put(" project ");
    list(node.project);
  }
}

void Printer::print(const GraphShortestPathsOperator& node) {
  put("graph-shortest-paths");
  parameters(node.parameters);
  put(" ");
  list(node.patterns, [](Printer& to, const GraphPattern& pattern) { to.graph_pattern(pattern); });
  clause(" where ", node.condition);
  if (node.has_project) {
    put(" project ");
    list(node.project);
  }
}

void Printer::print(const GraphToTableOperator& node) {
  put("graph-to-table ");
  list(node.outputs, [](Printer& to, const GraphToTableOperator::Output& output) {
    to.put(output.nodes ? "nodes" : "edges");
    if (output.as_name) {
      to.put(" as ");
      to.name(*output.as_name);
    }
    to.parameters(output.parameters);
  });
}

void Printer::print(const GraphWhereEdgesOperator& node) { clause("graph-where-edges ", node.condition); }
void Printer::print(const GraphWhereNodesOperator& node) { clause("graph-where-nodes ", node.condition); }

void Printer::print(const InvokeOperator& node) { clause("invoke ", node.call); }

void Printer::print(const JoinOperator& node) {
  put("join");
  parameters(node.parameters);
  clause(" ", node.table);
  if (node.has_on) {
    put(" on ");
    list(node.on);
  }
  clause(" where ", node.where);
}

void Printer::print(const LookupOperator& node) {
  put("lookup");
  parameters(node.parameters);
  clause(" ", node.table);
  if (node.has_on) {
    put(" on ");
    list(node.on);
  }
}

void Printer::print(const MacroExpandOperator& node) {
  put("macro-expand");
  parameters(node.parameters);
  clause(" ", node.group);
  if (node.scope) {
    put(" as ");
    name(*node.scope);
  }
  put(" (");
  indent_ += 4;
  for (std::size_t i = 0; i < node.statements.size(); ++i) {
    line_break(node.statements[i]->span.start);
    this->node(*node.statements[i]);
    if (i + 1 < node.statements.size()) put(";");
  }
  indent_ -= 4;
  line_break(node.span.end());
  put(")");
}

void Printer::print(const MakeGraphOperator& node) {
  put("make-graph");
  parameters(node.parameters);
  clause(" ", node.source);
  clause(node.directed ? " --> " : " -- ", node.target);
  if (node.implicit_node_id) {
    put(" with_node_id=");
    name(*node.implicit_node_id);
  }
  for (std::size_t i = 0; i < node.node_tables.size(); ++i) {
    put(i == 0 ? " with " : ", ");
    expression(node.node_tables[i].table);
    clause(" on ", node.node_tables[i].key);
  }
  if (node.partitioned_by != nullptr) {
    clause(" partitioned-by ", node.partitioned_by);
    block(" (", node.partition_body, ")");
  }
}

void Printer::print(const MakeSeriesOperator& node) {
  put("make-series");
  parameters(node.parameters);
  put(" ");
  list(node.aggregates, [](Printer& to, const MakeSeriesOperator::Aggregate& aggregate) {
    to.expression(aggregate.value);
    to.clause(" default=", aggregate.default_value);
  });
  clause(" on ", node.on);
  if (node.in_range) {
    put(" in range(");
    list(node.range_arguments);
    put(")");
  } else {
    clause(" from ", node.from);
    clause(" to ", node.to);
    clause(" step ", node.step);
  }
  if (node.has_by) {
    put(" by ");
    list(node.by);
  }
}

void Printer::mv_items(std::span<const MvApplyOperator::Item> items) {
  list(items, [](Printer& to, const MvApplyOperator::Item& item) {
    to.expression(item.value);
    if (item.to_type) to.put(to.out_.ends_with(' ') ? "to typeof(" : " to typeof(").put(item.to_type->text).put(")");
  });
}

void Printer::print(const MvApplyOperator& node) {
  put("mv-apply");
  parameters(node.parameters);
  put(" ");
  mv_items(node.items);
  clause(" limit ", node.limit);
  clause(" id ", node.context_id);
  block(" on (", node.body, ")");
}

void Printer::print(const MvExpandOperator& node) {
  put("mv-expand");
  parameters(node.parameters);
  put(" ");
  mv_items(node.items);
  clause(" limit ", node.limit);
}

void Printer::print(const ParseOperator& node) {
  put(node.where ? "parse-where" : "parse");
  parameters(node.parameters);
  clause(" ", node.value);
  put(" with");
  for (const auto* part : node.pattern) {
    put(" ");
    expression(part);
  }
}

void Printer::print(const ParseKvOperator& node) {
  clause("parse-kv ", node.value);
  put(" as ");
  schema(node.keys);
  if (node.has_with) properties(node.properties);
}

void Printer::print(const PartitionOperator& node) {
  put("partition");
  parameters(node.parameters);
  clause(" by ", node.by);
  clause(" in ", node.scope);
  block(node.braces ? " {" : " (", node.body, node.braces ? "}" : ")");
}

void Printer::print(const PartitionByOperator& node) {
  put("__partitionby");
  parameters(node.parameters);
  clause(" ", node.entity);
  clause(" id ", node.id);
  block(" (", node.body, ")");
}

void Printer::print(const PrintOperator& node) {
  put("print ");
  list(node.columns);
}

void Printer::print(const ProjectOperator& node) {
  put("project ");
  list(node.columns);
}

void Printer::print(const ProjectNamesOperator& node) {
  using Mode = ProjectNamesOperator::Mode;
  switch (node.mode) {
    case Mode::away: put("project-away "); break;
    case Mode::keep: put("project-keep "); break;
    case Mode::reorder: put("project-reorder "); break;
    case Mode::by_names: put("project-by-names "); break;
  }
  list(node.columns);
}

void Printer::print(const ProjectRenameOperator& node) {
  put("project-rename ");
  list(node.columns);
}

void Printer::print(const RangeOperator& node) {
  put("range ");
  name(node.name);
  clause(" from ", node.from);
  clause(" to ", node.to);
  clause(" step ", node.step);
}

void Printer::print(const ReduceOperator& node) {
  put("reduce");
  parameters(node.parameters);
  clause(" by ", node.by);
  if (!node.has_with) return;
  put(" with ");
  list(node.with, [](Printer& to, const Parameter& parameter) {
    to.name(parameter.name);
    to.put("=");
    to.expression(parameter.value);
  });
}

void Printer::print(const RenderOperator& node) {
  put("render ");
  name(node.chart);
  for (const auto& parameter : node.parameters) {
    put(" ");
    name(parameter.name);
    // The older "by a, b" and "with 'x'" have no sign.
    put(parameter.name.text == "by" || parameter.name.text == "with" ? " " : "=");
    expression(parameter.value);
  }
  if (node.has_with) properties(node.properties);
}

void Printer::print(const SampleOperator& node) {
  put("sample");
  parameters(node.parameters);
  clause(" ", node.count);
}

void Printer::print(const SampleDistinctOperator& node) {
  put("sample-distinct");
  parameters(node.parameters);
  clause(" ", node.count);
  clause(" of ", node.of);
}

void Printer::print(const ScanOperator& node) {
  put("scan");
  parameters(node.parameters);
  if (node.has_order_by) {
    put(" order by ");
    list(node.order_by);
  }
  if (node.has_partition_by) {
    put(" partition by ");
    list(node.partition_by);
  }
  if (node.has_declare) {
    put(" declare ");
    parameter_list(node.declarations);
  }
  put(" with (");
  indent_ += 4;
  for (const auto& step : node.steps) {
    line_break(step.span.start);
    put("step ");
    name(step.name);
    if (step.optional) put(" optional");
    if (step.output) {
      put(" output=");
      name(*step.output);
    }
    clause(" : ", step.condition);
    if (!step.assignments.empty()) {
      put(" => ");
      list(step.assignments, [](Printer& to, const ScanOperator::Assignment& assignment) {
        to.name(assignment.name);
        to.clause(" = ", assignment.value);
      });
    }
    put(";");
  }
  indent_ -= 4;
  line_break(node.span.end());
  put(")");
}

void Printer::print(const SearchOperator& node) {
  put("search");
  parameters(node.parameters);
  clause(" datascope=", node.data_scope);
  if (node.has_in) {
    put(" in (");
    list(node.tables);
    put(")");
  }
  clause(" ", node.condition);
}

void Printer::print(const SerializeOperator& node) {
  put("serialize");
  parameters(node.parameters);
  if (!node.columns.empty()) put(" ");
  list(node.columns);
}

void Printer::print(const SortOperator& node) {
  put("sort");
  parameters(node.parameters);
  put(" by ");
  list(node.columns);
}

void Printer::print(const SummarizeOperator& node) {
  put("summarize");
  parameters(node.parameters);
  if (!node.aggregates.empty()) put(" ");
  list(node.aggregates);
  if (!node.has_by) return;
  put(" by ");
  list(node.by);
  clause(" bin = ", node.bin);
}

void Printer::print(const TakeOperator& node) {
  put("take");
  parameters(node.parameters);
  clause(" ", node.count);
}

void Printer::print(const TopOperator& node) {
  put("top");
  parameters(node.parameters);
  clause(" ", node.count);
  clause(" by ", node.by);
}

void Printer::print(const TopHittersOperator& node) {
  clause("top-hitters ", node.count);
  clause(" of ", node.of);
  clause(" by ", node.by);
}

void Printer::print(const TopNestedOperator& node) {
  list(node.levels, [](Printer& to, const TopNestedOperator::Level& level) {
    to.put("top-nested");
    to.clause(" ", level.count);
    to.clause(" of ", level.of);
    to.clause(" with others = ", level.others);
    to.clause(" by ", level.by);
  });
}

void Printer::print(const UnionOperator& node) {
  put("union");
  parameters(node.parameters);
  put(" ");
  list(node.tables);
}

}  // namespace yagura::kql
