// Operators that take rows one by one or choose among them: where, extend, project and kin, take, sort, parse,
// mv-expand.
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

constexpr std::string_view kAllStrategies[] = {"auto", "broadcast", "centralized", "shuffle"};
constexpr std::string_view kSortStrategies[] = {"splitBlock", "multipleBlocks"};
constexpr std::string_view kParseKinds[] = {"simple", "regex", "relaxed"};
constexpr std::string_view kBagOrArray[] = {"bag", "array"};
constexpr std::string_view kScanKinds[] = {"partial", "full"};
constexpr std::string_view kSchemaKinds[] = {"csl"};

constexpr ParameterRule kAsRules[] = {{"hint.materialized", ParameterKind::bool_literal}};
constexpr ParameterRule kConsumeRules[] = {{"decodeblocks", ParameterKind::bool_literal}};
constexpr ParameterRule kDistinctRules[] = {{"hint.shufflekey", ParameterKind::column},
                                            {"hint.strategy", ParameterKind::word, kAllStrategies},
                                            {"hint.num_partitions", ParameterKind::number}};
constexpr ParameterRule kSortRules[] = {{"hint.strategy", ParameterKind::word, kSortStrategies}};
constexpr ParameterRule kTopRules[] = {{"hint.progressive_top", ParameterKind::bool_literal}};
constexpr ParameterRule kParseRules[] = {{"kind", ParameterKind::word, kParseKinds}, {"flags", ParameterKind::word}};
constexpr ParameterRule kParseKvRules[] = {
    {"pair_delimiter", ParameterKind::string_literal}, {"kv_delimiter", ParameterKind::string_literal},
    {"regex", ParameterKind::string_literal},          {"quote", ParameterKind::string_literal},
    {"escape", ParameterKind::string_literal},         {"greedy", ParameterKind::bool_literal}};
constexpr ParameterRule kMvExpandRules[] = {{"kind", ParameterKind::word, kBagOrArray},
                                            {"bagexpansion", ParameterKind::word, kBagOrArray},
                                            {"with_itemindex", ParameterKind::name}};
constexpr ParameterRule kMvApplyRules[] = {{"with_itemindex", ParameterKind::name}};
constexpr ParameterRule kScanRules[] = {{"kind", ParameterKind::word, kScanKinds},
                                        {"with_match_id", ParameterKind::name}};
constexpr ParameterRule kSchemaKind{.name = "kind", .kind = ParameterKind::word, .words = kSchemaKinds};

}  // namespace

const Operator* Parser::parse_as() {
  auto* node = begin<AsOperator>();
  node->parameters = parameters(kAsRules, true);
  node->name = required_name();
  return close(node);
}

const Operator* Parser::parse_assert_schema() {
  auto* node = begin<AssertSchemaOperator>();
  required_row_schema(node->schema);
  return close(node);
}

const Operator* Parser::parse_consume() {
  auto* node = begin<ConsumeOperator>();
  node->parameters = parameters(kConsumeRules);
  return close(node);
}

const Operator* Parser::parse_count() {
  if (kind(1) == Kind::open_paren) return nullptr;  // the function
  auto* node = begin<CountOperator>();
  if (accept(Kind::kw_as)) {
    const auto span = require(Kind::identifier);
    node->as_name = Name{.text = text_.substr(span.start, span.length), .span = span, .missing = span.length == 0};
    if (node->as_name->missing) node->as_name->text = {};
  }
  return close(node);
}

const Expression* Parser::parse_distinct_column() {
  if (const auto* star = parse_star()) return star;
  return parse_named();
}

const Operator* Parser::parse_distinct() {
  auto* node = begin<DistinctOperator>();
  node->parameters = parameters(kDistinctRules, true);
  node->columns =
      expressions(&Parser::parse_distinct_column, &Parser::missing_expression, &Parser::common_list_end, true);
  return close(node);
}

const Operator* Parser::parse_execute_and_cache() { return close(begin<ExecuteAndCacheOperator>()); }

const Operator* Parser::parse_extend() {
  auto* node = begin<ExtendOperator>();
  node->columns = named_list(true);
  return close(node);
}

const Operator* Parser::parse_filter() {
  auto* node = begin<FilterOperator>();
  node->parameters = parameters({}, true);
  node->condition = or_missing(parse_named());
  return close(node);
}

const Operator* Parser::parse_get_schema() {
  auto* node = begin<GetSchemaOperator>();
  node->parameters = optional_parameter(kSchemaKind);
  return close(node);
}

const Operator* Parser::parse_print() {
  auto* node = begin<PrintOperator>();
  node->columns = named_list(true);
  return close(node);
}

const Operator* Parser::parse_project() {
  auto* node = begin<ProjectOperator>();
  node->columns = named_list(false);
  return close(node);
}

const Operator* Parser::parse_project_rename() {
  auto* node = begin<ProjectRenameOperator>();
  node->columns = named_list(false);
  return close(node);
}

const Operator* Parser::parse_project_names(ProjectNamesOperator::Mode mode) {
  using Mode = ProjectNamesOperator::Mode;
  auto* node = begin<ProjectNamesOperator>();
  node->mode = mode;
  ExpressionParser column = &Parser::parse_simple_or_wildcard_reference;
  if (mode == Mode::reorder) column = &Parser::parse_reorder_column;
  if (mode == Mode::by_names) column = &Parser::parse_unnamed;
  node->columns = expressions(column, &Parser::missing_expression, &Parser::common_list_end);
  return close(node);
}

const Expression* Parser::parse_reorder_column() {
  const auto* name = parse_simple_or_wildcard_reference();
  return name ? ordering(name, false) : nullptr;
}

const Operator* Parser::parse_range() {
  if (kind(1) == Kind::open_paren) return nullptr;  // the function
  auto* node = begin<RangeOperator>();
  node->name = required_name();
  require(Kind::kw_from);
  node->from = or_missing(parse_unnamed());
  require(Kind::kw_to);
  node->to = or_missing(parse_unnamed());
  require(Kind::kw_step);
  node->step = or_missing(parse_unnamed());
  return close(node);
}

const Operator* Parser::parse_sample() {
  auto* node = begin<SampleOperator>();
  node->parameters = parameters({}, true);
  node->count = or_missing(parse_named());
  return close(node);
}

const Operator* Parser::parse_sample_distinct() {
  auto* node = begin<SampleDistinctOperator>();
  node->parameters = parameters({}, true);
  node->count = or_missing(parse_named());
  require(Kind::kw_of);
  node->of = or_missing(parse_named());
  return close(node);
}

const Operator* Parser::parse_serialize() {
  auto* node = begin<SerializeOperator>();
  node->parameters = parameters({}, true);
  node->columns = named_list(false);
  return close(node);
}

const Operator* Parser::parse_take() {
  auto* node = begin<TakeOperator>();
  node->parameters = parameters({}, true);
  node->count = or_missing(parse_named());
  return close(node);
}

// --- order

// asc, desc (or their granny- forms, which sort the same names in a friendlier way), then nulls first or last.
const Expression* Parser::ordering(const Expression* value, bool with_nulls) {
  using Ordered = OrderedExpression;
  auto direction = Ordered::Direction::unstated;
  bool granny = false;
  switch (kind()) {
    case Kind::kw_asc: direction = Ordered::Direction::ascending; break;
    case Kind::kw_desc: direction = Ordered::Direction::descending; break;
    case Kind::kw_granny_asc:
      direction = Ordered::Direction::ascending;
      granny = true;
      break;
    case Kind::kw_granny_desc:
      direction = Ordered::Direction::descending;
      granny = true;
      break;
    case Kind::kw_nulls:
      if (with_nulls) break;
      return value;
    default: return value;
  }
  if (direction != Ordered::Direction::unstated) advance();
  auto* node = make<Ordered>(value->span.start);
  node->value = value;
  node->direction = direction;
  node->granny = granny;
  if (with_nulls && accept(Kind::kw_nulls)) {
    if (accept(Kind::kw_first)) {
      node->nulls = Ordered::Nulls::first;
    } else if (accept(Kind::kw_last)) {
      node->nulls = Ordered::Nulls::last;
    } else {
      report_missing_at_next("KS006", "Missing first or last");
    }
  }
  return close(node);
}

const Expression* Parser::parse_ordered() {
  const auto* value = parse_named();
  return value ? ordering(value, true) : nullptr;
}

const Operator* Parser::parse_sort() {
  auto* node = begin<SortOperator>();
  node->parameters = parameters(kSortRules);
  require(Kind::kw_by);
  node->columns = expressions(&Parser::parse_ordered, &Parser::missing_expression, &Parser::common_list_end, true);
  return close(node);
}

const Operator* Parser::parse_top() {
  auto* node = begin<TopOperator>();
  node->parameters = parameters(kTopRules, true);
  node->count = or_missing(parse_named());
  require(Kind::kw_by);
  node->by = or_missing(parse_ordered());
  return close(node);
}

// --- parse

const Operator* Parser::parse_parse(bool where) {
  auto* node = begin<ParseOperator>();
  node->where = where;
  node->parameters = parameters(kParseRules, true);
  node->value = or_missing(parse_unnamed());
  require(Kind::kw_with);
  std::vector<const Expression*> pattern;
  for (;;) {
    const Expression* part = parse_star();
    if (part == nullptr) part = parse_string();
    if (part == nullptr) part = parse_pattern_column();
    if (part == nullptr) break;
    pattern.push_back(part);
  }
  node->pattern = keep(pattern);
  return close(node);
}

// name, name:type or, in error, :type
const Expression* Parser::parse_pattern_column() {
  if (kind() == Kind::colon) return parse_typed_column();
  const auto start = here();
  const auto name = parse_extended_name();
  if (!name) return nullptr;
  if (!accept(Kind::colon)) return reference(*name);
  auto* column = make<TypedColumn>(start);
  column->name = *name;
  column->type = required_type();
  return close(column);
}

const Operator* Parser::parse_parse_kv() {
  auto* node = begin<ParseKvOperator>();
  node->value = or_missing(parse_unnamed());
  require(Kind::kw_as);
  required_row_schema(node->keys);
  if (accept(Kind::kw_with)) {
    node->has_with = true;
    require(Kind::open_paren);
    node->properties = parameters_in_commas(kParseKvRules, NamesAllowed::declared_only);
    require(Kind::close_paren);
  }
  return close(node);
}

// --- mv-expand and mv-apply

const Expression* Parser::parse_optional(Kind keyword, ExpressionParser value) {
  return accept(keyword) ? or_missing((this->*value)()) : nullptr;
}

std::optional<TypeName> Parser::parse_to_type_of() {
  if (!accept(Kind::kw_to)) return std::nullopt;
  const auto* type_of = as<TypeOfLiteral>(parse_type_of());
  if (type_of == nullptr) {
    report_missing("typeof");
    return TypeName{.span = {previous_end(), 0}};
  }
  const auto* first = type_of->types.empty() ? nullptr : as<TypedColumn>(type_of->types.front());
  TypeName type{.span = type_of->span};
  if (first != nullptr) {
    type.text = first->type.text;
    type.type = first->type.type;
    type.span = first->type.span;
  }
  return type;
}

bool Parser::parse_mv_item(MvApplyOperator::Item& item) {
  const auto start = here();
  item.value = kind() == Kind::kw_to ? missing_expression() : parse_named();
  if (item.value == nullptr) return false;
  item.to_type = parse_to_type_of();
  item.span = span_from(start);
  return true;
}

bool Parser::mv_expand_list_end() { return custom_list_end({Kind::kw_limit}); }

const Operator* Parser::parse_mv_expand() {
  auto* node = begin<MvExpandOperator>();
  node->parameters = parameters(kMvExpandRules, true);
  node->items = comma_list<MvApplyOperator::Item>([&](auto& item) { return parse_mv_item(item); },
                                                  [&] { return MvApplyOperator::Item{.value = missing_expression()}; },
                                                  &Parser::mv_expand_list_end, true);
  node->limit = parse_optional(Kind::kw_limit, &Parser::parse_unnamed);
  return close(node);
}

// limit, id and on end the list, unless what follows shows that they are names.
bool Parser::mv_apply_list_end() {
  if (custom_list_end({Kind::kw_limit, Kind::kw_id, Kind::kw_on}) && kind(1) != Kind::comma && kind(1) != Kind::kw_to &&
      kind(1) != Kind::equal) {
    return true;
  }
  return common_list_end(0);
}

const Operator* Parser::parse_mv_apply() {
  auto* node = begin<MvApplyOperator>();
  node->parameters = parameters(kMvApplyRules, true);
  const auto before = mark();
  bool only_type = false;
  if (kind() == Kind::kw_to) {  // "to typeof(long)" alone: the expression may be left out
    const auto start = here();
    const auto type = parse_to_type_of();
    only_type = kind() != Kind::comma;
    if (only_type) {
      node->items = keep(
          std::vector<MvApplyOperator::Item>{{.value = missing_silently(), .to_type = type, .span = span_from(start)}});
    } else {
      at_ = before.at;
      diagnostics_.resize(before.diagnostics);
    }
  }
  if (!only_type) {
    node->items = comma_list<MvApplyOperator::Item>(
        [&](auto& item) { return parse_mv_item(item); },
        [&] { return MvApplyOperator::Item{.value = missing_expression()}; }, &Parser::mv_apply_list_end, true);
  }
  node->limit = parse_optional(Kind::kw_limit, &Parser::parse_unnamed);
  node->context_id = parse_optional(Kind::kw_id, &Parser::parse_unnamed);
  require(Kind::kw_on);
  if (accept(Kind::open_paren)) {
    node->body = or_missing(parse_contextual_sub_pipe());
    require(Kind::close_paren);
  } else {
    require(Kind::open_paren);
    node->body = missing_expression();
    require(Kind::close_paren);
  }
  return close(node);
}

// --- scan

bool Parser::scan_list_end() {
  return custom_list_end({Kind::kw_partition, Kind::kw_order, Kind::kw_by, Kind::kw_declare, Kind::kw_with});
}

bool Parser::parse_scan_assignment(ScanOperator::Assignment& assignment) {
  const auto start = here();
  const auto name = parse_extended_name();
  if (!name) return false;
  assignment.name = *name;
  require(Kind::equal);
  assignment.value = or_missing(parse_unnamed());
  assignment.span = span_from(start);
  return true;
}

bool Parser::parse_scan_step(ScanOperator::Step& step) {
  static constexpr std::string_view kOutputs[] = {"all", "last", "none"};
  const auto start = here();
  if (!accept(Kind::kw_step)) return false;
  step.name = or_missing(parse_extended_name());
  step.optional = accept(Kind::kw_optional);
  if (accept(Kind::kw_output)) {
    require(Kind::equal);
    Span span{previous_end(), 0};
    bool found = false;
    for (const auto word : kOutputs) found = found || accept_text(word, span);
    if (!found) expected({"all", "last", "none"});
    step.output = Name{.text = text_.substr(span.start, span.length), .span = span, .missing = !found};
  }
  require(Kind::colon);
  step.condition = or_missing(parse_unnamed());
  if (accept(Kind::fat_arrow)) {
    step.assignments = comma_list<ScanOperator::Assignment>(
        [&](auto& item) { return parse_scan_assignment(item); },
        [&] {
          report_missing("name");
          return ScanOperator::Assignment{.name = {.missing = true}, .value = missing_silently()};
        },
        &Parser::common_list_end, true);
  }
  require(Kind::semicolon);
  step.span = span_from(start);
  return true;
}

const Operator* Parser::parse_scan() {
  auto* node = begin<ScanOperator>();
  node->parameters = parameters(kScanRules);
  if (accept(Kind::kw_order)) {
    node->has_order_by = true;
    require(Kind::kw_by);
    node->order_by = expressions(&Parser::parse_ordered, &Parser::missing_expression, &Parser::scan_list_end, true);
  }
  if (accept(Kind::kw_partition)) {
    node->has_partition_by = true;
    require(Kind::kw_by);
    node->partition_by = expressions(&Parser::parse_unnamed, &Parser::missing_expression, &Parser::scan_list_end, true);
  }
  if (accept(Kind::kw_declare)) {
    node->has_declare = true;
    require(Kind::open_paren);
    node->declarations = function_parameters(false);
    require(Kind::close_paren);
  }
  require(Kind::kw_with);
  require(Kind::open_paren);
  std::vector<ScanOperator::Step> steps;
  while (!common_list_end()) {
    ScanOperator::Step step;
    if (!parse_scan_step(step)) break;
    steps.push_back(step);
  }
  node->steps = keep(steps);
  require(Kind::close_paren);
  return close(node);
}

}  // namespace yagura::kql
