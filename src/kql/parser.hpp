// KQL text to syntax tree.
//
// Total: every text gives a tree; what is wrong is in `diagnostics` (codes and places as Kusto's language service
// gives them), in the order of the text. No clock, no sockets, no recursion deeper than max_depth. Stateless: any
// thread. https://learn.microsoft.com/kusto/query/
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "kql/diagnostic.hpp"
#include "kql/syntax_tree.hpp"

namespace yagura::kql {

struct ParseOptions {
  std::size_t max_bytes = 4 << 20;     // a longer text gives one diagnostic (YK001) and no statements
  std::size_t max_tokens = 1'000'000;  // likewise
  std::uint16_t max_depth = 300;       // levels of nested brackets, and height of the tree (YK002 beyond)
  std::size_t max_diagnostics = 100;
  bool allow_fragment = false;  // a text that begins with "|": a PipeExpression without source
};

struct ParseResult {
  SyntaxTree tree;
  std::vector<Diagnostic> diagnostics;
  bool ok() const { return diagnostics.empty(); }
};

[[nodiscard]] ParseResult parse(std::string_view text, const ParseOptions& options = {});

}  // namespace yagura::kql
