// The scan operator: sequences of rows that match steps one after another.
// https://learn.microsoft.com/kusto/query/scan-operator
//
// What a step keeps of a row is the row's number and the values that were assigned; so the state is small whatever the
// table's width. Conditions that don't look at the state were computed by SQL and come as columns.
#pragma once
#include <map>

#include "kql/inflight_expression.hpp"
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct ScanSteps {
  enum class Output : std::uint8_t { all, last, none };
  // A column as a step's state has it, and as expressions call it.
  struct StateColumn {
    ColumnId id = 0;
    std::size_t step = 0;
    bool declared = false;
    std::size_t index = 0;  // of the declaration, or
    ColumnId column = 0;    // of the input
  };
  struct Step {
    Output output = Output::all;
    bool optional = false;
    Expr row_condition;    // a column of the input, or absent
    Expr state_condition;  // reads the state; may be absent
    std::vector<std::pair<std::size_t, Expr>> assignments;  // declaration, value
  };
  struct Declaration {
    PlanColumn column;  // of the result
    ColumnId current;   // the value that the row has so far
    Expr initial;       // constant
  };
  std::vector<PlanColumn> passing;  // columns of the input that the result has
  std::vector<ColumnId> partition;  // columns of the input
  std::vector<Declaration> declarations;
  std::vector<Step> steps;
  std::vector<StateColumn> state;
  std::optional<PlanColumn> match_id;
};

std::shared_ptr<const LocalOperator> make_scan_operator(ScanSteps steps, std::vector<PlanColumn> input);

}  // namespace yagura::kql
