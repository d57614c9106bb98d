#include "kql/plan.hpp"

#include "base/time.hpp"
#include "kql/function.hpp"

namespace yagura::kql {

namespace {
std::shared_ptr<BoundExpression> fresh(BoundExpression::Kind kind, Type type, Span span) {
  auto e = std::make_shared<BoundExpression>();
  e->kind = kind;
  e->type = type;
  e->span = span;
  return e;
}
}  // namespace

Expr make_literal(Type type, LiteralValue value, Span span) {
  auto e = fresh(BoundExpression::Kind::literal, type, span);
  e->constant = true;
  e->value = std::move(value);
  return e;
}
Expr make_null(Type type) {
  LiteralValue v;
  v.is_null = type != Type::string;
  return make_literal(type, v);
}
Expr make_long(std::int64_t value, Span span) {
  LiteralValue v;
  v.integer = value;
  return make_literal(Type::int64, v, span);
}
Expr make_real(double value) {
  LiteralValue v;
  v.real = value;
  return make_literal(Type::real, v);
}
Expr make_bool(bool value) {
  LiteralValue v;
  v.boolean = value;
  return make_literal(Type::boolean, v);
}
Expr make_string(std::string value, Span span) {
  LiteralValue v;
  v.text = std::move(value);
  return make_literal(Type::string, v, span);
}
Expr make_column(const PlanColumn& column, Span span) {
  auto e = fresh(BoundExpression::Kind::column, column.type, span);
  e->column = column.id;
  e->shape = column.shape;
  return e;
}
Expr make_call(const Function* function, Type type, std::vector<Expr> arguments, Span span) {
  auto e = fresh(BoundExpression::Kind::call, type, span);
  e->function = function;
  e->constant = true;
  for (const auto& a : arguments) e->constant = e->constant && a->constant;
  e->arguments = std::move(arguments);
  return e;
}
bool is_literal(const Expr& e) { return e && e->kind == BoundExpression::Kind::literal; }
bool is_null_literal(const Expr& e) { return is_literal(e) && e->value.is_null; }

Expr substitute(const Expr& e, const std::unordered_map<ColumnId, Expr>& columns) {
  if (!e) return e;
  if (e->kind == BoundExpression::Kind::column) {
    const auto it = columns.find(e->column);
    return it == columns.end() ? e : it->second;
  }
  if (e->arguments.empty()) return e;
  auto copy = std::make_shared<BoundExpression>(*e);
  for (auto& a : copy->arguments) a = substitute(a, columns);
  return copy;
}

namespace {

void append(std::string& out, const BoundExpression& e) {
  switch (e.kind) {
    case BoundExpression::Kind::literal:
      if (e.value.is_null) {
        out += std::string(type_name(e.type)) + "(null)";
      } else if (e.type == Type::boolean) {
        out += e.value.boolean ? "true" : "false";
      } else if (is_integer(e.type)) {
        out += std::to_string(e.value.integer);
      } else if (e.type == Type::datetime) {
        out += format_datetime(e.value.integer);
      } else if (e.type == Type::timespan) {
        out += "timespan(" + std::to_string(e.value.integer) + " ticks)";
      } else if (e.type == Type::real) {
        out += format_real(e.value.real);
      } else if (e.type == Type::guid) {
        out += yagura::to_string(e.value.guid);
      } else {
        out += '"' + e.value.text + '"';
      }
      return;
    case BoundExpression::Kind::column: out += '#' + std::to_string(e.column); return;
    case BoundExpression::Kind::scalar_query: out += "toscalar(...)"; return;
    case BoundExpression::Kind::parameter: out += "parameter"; return;
    default: break;
  }
  out += e.function != nullptr ? std::string(e.function->name) : std::string("?");
  out += '(';
  for (std::size_t i = 0; i < e.arguments.size(); ++i) {
    if (i > 0) out += ", ";
    append(out, *e.arguments[i]);
  }
  if (e.kind == BoundExpression::Kind::in_query) out += ", query";
  out += ')';
}

void append_columns(std::string& out, const Plan& plan) {
  out += " [";
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    if (i > 0) out += ", ";
    out += plan.columns[i].name + '#' + std::to_string(plan.columns[i].id) + ':' + std::string(type_name(plan.columns[i].type));
  }
  out += "]\n";
}

void append(std::string& out, const Plan& plan, int depth) {
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
  const auto list = [&](const std::vector<Expr>& values) {
    for (const auto& v : values) {
      out += ' ';
      append(out, *v);
    }
  };
  switch (plan.kind) {
    case Plan::Kind::scan: out += "scan " + static_cast<const ScanPlan&>(plan).table; break;
    case Plan::Kind::values: out += "values " + std::to_string(static_cast<const ValuesPlan&>(plan).rows.size()); break;
    case Plan::Kind::sequence: out += "sequence"; break;
    case Plan::Kind::filter:
      out += "filter ";
      append(out, *static_cast<const FilterPlan&>(plan).condition);
      break;
    case Plan::Kind::project:
      out += "project";
      list(static_cast<const ProjectPlan&>(plan).values);
      break;
    case Plan::Kind::aggregate:
      out += "aggregate";
      list(static_cast<const AggregatePlan&>(plan).aggregates);
      out += " by";
      list(static_cast<const AggregatePlan&>(plan).keys);
      break;
    case Plan::Kind::join: out += "join"; break;
    case Plan::Kind::union_: out += "union"; break;
    case Plan::Kind::sort: out += "sort"; break;
    case Plan::Kind::limit: out += "limit"; break;
    case Plan::Kind::unnest: out += "unnest"; break;
    case Plan::Kind::window:
      out += "window";
      list(static_cast<const WindowPlan&>(plan).functions);
      break;
    case Plan::Kind::reference: out += "reference"; break;
    case Plan::Kind::external: out += "external"; break;
    case Plan::Kind::local: out += "local " + static_cast<const LocalPlan&>(plan).what; break;
  }
  append_columns(out, plan);
  const auto child = [&](const PlanPtr& p) {
    if (p) append(out, *p, depth + 1);
  };
  switch (plan.kind) {
    case Plan::Kind::filter: child(static_cast<const FilterPlan&>(plan).input); break;
    case Plan::Kind::project: child(static_cast<const ProjectPlan&>(plan).input); break;
    case Plan::Kind::aggregate: child(static_cast<const AggregatePlan&>(plan).input); break;
    case Plan::Kind::join:
      child(static_cast<const JoinPlan&>(plan).left);
      child(static_cast<const JoinPlan&>(plan).right);
      break;
    case Plan::Kind::union_:
      for (const auto& b : static_cast<const UnionPlan&>(plan).branches) child(b.input);
      break;
    case Plan::Kind::sort: child(static_cast<const SortPlan&>(plan).input); break;
    case Plan::Kind::limit: child(static_cast<const LimitPlan&>(plan).input); break;
    case Plan::Kind::unnest: child(static_cast<const UnnestPlan&>(plan).input); break;
    case Plan::Kind::window: child(static_cast<const WindowPlan&>(plan).input); break;
    case Plan::Kind::reference: child(static_cast<const ReferencePlan&>(plan).target->plan); break;
    case Plan::Kind::local:
      for (const auto& input : static_cast<const LocalPlan&>(plan).inputs) child(input);
      break;
    default: break;
  }
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out;
  append(out, plan, 0);
  return out;
}

}  // namespace yagura::kql
