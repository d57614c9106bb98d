// The statements of KQL as nodes.
// https://learn.microsoft.com/kusto/query/statements
#pragma once
#include "kql/syntax_tree_expressions.hpp"

namespace yagura::kql {

// A query as such; a text may hold several, each a result table.
struct ExpressionStatement : Statement {
  static constexpr auto kKind = NodeKind::expression_statement;
  const Expression* value = nullptr;
};

// let name = expression; the value may be a LambdaExpression or an EntityGroupExpression.
struct LetStatement : Statement {
  static constexpr auto kKind = NodeKind::let;
  Name name;
  const Expression* value = nullptr;
};

// set option = value
struct SetStatement : Statement {
  static constexpr auto kKind = NodeKind::set;
  Name name;
  const Expression* value = nullptr;  // may be absent
};

// alias database name = cluster("x").database("y")
struct AliasStatement : Statement {
  static constexpr auto kKind = NodeKind::alias;
  Name name;
  const Expression* value = nullptr;
};

// declare query_parameters (a:long = 1)
struct QueryParametersStatement : Statement {
  static constexpr auto kKind = NodeKind::query_parameters;
  std::span<const FunctionParameter> parameters;
};

// declare pattern app;
// declare pattern app = (id:string) [scope:string] { ("a").["b"] = { T }; };
struct PatternStatement : Statement {
  static constexpr auto kKind = NodeKind::pattern;
  struct Match {
    Span span;
    List<Expression> arguments;
    const Expression* path = nullptr;  // may be absent
    const LambdaExpression* body = nullptr;
  };
  Name name;
  bool declared_only = true;  // no "= (...)": only the name
  std::span<const FunctionParameter> parameters;
  std::optional<FunctionParameter> path_parameter;
  std::span<const Match> matches;
};

// restrict access to (T1, database().T2, Log*)
struct RestrictStatement : Statement {
  static constexpr auto kKind = NodeKind::restrict;
  List<Expression> tables;
  bool has_with = false;
  Parameters properties;
};

}  // namespace yagura::kql
