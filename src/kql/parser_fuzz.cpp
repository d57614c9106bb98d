// Any bytes parse to a tree and diagnostics within the text; what parses without one prints to what parses to the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kql/parser.hpp"
#include "kql/printer.hpp"

namespace {
void check(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", law);
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::kql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ParseOptions options;
  options.allow_fragment = true;
  const auto first = parse(text, options);
  for (const auto& diagnostic : first.diagnostics) {
    check(diagnostic.start <= size && diagnostic.length <= size - diagnostic.start, "diagnostics lie in the text");
    check(!to_text(diagnostic, text).empty(), "diagnostics print");
  }
  const auto printed = print(first.tree);
  if (!first.ok()) return 0;
  const auto second = parse(printed, options);
  check(second.ok(), "what is printed parses");
  check(equal(first.tree, second.tree), "parse(print(tree)) equals tree");
  return 0;
}
