// What a query reads of a pattern's matches, column by column.
#include <algorithm>
#include <unordered_set>

#include "base/json_writer.hpp"
#include "kql/stages/graph_pattern.hpp"

namespace yagura::kql {

namespace {

class Values {
 public:
  Values(const std::vector<GraphMatch>& matches, const std::vector<GraphValue>& values, const GraphSpec& spec, const GraphPatternSpec& pattern,
         const Graph& graph, StageContext& context)
      : matches_(matches), values_(values), spec_(spec), pattern_(pattern), graph_(graph), context_(context) {}

  Result<event::TableBatch> run() {
    for (const auto& value : values_) made_.push_back(TRY(column(value)));
    if (values_.empty()) {  // only their number counts
      event::Column ones(Type::int64);
      for (std::size_t i = 0; i < matches_.size(); ++i) ones.append_int64(1);
      out_.add_column({"_", Type::int64, ""}, std::move(ones));
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      event::Column copy(made_[i]->type());
      copy.append_all(*made_[i]);
      out_.add_column({values_[i].column.name, copy.type(), ""}, std::move(copy));
    }
    return std::move(out_);
  }

 private:
  using Kind = GraphValue::Kind;

  Result<ColumnPtr> column(const GraphValue& value) {
    TRY(context_.work(matches_.size()));
    auto out = std::make_shared<event::Column>(value.column.type);
    switch (value.kind) {
      case Kind::node_property: return gather(*graph_.node_columns[value.property], node_numbers(value.element));
      case Kind::edge_property: return edge_property(value);
      case Kind::node_bag:
        for (const auto& m : matches_) out->append_text(bag(spec_.node_properties, graph_.node_columns, spec_.node_properties.size(), m.nodes[value.element]));
        return out;
      case Kind::edge_bag:
        for (const auto& m : matches_) {
          const auto& edges = m.paths[value.element].edges;
          const auto one = [&](EdgeNumber e) { return bag(spec_.edge_columns, graph_.edge_columns, spec_.edge_properties, e); };
          out->append_text(pattern_.edges[value.element].ranged ? array(edges, one) : one(edges.front()));
        }
        return out;
      case Kind::node_id:
        for (const auto& m : matches_) out->append_text(out_.arena().copy(graph_.ids[m.nodes[value.element]]));
        return out;
      case Kind::degree_in:
        for (const auto& m : matches_) out->append_int64(static_cast<std::int64_t>(graph_.in[m.nodes[value.element]].size()));
        return out;
      case Kind::degree_out:
        for (const auto& m : matches_) out->append_int64(static_cast<std::int64_t>(graph_.out[m.nodes[value.element]].size()));
        return out;
      case Kind::map:
      case Kind::any:
      case Kind::all: return along_path(value);
    }
    return out;
  }

  std::vector<std::uint32_t> node_numbers(std::size_t element) const {
    std::vector<std::uint32_t> out;
    out.reserve(matches_.size());
    for (const auto& m : matches_) out.push_back(m.nodes[element]);
    return out;
  }

  Result<ColumnPtr> edge_property(const GraphValue& value) {
    const event::Column& from = *graph_.edge_columns[value.property];
    if (!pattern_.edges[value.element].ranged) {
      std::vector<std::uint32_t> numbers;
      for (const auto& m : matches_) numbers.push_back(m.paths[value.element].edges.front());
      return gather(from, numbers);
    }
    auto out = std::make_shared<event::Column>(Type::dynamic);
    const Operand operand(from, false);
    for (const auto& m : matches_) {
      const auto& edges = m.paths[value.element].edges;
      TRY(context_.work(edges.size()));
      out->append_text(array(edges, [&](EdgeNumber e) { return json_of(operand, e, out_.arena()); }));
    }
    return out;
  }

  template <class Items, class Json>
  std::string_view array(const Items& items, const Json& json) {
    std::string text = "[";
    for (const auto i : items) {
      if (text.size() > 1) text += ',';
      text += json(i);
    }
    text += ']';
    return out_.arena().copy(text);
  }

  std::string_view bag(const std::vector<PlanColumn>& columns, const std::vector<ColumnPtr>& values, std::size_t count, std::size_t row) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i) {
      if (text.size() > 1) text += ',';
      append_json_string(text, columns[i].name);
      text += ':';
      text += json_of(Operand(*values[i], false), row, out_.arena());
    }
    text += '}';
    return out_.arena().copy(text);
  }

  // map, any, all: the expression for every edge, or inner node, of all matches at once.
  Result<ColumnPtr> along_path(const GraphValue& value) {
    std::vector<std::uint32_t> element, match;
    for (std::size_t m = 0; m < matches_.size(); ++m) {
      const auto& path = matches_[m].paths[value.element];
      for (const auto i : value.inner ? path.inner : path.edges) {
        element.push_back(i);
        match.push_back(static_cast<std::uint32_t>(m));
      }
      TRY(context_.room_for(element.size() / 8));
    }
    TRY(context_.work(element.size()));
    ExpressionProgram program;
    TRY(program.add(value.expression));
    std::unordered_set<ColumnId> reads;
    program.add_columns(reads);
    Rows rows{.count = element.size(), .columns = {}};
    const auto& columns = value.inner ? spec_.node_properties : spec_.edge_columns;
    const auto& from = value.inner ? graph_.node_columns : graph_.edge_columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (reads.contains(columns[i].id)) rows.columns[columns[i].id] = gather(*from[i], element);
    }
    for (const auto& o : value.outer) rows.columns[o.id] = gather(*made_[o.value], match);
    const auto degrees = [&](ColumnId id, const std::vector<std::vector<Graph::Arc>>& arcs) {
      if (id == 0) return;
      auto column = std::make_shared<event::Column>(Type::int64);
      for (const auto n : element) column->append_int64(static_cast<std::int64_t>(arcs[n].size()));
      rows.columns[id] = std::move(column);
    };
    degrees(value.degree_in, graph_.in);
    degrees(value.degree_out, graph_.out);
    if (value.node_id != 0) {
      auto column = std::make_shared<event::Column>(Type::string);
      for (const auto n : element) column->append_text(out_.arena().copy(graph_.ids[n]));
      rows.columns[value.node_id] = std::move(column);
    }
    const auto result = TRY(program.run(rows, out_.arena())).front();
    const Operand operand(*result.column, result.constant);
    auto out = std::make_shared<event::Column>(value.column.type);
    std::size_t at = 0;
    for (std::size_t m = 0; m < matches_.size(); ++m) {
      if (value.kind == Kind::map) {
        std::string text = "[";
        for (; at < match.size() && match[at] == m; ++at) {
          if (text.size() > 1) text += ',';
          text += json_of(operand, at, out_.arena());
        }
        text += ']';
        out->append_text(out_.arena().copy(text));
      } else {
        bool any = false, all = true;
        for (; at < match.size() && match[at] == m; ++at) {
          const bool holds = !operand.is_null(at) && operand.boolean(at);
          any = any || holds;
          all = all && holds;
        }
        out->append_boolean(value.kind == Kind::any ? any : all);
      }
    }
    return out;
  }

  const std::vector<GraphMatch>& matches_;
  const std::vector<GraphValue>& values_;
  const GraphSpec& spec_;
  const GraphPatternSpec& pattern_;
  const Graph& graph_;
  StageContext& context_;
  std::vector<ColumnPtr> made_;
  event::TableBatch out_;
};

}  // namespace

Result<event::TableBatch> values_of(const std::vector<GraphMatch>& matches, const std::vector<GraphValue>& values, const GraphSpec& spec,
                                    const GraphPatternSpec& pattern, const Graph& graph, StageContext& context) {
  return Values(matches, values, spec, pattern, graph, context).run();
}

}  // namespace yagura::kql
