// Functions whose one call gives several columns, and other facts about names that the binder needs.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "kql/types.hpp"

namespace yagura::kql {

struct CompoundPart {
  std::string_view name;  // series_stats(x) gives series_stats_x_<name>
  Type type;
};
// Empty for functions that give one value. The function's value is an array of the parts, in order.
std::span<const CompoundPart> compound_parts(std::string_view function);

// "99.9" is 99_9 in a column's name.
std::string percentile_name(std::string_view text);

// Names of Kusto's functions that have no entry here (yet): a call of one is "not supported", not "unknown".
bool is_known_function_name(std::string_view name);

}  // namespace yagura::kql
