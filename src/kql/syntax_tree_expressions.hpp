// The expressions of KQL as nodes.
// https://learn.microsoft.com/kusto/query/scalar-operators, .../scalar-data-types, .../tabular-expression-statements
#pragma once
#include <optional>

#include "base/guid.hpp"
#include "event/kql_type.hpp"
#include "kql/syntax_tree_node.hpp"

namespace yagura::kql {

struct Statement;
struct NamedExpression;

// Where an expression was expected and none came (a diagnostic says so).
struct MissingExpression : Expression {
  static constexpr auto kKind = NodeKind::missing;
};

// A name: of a column, table, let variable, function without parentheses; a wildcard pattern where those are allowed.
struct NameExpression : Expression {
  static constexpr auto kKind = NodeKind::name;
  Name name;
};

// a, b, c as the value of one operator parameter (hint.columns = ...).
struct NameListExpression : Expression {
  static constexpr auto kKind = NodeKind::name_list;
  std::span<const Name> names;
};

// A scalar literal. The field for its type holds the value; is_null for int(null), datetime(null), null in dynamic.
// A literal whose text is no value of its type, such as guid(x) or datetime(2020-99-99), has valid = false.
struct Literal : Expression {
  static constexpr auto kKind = NodeKind::literal;
  event::KqlType type = event::KqlType::string;
  bool is_null = false;
  bool valid = true;
  bool placeholder =
      false;  // datetime({{Start}}): a workbook's parameter, not yet put in; text holds it, valid is false
  bool of_today = false;      // datetime(8:00): integer holds the ticks since midnight
  bool obfuscated = false;    // h'...'
  bool untyped_null = false;  // null within dynamic(...)
  bool token = false;         // a bare word as the value of a parameter: kind=inner; text holds it
  bool boolean = false;
  std::int64_t integer = 0;  // int, long; datetime: ticks since 1970; timespan: ticks
  double real = 0;
  Guid guid;
  std::string_view text;        // string: decoded, adjacent parts joined; decimal: its digits as written
  std::span<const Span> parts;  // string: each written part when there is more than one
};

// typeof(long), typeof(string, x:int), typeof(*)
struct TypeOfLiteral : Expression {
  static constexpr auto kKind = NodeKind::type_of;
  List<Expression> types;  // TypedColumn (name missing for a plain type), StarExpression
};

// dynamic(...): Literal, DynamicLiteral, JsonArray, JsonObject, UnaryExpression (minus) or a client parameter's name.
struct DynamicLiteral : Expression {
  static constexpr auto kKind = NodeKind::dynamic;
  const Expression* value = nullptr;
};
struct JsonArray : Expression {
  static constexpr auto kKind = NodeKind::json_array;
  List<Expression> values;
};
struct JsonMember {
  std::string_view name;
  Span name_span;
  const Expression* value = nullptr;
};
struct JsonObject : Expression {
  static constexpr auto kKind = NodeKind::json_object;
  std::span<const JsonMember> members;
};

enum class UnaryOperator : std::uint8_t { plus, minus };
struct UnaryExpression : Expression {
  static constexpr auto kKind = NodeKind::unary;
  UnaryOperator op = UnaryOperator::minus;
  const Expression* operand = nullptr;
};

enum class BinaryOperator : std::uint8_t {
  multiply,
  divide,
  modulo,
  add,
  subtract,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  equal,
  not_equal,
  equal_tilde,
  not_equal_tilde,  // =~ !~
  has,
  not_has,
  has_cs,
  not_has_cs,
  has_prefix,
  not_has_prefix,
  has_prefix_cs,
  not_has_prefix_cs,
  has_suffix,
  not_has_suffix,
  has_suffix_cs,
  not_has_suffix_cs,
  contains,
  not_contains,
  contains_cs,
  not_contains_cs,
  starts_with,
  not_starts_with,
  starts_with_cs,
  not_starts_with_cs,
  ends_with,
  not_ends_with,
  ends_with_cs,
  not_ends_with_cs,
  like,
  not_like,
  like_cs,
  not_like_cs,
  matches_regex,
  search_colon,  // in search: column : "term"
};
std::string_view to_string(BinaryOperator op);  // "!has_cs", in Kusto's preferred spelling

// Left-associative chains are left-deep.
struct BinaryExpression : Expression {
  static constexpr auto kKind = NodeKind::binary;
  BinaryOperator op = BinaryOperator::equal;
  Span operator_span;
  const Expression* left = nullptr;
  const Expression* right = nullptr;
};

// a and b and c: a chain of one connective is one node (two operands or more), so that a filter of ten thousand
// alternatives is flat.
struct LogicalExpression : Expression {
  static constexpr auto kKind = NodeKind::logical;
  bool is_and = true;  // else or
  List<Expression> operands;
};

enum class InOperator : std::uint8_t { in, not_in, in_tilde, not_in_tilde, has_any, has_all };
std::string_view to_string(InOperator op);

// left in (a, b, c); the list may hold one tabular expression.
struct InExpression : Expression {
  static constexpr auto kKind = NodeKind::in;
  InOperator op = InOperator::in;
  Span operator_span;
  const Expression* left = nullptr;
  Span list_span;  // with parentheses
  List<Expression> list;
};

// left between (low .. high)
struct BetweenExpression : Expression {
  static constexpr auto kKind = NodeKind::between;
  bool negated = false;
  Span operator_span;
  const Expression* left = nullptr;
  const Expression* low = nullptr;
  const Expression* high = nullptr;
};

// f(a, name = b, *). Includes aggregates, plugins, database("x"), table("x"), cluster("x").
struct CallExpression : Expression {
  static constexpr auto kKind = NodeKind::call;
  Name name;
  Span arguments_span;         // with parentheses
  List<Expression> arguments;  // NamedExpression for a named one, StarExpression for *
};

// target.selector: NameExpression, CallExpression (database("x").table("y")) or BracketedExpression (a.["x"]).
struct PathExpression : Expression {
  static constexpr auto kKind = NodeKind::path;
  const Expression* target = nullptr;
  const Expression* selector = nullptr;
};

// target[selector]; the selector is a BracketedExpression
struct ElementExpression : Expression {
  static constexpr auto kKind = NodeKind::element;
  const Expression* target = nullptr;
  const Expression* selector = nullptr;
};
struct BracketedExpression : Expression {
  static constexpr auto kKind = NodeKind::bracketed;
  const Expression* inner = nullptr;
};

struct ParenthesizedExpression : Expression {
  static constexpr auto kKind = NodeKind::parenthesized;
  const Expression* inner = nullptr;
};

// source | a | b. The source is any expression, or an operator (union T, print x=1); absent only for a fragment
// that begins with | where ParseOptions allow it, and in fork, partition, facet, where it is the implied input.
struct PipeExpression : Expression {
  static constexpr auto kKind = NodeKind::pipe;
  const Expression* source = nullptr;  // may be absent
  List<Operator> operators;
};

struct StarExpression : Expression {
  static constexpr auto kKind = NodeKind::star;
};

// @ in graph patterns and legacy queries
struct AtExpression : Expression {
  static constexpr auto kKind = NodeKind::at;
};

// name = value, (a, b) = value
struct NamedExpression : Expression {
  static constexpr auto kKind = NodeKind::named;
  std::span<const Name> names;
  bool compound = false;  // in parentheses
  const Expression* value = nullptr;
};

// x asc nulls first
struct OrderedExpression : Expression {
  static constexpr auto kKind = NodeKind::ordered;
  enum class Direction : std::uint8_t { unstated, ascending, descending };
  enum class Nulls : std::uint8_t { unstated, first, last };
  const Expression* value = nullptr;
  Direction direction = Direction::unstated;
  bool granny = false;  // granny-asc, granny-desc
  Nulls nulls = Nulls::unstated;
};

// A type by name. `type` is absent when the name is none of KQL's.
struct TypeName {
  std::string_view text;
  Span span;
  std::optional<event::KqlType> type;
};

// name:type, as in find's project, parse patterns, row schemas, typeof.
struct TypedColumn : Expression {
  static constexpr auto kKind = NodeKind::typed_column;
  Name name;
  TypeName type;
  Span name_and_type() const { return span; }
};

// pack(*) in find's project
struct PackExpression : Expression {
  static constexpr auto kKind = NodeKind::pack;
};

// name = value of an operator: kind=leftouter, hint.strategy=shuffle, isfuzzy=true, with_itemindex=i.
struct Parameter {
  Name name;
  Span span;
  const Expression* value = nullptr;
};
using Parameters = std::span<const Parameter>;

struct ToScalarExpression : Expression {
  static constexpr auto kKind = NodeKind::to_scalar;
  Parameters parameters;  // kind=nooptimization
  const Expression* value = nullptr;
};
struct ToTableExpression : Expression {
  static constexpr auto kKind = NodeKind::to_table;
  Parameters parameters;
  const Expression* value = nullptr;
};
struct MaterializeExpression : Expression {
  static constexpr auto kKind = NodeKind::materialize;
  const Expression* value = nullptr;
};

// (a:long, b:string)
struct RowSchema {
  Span span;
  bool any_first = false;  // (*, a:long) of evaluate and tabular parameters
  List<TypedColumn> columns;
};

struct DataTableExpression : Expression {
  static constexpr auto kKind = NodeKind::data_table;
  Span keyword;
  Parameters parameters;
  RowSchema schema;
  List<Expression> values;  // row after row
  Span values_span;
};
struct ContextualDataTableExpression : Expression {
  static constexpr auto kKind = NodeKind::contextual_data_table;
  const Expression* id = nullptr;
  RowSchema schema;
};

// externaldata (a:long) [ "https://..." ] with (format="csv")
struct ExternalDataExpression : Expression {
  static constexpr auto kKind = NodeKind::external_data;
  Span keyword;
  Parameters parameters;
  RowSchema schema;
  List<Expression> addresses;
  Parameters properties;
  bool has_with = false;
};

// inline_external_table: of another service's storage; parsed whole, so that it can be refused by name.
struct InlineExternalTableExpression : Expression {
  static constexpr auto kKind = NodeKind::inline_external_table;
  struct PartitionColumn {
    Name name;
    TypeName type;
    const Expression* value = nullptr;  // may be absent
    Span span;
  };
  struct PathToken {
    const Expression* column = nullptr;     // NameExpression, CallExpression
    const Expression* separator = nullptr;  // may be absent
  };
  Span keyword;
  Parameters parameters;
  RowSchema schema;
  const Expression* table_kind = nullptr;  // kind = storage
  bool has_partition = false;
  std::span<const PartitionColumn> partition_columns;
  bool has_path_format = false;
  const Expression* path_prefix = nullptr;  // may be absent
  std::span<const PathToken> path_tokens;
  const Expression* data_format = nullptr;
  List<Expression> connection_strings;
  Parameters properties;
  bool has_with = false;
};

struct MaterializedViewCombineExpression : Expression {
  static constexpr auto kKind = NodeKind::materialized_view_combine;
  const Expression* view_name = nullptr;
  const Expression* base = nullptr;
  const Expression* delta = nullptr;
  const Expression* aggregations = nullptr;
};

// entity_group [a, b]
struct EntityGroupExpression : Expression {
  static constexpr auto kKind = NodeKind::entity_group;
  List<Expression> entities;
};

// T datascope = hotcache
struct DataScopeExpression : Expression {
  static constexpr auto kKind = NodeKind::data_scope;
  const Expression* table = nullptr;
  Literal const* value = nullptr;  // token
};

// The type of a lambda's parameter: a scalar type, or a row schema (tabular).
struct FunctionParameter {
  Name name;
  Span span;
  bool tabular = false;
  TypeName type;                              // scalar
  RowSchema schema;                           // tabular; (*) is any_first without columns
  const Expression* default_value = nullptr;  // may be absent
};

// view (p:long = 1, T:(a:string)) { let x = 1; T | where a == p }
struct LambdaExpression : Expression {
  static constexpr auto kKind = NodeKind::lambda;
  bool is_view = false;
  std::span<const FunctionParameter> parameters;
  Span parameters_span;
  Span body_span;                      // with braces
  List<Statement> statements;          // let and others before the result
  const Expression* result = nullptr;  // absent for an empty body
};

}  // namespace yagura::kql
