#include "hunt/timeline_page.hpp"

// YAGURA_TIMELINE is the folder, set by cmake/timeline.cmake; the build depends on its files (ccache knows .incbin and
// keeps nothing of such sources).
#define YAGURA_EMBED(name, file)                                                                           \
  asm("  .section .rodata\n"                                                                               \
      "  .global yagura_" #name                                                                            \
      "_begin\n"                                                                                           \
      "  .global yagura_" #name                                                                            \
      "_end\n"                                                                                             \
      "  .hidden yagura_" #name                                                                            \
      "_begin\n"                                                                                           \
      "  .hidden yagura_" #name                                                                            \
      "_end\n"                                                                                             \
      "yagura_" #name                                                                                      \
      "_begin:\n"                                                                                          \
      "  .incbin \"" YAGURA_TIMELINE "/" file                                                              \
      "\"\n"                                                                                               \
      "yagura_" #name                                                                                      \
      "_end:\n"                                                                                            \
      "  .byte 0\n"                                                                                        \
      "  .text\n");                                                                                        \
  extern "C" {                                                                                             \
  extern const char yagura_##name##_begin[];                                                               \
  extern const char yagura_##name##_end[];                                                                 \
  }                                                                                                        \
  namespace {                                                                                              \
  std::string_view name() {                                                                                \
    return {yagura_##name##_begin, static_cast<std::size_t>(yagura_##name##_end - yagura_##name##_begin)}; \
  }                                                                                                        \
  }

YAGURA_EMBED(timeline_page, "timeline.html")
YAGURA_EMBED(timeline_css, "timeline.css")
YAGURA_EMBED(timeline_js, "timeline.js")

namespace yagura::hunt {
std::string_view timeline_html() { return timeline_page(); }
std::string_view timeline_style() { return timeline_css(); }
std::string_view timeline_script() { return timeline_js(); }
}  // namespace yagura::hunt
