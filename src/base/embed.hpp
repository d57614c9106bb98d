// Takes a file into the program at build time: YAGURA_EMBED(page, YAGURA_FOLDER "/page.html") defines page(), a view of
// its bytes that lives as long as the program. The build has to be told that the source depends on the file
// (cmake/embed.cmake); ccache knows .incbin and keeps nothing of such sources.
#pragma once
#include <cstddef>
#include <string_view>

#ifdef _WIN32
#define YAGURA_EMBED_SECTION "  .section .rdata\n"
#define YAGURA_EMBED_HIDDEN(symbol)
#else
#define YAGURA_EMBED_SECTION "  .section .rodata\n"
#define YAGURA_EMBED_HIDDEN(symbol) "  .hidden " symbol "\n"
#endif

#define YAGURA_EMBED(name, path)                                                                             \
  asm(YAGURA_EMBED_SECTION "  .global yagura_embedded_" #name                                                \
                           "_begin\n"                                                                        \
                           "  .global yagura_embedded_" #name                                                \
                           "_end\n" YAGURA_EMBED_HIDDEN("yagura_embedded_" #name "_begin")                   \
                               YAGURA_EMBED_HIDDEN("yagura_embedded_" #name "_end") "yagura_embedded_" #name \
                                                                                    "_begin:\n"              \
                                                                                    "  .incbin \"" path      \
                                                                                    "\"\n"                   \
                                                                                    "yagura_embedded_" #name \
                                                                                    "_end:\n"                \
                                                                                    "  .byte 0\n"            \
                                                                                    "  .text\n");            \
  extern "C" {                                                                                               \
  extern const char yagura_embedded_##name##_begin[];                                                        \
  extern const char yagura_embedded_##name##_end[];                                                          \
  }                                                                                                          \
  namespace {                                                                                                \
  std::string_view name() {                                                                                  \
    return {yagura_embedded_##name##_begin,                                                                  \
            static_cast<std::size_t>(yagura_embedded_##name##_end - yagura_embedded_##name##_begin)};        \
  }                                                                                                          \
  }
