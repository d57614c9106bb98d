// The program's version.
#pragma once
#include <string_view>

namespace yagura {
inline constexpr std::string_view kVersion = "0.1.0";
}
