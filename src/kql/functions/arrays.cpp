#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> array_functions() { return {}; }

}  // namespace yagura::kql
