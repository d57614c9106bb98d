// graph-shortest-paths: from each source breadth first, by how far in the pattern a walk is.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "kql/stages/graph_pattern.hpp"

namespace yagura::kql {

namespace {

// Where a walk is: behind `count` edges of the pattern's edge `segment`, at a node.
struct Place {
  std::uint32_t segment, count;
  NodeNumber node;
  bool operator==(const Place&) const = default;
};
struct PlaceHash {
  std::size_t operator()(const Place& p) const { return ((static_cast<std::size_t>(p.segment) * 1'000'003 + p.count) * 1'000'003 + p.node) * 0x9E3779B97F4A7C15ULL >> 7; }
};
struct Step {
  Place from;
  EdgeNumber edge;
};
// The places that are that many edges from the source, in the order in which they are reached, and how one comes there: of
// paths that are as short, the first is that of the first edges.
struct Level {
  std::vector<std::pair<Place, std::vector<Step>>> places;
  std::unordered_map<Place, std::size_t, PlaceHash> numbers;

  // The ways to a place; `added` when it is new.
  std::vector<Step>& at(const Place& place, bool& added) {
    const auto [it, fresh] = numbers.try_emplace(place, places.size());
    if (fresh) places.push_back({place, {}});
    added = fresh;
    return places[it->second].second;
  }
  const std::vector<Step>* find(const Place& place) const {
    const auto it = numbers.find(place);
    return it == numbers.end() ? nullptr : &places[it->second].second;
  }
};

class Paths {
 public:
  Paths(const GraphSpec& spec, const GraphPatternSpec& pattern, const std::vector<GraphValue>& values, const Expr& residual, bool all,
        const Graph& graph, const PatternFilter& filter, StageContext& context)
      : spec_(spec), pattern_(pattern), values_(values), residual_(residual), all_(all), graph_(graph), filter_(filter), context_(context) {
    for (const auto& e : pattern.edges) longest_ += e.high;
  }

  Result<std::vector<GraphMatch>> run() {
    for (std::size_t n = 0; n < graph_.nodes(); ++n) {
      if (PatternFilter::holds(filter_.nodes[pattern_.edges.front().left], n)) TRY(from(static_cast<NodeNumber>(n)));
    }
    return std::move(found_);
  }

 private:
  Result<> from(NodeNumber source) {
    std::vector<Level> levels(1);
    std::unordered_set<NodeNumber> reached;  // targets that have their paths
    bool added = false;
    levels[0].at({0, 0, source}, added);
    TRY(pass_on(levels[0]));
    TRY(collect(levels, source, reached));
    for (std::uint64_t length = 1; length <= longest_ && !levels.back().places.empty(); ++length) {
      Level next;
      for (const auto& [place, _] : levels.back().places) TRY(expand(place, next));
      levels.push_back(std::move(next));
      TRY(pass_on(levels.back()));
      TRY(collect(levels, source, reached));
    }
    return {};
  }

  // One edge further.
  Result<> expand(const Place& place, Level& next) {
    TRY(context_.check());
    if (place.segment >= pattern_.edges.size()) return {};
    const auto& e = pattern_.edges[place.segment];
    if (place.count >= e.high) return {};
    if (place.count > 0 && !PatternFilter::holds(filter_.inner[place.segment], place.node)) return {};
    const auto along = [&](const std::vector<Graph::Arc>& arcs) -> Result<> {
      for (const auto& arc : arcs) {
        if (!PatternFilter::holds(filter_.edges[place.segment], arc.edge)) continue;
        TRY(context_.check());
        bool added = false;
        auto& steps = next.at({place.segment, place.count + 1, arc.node}, added);
        if (steps.size() < kMostSteps) steps.push_back({place, arc.edge});
      }
      return {};
    };
    if (e.direction != GraphPatternSpec::Direction::backward) TRY(along(graph_.out[place.node]));
    if (e.direction != GraphPatternSpec::Direction::forward) TRY(along(graph_.in[place.node]));
    return context_.room_for(next.places.size() / 4);
  }

  // Where a segment may end, the next one begins, without an edge.
  Result<> pass_on(Level& level) {
    for (std::size_t i = 0; i < level.places.size(); ++i) {  // grows on the way
      const Place place = level.places[i].first;
      TRY(context_.check());
      if (place.segment >= pattern_.edges.size() || place.count < pattern_.edges[place.segment].low) continue;
      if (!PatternFilter::holds(filter_.nodes[pattern_.edges[place.segment].right], place.node)) continue;
      bool added = false;
      auto& steps = level.at({place.segment + 1, 0, place.node}, added);
      if (steps.size() < kMostSteps) steps.push_back({place, kNoEdge});
    }
    return {};
  }

  Result<> collect(const std::vector<Level>& levels, NodeNumber source, std::unordered_set<NodeNumber>& reached) {
    const auto last = static_cast<std::uint32_t>(pattern_.edges.size());
    std::vector<NodeNumber> targets;
    for (const auto& [place, _] : levels.back().places) {
      if (place.segment == last && !reached.contains(place.node)) targets.push_back(place.node);
    }
    std::ranges::sort(targets);
    for (const auto target : targets) {
      std::vector<GraphMatch> candidates;
      GraphMatch match;
      match.nodes.assign(pattern_.nodes.size(), 0);
      match.paths.resize(pattern_.edges.size());
      match.nodes[pattern_.edges.front().left] = source;
      std::vector<NodeNumber> walked;
      TRY(back(levels, levels.size() - 1, {last, 0, target}, match, walked, candidates));
      if (residual_ && !candidates.empty()) TRY(keep_valid(candidates));
      if (candidates.empty()) continue;
      reached.insert(target);
      if (!all_) candidates.resize(1);
      for (auto& c : candidates) found_.push_back(std::move(c));
      TRY(context_.room_for(found_.size()));
    }
    return {};
  }

  // All simple walks that end at `place`, written from their end.
  Result<> back(const std::vector<Level>& levels, std::size_t length, const Place& place, GraphMatch& match, std::vector<NodeNumber>& walked, std::vector<GraphMatch>& out) {
    TRY(context_.check());
    if (out.size() >= (all_ || residual_ ? kMostSteps : 1)) return {};
    if (length == 0 && place.segment == 0 && place.count == 0) {
      out.push_back(match);
      for (auto& p : out.back().paths) {
        std::ranges::reverse(p.edges);
        std::ranges::reverse(p.inner);
      }
      return {};
    }
    const std::vector<Step>* found = levels[length].find(place);
    if (found == nullptr) return {};
    for (const auto& step : *found) {
      if (step.edge == kNoEdge) {
        match.nodes[pattern_.edges[step.from.segment].right] = place.node;
        TRY(back(levels, length, step.from, match, walked, out));
        continue;
      }
      // No node twice, but a way round may end where it began.
      if (std::ranges::find(walked, place.node) != walked.end()) continue;
      if (length > 1 && step.from.node == match.nodes[pattern_.edges.front().left]) continue;
      auto& path = match.paths[place.segment];
      path.edges.push_back(step.edge);
      const bool inner = step.from.count > 0;
      if (inner) path.inner.push_back(step.from.node);
      walked.push_back(place.node);
      TRY(back(levels, length - 1, step.from, match, walked, out));
      walked.pop_back();
      path.edges.pop_back();
      if (inner) path.inner.pop_back();
    }
    return {};
  }

  Result<> keep_valid(std::vector<GraphMatch>& candidates) {
    const auto values = TRY(values_of(candidates, values_, spec_, pattern_, graph_, context_));
    Rows rows{.count = candidates.size(), .columns = {}};
    for (std::size_t i = 0; i < values_.size(); ++i) {
      auto copy = std::make_shared<event::Column>(values.column(i).type());
      copy->append_all(values.column(i));
      rows.columns[values_[i].column.id] = std::move(copy);
    }
    ExpressionProgram program;
    TRY(program.add(residual_));
    Arena arena;
    const auto result = TRY(program.run(rows, arena)).front();
    std::size_t at = 0;
    std::erase_if(candidates, [&](const auto&) {
      const std::size_t row = result.constant ? 0 : at;
      ++at;
      return result.column->is_null(row) || result.column->booleans()[row] == 0;
    });
    return {};
  }

  static constexpr std::size_t kMostSteps = 10'000;
  static constexpr EdgeNumber kNoEdge = ~EdgeNumber{0};
  const GraphSpec& spec_;
  const GraphPatternSpec& pattern_;
  const std::vector<GraphValue>& values_;
  const Expr& residual_;
  const bool all_;
  const Graph& graph_;
  const PatternFilter& filter_;
  StageContext& context_;
  std::uint64_t longest_ = 0;
  std::vector<GraphMatch> found_;
};

class ShortestPathsAtWork final : public GraphOperator {
 public:
  ShortestPathsAtWork(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values, Expr residual, bool all_paths)
      : GraphOperator(std::move(spec)), pattern_(std::move(pattern)), values_(std::move(values)), residual_(std::move(residual)), all_paths_(all_paths) {}

 protected:
  Result<event::TableBatch> on_graph(const Graph& graph, StageContext& context) const override {
    const auto filter = TRY(PatternFilter::create(spec_, pattern_, graph));
    const auto matches = TRY(Paths(spec_, pattern_, values_, residual_, all_paths_, graph, filter, context).run());
    return values_of(matches, values_, spec_, pattern_, graph, context);
  }

 private:
  const GraphPatternSpec pattern_;
  const std::vector<GraphValue> values_;
  const Expr residual_;
  const bool all_paths_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_graph_shortest_paths(GraphSpec spec, GraphPatternSpec pattern, std::vector<GraphValue> values, Expr residual, bool all_paths) {
  return std::make_shared<ShortestPathsAtWork>(std::move(spec), std::move(pattern), std::move(values), std::move(residual), all_paths);
}

}  // namespace yagura::kql
