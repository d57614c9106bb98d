// schema_merge: several tables' schemas, as getschema shows them, as one.
// https://learn.microsoft.com/kusto/query/schema-merge-plugin
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// Input columns: name (string), ordinal (long), type (string). Result: ColumnName, ColumnOrdinal, DataType, ColumnType. With
// `keep_order` a column must stand at the same place in all schemas that have it; where it doesn't, or where its types have none in
// common, the row says so.
std::shared_ptr<const LocalOperator> make_schema_operator(bool keep_order, std::vector<PlanColumn> result);

}  // namespace yagura::kql
