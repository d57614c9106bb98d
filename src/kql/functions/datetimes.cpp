#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> datetime_functions() { return {}; }

}  // namespace yagura::kql
