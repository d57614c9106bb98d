// graph-match: a search through the graph, one edge of the pattern after the other.
#include <algorithm>

#include "kql/stages/graph_pattern.hpp"

namespace yagura::kql {

namespace {

constexpr NodeNumber kFree = ~NodeNumber{0};

// 1 where all conditions hold; empty when there are none.
Result<std::vector<std::uint8_t>> mask_of(const std::vector<Expr>& conditions, const std::vector<PlanColumn>& columns, const std::vector<ColumnPtr>& values, std::size_t count) {
  std::vector<std::uint8_t> mask;
  if (conditions.empty()) return mask;
  ExpressionProgram program;
  for (const auto& c : conditions) TRY(program.add(c));
  Rows rows{.count = count, .columns = {}};
  for (std::size_t i = 0; i < columns.size(); ++i) rows.columns[columns[i].id] = values[i];
  Arena arena;
  const auto results = TRY(program.run(rows, arena));
  mask.assign(count, 1);
  for (const auto& r : results) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = r.constant ? 0 : i;
      if (r.column->is_null(at) || r.column->booleans()[at] == 0) mask[i] = 0;
    }
  }
  return mask;
}

class Search {
 public:
  Search(const GraphPatternSpec& pattern, const Graph& graph, const PatternFilter& filter, StageContext& context)
      : pattern_(pattern), graph_(graph), filter_(filter), context_(context) {
    match_.nodes.assign(pattern.nodes.size(), kFree);
    match_.paths.resize(pattern.edges.size());
    if (pattern.cycles == GraphPatternSpec::Cycles::unique_edges) edge_used_.assign(graph.edges(), 0);
    if (pattern.cycles == GraphPatternSpec::Cycles::none) node_used_.assign(graph.nodes(), 0);
    order_edges();
  }

  Result<std::vector<GraphMatch>> run() {
    for (std::size_t n = 0; n < graph_.nodes(); ++n) {
      TRY(bind_node(root_, static_cast<NodeNumber>(n), [&] { return step(0); }));
    }
    return std::move(found_);
  }

 private:
  // Begin where the fewest nodes may be, then along edges that touch what is bound already.
  void order_edges() {
    const auto candidates = [&](std::size_t node) {
      const auto& mask = filter_.nodes[node];
      return mask.empty() ? graph_.nodes() : static_cast<std::size_t>(std::ranges::count(mask, 1));
    };
    for (std::size_t n = 1; n < pattern_.nodes.size(); ++n) {
      if (candidates(n) < candidates(root_)) root_ = n;
    }
    std::vector<bool> bound(pattern_.nodes.size(), false), done(pattern_.edges.size(), false);
    bound[root_] = true;
    while (order_.size() < pattern_.edges.size()) {
      std::size_t best = pattern_.edges.size();
      for (std::size_t e = 0; e < pattern_.edges.size(); ++e) {
        if (done[e] || (!bound[pattern_.edges[e].left] && !bound[pattern_.edges[e].right])) continue;
        const bool closes = bound[pattern_.edges[e].left] && bound[pattern_.edges[e].right];
        if (best == pattern_.edges.size() || closes) best = e;
      }
      if (best == pattern_.edges.size()) break;  // another component: the binder refuses it
      done[best] = true;
      order_.push_back({best, bound[pattern_.edges[best].left]});
      bound[pattern_.edges[best].left] = bound[pattern_.edges[best].right] = true;
    }
  }

  // Calls `then` with the pattern's node at `node`, if it may be there.
  template <class Then>
  Result<> bind_node(std::size_t pattern_node, NodeNumber node, const Then& then) {
    NodeNumber& at = match_.nodes[pattern_node];
    if (at != kFree) return at == node && node_used_.empty() ? then() : Result<>{};
    if (!PatternFilter::holds(filter_.nodes[pattern_node], node)) return {};
    if (!node_used_.empty() && std::exchange(node_used_[node], 1) != 0) return {};
    at = node;
    auto result = then();
    at = kFree;
    if (!node_used_.empty()) node_used_[node] = 0;
    return result;
  }

  Result<> step(std::size_t number) {
    TRY(context_.check());
    if (number == order_.size()) {
      found_.push_back(match_);
      kept_ += 1;
      for (const auto& p : match_.paths) kept_ += p.edges.size();
      return context_.room_for(std::max<std::uint64_t>(found_.size(), kept_ / 4));
    }
    const auto& [edge, from_left] = order_[number];
    const auto& e = pattern_.edges[edge];
    const NodeNumber start = match_.nodes[from_left ? e.left : e.right];
    std::vector<EdgeNumber> edges;
    std::vector<NodeNumber> nodes;  // behind each edge
    return extend(number, edge, from_left, start, edges, nodes);
  }

  Result<> extend(std::size_t number, std::size_t edge, bool from_left, NodeNumber at, std::vector<EdgeNumber>& edges, std::vector<NodeNumber>& nodes) {
    TRY(context_.check());
    const auto& e = pattern_.edges[edge];
    if (edges.size() >= e.low) {
      // The path ends here.
      const auto take = [&]() -> Result<> {
        GraphPath& path = match_.paths[edge];
        path.edges = edges;
        path.inner.assign(nodes.begin(), nodes.empty() ? nodes.end() : nodes.end() - 1);
        if (!from_left) {
          std::ranges::reverse(path.edges);
          std::ranges::reverse(path.inner);
        }
        return step(number + 1);
      };
      // The end is no inner node: it is bound as the pattern's node instead.
      const bool marked = !node_used_.empty() && !nodes.empty();
      if (marked) node_used_[at] = 0;
      auto done = bind_node(from_left ? e.right : e.left, at, take);
      if (marked) node_used_[at] = 1;
      TRY(std::move(done));
    }
    if (edges.size() >= e.high) return {};
    if (!edges.empty() && !PatternFilter::holds(filter_.inner[edge], at)) return {};
    const bool forward = e.direction == GraphPatternSpec::Direction::any || (e.direction == GraphPatternSpec::Direction::forward) == from_left;
    const bool backward = e.direction == GraphPatternSpec::Direction::any || (e.direction == GraphPatternSpec::Direction::forward) != from_left;
    const auto along = [&](const std::vector<Graph::Arc>& arcs, bool loops) -> Result<> {
      for (const auto& arc : arcs) {
        if (!loops && arc.node == at) continue;
        if (!PatternFilter::holds(filter_.edges[edge], arc.edge)) continue;
        if (!edge_used_.empty() && edge_used_[arc.edge] != 0) continue;
        if (!node_used_.empty() && node_used_[arc.node] != 0) continue;
        if (!edge_used_.empty()) edge_used_[arc.edge] = 1;
        if (!node_used_.empty()) node_used_[arc.node] = 1;
        edges.push_back(arc.edge);
        nodes.push_back(arc.node);
        auto done = extend(number, edge, from_left, arc.node, edges, nodes);
        edges.pop_back();
        nodes.pop_back();
        if (!edge_used_.empty()) edge_used_[arc.edge] = 0;
        if (!node_used_.empty()) node_used_[arc.node] = 0;
        TRY(std::move(done));
      }
      return {};
    };
    if (forward) TRY(along(graph_.out[at], true));
    if (backward) TRY(along(graph_.in[at], !forward));  // a loop is not walked twice
    return {};
  }

  const GraphPatternSpec& pattern_;
  const Graph& graph_;
  const PatternFilter& filter_;
  StageContext& context_;
  std::size_t root_ = 0;
  std::vector<std::pair<std::size_t, bool>> order_;  // edge; whether its left node is bound before
  GraphMatch match_;
  std::vector<std::uint8_t> edge_used_, node_used_;
  std::vector<GraphMatch> found_;
  std::uint64_t kept_ = 0;
};

class GraphMatchAtWork final : public GraphOperator {
 public:
  GraphMatchAtWork(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values)
      : GraphOperator(std::move(spec)), pattern_(std::move(pattern)), values_(std::move(values)) {}

 protected:
  Result<event::TableBatch> on_graph(const Graph& graph, StageContext& context) const override {
    const auto filter = TRY(PatternFilter::create(spec_, pattern_, graph));
    const auto matches = TRY(find_matches(pattern_, graph, filter, context));
    return values_of(matches, values_, spec_, pattern_, graph, context);
  }

 private:
  const GraphPatternSpec pattern_;
  const std::vector<GraphValue> values_;
};

}  // namespace

Result<PatternFilter> PatternFilter::create(const GraphSpec& spec, const GraphPatternSpec& pattern, const Graph& graph) {
  PatternFilter out;
  for (const auto& n : pattern.nodes) out.nodes.push_back(TRY(mask_of(n.conditions, spec.node_properties, graph.node_columns, graph.nodes())));
  for (const auto& e : pattern.edges) {
    out.edges.push_back(TRY(mask_of(e.conditions, spec.edge_columns, graph.edge_columns, graph.edges())));
    out.inner.push_back(TRY(mask_of(e.inner_conditions, spec.node_properties, graph.node_columns, graph.nodes())));
  }
  return out;
}

Result<std::vector<GraphMatch>> find_matches(const GraphPatternSpec& pattern, const Graph& graph, const PatternFilter& filter, StageContext& context) {
  return Search(pattern, graph, filter, context).run();
}

std::shared_ptr<const LocalOperator> make_graph_match(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values) {
  return std::make_shared<GraphMatchAtWork>(std::move(spec), std::move(pattern), std::move(values));
}

}  // namespace yagura::kql
