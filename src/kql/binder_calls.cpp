// Calls: registry functions, aggregates, window functions, lambdas; conversions; automatic column names.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql/binder.hpp"
#include "kql/compound.hpp"

namespace yagura::kql {

namespace {

Expr unknown(Span span, Type type = kUnknown) {
  auto e = std::make_shared<BoundExpression>();
  e->type = type;
  e->span = span;
  e->value.is_null = true;
  e->constant = true;
  return e;
}

std::string_view conversion_name(Type to) {
  switch (to) {
    case Type::boolean: return "tobool";
    case Type::int32: return "toint";
    case Type::int64: return "tolong";
    case Type::real: return "toreal";
    case Type::decimal: return "todecimal";
    case Type::string: return "tostring";
    case Type::datetime: return "todatetime";
    case Type::timespan: return "totimespan";
    case Type::guid: return "toguid";
    case Type::dynamic: return ".to_dynamic";
  }
  return "tostring";
}

// The message Kusto's language service gives for an argument of the wrong kind.
std::pair<std::string_view, std::string> wrong_argument(const ParameterSpec& p) {
  switch (p.family) {
    case Family::exact: return {"KS107", fmt::format("A value of type {} expected.", type_name(p.type))};
    case Family::string_or_dynamic: return {"KS141", "The expression must have one of the types: string or dynamic."};
    case Family::number: return {"KS137", "The expression value must be a number."};
    case Family::integer: return {"KS134", "The expression value must be an integer."};
    case Family::summable: return {"KS138", "The argument value must be summable: a number, timespan or datetime."};
    case Family::orderable:
    case Family::common_orderable:
      return {"KS206", "The argument value must be orderable: a number, timespan, datetime, string or boolean."};
    case Family::not_dynamic: return {"KS116", "The value of type 'dynamic' is not allowed in this context."};
    case Family::not_real_or_bool: return {"KS116", "A value of type real or bool is not allowed in this context."};
    case Family::array:
    case Family::bag: return {"KS141", "The expression must have the type dynamic."};
    case Family::string_or_array: return {"KS141", "The expression must have one of the types: string or dynamic."};
    case Family::integer_or_array: return {"KS134", "The expression value must be an integer or a dynamic array."};
    default: return {"KS107", "A value of another type is expected."};
  }
}

// The type that values of these types get where they must be one: the widest number, what is not dynamic, else dynamic.
std::optional<Type> common_type(std::span<const Type> types, bool dynamic_when_mixed) {
  std::optional<Type> common;
  bool any_dynamic = false;
  for (const Type t : types) {
    if (t == kUnknown) continue;
    if (t == Type::dynamic) {
      any_dynamic = true;
    } else if (!common || *common == t) {
      common = t;
    } else if (const auto wide = wider(*common, t)) {
      common = *wide;
    } else {
      return dynamic_when_mixed ? std::optional(Type::dynamic) : std::nullopt;
    }
  }
  if (!common) return any_dynamic ? Type::dynamic : kUnknown;
  return common;
}

}  // namespace

Expr Binder::convert(Expr e, Type to) {
  const Type from = e->type;
  if (from == to || from == kUnknown || to == kUnknown) return e;
  if (is_null_literal(e)) return make_null(to);
  if (is_literal(e)) {
    LiteralValue v = e->value;
    if (is_integer(from) && (to == Type::int64 || (to == Type::int32 && v.integer >= INT32_MIN && v.integer <= INT32_MAX))) {
      return make_literal(to, v, e->span);
    }
    if (is_integer(from) && to == Type::real) {
      v.real = static_cast<double>(v.integer);
      return make_literal(to, v, e->span);
    }
    if (is_integer(from) && to == Type::string) return make_string(std::to_string(v.integer), e->span);
  }
  return make_call(find_scalar(conversion_name(to)), to, {e}, e->span);
}

Expr Binder::call(std::string_view name, std::vector<Expr> arguments, Span span) {
  const Function* f = find_scalar(name);
  if (f == nullptr) {
    not_supported(span, fmt::format("The function '{}'", name));
    return unknown(span);
  }
  return matched_call(*f, std::move(arguments), {}, span, span);
}

Expr Binder::call(const Function& f, std::vector<Expr> arguments, Span span, Span name_span) {
  return matched_call(f, std::move(arguments), {}, span, name_span);
}

// What the language takes and the registry's function gets converted: a number for another kind of number.
static bool converts(const ParameterSpec& p, Type type) {
  const bool number = p.family == Family::integer || p.family == Family::number || (p.family == Family::exact && is_number(p.type));
  return number && (is_number(type) || type == Type::boolean);
}

Expr Binder::matched_call(const Function& f, std::vector<Expr> arguments, std::span<const Expression* const> syntax,
                          Span span, Span name_span) {
  const auto& signatures = signatures_of(f);
  const bool judged = std::exchange(judged_call_, false);
  // What the language allows and the registry does not is ours to mend, not a mistake of the query's.
  const auto refuse = [&](std::string_view code, Span where, std::string message) {
    if (judged) not_supported(where, fmt::format("The function '{}' with these arguments", f.name));
    else error(code, where, std::move(message));
  };
  const std::size_t count = arguments.size();
  std::vector<const SignatureSpec*> fitting;
  std::size_t minimum = SIZE_MAX, maximum = 0;
  for (const auto& s : signatures) {
    minimum = std::min(minimum, s.minimum);
    maximum = std::max(maximum, s.maximum);
    if (count >= s.minimum && count <= s.maximum) fitting.push_back(&s);
  }
  const auto argument_span = [&](std::size_t i) { return i < syntax.size() ? syntax[i]->span : arguments[i]->span; };
  // What the result would be, so that what follows isn't told wrong as well.
  const auto fallback = [&] {
    Type t = kUnknown;
    if (!signatures.empty() && signatures[0].rule == ResultRule::exact) t = signatures[0].type;
    auto e = std::make_shared<BoundExpression>();
    e->type = t;
    e->span = span;
    e->value.is_null = true;
    e->function = &f;
    return e;
  };
  // A repeated group must come whole.
  std::erase_if(fitting, [&](const SignatureSpec* s) {
    std::size_t group = 0;
    for (const auto& p : s->parameters) group += p.repeated ? 1 : 0;
    if (group < 2) return false;
    const std::size_t fixed = s->parameters.size() - group;
    return count < fixed || (count - fixed) % group != 0;
  });
  if (fitting.empty()) {
    const std::string_view name = text_of(name_span).empty() || name_span.length > 60 ? f.name : text_of(name_span);
    if (minimum == maximum || (maximum - minimum < 10 && signatures.size() > 1 && false)) {
      refuse("KS119", name_span, fmt::format("The function '{}' expects {} argument{}.", name, minimum, minimum == 1 ? "" : "s"));
    } else {
      refuse("KS120", name_span,
            maximum > 1000 ? fmt::format("The function '{}' expects {} or more arguments.", name, minimum)
                           : fmt::format("The function '{}' expects between {} and {} arguments.", name, minimum, maximum));
    }
    return fallback();
  }
  // The first signature that takes all arguments; else the one that goes furthest.
  const SignatureSpec* chosen = nullptr;
  const SignatureSpec* closest = fitting[0];
  std::size_t furthest = 0;
  std::size_t equally = 0;
  bool exact = false;
  for (const auto* s : fitting) {
    std::size_t i = 0;
    bool all_exact = true;
    while (i < count) {
      const ParameterSpec* p = s->parameter(i, count);
      if (p == nullptr || !(accepts(*p, arguments[i]->type) || (judged && converts(*p, arguments[i]->type)))) break;
      if (p->family == Family::exact && p->type != arguments[i]->type) all_exact = false;
      ++i;
    }
    if (i == count) {
      if (chosen == nullptr || (all_exact && !exact)) {
        chosen = s;
        exact = all_exact;
      }
    } else if (i > furthest) {
      furthest = i;
      closest = s;
      equally = 1;
    } else if (i == furthest) {
      ++equally;
    }
  }
  if (chosen == nullptr) {
    if (equally > 1 && furthest > 0) {
      std::string types;
      for (const auto& a : arguments) {
        if (!types.empty()) types += ", ";
        types += type_name(a->type);
      }
      refuse("KS127", name_span, fmt::format("The function '{}' is not compatible with arguments ({})", f.name, types));
    } else {
      const auto [code, message] = wrong_argument(*closest->parameter(furthest, count));
      refuse(code, argument_span(furthest), message);
    }
    return fallback();
  }
  // Common types.
  std::vector<Type> common_of;
  bool orderable = false, dynamic_when_mixed = false;
  for (std::size_t i = 0; i < count; ++i) {
    const Family family = chosen->parameter(i, count)->family;
    if (family == Family::common || family == Family::common_or_dynamic || family == Family::common_orderable) {
      common_of.push_back(arguments[i]->type);
      orderable = orderable || family == Family::common_orderable;
      dynamic_when_mixed = dynamic_when_mixed || family == Family::common_or_dynamic;
    }
  }
  Type common = kUnknown;
  if (!common_of.empty()) {
    const auto found = common_type(common_of, dynamic_when_mixed);
    if (!found) {
      refuse("KS232", name_span, "No common type can be determined from the arguments.");
      return fallback();
    }
    common = *found;
    if (!dynamic_when_mixed && !orderable && common_of[0] == Type::dynamic) common = Type::dynamic;
  }
  bool any_unknown = false;
  for (std::size_t i = 0; i < count; ++i) {
    const ParameterSpec* p = chosen->parameter(i, count);
    Expr& a = arguments[i];
    if (a->type == kUnknown) {
      any_unknown = true;
      continue;
    }
    switch (p->family) {
      case Family::exact: a = convert(std::move(a), p->type); break;
      case Family::text:
      case Family::string_or_dynamic: a = convert(std::move(a), Type::string); break;
      case Family::integer: a = convert(std::move(a), Type::int64); break;
      case Family::number:
        if (a->type == Type::boolean) a = convert(std::move(a), Type::int64);
        break;
      case Family::common:
      case Family::common_or_dynamic:
      case Family::common_orderable: a = convert(std::move(a), common); break;
      default: break;
    }
  }
  Type type = chosen->type;
  switch (chosen->rule) {
    case ResultRule::exact: break;
    case ResultRule::same: type = arguments.empty() ? kUnknown : arguments[0]->type; break;
    case ResultRule::first:
      type = arguments.empty() ? kUnknown : arguments[0]->type;
      if (type == Type::int32) type = Type::int64;
      break;
    case ResultRule::second: type = count > 1 ? arguments[1]->type : kUnknown; break;
    case ResultRule::widest: {
      type = arguments[0]->type;
      for (const auto& a : arguments) type = wider(type, a->type).value_or(type);
      if (type == Type::int32) type = Type::int64;
      break;
    }
    case ResultRule::common: type = common; break;
    case ResultRule::array: type = Type::dynamic; break;
    case ResultRule::type: type = kUnknown; break;
  }
  if (any_unknown) {
    auto e = fallback();
    e->type = type;
    e->value.is_null = true;
    return e;
  }
  return make_call(&f, type, std::move(arguments), span);
}

Expr Binder::call(const CallExpression& e, const Row& row) {
  const std::string_view name = e.name.text;
  if (row.names != nullptr) {
    if (Expr own = row.names->call(*this, e, row)) return own;
  }
  if (const Variable* v = lookup(name)) {
    if (v->kind == Variable::Kind::function) {
      const Bound result = invoke(*v, name, e.arguments, e.span, e.name.span, row);
      if (result.table) {
        error("KS108", e.span, "Scalar value expected.");
        return unknown(e.span);
      }
      return result.scalar;
    }
    if (v->kind == Variable::Kind::unknown) {
      ++errors_;
      return unknown(e.span);
    }
  }
  bool handled = false;
  Expr special = special_call(e, row, handled);
  if (handled) return special;
  // hll_merge() is both: within summarize it is the aggregate.
  const Function* as_aggregate = row.aggregates != nullptr ? find_aggregate(name) : nullptr;
  if (const Function* f = as_aggregate != nullptr ? nullptr : find_scalar(name); f != nullptr && name[0] != '.') {
    CallParts parts = parts_of(e, row);
    if (!judge(CallKind::function, e, parts)) return refused(e, parts);
    std::vector<Expr> arguments;
    std::vector<const Expression*> syntax;
    for (std::size_t i = 0; i < parts.values.size(); ++i) {
      if (parts.values[i] == nullptr) continue;
      arguments.push_back(parts.values[i]);
      syntax.push_back(e.arguments[i]);
    }
    Expr result = matched_call(*f, std::move(arguments), syntax, e.span, e.name.span);
    if (parts.wanted && result->type != kUnknown && result->type != *parts.wanted) result = convert(std::move(result), *parts.wanted);
    return judged(std::move(result), parts);
  }
  if (const Function* f = find_aggregate(name)) return aggregate_call(e, *f, row);
  if (const Function* f = find_window(name)) return window_call(e, *f, row);
  if (const Variable* f = stored_function(name)) {
    const Bound result = invoke(*f, name, e.arguments, e.span, e.name.span, row);
    if (result.table) {
      error("KS108", e.span, "Scalar value expected.");
      return unknown(e.span);
    }
    return result.scalar;
  }
  const CallKind kind = row.aggregates != nullptr && in_language(CallKind::aggregate, name) ? CallKind::aggregate : CallKind::function;
  if (is_known_function_name(name) || in_language(kind, name)) {
    CallParts parts = parts_of(e, row);
    if (judge(kind, e, parts)) not_supported(e.name.span, fmt::format("The function '{}'", name));
    return refused(e, parts);
  } else if (!broken_function(e.name.span, name)) {
    std::vector<std::string_view> names = scalar_names();
    for (const auto n : aggregate_names()) names.push_back(n);
    for (const auto n : catalog_.function_names()) {
      if (permitted(n)) names.push_back(n);
    }
    for (const Scope* s = scope_.get(); s != nullptr; s = s->parent.get()) {
      if (s->variable.kind == Variable::Kind::function) names.push_back(s->name);
    }
    error("KS211", e.name.span,
          fmt::format("The name '{}' does not refer to any known function{}", name, hint(name, names)));
  }
  for (const auto* a : e.arguments) {
    if (!is<StarExpression>(*a) && !is<TypeOfLiteral>(*a) && !is_table(*a, row)) {
      scalar(is<NamedExpression>(*a) ? *static_cast<const NamedExpression&>(*a).value : *a, row);
    }
  }
  return unknown(e.span);
}

// Functions that look at the query rather than at values.
Expr Binder::special_call(const CallExpression& e, const Row& row, bool& handled) {
  const std::string_view name = e.name.text;
  handled = true;
  if (name == "column_names_of") {
    PlanPtr plan = e.arguments.size() == 1 && is_table(*e.arguments[0], row) ? table(*e.arguments[0], row) : nullptr;
    if (plan == nullptr) {
      if (e.arguments.size() != 1) error("KS119", e.name.span, "The function 'column_names_of' expects 1 argument.");
      else if (!is_table(*e.arguments[0], row)) error("KS111", e.arguments[0]->span, "Tabular value expected.");
      return unknown(e.span, Type::dynamic);
    }
    std::vector<Expr> names;
    for (const auto& c : plan->columns) names.push_back(make_string(c.name));
    return make_call(find_scalar("pack_array"), Type::dynamic, std::move(names), e.span);
  }
  static constexpr std::string_view kSpecial[] = {"now", "ago", "bin_auto", "column_ifexists", "columnifexists", "iscolumnexists", "pack_all",
                                                  "bag_pack_columns", "ingestion_time", "current_database", "gettype"};
  const bool star = e.arguments.size() == 1 && is<StarExpression>(*e.arguments[0]);
  if (std::ranges::find(kSpecial, name) == std::end(kSpecial) && !(star && (name == "pack_array" || name == "estimate_data_size"))) {
    handled = false;
    return nullptr;
  }
  CallParts parts = parts_of(e, row);
  if (!judge(CallKind::function, e, parts)) return refused(e, parts);
  const auto& bound = parts.values;
  if (name == "now" || name == "ago") {
    LiteralValue v;
    v.integer = options_.now_ticks;
    Expr now = make_literal(Type::datetime, v, e.span);
    if (bound.empty()) return now;
    if (bound[0]->type == kUnknown) return unknown(e.span, Type::datetime);
    return binary(name == "now" ? BinaryOperator::add : BinaryOperator::subtract, now, bound[0], e.span, e.name.span);
  }
  if (name == "bin_auto") {
    if (bound.empty() || bound[0]->type == kUnknown) return unknown(e.span);
    if (bin_auto_size_ == nullptr) {
      error("YK023", e.name.span, "bin_auto() takes the size of its bins from a statement before the query: set query_bin_auto_size=1h;");
      return unknown(e.span);
    }
    const std::vector<const Expression*> syntax(3, e.arguments[0]);
    std::vector<Expr> arguments{bound[0], bin_auto_size_};
    if (bin_auto_at_ != nullptr) arguments.push_back(bin_auto_at_);
    return matched_call(*find_scalar(bin_auto_at_ != nullptr ? "bin_at" : "bin"), std::move(arguments), syntax, e.span, e.name.span);
  }
  if (name == "column_ifexists" || name == "columnifexists") {
    const Expr& wanted = bound[0];
    if (is_literal(wanted) && wanted->type == Type::string && row.input != nullptr) {
      if (const PlanColumn* c = find(*row.input, wanted->value.text)) {
        PlanColumn found = *c;
        if (options_.as_language_service) {  // the type of the default, whatever the column is
          found.type = bound[1]->type;
          found.shape = bound[1]->shape;
        }
        return make_column(found, e.span);
      }
    }
    return bound[1];
  }
  if (name == "iscolumnexists") {
    const Expr& wanted = bound[0];
    return make_bool(is_literal(wanted) && row.input != nullptr && find(*row.input, wanted->value.text) != nullptr);
  }
  if (name == "pack_all" || name == "bag_pack_columns" || star) {
    std::vector<Expr> arguments;
    bool ignore = false;
    const bool keys = name != "pack_array" && name != "estimate_data_size";
    if (name == "bag_pack_columns") {
      for (const auto* a : e.arguments) {
        const PlanColumn* c = row.input != nullptr ? column(*a, *row.input) : nullptr;
        if (c == nullptr) return unknown(e.span, Type::dynamic);
        arguments.push_back(make_string(c->name));
        arguments.push_back(make_column(*c, a->span));
      }
    } else {
      if (name == "pack_all" && !e.arguments.empty()) {
        const Expr& flag = bound[0];
        ignore = is_literal(flag) && (flag->value.boolean || flag->value.integer != 0);
      }
      if (row.input != nullptr) {
        for (const auto& c : row.input->columns) {
          if (keys) arguments.push_back(make_string(c.name));
          arguments.push_back(make_column(c, e.span));
        }
      }
    }
    if (name == "estimate_data_size") return call("estimate_data_size", std::move(arguments), e.span);
    if (arguments.empty()) {
      LiteralValue v;
      v.text = keys ? "{}" : "[]";
      return make_literal(Type::dynamic, v, e.span);
    }
    const Function* f = find_scalar(!keys ? "pack_array" : ignore ? ".pack_ignoring_empty" : "bag_pack");
    return make_call(f, Type::dynamic, std::move(arguments), e.span);
  }
  if (name == "ingestion_time" && e.arguments.empty()) {
    if (row.input != nullptr) {
      for (const auto n : {"_TimeIngested", "ingestion_time", "TimeGenerated"}) {
        if (const PlanColumn* c = find(*row.input, n); c != nullptr && c->type == Type::datetime) return make_column(*c, e.span);
      }
    }
    return make_null(Type::datetime);
  }
  if (name == "current_database" && e.arguments.empty()) return make_string("default");
  if (name == "gettype") {
    Expr value = bound[0];
    if (value->type == kUnknown) return unknown(e.span, Type::string);
    if (value->type != Type::dynamic) return make_string(std::string(is_null_literal(value) ? "null" : type_name(value->type)), e.span);
    return make_call(find_scalar("gettype"), Type::string, {value}, e.span);
  }
  handled = false;
  return nullptr;
}

Expr Binder::aggregate_call(const CallExpression& e, const Function& f, const Row& row) {
  if (row.aggregates == nullptr) {
    error("KS144", e.name.span, fmt::format("The aggregate function '{}' is not allowed in this context.", e.name.text));
    return unknown(e.span);
  }
  Row inner = row;
  inner.aggregates = nullptr;
  CallParts parts = parts_of(e, inner);
  if (!judge(CallKind::aggregate, e, parts)) return refused(e, parts);
  std::vector<Expr> arguments;
  std::vector<const Expression*> syntax;
  for (std::size_t i = 0; i < parts.values.size(); ++i) {
    if (parts.values[i] == nullptr) continue;
    arguments.push_back(parts.values[i]);
    syntax.push_back(e.arguments[i]);
  }
  Expr call = matched_call(f, std::move(arguments), syntax, e.span, e.name.span);
  if (call->type == kUnknown || call->function == nullptr || call->kind != BoundExpression::Kind::call) return judged(std::move(call), parts);
  auto aggregate = std::make_shared<BoundExpression>(*call);
  aggregate->kind = BoundExpression::Kind::aggregate;
  aggregate->constant = false;
  PlanColumn c = new_column("", call->type);
  row.aggregates->push_back({c, aggregate});
  Expr value = make_column(c, e.span);
  return judged(f.finish.empty() ? value : make_call(find_scalar(f.finish), call->type, {value}, e.span), parts);
}

Expr Binder::window_call(const CallExpression& e, const Function& f, const Row& row) {
  if (row.windows == nullptr) {
    error("KS145", e.name.span, fmt::format("The function '{}' is not allowed in this context.", e.name.text));
    return unknown(e.span);
  }
  std::vector<Expr> arguments;
  std::vector<const Expression*> syntax;
  Row inner = row;
  std::vector<std::pair<PlanColumn, Expr>> nested;
  inner.windows = &nested;
  CallParts parts = parts_of(e, inner);
  if (!judge(CallKind::function, e, parts)) return refused(e, parts);
  for (std::size_t i = 0; i < parts.values.size(); ++i) {
    if (parts.values[i] == nullptr) continue;
    arguments.push_back(parts.values[i]);
    syntax.push_back(e.arguments[i]);
  }
  // What stands in for a row that is not there has the column's type, or is null.
  if ((f.name == "prev" || f.name == "next") && arguments.size() == 3 && arguments[2]->type != arguments[0]->type && arguments[0]->type != kUnknown) {
    const Type wanted = arguments[0]->type, given = arguments[2]->type;
    const bool fits = promotes(given, wanted) || wanted == Type::string || wanted == Type::dynamic || given == Type::dynamic || (is_number(given) && is_number(wanted));
    arguments[2] = fits ? convert(arguments[2], wanted) : make_null(wanted);
  }
  // Windows inside of windows are computed first: the operator adds them one after the other.
  for (auto& n : nested) row.windows->push_back(std::move(n));
  Expr call = matched_call(f, std::move(arguments), syntax, e.span, e.name.span);
  if (call->type == kUnknown || call->kind != BoundExpression::Kind::call) return call;
  auto window = std::make_shared<BoundExpression>(*call);
  window->kind = BoundExpression::Kind::window;
  window->constant = false;
  PlanColumn c = new_column("", call->type);
  row.windows->push_back({c, window});
  return make_column(c, e.span);
}

// ---- names

namespace {

std::string joined(std::string prefix, const std::string& rest) { return prefix + "_" + rest; }

// Path and element access: d.x["y"][0] is d_x_y_0; the text of a number in a name has _ for what is no letter.
std::string access_name(const Expression& e, const Binder& binder) {
  switch (e.kind) {
    case NodeKind::name: return std::string(static_cast<const NameExpression&>(e).name.text);
    case NodeKind::parenthesized: return access_name(*static_cast<const ParenthesizedExpression&>(e).inner, binder);
    case NodeKind::path: {
      const auto& p = static_cast<const PathExpression&>(e);
      const std::string target = binder.name_of(*p.target, nullptr);
      std::string selector;
      if (const auto* n = as<NameExpression>(p.selector)) selector = n->name.text;
      else if (const auto* b = as<BracketedExpression>(p.selector)) {
        if (const auto* l = as<Literal>(b->inner)) selector = l->type == Type::string ? std::string(l->text) : std::string(binder.text_of(l->span));
      }
      if (target.empty() || selector.empty()) return "";
      return joined(target, selector);
    }
    case NodeKind::element: {
      const auto& x = static_cast<const ElementExpression&>(e);
      const std::string target = binder.name_of(*x.target, nullptr);
      const auto* b = as<BracketedExpression>(x.selector);
      const auto* l = b != nullptr ? as<Literal>(b->inner) : nullptr;
      if (target.empty()) return "";
      if (l == nullptr) return target + "_";
      return joined(target, l->type == Type::string ? std::string(l->text) : std::string(binder.text_of(l->span)));
    }
    default: return "";
  }
}

}  // namespace

std::string Binder::name_of(const Expression& e, const Expr& value) const {
  switch (e.kind) {
    case NodeKind::name:
    case NodeKind::path:
    case NodeKind::element: return access_name(e, *this);
    case NodeKind::parenthesized: return name_of(*static_cast<const ParenthesizedExpression&>(e).inner, value);
    case NodeKind::ordered: return name_of(*static_cast<const OrderedExpression&>(e).value, value);
    case NodeKind::named: {
      const auto& n = static_cast<const NamedExpression&>(e);
      return n.names.empty() ? "" : std::string(n.names[0].text);
    }
    case NodeKind::call: {
      const auto& c = static_cast<const CallExpression&>(e);
      const std::string_view name = c.name.text;
      if (const Variable* v = lookup(name); v != nullptr && v->kind == Variable::Kind::function) return "";
      const auto first = [&]() -> std::string { return c.arguments.empty() ? "" : name_of(*c.arguments[0], nullptr); };
      if (name == "column_ifexists" || name == "columnifexists") {
        if (c.arguments.empty() || value == nullptr || value->kind != BoundExpression::Kind::column) return "";
        if (const auto* l = as<Literal>(c.arguments[0]); l != nullptr && l->type == Type::string) return std::string(l->text);
        return "";
      }
      if (name == "ingestion_time") return "$IngestionTime";
      if (name == "bin_auto") return first();
      if (name == "take_any" && c.arguments.size() == 1) return first().empty() ? "any_arg0" : first();
      if (name == "array_sort_asc" || name == "array_sort_desc") return first().empty() ? "" : first() + "_sorted";
      const Function* f = find_scalar(name);
      // tdigest_merge and hll_merge are both; those of one sketch are the aggregates.
      if (f == nullptr || (c.arguments.size() == 1 && find_aggregate(name) != nullptr)) f = find_aggregate(name);
      if (f == nullptr) return "";
      if (name == "percentile" && c.arguments.size() == 2) return joined(joined("percentile", first()), percentile_name(text_of(c.arguments[1]->span)));
      if (name == "percentilew" && c.arguments.size() == 3) return joined(joined("percentile", first()), percentile_name(text_of(c.arguments[2]->span)));
      const std::string prefix(f->prefix.empty() ? name : f->prefix);
      switch (f->naming) {
        case ResultName::none: return "";
        case ResultName::first_argument: return first();
        case ResultName::only_argument: return c.arguments.size() == 1 ? first() : "";
        case ResultName::name_and_first_argument: {
          return c.arguments.empty() ? std::string(name) + "_" : joined(std::string(name), first());
        }
        case ResultName::prefix_and_first_argument: return joined(prefix, first());
        case ResultName::prefix_only: return prefix;
      }
      return "";
    }
    default: return "";
  }
}

// A column's name, in parentheses perhaps.
static bool is_column_text(const Expression& e) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return is_column_text(*p->inner);
  if (is<NameExpression>(e)) return true;
  const auto* p = as<PathExpression>(&e);
  const auto* n = p != nullptr ? as<NameExpression>(p->target) : nullptr;
  return n != nullptr && (n->name.text == "$left" || n->name.text == "$right");
}

static bool find_by_id(const Row& row, ColumnId id) {
  for (const Plan* plan : {row.input, row.right}) {
    if (plan != nullptr && std::ranges::any_of(plan->columns, [&](const auto& c) { return c.id == id; })) return true;
  }
  return false;
}

// A conversion of a column to the type it has is the column.
static bool converts_nothing(const Expression& e, const Expr& bound) {
  static constexpr std::string_view kConversions[] = {"tobool", "todatetime", "todecimal", "todouble", "todynamic", "toguid", "toint",
                                                      "tolong", "toreal", "tostring", "totime", "totimespan"};
  const auto* c = as<CallExpression>(&e);
  return c != nullptr && c->arguments.size() == 1 && is<NameExpression>(*c->arguments[0]) && bound->kind == BoundExpression::Kind::call &&
         bound->arguments.size() == 1 && bound->arguments[0]->kind == BoundExpression::Kind::column &&
         bound->arguments[0]->type == bound->type && std::ranges::find(kConversions, c->name.text) != std::end(kConversions);
}

// The values of one item of project, extend, summarize, print.
std::vector<NamedValue> Binder::items(const Expression& e, const Row& row, bool& explicit_names) {
  const auto* named = as<NamedExpression>(&e);
  const Expression* value = named != nullptr ? named->value : &e;
  while (const auto* p = as<ParenthesizedExpression>(value)) {
    if (!is<CallExpression>(*p->inner)) break;
    value = p->inner;
  }
  std::vector<NamedValue> result;
  explicit_names = named != nullptr;
  bool handled = false;
  if (const auto* c = as<CallExpression>(value)) {
    if (lookup(c->name.text) == nullptr) result = several(*c, row, handled);
    for (auto& v : result) v.part = true;
  }
  if (!handled) {
    Expr bound = scalar(*value, row);
    std::string name = named != nullptr ? "" : name_of(*value, bound);
    if (named != nullptr && named->compound && named->names.size() > 1 && bound->type != kUnknown) {
      error("KS149", named->names[0].span.length > 0 ? Span{named->span.start, named->value->span.start > named->span.start ? named->names.back().span.end() + 1 - named->span.start : named->span.length} : named->span,
            "The expression does not have multiple named values.");
    }
    if (converts_nothing(*value, bound)) bound = bound->arguments[0];
    const bool column = bound->kind == BoundExpression::Kind::column && (is_column_text(*value) || is<CallExpression>(*value)) && find_by_id(row, bound->column);
    result.push_back({std::move(name), std::move(bound), false, column});
  }
  if (named != nullptr) {
    for (std::size_t i = 0; i < named->names.size() && i < result.size(); ++i) {
      if (!named->names[i].missing) result[i].name = named->names[i].text;
    }
  }
  return result;
}

// Calls that give several columns.
// 50, or what stands inside decimal(50).
std::string_view Binder::number_text(const Expression& e) const {
  std::string_view text = text_of(e.span);
  const auto open = text.find('(');
  return open == std::string_view::npos || !text.ends_with(')') ? text : trim(text.substr(open + 1, text.size() - open - 2));
}

std::vector<NamedValue> Binder::several(const CallExpression& e, const Row& row, bool& handled) {
  const std::string_view name = e.name.text;
  std::vector<NamedValue> result;
  const bool arg = name == "arg_max" || name == "arg_min" || name == "argmax" || name == "argmin";
  const bool any = row.names == nullptr && (name == "take_any" || name == "any") &&
                   (e.arguments.size() > 1 || (e.arguments.size() == 1 && is<StarExpression>(*e.arguments[0])));
  const bool percentiles = name == "percentiles" || name == "percentilesw";
  if (arg || any || percentiles) {
    handled = true;
    if (row.aggregates == nullptr) {
      error("KS144", e.name.span, fmt::format("The aggregate function '{}' is not allowed in this context.", name));
      return {{"", unknown(e.span)}};
    }
    Row inner = row;
    inner.aggregates = nullptr;
    CallParts parts = parts_of(e, inner);
    if (!judge(CallKind::aggregate, e, parts)) return {{"", refused(e, parts)}};
    const auto aggregate = [&](std::string_view function, Type type, std::vector<Expr> arguments) {
      auto a = std::make_shared<BoundExpression>();
      a->kind = BoundExpression::Kind::aggregate;
      a->type = type;
      a->span = e.span;
      a->function = find_aggregate(function);
      a->arguments = std::move(arguments);
      PlanColumn c = new_column("", type);
      row.aggregates->push_back({c, a});
      return make_column(c, e.span);
    };
    if (percentiles) {
      const bool weighted = name == "percentilesw";
      const std::size_t first = weighted ? 2 : 1;
      const Expr& value = parts.values[0];
      const std::string base = joined("percentile", name_of(*e.arguments[0], value));
      const Expr weight = weighted ? parts.values[1] : nullptr;
      for (std::size_t i = first; i < e.arguments.size(); ++i) {
        const Expr& p = parts.values[i];
        const std::string column_name = joined(base, is<Literal>(*e.arguments[i]) ? percentile_name(number_text(*e.arguments[i])) : "");
        if (value->type == kUnknown || p->type == kUnknown) {
          result.push_back({column_name, unknown(e.span)});
          continue;
        }
        std::vector<Expr> arguments{value};
        if (weighted) arguments.push_back(weight);
        arguments.push_back(convert(p, Type::real));
        result.push_back({column_name, aggregate(weighted ? "percentilew" : "percentile",
                                                 value->type == Type::int32 ? Type::int64 : value->type == Type::decimal ? Type::real : value->type, std::move(arguments))});
      }
      return result;
    }
    Expr key;
    std::size_t first = 0;
    const bool old = name == "argmax" || name == "argmin";
    const bool is_max = name == "arg_max" || name == "argmax";
    const std::string word = is_max ? "max" : "min";
    std::string key_name;
    if (arg) {
      key = parts.values[0];
      key_name = name_of(*e.arguments[0], key);
      result.push_back({old ? joined(word, key_name) : key_name.empty() ? word + "_" : key_name,
                        key->type == kUnknown ? key : aggregate(word, key->type, {key})});
      first = 1;
    }
    // The name of a value: argmax's are max_KEY_NAME, any's any_NAME.
    const auto part_name = [&](const std::string& own, std::size_t position) {
      std::string text = own;
      if (text.empty()) {
        const std::string number = "arg" + std::to_string(position);
        text = arg && !old ? joined(joined(word, key_name), number) : name == "take_any" ? "any_" + number : number;
      }
      if (old) return joined(joined(word, key_name), text);
      return name == "any" ? joined("any", text) : text;
    };
    const auto pick = [&](Expr value) {
      if (value->type == kUnknown || (arg && key->type == kUnknown)) return unknown(e.span);
      const Type type = value->type;
      if (!arg) return aggregate(".any_of_row", type, {value});
      return aggregate(name == "arg_max" || name == "argmax" ? "arg_max" : "arg_min", type, {key, value});
    };
    for (std::size_t i = first; i < e.arguments.size(); ++i) {
      if (is<StarExpression>(*e.arguments[i])) {
        if (row.input == nullptr) continue;
        for (const auto& c : row.input->columns) {
          // The keys of the group and the maximised column stand there already.
          if (std::ranges::find(row.star_excludes, c.name) != row.star_excludes.end()) continue;
          if (arg && key->kind == BoundExpression::Kind::column && key->column == c.id) continue;
          result.push_back({part_name(c.name, i), pick(make_column(c, e.span))});
        }
      } else {
        std::string column_name = part_name(name_of(*e.arguments[i], nullptr), i);
        result.push_back({std::move(column_name), pick(parts.values[i])});
      }
    }
    return result;
  }
  if ((name == "array_sort_asc" || name == "array_sort_desc") && e.arguments.size() > 1) {
    CallParts parts = parts_of(e, row);
    std::vector<Expr> arguments = parts.values;
    const std::vector<const Expression*> syntax(e.arguments.begin(), e.arguments.end());
    for (const auto& a : arguments) {
      if (a == nullptr) return result;
    }
    std::size_t arrays = arguments.size();
    if (arguments.back()->type == Type::boolean) --arrays;
    if (arrays < 2) return result;
    handled = true;
    if (!judge(CallKind::function, e, parts)) return {{"", refused(e, parts)}};
    Expr whole = matched_call(*find_scalar(name), std::move(arguments), syntax, e.span, e.name.span);
    for (std::size_t i = 0; i < arrays; ++i) {
      const std::string own = name_of(*e.arguments[i], nullptr);
      result.push_back({(own.empty() ? "array" + std::to_string(i) : own) + "_sorted",
                        whole->type == kUnknown ? unknown(e.span) : element(whole, make_long(static_cast<std::int64_t>(i)), e.span)});
    }
    return result;
  }
  // Functions over series: one array, taken apart.
  const auto parts = compound_parts(name);
  if (!parts.empty()) {
    handled = true;
    CallParts checked = parts_of(e, row);
    if (!judge(CallKind::function, e, checked)) return {{"", refused(e, checked)}};
    std::vector<Expr> arguments;
    std::vector<const Expression*> syntax;
    for (std::size_t i = 0; i < checked.values.size(); ++i) {
      if (checked.values[i] == nullptr) continue;
      arguments.push_back(checked.values[i]);
      syntax.push_back(e.arguments[i]);
    }
    const std::string base = e.arguments.empty() ? std::string(name) : joined(std::string(name), name_of(*e.arguments[0], nullptr));
    const Function* f = find_scalar(name);
    Expr whole = f != nullptr ? matched_call(*f, std::move(arguments), syntax, e.span, e.name.span) : nullptr;
    if (whole == nullptr) not_supported(e.name.span, fmt::format("The function '{}'", name));
    std::int64_t index = 0;
    for (const auto& part : parts) {
      Expr value = whole == nullptr || whole->type == kUnknown || !whole->function || whole->kind != BoundExpression::Kind::call
                       ? unknown(e.span, whole == nullptr ? kUnknown : part.type)
                       : convert(element(whole, make_long(index), e.span), part.type);
      result.push_back({joined(base, std::string(part.name)), std::move(value)});
      ++index;
    }
    return result;
  }
  return result;
}

}  // namespace yagura::kql
