// A bound KQL query: typed expressions over numbered columns, and a small relational plan.
//
// The binder makes it, both back ends read it. Everything is immutable and shared, so a let variable that is used
// twice is one object. Every operator of KQL comes down to the nodes here; a node's `columns` are its output, in
// order, with the names the user sees. Column ids are unique within a query and never mean two things.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/guid.hpp"
#include "event/table_schema.hpp"
#include "kql/syntax_tree_node.hpp"
#include "kql/types.hpp"

namespace yagura::kql {

struct Function;
struct Plan;
struct BoundExpression;
using Expr = std::shared_ptr<const BoundExpression>;
using PlanPtr = std::shared_ptr<const Plan>;
using ColumnId = std::uint32_t;

// What a value of type dynamic is known to hold before the query runs: arguments are checked by it.
struct Shape {
  enum class Kind : std::uint8_t { any, array, bag, value };
  Kind kind = Kind::any;
  Type element = Type::dynamic;  // of an array, or of the value
  bool operator==(const Shape&) const = default;
};

struct PlanColumn {
  ColumnId id = 0;
  std::string name;
  Type type = Type::string;
  Shape shape = {};
};

// One constant. Which field counts goes by the type: boolean; integer for int, long, datetime (ticks since 1970) and
// timespan (ticks); real; guid; text for string, decimal (its digits) and dynamic (JSON).
struct LiteralValue {
  bool is_null = false;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  Guid guid{};
  std::string text;
};

struct BoundExpression {
  enum class Kind : std::uint8_t {
    literal,       // value
    column,        // column of the input
    call,          // function over arguments: scalar functions, operators (named "+", "has" ...), conversions
    aggregate,     // only in AggregatePlan, as the top of an expression
    window,        // only in WindowPlan: function over the rows in order
    scalar_query,  // toscalar(plan): first column of the first row
    in_query,      // arguments[0] in (plan); function is in, !in, in~, !in~, has_any, has_all
    parameter,     // a lambda's parameter while its definition is checked; never in a finished plan
  };
  Kind kind = Kind::literal;
  Type type = kUnknown;
  bool constant = false;  // the same for every row
  Shape shape;            // of a dynamic
  Span span;
  LiteralValue value;
  ColumnId column = 0;
  const Function* function = nullptr;
  std::vector<Expr> arguments;
  PlanPtr plan;
};

struct SortKey {
  Expr value;
  bool descending = true;
  bool nulls_first = false;
};

struct Assignment {
  ColumnId column = 0;
  Expr value;
};

// Plans. `columns` of every node is its output.
struct Plan {
  enum class Kind : std::uint8_t {
    scan,       // rows of a stored table
    values,     // rows written in the query
    sequence,   // range x from a to b step c
    filter,
    project,    // computes all its columns; also renames, drops and reorders
    aggregate,  // group by keys; without keys one row
    join,
    union_,
    sort,
    limit,
    unnest,     // mv-expand: one row for each element
    window,     // adds columns that depend on the order of rows
    reference,  // rows of a shared plan under fresh column ids
    external,   // externaldata: rows of a file elsewhere
    local,      // rows that SQL cannot make: an operator of ours runs on its inputs' rows
  };
  Kind kind;
  std::vector<PlanColumn> columns;
  mutable bool open = false;  // more columns come when the query runs (bag_unpack before its probe); set before it is shared
  explicit Plan(Kind k) : kind(k) {}
  virtual ~Plan() = default;
};

struct ScanPlan : Plan {
  static constexpr auto kKind = Kind::scan;
  ScanPlan() : Plan(kKind) {}
  std::string table;                // the catalog's name
  std::string table_sql;            // after FROM
  std::vector<std::string> stored;  // stored column of each of `columns`
};

struct ValuesPlan : Plan {
  static constexpr auto kKind = Kind::values;
  ValuesPlan() : Plan(kKind) {}
  std::vector<std::vector<Expr>> rows;  // constants: literals, or expressions without columns
};

struct SequencePlan : Plan {  // one column
  static constexpr auto kKind = Kind::sequence;
  SequencePlan() : Plan(kKind) {}
  Expr from, to, step;  // of the column's type (step of a datetime: timespan)
};

struct FilterPlan : Plan {
  static constexpr auto kKind = Kind::filter;
  FilterPlan() : Plan(kKind) {}
  PlanPtr input;
  Expr condition;  // bool; null counts as false
};

struct ProjectPlan : Plan {
  static constexpr auto kKind = Kind::project;
  ProjectPlan() : Plan(kKind) {}
  PlanPtr input;
  std::vector<Expr> values;  // one for each of `columns`; a column that only passes keeps its id
};

struct AggregatePlan : Plan {  // columns: keys first, then aggregates
  static constexpr auto kKind = Kind::aggregate;
  AggregatePlan() : Plan(kKind) {}
  PlanPtr input;
  std::vector<Expr> keys;
  std::vector<Expr> aggregates;  // Kind::aggregate
};

enum class JoinKind : std::uint8_t { inner, inner_unique, left_outer, right_outer, full_outer, left_semi, right_semi, left_anti, right_anti, cross };

struct JoinPlan : Plan {  // columns: left's, then right's (semi and anti: of one side); any subset
  static constexpr auto kKind = Kind::join;
  JoinPlan() : Plan(kKind) {}
  JoinKind join = JoinKind::inner;
  PlanPtr left, right;
  std::vector<std::pair<Expr, Expr>> keys;  // equal types
  bool null_safe = false;  // null keys match each other
};

struct UnionPlan : Plan {
  static constexpr auto kKind = Kind::union_;
  UnionPlan() : Plan(kKind) {}
  struct Branch {
    PlanPtr input;
    std::vector<Expr> values;  // one for each of `columns`, over the branch's input
  };
  std::vector<Branch> branches;
};

struct SortPlan : Plan {
  static constexpr auto kKind = Kind::sort;
  SortPlan() : Plan(kKind) {}
  PlanPtr input;
  std::vector<SortKey> keys;
};

struct LimitPlan : Plan {
  static constexpr auto kKind = Kind::limit;
  LimitPlan() : Plan(kKind) {}
  PlanPtr input;
  Expr count;  // constant long
  std::vector<Expr> by;  // count rows for each value of these
};

// Every item's array is walked in step with the others; the shorter ones give nulls. A row whose arrays are all
// empty or null stays once, with nulls, if keep_empty.
struct UnnestPlan : Plan {  // columns: those of the input, then one for each item, then the index
  static constexpr auto kKind = Kind::unnest;
  UnnestPlan() : Plan(kKind) {}
  struct Item {
    ColumnId column = 0;
    Expr array;               // dynamic
    Type type = Type::dynamic; // of the elements
    bool bag_as_pair = false; // a bag's members as ["key", value] instead of {"key": value}
  };
  PlanPtr input;
  std::vector<Item> items;
  std::optional<ColumnId> index;  // long, from 0
  Expr limit;                     // rows from each input row; may be absent
  bool keep_empty = false;
};

struct WindowPlan : Plan {  // columns: those of the input, then one for each function
  static constexpr auto kKind = Kind::window;
  WindowPlan() : Plan(kKind) {}
  PlanPtr input;
  std::vector<Expr> functions;  // Kind::window
  std::vector<Expr> partition;  // may be empty
  std::vector<std::size_t> function_columns;  // where in `columns` each function is; empty: the last ones
};

struct ReferencePlan : Plan {
  static constexpr auto kKind = Kind::reference;
  ReferencePlan() : Plan(kKind) {}
  std::shared_ptr<const struct SharedPlan> target;  // columns[i] is the target's columns[i]
};

struct ExternalPlan : Plan {
  static constexpr auto kKind = Kind::external;
  ExternalPlan() : Plan(kKind) {}
  Span span;  // of the keyword
  std::string what = "externaldata";
  std::vector<std::string> addresses;
  std::vector<std::pair<std::string, std::string>> properties;  // format=csv ...
};

class LocalOperator;  // stages/local_operator.hpp

// What has no SQL: the inputs are asked of the store, the operator works on their rows here, and the rest of the query
// reads what it made (stages/).
struct LocalPlan : Plan {
  static constexpr auto kKind = Kind::local;
  LocalPlan() : Plan(kKind) {}
  std::string what;  // "scan", for messages and explain
  Span span;         // where it stands in the text
  std::vector<PlanPtr> inputs;
  std::shared_ptr<const LocalOperator> operation;
  bool ordered = false;  // its rows have an order that counts, even where those of its inputs have none
};

// A tabular let variable, `as` name, or materialize(...).
struct SharedPlan {
  std::string name;
  PlanPtr plan;
  bool materialized = false;
};

template <class T>
const T* as(const PlanPtr& plan) {
  return plan && plan->kind == T::kKind ? static_cast<const T*>(plan.get()) : nullptr;
}

// What `render` asked for, as the JSON object that the Log Analytics API shows; "" without render.
using Visualization = std::string;

// One of several results of a text: of fork's branches, or of tabular statements with ; between them.
struct NamedResult {
  std::string name;  // "" when it has none
  PlanPtr plan;
  Visualization visualization;
};

struct BoundQuery {
  PlanPtr plan;  // of the last result; absent when there are errors or nothing to run
  std::string name;                  // of the last result
  std::vector<NamedResult> earlier;  // results before it, in order
  std::vector<NamedResult> later;    // while it is bound: results of the statement after its own; then `earlier` has all but the last
  std::vector<PlanColumn> columns() const { return plan ? plan->columns : std::vector<PlanColumn>{}; }
  Visualization visualization;
  // An operator whose rows or columns hang on data that could not be asked: the plan holds an empty table in its place,
  // good for checks alone.
  std::string unprobed;
  // `set` options and limits
  bool no_truncation = false;
  std::int64_t truncation_max_records = 0;  // 0: the service's default
  std::int64_t truncation_max_size = 0;     // bytes; likewise
  std::int64_t take_max_records = 0;        // query_take_max_records: so many rows are all; 0: no such limit
};

// Helpers to build expressions.
Expr make_literal(Type type, LiteralValue value, Span span = {});
Expr make_null(Type type);
Expr make_long(std::int64_t value, Span span = {});
Expr make_real(double value);
Expr make_bool(bool value);
Expr make_string(std::string value, Span span = {});
Expr make_column(const PlanColumn& column, Span span = {});
Expr make_call(const Function* function, Type type, std::vector<Expr> arguments, Span span = {});
bool is_literal(const Expr& e);
bool is_null_literal(const Expr& e);
// The expression with columns replaced by what the map has for them.
Expr substitute(const Expr& e, const std::unordered_map<ColumnId, Expr>& columns);

// The plan as an indented text, for tests and `yagura kql explain`.
std::string to_text(const Plan& plan);

}  // namespace yagura::kql
