// The tabular operators of KQL as nodes.
// https://learn.microsoft.com/kusto/query/queries
//
// "Columns" means a list whose items are NamedExpression or any other expression. "Tables" are expressions that stand
// for a table. A PipeExpression without a source is a sub-pipe on the rows at hand.
#pragma once
#include "kql/syntax_tree_expressions.hpp"

namespace yagura::kql {

// What stands where an operator was expected (a diagnostic says so).
struct BadOperator : Operator {
  static constexpr auto kKind = NodeKind::bad_operator;
};

struct AsOperator : Operator {
  static constexpr auto kKind = NodeKind::as;
  Parameters parameters;  // hint.materialized
  Name name;
};

struct AssertSchemaOperator : Operator {
  static constexpr auto kKind = NodeKind::assert_schema;
  RowSchema schema;
};

struct ConsumeOperator : Operator {
  static constexpr auto kKind = NodeKind::consume;
  Parameters parameters;  // decodeblocks
};

struct CountOperator : Operator {
  static constexpr auto kKind = NodeKind::count;
  std::optional<Name> as_name;  // count as N
};

struct DistinctOperator : Operator {
  static constexpr auto kKind = NodeKind::distinct;
  Parameters parameters;
  List<Expression> columns;  // StarExpression for *
};

struct EvaluateOperator : Operator {
  static constexpr auto kKind = NodeKind::evaluate;
  Parameters parameters;
  const Expression* call = nullptr;  // CallExpression
  std::optional<RowSchema> schema;   // evaluate f() : (a:long, *)
};

struct ExecuteAndCacheOperator : Operator {
  static constexpr auto kKind = NodeKind::execute_and_cache;
};

struct ExtendOperator : Operator {
  static constexpr auto kKind = NodeKind::extend;
  List<Expression> columns;
};

struct FacetOperator : Operator {
  static constexpr auto kKind = NodeKind::facet;
  List<Expression> columns;
  bool with_parentheses = false;     // with (...) rather than with operator
  const Expression* with = nullptr;  // may be absent; an Operator, or a PipeExpression without source
};

// where and filter
struct FilterOperator : Operator {
  static constexpr auto kKind = NodeKind::filter;
  Parameters parameters;
  const Expression* condition = nullptr;
};

struct FindOperator : Operator {
  static constexpr auto kKind = NodeKind::find;
  const Literal* data_scope = nullptr;  // may be absent
  Parameters parameters;                // withsource
  bool has_in = false;
  List<Expression> tables;  // names, wildcards, paths, parenthesised queries
  bool has_where = false;   // the keyword may be left out
  const Expression* condition = nullptr;
  bool has_project = false;
  bool smart = false;        // project-smart
  List<Expression> project;  // NameExpression, TypedColumn, PackExpression
  bool has_project_away = false;
  List<Expression> project_away;  // NameExpression, TypedColumn, StarExpression
};

struct ForkOperator : Operator {
  static constexpr auto kKind = NodeKind::fork;
  struct Branch {
    std::optional<Name> name;
    const Expression* body = nullptr;  // an Operator, or a PipeExpression without source
    Span span;
  };
  std::span<const Branch> branches;
};

struct GetSchemaOperator : Operator {
  static constexpr auto kKind = NodeKind::get_schema;
  Parameters parameters;  // kind=csl
};

struct GraphMarkComponentsOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_mark_components;
  Parameters parameters;  // kind, with_component_id
};

// One element of a graph pattern: (node), -[edge*1..3]->, <--, --
struct GraphPatternElement {
  enum class Shape : std::uint8_t { node, edge_right, edge_left, edge_any };
  Shape shape = Shape::node;
  Span span;
  std::optional<Name> name;
  bool bracketed = false;            // an edge with [...]
  bool ranged = false;               // *low..high
  const Expression* low = nullptr;   // may be absent (Literal)
  const Expression* high = nullptr;  // may be absent
};
struct GraphPattern {
  Span span;
  std::span<const GraphPatternElement> elements;
};

struct GraphMatchOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_match;
  Parameters parameters;  // cycles
  std::span<const GraphPattern> patterns;
  const Expression* condition = nullptr;  // may be absent
  bool has_project = false;
  List<Expression> project;
};

struct GraphShortestPathsOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_shortest_paths;
  Parameters parameters;  // output
  std::span<const GraphPattern> patterns;
  const Expression* condition = nullptr;  // may be absent
  bool has_project = false;
  List<Expression> project;
};

struct GraphToTableOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_to_table;
  struct Output {
    bool nodes = true;  // else edges
    std::optional<Name> as_name;
    Parameters parameters;  // with_node_id, with_source_id, with_target_id
    Span span;
  };
  std::span<const Output> outputs;
};

struct GraphWhereEdgesOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_where_edges;
  const Expression* condition = nullptr;
};
struct GraphWhereNodesOperator : Operator {
  static constexpr auto kKind = NodeKind::graph_where_nodes;
  const Expression* condition = nullptr;
};

struct InvokeOperator : Operator {
  static constexpr auto kKind = NodeKind::invoke;
  const Expression* call = nullptr;  // CallExpression, or PathExpression that ends in one
};

struct JoinOperator : Operator {
  static constexpr auto kKind = NodeKind::join;
  Parameters parameters;  // kind, hint.*, withsource...
  const Expression* table = nullptr;
  bool has_on = false;
  List<Expression> on;
  const Expression* where = nullptr;  // may be absent: join ... where condition
};

struct LookupOperator : Operator {
  static constexpr auto kKind = NodeKind::lookup;
  Parameters parameters;
  const Expression* table = nullptr;
  bool has_on = false;
  List<Expression> on;
  const Expression* where = nullptr;  // may be absent
};

struct MacroExpandOperator : Operator {
  static constexpr auto kKind = NodeKind::macro_expand;
  Parameters parameters;
  const Expression* group = nullptr;  // EntityGroupExpression, NameExpression, CallExpression
  std::optional<Name> scope;          // as X
  List<Statement> statements;
};

struct MakeGraphOperator : Operator {
  static constexpr auto kKind = NodeKind::make_graph;
  struct NodeTable {
    const Expression* table = nullptr;
    const Expression* key = nullptr;
  };
  Parameters parameters;
  const Expression* source = nullptr;
  bool directed = true;  // source --> target rather than source -- target
  const Expression* target = nullptr;
  std::span<const NodeTable> node_tables;      // with T on K, ...
  std::optional<Name> implicit_node_id;        // with_node_id = name
  const Expression* partitioned_by = nullptr;  // may be absent; the column
  const Expression* partition_body = nullptr;  // PipeExpression without source
};

struct MakeSeriesOperator : Operator {
  static constexpr auto kKind = NodeKind::make_series;
  struct Aggregate {
    const Expression* value = nullptr;          // NamedExpression or another
    const Expression* default_value = nullptr;  // may be absent
    Span span;
  };
  Parameters parameters;  // kind=nonempty
  std::span<const Aggregate> aggregates;
  const Expression* on = nullptr;
  // from .. to .. step ..; each may be absent
  const Expression* from = nullptr;
  const Expression* to = nullptr;
  const Expression* step = nullptr;
  bool in_range = false;             // in range(start, stop, step): the three above then hold its arguments
  List<Expression> range_arguments;  // all of them, be they three or not
  bool has_by = false;
  List<Expression> by;
};

struct MvApplyOperator : Operator {
  static constexpr auto kKind = NodeKind::mv_apply;
  struct Item {
    const Expression* value = nullptr;  // NamedExpression or another
    std::optional<TypeName> to_type;    // to typeof(long)
    Span span;
  };
  Parameters parameters;  // with_itemindex
  std::span<const Item> items;
  const Expression* limit = nullptr;       // may be absent
  const Expression* context_id = nullptr;  // may be absent
  const Expression* body = nullptr;        // PipeExpression without source, or one Operator
};

// mv-expand and mvexpand
struct MvExpandOperator : Operator {
  static constexpr auto kKind = NodeKind::mv_expand;
  using Item = MvApplyOperator::Item;
  Parameters parameters;  // bagexpansion, kind, with_itemindex
  std::span<const Item> items;
  const Expression* limit = nullptr;  // may be absent
};

// parse and parse-where
struct ParseOperator : Operator {
  static constexpr auto kKind = NodeKind::parse;
  bool where = false;     // parse-where
  Parameters parameters;  // kind, flags
  const Expression* value = nullptr;
  List<Expression> pattern;  // Literal (string), StarExpression, NameExpression, TypedColumn
};

struct ParseKvOperator : Operator {
  static constexpr auto kKind = NodeKind::parse_kv;
  const Expression* value = nullptr;
  RowSchema keys;
  bool has_with = false;
  Parameters properties;  // pair_delimiter, kv_delimiter, quote, escape, greedy
};

// partition [hint.strategy=...] by Column (sub-query) and the older forms
struct PartitionOperator : Operator {
  static constexpr auto kKind = NodeKind::partition;
  Parameters parameters;
  const Expression* by = nullptr;
  const Expression* scope = nullptr;  // may be absent: in (...)
  bool braces = false;                // { a whole query } instead of ( a sub-pipe )
  const Expression* body = nullptr;
};

// __partitionby
struct PartitionByOperator : Operator {
  static constexpr auto kKind = NodeKind::partition_by;
  Parameters parameters;
  const Expression* entity = nullptr;
  const Expression* id = nullptr;  // may be absent
  const Expression* body = nullptr;
};

struct PrintOperator : Operator {
  static constexpr auto kKind = NodeKind::print;
  List<Expression> columns;
};

struct ProjectOperator : Operator {
  static constexpr auto kKind = NodeKind::project;
  List<Expression> columns;
};

// project-away, -keep, -reorder, -by-names: lists of names and wildcards
struct ProjectNamesOperator : Operator {
  static constexpr auto kKind = NodeKind::project_names;
  enum class Mode : std::uint8_t { away, keep, reorder, by_names };
  Mode mode = Mode::away;
  List<Expression> columns;  // NameExpression; reorder: OrderedExpression too (asc, desc, granny-asc, granny-desc)
};

struct ProjectRenameOperator : Operator {
  static constexpr auto kKind = NodeKind::project_rename;
  List<Expression> columns;  // NamedExpression
};

struct RangeOperator : Operator {
  static constexpr auto kKind = NodeKind::range;
  Name name;
  const Expression* from = nullptr;
  const Expression* to = nullptr;
  const Expression* step = nullptr;
};

struct ReduceOperator : Operator {
  static constexpr auto kKind = NodeKind::reduce;
  Parameters parameters;
  const Expression* by = nullptr;
  bool has_with = false;
  Parameters with;  // threshold, characters
};

struct RenderOperator : Operator {
  static constexpr auto kKind = NodeKind::render;
  Name chart;
  Parameters parameters;  // the older form without with: kind=stacked title="x" by a, b
  bool has_with = false;
  Parameters properties;  // with (title="x")
};

struct SampleOperator : Operator {
  static constexpr auto kKind = NodeKind::sample;
  Parameters parameters;
  const Expression* count = nullptr;
};

struct SampleDistinctOperator : Operator {
  static constexpr auto kKind = NodeKind::sample_distinct;
  Parameters parameters;
  const Expression* count = nullptr;
  const Expression* of = nullptr;
};

struct ScanOperator : Operator {
  static constexpr auto kKind = NodeKind::scan;
  struct Assignment {
    Name name;
    const Expression* value = nullptr;
    Span span;
  };
  struct Step {
    Name name;
    bool optional = false;
    std::optional<Name> output;  // output=all|last|none
    const Expression* condition = nullptr;
    std::span<const Assignment> assignments;
    Span span;
  };
  Parameters parameters;  // with_match_id
  bool has_order_by = false;
  List<Expression> order_by;
  bool has_partition_by = false;
  List<Expression> partition_by;
  bool has_declare = false;
  std::span<const FunctionParameter> declarations;
  std::span<const Step> steps;
};

struct SearchOperator : Operator {
  static constexpr auto kKind = NodeKind::search;
  Parameters parameters;                // kind
  const Literal* data_scope = nullptr;  // may be absent
  bool has_in = false;
  List<Expression> tables;
  const Expression* condition = nullptr;
};

struct SerializeOperator : Operator {
  static constexpr auto kKind = NodeKind::serialize;
  Parameters parameters;
  List<Expression> columns;
};

// sort by and order by
struct SortOperator : Operator {
  static constexpr auto kKind = NodeKind::sort;
  Parameters parameters;
  List<Expression> columns;  // OrderedExpression or another
};

struct SummarizeOperator : Operator {
  static constexpr auto kKind = NodeKind::summarize;
  Parameters parameters;
  List<Expression> aggregates;
  bool has_by = false;
  List<Expression> by;
  const Expression* bin = nullptr;  // may be absent: the older "by x bin = 1h"
};

// take and limit
struct TakeOperator : Operator {
  static constexpr auto kKind = NodeKind::take;
  Parameters parameters;
  const Expression* count = nullptr;
};

struct TopOperator : Operator {
  static constexpr auto kKind = NodeKind::top;
  Parameters parameters;
  const Expression* count = nullptr;
  const Expression* by = nullptr;  // OrderedExpression or another
};

struct TopHittersOperator : Operator {
  static constexpr auto kKind = NodeKind::top_hitters;
  const Expression* count = nullptr;
  const Expression* of = nullptr;
  const Expression* by = nullptr;  // may be absent
};

struct TopNestedOperator : Operator {
  static constexpr auto kKind = NodeKind::top_nested;
  struct Level {
    Span span;
    const Expression* count = nullptr;   // may be absent: all
    const Expression* of = nullptr;      // NamedExpression or another
    const Expression* others = nullptr;  // may be absent: with others = ...
    const Expression* by = nullptr;      // OrderedExpression or another; NamedExpression within
  };
  std::span<const Level> levels;
};

struct UnionOperator : Operator {
  static constexpr auto kKind = NodeKind::union_;
  Parameters parameters;    // kind, withsource, isfuzzy
  List<Expression> tables;  // names, wildcards, paths, parenthesised queries
};

}  // namespace yagura::kql
