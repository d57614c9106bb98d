// make-graph, graph-mark-components, graph-where-nodes, graph-where-edges, graph-to-table.
#include "kql/operators/graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace yagura::kql {

namespace {

// A graph asked for rows.
class GraphItself final : public LocalOperator {
 public:
  Result<event::TableBatch> run(const StageInputs&, StageContext&) const override {
    return fail(ErrorKind::invalid_input, "a graph has no rows; follow it with graph-match, graph-shortest-paths or graph-to-table");
  }
  std::string_view refusal() const override { return "Showing a graph without graph-match, graph-shortest-paths or graph-to-table"; }
};

std::shared_ptr<GraphPlan> copy_of(const GraphPlan& graph) { return std::make_shared<GraphPlan>(graph); }

}  // namespace

const GraphPlan* graph_of(Binder& b, const PlanPtr& plan, Span keyword) {
  PlanPtr at = plan;
  while (const auto* reference = as<ReferencePlan>(at)) at = reference->target->plan;
  const auto* graph = dynamic_cast<const GraphPlan*>(at.get());
  if (graph == nullptr && at && !at->open) b.error("YK016", keyword, fmt::format("'{}' needs a graph before it: begin with make-graph.", b.text_of(keyword)));
  return graph;
}

std::shared_ptr<LocalPlan> stage_on_graph(const GraphPlan& graph, std::string what, Span span, std::shared_ptr<const LocalOperator> operation) {
  auto plan = std::make_shared<LocalPlan>();
  plan->what = std::move(what);
  plan->span = span;
  plan->inputs = graph.inputs;
  plan->operation = std::move(operation);
  return plan;
}

PlanPtr bind_make_graph(Binder& b, const MakeGraphOperator& op, PlanPtr input) {
  const PlanColumn* source = b.column(*op.source, *input);
  const PlanColumn* target = b.column(*op.target, *input);
  if (source == nullptr || target == nullptr) return nullptr;
  auto graph = std::make_shared<GraphPlan>();
  GraphSpec& spec = graph->spec;
  spec.directed = op.directed;
  struct Table {
    PlanPtr plan;
    PlanColumn key;
  };
  std::vector<Table> tables;
  bool bad = false;
  for (const auto& t : op.node_tables) {
    PlanPtr plan = b.table(*t.table, {});
    const PlanColumn* key = plan ? b.column(*t.key, *plan) : nullptr;
    if (key == nullptr) bad = true;
    else tables.push_back({plan, *key});
  }
  if (bad) return nullptr;
  // Ids are compared as texts where their types differ.
  Type type = source->type;
  if (target->type != type || std::ranges::any_of(tables, [&](const Table& t) { return t.key.type != source->type; })) type = Type::string;
  std::vector<std::pair<PlanColumn, Expr>> edges;
  for (const auto& c : input->columns) edges.push_back({c, make_column(c)});
  const auto id = [&](const PlanColumn& c) {
    if (c.type == type) return c.id;
    edges.push_back({b.new_column("", type), b.convert(make_column(c), type)});
    return edges.back().first.id;
  };
  spec.edge_properties = input->columns.size();
  spec.source = id(*source);
  spec.target = id(*target);
  for (const auto& [c, _] : edges) spec.edge_columns.push_back(c);
  const auto partition = [&](const Plan& table) {
    if (op.partitioned_by == nullptr) return;
    const PlanColumn* c = b.column(*op.partitioned_by, table);
    if (c == nullptr) bad = true;
    else spec.partition.push_back(static_cast<std::size_t>(c - table.columns.data()));
  };
  partition(*input);
  graph->inputs.push_back(b.select(input, std::move(edges)));
  for (const auto& t : tables) {
    std::vector<std::pair<PlanColumn, Expr>> columns;
    partition(*t.plan);
    ColumnId key = t.key.id;
    for (const auto& c : t.plan->columns) {
      const auto known = std::ranges::find(spec.node_properties, c.name, &PlanColumn::name);
      if (known == spec.node_properties.end()) {
        if (c.id == t.key.id && c.type == type) spec.key_properties.push_back(spec.node_properties.size());
        spec.node_properties.push_back(b.new_column(c.name, c.type));
        columns.push_back({c, make_column(c)});
        continue;
      }
      if (c.id == t.key.id && c.type == type && known->type == type) spec.key_properties.push_back(static_cast<std::size_t>(known - spec.node_properties.begin()));
      if (known->type == c.type) columns.push_back({c, make_column(c)});
      else columns.push_back({b.new_column(c.name, known->type), b.convert(make_column(c), known->type)});
    }
    if (t.key.type != type) {
      columns.push_back({b.new_column("", type), b.convert(make_column(t.key), type)});
      key = columns.back().first.id;
    } else if (std::ranges::none_of(columns, [&](const auto& c) { return c.first.id == key; })) {
      columns.push_back({b.new_column("", type), make_column(t.key)});
      key = columns.back().first.id;
    }
    GraphSpec::NodeTable table;
    table.key = key;
    for (const auto& [c, _] : columns) table.columns.push_back(c);
    spec.node_tables.push_back(std::move(table));
    graph->inputs.push_back(b.select(t.plan, std::move(columns)));
  }
  if (op.implicit_node_id) {
    spec.key_properties.push_back(spec.node_properties.size());
    spec.node_properties.push_back(b.new_column(std::string(op.implicit_node_id->text), type));
  }
  if (bad) return nullptr;
  graph->what = "the graph";
  graph->span = op.keyword;
  graph->operation = std::make_shared<GraphItself>();
  if (op.partition_body != nullptr) return b.sub_pipe(*op.partition_body, graph);
  return graph;
}

PlanPtr bind_graph_mark_components(Binder& b, const GraphMarkComponentsOperator& op, PlanPtr input) {
  const GraphPlan* before = graph_of(b, input, op.keyword);
  if (before == nullptr) return nullptr;
  auto graph = copy_of(*before);
  std::string name(b.parameter(op.parameters, "with_component_id"));
  if (name.empty()) name = "ComponentId";
  GraphSpec& spec = graph->spec;
  const auto known = std::ranges::find(spec.node_properties, name, &PlanColumn::name);
  const auto property = static_cast<std::size_t>(known - spec.node_properties.begin());
  if (known == spec.node_properties.end()) {
    spec.node_properties.push_back(b.new_column(name, Type::int64));
  } else {
    b.error("YK017", op.keyword, fmt::format("The nodes have a property '{}' already; name another with with_component_id.", name));
    return nullptr;
  }
  const bool strong = b.parameter(op.parameters, "kind") == "strong";
  spec.steps.push_back({strong ? GraphSpec::Step::Kind::strong_components : GraphSpec::Step::Kind::weak_components, nullptr, property});
  return graph;
}

// Undocumented, but part of the language: nodes go with their edges.
PlanPtr bind_graph_where(Binder& b, Span keyword, const Expression& condition, bool nodes, PlanPtr input) {
  const GraphPlan* before = graph_of(b, input, keyword);
  if (before == nullptr) return nullptr;
  auto graph = copy_of(*before);
  GraphSpec& spec = graph->spec;
  Plan properties(Plan::Kind::values);
  properties.columns = spec.node_properties;
  if (!nodes) properties.columns.assign(spec.edge_columns.begin(), spec.edge_columns.begin() + static_cast<std::ptrdiff_t>(spec.edge_properties));
  const Expr keep = b.boolean(condition, {.input = &properties});
  if (keep->type == kUnknown) return nullptr;
  ExpressionProgram program;
  if (const auto added = program.add(keep); !added) {
    b.error("YK010", condition.span, added.error().message());
    return nullptr;
  }
  spec.steps.push_back({nodes ? GraphSpec::Step::Kind::keep_nodes : GraphSpec::Step::Kind::keep_edges, keep, 0});
  return graph;
}

PlanPtr bind_graph_to_table(Binder& b, const GraphToTableOperator& op, PlanPtr input) {
  const GraphPlan* graph = graph_of(b, input, op.keyword);
  if (graph == nullptr) return nullptr;
  const GraphSpec& spec = graph->spec;
  PlanPtr first;
  for (const auto& output : op.outputs) {
    std::vector<GraphTableColumn> columns;
    std::vector<PlanColumn> schema;
    const auto hash = [&](std::string_view parameter, GraphTableColumn::Kind kind) {
      const std::string_view name = b.parameter(output.parameters, parameter);
      if (name.empty()) return;
      columns.push_back({kind, 0});
      schema.push_back(b.new_column(std::string(name), Type::int64));
    };
    if (output.nodes) {
      hash("with_node_id", GraphTableColumn::Kind::node_hash);
    } else {
      hash("with_source_id", GraphTableColumn::Kind::source_hash);
      hash("with_target_id", GraphTableColumn::Kind::target_hash);
    }
    const auto& properties = output.nodes ? spec.node_properties : spec.edge_columns;
    const std::size_t count = output.nodes ? properties.size() : spec.edge_properties;
    for (std::size_t i = 0; i < count; ++i) {
      columns.push_back({GraphTableColumn::Kind::property, i});
      schema.push_back(b.new_column(properties[i].name, properties[i].type));
    }
    auto stage = stage_on_graph(*graph, "the operator 'graph-to-table'", op.keyword, make_graph_to_table(spec, output.nodes, std::move(columns)));
    stage->columns = std::move(schema);
    PlanPtr plan = stage;
    const std::string name = output.as_name ? std::string(output.as_name->text) : "";
    if (!name.empty()) {
      Variable v;
      v.kind = Variable::Kind::table;
      v.table = b.share(name, std::move(plan));
      b.declare(name, v);
      if (op.outputs.size() > 1) b.mark_names_only();
      plan = b.reference(v.table);
    }
    if (first) {
      b.query().later.push_back({name, std::move(plan), {}});
      continue;
    }
    first = std::move(plan);
    if (op.outputs.size() > 1) b.query().name = name;
  }
  return first;
}

}  // namespace yagura::kql
