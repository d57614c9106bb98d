#include "kql/sql_expression.hpp"

namespace yagura::kql {

std::span<const Function> series_functions() { return {}; }

}  // namespace yagura::kql
