// The graph operators.
// https://learn.microsoft.com/kusto/query/graph-operators
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

constexpr std::string_view kComponentKinds[] = {"weak", "strong"};
constexpr std::string_view kCycles[] = {"none", "all", "unique_edges"};
constexpr std::string_view kPathOutputs[] = {"any", "all"};
constexpr std::string_view kGraphStrategies[] = {"shuffle", "native"};

constexpr ParameterRule kMakeGraphRules[] = {{"hint.strategy", ParameterKind::word, kGraphStrategies}};
constexpr ParameterRule kMarkRules[] = {{"kind", ParameterKind::word, kComponentKinds},
                                        {"with_component_id", ParameterKind::name}};
constexpr ParameterRule kMatchRules[] = {{"cycles", ParameterKind::word, kCycles}};
constexpr ParameterRule kShortestRules[] = {{"output", ParameterKind::word, kPathOutputs}};
constexpr ParameterRule kNodeRules[] = {{"with_node_id", ParameterKind::name}};
constexpr ParameterRule kEdgeRules[] = {{"with_source_id", ParameterKind::name},
                                        {"with_target_id", ParameterKind::name}};

}  // namespace

bool Parser::make_graph_list_end() { return common_list_end(0) || kind() == Kind::kw_partitioned_by; }

const Operator* Parser::parse_make_graph() {
  auto* node = begin<MakeGraphOperator>();
  node->parameters = parameters(kMakeGraphRules, true);
  node->source = or_missing_reference(parse_name_reference());
  Span arrow;
  node->directed = accept_text("-->", arrow);
  if (!node->directed && !accept_text("--", arrow)) expected({"-->", "--"});
  node->target = or_missing_reference(parse_name_reference());
  if (accept(Kind::kw_with_node_id)) {
    require(Kind::equal);
    node->implicit_node_id = required_name();
  } else if (accept(Kind::kw_with)) {
    using Table = MakeGraphOperator::NodeTable;
    node->node_tables = comma_list<Table>(
        [&](Table& table) {
          table.table = parse_unary();
          if (table.table == nullptr) return false;
          require(Kind::kw_on);
          table.key = or_missing_reference(parse_name_reference());
          return true;
        },
        [&] { return Table{.table = missing_node("expression"), .key = missing_silently()}; },
        &Parser::make_graph_list_end, true);
  }
  if (accept(Kind::kw_partitioned_by)) {
    node->partitioned_by = or_missing_reference(parse_simple_path());
    require(Kind::open_paren);
    node->partition_body = or_missing(parse_contextual_sub_pipe());
    require(Kind::close_paren);
  }
  return close(node);
}

// (n), -->, <--, --, -[e*1..3]->, <-[e]-, -[e]-
bool Parser::parse_graph_element(GraphPatternElement& element) {
  using Shape = GraphPatternElement::Shape;
  const auto start = here();
  Span span;
  if (accept(Kind::open_paren)) {
    element.name = parse_name();
    require(Kind::close_paren);
  } else if (accept_text("-->", span)) {
    element.shape = Shape::edge_right;
  } else if (accept_text("<--", span)) {
    element.shape = Shape::edge_left;
  } else if (accept_text("--", span)) {
    element.shape = Shape::edge_any;
  } else {
    const bool plain = accept_text("-[", span);
    if (!plain && !accept_text("<-[", span)) return false;
    element.bracketed = true;
    element.name = parse_name();
    if (accept(Kind::asterisk)) {
      element.ranged = true;
      const auto* low = parse_unary();
      element.low = low ? low : missing_value();
      require(Kind::dot_dot);
      element.high = or_missing(parse_unary());
    }
    const bool arrow = accept_text("]->", span);
    if (!arrow && !accept_text("]-", span)) expected({"]->", "]-"});
    element.shape = plain ? (arrow ? Shape::edge_right : Shape::edge_any) : Shape::edge_left;
  }
  element.span = span_from(start);
  return true;
}

bool Parser::parse_graph_pattern(GraphPattern& pattern) {
  const auto start = here();
  std::vector<GraphPatternElement> elements;
  GraphPatternElement element;
  while (parse_graph_element(element)) {
    elements.push_back(element);
    element = {};
  }
  if (elements.empty()) {
    report("KS217", "Missing graph-match pattern.", {previous_end(), 0});
    elements.push_back({.span = {previous_end(), 0}});
  }
  pattern.elements = keep(elements);
  pattern.span = span_from(start);
  return true;
}

template <class T>
const Operator* Parser::parse_graph_patterns(ParameterRules rules) {
  auto* node = begin<T>();
  node->parameters = parameters(rules, true);
  node->patterns = comma_list<GraphPattern>([&](GraphPattern& pattern) { return parse_graph_pattern(pattern); },
                                            [&] { return GraphPattern{}; }, nullptr, true);
  node->condition = parse_optional(Kind::kw_where, &Parser::parse_expression);
  if (accept(Kind::kw_project)) {
    node->has_project = true;
    node->project = named_list(true);
  }
  return close(node);
}

const Operator* Parser::parse_graph_match() { return parse_graph_patterns<GraphMatchOperator>(kMatchRules); }
const Operator* Parser::parse_graph_shortest_paths() {
  return parse_graph_patterns<GraphShortestPathsOperator>(kShortestRules);
}

bool Parser::parse_graph_output(GraphToTableOperator::Output& output) {
  const auto start = here();
  output.nodes = kind() == Kind::kw_nodes;
  if (!accept(Kind::kw_nodes) && !accept(Kind::kw_edges)) return false;
  if (accept(Kind::kw_as)) output.as_name = required_name();
  output.parameters = output.nodes ? parameters(kNodeRules, true) : parameters(kEdgeRules, true);
  output.span = span_from(start);
  return true;
}

const Operator* Parser::parse_graph_to_table() {
  auto* node = begin<GraphToTableOperator>();
  node->outputs = comma_list<GraphToTableOperator::Output>(
      [&](auto& output) { return parse_graph_output(output); },
      [&] {
        report("KS230", "The graph-to-table operator requires 1-2 arguments (nodes, edges).", {previous_end(), 0});
        return GraphToTableOperator::Output{.span = {previous_end(), 0}};
      },
      nullptr, true);
  return close(node);
}

const Operator* Parser::parse_graph_mark_components() {
  auto* node = begin<GraphMarkComponentsOperator>();
  node->parameters = parameters(kMarkRules, true);
  return close(node);
}

const Operator* Parser::parse_graph_where(bool nodes) {
  if (nodes) {
    auto* node = begin<GraphWhereNodesOperator>();
    node->condition = or_missing(parse_unnamed());
    return close(node);
  }
  auto* node = begin<GraphWhereEdgesOperator>();
  node->condition = or_missing(parse_unnamed());
  return close(node);
}

}  // namespace yagura::kql
