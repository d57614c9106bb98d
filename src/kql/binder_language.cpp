// Calls against the language's own signatures (language.hpp), before the registry's.
#include <fmt/format.h>

#include "kql/binder.hpp"

namespace yagura::kql {

namespace {

const Expression& bare(const Expression& e) {
  const Expression* inner = &e;
  for (;;) {
    if (const auto* p = as<ParenthesizedExpression>(inner)) inner = p->inner;
    else if (const auto* n = as<NamedExpression>(inner)) inner = n->value;
    else return *inner;
  }
}

// What functions give whose result depends on more than a type.
Shape shape_by_name(std::string_view name) {
  const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (name == "pack_array" || starts("set_") || starts("array_") || name == "series_fft" || name == "series_ifft") return {Shape::Kind::array, Type::dynamic};
  if (starts("bag_") || name == "pack" || name == "pack_dictionary" || name == "pack_all") return {Shape::Kind::bag, Type::dynamic};
  return {};
}

}  // namespace

Binder::CallParts Binder::parts_of(const CallExpression& e, const Row& row) {
  CallParts parts;
  for (const auto* a : e.arguments) {
    const Expression& syntax = bare(*a);
    CallArgument argument{.span = as<NamedExpression>(a) != nullptr ? syntax.span : a->span};
    Expr value;
    if (is<StarExpression>(syntax)) {
      argument.is_star = true;
    } else if (const auto* type = as<TypeOfLiteral>(&syntax)) {
      argument.is_type = true;
      argument.literal = argument.constant = true;
      if (type->types.size() == 1) {
        if (const auto* t = as<TypedColumn>(type->types[0]); t != nullptr && t->type.type) argument.type = *t->type.type;
      }
      if (argument.type != kUnknown) parts.wanted = argument.type;
    } else {
      const auto* named = as<NamedExpression>(a);
      value = scalar(named != nullptr ? *named->value : *a, row);
      argument.type = value->type;
      argument.shape = value->shape;
      argument.constant = value->constant;
      argument.column = value->kind == BoundExpression::Kind::column;
      if (const auto* l = as<Literal>(&syntax)) {
        argument.literal = true;
        argument.text = l->text;
      } else {
        argument.literal = is<DynamicLiteral>(syntax);
      }
    }
    parts.values.push_back(std::move(value));
    parts.arguments.push_back(argument);
  }
  return parts;
}

bool Binder::judge(CallKind kind, const CallExpression& e, CallParts& parts) {
  parts.verdict = check_call(kind, e.name.text, parts.arguments, e.name.span);
  if (parts.verdict.known && parts.verdict.type == Type::dynamic && parts.verdict.shape == Shape{}) parts.verdict.shape = shape_by_name(e.name.text);
  if (parts.verdict.known && parts.verdict.type == kUnknown) parts.verdict.shape = shape_by_name(e.name.text);
  // Decimals are averaged as reals.
  if (kind == CallKind::aggregate && (e.name.text == "percentile" || e.name.text == "percentilew") && !parts.arguments.empty() && parts.arguments[0].type == Type::decimal) {
    parts.verdict.type = Type::real;
  }
  judged_call_ = parts.verdict.known;
  if (parts.verdict.ok) return true;
  error(parts.verdict.code, parts.verdict.where, parts.verdict.message);
  for (const auto& [code_and_place, message] : parts.verdict.more) error(code_and_place.first, code_and_place.second, message);
  return false;
}

Expr Binder::judged(Expr result, const CallParts& parts) {
  const CallVerdict& v = parts.verdict;
  if (!v.known) return result;
  if (result->type == kUnknown || v.undecided) {
    auto typed = std::make_shared<BoundExpression>();
    typed->type = v.type;
    typed->shape = v.shape;
    typed->span = result->span;
    typed->constant = result->constant;
    typed->value.is_null = true;
    return typed;
  }
  if (v.type != kUnknown && result->type != v.type) result = convert(std::move(result), v.type);
  if (result->type == Type::dynamic && result->shape != v.shape) {
    auto shaped = std::make_shared<BoundExpression>(*result);
    shaped->shape = v.shape;
    return shaped;
  }
  return result;
}

Expr Binder::refused(const CallExpression& e, const CallParts& parts) const {
  auto result = std::make_shared<BoundExpression>();
  result->type = parts.verdict.type;
  result->shape = parts.verdict.shape;
  result->span = e.span;
  result->value.is_null = true;
  result->constant = true;
  for (const auto& v : parts.values) result->constant = result->constant && (v == nullptr || v->constant);
  return result;
}

}  // namespace yagura::kql
