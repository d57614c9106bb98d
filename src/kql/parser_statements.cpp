// Statements: let, set, declare, restrict, alias, and queries.
#include "kql/parser_state.hpp"

namespace yagura::kql {

List<Statement> Parser::parse_query() {
  while (accept(Kind::directive)) {
  }
  std::vector<const Statement*> all;
  // A fragment that begins with a pipe: operators on rows that come from elsewhere.
  if (options_.allow_fragment && kind() == Kind::bar) {
    const auto start = here();
    advance();
    auto* statement = make<ExpressionStatement>(start);
    statement->value = parse_sub_pipe();
    if (statement->value == nullptr) statement->value = missing_silently();
    all.push_back(close(statement));
    accept(Kind::semicolon);
  }
  const auto rest = statement_list();
  all.insert(all.end(), rest.begin(), rest.end());
  if (!at_end()) report("KS198", "The incomplete fragment is unexpected.", peek().span);
  return keep(all);
}

List<Statement> Parser::statement_list() {
  std::vector<const Statement*> statements;
  const auto* statement = parse_statement();
  while (statement != nullptr) {
    statements.push_back(statement);
    if (accept(Kind::semicolon)) {
      statement = parse_statement();
      continue;
    }
    const auto place = missing_token_place();
    const auto count = diagnostics_.size();
    statement = parse_statement();
    if (statement != nullptr) {
      report("KS005", "Expected: ;", place);
      if (diagnostics_.size() > count + 1) {
        std::rotate(diagnostics_.begin() + static_cast<std::ptrdiff_t>(count), diagnostics_.end() - 1,
                    diagnostics_.end());
      }
    }
  }
  return keep(statements);
}

const Statement* Parser::parse_statement() {
  switch (kind()) {
    case Kind::kw_alias:
      if (kind(1) == Kind::kw_database) return parse_alias();
      break;
    case Kind::kw_let:
      if (scan_name(1) > 0) return parse_let();
      break;
    case Kind::kw_declare:
      if (kind(1) == Kind::kw_pattern) return parse_pattern();
      if (kind(1) == Kind::kw_query_parameters) return parse_query_parameters();
      break;
    case Kind::kw_restrict:
      if (kind(1) == Kind::kw_access) return parse_restrict();
      break;
    case Kind::kw_set: return parse_set();
    default: break;
  }
  const auto start = here();
  const auto* expression = parse_expression();
  if (expression == nullptr) return nullptr;
  auto* node = make<ExpressionStatement>(start);
  node->value = expression;
  return node;
}

const Statement* Parser::parse_let() {
  const auto start = here();
  if (!accept(Kind::kw_let)) return nullptr;
  auto* node = make<LetStatement>(start);
  node->name = required_name();
  require(Kind::equal);
  if (kind() == Kind::kw_materialize) {
    node->value = parse_materialize();
  } else if (kind() == Kind::kw_entity_group) {
    node->value = parse_entity_group();
  } else if (scan_lambda_start()) {
    node->value = parse_lambda();
  } else {
    node->value = or_missing(parse_expression());
  }
  return close(node);
}

const Statement* Parser::parse_set() {
  const auto start = here();
  advance();
  auto* node = make<SetStatement>(start);
  node->name = required_name();
  node->value = parse_optional(Kind::equal, &Parser::parse_unnamed);
  return close(node);
}

const Statement* Parser::parse_alias() {
  const auto start = here();
  advance();
  auto* node = make<AliasStatement>(start);
  require(Kind::kw_database);
  node->name = required_name();
  require(Kind::equal);
  node->value = or_missing(parse_unnamed());
  return close(node);
}

const Statement* Parser::parse_query_parameters() {
  const auto start = here();
  if (!accept(Kind::kw_declare)) return nullptr;
  auto* node = make<QueryParametersStatement>(start);
  require(Kind::kw_query_parameters);
  require(Kind::open_paren);
  node->parameters = function_parameters(true);
  require(Kind::close_paren);
  return close(node);
}

const Expression* Parser::parse_restrict_table() {
  return best_of({&Parser::parse_wildcard_entity, &Parser::parse_name_reference});
}

const Statement* Parser::parse_restrict() {
  const auto start = here();
  advance();
  auto* node = make<RestrictStatement>(start);
  require(Kind::kw_access);
  require(Kind::kw_to);
  require(Kind::open_paren);
  node->tables =
      expressions(&Parser::parse_restrict_table, &Parser::missing_expression, &Parser::common_list_end, true);
  require(Kind::close_paren);
  node->has_with = parse_with_properties(node->properties);
  return close(node);
}

bool Parser::parse_pattern_match(PatternStatement::Match& match) {
  const auto start = here();
  if (!accept(Kind::open_paren)) return false;
  match.arguments = expressions(&Parser::parse_unnamed, &Parser::missing_string, &Parser::common_list_end, true);
  require(Kind::close_paren);
  if (accept(Kind::dot)) {
    require(Kind::open_bracket);
    const auto* path = parse_literal();
    match.path = path ? path : missing_string();
    require(Kind::close_bracket);
  }
  require(Kind::equal);
  auto* body = make<LambdaExpression>(here());
  function_body(*body, true);
  match.body = close(body);
  require(Kind::semicolon);
  match.span = span_from(start);
  return true;
}

const Statement* Parser::parse_pattern() {
  const auto start = here();
  at_ += 2;
  auto* node = make<PatternStatement>(start);
  node->name = required_name();
  if (accept(Kind::equal)) {
    node->declared_only = false;
    const auto parameter = [&](FunctionParameter& out) { return parse_name_and_type(out); };
    const auto missing = [&] {
      report_missing("parameter");
      return FunctionParameter{.name = {.missing = true}, .span = {previous_end(), 0}};
    };
    require(Kind::open_paren);
    node->parameters = comma_list<FunctionParameter>(parameter, missing, &Parser::common_list_end);
    require(Kind::close_paren);
    if (accept(Kind::open_bracket)) {
      FunctionParameter path;
      node->path_parameter = parse_name_and_type(path) ? path : missing();
      require(Kind::close_bracket);
    }
    require(Kind::open_brace);
    std::vector<PatternStatement::Match> matches;
    while (!common_list_end()) {
      PatternStatement::Match match;
      if (!parse_pattern_match(match)) break;
      matches.push_back(match);
    }
    if (matches.empty()) report_missing("pattern match clause");
    node->matches = keep(matches);
    require(Kind::close_brace);
  }
  return close(node);
}

}  // namespace yagura::kql
