// Units of measure, in one table for both back ends (functions/unit.cpp).
#pragma once
#include <optional>
#include <string_view>

namespace yagura::kql {

// What convert_angle(value, from, to) and its neighbours give; nothing for a unit that is none of the function's.
std::optional<double> convert_units(std::string_view function, double value, std::string_view from,
                                    std::string_view to);

}  // namespace yagura::kql
