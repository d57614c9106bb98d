// Operators over many rows or tables: summarize, join, union, find, make-series, top-nested, partition, render.
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

using Kind = ParameterKind;

constexpr std::string_view kAllStrategies[] = {"auto", "broadcast", "centralized", "shuffle"};
constexpr std::string_view kShuffle[] = {"shuffle"};
constexpr std::string_view kPartitionStrategies[] = {"shuffle", "native", "legacy"};
constexpr std::string_view kConcurrency[] = {"auto", "left", "local", "right", "unresolved"};
constexpr std::string_view kSpread[] = {"auto", "local"};
constexpr std::string_view kDistribution[] = {"single", "per_node", "per_shard", "default"};
constexpr std::string_view kLocal[] = {"auto", "local"};
constexpr std::string_view kJoinKinds[] = {"inner",        "fullouter",     "innerunique", "leftanti",
                                           "leftantisemi", "anti",          "leftouter",   "leftsemi",
                                           "rightanti",    "rightantisemi", "rightouter",  "rightsemi"};
constexpr std::string_view kLookupKinds[] = {"inner", "leftouter"};
constexpr std::string_view kUnionKinds[] = {"inner", "outer"};
constexpr std::string_view kSearchKinds[] = {"default", "case_insensitive", "case_sensitive"};
constexpr std::string_view kNonEmpty[] = {"nonempty"};
constexpr std::string_view kReduceKinds[] = {"source"};
constexpr std::string_view kRenderKinds[] = {"default", "unstacked", "stacked", "stacked100", "map"};
constexpr std::string_view kAxes[] = {"linear", "log"};
constexpr std::string_view kLegend[] = {"visible", "hidden"};
constexpr std::string_view kSplit[] = {"none", "axes", "panels"};
constexpr std::string_view kCharts[] = {
    "table",        "list",       "barchart",  "piechart",         "ladderchart",  "timechart", "linechart",
    "anomalychart", "pivotchart", "areachart", "stackedareachart", "scatterchart", "timepivot", "columnchart",
    "timeline",     "3Dchart",    "card",      "treemap",          "plotly",       "graph",     "sankey"};

constexpr ParameterRule kSummarizeRules[] = {
    {"hint.shufflekey", Kind::column}, {"hint.strategy", Kind::word, kShuffle}, {"hint.num_partitions", Kind::number}};
constexpr ParameterRule kJoinRules[] = {{"kind", Kind::word, kJoinKinds},
                                        {"hint.remote", Kind::word, kConcurrency},
                                        {"hint.shufflekey", Kind::column},
                                        {"hint.strategy", Kind::word, kAllStrategies},
                                        {"hint.num_partitions", Kind::number}};
constexpr ParameterRule kLookupRules[] = {{"kind", Kind::word, kLookupKinds}};
constexpr ParameterRule kUnionRules[] = {{"kind", Kind::word, kUnionKinds},
                                         {"withsource", Kind::name},
                                         {"with_source", Kind::name},
                                         {"isfuzzy", Kind::bool_literal},
                                         {"__isFuzzy", Kind::bool_literal},
                                         {"best_effort", Kind::bool_literal},
                                         {"hint.concurrency", Kind::word, kConcurrency},
                                         {"hint.spread", Kind::word, kSpread}};
constexpr ParameterRule kFindRules[] = {{"withsource", Kind::name}, {"with_source", Kind::name}};
constexpr ParameterRule kSearchRules[] = {{"kind", Kind::word, kSearchKinds}};
constexpr ParameterRule kMakeSeriesRules[] = {{"hint.shufflekey", Kind::column}, {"kind", Kind::word, kNonEmpty}};
constexpr ParameterRule kPartitionRules[] = {{"hint.concurrency", Kind::word, kConcurrency},
                                             {"hint.spread", Kind::word, kSpread},
                                             {"hint.materialized", Kind::bool_literal},
                                             {"hint.shufflekey", Kind::column},
                                             {"hint.strategy", Kind::word, kPartitionStrategies}};
constexpr ParameterRule kEvaluateRules[] = {{"hint.distribution", Kind::word, kDistribution},
                                            {"hint.remote", Kind::word, kLocal}};
constexpr ParameterRule kReduceRules[] = {{"threshold", Kind::number}, {"characters", Kind::string_literal}};
constexpr ParameterRule kRenderKind{"kind", Kind::word, kRenderKinds};
constexpr ParameterRule kRenderTitle{"title", Kind::string};
constexpr ParameterRule kRenderAccumulate{"accumulate", Kind::bool_literal};
constexpr ParameterRule kRenderWith{"with", Kind::string_literal, {}, true};
constexpr ParameterRule kRenderBy{"by", Kind::column_list, {}, true};
constexpr ParameterRule kRenderRules[] = {{"kind", Kind::word, kRenderKinds},
                                          {"title", Kind::string},
                                          {"accumulate", Kind::bool_literal},
                                          {"xcolumn", Kind::column},
                                          {"ycolumns", Kind::column_list},
                                          {"anomalycolumns", Kind::column_list},
                                          {"series", Kind::column_list},
                                          {"xtitle", Kind::string},
                                          {"ytitle", Kind::string},
                                          {"xaxis", Kind::word, kAxes},
                                          {"yaxis", Kind::word, kAxes},
                                          {"legend", Kind::word, kLegend},
                                          {"ysplit", Kind::word, kSplit},
                                          {"ymin", Kind::forced_real},
                                          {"ymax", Kind::forced_real},
                                          {"xmin", Kind::scalar},
                                          {"xmax", Kind::scalar}};

}  // namespace

const Operator* Parser::parse_evaluate() {
  auto* node = begin<EvaluateOperator>();
  node->parameters = parameters(kEvaluateRules);
  node->call = required_call();
  if (accept(TokenKind::colon)) {
    RowSchema schema;
    if (!parse_evaluate_schema(schema)) {
      report_missing("schema declaration");
      schema.span = {previous_end(), 0};
    }
    node->schema = schema;
  }
  return close(node);
}

const Operator* Parser::parse_invoke() {
  auto* node = begin<InvokeOperator>();
  node->call = or_missing(parse_dotted_call());
  return close(node);
}

// --- summarize

bool Parser::summarize_list_end() { return custom_list_end({TokenKind::kw_by}); }

// The older "by x bin = 1h".
bool Parser::summarize_by_list_end() {
  const auto value = kind(2);
  const bool literal = value >= TokenKind::string_literal && value <= TokenKind::raw_guid_literal;
  if (kind() == TokenKind::kw_bin && kind(1) == TokenKind::equal && literal) return true;
  return common_list_end(0);
}

const Operator* Parser::parse_summarize() {
  if (kind() != TokenKind::kw_summarize) return nullptr;
  auto* node = begin<SummarizeOperator>();
  node->parameters = parameters(kSummarizeRules, true);
  node->aggregates = named_list(false, &Parser::summarize_list_end);
  if (accept(TokenKind::kw_by)) {
    node->has_by = true;
    node->by = named_list(true, &Parser::summarize_by_list_end);
    if (kind() == TokenKind::kw_bin && kind(1) == TokenKind::equal) {
      at_ += 2;
      node->bin = or_missing(parse_unnamed());
    }
  }
  return close(node);
}

// --- join and lookup

template <class T>
const Operator* Parser::parse_join_like(ParameterRules rules, bool on_required) {
  auto* node = begin<T>();
  node->parameters = parameters(rules, true);
  node->table = or_missing(parse_unnamed());
  if (accept(TokenKind::kw_on)) {
    node->has_on = true;
    node->on = expressions(&Parser::parse_unnamed, &Parser::missing_expression, nullptr, true);
  } else if (on_required) {
    report_missing("join on condition clause");
  } else if (accept(TokenKind::kw_where)) {
    node->where = or_missing(parse_unnamed());
  }
  return close(node);
}

const Operator* Parser::parse_join() { return parse_join_like<JoinOperator>(kJoinRules, false); }
const Operator* Parser::parse_lookup() { return parse_join_like<LookupOperator>(kLookupRules, true); }

// --- union, find, search

const Expression* Parser::parse_union_table() {
  if (const auto* table = parse_parenthesized()) return table;
  return best_of({&Parser::parse_bracketed_entity, &Parser::parse_wildcard_entity, &Parser::parse_bare_path_element});
}

const Operator* Parser::parse_union() {
  auto* node = begin<UnionOperator>();
  node->parameters = parameters(kUnionRules, true);
  node->tables = expressions(&Parser::parse_union_table, &Parser::missing_expression, &Parser::common_list_end, true);
  return close(node);
}

const Expression* Parser::parse_find_table_with_as() {
  const auto start = here();
  const auto* table = parse_bracketed_entity();
  if (table == nullptr) table = parse_bare_path_element();
  if (table == nullptr || !accept(TokenKind::bar)) return table;
  const auto* as_operator = kind() == TokenKind::kw_as ? parse_as() : missing_operator();
  auto* node = make<PipeExpression>(start);
  node->source = table;
  node->operators = keep(std::vector<const Operator*>{as_operator});
  return close(node);
}

const Expression* Parser::parse_find_table() {
  return best_of({&Parser::parse_find_table_with_as, &Parser::parse_wildcard_entity});
}

bool Parser::parse_find_in(Expressions& tables) {
  if (!accept(TokenKind::kw_in)) return false;
  require(TokenKind::open_paren);
  tables = expressions(&Parser::parse_find_table, &Parser::missing_expression, &Parser::common_list_end, true);
  require(TokenKind::close_paren);
  return true;
}

const Expression* Parser::parse_typed_reference() {
  const auto start = here();
  const auto name = parse_name();
  if (!name) return nullptr;
  if (!accept(TokenKind::colon)) return reference(*name);
  auto* column = make<TypedColumn>(start);
  column->name = *name;
  column->type = required_type(true);
  return close(column);
}

const Expression* Parser::parse_find_column() {
  const auto start = here();
  if (accept(TokenKind::kw_pack)) {
    auto* node = make<PackExpression>(start);
    require(TokenKind::open_paren);
    require(TokenKind::asterisk);
    require(TokenKind::close_paren);
    return close(node);
  }
  if (const auto* star = parse_star()) return star;
  return parse_typed_reference();
}

const Operator* Parser::parse_find() {
  auto* node = begin<FindOperator>();
  node->data_scope = parse_data_scope();
  node->parameters = parameters(kFindRules);
  node->has_in = parse_find_in(node->tables);
  if (!node->parameters.empty() || node->has_in) {
    require(TokenKind::kw_where);
    node->has_where = true;
  } else {
    node->has_where = accept(TokenKind::kw_where);
  }
  node->condition = or_missing(parse_unnamed());
  const auto columns = [&] {
    return expressions(&Parser::parse_find_column, &Parser::missing_expression, nullptr, true);
  };
  if (accept(TokenKind::kw_project)) {
    node->has_project = true;
    node->project = columns();
  } else if (accept(TokenKind::kw_project_smart)) {
    node->smart = true;
  }
  if (accept(TokenKind::kw___projectaway)) {
    node->has_project_away = true;
    node->project_away = columns();
  }
  return close(node);
}

const Operator* Parser::parse_search() {
  auto* node = begin<SearchOperator>();
  node->parameters = parameters(kSearchRules, true);
  node->data_scope = parse_data_scope();
  node->has_in = parse_find_in(node->tables);
  const auto* condition = parse_unnamed();
  if (condition == nullptr) {
    condition = parse_star();
    if (condition != nullptr && accept(TokenKind::kw_and)) {
      auto* both = make<LogicalExpression>(condition->span.start);
      both->operands = keep(std::vector<const Expression*>{condition, or_missing(parse_unnamed())});
      condition = close(both);
    }
  }
  node->condition = or_missing(condition);
  return close(node);
}

// --- facet, fork, partition

bool Parser::facet_list_end() { return custom_list_end({TokenKind::kw_with}); }

const Operator* Parser::parse_facet() {
  auto* node = begin<FacetOperator>();
  require(TokenKind::kw_by);
  node->columns =
      expressions(&Parser::parse_simple_path, &Parser::missing_name_reference, &Parser::facet_list_end, true);
  if (accept(TokenKind::kw_with)) {
    node->with_parentheses = accept(TokenKind::open_paren);
    node->with = node->with_parentheses ? parse_fork_pipe() : parse_fork_operator_body();
    if (node->with == nullptr) node->with = missing_operator();
    if (node->with_parentheses) require(TokenKind::close_paren);
  }
  return close(node);
}

bool Parser::parse_fork_branch(ForkOperator::Branch& branch) {
  const auto start = here();
  const auto count = scan_name();
  // Kusto looks for "=" one word on, whatever the name's length.
  if (count > 0 && kind(count) == TokenKind::equal) {
    branch.name = required_name();
    require(TokenKind::equal);
    require(TokenKind::open_paren);
  } else if (!accept(TokenKind::open_paren)) {
    return false;
  }
  const auto* body = parse_fork_pipe();
  if (body == nullptr) body = parse_expression();
  branch.body = or_missing(body);
  require(TokenKind::close_paren);
  branch.span = span_from(start);
  return true;
}

const Operator* Parser::parse_fork() {
  auto* node = begin<ForkOperator>();
  std::vector<ForkOperator::Branch> branches;
  ForkOperator::Branch branch;
  while (parse_fork_branch(branch)) {
    branches.push_back(branch);
    branch = {};
  }
  if (branches.empty()) {
    require(TokenKind::open_paren);
    branch.body = missing_expression();
    require(TokenKind::close_paren);
    branches.push_back(branch);
  }
  node->branches = keep(branches);
  return close(node);
}

const Operator* Parser::parse_partition() {
  auto* node = begin<PartitionOperator>();
  node->parameters = parameters(kPartitionRules);
  require(TokenKind::kw_by);
  node->by = or_missing_reference(parse_simple_path());
  if (accept(TokenKind::kw_in)) {
    const auto* scope = parse_call();
    if (scope == nullptr) scope = parse_dynamic();
    node->scope = or_missing(scope);
  }
  if (accept(TokenKind::open_brace)) {
    node->braces = true;
    node->body = or_missing(parse_expression());
    require(TokenKind::close_brace);
  } else if (accept(TokenKind::open_paren)) {
    node->body = or_missing(parse_sub_pipe());
    require(TokenKind::close_paren);
  } else {
    require(TokenKind::open_paren);
    node->body = missing_expression();
    require(TokenKind::close_paren);
  }
  return close(node);
}

const Operator* Parser::parse_partition_by() {
  auto* node = begin<PartitionByOperator>();
  node->parameters = parameters(kPartitionRules);
  node->entity = or_missing_reference(parse_simple_path());
  if (accept(TokenKind::kw_id)) {
    const auto* id = parse_literal();
    node->id = id ? id : missing_value();
  }
  require(TokenKind::open_paren);
  node->body = or_missing(parse_contextual_sub_pipe());
  require(TokenKind::close_paren);
  return close(node);
}

const Operator* Parser::parse_macro_expand() {
  auto* node = begin<MacroExpandOperator>();
  node->parameters = parameters(kUnionRules, true);
  const auto* group = parse_entity_group();
  if (group == nullptr && (text() == "database" || text() == "cluster") && kind(1) == TokenKind::open_paren) {
    group = parse_entity_path();
  }
  if (group == nullptr) group = parse_name_reference();
  node->group = or_missing(group);
  if (accept(TokenKind::kw_as)) node->scope = required_name();
  require(TokenKind::open_paren);
  if (const Depth depth(*this); depth) node->statements = statement_list();
  require(TokenKind::close_paren);
  return close(node);
}

// --- make-series, reduce, top-hitters, top-nested

bool Parser::make_series_list_end() {
  return custom_list_end({TokenKind::kw_on, TokenKind::kw_from, TokenKind::kw_in});
}

bool Parser::parse_series_aggregate(MakeSeriesOperator::Aggregate& aggregate) {
  const auto start = here();
  aggregate.value = parse_named();
  if (aggregate.value == nullptr) return false;
  if (accept(TokenKind::kw_default)) {
    require(TokenKind::equal);
    aggregate.default_value = or_missing(parse_named());
  }
  aggregate.span = span_from(start);
  return true;
}

const Operator* Parser::parse_make_series() {
  auto* node = begin<MakeSeriesOperator>();
  node->parameters = parameters(kMakeSeriesRules, true);
  node->aggregates = comma_list<MakeSeriesOperator::Aggregate>(
      [&](auto& aggregate) { return parse_series_aggregate(aggregate); },
      [&] { return MakeSeriesOperator::Aggregate{.value = missing_expression()}; }, &Parser::make_series_list_end,
      true);
  require(TokenKind::kw_on);
  node->on = or_missing(parse_named());
  if (kind() == TokenKind::kw_from || kind() == TokenKind::kw_to || kind() == TokenKind::kw_step) {
    node->from = parse_optional(TokenKind::kw_from, &Parser::parse_unnamed);
    node->to = parse_optional(TokenKind::kw_to, &Parser::parse_unnamed);
    require(TokenKind::kw_step);
    node->step = or_missing(parse_unnamed());
  } else {
    node->in_range = true;
    require(TokenKind::kw_in);
    require(TokenKind::kw_range);
    require(TokenKind::open_paren);
    const auto arguments = named_list(false);
    node->range_arguments = arguments;
    if (arguments.size() > 0) node->from = arguments[0];
    if (arguments.size() > 1) node->to = arguments[1];
    if (arguments.size() > 2) node->step = arguments[2];
    require(TokenKind::close_paren);
  }
  if (accept(TokenKind::kw_by)) {
    node->has_by = true;
    node->by = named_list(true, nullptr);
  }
  return close(node);
}

const Operator* Parser::parse_reduce() {
  auto* node = begin<ReduceOperator>();
  node->parameters = parameters(kReduceRules);
  require(TokenKind::kw_by);
  node->by = or_missing(parse_named());
  if (accept(TokenKind::kw_with)) {
    node->has_with = true;
    node->with = parameters_in_commas(kReduceRules);
  }
  return close(node);
}

const Operator* Parser::parse_top_hitters() {
  auto* node = begin<TopHittersOperator>();
  node->count = or_missing(parse_named());
  require(TokenKind::kw_of);
  node->of = or_missing(parse_named());
  node->by = parse_optional(TokenKind::kw_by, &Parser::parse_named);
  return close(node);
}

bool Parser::parse_top_nested_level(TopNestedOperator::Level& level) {
  const auto start = here();
  if (!accept(TokenKind::kw_top_nested)) return false;
  level.count = parse_named();
  require(TokenKind::kw_of);
  level.of = or_missing(parse_named());
  if (accept(TokenKind::kw_with)) {
    require(TokenKind::kw_others);
    require(TokenKind::equal);
    const auto* others = parse_literal();
    level.others = others ? others : or_missing(parse_unnamed());
  }
  require(TokenKind::kw_by);
  level.by = or_missing(parse_ordered());
  level.span = span_from(start);
  return true;
}

const Operator* Parser::parse_top_nested() {
  auto* node = make_operator<TopNestedOperator>(peek().span);
  node->levels = comma_list<TopNestedOperator::Level>([&](auto& level) { return parse_top_nested_level(level); },
                                                      [&] {
                                                        report_missing("clause");
                                                        return TopNestedOperator::Level{.span = {previous_end(), 0},
                                                                                        .of = missing_silently(),
                                                                                        .by = missing_silently()};
                                                      },
                                                      &Parser::common_list_end, true);
  return close(node);
}

// --- render

bool Parser::is_chart(std::size_t offset) const {
  for (const auto chart : kCharts) {
    if (scan_text(chart, offset) > 0) return true;
  }
  return false;
}

bool Parser::render_name_list_end() {
  for (const std::string_view word : {"kind", "title", "accumulate", "with", "by"}) {
    if (scan_text(word) > 0) return true;
  }
  return false;
}

const Operator* Parser::parse_render() {
  auto* node = begin<RenderOperator>();
  Span chart{previous_end(), 0};
  bool found = false;
  for (const auto name : kCharts) found = found || accept_text(name, chart);
  if (!found && !accept(TokenKind::identifier, chart)) {
    std::string message = "Expected one of: ";
    for (const auto name : kCharts) (message += name == kCharts[0] ? "" : ", ") += name;
    report_missing_at_next("KS005", std::move(message));
  }
  node->chart = {.text = text_.substr(chart.start, chart.length), .span = chart, .missing = chart.length == 0};
  std::vector<Parameter> list;
  for (;;) {
    Parameter parameter;
    const bool read = parse_one_parameter(kRenderKind, parameter) || parse_one_parameter(kRenderTitle, parameter) ||
                      parse_one_parameter(kRenderAccumulate, parameter) ||
                      (kind() == TokenKind::kw_with && kind(1) != TokenKind::open_paren &&
                       parse_one_parameter(kRenderWith, parameter)) ||
                      parse_one_parameter(kRenderBy, parameter, &Parser::render_name_list_end);
    if (!read) break;
    list.push_back(parameter);
  }
  node->parameters = keep(list);
  if (accept(TokenKind::kw_with)) {
    node->has_with = true;
    require(TokenKind::open_paren);
    accept(TokenKind::comma);
    node->properties = parameters_in_commas(kRenderRules, NamesAllowed::declared_only);
    require(TokenKind::close_paren);
  }
  return close(node);
}

}  // namespace yagura::kql
