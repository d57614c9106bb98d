#include "kql/sql_expression.hpp"

#include <fmt/format.h>

#include <cassert>

namespace yagura::kql {

std::string SqlScope::share(const Sql& value) {
  if (value.atomic) return value.text;
  const std::string suffix = " AS ";
  for (const auto& w : with) {  // the same expression again
    if (w.size() > value.text.size() + suffix.size() && w.starts_with(value.text) &&
        std::string_view(w).substr(value.text.size()).starts_with(suffix)) {
      const auto rest = w.substr(value.text.size() + suffix.size());
      if (rest.find(' ') == std::string::npos) return rest;
    }
  }
  std::string name = names->fresh("x");
  with.push_back(value.text + " AS " + name);
  return name;
}

bool SqlCall::any_nullable() const {
  for (const auto& a : arguments_) {
    if (a.nullable) return true;
  }
  return false;
}

const LiteralValue* SqlCall::literal(std::size_t i) const {
  return is_literal(call_.arguments[i]) ? &call_.arguments[i]->value : nullptr;
}

Sql expand(std::string_view sql_template, SqlCall& call) {
  // How often each argument stands in the template.
  std::vector<int> uses(call.size(), 0);
  for (std::size_t i = 0; i + 2 < sql_template.size(); ++i) {
    if (sql_template[i] != '{' || sql_template[i + 2] != '}') continue;
    const auto index = static_cast<std::size_t>(sql_template[i + 1] - '0');
    if (index < uses.size()) ++uses[index];
  }
  std::string out;
  for (std::size_t i = 0; i < sql_template.size();) {
    if (sql_template[i] == '{' && i + 2 < sql_template.size() && sql_template[i + 2] == '}') {
      if (sql_template[i + 1] == '*') {
        for (std::size_t a = 0; a < call.size(); ++a) {
          if (a > 0) out += ", ";
          out += call.arg(a);
        }
      } else {
        const auto index = static_cast<std::size_t>(sql_template[i + 1] - '0');
        assert(index < call.size());
        out += uses[index] > 1 ? call.shared(index) : call.arg(index);
      }
      i += 3;
    } else {
      out += sql_template[i++];
    }
  }
  return call.value(std::move(out));
}

namespace {

Sql finish(Sql value, const BoundExpression& e) {
  // A string is never null: what became null on the way is empty.
  if (e.type == Type::string && value.nullable) {
    value.text = "ifNull(" + value.text + ", '')";
    value.nullable = false;
    value.atomic = false;
  }
  return value;
}

Sql write_call(const BoundExpression& e, SqlScope& scope) {
  assert(e.function != nullptr);
  if (e.function == nullptr) return {"throwIf(1, 'an expression without a function')", true, false};
  if (!has_sql(e)) {
    scope.names->unsupported.push_back({e.span, "The function '" + std::string(e.function->name) + "'"});
    return {sql::null_of(e.type), true, true};
  }
  std::vector<Sql> arguments;
  arguments.reserve(e.arguments.size());
  for (const auto& a : e.arguments) arguments.push_back(write_expression(*a, scope));
  SqlCall call(e, scope, std::move(arguments));
  const Function& f = *e.function;
  Sql value;
  if (f.emit != nullptr) {
    value = f.emit(call);
  } else {
    value = expand(f.sql, call);
    if (f.takes_null) value.nullable = f.may_be_null;
    else value.nullable = value.nullable || f.may_be_null;
  }
  return finish(std::move(value), e);
}

}  // namespace

Sql write_expression(const BoundExpression& e, SqlScope& scope) {
  switch (e.kind) {
    case BoundExpression::Kind::literal: {
      const bool null = e.value.is_null && e.type != Type::string;
      return {sql::literal(e.type, e.value), null, e.type != Type::string || e.value.text.size() < 40};
    }
    case BoundExpression::Kind::column: {
      const auto it = scope.columns.find(e.column);
      assert(it != scope.columns.end() && "a column that the input does not have");
      if (it == scope.columns.end()) return {sql::null_of(e.type), true, true};
      return it->second;
    }
    case BoundExpression::Kind::call:
    case BoundExpression::Kind::aggregate:
    case BoundExpression::Kind::window: return write_call(e, scope);
    case BoundExpression::Kind::scalar_query: {
      std::string text = "(" + scope.write_plan(*e.plan) + ")";
      return finish({std::move(text), true, false}, e);
    }
    case BoundExpression::Kind::in_query: return write_call(e, scope);
    case BoundExpression::Kind::parameter: break;
  }
  assert(false && "no such expression in a finished plan");
  return {sql::null_of(e.type), true, true};
}

std::string write_condition(const BoundExpression& e, SqlScope& scope) {
  // Where null counts as false, plain comparisons do, and those are what the store's indexes know.
  if (e.kind == BoundExpression::Kind::call && e.function != nullptr) {
    if (e.function->name == "==") {
      return fmt::format("{} = {}", write_expression(*e.arguments[0], scope).text, write_expression(*e.arguments[1], scope).text);
    }
    if (e.function->name == "in" && e.kind == BoundExpression::Kind::call && e.arguments.size() > 1 && e.arguments[0]->type != Type::dynamic) {
      // A list of constants: what is null is in none.
      std::string list;
      for (std::size_t i = 1; i < e.arguments.size(); ++i) {
        const auto& item = *e.arguments[i];
        if (!is_literal(e.arguments[i]) || item.value.is_null || item.type != e.arguments[0]->type) {
          list.clear();
          break;
        }
        list += (list.empty() ? "" : ", ") + write_expression(item, scope).text;
      }
      if (!list.empty()) return fmt::format("{} IN ({})", write_expression(*e.arguments[0], scope).text, list);
    }
    if (e.function->name == "and" || e.function->name == "or") {
      std::string text;
      for (const auto& a : e.arguments) text += (text.empty() ? "(" : e.function->name == "and" ? " AND (" : " OR (") + write_condition(*a, scope) + ")";
      return text;
    }
  }
  return write_expression(e, scope).text;
}

}  // namespace yagura::kql
