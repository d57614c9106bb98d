// An operator on each group of rows by itself: what `partition` and `mv-apply` do with stages.
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// Groups are the rows of `input` with equal `keys`, in the order in which they come first. The result's columns are those of
// `inner`, then `passing` of the group's first row. Of `input` the operator reads the columns of `inner_input`.
std::shared_ptr<const LocalOperator> make_grouped_operator(std::shared_ptr<const LocalOperator> inner, std::vector<PlanColumn> inner_input,
                                                           std::vector<PlanColumn> input, std::vector<ColumnId> keys, std::vector<PlanColumn> passing);

}  // namespace yagura::kql
