// search and find.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

struct Source {
  std::string name;
  PlanPtr plan;
};

// The tables that `in (...)` names, or all of them.
bool sources(Binder& b, bool has_in, std::span<const Expression* const> tables, std::vector<Source>& out) {
  const auto by_name = [&](const std::string& name) -> PlanPtr {
    if (const Variable* v = b.lookup(name)) {
      if (v->kind == Variable::Kind::table) return b.reference(v->table);
      if (v->kind == Variable::Kind::function && v->tabular_function) return b.invoke(*v, name, {}, {}, {}, {}).table;
    }
    return b.stored_table(name);
  };
  if (!has_in) {
    for (const auto& name : b.visible_tables()) {
      if (PlanPtr plan = by_name(name)) out.push_back({name, std::move(plan)});
    }
    return true;
  }
  bool good = true;
  for (const auto* item : tables) {
    const auto* n = as<NameExpression>(item);
    if (n != nullptr && n->name.wildcard) {
      Plan all(Plan::Kind::values);
      for (const auto& t : b.visible_tables()) all.columns.push_back({0, t, Type::string});
      std::size_t found = 0;
      for (const auto* t : b.matching(all, n->name)) {
        if (PlanPtr plan = by_name(t->name)) {
          out.push_back({t->name, std::move(plan)});
          ++found;
        }
      }
      if (found == 0) {
        b.error("KS142", n->span, fmt::format("The name '{}' does not refer to any known table.", n->name.text));
        good = false;
      }
      continue;
    }
    PlanPtr plan = b.table(*item);
    if (plan == nullptr) good = false;
    else out.push_back({n != nullptr ? std::string(n->name.text) : "union_arg" + std::to_string(out.size()), std::move(plan)});
  }
  return good;
}

// A bare text in search: any column has it.
Expr anywhere(Binder& b, const Expr& term, const Plan& input, Span span, bool case_sensitive) {
  std::vector<Expr> terms;
  std::string text = is_literal(term) ? term->value.text : "";
  std::string_view op = case_sensitive ? "has_cs" : "has";
  Expr value = term;
  if (text == "*" || text.empty()) return make_bool(true);
  const bool front = text.starts_with('*'), back = text.ends_with('*');
  if (front || back) {
    if (front) text.erase(0, 1);
    if (back && !text.empty()) text.pop_back();
    op = front && back ? (case_sensitive ? "contains_cs" : "contains") : front ? (case_sensitive ? "hassuffix_cs" : "hassuffix")
                                                                              : (case_sensitive ? "hasprefix_cs" : "hasprefix");
    value = make_string(text, span);
  }
  for (const auto& c : input.columns) {
    Expr column = make_column(c, span);
    if (c.type != Type::string) column = b.convert(column, Type::string);
    terms.push_back(make_call(find_scalar(op), Type::boolean, {column, value}, span));
  }
  if (terms.empty()) return make_bool(false);
  if (terms.size() == 1) return terms[0];
  return make_call(find_scalar("or"), Type::boolean, std::move(terms), span);
}

// The condition of search over one table; a column that the table lacks makes its term false.
Expr search_condition(Binder& b, const Expression& e, const Plan& input, const std::vector<std::string>& known, bool cs) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return search_condition(b, *p->inner, input, known, cs);
  if (const auto* l = as<LogicalExpression>(&e)) {
    std::vector<Expr> operands;
    for (const auto* o : l->operands) operands.push_back(search_condition(b, *o, input, known, cs));
    return make_call(find_scalar(l->is_and ? "and" : "or"), Type::boolean, std::move(operands), e.span);
  }
  if (const auto* c = as<CallExpression>(&e); c != nullptr && c->name.text == "not" && c->arguments.size() == 1) {
    return make_call(find_scalar("not"), Type::boolean, {search_condition(b, *c->arguments[0], input, known, cs)}, e.span);
  }
  if (is<StarExpression>(e)) return make_bool(true);
  if (const auto* lit = as<Literal>(&e); lit != nullptr) {
    if (lit->type == Type::boolean) return make_bool(lit->boolean);
    return anywhere(b, make_string(std::string(lit->type == Type::string ? lit->text : b.text_of(lit->span))), input, e.span, cs);
  }
  // A column of another table only.
  std::optional<std::string> missing;
  const auto walk = [&](const auto& self, const Node& node) -> void {
    if (node.kind == NodeKind::name) {
      const auto& n = static_cast<const NameExpression&>(node);
      if (b.find(input, n.name.text) == nullptr && b.lookup(n.name.text) == nullptr &&
          std::ranges::find(known, n.name.text) != known.end()) {
        missing = n.name.text;
      }
      return;
    }
    for_each_child(node, [&](const Node& child) { self(self, child); });
  };
  walk(walk, e);
  if (missing) return make_bool(false);
  const Row row{.input = &input};
  if (const auto* binary = as<BinaryExpression>(&e); binary != nullptr && binary->op == BinaryOperator::search_colon) {
    Expr left = b.scalar(*binary->left, row);
    Expr right = b.scalar(*binary->right, row);
    if (left->type == kUnknown || right->type == kUnknown) return make_bool(false);
    Plan one(Plan::Kind::values);
    if (left->type == Type::string || left->type == Type::dynamic) {
      if (left->type == Type::dynamic) left = b.convert(left, Type::string);
      std::string text = is_literal(right) && right->type == Type::string ? right->value.text : "";
      if (left->kind == BoundExpression::Kind::column && !text.empty()) {
        one.columns.push_back({left->column, "", Type::string});
        return anywhere(b, right, one, e.span, cs);
      }
      return make_call(find_scalar(cs ? "has_cs" : "has"), Type::boolean, {left, b.convert(right, Type::string)}, e.span);
    }
    return b.binary(BinaryOperator::equal, left, right, e.span, binary->operator_span);
  }
  Expr value = b.scalar(e, row);
  if (value->type == Type::string) return anywhere(b, value, input, e.span, cs);
  if (value->type == kUnknown) return make_bool(false);
  if (value->type != Type::boolean) return b.boolean(e, row);
  return value;
}

bool several_types(const std::vector<Source>& sources, std::string_view name) {
  std::optional<Type> first;
  for (const auto& s : sources) {
    for (const auto& c : s.plan->columns) {
      if (c.name == name && first.value_or(c.type) != c.type) return true;
      if (c.name == name) first = c.type;
    }
  }
  return false;
}

// A condition with a term of its own ("error", * has "error") looks at the columns of every table.
bool asks_all_columns(Binder& b, const Expression& e) {
  if (const auto* p = as<ParenthesizedExpression>(&e)) return asks_all_columns(b, *p->inner);
  if (const auto* l = as<LogicalExpression>(&e)) return std::ranges::any_of(l->operands, [&](const auto* o) { return asks_all_columns(b, *o); });
  if (const auto* l = as<Literal>(&e)) return l->type == Type::string;
  if (const auto* n = as<NameExpression>(&e)) {
    const Variable* v = b.lookup(n->name.text);
    return v != nullptr && v->kind == Variable::Kind::scalar && v->scalar->type == Type::string;
  }
  bool star = is<StarExpression>(e);
  const auto walk = [&](const auto& self, const Node& node) -> void {
    if (node.kind == NodeKind::star) star = true;
    for_each_child(node, [&](const Node& child) { self(self, child); });
  };
  walk(walk, e);
  return star;
}

std::vector<std::string> known_columns(const std::vector<Source>& sources) {
  std::vector<std::string> known;
  for (const auto& s : sources) {
    for (const auto& c : s.plan->columns) {
      if (std::ranges::find(known, c.name) == known.end()) known.push_back(c.name);
    }
  }
  return known;
}

}  // namespace

PlanPtr bind_search(Binder& b, const SearchOperator& op, PlanPtr input) {
  const bool cs = b.parameter(op.parameters, "kind") == "case_sensitive";
  std::vector<Source> from;
  if (input) {
    const auto* scan = as<ScanPlan>(input);
    from.push_back({scan != nullptr ? scan->table : "", std::move(input)});
  } else if (!sources(b, op.has_in, op.tables, from)) {
    return nullptr;
  }
  if (from.empty()) return b.empty_table({{0, "$table", Type::string}});
  const auto known = known_columns(from);
  std::vector<PlanPtr> inputs;
  std::vector<std::string> names;
  for (auto& s : from) {
    Expr condition = search_condition(b, *op.condition, *s.plan, known, cs);
    names.push_back(s.name);
    inputs.push_back(make_filter(std::move(s.plan), std::move(condition)));
  }
  return make_union(b, std::move(inputs), false, "$table", names);
}

PlanPtr bind_find(Binder& b, const FindOperator& op, PlanPtr input) {
  std::vector<Source> from;
  std::string source(b.parameter(op.parameters, "withsource"));
  if (source.empty()) source = "source_";
  if (input) {
    const auto* scan = as<ScanPlan>(input);
    from.push_back({scan != nullptr ? scan->table : "", std::move(input)});
  } else if (!sources(b, op.has_in, op.tables, from)) {
    return nullptr;
  }
  const auto known = known_columns(from);
  std::vector<std::string> named;  // columns that the condition names
  if (op.condition != nullptr) {
    const auto walk = [&](const auto& self, const Node& node) -> void {
      if (node.kind == NodeKind::name) {
        const std::string text(static_cast<const NameExpression&>(node).name.text);
        if (std::ranges::find(known, text) != known.end() && std::ranges::find(named, text) == named.end()) named.push_back(text);
        return;
      }
      for_each_child(node, [&](const Node& child) { self(self, child); });
    };
    walk(walk, *op.condition);
  }
  // Tables without any column that the condition names are left out, unless it asks of all columns.
  if (from.size() > 1 && op.condition != nullptr && !asks_all_columns(b, *op.condition)) {
    std::erase_if(from, [&](const Source& s) {
      return !s.plan->open && std::ranges::none_of(named, [&](const auto& n) { return b.find(*s.plan, n) != nullptr; });
    });
  }
  const bool smart = !op.has_project || op.smart;
  bool pack = smart;
  std::vector<std::string> wanted;
  if (!smart) {
    for (const auto* p : op.project) {
      if (is<PackExpression>(*p)) pack = true;
      else if (const auto* n = as<NameExpression>(p)) wanted.emplace_back(n->name.text);
      else if (const auto* t = as<TypedColumn>(p)) wanted.emplace_back(t->name.text);
    }
    for (const auto& w : wanted) {
      if (std::ranges::find(known, w) == known.end()) {
        for (const auto* p : op.project) {
          const auto* n = as<NameExpression>(p);
          if (n != nullptr && n->name.text == w) b.unknown_name(n->span, w, {});
        }
      }
    }
  } else if (!from.empty()) {
    // Columns that all these tables share, then those that the condition names; the rest is packed.
    for (const auto& c : from[0].plan->columns) {
      if (std::ranges::all_of(from, [&](const Source& s) { return b.find(*s.plan, c.name) != nullptr; })) wanted.push_back(c.name);
    }
    for (const auto& n : named) {
      if (std::ranges::find(wanted, n) == wanted.end()) wanted.push_back(n);
    }
    pack = std::ranges::any_of(from, [&](const Source& s) {
      return !s.plan->open && std::ranges::any_of(s.plan->columns, [&](const auto& c) { return std::ranges::find(wanted, c.name) == wanted.end(); });
    });
  }
  for (const auto* away : op.project_away) {
    const auto* n = as<NameExpression>(away);
    if (n == nullptr) wanted.clear();
    else std::erase(wanted, n->name.text);
    if (n == nullptr && smart) pack = false;
  }
  std::vector<PlanPtr> inputs;
  std::vector<std::string> names;
  for (auto& s : from) {
    Expr condition = op.condition != nullptr ? search_condition(b, *op.condition, *s.plan, known, false) : make_bool(true);
    names.push_back(s.name);
    PlanPtr filtered = make_filter(s.plan, std::move(condition));
    std::vector<std::pair<PlanColumn, Expr>> columns;
    for (const auto& w : wanted) {
      const PlanColumn* c = b.find(*filtered, w);
      if (c == nullptr) continue;
      PlanColumn column = *c;
      // Docs: a column for each type. The language service: one, dynamic.
      if (b.options().as_language_service && several_types(from, w)) column = b.new_column(w, Type::dynamic);
      columns.push_back({column, make_column(*c)});
    }
    if (pack) {
      std::vector<Expr> arguments;
      for (const auto& c : filtered->columns) {
        if (std::ranges::find(wanted, c.name) != wanted.end()) continue;
        arguments.push_back(make_string(c.name));
        arguments.push_back(make_column(c));
      }
      LiteralValue empty;
      empty.text = "{}";
      columns.push_back({b.new_column("pack_", Type::dynamic),
                         arguments.empty() ? make_literal(Type::dynamic, empty)
                                           : make_call(find_scalar("bag_pack"), Type::dynamic, std::move(arguments))});
    }
    inputs.push_back(b.select(filtered, std::move(columns)));
  }
  if (inputs.empty()) return b.empty_table({{0, source, Type::string}});
  PlanPtr result = make_union(b, std::move(inputs), false, source, names);
  // The bag stands behind the columns of all tables.
  std::vector<std::pair<PlanColumn, Expr>> ordered;
  for (const bool bag : {false, true}) {
    for (const auto& c : result->columns) {
      if ((c.name == "pack_") == bag) ordered.push_back({c, make_column(c)});
    }
  }
  return b.select(std::move(result), std::move(ordered));
}

}  // namespace yagura::kql
