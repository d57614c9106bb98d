// Types, column declarations, row schemas and parameters of functions.
#include "kql/parser_state.hpp"

namespace yagura::kql {

bool Parser::is_type(Kind kind) {
  switch (kind) {
    case Kind::kw_bool:
    case Kind::kw_boolean:
    case Kind::kw_date:
    case Kind::kw_datetime:
    case Kind::kw_decimal:
    case Kind::kw_double:
    case Kind::kw_dynamic:
    case Kind::kw_guid:
    case Kind::kw_int:
    case Kind::kw_int64:
    case Kind::kw_int8:
    case Kind::kw_long:
    case Kind::kw_real:
    case Kind::kw_string:
    case Kind::kw_time:
    case Kind::kw_timespan:
    case Kind::kw_uniqueid: return true;
    default: return false;
  }
}

bool Parser::is_type_extended(Kind kind) {
  switch (kind) {
    case Kind::kw_float:
    case Kind::kw_int16:
    case Kind::kw_int32:
    case Kind::kw_uint:
    case Kind::kw_uint16:
    case Kind::kw_uint32:
    case Kind::kw_uint64:
    case Kind::kw_uint8:
    case Kind::kw_ulong: return true;
    default: return is_type(kind);
  }
}

TypeName Parser::type_name() {
  const TypeName type{.text = text(), .span = peek().span, .type = event::parse_kql_type(text())};
  advance();
  return type;
}

std::optional<TypeName> Parser::parse_type() { return is_type(kind()) ? std::optional(type_name()) : std::nullopt; }

std::optional<TypeName> Parser::parse_invalid_type() {
  if (!is_type_extended(kind()) && !is_name_token(kind())) return std::nullopt;
  report("KS160", "The name '" + std::string(text()) + "' is not a valid type name that can be used here.",
         peek().span);
  auto type = type_name();
  type.type.reset();
  return type;
}

TypeName Parser::required_type(bool extended) {
  if (extended && is_type_extended(kind())) return type_name();
  if (const auto type = parse_type()) return *type;
  if (const auto type = parse_invalid_type()) return *type;
  report_missing("type name");
  return {.span = {previous_end(), 0}};
}

// name:type, name:(schema); a name may be missing before the colon.
bool Parser::parse_name_and_type(FunctionParameter& parameter) {
  const auto start = here();
  if (const auto name = parse_extended_name()) {
    parameter.name = *name;
    require(Kind::colon);
    if (kind() == Kind::open_paren) {
      parse_schema_type(parameter);
    } else {
      parameter.type = required_type();
    }
  } else if (kind() == Kind::colon) {
    const Span place{previous_end(), 0};
    parameter.name = {.span = place, .missing = true};
    advance();
    parameter.type = required_type();
    report_missing_with_keyword("name", "be used as the name, it needs to be", place.start);
  } else {
    return false;
  }
  parameter.span = span_from(start);
  return true;
}

// A column of a schema. A nested row schema, which only parameters of functions can have, is no type here.
const Expression* Parser::parse_typed_column() {
  const auto start = here();
  FunctionParameter parameter;
  if (!parse_name_and_type(parameter)) return nullptr;
  auto* column = make<TypedColumn>(start);
  column->name = parameter.name;
  column->type = parameter.type;
  if (parameter.tabular) {
    report("KS172", "The syntax is not a valid type expression.", parameter.schema.span);
    column->type.span = parameter.schema.span;
  }
  return column;
}

const Expression* Parser::missing_typed_column() {
  report_missing("parameter");
  auto* column = make<TypedColumn>(previous_end());
  column->name.missing = true;
  return column;
}

const Expression* Parser::parse_type_of_element() {
  if (const auto* star = parse_star()) return star;
  return parse_typed_column();
}
const Expression* Parser::missing_type() {
  report_missing("type name");
  auto* column = make<TypedColumn>(previous_end());
  column->name.missing = true;
  return column;
}

List<TypedColumn> Parser::typed_columns(bool one_or_more) {
  return comma_list<const TypedColumn*>(
      [&](const TypedColumn*& column) { return (column = as<TypedColumn>(parse_typed_column())) != nullptr; },
      [&] { return as<TypedColumn>(missing_typed_column()); }, &Parser::common_list_end, one_or_more, true);
}

// (*) or (a:long, b:string)
bool Parser::parse_schema_type(FunctionParameter& parameter) {
  const auto start = here();
  if (!accept(Kind::open_paren)) return false;
  parameter.tabular = true;
  if (accept(Kind::asterisk)) {
    parameter.schema.any_first = true;
  } else if (const Depth depth(*this); depth) {
    parameter.schema.columns = typed_columns(false);
  }
  require(Kind::close_paren);
  parameter.schema.span = span_from(start);
  return true;
}

bool Parser::parse_row_schema(RowSchema& schema, bool one_or_more) {
  const auto start = here();
  if (!accept(Kind::open_paren)) return false;
  accept(Kind::comma);
  schema.columns = typed_columns(one_or_more);
  require(Kind::close_paren);
  schema.span = span_from(start);
  return true;
}

void Parser::required_row_schema(RowSchema& schema) {
  if (parse_row_schema(schema)) return;
  report_missing("schema declaration");
  schema.span = {previous_end(), 0};
}

bool Parser::parse_evaluate_schema(RowSchema& schema) {
  const auto start = here();
  if (!accept(Kind::open_paren)) return false;
  accept(Kind::comma);
  schema.any_first = accept(Kind::asterisk);
  accept(Kind::comma);
  schema.columns = typed_columns(false);
  require(Kind::close_paren);
  schema.span = span_from(start);
  return true;
}

const Expression* Parser::parse_default_value() {
  if (!accept(Kind::equal)) return nullptr;
  if (const auto* literal = parse_literal()) return literal;
  if (const auto* word = parse_name_as_token_literal()) return word;
  return missing_expression();
}

bool Parser::parse_function_parameter(FunctionParameter& parameter) {
  const auto start = here();
  if (!parse_name_and_type(parameter)) return false;
  parameter.default_value = parse_default_value();
  parameter.span = span_from(start);
  return true;
}

std::span<const FunctionParameter> Parser::function_parameters(bool one_or_more) {
  return comma_list<FunctionParameter>(
      [&](FunctionParameter& parameter) { return parse_function_parameter(parameter); },
      [&] {
        report_missing("parameter");
        return FunctionParameter{.name = {.missing = true}, .span = {previous_end(), 0}};
      },
      &Parser::common_list_end, one_or_more);
}

}  // namespace yagura::kql
