// let, lambdas, stored functions, query parameters, set.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "kql/binder.hpp"

namespace yagura::kql {

Bound Binder::evaluate(const Expression& e, const Row& row) {
  if (is_table(e, row)) return {.scalar = nullptr, .table = table(e, row)};
  return {.scalar = scalar(e, row), .table = nullptr};
}

void Binder::statement(const Statement& s, Bound* result) {
  switch (s.kind) {
    case NodeKind::let: let(static_cast<const LetStatement&>(s)); break;
    case NodeKind::expression_statement: {
      const Expression& e = *static_cast<const ExpressionStatement&>(s).value;
      if (is<NameExpression>(e) || is<CallExpression>(e)) {
        // A lone name is a table first of all.
        const auto* n = as<NameExpression>(&e);
        const Variable* v = n != nullptr ? lookup(n->name.text) : nullptr;
        const bool scalar_variable = v != nullptr && (v->kind == Variable::Kind::scalar || (v->kind == Variable::Kind::function && !v->tabular_function));
        const bool stored = n != nullptr && permitted(n->name.text) && (catalog_.find_table(n->name.text) != nullptr || stored_function(n->name.text) != nullptr);
        if (n != nullptr && v == nullptr && !stored && !n->name.missing && !n->name.braced && !broken_function(n->span, n->name.text)) {
          // It might have been meant for a value as well.
          unknown_name(n->span, n->name.text, {});
          break;
        }
        if (n != nullptr && !scalar_variable) {
          *result = {.scalar = nullptr, .table = table(e)};
          break;
        }
      }
      *result = evaluate(e, {});
      break;
    }
    case NodeKind::set: {
      const auto& set = static_cast<const SetStatement&>(s);
      if (set.name.text == "notruncation") query_.no_truncation = true;
      if (set.name.text == "truncationmaxrecords" && set.value != nullptr) {
        query_.truncation_max_records = constant_long(*set.value, {}).value_or(0);
      }
      if (set.name.text == "truncationmaxsize" && set.value != nullptr) query_.truncation_max_size = constant_long(*set.value, {}).value_or(0);
      if (set.name.text == "query_bin_auto_size" && set.value != nullptr) bin_auto_size_ = constant(*set.value, {});
      if (set.name.text == "query_bin_auto_at" && set.value != nullptr) bin_auto_at_ = constant(*set.value, {});
      if (set.name.text == "query_take_max_records" && set.value != nullptr) query_.take_max_records = constant_long(*set.value, {}).value_or(0);
      break;
    }
    case NodeKind::query_parameters: query_parameters(static_cast<const QueryParametersStatement&>(s)); break;
    case NodeKind::pattern:
      if (patterns_.size() >= 1000) error("YK003", s.span, "A query holds at most 1000 patterns.");
      else patterns_[&static_cast<const PatternStatement&>(s)] = {scope_, restriction_};
      break;
    case NodeKind::restrict: restrict_access(static_cast<const RestrictStatement&>(s)); break;
    case NodeKind::alias: error("KS207", s.span, "alias database reaches into another cluster, which is not supported."); break;
    default: break;
  }
}

void Binder::let(const LetStatement& s) {
  const std::string name(s.name.text);
  if (!s.name.missing && lookup(name) != nullptr && !at_) {
    bool here = false;  // inner scopes may hide outer names; the same scope may not
    for (const auto* other : tree_.statements) {
      const auto* l = as<LetStatement>(other);
      if (l == &s) break;
      here = here || (l != nullptr && l->name.text == name);
    }
    if (here) error("KS201", s.name.span, fmt::format("A variable with the name '{}' has already been declared.", name));
  }
  Variable v;
  const Expression* value = s.value;
  while (const auto* p = as<ParenthesizedExpression>(value)) {
    if (!is<LambdaExpression>(*p->inner) && !is<ParenthesizedExpression>(*p->inner)) break;
    value = p->inner;
  }
  if (const auto* lambda = as<LambdaExpression>(value)) {
    v = function_variable(*lambda);
    check_definition(v);
  } else if (is<EntityGroupExpression>(*value)) {
    not_supported(value->span, "entity_group");
  } else if (is_table(*value)) {
    if (PlanPtr plan = table(*value)) {
      v.kind = Variable::Kind::table;
      const auto* inner = as<ReferencePlan>(plan);
      if (inner != nullptr && inner->target->materialized && inner->target->name.empty()) {
        v.table = share(name, inner->target->plan, true);
      } else {
        v.table = share(name, std::move(plan));
      }
    }
  } else if (const auto* n = as<NameExpression>(value); n != nullptr && lookup(n->name.text) == nullptr) {
    // Neither a table nor a variable.
    error("KS142", n->span,
          fmt::format("The name '{}' does not refer to any known column, table, variable or function.", n->name.text));
  } else {
    Expr e = scalar(*value, {});
    if (e->type != kUnknown) {
      v.kind = Variable::Kind::scalar;
      v.scalar = std::move(e);
    }
  }
  declare(name, std::move(v));
}

Variable Binder::function_variable(const LambdaExpression& lambda) {
  Variable v;
  v.kind = Variable::Kind::function;
  v.lambda = &lambda;
  v.closure = scope_;
  v.restriction = restriction_;
  v.is_view = lambda.is_view;
  v.tabular_function = tabular_body(lambda);
  return v;
}

// Decides by the look of the result, with the names that parameters and inner lets would have.
bool Binder::tabular_body(const LambdaExpression& lambda) const {
  if (lambda.result == nullptr) return false;
  auto& self = const_cast<Binder&>(*this);
  const ScopePtr before = scope_;
  for (const auto& p : lambda.parameters) {
    Variable v;
    v.kind = p.tabular ? Variable::Kind::table : Variable::Kind::scalar;
    self.declare(std::string(p.name.text), v);
  }
  for (const auto* s : lambda.statements) {
    const auto* l = as<LetStatement>(s);
    if (l == nullptr) continue;
    Variable v;
    if (const auto* inner = as<LambdaExpression>(l->value)) {
      v.kind = Variable::Kind::function;
      v.tabular_function = tabular_body(*inner);
    } else {
      v.kind = is_table(*l->value) ? Variable::Kind::table : Variable::Kind::scalar;
    }
    self.declare(std::string(l->name.text), v);
  }
  const bool result = is_table(*lambda.result);
  self.scope_ = before;
  return result;
}

// Binds the body once with stand-ins for the parameters, so that its mistakes are told where they are.
void Binder::check_definition(Variable& f) {
  for (const auto& p : f.lambda->parameters) {
    if (p.tabular && (p.schema.any_first || p.schema.columns.empty())) return;  // columns are known only at the call
    if (!p.tabular && !p.type.type) {
      ++errors_;  // the parser has said so
      f.has_errors = true;
    }
  }
  if (f.has_errors || f.lambda->result == nullptr) return;
  const std::size_t before = errors_, told = diagnostics_.size();
  const bool outer_open = open_definition_;
  open_definition_ = false;
  const ScopePtr outer = scope_;
  const RestrictionPtr restricted = restriction_;
  for (const auto& p : f.lambda->parameters) {
    Variable v;
    if (p.tabular) {
      std::vector<PlanColumn> columns;
      for (const auto* c : p.schema.columns) columns.push_back({0, std::string(c->name.text), c->type.type.value_or(Type::string)});
      v.kind = Variable::Kind::table;
      PlanPtr table = empty_table(columns);
      // (*): columns are known only at the call.
      if (p.schema.any_first || columns.empty()) table = opened(std::move(table));
      v.table = share(std::string(p.name.text), std::move(table));
    } else {
      auto e = std::make_shared<BoundExpression>();
      e->kind = BoundExpression::Kind::parameter;
      e->type = *p.type.type;
      e->constant = true;
      v.kind = Variable::Kind::scalar;
      v.scalar = e;
    }
    declare(std::string(p.name.text), std::move(v));
  }
  for (const auto* s : f.lambda->statements) statement(*s, nullptr);
  evaluate(*f.lambda->result, {});
  scope_ = outer;
  restriction_ = restricted;
  if (open_definition_) {
    // Its table is known only at the call: what was found wrong here may be right there.
    diagnostics_.resize(told);
    errors_ = before;
  }
  open_definition_ = outer_open;
  f.has_errors = errors_ > before;
}

const Variable* Binder::stored_function(std::string_view name) {
  if (!permitted(name)) return nullptr;
  const auto it = stored_.find(std::string(name));
  if (it != stored_.end()) return it->second.lambda != nullptr ? &it->second : nullptr;
  const StoredFunction* f = catalog_.find_function(name);
  if (f == nullptr) return nullptr;
  std::string body = f->body;
  const std::string_view trimmed = trim(body);
  if (!trimmed.starts_with('{')) body = "{\n" + body + "\n}";
  const std::string parameters = trim(f->parameters).starts_with('(') ? f->parameters : "(" + f->parameters + ")";
  auto parsed = std::make_unique<ParseResult>(parse("let f = " + parameters + " " + body + ";"));
  Variable v;
  if (!parsed->tree.statements.empty()) {
    if (const auto* l = as<LetStatement>(parsed->tree.statements[0])) v.lambda = as<LambdaExpression>(l->value);
  }
  auto& slot = stored_[std::string(name)];  // known from here on, so that a function which calls itself ends
  const std::size_t body_start = std::string_view("let f = ").size() + parameters.size() + 1 + (body.size() == f->body.size() ? 0 : 2);
  if (v.lambda == nullptr || !parsed->ok()) {
    v.lambda = nullptr;
    std::string why = "it is no function";
    for (const auto& d : parsed->diagnostics) {
      if (d.severity != Diagnostic::Severity::error) continue;
      Diagnostic place;
      place.start = d.start >= body_start ? static_cast<std::uint32_t>(d.start - body_start) : 0;
      locate(place, f->body);
      why = d.start >= body_start ? fmt::format("line {}, column {}: {}", place.line, place.column, d.message) : fmt::format("its parameters: {}", d.message);
      break;
    }
    broken_[std::string(name)] = std::move(why);
  } else {
    v.stored_text = &parsed->tree;
    v.body_start = body_start;
    v.kind = Variable::Kind::function;
    slot = v;
    const ScopePtr before = scope_;
    const RestrictionPtr restricted = std::exchange(restriction_, nullptr);
    scope_ = nullptr;
    v.tabular_function = tabular_body(*v.lambda);
    scope_ = before;
    restriction_ = restricted;
  }
  slot = v;
  parsed_.push_back(std::move(parsed));
  return slot.lambda != nullptr ? &slot : nullptr;
}

const Variable* Binder::stored_function(const CallExpression& call, const Row& row) {
  const std::string_view name = call.name.text;
  if (!call.arguments.empty() && catalog_.find_function(name) != nullptr) {
    const auto* literal = as<Literal>(call.arguments[0]);
    const auto* variable = as<NameExpression>(call.arguments[0]);
    const Variable* value = variable != nullptr ? lookup(variable->name.text) : nullptr;
    if (literal != nullptr || (value != nullptr && value->kind == Variable::Kind::scalar)) {
      const Expr first = constant(*call.arguments[0], row);
      if (is_literal(first) && first->type == Type::string)
        if (const Variable* special = stored_function(fmt::format("{}('{}')", name, first->value.text))) return special;
    }
  }
  return stored_function(name);
}

Bound Binder::invoke(const Variable& f, std::string_view name, std::span<const Expression* const> arguments, Span,
                     Span name_span, const Row& row, PlanPtr piped) {
  const LambdaExpression& lambda = *f.lambda;
  const Bound nothing{.scalar = std::make_shared<BoundExpression>(), .table = nullptr};
  if (depth_ >= 64) {
    error("YK004", name_span, fmt::format("The function '{}' calls itself, or calls nest deeper than 64.", name));
    return nothing;
  }
  // Which argument goes where.
  const std::size_t count = lambda.parameters.size();
  std::vector<const Expression*> given(count, nullptr);
  std::size_t position = piped ? 1 : 0;
  bool wrong = false;
  for (const auto* a : arguments) {
    const Expression* value = a;
    std::size_t slot = position;
    if (const auto* named = as<NamedExpression>(a); named != nullptr && named->names.size() == 1) {
      slot = count;
      for (std::size_t i = 0; i < count; ++i) {
        if (lambda.parameters[i].name.text == named->names[0].text) slot = i;
      }
      if (slot == count) {
        error("KS196", named->names[0].span, "The argument name does not refer to a declared parameter.");
        return nothing;
      }
      value = named->value;
    }
    ++position;
    if (slot >= count) {
      wrong = true;
      break;
    }
    given[slot] = value;
  }
  std::size_t required = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool needed = lambda.parameters[i].default_value == nullptr;
    required += needed ? 1 : 0;
    if (needed && given[i] == nullptr && !(piped && i == 0)) wrong = true;
  }
  if (wrong) {
    error(required == count ? "KS119" : "KS120", name_span,
          required == count ? fmt::format("The function '{}' expects {} argument{}.", name, count, count == 1 ? "" : "s")
                            : fmt::format("The function '{}' expects between {} and {} arguments.", name, required, count));
    return nothing;
  }
  // Values, in the caller's scope.
  std::vector<Variable> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const FunctionParameter& p = lambda.parameters[i];
    Variable& v = values[i];
    if (p.tabular) {
      PlanPtr plan = piped && i == 0 ? piped : given[i] != nullptr ? table(*given[i], row) : nullptr;
      if (plan == nullptr) return nothing;
      for (const auto* c : p.schema.columns) {
        const PlanColumn* found = find(*plan, c->name.text);
        if (found == nullptr || (c->type.type && found->type != *c->type.type && !promotes(found->type, *c->type.type))) {
          error("KS110", given[i] != nullptr ? given[i]->span : name_span,
                fmt::format("The table given for '{}' has no column '{}' of type {}.", p.name.text, c->name.text, c->type.text));
          return nothing;
        }
      }
      v.kind = Variable::Kind::table;
      v.table = share(std::string(p.name.text), std::move(plan));
    } else {
      Expr e;
      if (given[i] != nullptr) {
        e = scalar(*given[i], row);
      } else {
        const ScopePtr before = scope_;
        const RestrictionPtr restricted = std::exchange(restriction_, f.restriction);
        scope_ = f.closure;
        e = scalar(*p.default_value, {});
        scope_ = before;
        restriction_ = restricted;
      }
      if (p.type.type && e->type != kUnknown && e->type != *p.type.type) e = convert(std::move(e), *p.type.type);
      v.kind = e->type == kUnknown ? Variable::Kind::unknown : Variable::Kind::scalar;
      v.scalar = std::move(e);
    }
  }
  const ScopePtr caller = scope_;
  const RestrictionPtr caller_restriction = std::exchange(restriction_, f.restriction);
  const auto caller_at = at_;
  const bool caller_quiet = quiet_;
  const auto caller_inside = std::tuple(inside_, inside_text_, inside_start_);
  if (f.stored_text != nullptr) {
    inside_ = name;
    inside_text_ = f.stored_text;
    inside_start_ = f.body_start;
  }
  scope_ = f.closure;
  if (!at_) at_ = name_span;
  quiet_ = quiet_ || f.has_errors;
  ++depth_;
  for (std::size_t i = 0; i < count; ++i) declare(std::string(lambda.parameters[i].name.text), std::move(values[i]));
  for (const auto* s : lambda.statements) statement(*s, nullptr);
  Bound result = nothing;
  if (lambda.result != nullptr && spend(name_span)) result = evaluate(*lambda.result, {});
  --depth_;
  scope_ = caller;
  restriction_ = caller_restriction;
  at_ = caller_at;
  quiet_ = caller_quiet;
  std::tie(inside_, inside_text_, inside_start_) = caller_inside;
  return result;
}

void Binder::query_parameters(const QueryParametersStatement& s) {
  for (const auto& p : s.parameters) {
    Variable v;
    const auto given = options_.parameters.find(std::string(p.name.text));
    Expr e;
    if (given != options_.parameters.end()) {
      auto parsed = std::make_unique<ParseResult>(parse("print " + given->second));
      const PrintOperator* print = nullptr;
      if (parsed->ok() && parsed->tree.statements.size() == 1) {
        if (const auto* q = as<ExpressionStatement>(parsed->tree.statements[0])) print = as<PrintOperator>(q->value);
      }
      const Expression* value = print != nullptr && print->columns.size() == 1 ? print->columns[0] : nullptr;
      if (p.type.type == Type::string) {
        // A literal, or the text itself: never an expression, the value comes from strangers.
        const auto* literal = value != nullptr ? as<Literal>(value) : nullptr;
        if (literal != nullptr) e = constant(*literal, {});
        if (!e || !is_literal(e) || e->type != Type::string) e = make_string(given->second);
      } else if (value != nullptr) {
        const auto outer = at_;
        at_ = p.name.span;
        e = constant(*value, {});
        at_ = outer;
      }
      const bool good = e && is_literal(e) && (!p.type.type || e->type == *p.type.type || e->type == kUnknown || promotes(e->type, *p.type.type));
      if (!good) {
        if (!e || e->type != kUnknown) error("KS107", p.name.span, fmt::format("The value given for '{}' is not a {} literal.", p.name.text, p.type.text));
        e = nullptr;
      }
      parsed_.push_back(std::move(parsed));
    } else if (p.default_value != nullptr) {
      e = scalar(*p.default_value, {});
    } else {
      error("KS213", p.name.span, fmt::format("The query parameter '{}' has no value.", p.name.text));
    }
    if (e && e->type != kUnknown) {
      if (p.type.type && e->type != *p.type.type) e = convert(std::move(e), *p.type.type);
      v.kind = Variable::Kind::scalar;
      v.scalar = std::move(e);
    }
    declare(std::string(p.name.text), std::move(v));
  }
}

}  // namespace yagura::kql
