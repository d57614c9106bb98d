// The reduce operator: patterns of texts, after Risto Vaarandi, "A Data Clustering Algorithm for Mining Patterns From Event
// Logs" (2003), which Kusto's is based on. https://learn.microsoft.com/kusto/query/reduce-operator
//
// A word at a position is frequent when more than `threshold` of the rows (and two at least) have it there; numbers never
// are. A row's pattern has its frequent words, and * for what is between them. Patterns that are frequent themselves are
// groups; all other rows are "others".
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct ReduceSettings {
  double threshold = 0.1;
  std::string separators;  // besides all that is neither letter nor digit
  bool source = false;     // every row with its pattern, instead of the groups
};

// Reads the text in the first column of its input; `passing` columns follow it.
std::shared_ptr<const LocalOperator> make_reduce_operator(ReduceSettings settings, std::vector<PlanColumn> passing);

}  // namespace yagura::kql
