#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> statistics_functions() { return {}; }

}  // namespace yagura::kql
