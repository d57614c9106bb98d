// What the files of the suite kql-both share.
#pragma once
#include <optional>
#include <string>

#include "kql_suites.hpp"

namespace yagura::conformance {

// Nothing when the query cannot be compared, "" when both back ends give the same, else what differs.
std::optional<std::string> compare_back_ends(Engine& engine, const kql::Catalog& catalog, const std::string& query, bool any_order);

// Row-wise operators over random rows (kql_both_operators.cpp).
void run_kql_both_operators(KqlRun& run, Engine& engine, const kql::Catalog& catalog, std::uint64_t seed);

}  // namespace yagura::conformance
