// Pipes, and which operator a keyword begins.
#include <array>

#include "base/text.hpp"
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

constexpr auto kOperatorNames = std::to_array<std::string_view>(
    {"as",           "assert-schema",  "consume",         "count",          "distinct",
     "evaluate",     "extend",         "facet",           "filter",         "find",
     "fork",         "getschema",      "graph-match",     "graph-to-table", "invoke",
     "join",         "limit",          "lookup",          "make-graph",     "make-series",
     "mv-apply",     "mv-expand",      "order",           "parse",          "parse-kv",
     "parse-where",  "partition",      "print",           "project",        "project-away",
     "project-keep", "project-rename", "project-reorder", "range",          "reduce",
     "render",       "sample",         "sample-distinct", "scan",           "search",
     "serialize",    "sort",           "summarize",       "take",           "top",
     "top-hitters",  "top-nested",     "union",           "where"});

}  // namespace

const Operator* Parser::missing_operator() {
  // At what stands there instead, when that is on the same line: "| | count" is wrong at its second bar.
  const auto end = previous_end();
  const Token& next = peek();
  const bool near =
      next.span.length > 0 && text_.substr(end, next.span.start - end).find_first_of("\r\n") == text_.npos;
  report("KS176", "Query operator expected.", near ? next.span : Span{end, 0});
  auto* node = make_operator<BadOperator>({previous_end(), 0});
  return node;
}

const Operator* Parser::required_operator() {
  if (const auto* piped = parse_piped_operator()) return piped;
  if (const auto* first = parse_unpiped_operator()) return first;
  if (kind() == Kind::identifier) {
    const auto span = peek().span;
    const auto nearest = did_you_mean(text(), kOperatorNames);
    report("KS176", "Query operator expected, not '" + std::string(text()) + "'" + (nearest.empty() ? "." : nearest),
           span);
    advance();
    return make_operator<BadOperator>(span);
  }
  return missing_operator();
}

const Expression* Parser::parse_pipe_rest(const Expression* source, std::uint32_t start) {
  if (source == nullptr || kind() != Kind::bar) return source;
  std::vector<const Operator*> operators;
  while (accept(Kind::bar)) operators.push_back(required_operator());
  auto* node = make<PipeExpression>(start);
  node->source = source;
  node->operators = keep(operators);
  return close(node);
}

const Expression* Parser::parse_pipe() {
  const Depth depth(*this);
  if (!depth) return nullptr;
  const auto start = here();
  const Expression* source = nullptr;
  if (scan_possible_operator()) {
    source = parse_unpiped_operator();
    if (source == nullptr) source = parse_piped_operator();
    if (source == nullptr) source = parse_inline_external_table();
    if (source == nullptr) source = parse_unnamed();
  } else {
    source = parse_unnamed();
    if (source == nullptr) source = parse_unpiped_operator();
    if (source == nullptr) source = parse_piped_operator();
    if (source == nullptr) source = parse_inline_external_table();
  }
  return parse_pipe_rest(source, start);
}

// Operators on rows at hand: the first has no pipe before it.
const Expression* Parser::sub_pipe_rest(const Operator* first, std::uint32_t start) {
  std::vector<const Operator*> operators{first};
  while (accept(Kind::bar)) operators.push_back(required_operator());
  auto* node = make<PipeExpression>(start);
  node->operators = keep(operators);
  return close(node);
}

const Expression* Parser::parse_sub_pipe() {
  const Depth depth(*this);
  if (!depth) return nullptr;
  const auto start = here();
  return sub_pipe_rest(required_operator(), start);
}

const Expression* Parser::parse_contextual_sub_pipe() {
  const Depth depth(*this);
  if (!depth) return nullptr;
  const auto start = here();
  if (const auto* table = parse_contextual_data_table()) return parse_pipe_rest(table, start);
  return sub_pipe_rest(required_operator(), start);
}

const Expression* Parser::parse_fork_operator_body() {
  if (const auto* piped = parse_piped_operator()) return piped;
  return parse_unpiped_operator();
}

const Expression* Parser::parse_fork_pipe() {
  const Depth depth(*this);
  if (!depth) return nullptr;
  const auto start = here();
  const auto* first = static_cast<const Operator*>(parse_fork_operator_body());
  return first ? sub_pipe_rest(first, start) : nullptr;
}

const Operator* Parser::parse_unpiped_operator() {
  switch (kind()) {
    case Kind::kw_evaluate: return parse_evaluate();
    case Kind::kw_find: return parse_find();
    case Kind::kw_macro_expand: return parse_macro_expand();
    case Kind::kw_print: return parse_print();
    case Kind::kw_search: return parse_search();
    case Kind::kw_union: return parse_union();
    default: return nullptr;
  }
}

const Operator* Parser::parse_piped_operator() {
  using Mode = ProjectNamesOperator::Mode;
  switch (kind()) {
    case Kind::kw_as: return parse_as();
    case Kind::kw_assert_schema: return parse_assert_schema();
    case Kind::kw_consume: return parse_consume();
    case Kind::kw_count: return parse_count();
    case Kind::kw_distinct: return parse_distinct();
    case Kind::kw_evaluate: return parse_evaluate();
    case Kind::kw___executeandcache: return parse_execute_and_cache();
    case Kind::kw_extend: return parse_extend();
    case Kind::kw_facet: return parse_facet();
    case Kind::kw_filter:
    case Kind::kw_where: return parse_filter();
    case Kind::kw_find: return parse_find();
    case Kind::kw_fork: return parse_fork();
    case Kind::kw_getschema: return parse_get_schema();
    case Kind::kw_invoke: return parse_invoke();
    case Kind::kw_join: return parse_join();
    case Kind::kw_lookup: return parse_lookup();
    case Kind::kw_make_series: return parse_make_series();
    case Kind::kw_mvapply:
    case Kind::kw_mv_apply: return parse_mv_apply();
    case Kind::kw_mvexpand:
    case Kind::kw_mv_expand: return parse_mv_expand();
    case Kind::kw_parse: return parse_parse(false);
    case Kind::kw_parse_where: return parse_parse(true);
    case Kind::kw_parse_kv: return parse_parse_kv();
    case Kind::kw___partitionby: return parse_partition_by();
    case Kind::kw_partition: return parse_partition();
    case Kind::kw_project: return parse_project();
    case Kind::kw_project_away: return parse_project_names(Mode::away);
    case Kind::kw_project_keep: return parse_project_names(Mode::keep);
    case Kind::kw_project_rename: return parse_project_rename();
    case Kind::kw_project_reorder: return parse_project_names(Mode::reorder);
    case Kind::kw_project_by_names: return parse_project_names(Mode::by_names);
    case Kind::kw_range: return parse_range();
    case Kind::kw_reduce: return parse_reduce();
    case Kind::kw_render: return parse_render();
    case Kind::kw_sample: return parse_sample();
    case Kind::kw_sample_distinct: return parse_sample_distinct();
    case Kind::kw_scan: return parse_scan();
    case Kind::kw_search: return parse_search();
    case Kind::kw_serialize: return parse_serialize();
    case Kind::kw_sort:
    case Kind::kw_order: return parse_sort();
    case Kind::kw_summarize: return parse_summarize();
    case Kind::kw_take:
    case Kind::kw_limit: return parse_take();
    case Kind::kw_top: return parse_top();
    case Kind::kw_top_hitters: return parse_top_hitters();
    case Kind::kw_top_nested: return parse_top_nested();
    case Kind::kw_union: return parse_union();
    case Kind::kw_make_graph: return parse_make_graph();
    case Kind::kw_graph_match: return parse_graph_match();
    case Kind::kw_graph_shortest_paths: return parse_graph_shortest_paths();
    case Kind::kw_graph_to_table: return parse_graph_to_table();
    case Kind::kw_graph_mark_components: return parse_graph_mark_components();
    case Kind::kw_graph_where_nodes: return parse_graph_where(true);
    case Kind::kw_graph_where_edges: return parse_graph_where(false);
    default: return nullptr;
  }
}

// Whether the word here begins an operator rather than being a name.
bool Parser::scan_possible_operator() const {
  const auto known_parameter = [&](std::size_t offset) { return scan_known_parameter(false, offset) > 0; };
  switch (kind()) {
    case Kind::kw_evaluate: return scan_name(1) > 0 || known_parameter(1);
    case Kind::kw_facet: return kind(1) == Kind::kw_by;
    case Kind::kw_partition:
    case Kind::kw_reduce: return kind(1) == Kind::kw_by || known_parameter(1);
    case Kind::kw_range: {
      const auto count = scan_name(1);
      return count > 0 && kind(1 + count) == Kind::kw_from;
    }
    case Kind::kw_inline_external_table: return kind(1) == Kind::open_paren || kind(1) == Kind::kw_kind;
    case Kind::kw_render: return is_chart(1) || is_name_token(kind(1));
    // May be names; a longer look would be needed to tell.
    case Kind::kw_fork:
    case Kind::kw_lookup:
    case Kind::kw___partitionby: return false;
    case Kind::kw_as:
    case Kind::kw_assert_schema:
    case Kind::kw_consume:
    case Kind::kw_count:
    case Kind::kw_distinct:
    case Kind::kw___executeandcache:
    case Kind::kw_extend:
    case Kind::kw_filter:
    case Kind::kw_find:
    case Kind::kw_getschema:
    case Kind::kw_graph_match:
    case Kind::kw_graph_to_table:
    case Kind::kw_invoke:
    case Kind::kw_join:
    case Kind::kw_limit:
    case Kind::kw_macro_expand:
    case Kind::kw_make_graph:
    case Kind::kw_graph_mark_components:
    case Kind::kw_make_series:
    case Kind::kw_mvapply:
    case Kind::kw_mv_apply:
    case Kind::kw_mvexpand:
    case Kind::kw_mv_expand:
    case Kind::kw_order:
    case Kind::kw_parse:
    case Kind::kw_parse_where:
    case Kind::kw_parse_kv:
    case Kind::kw_print:
    case Kind::kw_project:
    case Kind::kw_project_away:
    case Kind::kw_project_keep:
    case Kind::kw_project_rename:
    case Kind::kw_project_by_names:
    case Kind::kw_project_reorder:
    case Kind::kw_sample:
    case Kind::kw_sample_distinct:
    case Kind::kw_scan:
    case Kind::kw_search:
    case Kind::kw_serialize:
    case Kind::kw_sort:
    case Kind::kw_summarize:
    case Kind::kw_take:
    case Kind::kw_top:
    case Kind::kw_top_hitters:
    case Kind::kw_top_nested:
    case Kind::kw_union:
    case Kind::kw_where: return !keyword_can_be_name(kind());
    default: return false;
  }
}

// The alternative that reads furthest; an earlier one wins a tie.
const Expression* Parser::best_of(std::initializer_list<ExpressionParser> parsers) {
  const auto start = mark();
  std::size_t best_end = start.at;
  const Expression* best = nullptr;
  std::vector<Diagnostic> best_diagnostics;
  for (const auto parser : parsers) {
    at_ = start.at;
    const auto* result = (this->*parser)();
    if (at_ > best_end) {
      best_end = at_;
      best = result;
      best_diagnostics.assign(diagnostics_.begin() + static_cast<std::ptrdiff_t>(start.diagnostics),
                              diagnostics_.end());
    }
    if (stopped_) return result;
    diagnostics_.resize(start.diagnostics);
  }
  at_ = best_end;
  diagnostics_.insert(diagnostics_.end(), best_diagnostics.begin(), best_diagnostics.end());
  return best;
}

Parser::Expressions Parser::named_list(bool one_or_more, EndTest end) {
  return expressions(&Parser::parse_named, &Parser::missing_expression, end, one_or_more);
}

}  // namespace yagura::kql
