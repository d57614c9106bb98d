// The bytes of web/dist/console.pack, embedded by the assembler; "" when there was none at build time.
#pragma once
#include <string_view>

namespace yagura::serve {
std::string_view console_pack();
}
