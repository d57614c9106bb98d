// A pattern over a graph, its matches, and what a query reads of them.
// https://learn.microsoft.com/kusto/query/graph-match-operator
#pragma once
#include <optional>
#include <vector>

#include "kql/stages/graph.hpp"

namespace yagura::kql {

// Nodes of the pattern by number, and edges between them. Conditions are over the properties of one node or edge (the ids of
// GraphSpec) and are looked at while paths are searched.
struct GraphPatternSpec {
  enum class Cycles : std::uint8_t { unique_edges, all, none };
  enum class Direction : std::uint8_t { forward, backward, any };  // from `left` to `right`
  struct Node {
    std::vector<Expr> conditions;
  };
  struct Edge {
    std::size_t left = 0, right = 0;
    Direction direction = Direction::forward;
    bool ranged = false;  // *low..high: the result is an array
    std::uint32_t low = 1, high = 1;
    std::vector<Expr> conditions;        // each edge of the path
    std::vector<Expr> inner_conditions;  // each node between two of them
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  Cycles cycles = Cycles::unique_edges;
};

// One value of a match, as a column that the rest of the query reads.
struct GraphValue {
  enum class Kind : std::uint8_t {
    node_property,
    edge_property,  // an array for ranged edges
    node_bag,       // all properties
    edge_bag,
    node_id,
    degree_in,
    degree_out,
    map,  // of an expression over a path's edges or inner nodes
    any,
    all,
  };
  Kind kind = Kind::node_property;
  std::size_t element = 0;   // node or edge of the pattern
  std::size_t property = 0;
  bool inner = false;        // map, any, all: over the inner nodes
  Expr expression;           // of map, any, all
  // What `expression` reads besides properties, by column id.
  struct Outer {
    ColumnId id;
    std::size_t value;  // another GraphValue
  };
  std::vector<Outer> outer;
  ColumnId degree_in = 0, degree_out = 0, node_id = 0;  // of the inner node, as `expression` calls them; 0: not read
  PlanColumn column;
};

struct GraphPath {
  std::vector<EdgeNumber> edges;
  std::vector<NodeNumber> inner;  // one less than edges; none of one edge
};

struct GraphMatch {
  std::vector<NodeNumber> nodes;  // of the pattern's nodes
  std::vector<GraphPath> paths;   // of the pattern's edges, from left to right
};

// Which nodes and edges a pattern's conditions leave.
struct PatternFilter {
  static Result<PatternFilter> create(const GraphSpec& spec, const GraphPatternSpec& pattern, const Graph& graph);
  // Per pattern node or edge: 1 where it may be; empty: everywhere.
  std::vector<std::vector<std::uint8_t>> nodes, edges, inner;
  static bool holds(const std::vector<std::uint8_t>& mask, std::size_t i) { return mask.empty() || mask[i] != 0; }
};

// All matches of the pattern.
Result<std::vector<GraphMatch>> find_matches(const GraphPatternSpec& pattern, const Graph& graph, const PatternFilter& filter, StageContext& context);

// The values as columns, a row for each match.
Result<event::TableBatch> values_of(const std::vector<GraphMatch>& matches, const std::vector<GraphValue>& values, const GraphSpec& spec,
                                    const GraphPatternSpec& pattern, const Graph& graph, StageContext& context);

std::shared_ptr<const LocalOperator> make_graph_match(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values);
// graph-shortest-paths: the pattern is one sequence of edges; of the paths only those count for which `residual`, over the
// values, holds. all_paths: all of the shortest length between two nodes, not any.
std::shared_ptr<const LocalOperator> make_graph_shortest_paths(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values, Expr residual, bool all_paths);

struct GraphTableColumn {
  enum class Kind : std::uint8_t { property, node_hash, source_hash, target_hash };
  Kind kind = Kind::property;
  std::size_t property = 0;
};
// graph-to-table.
std::shared_ptr<const LocalOperator> make_graph_to_table(GraphSpec spec, bool nodes, std::vector<GraphTableColumn> columns);

}  // namespace yagura::kql
