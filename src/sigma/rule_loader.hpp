// YAML text -> rules, correlation rules and filters.
//
// One text may hold many documents ("rule collections": `action: global`, `reset` and `repeat` included). Every
// mistake is reported with its place; a document with an error is left out, the others are loaded. References between
// rules (correlations, filters) are checked by check_references() once everything is loaded. Any thread; no state.
#pragma once
#include <string>
#include <string_view>

#include "sigma/modifiers.hpp"
#include "sigma/problem.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

struct LoadOptions {
  Placeholders placeholders;
};

// Adds to `into`. `file` is how messages call the text.
void load_rules(std::string_view yaml, const std::string& file, const LoadOptions& options, RuleCollection& into,
                Problems& problems);

// Drops what refers to rules that are not there, rules whose id or name stands twice (the first stays), and
// correlations that refer to each other in a circle; each with an error in `problems`.
void check_references(RuleCollection& rules, Problems& problems);

}  // namespace yagura::sigma
