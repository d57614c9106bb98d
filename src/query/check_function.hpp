// What is wrong with a stored function, before it is kept.
#pragma once
#include <vector>

#include "kql/catalog.hpp"
#include "kql/diagnostic.hpp"

namespace yagura::query {

// Errors and warnings, with places in the body (those of the parameters: at its first character). What depends on an
// argument (columns of a (*) table) is checked when it is called. Any thread.
std::vector<kql::Diagnostic> check_function(const kql::StoredFunction& function, const kql::Catalog& catalog,
                                            std::int64_t now_ticks);

}  // namespace yagura::query
