#include "serve/console_pack.hpp"

// YAGURA_CONSOLE_PACK is the pack's path, set by cmake/console.cmake when the file is there; the build depends on it.
#ifdef YAGURA_CONSOLE_PACK
asm(R"(
  .section .rodata
  .balign 16
  .global yagura_console_pack_begin
  .global yagura_console_pack_end
  .hidden yagura_console_pack_begin
  .hidden yagura_console_pack_end
yagura_console_pack_begin:
  .incbin ")" YAGURA_CONSOLE_PACK R"("
yagura_console_pack_end:
  .byte 0
  .text
)");

extern "C" {
extern const char yagura_console_pack_begin[];
extern const char yagura_console_pack_end[];
}
#endif

namespace yagura::serve {

std::string_view console_pack() {
#ifdef YAGURA_CONSOLE_PACK
  return {yagura_console_pack_begin, static_cast<std::size_t>(yagura_console_pack_end - yagura_console_pack_begin)};
#else
  return {};
#endif
}

}  // namespace yagura::serve
