// A plan rewritten to work on each group of rows by itself: what mv-apply and partition do with their sub-queries.
#pragma once
#include "kql/operators/operators.hpp"

namespace yagura::kql {

// Rewrites the plan above `source`: a group is the rows with equal `keys`. `carried` columns of the source come along. Null, without a
// diagnostic, where a node can't be rewritten. A group whose rows are all dropped gives its row to a summarize without keys as long as
// only `where` and columns stand between.
PlanPtr run_per_group(Binder& b, const PlanPtr& plan, const Plan* source, const std::vector<PlanColumn>& keys, const std::vector<PlanColumn>& carried);
// partition by X (operators) that can't be rewritten so: once for each value of X, 64 at most (partition_query.cpp).
PlanPtr bind_partition_parts(Binder& b, const PartitionOperator& op, PlanPtr input);

}  // namespace yagura::kql
