#include "kql/stages/graph.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace yagura::kql {

namespace {

std::string id_of(const event::Column& column, std::size_t row) {
  std::string out;
  event::append_cell_text(out, column, row);
  return out;
}

std::size_t position(const std::vector<PlanColumn>& columns, ColumnId id) {
  return static_cast<std::size_t>(std::ranges::find(columns, id, &PlanColumn::id) - columns.begin());
}

// Weak components: those that edges connect in any direction.
std::vector<NodeNumber> weak_components(const Graph& graph) {
  std::vector<NodeNumber> parent(graph.nodes());
  for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = static_cast<NodeNumber>(i);
  const auto root = [&](NodeNumber n) {
    while (parent[n] != n) n = parent[n] = parent[parent[n]];
    return n;
  };
  for (std::size_t e = 0; e < graph.edges(); ++e) {
    const NodeNumber a = root(graph.from[e]), b = root(graph.to[e]);
    parent[std::max(a, b)] = std::min(a, b);
  }
  for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = root(static_cast<NodeNumber>(i));
  return parent;
}

// Strong components (Tarjan, without recursion): the number of any node of the component for each node.
std::vector<NodeNumber> strong_components(const Graph& graph) {
  constexpr NodeNumber kNew = ~NodeNumber{0};
  std::vector<NodeNumber> index(graph.nodes(), kNew), low(graph.nodes(), 0), component(graph.nodes(), kNew);
  std::vector<NodeNumber> open;
  std::vector<std::pair<NodeNumber, std::size_t>> path;  // node, next arc
  NodeNumber next = 0;
  for (std::size_t start = 0; start < graph.nodes(); ++start) {
    if (index[start] != kNew) continue;
    path.push_back({static_cast<NodeNumber>(start), 0});
    while (!path.empty()) {
      auto& [node, arc] = path.back();
      if (arc == 0) {
        index[node] = low[node] = next++;
        open.push_back(node);
      }
      bool deeper = false;
      while (arc < graph.out[node].size()) {
        const NodeNumber to = graph.out[node][arc++].node;
        if (index[to] == kNew) {
          path.push_back({to, 0});
          deeper = true;
          break;
        }
        if (component[to] == kNew) low[node] = std::min(low[node], index[to]);
      }
      if (deeper) continue;
      const NodeNumber done = node;
      if (low[done] == index[done]) {
        NodeNumber member;
        do {
          member = open.back();
          open.pop_back();
          component[member] = done;
        } while (member != done);
      }
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
    }
  }
  return component;
}

// Components numbered from 0 in the order of their first nodes.
ColumnPtr numbered(const std::vector<NodeNumber>& component) {
  std::unordered_map<NodeNumber, std::int64_t> numbers;
  auto out = std::make_shared<event::Column>(Type::int64);
  for (const auto c : component) out->append_int64(numbers.try_emplace(c, static_cast<std::int64_t>(numbers.size())).first->second);
  return out;
}

void connect(Graph& graph) {
  graph.out.assign(graph.nodes(), {});
  graph.in.assign(graph.nodes(), {});
  for (std::size_t e = 0; e < graph.edges(); ++e) {
    graph.out[graph.from[e]].push_back({static_cast<EdgeNumber>(e), graph.to[e]});
    graph.in[graph.to[e]].push_back({static_cast<EdgeNumber>(e), graph.from[e]});
  }
}

// The nodes or edges for which the condition holds; edges without one of their nodes go, too.
Result<> keep(Graph& graph, const GraphSpec& spec, const GraphSpec::Step& step, StageContext& context) {
  const bool nodes = step.kind == GraphSpec::Step::Kind::keep_nodes;
  ExpressionProgram program;
  const std::size_t condition = TRY(program.add(step.condition));
  Rows rows;
  rows.count = nodes ? graph.nodes() : graph.edges();
  const auto& properties = nodes ? spec.node_properties : spec.edge_columns;
  for (std::size_t i = 0; i < properties.size(); ++i) rows.columns[properties[i].id] = (nodes ? graph.node_columns : graph.edge_columns)[i];
  Arena arena;
  const auto values = TRY(program.run(rows, arena));
  const auto& holds = values[condition];
  TRY(context.work(graph.nodes() + graph.edges()));
  const auto is_kept = [&](std::size_t i) {
    const std::size_t at = holds.constant ? 0 : i;
    return !holds.column->is_null(at) && holds.column->booleans()[at] != 0;
  };
  constexpr NodeNumber kGone = ~NodeNumber{0};
  std::vector<NodeNumber> moved(graph.nodes(), kGone);
  std::vector<std::uint32_t> kept_nodes, kept_edges;
  for (std::size_t n = 0; n < graph.nodes(); ++n) {
    if (nodes && !is_kept(n)) continue;
    moved[n] = static_cast<NodeNumber>(kept_nodes.size());
    kept_nodes.push_back(static_cast<std::uint32_t>(n));
  }
  for (std::size_t e = 0; e < graph.edges(); ++e) {
    if (nodes ? moved[graph.from[e]] != kGone && moved[graph.to[e]] != kGone : is_kept(e)) kept_edges.push_back(static_cast<std::uint32_t>(e));
  }
  for (auto& c : graph.node_columns) c = gather(*c, kept_nodes);
  for (auto& c : graph.edge_columns) c = gather(*c, kept_edges);
  for (std::size_t i = 0; i < kept_nodes.size(); ++i) {
    if (kept_nodes[i] != i) graph.ids[i] = std::move(graph.ids[kept_nodes[i]]);
  }
  for (std::size_t i = 0; i < kept_edges.size(); ++i) {
    graph.from[i] = moved[graph.from[kept_edges[i]]];
    graph.to[i] = moved[graph.to[kept_edges[i]]];
  }
  graph.ids.resize(kept_nodes.size());
  graph.from.resize(kept_edges.size());
  graph.to.resize(kept_edges.size());
  connect(graph);
  return {};
}

}  // namespace

Result<Graph> build_graph(const GraphSpec& spec, const StageInputs& inputs, StageContext& context) {
  Graph graph;
  std::unordered_map<std::string, NodeNumber> numbers;
  const auto node = [&](std::string id) {
    const auto [it, added] = numbers.try_emplace(std::move(id), static_cast<NodeNumber>(graph.ids.size()));
    if (added) graph.ids.push_back(it->first);
    return std::pair(it->second, added);
  };
  for (const auto& p : spec.node_properties) graph.node_columns.push_back(std::make_shared<event::Column>(p.type));
  const auto is_key = [&](std::size_t property) { return std::ranges::find(spec.key_properties, property) != spec.key_properties.end(); };
  // Node tables. A property that two rows have of one node is that of the first which is not null.
  for (std::size_t t = 0; t < spec.node_tables.size(); ++t) {
    const auto& table = spec.node_tables[t];
    const event::TableBatch& rows = *inputs.at(t + 1);
    std::vector<std::pair<std::size_t, std::size_t>> properties;  // property, column
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto p = std::ranges::find(spec.node_properties, table.columns[c].name, &PlanColumn::name);
      if (p != spec.node_properties.end()) properties.push_back({static_cast<std::size_t>(p - spec.node_properties.begin()), c});
    }
    const event::Column& key = rows.column(position(table.columns, table.key));
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.work(1 + properties.size()));
      const auto [number, added] = node(id_of(key, row));
      for (std::size_t p = 0; added && p < graph.node_columns.size(); ++p) graph.node_columns[p]->append_null();
      for (const auto& [p, c] : properties) {
        event::Column& to = *graph.node_columns[p];
        const event::Column& from = rows.column(c);
        const bool free = to.type() == Type::string ? to.texts()[number].empty() : to.is_null(number);
        if (!free || (from.type() != Type::string && from.is_null(row))) continue;
        to.nulls()[number] = 0;
        switch (to.type()) {
          case Type::boolean: to.booleans()[number] = from.booleans()[row]; break;
          case Type::int32: to.int32s()[number] = from.int32s()[row]; break;
          case Type::int64:
          case Type::datetime:
          case Type::timespan: to.int64s()[number] = from.int64s()[row]; break;
          case Type::real: to.reals()[number] = from.reals()[row]; break;
          case Type::guid: to.guids()[number] = from.guids()[row]; break;
          default: to.texts()[number] = from.texts()[row];
        }
      }
    }
  }
  // Edges, and the nodes that only they name.
  const event::TableBatch& edges = *inputs.at(0);
  const event::Column& source = edges.column(position(spec.edge_columns, spec.source));
  const event::Column& target = edges.column(position(spec.edge_columns, spec.target));
  for (std::size_t c = 0; c < spec.edge_columns.size(); ++c) {
    auto copy = std::make_shared<event::Column>(edges.column(c).type());
    copy->append_all(edges.column(c));
    graph.edge_columns.push_back(std::move(copy));
  }
  for (std::size_t row = 0; row < edges.row_count(); ++row) {
    TRY(context.check());
    const auto end = [&](const event::Column& column) {
      const auto [number, added] = node(id_of(column, row));
      for (std::size_t p = 0; added && p < graph.node_columns.size(); ++p) {
        if (is_key(p) && graph.node_columns[p]->type() == column.type()) graph.node_columns[p]->append_from(column, row);
        else graph.node_columns[p]->append_null();
      }
      return number;
    };
    graph.from.push_back(end(source));
    graph.to.push_back(end(target));
  }
  TRY(context.room_for(graph.nodes()));
  connect(graph);
  for (const auto& step : spec.steps) {
    switch (step.kind) {
      case GraphSpec::Step::Kind::weak_components: graph.node_columns[step.property] = numbered(weak_components(graph)); break;
      case GraphSpec::Step::Kind::strong_components: graph.node_columns[step.property] = numbered(strong_components(graph)); break;
      case GraphSpec::Step::Kind::keep_nodes:
      case GraphSpec::Step::Kind::keep_edges: TRY(keep(graph, spec, step, context)); break;
    }
  }
  return graph;
}

Result<event::TableBatch> GraphOperator::run(const StageInputs& inputs, StageContext& context) const {
  if (spec_.partition.empty()) {
    const Graph graph = TRY(build_graph(spec_, inputs, context));
    return on_graph(graph, context);
  }
  // The rows of each input by the value of its partition column.
  std::map<std::string, std::vector<std::vector<std::uint32_t>>> parts;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const event::Column& by = inputs[i]->column(spec_.partition[i]);
    for (std::size_t row = 0; row < inputs[i]->row_count(); ++row) {
      TRY(context.check());
      auto& rows = parts[id_of(by, row)];
      rows.resize(inputs.size());
      rows[i].push_back(static_cast<std::uint32_t>(row));
    }
  }
  event::TableBatch all;
  if (parts.empty()) parts["-"].resize(inputs.size());
  for (const auto& [_, rows] : parts) {
    StageInputs given;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto part = std::make_shared<event::TableBatch>();
      for (std::size_t c = 0; c < inputs[i]->column_count(); ++c) part->add_column(inputs[i]->schema()[c], std::move(*gather(inputs[i]->column(c), rows[i])));
      given.push_back(std::move(part));
    }
    const Graph graph = TRY(build_graph(spec_, given, context));
    auto made = TRY(on_graph(graph, context));
    for (const auto& part : given) made.adopt(part);
    if (all.column_count() == 0) {
      for (std::size_t c = 0; c < made.column_count(); ++c) all.add_column(made.schema()[c], event::Column(made.column(c).type()));
    }
    for (std::size_t c = 0; c < made.column_count(); ++c) all.column(c).append_all(made.column(c));
    all.adopt(std::make_shared<event::TableBatch>(std::move(made)));
    TRY(context.room_for(all.row_count()));
  }
  return all;
}

}  // namespace yagura::kql
