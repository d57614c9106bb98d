// Letters in one case, for comparisons that ignore it, and tolower(), toupper().
#pragma once
#include <string>
#include <string_view>

namespace yagura::kql {

std::string fold_case(std::string_view text);  // small letters, all of Unicode
std::string upper_case(std::string_view text);
bool equal_folded(std::string_view a, std::string_view b);
// Where `part` is in `text` whatever the case, from byte `from` on; npos when nowhere. `folded_part` is folded already.
std::size_t find_folded(std::string_view text, std::string_view folded_part, std::size_t from = 0);

}  // namespace yagura::kql
