// Scalar expressions, by Kusto's precedence: or, and, equality and sets, relations, + -, * / %, string operators,
// signs, calls and paths.
#include "kql/parser_state.hpp"

namespace yagura::kql {
namespace {

std::optional<BinaryOperator> string_operator(TokenKind kind) {
  using Op = BinaryOperator;
  switch (kind) {
    case TokenKind::equal_tilde: return Op::equal_tilde;
    case TokenKind::bang_tilde: return Op::not_equal_tilde;
    case TokenKind::colon: return Op::search_colon;
    case TokenKind::kw_has: return Op::has;
    case TokenKind::kw_not_has: return Op::not_has;
    case TokenKind::kw_has_cs: return Op::has_cs;
    case TokenKind::kw_not_has_cs: return Op::not_has_cs;
    case TokenKind::kw_hasprefix: return Op::has_prefix;
    case TokenKind::kw_not_hasprefix: return Op::not_has_prefix;
    case TokenKind::kw_hasprefix_cs: return Op::has_prefix_cs;
    case TokenKind::kw_not_hasprefix_cs: return Op::not_has_prefix_cs;
    case TokenKind::kw_hassuffix: return Op::has_suffix;
    case TokenKind::kw_not_hassuffix: return Op::not_has_suffix;
    case TokenKind::kw_hassuffix_cs: return Op::has_suffix_cs;
    case TokenKind::kw_not_hassuffix_cs: return Op::not_has_suffix_cs;
    case TokenKind::kw_contains: return Op::contains;
    case TokenKind::kw_notcontains:
    case TokenKind::kw_not_contains: return Op::not_contains;
    case TokenKind::kw_containscs:
    case TokenKind::kw_contains_cs: return Op::contains_cs;
    case TokenKind::kw_notcontainscs:
    case TokenKind::kw_not_contains_cs: return Op::not_contains_cs;
    case TokenKind::kw_startswith: return Op::starts_with;
    case TokenKind::kw_not_startswith: return Op::not_starts_with;
    case TokenKind::kw_startswith_cs: return Op::starts_with_cs;
    case TokenKind::kw_not_startswith_cs: return Op::not_starts_with_cs;
    case TokenKind::kw_endswith: return Op::ends_with;
    case TokenKind::kw_not_endswith: return Op::not_ends_with;
    case TokenKind::kw_endswith_cs: return Op::ends_with_cs;
    case TokenKind::kw_not_endswith_cs: return Op::not_ends_with_cs;
    case TokenKind::kw_like: return Op::like;
    case TokenKind::kw_notlike: return Op::not_like;
    case TokenKind::kw_likecs: return Op::like_cs;
    case TokenKind::kw_notlikecs: return Op::not_like_cs;
    case TokenKind::kw_matches_regex: return Op::matches_regex;
    default: return std::nullopt;
  }
}

}  // namespace

const Expression* Parser::binary(BinaryOperator op, Span place, const Expression* left, const Expression* right) {
  auto* node = make<BinaryExpression>(left->span.start);
  node->op = op;
  node->operator_span = place;
  node->left = left;
  node->right = right;
  return close(node);
}

const Expression* Parser::parse_expression() { return parse_pipe(); }

const Expression* Parser::parse_unnamed() {
  const Depth depth(*this);
  return depth ? parse_unnamed_inside() : nullptr;
}

const Expression* Parser::parse_unnamed_inside() {
  // A lone name or number before what ends an expression needs no walk down the precedences.
  switch (kind(1)) {
    case Kind::comma:
    case Kind::close_paren:
    case Kind::close_brace:
    case Kind::close_bracket:
    case Kind::bar:
      switch (kind()) {
        case Kind::identifier:
        case Kind::boolean_literal:
        case Kind::long_literal:
        case Kind::real_literal:
        case Kind::decimal_literal:
        case Kind::datetime_literal:
        case Kind::timespan_literal:
        case Kind::guid_literal:
        case Kind::raw_guid_literal:
        case Kind::int_literal: return parse_primary();
        default: break;
      }
      break;
    default: break;
  }
  return parse_or();
}

const Expression* Parser::parse_or() { return parse_chain(false); }
const Expression* Parser::parse_and() { return parse_chain(true); }

const Expression* Parser::parse_chain(bool is_and) {
  const auto operand = [&] { return is_and ? parse_equality() : parse_and(); };
  const auto connective = is_and ? Kind::kw_and : Kind::kw_or;
  const auto* first = operand();
  if (first == nullptr || kind() != connective) return first;
  std::vector<const Expression*> operands{first};
  while (accept(connective)) operands.push_back(or_missing(operand()));
  auto* node = make<LogicalExpression>(first->span.start);
  node->is_and = is_and;
  node->operands = keep(operands);
  return close(node);
}

const Expression* Parser::in_list(InOperator op, const Expression* left) {
  const auto place = peek().span;
  advance();
  auto* node = make<InExpression>(left->span.start);
  node->op = op;
  node->operator_span = place;
  node->left = left;
  const auto start = here();
  require(Kind::open_paren);
  if (scan_is_query()) {
    node->list = keep(std::vector<const Expression*>{or_missing(parse_expression())});
  } else {
    node->list = expressions(&Parser::parse_unnamed, &Parser::missing_expression, &Parser::common_list_end, true);
  }
  require(Kind::close_paren);
  node->list_span = span_from(start);
  return close(node);
}

const Expression* Parser::between(bool negated, const Expression* left) {
  const auto place = peek().span;
  advance();
  auto* node = make<BetweenExpression>(left->span.start);
  node->negated = negated;
  node->operator_span = place;
  node->left = left;
  require(Kind::open_paren);
  node->low = or_missing(parse_unnamed());
  require(Kind::dot_dot);
  node->high = or_missing(parse_unnamed());
  require(Kind::close_paren);
  return close(node);
}

const Expression* Parser::parse_equality() {
  if (kind() == Kind::asterisk && kind(1) == Kind::equal_equal) {
    const auto* star = parse_star();
    const auto place = peek().span;
    advance();
    return binary(BinaryOperator::equal, place, star, or_missing(parse_relational()));
  }
  const auto* left = parse_relational();
  if (left == nullptr) return nullptr;
  const auto place = peek().span;
  switch (kind()) {
    case Kind::equal_equal:
      advance();
      return binary(BinaryOperator::equal, place, left, or_missing(parse_relational()));
    case Kind::bang_equal:
    case Kind::less_greater: {
      advance();
      const auto* right = parse_relational();
      if (right == nullptr) {
        report("KS005", "Expected: token", {previous_end(), 0});
        right = missing_silently();
      }
      return binary(BinaryOperator::not_equal, place, left, right);
    }
    case Kind::kw_in: return kind(1) == Kind::kw_range ? left : in_list(InOperator::in, left);
    case Kind::kw_in_tilde: return in_list(InOperator::in_tilde, left);
    case Kind::kw_not_in: return in_list(InOperator::not_in, left);
    case Kind::kw_not_in_tilde: return in_list(InOperator::not_in_tilde, left);
    case Kind::kw_has_any: return in_list(InOperator::has_any, left);
    case Kind::kw_has_all: return in_list(InOperator::has_all, left);
    case Kind::kw_between: return between(false, left);
    case Kind::kw_not_between: return between(true, left);
    default: return left;
  }
}

const Expression* Parser::parse_relational() {
  const auto* left = parse_additive();
  if (left == nullptr) return nullptr;
  auto op = BinaryOperator::less;
  switch (kind()) {
    case Kind::less: break;
    case Kind::less_equal: op = BinaryOperator::less_or_equal; break;
    case Kind::greater: op = BinaryOperator::greater; break;
    case Kind::greater_equal: op = BinaryOperator::greater_or_equal; break;
    default: return left;
  }
  const auto place = peek().span;
  advance();
  return binary(op, place, left, or_missing(parse_additive()));
}

const Expression* Parser::parse_additive() {
  const auto* left = parse_multiplicative();
  while (left != nullptr && (kind() == Kind::plus || kind() == Kind::minus)) {
    const auto op = kind() == Kind::plus ? BinaryOperator::add : BinaryOperator::subtract;
    const auto place = peek().span;
    advance();
    left = binary(op, place, left, or_missing(parse_multiplicative()));
  }
  return left;
}

const Expression* Parser::parse_multiplicative() {
  const auto* left = parse_string_operation();
  while (left != nullptr) {
    auto op = BinaryOperator::multiply;
    switch (kind()) {
      case Kind::asterisk: break;
      case Kind::slash: op = BinaryOperator::divide; break;
      case Kind::percent: op = BinaryOperator::modulo; break;
      default: return left;
    }
    const auto place = peek().span;
    advance();
    left = binary(op, place, left, or_missing(parse_string_operation()));
  }
  return left;
}

const Expression* Parser::parse_string_operation() {
  const Expression* left = nullptr;
  if (kind() == Kind::asterisk && string_operator(kind(1))) {
    left = parse_star();
  } else {
    left = parse_unary();
  }
  if (left == nullptr) return nullptr;
  const auto op = string_operator(kind());
  if (!op) return left;
  const auto place = peek().span;
  advance();
  return binary(*op, place, left, or_missing(parse_unary()));
}

const Expression* Parser::parse_unary() {
  if (kind() != Kind::minus && kind() != Kind::plus) return parse_call_or_path();
  const auto start = here();
  const auto op = kind() == Kind::plus ? UnaryOperator::plus : UnaryOperator::minus;
  advance();
  auto* node = make<UnaryExpression>(start);
  node->op = op;
  node->operand = or_missing(parse_call_or_path());
  return close(node);
}

const Expression* Parser::parse_star() {
  Span span;
  return accept(Kind::asterisk, span) ? make<StarExpression>(span.start) : nullptr;
}

// --- calls and paths

const Expression* Parser::path(const Expression* target, const Expression* selector, std::uint32_t start) {
  auto* node = make<PathExpression>(start);
  node->target = target;
  node->selector = selector;
  return close(node);
}

const Expression* Parser::element(const Expression* target, const Expression* selector, std::uint32_t start) {
  auto* node = make<ElementExpression>(start);
  node->target = target;
  node->selector = selector;
  return close(node);
}

const Expression* Parser::parse_call_or_path() {
  if (kind() == Kind::kw_totable) return parse_to_table();
  const auto start = here();
  const auto* expression = parse_primary();
  while (expression != nullptr) {
    if (accept(Kind::dot)) {
      expression = path(expression, or_missing_reference(parse_path_element_or_call()), start);
    } else if (kind() == Kind::open_bracket) {
      expression = element(expression, parse_bracketed_expression(), start);
    } else {
      break;
    }
  }
  return expression;
}

const Expression* Parser::parse_primary() {
  switch (kind()) {
    case Kind::long_literal:
    case Kind::real_literal:
    case Kind::boolean_literal:
    case Kind::int_literal:
    case Kind::decimal_literal:
    case Kind::timespan_literal:
    case Kind::datetime_literal:
    case Kind::guid_literal:
    case Kind::raw_guid_literal:
    case Kind::string_literal:
    case Kind::kw_dynamic: return parse_literal();
    case Kind::kw_datatable: return parse_data_table();
    case Kind::kw___contextual_datatable: return parse_contextual_data_table();
    case Kind::kw_externaldata:
    case Kind::kw_external_data: return parse_external_data();
    case Kind::kw_materialized_view_combine: return parse_materialized_view_combine();
    case Kind::open_paren: return parse_parenthesized();
    case Kind::kw_toscalar: return parse_to_scalar();
    case Kind::kw_typeof:
      if (kind(1) == Kind::open_paren) return parse_type_of();
      break;
    default: break;
  }
  if (scan_call_start()) return parse_call();
  if (const auto* selected = parse_primary_path()) return selected;
  return parse_invalid_keyword_as_name();
}

const Expression* Parser::parse_primary_path() {
  const auto start = here();
  const auto* selected = parse_path_element();
  if (selected == nullptr) return nullptr;
  const auto* scope = parse_data_scope();
  if (scope == nullptr) return selected;
  auto* node = make<DataScopeExpression>(start);
  node->table = selected;
  node->value = scope;
  return close(node);
}

const Expression* Parser::parse_path_element() {
  return kind() == Kind::open_bracket ? parse_bracketed_path_element() : parse_bare_path_element();
}

const Expression* Parser::parse_path_element_or_call() {
  return scan_call_start() ? parse_call() : parse_path_element();
}

const Expression* Parser::parse_bare_path_element() {
  const auto start = here();
  if (accept(Kind::at)) return make<AtExpression>(start);
  if (is_keyword(kind()) && (flags_of(kind()) & TokenFlags::kSpecialName) != 0) return reference(token_name());
  return parse_name_reference();
}

const Expression* Parser::parse_bracketed_entity() {
  if (const auto* wildcard = parse_bracketed_wildcard_reference()) return wildcard;
  const auto name = parse_bracketed_name();
  return name ? reference(*name) : nullptr;
}

const Expression* Parser::parse_bracketed_path_element() {
  if (const auto* entity = parse_bracketed_entity()) return entity;
  return parse_bracketed_expression();
}

const Expression* Parser::parse_bracketed_expression() {
  const auto start = here();
  if (!accept(Kind::open_bracket)) return nullptr;
  auto* node = make<BracketedExpression>(start);
  node->inner = or_missing_reference(parse_unnamed());
  require(Kind::close_bracket);
  return close(node);
}

const Expression* Parser::parse_parenthesized() {
  const auto start = here();
  if (!accept(Kind::open_paren)) return nullptr;
  auto* node = make<ParenthesizedExpression>(start);
  node->inner = or_missing(parse_expression());
  require(Kind::close_paren);
  return close(node);
}

bool Parser::scan_call_start(std::size_t offset) const {
  const auto count = scan_name(offset);
  return count > 0 && kind(offset + count) == Kind::open_paren;
}

const Expression* Parser::parse_call() {
  if (!scan_call_start()) return nullptr;
  const auto start = here();
  auto* node = make<CallExpression>(start);
  node->name = required_name();
  const auto open = here();
  require(Kind::open_paren);
  node->arguments = expressions(&Parser::parse_argument, &Parser::missing_expression, &Parser::common_list_end);
  require(Kind::close_paren);
  node->arguments_span = span_from(open);
  return close(node);
}

const Expression* Parser::required_call() {
  if (const auto* call = parse_call()) return call;
  if (scan_name() > 0) {
    auto* node = make<CallExpression>(here());
    node->name = required_name();
    node->arguments_span = {previous_end(), 0};
    require(Kind::open_paren);
    require(Kind::close_paren);
    return close(node);
  }
  report_missing("function call");
  auto* node = make<CallExpression>(previous_end());
  node->name.missing = true;
  node->arguments_span = node->span;
  return node;
}

const Expression* Parser::parse_dotted_call() {
  const auto start = here();
  const auto* call = parse_call();
  while (call != nullptr && kind() == Kind::dot && scan_call_start(1)) {
    advance();
    call = path(call, parse_call(), start);
  }
  return call;
}

const Expression* Parser::parse_argument() {
  if (kind() == Kind::asterisk && (kind(1) == Kind::close_paren || kind(1) == Kind::comma)) return parse_star();
  return parse_named();
}

const Expression* Parser::parse_named() {
  const auto start = here();
  const auto finish = [&](std::vector<Name> names, bool compound) {
    auto* node = make<NamedExpression>(start);
    node->names = keep(names);
    node->compound = compound;
    node->value = or_missing(parse_unnamed());
    return close(node);
  };
  if (const auto count = scan_rename_name(); count > 0 && kind(count) == Kind::equal) {
    const auto name = parse_extended_name();
    require(Kind::equal);
    return finish({or_missing(name)}, false);
  }
  if (const auto count = scan_dashed_name(); count > 0 && kind(count) == Kind::equal) {
    at_ += count;
    const auto span = span_from(start);
    const std::string word(text_.substr(span.start, span.length));
    report("KS228", "The name '" + word + "' needs to be bracketed as ['" + word + "'] to be used in this context.",
           span);
    advance();
    return finish({{.text = text_.substr(span.start, span.length), .span = span}}, false);
  }
  if (const auto count = scan_rename_list(); count > 0 && kind(count) == Kind::equal) {
    advance();
    const auto names = comma_list<Name>(
        [&](Name& name) {
          const auto read = parse_extended_name();
          if (read) name = *read;
          return read.has_value();
        },
        [&] { return missing_name(); }, &Parser::common_list_end, true);
    require(Kind::close_paren);
    require(Kind::equal);
    return finish(std::vector<Name>(names.begin(), names.end()), true);
  }
  return parse_unnamed();
}

// toscalar(query), totable(query), materialize(query)

const Expression* Parser::parse_to_scalar() {
  static constexpr std::string_view kWords[] = {"nooptimization"};
  static constexpr ParameterRule kKind{.name = "kind", .kind = ParameterKind::word, .words = kWords};
  const auto start = here();
  if (!accept(Kind::kw_toscalar)) return nullptr;
  auto* node = make<ToScalarExpression>(start);
  node->parameters = optional_parameter(kKind);
  require(Kind::open_paren);
  node->value = or_missing(parse_expression());
  require(Kind::close_paren);
  return close(node);
}

const Expression* Parser::parse_to_table() {
  static constexpr std::string_view kWords[] = {"nooptimization"};
  static constexpr ParameterRule kKind{.name = "kind", .kind = ParameterKind::word, .words = kWords};
  const auto start = here();
  if (!accept(Kind::kw_totable)) return nullptr;
  auto* node = make<ToTableExpression>(start);
  node->parameters = optional_parameter(kKind);
  require(Kind::open_paren);
  node->value = or_missing(parse_expression());
  require(Kind::close_paren);
  return close(node);
}

const Expression* Parser::parse_materialize() {
  const auto start = here();
  if (!accept(Kind::kw_materialize)) return nullptr;
  auto* node = make<MaterializeExpression>(start);
  require(Kind::open_paren);
  node->value = or_missing(parse_pipe());
  require(Kind::close_paren);
  return close(node);
}

// --- paths to tables

const Expression* Parser::parse_entity_path() {
  const auto start = here();
  const auto* expression = parse_path_element_or_call();
  while (expression != nullptr) {
    if (accept(Kind::dot)) {
      expression = path(expression, or_missing_reference(parse_path_element_or_call()), start);
    } else if (kind() == Kind::open_bracket) {
      expression = element(expression, parse_bracketed_path_element(), start);
    } else {
      break;
    }
  }
  return expression;
}

const Expression* Parser::parse_simple_path() {
  const auto start = here();
  const auto* expression = parse_path_element();
  while (expression != nullptr) {
    if (accept(Kind::dot)) {
      expression = path(expression, or_missing_reference(parse_path_element()), start);
    } else if (kind() == Kind::open_bracket) {
      expression = element(expression, parse_bracketed_path_element(), start);
    } else {
      break;
    }
  }
  return expression;
}

const Expression* Parser::parse_wildcard_entity() {
  if (const auto* wildcard = parse_wildcard_reference()) return wildcard;
  const auto start = here();
  const auto* expression = parse_path_element_or_call();
  while (expression != nullptr) {
    if (accept(Kind::dot)) {
      if (const auto* wildcard = parse_wildcard_reference()) return path(expression, wildcard, start);
      expression = path(expression, or_missing_reference(parse_path_element_or_call()), start);
    } else if (kind() == Kind::open_bracket) {
      expression = element(expression, parse_bracketed_path_element(), start);
    } else {
      break;
    }
  }
  return expression;
}

// Whether what follows is a query rather than a list of values: it begins with an operator, or has a pipe before its
// end.
bool Parser::scan_is_query() const {
  if (scan_possible_operator()) return true;
  std::size_t open = 0;
  for (std::size_t offset = 0;; ++offset) {
    switch (kind(offset)) {
      case Kind::none:
      case Kind::semicolon: return false;
      case Kind::comma:
        if (open == 0) return false;
        break;
      case Kind::close_paren:
        if (open == 0) return false;
        --open;
        break;
      case Kind::open_paren: ++open; break;
      case Kind::bar:
        if (open == 0) return true;
        break;
      default: break;
    }
  }
}

// --- functions and groups in place

const Expression* Parser::parse_entity_group() {
  if (kind() != Kind::kw_entity_group) return nullptr;
  if (const auto* call = parse_call()) return call;
  auto* node = make<EntityGroupExpression>(here());
  advance();
  require(Kind::open_bracket);
  node->entities = expressions(&Parser::parse_unnamed, &Parser::missing_expression, &Parser::common_list_end, true);
  require(Kind::close_bracket);
  return close(node);
}

bool Parser::scan_lambda_start() const {
  std::size_t offset = kind() == Kind::kw_view ? 1 : 0;
  if (kind(offset) != Kind::open_paren) return false;
  ++offset;
  if (kind(offset) == Kind::close_paren || kind(offset) == Kind::asterisk) return true;
  const auto count = scan_extended_name(offset);
  return count > 0 && kind(offset + count) == Kind::colon;
}

const LambdaExpression* Parser::parse_lambda() {
  if (kind() != Kind::kw_view && kind() != Kind::open_paren) return nullptr;
  auto* node = make<LambdaExpression>(here());
  node->is_view = accept(Kind::kw_view);
  const auto start = here();
  if (accept(Kind::open_paren)) {
    node->parameters = function_parameters(false);
    require(Kind::close_paren);
  } else {
    require(Kind::open_paren);
    require(Kind::close_paren);
  }
  node->parameters_span = span_from(start);
  if (kind() == Kind::open_brace) {
    function_body(*node, false);
  } else {
    node->body_span = {previous_end(), 0};
    require(Kind::open_brace);
    require(Kind::close_brace);
  }
  return close(node);
}

void Parser::function_body(LambdaExpression& lambda, bool pattern_body) {
  const auto start = here();
  require(Kind::open_brace);
  if (const Depth depth(*this); depth) {
    std::vector<const Statement*> statements;
    const Statement* statement = nullptr;
    while (!common_list_end() && parse_body_statement(statement, pattern_body)) statements.push_back(statement);
    lambda.statements = keep(statements);
    lambda.result = parse_expression();
    accept(Kind::semicolon);
  }
  require(Kind::close_brace);
  lambda.body_span = span_from(start);
}

bool Parser::parse_body_statement(const Statement*& statement, bool pattern_body) {
  statement = parse_let();
  if (statement == nullptr && !pattern_body) statement = parse_query_parameters();
  if (statement == nullptr) return false;
  require(Kind::semicolon);
  return true;
}

}  // namespace yagura::kql
