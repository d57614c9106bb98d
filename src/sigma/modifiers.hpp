// The value modifiers (`Field|contains|all`): one table entry each. docs/adding/sigma-modifier.md shows how to add one.
// https://github.com/SigmaHQ/sigma-specification, appendix "Modifiers".
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

// Values of the placeholders that `expand` replaces: name -> Sigma strings.
using Placeholders = std::map<std::string, std::vector<std::string>, std::less<>>;

// A name that no placeholder can have: what has no values then is left to the pipelines (DetectionItem::pending).
inline constexpr std::string_view kKeepPlaceholders = "+";

struct Modifier {
  std::string_view name;
  std::string_view summary;  // printed in docs/sigma.md
};
const std::vector<Modifier>& all_modifiers();

// Fills values, all and negated of `item` from its modifiers and written values. The error names the modifier
// and what it wanted; warnings go to `warn`.
Result<> apply_modifiers(DetectionItem& item, const Placeholders& placeholders,
                         const std::function<void(std::string)>& warn);

}  // namespace yagura::sigma
