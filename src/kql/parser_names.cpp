// Names: plain words, keywords that may be names, ['bracketed'], {braced} client parameters, wild*cards.
#include "kql/literal_text.hpp"
#include "kql/parser_state.hpp"

namespace yagura::kql {

std::size_t Parser::scan_bracketed_name(std::size_t offset) const {
  if (kind(offset) != Kind::open_bracket) return 0;
  std::size_t count = 1;
  while (kind(offset + count) == Kind::string_literal) ++count;
  return count > 1 && kind(offset + count) == Kind::close_bracket ? count + 1 : 0;
}

// {name} or {name[-1]} in one piece.
std::size_t Parser::scan_braced_name(std::size_t offset) const {
  if (kind(offset) != Kind::open_brace) return 0;
  std::size_t count = 1;
  const auto next_is = [&](Kind wanted) {
    const Token& token = peek(offset + count);
    if (token.kind != wanted || !token.adjacent) return false;
    ++count;
    return true;
  };
  const Token& name = peek(offset + count);
  if ((name.kind != Kind::identifier && !is_keyword(name.kind)) || !name.adjacent) return 0;
  ++count;
  if (next_is(Kind::open_bracket)) {
    next_is(Kind::minus);
    if (!next_is(Kind::long_literal) || !next_is(Kind::close_bracket)) return 0;
  }
  return next_is(Kind::close_brace) ? count : 0;
}

std::size_t Parser::scan_name(std::size_t offset) const {
  switch (kind(offset)) {
    case Kind::open_bracket: return scan_bracketed_name(offset);
    case Kind::open_brace: return is_name_token(kind(offset + 1)) && kind(offset + 2) == Kind::close_brace ? 3 : 0;
    default: return is_name_token(kind(offset)) ? 1 : 0;
  }
}

std::size_t Parser::scan_extended_name(std::size_t offset) const {
  if (const auto count = scan_name(offset); count > 0) return count;
  return is_extended_keyword(offset) ? 1 : 0;
}

std::size_t Parser::scan_rename_name(std::size_t offset) const { return scan_extended_name(offset); }

// (a, b, c)
std::size_t Parser::scan_rename_list() const {
  if (kind() != Kind::open_paren) return 0;
  std::size_t offset = 1;
  while (!common_list_end(offset)) {
    const auto count = scan_rename_name(offset);
    if (count == 0) return 0;
    offset += count;
    if (kind(offset) != Kind::comma) break;
    ++offset;
  }
  return kind(offset) == Kind::close_paren ? offset + 1 : 0;
}

// a-b-c, which is no name: only to say so.
std::size_t Parser::scan_dashed_name() const {
  if (kind() != Kind::identifier && !is_keyword(kind())) return 0;
  std::size_t count = 1;
  for (;; ++count) {
    const Token& token = peek(count);
    const bool part = token.kind == Kind::identifier || is_keyword(token.kind) || token.kind == Kind::minus;
    if (!part || !token.adjacent) return count;
  }
}

// * or name*, then more parts at once.
std::size_t Parser::scan_wildcard_name(std::size_t offset) const {
  std::size_t count = 0;
  if (kind(offset) == Kind::asterisk) {
    count = 1;
  } else {
    const bool named = kind(offset) == Kind::identifier || is_extended_keyword(offset);
    const Token& next = peek(offset + 1);
    if (!named || next.kind != Kind::asterisk || !next.adjacent) return 0;
    count = 2;
  }
  for (;; ++count) {
    const Token& token = peek(offset + count);
    const bool part = token.kind == Kind::identifier || token.kind == Kind::long_literal ||
                      token.kind == Kind::asterisk || is_extended_keyword(offset + count);
    if (!part || !token.adjacent) return count;
  }
}

Name Parser::token_name() {
  const Name name{.text = text(), .span = peek().span};
  advance();
  return name;
}

std::optional<Name> Parser::parse_bracketed_name() {
  if (scan_bracketed_name() == 0) return std::nullopt;
  const auto start = here();
  advance();
  const auto* content = parse_string();
  require(Kind::close_bracket);
  return Name{.text = content->text, .span = span_from(start), .bracketed = true};
}

std::optional<Name> Parser::parse_braced_name() {
  const auto count = scan_braced_name();
  if (count == 0) return std::nullopt;
  const auto start = here();
  at_ += count;
  const auto span = span_from(start);
  return Name{.text = text_.substr(span.start + 1, span.length - 2), .span = span, .braced = true};
}

std::optional<Name> Parser::parse_name() {
  switch (kind()) {
    case Kind::open_bracket: return parse_bracketed_name();
    case Kind::open_brace: return parse_braced_name();
    default: return is_name_token(kind()) ? std::optional(token_name()) : std::nullopt;
  }
}

std::optional<Name> Parser::parse_extended_name() {
  if (auto name = parse_name()) return name;
  return is_extended_keyword() ? std::optional(token_name()) : std::nullopt;
}

Name Parser::missing_name() {
  report_missing_with_keyword("name", "be used as the name, it needs to be");
  return {.span = {previous_end(), 0}, .missing = true};
}

const Expression* Parser::reference(const Name& name) {
  auto* node = make<NameExpression>(name.span.start);
  node->span = name.span;
  node->name = name;
  return node;
}

const Expression* Parser::parse_name_reference() {
  const auto name = parse_name();
  return name ? reference(*name) : nullptr;
}

const Expression* Parser::parse_extended_name_reference() {
  const auto name = parse_extended_name();
  return name ? reference(*name) : nullptr;
}

const Expression* Parser::parse_wildcard_reference() {
  const auto count = scan_wildcard_name();
  if (count == 0) return nullptr;
  const auto start = here();
  at_ += count;
  const auto span = span_from(start);
  return reference({.text = text_.substr(span.start, span.length), .span = span, .wildcard = true});
}

const Expression* Parser::parse_bracketed_wildcard_reference() {
  if (kind() != Kind::open_bracket || scan_wildcard_name(1) == 0) return nullptr;
  const auto start = here();
  advance();
  const auto* inner = as<NameExpression>(parse_wildcard_reference());
  require(Kind::close_bracket);
  Name name = inner->name;
  name.span = span_from(start);
  name.bracketed = true;
  return reference(name);
}

const Expression* Parser::parse_simple_or_wildcard_reference() {
  if (const auto* wildcard = parse_wildcard_reference()) return wildcard;
  return parse_name_reference();
}

const Expression* Parser::missing_silently() {
  auto* node = make<MissingExpression>(previous_end());
  return node;
}
const Expression* Parser::missing_node(std::string_view what) {
  report_missing(what);
  return missing_silently();
}
const Expression* Parser::missing_value() { return missing_node("value"); }
const Expression* Parser::missing_name_reference() {
  report_missing_with_keyword("name", "be used as the name, it needs to be");
  return missing_silently();
}
const Expression* Parser::missing_expression() {
  report_missing_with_keyword("expression", "to be part of an expression it needs to be");
  return missing_silently();
}

// Whether a keyword is followed by what only follows a name or value within an expression.
bool Parser::keyword_in_name_position() const {
  if (!is_keyword(kind())) return false;
  switch (kind(1)) {
    case Kind::kw_and:
    case Kind::kw_or:
    case Kind::equal_equal:
    case Kind::bang_equal:
    case Kind::equal_tilde:
    case Kind::bang_tilde:
    case Kind::greater:
    case Kind::greater_equal:
    case Kind::less:
    case Kind::less_equal:
    case Kind::asterisk:
    case Kind::slash:
    case Kind::percent:
    case Kind::kw_has:
    case Kind::kw_not_has:
    case Kind::kw_has_cs:
    case Kind::kw_not_has_cs:
    case Kind::kw_hasprefix:
    case Kind::kw_not_hasprefix:
    case Kind::kw_hasprefix_cs:
    case Kind::kw_not_hasprefix_cs:
    case Kind::kw_hassuffix:
    case Kind::kw_not_hassuffix:
    case Kind::kw_hassuffix_cs:
    case Kind::kw_not_hassuffix_cs:
    case Kind::kw_like:
    case Kind::kw_notlike:
    case Kind::kw_likecs:
    case Kind::kw_notlikecs:
    case Kind::kw_contains:
    case Kind::kw_notcontains:
    case Kind::kw_not_contains:
    case Kind::kw_containscs:
    case Kind::kw_contains_cs:
    case Kind::kw_notcontainscs:
    case Kind::kw_not_contains_cs:
    case Kind::kw_startswith:
    case Kind::kw_not_startswith:
    case Kind::kw_startswith_cs:
    case Kind::kw_not_startswith_cs:
    case Kind::kw_endswith:
    case Kind::kw_not_endswith:
    case Kind::kw_endswith_cs:
    case Kind::kw_not_endswith_cs:
    case Kind::kw_matches_regex:
    case Kind::kw_in:
    case Kind::kw_in_tilde:
    case Kind::kw_not_in:
    case Kind::kw_not_in_tilde:
    case Kind::kw_has_any:
    case Kind::kw_has_all:
    case Kind::kw_between:
    case Kind::kw_not_between:
    case Kind::close_paren:
    case Kind::close_bracket:
    case Kind::close_brace:
    case Kind::dot:
    case Kind::comma:
    case Kind::colon:
    case Kind::bar: return true;
    default: return false;
  }
}

const Expression* Parser::parse_invalid_keyword_as_name() {
  if (!keyword_in_name_position()) return nullptr;
  const std::string word(text());
  report("KS228", "The name '" + word + "' needs to be bracketed as ['" + word + "'] to be used in this context.",
         peek().span);
  return reference(token_name());
}

}  // namespace yagura::kql
