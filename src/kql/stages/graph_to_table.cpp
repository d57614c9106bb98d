// graph-to-table: a graph's nodes or edges as rows.
#include "kql/kernels/xxhash64.hpp"
#include "kql/stages/graph_pattern.hpp"

namespace yagura::kql {

namespace {

class GraphToTableAtWork final : public GraphOperator {
 public:
  GraphToTableAtWork(GraphSpec spec, bool nodes, std::vector<GraphTableColumn> columns) : GraphOperator(std::move(spec)), nodes_(nodes), columns_(std::move(columns)) {}

 protected:
  Result<event::TableBatch> on_graph(const Graph& graph, StageContext& context) const override {
    const std::size_t count = nodes_ ? graph.nodes() : graph.edges();
    TRY(context.room_for(count));
    event::TableBatch out;
    for (const auto& c : columns_) {
      if (c.kind == GraphTableColumn::Kind::property) {
        const event::Column& from = nodes_ ? *graph.node_columns[c.property] : *graph.edge_columns[c.property];
        event::Column copy(from.type());
        copy.append_all(from);
        out.add_column({"", copy.type(), ""}, std::move(copy));
        continue;
      }
      event::Column hashes(Type::int64);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t node = c.kind == GraphTableColumn::Kind::node_hash ? i : c.kind == GraphTableColumn::Kind::source_hash ? graph.from[i] : graph.to[i];
        hashes.append_int64(static_cast<std::int64_t>(xxhash64(graph.ids[node])));
      }
      out.add_column({"", Type::int64, ""}, std::move(hashes));
    }
    if (columns_.empty()) {
      event::Column ones(Type::int64);
      for (std::size_t i = 0; i < count; ++i) ones.append_int64(1);
      out.add_column({"_", Type::int64, ""}, std::move(ones));
    }
    return out;
  }

 private:
  const bool nodes_;
  const std::vector<GraphTableColumn> columns_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_graph_to_table(GraphSpec spec, bool nodes, std::vector<GraphTableColumn> columns) {
  return std::make_shared<GraphToTableAtWork>(std::move(spec), nodes, std::move(columns));
}

}  // namespace yagura::kql
