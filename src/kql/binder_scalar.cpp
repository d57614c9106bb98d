// Scalar expressions other than calls.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "event/table_batch.hpp"
#include "kql/binder.hpp"
#include "kql/regex.hpp"

namespace yagura::kql {

namespace {

Expr unknown(Span span, Type type = kUnknown) {
  auto e = std::make_shared<BoundExpression>();
  e->type = type;
  e->span = span;
  e->value.is_null = true;
  return e;
}

LiteralValue value_of(const Literal& l) {
  LiteralValue v;
  v.is_null = l.is_null && l.type != Type::string;
  v.boolean = l.boolean;
  v.integer = l.integer;
  v.real = l.real;
  v.guid = l.guid;
  v.text = l.text;
  return v;
}

std::string_view comparison_name(BinaryOperator op) { return to_string(op); }

// The type of arithmetic as Kusto's language service gives it; nothing where the operator isn't defined.
std::optional<Type> arithmetic_type(BinaryOperator op, Type a, Type b) {
  const bool a_time = a == Type::datetime || a == Type::timespan, b_time = b == Type::datetime || b == Type::timespan;
  if (is_number(a) && is_number(b)) {
    const Type t = *wider(a, b);
    return t == Type::int32 ? Type::int64 : t;
  }
  if (a == Type::dynamic && b == Type::dynamic) return Type::dynamic;
  if (a == Type::dynamic && is_number(b)) return b == Type::int32 ? Type::int64 : b;
  if (b == Type::dynamic && is_number(a)) return a == Type::int32 ? Type::int64 : a;
  switch (op) {
    case BinaryOperator::add:
      if (a_time && b_time) return a == Type::datetime || b == Type::datetime ? Type::datetime : Type::timespan;
      if (a == Type::dynamic && b_time) return b;
      if (b == Type::dynamic && a_time) return a;
      return std::nullopt;
    case BinaryOperator::subtract:
      if (a_time && b_time) return a == b ? Type::timespan : Type::datetime;
      if ((a == Type::dynamic && b_time) || (b == Type::dynamic && a_time)) return Type::timespan;
      return std::nullopt;
    case BinaryOperator::multiply:
      // Datetimes are ticks too: half the sum of two is the moment between them.
      if (a_time && is_number(b)) return a;
      if (b_time && is_number(a)) return b;
      if (a == Type::timespan && b == Type::timespan) return Type::timespan;
      return std::nullopt;
    case BinaryOperator::divide:
      if (a_time && is_number(b)) return a;
      if (a == Type::timespan && b == Type::timespan) return Type::real;
      if (a == Type::datetime && b_time) return Type::real;
      return std::nullopt;
    case BinaryOperator::modulo:
      if (a_time && (b == Type::timespan || a == b)) return Type::timespan;
      if (a_time && is_number(b)) return a;
      return std::nullopt;
    default: return std::nullopt;
  }
}

// The type of an operation with an operand of unknown type, as the language service gives it: what all forms of the
// operator agree on that the other operand fits.
Type type_beside_unknown(BinaryOperator op, Type a, Type b) {
  const bool numbers = b != kUnknown ? is_number(b) : is_number(a);
  const bool from_right = a == kUnknown;  // the other one stands on the right
  const Type other = from_right ? b : a;
  const Type promoted = other == Type::int32 ? Type::int64 : other;
  const bool time = other == Type::datetime || other == Type::timespan;
  switch (op) {
    case BinaryOperator::add:
      if (time) return other;
      [[fallthrough]];
    case BinaryOperator::subtract: return numbers && (!from_right || other == Type::int32) ? promoted : kUnknown;
    case BinaryOperator::multiply: return time ? other : kUnknown;
    case BinaryOperator::divide:
      if (time) return from_right ? Type::real : kUnknown;
      return numbers && !from_right ? promoted : kUnknown;
    case BinaryOperator::modulo:
      if (time) return from_right || other == Type::timespan ? Type::timespan : kUnknown;
      return numbers && !from_right ? promoted : kUnknown;
    default: return Type::boolean;
  }
}

// What a dynamic literal holds.
Shape shape_of(const Expression& json) {
  const auto type_of = [](const Expression& e) {
    const auto* l = as<Literal>(&e);
    if (l == nullptr || (l->is_null && l->type != Type::string)) return Type::dynamic;
    return l->type == Type::int32 ? Type::int64 : l->type;
  };
  if (is<JsonObject>(json)) return {Shape::Kind::bag, Type::dynamic};
  if (const auto* a = as<JsonArray>(&json)) {
    Type element = a->values.empty() ? Type::dynamic : type_of(*a->values[0]);
    for (const auto* v : a->values) {
      if (type_of(*v) != element) element = Type::dynamic;
    }
    return {Shape::Kind::array, element};
  }
  const Type type = type_of(json);
  return type == Type::dynamic ? Shape{} : Shape{Shape::Kind::value, type};
}

Expr with_shape(const Expr& e, Shape shape) {
  auto shaped = std::make_shared<BoundExpression>(*e);
  shaped->shape = shape;
  return shaped;
}

// An aggregate that gives several columns, where one value is wanted.
bool gives_several(const Expression& e) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return gives_several(*p->inner);
  const auto* c = as<CallExpression>(&e);
  if (c == nullptr) return false;
  const std::string_view name = c->name.text;
  if (name == "arg_max" || name == "arg_min" || name == "argmax" || name == "argmin" || name == "take_any" || name == "any") return c->arguments.size() > 1;
  return name == "percentiles" ? c->arguments.size() > 2 : name == "percentilesw" && c->arguments.size() > 3;
}

bool takes_a_term(BinaryOperator op) {
  const std::string_view name = to_string(op);
  return name.starts_with("has") || name.starts_with("!has");
}

bool is_text_like(Type t) { return t == Type::string || t == Type::dynamic || t == kUnknown; }

// Arithmetic of two literals where it can't go wrong; null otherwise.
Expr fold(BinaryOperator op, const Expr& a, const Expr& b, Type type, Span span) {
  if (!is_literal(a) || !is_literal(b) || a->value.is_null || b->value.is_null) return nullptr;
  // Only moving a datetime by a span is the same in our ticks, since 1970, as in Kusto's.
  if (type == Type::datetime && (op == BinaryOperator::multiply || a->type == b->type || (op == BinaryOperator::subtract && b->type == Type::datetime))) return nullptr;
  const auto ticky = [](Type t) { return is_integer(t) || t == Type::timespan || t == Type::datetime; };
  LiteralValue v;
  std::int64_t out = 0;
  if (ticky(a->type) && ticky(b->type) && (is_integer(type) || type == Type::timespan || type == Type::datetime)) {
    bool overflow = true;
    if (op == BinaryOperator::add) overflow = __builtin_add_overflow(a->value.integer, b->value.integer, &out);
    if (op == BinaryOperator::subtract) overflow = __builtin_sub_overflow(a->value.integer, b->value.integer, &out);
    if (op == BinaryOperator::multiply) overflow = __builtin_mul_overflow(a->value.integer, b->value.integer, &out);
    if (overflow) return nullptr;
    if (type == Type::datetime && (out < kMinTicks || out > kMaxTicks)) return nullptr;
    v.integer = out;
    return make_literal(type, v, span);
  }
  if (type == Type::real && is_number(a->type) && is_number(b->type) && a->type != Type::decimal && b->type != Type::decimal) {
    const double x = a->type == Type::real ? a->value.real : static_cast<double>(a->value.integer);
    const double y = b->type == Type::real ? b->value.real : static_cast<double>(b->value.integer);
    if (op == BinaryOperator::add) v.real = x + y;
    else if (op == BinaryOperator::subtract) v.real = x - y;
    else if (op == BinaryOperator::multiply) v.real = x * y;
    else if (op == BinaryOperator::divide) v.real = x / y;
    else return nullptr;
    return make_literal(type, v, span);
  }
  if (type == Type::timespan && op == BinaryOperator::divide && a->type == Type::timespan && is_number(b->type) &&
      b->type != Type::decimal) {
    const double y = b->type == Type::real ? b->value.real : static_cast<double>(b->value.integer);
    const double ticks = static_cast<double>(a->value.integer) / y;
    if (y == 0 || std::abs(ticks) > 9e18) return nullptr;
    v.integer = b->type == Type::real ? static_cast<std::int64_t>(ticks) : a->value.integer / b->value.integer;
    return make_literal(type, v, span);
  }
  return nullptr;
}

}  // namespace

Expr Binder::literal(const Literal& l) {
  if (!l.valid) {
    // The parser has said so where the text can't be a value at all; a wrong date is null in Kusto.
    LiteralValue v;
    v.is_null = l.type != Type::string;
    return make_literal(l.type, v, l.span);
  }
  LiteralValue v = value_of(l);
  constexpr std::int64_t kDay = 864'000'000'000;
  if (l.of_today) v.integer += options_.now_ticks - ((options_.now_ticks % kDay) + kDay) % kDay;
  return make_literal(l.type, v, l.span);
}

void Binder::append_json(std::string& out, const Expression& e) {
  switch (e.kind) {
    case NodeKind::literal: {
      const auto& l = static_cast<const Literal&>(e);
      if (l.is_null && l.type != Type::string) {
        out += "null";
        return;
      }
      switch (l.type) {
        case Type::boolean: out += l.boolean ? "true" : "false"; return;
        case Type::int32:
        case Type::int64: out += std::to_string(l.integer); return;
        case Type::real: {
          const std::string text = format_real(l.real);
          if (std::isfinite(l.real)) out += text;
          else append_json_string(out, text);
          return;
        }
        case Type::datetime: append_json_string(out, format_datetime(l.integer)); return;
        case Type::timespan: append_json_string(out, event::format_timespan(l.integer)); return;
        case Type::guid: append_json_string(out, yagura::to_string(l.guid)); return;
        default: append_json_string(out, l.text); return;
      }
    }
    case NodeKind::dynamic: append_json(out, *static_cast<const DynamicLiteral&>(e).value); return;
    case NodeKind::json_array: {
      out += '[';
      bool first = true;
      for (const auto* v : static_cast<const JsonArray&>(e).values) {
        if (!first) out += ',';
        first = false;
        append_json(out, *v);
      }
      out += ']';
      return;
    }
    case NodeKind::json_object: {
      out += '{';
      bool first = true;
      for (const auto& m : static_cast<const JsonObject&>(e).members) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, m.name);
        out += ':';
        append_json(out, *m.value);
      }
      out += '}';
      return;
    }
    case NodeKind::unary: {
      const auto& u = static_cast<const UnaryExpression&>(e);
      if (u.op == UnaryOperator::minus) out += '-';
      append_json(out, *u.operand);
      return;
    }
    case NodeKind::name:
      if (const auto& n = static_cast<const NameExpression&>(e); n.name.braced) client_parameter(n);
      out += "null";
      return;
    default: out += "null"; return;
  }
}

Expr Binder::scalar(const Expression& e, const Row& row) {
  if (!spend(e.span)) return unknown(e.span);
  switch (e.kind) {
    case NodeKind::missing: ++errors_; return unknown(e.span);
    case NodeKind::literal: return literal(static_cast<const Literal&>(e));
    case NodeKind::dynamic: {
      LiteralValue v;
      append_json(v.text, *static_cast<const DynamicLiteral&>(e).value);
      v.is_null = v.text == "null";
      return with_shape(make_literal(Type::dynamic, v, e.span), shape_of(*static_cast<const DynamicLiteral&>(e).value));
    }
    case NodeKind::name: return name(static_cast<const NameExpression&>(e), row);
    case NodeKind::parenthesized: return scalar(*static_cast<const ParenthesizedExpression&>(e).inner, row);
    case NodeKind::path: return path(static_cast<const PathExpression&>(e), row);
    case NodeKind::element: {
      const auto& x = static_cast<const ElementExpression&>(e);
      const auto* selector = as<BracketedExpression>(x.selector);
      const Expression& inner = selector != nullptr ? *selector->inner : *x.selector;
      Expr target = scalar(*x.target, row);
      if (target->type != Type::dynamic && target->type != kUnknown) {
        error("KS147", x.selector->span, "The element access operator [] is not allowed in this context.");
        scalar(inner, row);
        return unknown(e.span);
      }
      return element(std::move(target), scalar(inner, row), e.span, x.selector->span, inner.span);
    }
    case NodeKind::call: return call(static_cast<const CallExpression&>(e), row);
    case NodeKind::unary: {
      const auto& u = static_cast<const UnaryExpression&>(e);
      Expr operand = scalar(*u.operand, row);
      if (operand->type == kUnknown) return operand;
      const bool minus = u.op == UnaryOperator::minus;
      if (!is_summable(operand->type) && operand->type != Type::dynamic) {
        error("KS106", {e.span.start, 1},
              fmt::format("The operator '{}' is not defined for the operand type {}.", minus ? "-" : "+", type_name(operand->type)));
        return unknown(e.span);
      }
      if (!minus) return operand;
      if (is_literal(operand) && !operand->value.is_null) {
        LiteralValue v = operand->value;
        if (operand->type == Type::real) v.real = -v.real;
        else if (operand->type == Type::decimal) v.text = v.text.starts_with('-') ? v.text.substr(1) : "-" + v.text;
        else if (operand->type != Type::dynamic) v.integer = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v.integer));
        if (operand->type != Type::dynamic) {
          const bool is_signed = is<Literal>(*u.operand);  // -int(5) is a literal; -(int(5)) an operation
          return make_literal(operand->type == Type::int32 && !is_signed ? Type::int64 : operand->type, v, e.span);
        }
      }
      const Type type = operand->type == Type::int32 ? Type::int64 : operand->type;
      return make_call(find_scalar(".negate"), type, {operand}, e.span);
    }
    case NodeKind::binary: {
      const auto& b = static_cast<const BinaryExpression&>(e);
      if (is<StarExpression>(*b.left)) {
        // * has "x": any column that may hold it.
        std::vector<Expr> terms;
        const Expr right = scalar(*b.right, row);
        for (const Plan* plan : {row.input, row.right}) {
          if (plan == nullptr) continue;
          for (const auto& c : plan->columns) {
            Expr left = make_column(c, b.left->span);
            if (b.op == BinaryOperator::equal || b.op == BinaryOperator::not_equal) {
              if (c.type != right->type && !(is_number(c.type) && is_number(right->type))) continue;
            } else if (!is_text_like(c.type)) {
              if (right->type != Type::string) continue;
              left = call("tostring", {left});
            }
            terms.push_back(binary(b.op, left, right, e.span, b.operator_span));
          }
        }
        if (terms.empty()) return make_bool(false);
        return terms.size() == 1 ? terms[0] : make_call(find_scalar("or"), Type::boolean, terms, e.span);
      }
      const std::size_t mistakes = errors_;
      const bool before = std::exchange(halving_, b.op == BinaryOperator::divide);
      Expr left = scalar(*b.left, row);
      halving_ = false;
      Expr right = scalar(*b.right, row);
      halving_ = before;
      if (row.aggregates != nullptr && (gives_several(*b.left) || gives_several(*b.right)) && errors_ == mistakes) {
        error("KS106", b.operator_span,
              fmt::format("The operator '{}' is not defined for the operand types {} and {}.", to_string(b.op),
                          gives_several(*b.left) ? "tuple" : type_name(left->type), gives_several(*b.right) ? "tuple" : type_name(right->type)));
        return unknown(e.span);
      }
      return binary(b.op, std::move(left), std::move(right), e.span, b.operator_span);
    }
    case NodeKind::logical: {
      const auto& l = static_cast<const LogicalExpression&>(e);
      std::vector<Expr> operands;
      bool bad = false;
      for (const auto* o : l.operands) operands.push_back(scalar(*o, row));
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const Type t = operands[i]->type;
        if (t == kUnknown) bad = true;
        if (t == Type::boolean || t == Type::dynamic || t == kUnknown) continue;
        bad = true;
        // Beside a value of unknown type anything may stand.
        if (i < 2 && operands.size() > 1 && operands[1 - i]->type == kUnknown) continue;
        const std::size_t left = i == 0 ? 0 : i - 1, right = i == 0 ? 1 : i;
        // As Kusto's language service: at the operator, naming both sides.
        const std::uint32_t from = l.operands[left]->span.end(), to = l.operands[right]->span.start;
        const std::string_view word = l.is_and ? "and" : "or";
        const std::string_view between = to > from ? text_of({from, to - from}) : "";
        const auto at = between.find(word);
        Span where = at == std::string_view::npos ? l.operands[i]->span
                                                  : Span{from + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(word.size())};
        error("KS106", where,
              fmt::format("The operator '{}' is not defined for the operand types {} and {}.", word,
                          type_name(left == 0 ? operands[0]->type : Type::boolean), type_name(operands[right]->type)));
        break;
      }
      if (bad) return unknown(e.span, Type::boolean);
      for (auto& o : operands) {
        if (o->type == Type::dynamic) o = call("tobool", {o});
      }
      return make_call(find_scalar(l.is_and ? "and" : "or"), Type::boolean, std::move(operands), e.span);
    }
    case NodeKind::in: return in(static_cast<const InExpression&>(e), row);
    case NodeKind::between: return between(static_cast<const BetweenExpression&>(e), row);
    case NodeKind::to_scalar: {
      const Expression& inner = *static_cast<const ToScalarExpression&>(e).value;
      const auto* name = as<NameExpression>(&inner);
      const Variable* variable = name != nullptr ? lookup(name->name.text) : nullptr;
      if (!is_table(inner) && (name == nullptr || (variable != nullptr && variable->kind == Variable::Kind::scalar))) return scalar(inner, {});
      PlanPtr plan = table(inner, {});
      if (plan == nullptr || plan->columns.empty()) return unknown(e.span);
      auto limit = std::make_shared<LimitPlan>();
      limit->columns = {plan->columns[0]};
      limit->input = select(plan, {{plan->columns[0], make_column(plan->columns[0])}});
      limit->count = make_long(1);
      auto q = std::make_shared<BoundExpression>();
      q->kind = BoundExpression::Kind::scalar_query;
      q->type = plan->columns[0].type;
      q->shape = plan->columns[0].shape;
      q->constant = true;
      q->span = e.span;
      q->plan = limit;
      return q;
    }
    case NodeKind::named: {
      error("KS006", e.span, "An assignment is not allowed in this context.");
      return unknown(e.span);
    }
    case NodeKind::star:
      error("KS006", e.span, "The wildcard is not allowed in this context.");
      return unknown(e.span);
    case NodeKind::ordered: return scalar(*static_cast<const OrderedExpression&>(e).value, row);
    default: break;
  }
  if (is_table(e, row)) {
    error("KS108", e.span, "Scalar value expected.");
    return unknown(e.span);
  }
  error("KS108", e.span, "Scalar value expected.");
  return unknown(e.span);
}

Expr Binder::boolean(const Expression& e, const Row& row, bool dynamic_too) {
  // `where Flag = true` is written for Flag == true; Kusto lets a named bool stand there.
  if (const auto* named = as<NamedExpression>(&e); named != nullptr && named->names.size() == 1) {
    Expr value = scalar(*named->value, row);
    const PlanColumn* c = row.input != nullptr ? find(*row.input, named->names[0].text) : nullptr;
    if (value->type == Type::boolean && c != nullptr) return binary(BinaryOperator::equal, make_column(*c), value, e.span, named->names[0].span);
    if (value->type == Type::boolean || value->type == kUnknown) return value;
    error("KS141", e.span, "The expression must have the type bool.");
    return unknown(e.span);
  }
  Expr value = scalar(e, row);
  if (value->type == Type::boolean || value->type == kUnknown) return value;
  if (value->type == Type::dynamic && dynamic_too) return call("tobool", {value});
  error("KS141", e.span, "The expression must have the type bool.");
  return unknown(e.span);
}

Expr Binder::constant(const Expression& e, const Row& row) {
  Row plain = row;
  plain.input = plain.right = nullptr;
  const std::size_t before = errors_;
  Expr value = scalar(e, row.input == nullptr ? plain : row);
  if (errors_ == before && !value->constant && value->type != kUnknown) {
    error("KS119", e.span, "The expression must be a constant.");
    return unknown(e.span);
  }
  return value;
}

std::optional<std::int64_t> Binder::constant_long(const Expression& e, const Row& row) {
  const Expr value = constant(e, row);
  if (is_literal(value) && is_integer(value->type) && !value->value.is_null) return value->value.integer;
  if (value->type == kUnknown) return std::nullopt;
  if (!is_integer(value->type)) error("KS134", e.span, "The expression value must be an integer.");
  return std::nullopt;
}

Expr Binder::name(const NameExpression& e, const Row& row) {
  const std::string_view text = e.name.text;
  if (e.name.missing) {
    ++errors_;
    return unknown(e.span);
  }
  if (e.name.braced) {
    client_parameter(e);
    return unknown(e.span);
  }
  if (row.names != nullptr) {
    if (Expr own = row.names->name(*this, e, row)) return own;
  }
  for (const Plan* plan : {row.input, row.right}) {
    if (plan == nullptr) continue;
    if (const PlanColumn* c = find(*plan, text)) return make_column(*c, e.span);
  }
  if (const Variable* v = lookup(text)) {
    switch (v->kind) {
      case Variable::Kind::scalar: return v->scalar;
      case Variable::Kind::unknown: ++errors_; return unknown(e.span);
      case Variable::Kind::function: {
        const Bound result = invoke(*v, text, {}, e.span, e.span, row);
        if (result.table) break;
        return result.scalar;
      }
      case Variable::Kind::table: break;
    }
    error("KS108", e.span, "Scalar value expected.");
    return unknown(e.span);
  }
  if (row.open) return unknown(e.span);
  for (const Plan* plan : {row.input, row.right}) {
    if (plan == nullptr || !plan->open) continue;
    const PlanColumn* inferred = infer(*plan, text);
    return inferred != nullptr ? make_column(*inferred, e.span) : unknown(e.span);
  }
  if (catalog_.find_table(text) != nullptr && permitted(text)) {
    error("KS108", e.span, "Scalar value expected.");
    return unknown(e.span);
  }
  unknown_name(e.span, text, row);
  return unknown(e.span);
}

Expr Binder::member(Expr target, std::string key, Span span) {
  return make_call(find_scalar(".member"), Type::dynamic, {std::move(target), make_string(std::move(key))}, span);
}

Expr Binder::element(Expr target, Expr index, Span span, Span selector_span, Span index_span) {
  // The language service follows what is inside of a dynamic; when a query runs, a key that does not fit gives null.
  const Shape inside = target->type == Type::dynamic ? target->shape : Shape{};
  if (options_.as_language_service && target->type == Type::dynamic && index->type != kUnknown) {
    const bool number = is_integer(index->type), text = index->type == Type::string, any = index->type == Type::dynamic;
    if (inside.kind == Shape::Kind::value) {
      error("KS147", selector_span, "The element access operator [] is not allowed in this context.");
      return unknown(span);
    }
    if (!any && ((inside.kind == Shape::Kind::array && !number) || (inside.kind == Shape::Kind::bag && !text))) {
      error("KS141", index_span, number ? "The expression must have the type string." : "The expression must have one of the types: int or long.");
      return unknown(span);
    }
  }
  Expr value = element(std::move(target), std::move(index), span);
  if (options_.as_language_service && inside.kind == Shape::Kind::array && inside.element != Type::dynamic && value->type == Type::dynamic) {
    return with_shape(value, {Shape::Kind::value, inside.element});
  }
  return value;
}

Expr Binder::element(Expr target, Expr index, Span span) {
  if (target->type == kUnknown || index->type == kUnknown) return unknown(span);
  if (index->type == Type::string) {
    return make_call(find_scalar(".member"), Type::dynamic, {std::move(target), std::move(index)}, span);
  }
  if (is_integer(index->type)) {
    return make_call(find_scalar(".element"), Type::dynamic, {std::move(target), convert(std::move(index), Type::int64)}, span);
  }
  if (index->type == Type::dynamic) {
    return make_call(find_scalar(".member"), Type::dynamic, {std::move(target), convert(std::move(index), Type::string)}, span);
  }
  error("KS141", index->span, "The expression must have one of the types: int, long or string.");
  return unknown(span);
}

Expr Binder::path(const PathExpression& e, const Row& row) {
  if (row.names != nullptr) {
    if (Expr own = row.names->path(*this, e, row)) return own;
  }
  // $left.x and $right.x of join conditions.
  if (const auto* n = as<NameExpression>(e.target); n != nullptr && (n->name.text == "$left" || n->name.text == "$right")) {
    const Plan* side = n->name.text == "$left" ? row.input : row.right;
    const auto* c = as<NameExpression>(e.selector);
    if (side != nullptr && c != nullptr) {
      const PlanColumn* found = find(*side, c->name.text);
      if (found == nullptr && side->open) found = infer(*side, c->name.text);
      if (found != nullptr) return make_column(*found, e.span);
      Row only{.input = side};
      unknown_name(c->span, c->name.text, only);
      return unknown(e.span);
    }
  }
  Expr target = scalar(*e.target, row);
  if (target->type == kUnknown) return target;
  if (const auto* b = as<BracketedExpression>(e.selector)) {
    if (target->type != Type::dynamic) {
      error("KS147", e.selector->span, "The element access operator [] is not allowed in this context.");
      return unknown(e.span);
    }
    return element(std::move(target), scalar(*b->inner, row), e.span, e.selector->span, b->inner->span);
  }
  const auto* n = as<NameExpression>(e.selector);
  if (n == nullptr || n->name.missing) {
    if (n == nullptr && !is<MissingExpression>(*e.selector)) error("KS108", e.selector->span, "A member name is expected.");
    ++errors_;
    return unknown(e.span);
  }
  if (target->type != Type::dynamic) {
    unknown_name(n->span, n->name.text, {});
    return unknown(e.span);
  }
  return member(std::move(target), std::string(n->name.text), e.span);
}

Expr Binder::binary(BinaryOperator op, Expr left, Expr right, Span span, Span operator_span) {
  if (left->type == kUnknown || right->type == kUnknown) {
    return unknown(span, type_beside_unknown(op, left->type, right->type));
  }
  const Type a = left->type, b = right->type;
  const auto refuse = [&](Span where) {
    error("KS106", where,
          fmt::format("The operator '{}' is not defined for the operand types {} and {}.", to_string(op), type_name(a), type_name(b)));
    return unknown(span);
  };
  switch (op) {
    case BinaryOperator::multiply:
    case BinaryOperator::divide:
    case BinaryOperator::modulo:
    case BinaryOperator::add:
    case BinaryOperator::subtract: {
      const auto type = arithmetic_type(op, a, b);
      if (!type) return refuse(operator_span);
      // The sum of two datetimes is none: it has a meaning only on the way to their middle.
      if (op == BinaryOperator::add && a == Type::datetime && b == a && !halving_ && !options_.as_language_service) return refuse(operator_span);
      if (Expr folded = fold(op, left, right, *type, span)) return folded;
      // A dynamic takes the other side's type; two of them are computed as reals unless both hold integers.
      if (a == Type::dynamic && b != Type::dynamic) left = convert(std::move(left), is_number(b) ? *type : b);
      else if (b == Type::dynamic && a != Type::dynamic) right = convert(std::move(right), is_number(a) ? *type : a);
      return make_call(find_scalar(to_string(op)), *type, {std::move(left), std::move(right)}, span);
    }
    case BinaryOperator::less:
    case BinaryOperator::less_or_equal:
    case BinaryOperator::greater:
    case BinaryOperator::greater_or_equal: {
      const auto numeric = [](Type t) { return is_number(t) || t == Type::boolean; };
      if (numeric(a) && numeric(b)) {
      } else if (a == Type::dynamic && b == Type::dynamic) {
      } else if (a == Type::dynamic && is_number(b)) {
        left = convert(std::move(left), is_number(b) && b != Type::decimal ? Type::real : b);
      } else if (b == Type::dynamic && is_number(a)) {
        right = convert(std::move(right), is_number(a) && a != Type::decimal ? Type::real : a);
      } else if (a == b && (a == Type::datetime || a == Type::timespan)) {
      } else {
        return refuse(operator_span);
      }
      return make_call(find_scalar(comparison_name(op)), Type::boolean, {std::move(left), std::move(right)}, span);
    }
    case BinaryOperator::equal:
    case BinaryOperator::not_equal: {
      // Everything compares with everything; what differs in kind is compared as text, or as a number.
      const auto numeric = [](Type t) { return is_number(t) || t == Type::boolean; };
      if (a != b && !(numeric(a) && numeric(b))) {
        if (a == Type::dynamic) left = convert(std::move(left), b == Type::boolean || is_integer(b) ? (b == Type::boolean ? b : Type::real) : b);
        else if (b == Type::dynamic) right = convert(std::move(right), a == Type::boolean || is_integer(a) ? (a == Type::boolean ? a : Type::real) : a);
        else if (a == Type::string) right = is_literal(right) || true ? right : right, left = call("to" + std::string(type_name(b)), {left});
        else if (b == Type::string) right = call("to" + std::string(type_name(a)), {right});
        else {
          left = convert(std::move(left), Type::string);
          right = convert(std::move(right), Type::string);
        }
      }
      return make_call(find_scalar(comparison_name(op)), Type::boolean, {std::move(left), std::move(right)}, span);
    }
    case BinaryOperator::search_colon: {
      if (a != Type::string) left = convert(std::move(left), Type::string);
      if (b != Type::string) right = convert(std::move(right), Type::string);
      return make_call(find_scalar("has"), Type::boolean, {std::move(left), std::move(right)}, span);
    }
    default: {  // text operators
      if (!is_text_like(a) || !is_text_like(b)) return refuse(operator_span);
      // An array or a bag is no term. The language service takes no dynamic there of which it knows what it holds.
      if (b == Type::dynamic && takes_a_term(op)) {
        const auto kind = right->shape.kind;
        if (kind == Shape::Kind::array || kind == Shape::Kind::bag || (kind == Shape::Kind::value && options_.as_language_service)) {
          return refuse(operator_span);
        }
      }
      if (a == Type::dynamic) left = convert(std::move(left), Type::string);
      if (b == Type::dynamic) right = convert(std::move(right), Type::string);
      if (op == BinaryOperator::matches_regex && is_literal(right)) {
        if (const auto problem = regex_problem(right->value.text)) {
          error("KS220", right->span.length > 0 ? right->span : operator_span, fmt::format("The regular expression is not valid: {}.", *problem));
          return unknown(span);
        }
      }
      const Function* f = find_scalar(to_string(op));
      if (f == nullptr) {
        not_supported(operator_span, fmt::format("The operator '{}'", to_string(op)));
        return unknown(span);
      }
      return make_call(f, Type::boolean, {std::move(left), std::move(right)}, span);
    }
  }
}

Expr Binder::in(const InExpression& e, const Row& row) {
  Expr left;
  const bool star = is<StarExpression>(*e.left);
  const std::string name(to_string(e.op));
  const bool text = e.op != InOperator::in && e.op != InOperator::not_in;
  const Function* f = find_scalar(name);
  if (star) {
    std::vector<Expr> terms;
    std::vector<Expr> items;
    for (const auto* i : e.list) items.push_back(scalar(*i, row));
    if (row.input != nullptr) {
      for (const auto& c : row.input->columns) {
        if (c.type != Type::string) continue;
        std::vector<Expr> arguments{make_column(c)};
        arguments.insert(arguments.end(), items.begin(), items.end());
        terms.push_back(make_call(f, Type::boolean, std::move(arguments), e.span));
      }
    }
    if (terms.empty()) return make_bool(false);
    return terms.size() == 1 ? terms[0] : make_call(find_scalar("or"), Type::boolean, terms, e.span);
  }
  left = scalar(*e.left, row);
  if (text && left->type != kUnknown && !is_text_like(left->type)) {
    error("KS107", e.left->span, "A value of type string or dynamic expected.");
    left = unknown(e.left->span);
  }
  if (text && left->type == Type::dynamic) left = convert(std::move(left), Type::string);
  if (e.list.size() == 1 && is_table(*e.list[0], row)) {
    PlanPtr plan = table(*e.list[0], row);
    if (plan == nullptr || plan->columns.empty() || left->type == kUnknown) return unknown(e.span, Type::boolean);
    Expr value = make_column(plan->columns[0]);
    Type type = left->type;
    // Both sides in one type: the left's, unless the right is wider.
    if (text) {
      if (value->type != Type::string) value = convert(value, Type::string);
    } else if (value->type != type) {
      if (const auto wide = wider(value->type, type)) {
        value = convert(value, *wide);
        left = convert(left, *wide);
      } else if (left->type == Type::dynamic) {
        left = convert(left, value->type);
      } else if (value->type == Type::dynamic || type == Type::string) {
        value = convert(value, type);
      } else {
        left = convert(left, Type::string);
        value = convert(value, Type::string);
      }
    }
    auto q = std::make_shared<BoundExpression>();
    q->kind = BoundExpression::Kind::in_query;
    q->type = Type::boolean;
    q->span = e.span;
    q->function = f;
    q->arguments = {left};
    q->plan = select(plan, {{new_column("value", value->type), value}});
    return q;
  }
  std::vector<Expr> arguments{left};
  bool bad = left->type == kUnknown;
  for (const auto* i : e.list) {
    Expr item = scalar(*i, row);
    if (item->type == kUnknown) bad = true;
    arguments.push_back(std::move(item));
  }
  if (bad) return unknown(e.span, Type::boolean);
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    Expr& item = arguments[i];
    const Type type = arguments[0]->type;
    if (item->type == Type::dynamic && type != Type::dynamic) continue;  // an array's elements, or one value
    if (item->type == type) continue;
    if (text) {
      item = convert(std::move(item), Type::string);
    } else if (is_number(item->type) && is_number(type)) {
      continue;
    } else if (type == Type::dynamic) {
      continue;
    } else {
      if (type == Type::guid && item->type != Type::string) item = convert(std::move(item), Type::string);
      item = call("to" + std::string(type_name(type)), {item});
    }
  }
  return make_call(f, Type::boolean, std::move(arguments), e.span);
}

Expr Binder::between(const BetweenExpression& e, const Row& row) {
  Expr value = scalar(*e.left, row);
  Expr low = scalar(*e.low, row);
  Expr high = scalar(*e.high, row);
  const Type t = value->type;
  if (t == kUnknown || low->type == kUnknown || high->type == kUnknown) return unknown(e.span, Type::boolean);
  const auto fits = [&](Expr& side, const Expression& syntax, bool is_high) {
    if (is_number(t) || t == Type::dynamic) {
      if (is_number(side->type)) return true;
      if (side->type == Type::dynamic && (t == Type::dynamic || !options_.as_language_service)) {
        side = convert(side, t == Type::dynamic ? Type::real : t);
        return true;
      }
      if (t == Type::dynamic && (side->type == Type::datetime || side->type == Type::timespan)) return true;
      error(side->type == Type::string || side->type == Type::boolean || side->type == Type::guid ? "KS137" : "KS141", syntax.span,
            "The expression value must be a number.");
      return false;
    }
    if (t == Type::datetime && side->type == Type::datetime) return true;
    if (t == Type::datetime && is_high && side->type == Type::timespan) {
      side = binary(BinaryOperator::add, low, side, e.span, e.operator_span);  // between (t .. 1d): from t on
      return true;
    }
    if (t == Type::timespan && side->type == Type::timespan) return true;
    error("KS141", syntax.span, fmt::format("The expression must have the type {}.", type_name(t)));
    return false;
  };
  if (!is_summable(t) && t != Type::dynamic) {
    error("KS106", e.operator_span, fmt::format("The operator '{}' is not defined for the operand types {}, {} and {}.", e.negated ? "!between" : "between",
                                                type_name(t), type_name(low->type), type_name(high->type)));
    return unknown(e.span, Type::boolean);
  }
  if (!fits(low, *e.low, false) || !fits(high, *e.high, true)) return unknown(e.span, Type::boolean);
  if (t == Type::dynamic) value = convert(std::move(value), is_number(low->type) ? Type::real : low->type);
  return make_call(find_scalar(e.negated ? "!between" : "between"), Type::boolean, {value, low, high}, e.span);
}

}  // namespace yagura::kql
