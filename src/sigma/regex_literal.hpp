// A text that every match of a regular expression contains: what the prefilter looks for.
#pragma once
#include <string>
#include <string_view>

namespace yagura::sigma {

// The longest run of literal characters that must stand in a match; "" when there is none that is easy to see. Never
// wrong, sometimes shorter than possible.
std::string required_literal(std::string_view regex);

}  // namespace yagura::sigma
