// Row-wise nodes (filter, project, limit, unnest) as a stage: the in-flight evaluator on the rows of a statement.
#pragma once
#include <memory>

#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// The leaf under which the nodes are written that RowsOperator then runs; its columns are those of `input`.
std::shared_ptr<const ScanPlan> rows_leaf(const Plan& input);
// A stage that gives what `chain` does over its leaf, for the rows of `input`.
PlanPtr make_rows_stage(PlanPtr chain, std::shared_ptr<const ScanPlan> leaf, PlanPtr input, std::string what, Span span);
// The chain of a stage made so, to put more nodes on top; null for another plan.
PlanPtr rows_chain(const Plan& plan, std::shared_ptr<const ScanPlan>& leaf);

}  // namespace yagura::kql
