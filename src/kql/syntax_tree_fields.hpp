// The fields of every node, in the order of the text: what walking, comparing and listing trees share.
//
// fields(node, visitor) calls visitor(name, field) for each. A field is a bool, an enum, a Name, a pointer to a node, a
// list of nodes or of parts; the visitor takes what it wants by overload. Places (Span) are no fields.
#pragma once
#include "kql/syntax_tree.hpp"

namespace yagura::kql {

// clang-format off
#define FIELDS(Type, ...) template <class V> void fields(const Type& n, V&& v) { (void)n; (void)v; __VA_ARGS__ }
#define F(field) v(#field, n.field);

FIELDS(Parameter, F(name) F(value))
FIELDS(TypeName, F(text))
FIELDS(RowSchema, F(any_first) F(columns))
FIELDS(FunctionParameter, F(name) F(tabular) F(type) F(schema) F(default_value))
FIELDS(JsonMember, F(name) F(value))
FIELDS(InlineExternalTableExpression::PartitionColumn, F(name) F(type) F(value))
FIELDS(InlineExternalTableExpression::PathToken, F(column) F(separator))
FIELDS(ForkOperator::Branch, F(name) F(body))
FIELDS(GraphPatternElement, F(shape) F(bracketed) F(name) F(ranged) F(low) F(high))
FIELDS(GraphPattern, F(elements))
FIELDS(GraphToTableOperator::Output, F(nodes) F(as_name) F(parameters))
FIELDS(MakeGraphOperator::NodeTable, F(table) F(key))
FIELDS(MakeSeriesOperator::Aggregate, F(value) F(default_value))
FIELDS(MvApplyOperator::Item, F(value) F(to_type))
FIELDS(ScanOperator::Assignment, F(name) F(value))
FIELDS(ScanOperator::Step, F(name) F(optional) F(output) F(condition) F(assignments))
FIELDS(TopNestedOperator::Level, F(count) F(of) F(others) F(by))
FIELDS(PatternStatement::Match, F(arguments) F(path) F(body))

FIELDS(MissingExpression, )
FIELDS(NameExpression, F(name))
FIELDS(NameListExpression, F(names))
FIELDS(Literal, F(type) F(is_null) F(valid) F(placeholder) F(obfuscated) F(untyped_null) F(token) F(boolean) F(integer) F(real) F(guid) F(text))
FIELDS(TypeOfLiteral, F(types))
FIELDS(DynamicLiteral, F(value))
FIELDS(JsonArray, F(values))
FIELDS(JsonObject, F(members))
FIELDS(UnaryExpression, F(op) F(operand))
FIELDS(BinaryExpression, F(op) F(left) F(right))
FIELDS(LogicalExpression, F(is_and) F(operands))
FIELDS(InExpression, F(op) F(left) F(list))
FIELDS(BetweenExpression, F(negated) F(left) F(low) F(high))
FIELDS(CallExpression, F(name) F(arguments))
FIELDS(PathExpression, F(target) F(selector))
FIELDS(ElementExpression, F(target) F(selector))
FIELDS(BracketedExpression, F(inner))
FIELDS(ParenthesizedExpression, F(inner))
FIELDS(PipeExpression, F(source) F(operators))
FIELDS(StarExpression, )
FIELDS(AtExpression, )
FIELDS(NamedExpression, F(names) F(compound) F(value))
FIELDS(OrderedExpression, F(value) F(direction) F(granny) F(nulls))
FIELDS(TypedColumn, F(name) F(type))
FIELDS(PackExpression, )
FIELDS(ToScalarExpression, F(parameters) F(value))
FIELDS(ToTableExpression, F(parameters) F(value))
FIELDS(MaterializeExpression, F(value))
FIELDS(DataTableExpression, F(parameters) F(schema) F(values))
FIELDS(ContextualDataTableExpression, F(id) F(schema))
FIELDS(ExternalDataExpression, F(parameters) F(schema) F(addresses) F(has_with) F(properties))
FIELDS(InlineExternalTableExpression, F(parameters) F(schema) F(table_kind) F(has_partition) F(partition_columns) F(has_path_format) F(path_prefix) F(path_tokens) F(data_format) F(connection_strings) F(has_with) F(properties))
FIELDS(MaterializedViewCombineExpression, F(view_name) F(base) F(delta) F(aggregations))
FIELDS(EntityGroupExpression, F(entities))
FIELDS(DataScopeExpression, F(table) F(value))
FIELDS(LambdaExpression, F(is_view) F(parameters) F(statements) F(result))

FIELDS(BadOperator, )
FIELDS(AsOperator, F(parameters) F(name))
FIELDS(AssertSchemaOperator, F(schema))
FIELDS(ConsumeOperator, F(parameters))
FIELDS(CountOperator, F(as_name))
FIELDS(DistinctOperator, F(parameters) F(columns))
FIELDS(EvaluateOperator, F(parameters) F(call) F(schema))
FIELDS(ExecuteAndCacheOperator, )
FIELDS(ExtendOperator, F(columns))
FIELDS(FacetOperator, F(columns) F(with_parentheses) F(with))
FIELDS(FilterOperator, F(parameters) F(condition))
FIELDS(FindOperator, F(data_scope) F(parameters) F(has_in) F(tables) F(condition) F(has_project) F(smart) F(project) F(has_project_away) F(project_away))
FIELDS(ForkOperator, F(branches))
FIELDS(GetSchemaOperator, F(parameters))
FIELDS(GraphMarkComponentsOperator, F(parameters))
FIELDS(GraphMatchOperator, F(parameters) F(patterns) F(condition) F(has_project) F(project))
FIELDS(GraphShortestPathsOperator, F(parameters) F(patterns) F(condition) F(has_project) F(project))
FIELDS(GraphToTableOperator, F(outputs))
FIELDS(GraphWhereEdgesOperator, F(condition))
FIELDS(GraphWhereNodesOperator, F(condition))
FIELDS(InvokeOperator, F(call))
FIELDS(JoinOperator, F(parameters) F(table) F(has_on) F(on) F(where))
FIELDS(LookupOperator, F(parameters) F(table) F(has_on) F(on) F(where))
FIELDS(MacroExpandOperator, F(parameters) F(group) F(scope) F(statements))
FIELDS(MakeGraphOperator, F(parameters) F(source) F(directed) F(target) F(node_tables) F(implicit_node_id) F(partitioned_by) F(partition_body))
FIELDS(MakeSeriesOperator, F(parameters) F(aggregates) F(on) F(in_range) if (!n.in_range) { F(from) F(to) F(step) } F(range_arguments) F(has_by) F(by))
FIELDS(MvApplyOperator, F(parameters) F(items) F(limit) F(context_id) F(body))
FIELDS(MvExpandOperator, F(parameters) F(items) F(limit))
FIELDS(ParseOperator, F(where) F(parameters) F(value) F(pattern))
FIELDS(ParseKvOperator, F(value) F(keys) F(has_with) F(properties))
FIELDS(PartitionOperator, F(parameters) F(by) F(scope) F(braces) F(body))
FIELDS(PartitionByOperator, F(parameters) F(entity) F(id) F(body))
FIELDS(PrintOperator, F(columns))
FIELDS(ProjectOperator, F(columns))
FIELDS(ProjectNamesOperator, F(mode) F(columns))
FIELDS(ProjectRenameOperator, F(columns))
FIELDS(RangeOperator, F(name) F(from) F(to) F(step))
FIELDS(ReduceOperator, F(parameters) F(by) F(has_with) F(with))
FIELDS(RenderOperator, F(chart) F(parameters) F(has_with) F(properties))
FIELDS(SampleOperator, F(parameters) F(count))
FIELDS(SampleDistinctOperator, F(parameters) F(count) F(of))
FIELDS(ScanOperator, F(parameters) F(has_order_by) F(order_by) F(has_partition_by) F(partition_by) F(has_declare) F(declarations) F(steps))
FIELDS(SearchOperator, F(parameters) F(data_scope) F(has_in) F(tables) F(condition))
FIELDS(SerializeOperator, F(parameters) F(columns))
FIELDS(SortOperator, F(parameters) F(columns))
FIELDS(SummarizeOperator, F(parameters) F(aggregates) F(has_by) F(by) F(bin))
FIELDS(TakeOperator, F(parameters) F(count))
FIELDS(TopOperator, F(parameters) F(count) F(by))
FIELDS(TopHittersOperator, F(count) F(of) F(by))
FIELDS(TopNestedOperator, F(levels))
FIELDS(UnionOperator, F(parameters) F(tables))

FIELDS(ExpressionStatement, F(value))
FIELDS(LetStatement, F(name) F(value))
FIELDS(SetStatement, F(name) F(value))
FIELDS(AliasStatement, F(name) F(value))
FIELDS(QueryParametersStatement, F(parameters))
FIELDS(PatternStatement, F(name) F(declared_only) F(parameters) F(path_parameter) F(matches))
FIELDS(RestrictStatement, F(tables) F(has_with) F(properties))
// clang-format on

#undef F
#undef FIELDS

template <class T>
concept SyntaxNodePointer = std::is_pointer_v<T> && std::is_base_of_v<Node, std::remove_pointer_t<T>>;
template <class T>
concept SyntaxPart = requires(const T& part) { fields(part, [](auto&&...) {}); } && !std::is_base_of_v<Node, T>;

}  // namespace yagura::kql
