// Joins filters to the rules that they name.
#pragma once
#include "sigma/rule.hpp"

namespace yagura::sigma {

// A filter's condition is joined to the rule's with "and", as pySigma does; its identifiers keep to themselves. No
// filter is left.
void join_filters(RuleCollection& rules);

}  // namespace yagura::sigma
