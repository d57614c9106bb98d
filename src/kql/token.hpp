// The words of KQL.
#pragma once
#include <cstdint>
#include <string_view>

#include "kql/syntax_tree_node.hpp"
#include "kql/token_kinds.hpp"

namespace yagura::kql {

// One word with its place. The blanks and comments before it lie between the end of the token before and `span.start`.
struct Token {
  TokenKind kind = TokenKind::none;
  bool adjacent = false;  // nothing lies between it and the token before
  Span span;
};

}  // namespace yagura::kql
