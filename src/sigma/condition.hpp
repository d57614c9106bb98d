// The condition language: identifiers, not, and, or, brackets, `1 of x*`, `N of them`, `all of x*`.
#pragma once
#include <string_view>

#include "sigma/rule.hpp"

namespace yagura::sigma {

// Brackets nest at most 64 deep, the text has at most 64 KiB. The error says what was expected and at which character.
Result<Condition> parse_condition(std::string_view text);

// Every name in it must be one of the identifiers, every selector must select something.
Result<> check_condition(const Condition& condition, const std::vector<SearchIdentifier>& identifiers);

}  // namespace yagura::sigma
