// A graph in memory: nodes and edges with their properties, made from tables of them.
// https://learn.microsoft.com/kusto/query/make-graph-operator
//
// Immutable once built. Node numbers go by the order in which nodes come: node tables first, then the ends of edges.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kql/inflight_expression.hpp"
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// What make-graph said; operators on the graph take it with them. Input 0 of their stage is the edges, then come the node
// tables.
struct GraphSpec {
  struct NodeTable {
    std::vector<PlanColumn> columns;
    ColumnId key = 0;
  };
  // What changes a graph once it is built.
  struct Step {
    enum class Kind : std::uint8_t { weak_components, strong_components, keep_nodes, keep_edges };
    Kind kind;
    Expr condition;            // of keep_*: over the properties of nodes or edges
    std::size_t property = 0;  // of nodes, that holds the component's number
  };
  std::vector<PlanColumn> edge_columns;
  std::size_t edge_properties = 0;  // the first ones; what follows is only computed from them
  ColumnId source = 0, target = 0;
  bool directed = true;
  std::vector<NodeTable> node_tables;
  std::vector<PlanColumn> node_properties;
  std::vector<std::size_t> key_properties;  // those that hold a node's id
  std::vector<Step> steps;                  // graph-mark-components, graph-where-nodes, graph-where-edges, in order
  std::vector<std::size_t> partition;       // a column of each input; empty: one graph
};

using NodeNumber = std::uint32_t;
using EdgeNumber = std::uint32_t;

struct Graph {
  struct Arc {
    EdgeNumber edge;
    NodeNumber node;  // at the other end
  };
  std::vector<std::string> ids;          // of nodes, as texts
  std::vector<NodeNumber> from, to;      // of edges
  std::vector<ColumnPtr> node_columns;   // of GraphSpec::node_properties
  std::vector<ColumnPtr> edge_columns;   // of GraphSpec::edge_columns
  std::vector<std::vector<Arc>> out, in;
  std::size_t nodes() const { return ids.size(); }
  std::size_t edges() const { return from.size(); }
};

// The inputs must outlive the graph: its texts point into them.
Result<Graph> build_graph(const GraphSpec& spec, const StageInputs& inputs, StageContext& context);

// All that a graph's operators share: where a graph is partitioned, they work on one part after the other.
class GraphOperator : public LocalOperator {
 public:
  explicit GraphOperator(GraphSpec spec) : spec_(std::move(spec)) {}
  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const final;

 protected:
  virtual Result<event::TableBatch> on_graph(const Graph& graph, StageContext& context) const = 0;
  const GraphSpec spec_;
};

}  // namespace yagura::kql
