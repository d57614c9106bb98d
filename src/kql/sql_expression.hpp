// Bound expressions to ClickHouse SQL.
//
// A SqlScope is one SELECT under construction: what its columns are called, and the values that it computes once and
// names (WITH expression AS x1). SqlCall is what a function's `emit` works with.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kql/function.hpp"
#include "kql/sql_text.hpp"

namespace yagura::kql {

struct Sql {
  std::string text;
  bool nullable = true;  // may be NULL
  bool atomic = false;   // a name or a constant: repeating it costs nothing
  // Of a dynamic, where it is at hand: a String that holds the same JSON, and nothing (or 'null') where the value is
  // null. Functions of JSON take it as it is, without the detour by NULL.
  std::string json = {};
  std::string as_text = {};  // likewise its tostring(), never NULL
  std::string members = {};  // likewise a String that has the same members, whatever else it is: of parse_json(text) the text
};

// Shared by all SELECTs of one statement.
struct SqlNames {
  std::uint32_t next = 1;
  std::vector<std::pair<Span, std::string>> unsupported;  // what could not be written, and where it stands in the text
  std::string fresh(std::string_view prefix) { return std::string(prefix) + std::to_string(next++); }
};

struct SqlScope {
  SqlNames* names = nullptr;
  std::unordered_map<ColumnId, Sql> columns;
  std::vector<std::string> with;  // "expression AS x1", in order
  // A sub-query as SQL text, for toscalar() and in ().
  std::function<std::string(const Plan&)> write_plan;
  // Aggregates over rows in this order (an expression to sort by) keep it; empty when there is none.
  std::string row_order;

  // `value` itself when it is atomic, else a name for it.
  std::string share(const Sql& value);
};

class SqlCall {
 public:
  SqlCall(const BoundExpression& call, SqlScope& scope, std::vector<Sql> arguments)
      : call_(call), scope_(scope), arguments_(std::move(arguments)) {}

  const BoundExpression& expression() const { return call_; }
  SqlScope& scope() { return scope_; }
  std::size_t size() const { return arguments_.size(); }
  Type type(std::size_t i) const { return call_.arguments[i]->type; }
  Type result() const { return call_.type; }
  const Expr& bound(std::size_t i) const { return call_.arguments[i]; }
  const Sql& raw(std::size_t i) const { return arguments_[i]; }
  // The argument as SQL, to stand once.
  const std::string& arg(std::size_t i) const { return arguments_[i].text; }
  // The argument as a name, to stand any number of times, in lambdas too.
  std::string shared(std::size_t i) { return scope_.share(arguments_[i]); }
  bool nullable(std::size_t i) const { return arguments_[i].nullable; }
  bool any_nullable() const;
  // The literal, or null when the argument is none.
  const LiteralValue* literal(std::size_t i) const;
  std::string name(std::string_view expression) { return scope_.share({std::string(expression), true, false}); }
  std::string fresh() { return scope_.names->fresh("v"); }
  // A value that is null whenever an argument is, besides what `may_be_null` says.
  Sql value(std::string text, bool may_be_null = false) const { return {std::move(text), may_be_null || any_nullable(), false}; }

 private:
  const BoundExpression& call_;
  SqlScope& scope_;
  std::vector<Sql> arguments_;
};

// The whole expression. Throws nothing; an expression that has no SQL is a bug of the binder (asserted).
Sql write_expression(const BoundExpression& expression, SqlScope& scope);
// For WHERE: a text that is true exactly where the condition is.
std::string write_condition(const BoundExpression& condition, SqlScope& scope);
// Puts arguments into a template: {0}, {1} ... and {*}.
Sql expand(std::string_view sql_template, SqlCall& call);

}  // namespace yagura::kql
