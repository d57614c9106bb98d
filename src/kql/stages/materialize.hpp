// materialize(...) of what is another thing each time it is computed, in a query of several statements.
//
// Within one statement the store makes such a table once (a WITH that is MATERIALIZED). A query with stages is several
// statements, and each would make it anew: so the table becomes a stage of its own, which all of them read.
#pragma once
#include "kql/plan.hpp"

namespace yagura::kql::stages {

// Whether computing the plan once more may give other rows: random values, a `take` without an order.
bool gives_other_rows(const PlanPtr& plan);
// The plan's rows, kept.
PlanPtr make_kept_stage(PlanPtr plan);

}  // namespace yagura::kql::stages
