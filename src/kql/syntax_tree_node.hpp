// What every node of a KQL syntax tree has: its kind, its place in the text, and how to walk over nodes.
//
// Nodes live in the tree's arena, are immutable once parsed, trivially destructible and never freed one by one: a tree
// of any depth goes away without recursion. Pointers and views in a node live as long as the SyntaxTree.
// A field that may be absent says so; every other pointer is non-null also after syntax errors (a MissingExpression
// then). Every node's height is bounded (ParseOptions::max_depth), so walking it recursively is safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace yagura::kql {

// Byte offsets in the query text.
struct Span {
  std::uint32_t start = 0;
  std::uint32_t length = 0;
  constexpr std::uint32_t end() const { return start + length; }
  friend constexpr bool operator==(Span, Span) = default;
};

// All node types by base class; X(Type, snake_case_kind).
#define YAGURA_KQL_EXPRESSION_NODES(X)                            \
  X(MissingExpression, missing)                                   \
  X(NameExpression, name)                                         \
  X(NameListExpression, name_list)                                \
  X(Literal, literal)                                             \
  X(TypeOfLiteral, type_of)                                       \
  X(DynamicLiteral, dynamic)                                      \
  X(JsonArray, json_array)                                        \
  X(JsonObject, json_object)                                      \
  X(UnaryExpression, unary)                                       \
  X(BinaryExpression, binary)                                     \
  X(LogicalExpression, logical)                                   \
  X(InExpression, in)                                             \
  X(BetweenExpression, between)                                   \
  X(CallExpression, call)                                         \
  X(PathExpression, path)                                         \
  X(ElementExpression, element)                                   \
  X(BracketedExpression, bracketed)                               \
  X(ParenthesizedExpression, parenthesized)                       \
  X(PipeExpression, pipe)                                         \
  X(StarExpression, star)                                         \
  X(AtExpression, at)                                             \
  X(NamedExpression, named)                                       \
  X(OrderedExpression, ordered)                                   \
  X(TypedColumn, typed_column)                                    \
  X(PackExpression, pack)                                         \
  X(ToScalarExpression, to_scalar)                                \
  X(ToTableExpression, to_table)                                  \
  X(MaterializeExpression, materialize)                           \
  X(DataTableExpression, data_table)                              \
  X(ContextualDataTableExpression, contextual_data_table)         \
  X(ExternalDataExpression, external_data)                        \
  X(InlineExternalTableExpression, inline_external_table)         \
  X(MaterializedViewCombineExpression, materialized_view_combine) \
  X(EntityGroupExpression, entity_group)                          \
  X(DataScopeExpression, data_scope)                              \
  X(LambdaExpression, lambda)

#define YAGURA_KQL_OPERATOR_NODES(X)                    \
  X(BadOperator, bad_operator)                          \
  X(AsOperator, as)                                     \
  X(AssertSchemaOperator, assert_schema)                \
  X(ConsumeOperator, consume)                           \
  X(CountOperator, count)                               \
  X(DistinctOperator, distinct)                         \
  X(EvaluateOperator, evaluate)                         \
  X(ExecuteAndCacheOperator, execute_and_cache)         \
  X(ExtendOperator, extend)                             \
  X(FacetOperator, facet)                               \
  X(FilterOperator, filter)                             \
  X(FindOperator, find)                                 \
  X(ForkOperator, fork)                                 \
  X(GetSchemaOperator, get_schema)                      \
  X(GraphMarkComponentsOperator, graph_mark_components) \
  X(GraphMatchOperator, graph_match)                    \
  X(GraphShortestPathsOperator, graph_shortest_paths)   \
  X(GraphToTableOperator, graph_to_table)               \
  X(GraphWhereEdgesOperator, graph_where_edges)         \
  X(GraphWhereNodesOperator, graph_where_nodes)         \
  X(InvokeOperator, invoke)                             \
  X(JoinOperator, join)                                 \
  X(LookupOperator, lookup)                             \
  X(MacroExpandOperator, macro_expand)                  \
  X(MakeGraphOperator, make_graph)                      \
  X(MakeSeriesOperator, make_series)                    \
  X(MvApplyOperator, mv_apply)                          \
  X(MvExpandOperator, mv_expand)                        \
  X(ParseOperator, parse)                               \
  X(ParseKvOperator, parse_kv)                          \
  X(PartitionOperator, partition)                       \
  X(PartitionByOperator, partition_by)                  \
  X(PrintOperator, print)                               \
  X(ProjectOperator, project)                           \
  X(ProjectNamesOperator, project_names)                \
  X(ProjectRenameOperator, project_rename)              \
  X(RangeOperator, range)                               \
  X(ReduceOperator, reduce)                             \
  X(RenderOperator, render)                             \
  X(SampleOperator, sample)                             \
  X(SampleDistinctOperator, sample_distinct)            \
  X(ScanOperator, scan)                                 \
  X(SearchOperator, search)                             \
  X(SerializeOperator, serialize)                       \
  X(SortOperator, sort)                                 \
  X(SummarizeOperator, summarize)                       \
  X(TakeOperator, take)                                 \
  X(TopOperator, top)                                   \
  X(TopHittersOperator, top_hitters)                    \
  X(TopNestedOperator, top_nested)                      \
  X(UnionOperator, union_)

#define YAGURA_KQL_STATEMENT_NODES(X)           \
  X(ExpressionStatement, expression_statement)  \
  X(LetStatement, let)                          \
  X(SetStatement, set)                          \
  X(AliasStatement, alias)                      \
  X(QueryParametersStatement, query_parameters) \
  X(PatternStatement, pattern)                  \
  X(RestrictStatement, restrict)

enum class NodeKind : std::uint8_t {
#define X(type, kind) kind,
  YAGURA_KQL_EXPRESSION_NODES(X) YAGURA_KQL_OPERATOR_NODES(X) YAGURA_KQL_STATEMENT_NODES(X)
#undef X
};

std::string_view to_string(NodeKind kind);  // "ExtendOperator"

struct Node {
  NodeKind kind;
  Span span;
};

// An operator is an expression, as in Kusto: `print x = 1` or `(T | count)` may stand where a table may.
struct Expression : Node {
  std::uint16_t height = 1;  // levels of expressions below and including this one
};
struct Operator : Expression {
  Span keyword;  // "project-away"; for diagnostics about the operator as such
};
struct Statement : Node {};

template <class T>
using List = std::span<const T* const>;

// A name as it stands in the text. `text` is what it means: without brackets, quotes and escapes.
struct Name {
  std::string_view text;
  Span span;               // with its brackets
  bool bracketed = false;  // ['x y'] or ["x"]
  bool braced = false;     // {x}: a client parameter; {{x}} is not Kusto's and comes as such only by ParseOptions
  bool wildcard = false;   // Sysmon*, *_d, ['a*'] does not count
  bool missing = false;    // after a syntax error
};

template <class T>
constexpr bool is(const Node& node) {
  return node.kind == T::kKind;
}
// The node as a T, or null when it is of another kind (or null itself).
template <class T>
constexpr const T* as(const Node* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<const T*>(node) : nullptr;
}
constexpr bool is_operator(NodeKind kind) { return kind >= NodeKind::bad_operator && kind <= NodeKind::union_; }
constexpr bool is_expression(NodeKind kind) { return kind <= NodeKind::union_; }

}  // namespace yagura::kql
