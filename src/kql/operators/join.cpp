// join and lookup.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

struct Condition {
  std::vector<std::pair<Expr, Expr>> keys;
  std::vector<std::string> shared_names;  // of keys given as `on Name`
  std::vector<Expr> rest;                 // what is no equality, over both sides
  bool bad = false;
};

// Which sides an expression reads: 1 left, 2 right.
int sides(const Expr& e, const Plan& left, const Plan& right) {
  if (e->kind == BoundExpression::Kind::column) {
    for (const auto& c : left.columns) {
      if (c.id == e->column) return 1;
    }
    for (const auto& c : right.columns) {
      if (c.id == e->column) return 2;
    }
    return 0;
  }
  int result = 0;
  for (const auto& a : e->arguments) result |= sides(a, left, right);
  return result;
}

void add_condition(Binder& b, const Expression& e, const Plan& left, const Plan& right, Condition& out) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return add_condition(b, *p->inner, left, right, out);
  if (is<MissingExpression>(e)) {
    b.scalar(e, {});
    out.bad = true;
    return;
  }
  if (const auto* n = as<NameExpression>(&e)) {
    const PlanColumn* l = b.find(left, n->name.text);
    const PlanColumn* r = b.find(right, n->name.text);
    if (l == nullptr && left.open) l = b.infer(left, n->name.text);
    if (r == nullptr && right.open) r = b.infer(right, n->name.text);
    if (l != nullptr && r != nullptr && (l->type == kUnknown || r->type == kUnknown)) {
      out.shared_names.emplace_back(n->name.text);
      return;
    }
    if ((l == nullptr) != (r == nullptr)) {
      b.error("KS145", n->span, fmt::format("The column '{}' must exist on both sides of the join.", n->name.text));
      out.bad = true;
      return;
    }
    if (l == nullptr) {
      b.unknown_name(n->span, n->name.text, {.input = &left, .right = &right});
      out.bad = true;
      return;
    }
    Expr a = make_column(*l, n->span), c = make_column(*r, n->span);
    if (l->type != r->type) {
      if (l->type == Type::dynamic || r->type == Type::dynamic) {
        a = b.convert(a, Type::string);
        c = b.convert(c, Type::string);
      } else if (const auto wide = wider(l->type, r->type)) {
        a = b.convert(a, *wide);
        c = b.convert(c, *wide);
      } else {
        b.error("KS227", n->span, fmt::format("The common column '{}' must have the same type on both sides of the join.", n->name.text));
        out.bad = true;
        return;
      }
    }
    out.keys.push_back({a, c});
    out.shared_names.emplace_back(n->name.text);
    return;
  }
  if (const auto* l = as<LogicalExpression>(&e); l != nullptr && l->is_and) {
    for (const auto* o : l->operands) add_condition(b, *o, left, right, out);
    return;
  }
  const auto* binary = as<BinaryExpression>(&e);
  if (binary != nullptr && binary->op == BinaryOperator::equal) {
    const auto side_of = [&](const Expression* x) {
      while (const auto* p = as<ParenthesizedExpression>(x)) x = p->inner;
      const auto* path = as<PathExpression>(x);
      const NameExpression* root = nullptr;
      while (path != nullptr) {
        root = as<NameExpression>(path->target);
        path = as<PathExpression>(path->target);
      }
      if (root == nullptr) return 0;
      return root->name.text == "$left" ? 1 : root->name.text == "$right" ? 2 : 0;
    };
    const int first = side_of(binary->left), second = side_of(binary->right);
    if (first != 0 && second != 0 && first != second) {
      const Row row{.input = &left, .right = &right};
      Expr a = b.scalar(first == 1 ? *binary->left : *binary->right, row);
      Expr c = b.scalar(first == 1 ? *binary->right : *binary->left, row);
      if (a->type == kUnknown || c->type == kUnknown) {
        out.bad = true;
        return;
      }
      if (a->type != c->type) {
        if (const auto wide = wider(a->type, c->type)) {
          a = b.convert(a, *wide);
          c = b.convert(c, *wide);
        } else if (a->type == Type::dynamic || c->type == Type::dynamic) {
          a = b.convert(a, Type::string);
          c = b.convert(c, Type::string);
        } else {
          b.error("KS242", e.span, fmt::format("Inconsistent data types for join keys: ({}, {})", type_name(a->type), type_name(c->type)));
          out.bad = true;
          return;
        }
      }
      out.keys.push_back({a, c});
      return;
    }
    if (first == 0) b.error("KS183", binary->left->span, "The join condition operand must be: $left.<column>");
    if (second == 0) b.error("KS183", binary->right->span, "The join condition operand must be: $right.<column>");
    if (first != 0 && first == second) b.error("KS183", binary->right->span, "The join condition operand must be: $right.<column>");
    out.bad = true;
    return;
  }
  b.error("KS183", e.span, "The join condition must be a column of both sides, or $left.<column> == $right.<column>");
  out.bad = true;
}

PlanPtr join(Binder& b, PlanPtr left, PlanPtr right, JoinKind kind, Condition condition, bool lookup) {
  auto plan = std::make_shared<JoinPlan>();
  plan->join = kind;
  plan->keys = condition.keys;
  plan->left = left;
  plan->right = right;
  const bool left_only = kind == JoinKind::left_semi || kind == JoinKind::left_anti;
  const bool right_only = kind == JoinKind::right_semi || kind == JoinKind::right_anti;
  if (!right_only) plan->columns = left->columns;
  if (!left_only) plan->columns.insert(plan->columns.end(), right->columns.begin(), right->columns.end());
  if (left_only || right_only) return plan;
  // Columns of the right that are called like one of the left get a number; lookup leaves out its keys.
  std::vector<PlanColumn> columns = left->columns;
  for (const auto& c : right->columns) {
    if (lookup && std::ranges::any_of(condition.keys, [&](const auto& k) {
          return k.second->kind == BoundExpression::Kind::column && k.second->column == c.id;
        })) {
      continue;
    }
    columns.push_back(c);
  }
  // The first of each name keeps it; no number makes a name that another has.
  ColumnNames names(b);
  std::vector<bool> first;
  for (const auto& c : columns) {
    first.push_back(!names.used(c.name));
    if (first.back()) names.keep(c.name);
  }
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    PlanColumn renamed = columns[i];
    if (!first[i]) renamed.name = names.make(renamed.name);
    result.push_back({renamed, make_column(columns[i])});
  }
  const bool open = right->open;
  PlanPtr joined = b.select(plan, std::move(result));
  return open ? b.opened(std::move(joined)) : joined;
}

}  // namespace

PlanPtr bind_join(Binder& b, const JoinOperator& op, PlanPtr input) {
  static constexpr std::pair<std::string_view, JoinKind> kKinds[] = {
      {"", JoinKind::inner_unique}, {"innerunique", JoinKind::inner_unique}, {"inner", JoinKind::inner},
      {"leftouter", JoinKind::left_outer}, {"rightouter", JoinKind::right_outer}, {"fullouter", JoinKind::full_outer},
      {"leftsemi", JoinKind::left_semi}, {"rightsemi", JoinKind::right_semi}, {"leftanti", JoinKind::left_anti},
      {"anti", JoinKind::left_anti}, {"leftantisemi", JoinKind::left_anti}, {"rightanti", JoinKind::right_anti},
      {"rightantisemi", JoinKind::right_anti}, {"cross", JoinKind::cross}};
  const std::string_view name = b.parameter(op.parameters, "kind");
  const auto kind = std::ranges::find_if(kKinds, [&](const auto& k) { return k.first == name; });
  PlanPtr right = b.table(*op.table, {.input = input.get()});
  if (right == nullptr) return nullptr;
  if (kind == std::end(kKinds)) return nullptr;  // the parser has said so
  Condition condition;
  for (const auto* e : op.on) add_condition(b, *e, *input, *right, condition);
  if (!op.has_on && op.where == nullptr && kind->second != JoinKind::cross) {
    b.error("KS006", op.span, "Missing join on condition clause");
    return nullptr;
  }
  if (op.where != nullptr) {
    b.not_supported(op.where->span, "join with where");
    return nullptr;
  }
  const bool usable = !condition.bad;
  PlanPtr plan = join(b, std::move(input), std::move(right), kind->second, std::move(condition), false);
  return usable ? plan : plan;
}

PlanPtr bind_lookup(Binder& b, const LookupOperator& op, PlanPtr input) {
  const std::string_view name = b.parameter(op.parameters, "kind");
  PlanPtr right = b.table(*op.table, {.input = input.get()});
  if (right == nullptr) return nullptr;
  Condition condition;
  for (const auto* e : op.on) add_condition(b, *e, *input, *right, condition);
  return join(b, std::move(input), std::move(right), name == "inner" ? JoinKind::inner : JoinKind::left_outer,
              std::move(condition), true);
}

}  // namespace yagura::kql
