// Tables written in place: datatable, externaldata and the internal ones.
#include "kql/parser_state.hpp"

namespace yagura::kql {

const Expression* Parser::parse_data_table() {
  Span keyword;
  if (!accept(Kind::kw_datatable, keyword)) return nullptr;
  auto* node = make<DataTableExpression>(keyword.start);
  node->keyword = keyword;
  node->parameters = parameters({});
  required_row_schema(node->schema);
  const auto start = here();
  require(Kind::open_bracket);
  accept(Kind::comma);
  node->values = expressions(&Parser::parse_literal, &Parser::missing_value, &Parser::common_list_end, false, true);
  require(Kind::close_bracket);
  node->values_span = span_from(start);
  return close(node);
}

const Expression* Parser::parse_contextual_data_table() {
  const auto start = here();
  if (!accept(Kind::kw___contextual_datatable)) return nullptr;
  auto* node = make<ContextualDataTableExpression>(start);
  const auto* id = parse_literal();
  node->id = id ? id : or_missing(parse_unnamed());
  required_row_schema(node->schema);
  return close(node);
}

const Expression* Parser::parse_external_data() {
  const auto keyword = peek().span;
  if (!accept(Kind::kw_externaldata) && !accept(Kind::kw_external_data)) return nullptr;
  auto* node = make<ExternalDataExpression>(keyword.start);
  node->keyword = keyword;
  node->parameters = parameters({});
  required_row_schema(node->schema);
  require(Kind::open_bracket);
  node->addresses =
      expressions(&Parser::parse_expression, &Parser::missing_value, &Parser::common_list_end, false, true);
  require(Kind::close_bracket);
  node->has_with = parse_with_properties(node->properties);
  return close(node);
}

const Expression* Parser::parse_property_value() {
  switch (kind()) {
    case Kind::string_literal:
    case Kind::long_literal:
    case Kind::real_literal:
    case Kind::boolean_literal:
    case Kind::datetime_literal: return parse_literal();
    case Kind::raw_guid_literal:
    case Kind::guid_literal: {
      const auto span = peek().span;
      advance();
      return make_literal(Kind::guid_literal, span);
    }
    default: return parse_extended_name_reference();
  }
}

bool Parser::parse_property(Parameter& property) {
  const auto start = here();
  const auto name = parse_extended_name();
  if (!name) return false;
  property = {.name = *name};
  require(Kind::equal);
  const auto* value = parse_property_value();
  property.value = value ? value : missing_value();
  property.span = span_from(start);
  return true;
}

// with (format="csv", ...)
bool Parser::parse_with_properties(Parameters& properties) {
  if (!accept(Kind::kw_with)) return false;
  require(Kind::open_paren);
  properties = comma_list<Parameter>(
      [&](Parameter& property) { return parse_property(property); },
      [&] {
        report_missing("parameter");
        return Parameter{.name = {.missing = true}, .span = {previous_end(), 0}, .value = missing_silently()};
      },
      &Parser::common_list_end);
  require(Kind::close_paren);
  return true;
}

const Literal* Parser::parse_data_scope() {
  static constexpr std::string_view kScopes[] = {"all", "hotcache"};
  if (!accept(Kind::kw_datascope)) return nullptr;
  require(Kind::equal);
  if (const auto* scope = parse_token_literal(kScopes)) return scope;
  expected({"all", "hotcache"});
  return token_literal({previous_end(), 0});
}

// --- internal tables

// Whether a colon comes before the next closing parenthesis: then it is a schema.
bool Parser::scan_external_schema(std::size_t offset) const {
  if (kind(offset) != Kind::open_paren) return false;
  for (++offset;; ++offset) {
    if (kind(offset) == Kind::none || kind(offset) == Kind::colon) return true;
    if (kind(offset) == Kind::close_paren) return false;
  }
}

const Expression* Parser::parse_inline_external_table() {
  if (kind() != Kind::kw_inline_external_table || (!scan_external_schema(1) && kind(1) != Kind::kw_kind))
    return nullptr;
  using Table = InlineExternalTableExpression;
  static constexpr std::string_view kKinds[] = {"storage", "delta"};
  auto* node = make<Table>(here());
  node->keyword = peek().span;
  advance();
  node->parameters = parameters({}, false, NamesAllowed::declared_only);
  const bool has_schema = scan_external_schema(0) && parse_row_schema(node->schema, true);
  const Span schema_place{previous_end(), 0};
  if (accept(Kind::kw_kind)) {
    require(Kind::equal);
    node->table_kind = parse_token_literal(kKinds);
    if (node->table_kind == nullptr) {
      expected({"storage", "delta"});
      node->table_kind = missing_silently();
    }
  } else {
    report("KS254", "External Table Kind definition is expected.", {previous_end(), 0});
    node->table_kind = missing_silently();
  }
  const auto* kind_word = as<Literal>(node->table_kind);
  const bool delta = kind_word != nullptr && kind_word->text == "delta";
  if (!has_schema && !delta) report("KS006", "Missing schema declaration", schema_place);
  if (accept(Kind::kw_partition)) {
    node->has_partition = true;
    require(Kind::kw_by);
    require(Kind::open_paren);
    accept(Kind::comma);
    const auto column = [&](Table::PartitionColumn& out) {
      if (common_list_end()) return false;
      const auto start = here();
      out.name = or_missing(parse_extended_name());
      require(Kind::colon);
      const bool known = kind() == Kind::kw_datetime || kind() == Kind::kw_long || kind() == Kind::kw_string;
      if (!known) report("KS258", "External Table Partition Column type is not supported.", peek().span);
      if (!at_end()) out.type = type_name();
      if (accept(Kind::equal)) out.value = parse_unnamed();
      out.span = span_from(start);
      return true;
    };
    node->partition_columns = comma_list<Table::PartitionColumn>(
        column,
        [&] {
          report("KS252", "Partition column definition is expected.", {previous_end(), 0});
          return Table::PartitionColumn{.name = {.missing = true}};
        },
        &Parser::common_list_end, false, true);
    require(Kind::close_paren);
  }
  if (accept(Kind::kw_pathformat)) {
    node->has_path_format = true;
    require(Kind::equal);
    require(Kind::open_paren);
    node->path_prefix = parse_single_string();
    std::vector<Table::PathToken> tokens;
    while (!common_list_end()) {
      Table::PathToken token;
      const auto start = here();
      if (kind() == Kind::kw_datetime_pattern) {
        auto* call = make<CallExpression>(start);
        call->name = token_name();
        require(Kind::open_paren);
        std::vector<const Expression*> arguments;
        if (const auto* pattern = parse_single_string()) arguments.push_back(pattern);
        require(Kind::comma);
        if (const auto* name = parse_name_reference()) arguments.push_back(name);
        require(Kind::close_paren);
        call->arguments = keep(arguments);
        token.column = close(call);
      } else {
        token.column = parse_name_reference();
      }
      if (token.column == nullptr) {
        report("KS255", "External Table Path Format is empty.", peek().span);
        advance();
        token.column = missing_silently();
      }
      token.separator = parse_single_string();
      tokens.push_back(token);
    }
    if (tokens.empty()) {
      report("KS255", "External Table Path Format is empty.", {previous_end(), 0});
    }
    node->path_tokens = keep(tokens);
    require(Kind::close_paren);
  }
  if (accept(Kind::kw_dataformat)) {
    require(Kind::equal);
    const auto word = require(Kind::identifier);
    node->data_format = token_literal(word);
  } else if (!delta) {
    report("KS253", "DataFormat definition is expected.", {previous_end(), 0});
  }
  if (node->data_format == nullptr) node->data_format = missing_silently();
  if (accept(Kind::open_paren)) {
    node->connection_strings =
        expressions(&Parser::parse_expression, &Parser::missing_value, &Parser::common_list_end, false, true);
    require(Kind::close_paren);
  } else {
    report("KS256", "Connection strings definition is expected.", {previous_end(), 0});
  }
  node->has_with = parse_with_properties(node->properties);
  return close(node);
}

const Expression* Parser::view_combine_clause(std::string_view word, ExpressionParser content) {
  Span span;
  if (!accept_text(word, span)) return missing_node(std::string(word) + " clause");
  require(Kind::open_paren);
  const auto* value = or_missing((this->*content)());
  require(Kind::close_paren);
  return value;
}

const Expression* Parser::parse_materialized_view_combine() {
  const auto start = here();
  if (!accept(Kind::kw_materialized_view_combine)) return nullptr;
  auto* node = make<MaterializedViewCombineExpression>(start);
  require(Kind::open_paren);
  node->view_name = or_missing(parse_expression());
  require(Kind::close_paren);
  node->base = view_combine_clause("base", &Parser::parse_expression);
  node->delta = view_combine_clause("delta", &Parser::parse_expression);
  node->aggregations = view_combine_clause("aggregations", &Parser::parse_summarize_expression);
  return close(node);
}

}  // namespace yagura::kql
