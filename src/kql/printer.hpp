// Syntax tree to text, in one style: one operator a line, long lists one item a line.
//
// parse(print(tree)) gives an equal tree when the tree came without diagnostics (the fuzzers' law). Literals stay as
// written, comments stay near what they follow, synonyms take their documented spelling (filter: where, limit: take).
// Pure, any thread; a tree with syntax errors prints what there is.
#pragma once
#include <string>

#include "kql/syntax_tree.hpp"

namespace yagura::kql {

struct PrintOptions {
  std::size_t width = 110;  // lists and sub-queries that would go beyond are broken
};

std::string print(const SyntaxTree& tree, const PrintOptions& options = {});

// One expression or operator on one line, without comments, for messages and automatic column names.
std::string print_flat(const SyntaxTree& tree, const Node& node);

}  // namespace yagura::kql
