// The syntax tree of one KQL text. The node types are in syntax_tree_*.hpp.
//
// A tree owns its copy of the text and its nodes; moving it keeps them in place. Immutable after parse(), so threads
// may share it.
#pragma once
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "kql/syntax_tree_expressions.hpp"
#include "kql/syntax_tree_operators.hpp"
#include "kql/syntax_tree_statements.hpp"
#include "kql/token.hpp"

namespace yagura::kql {

struct SyntaxTree {
  Arena arena;
  std::string_view text;          // the whole query
  std::span<const Token> tokens;  // all of it, in order; comments and blanks lie between them; ends with end_of_text
  List<Statement> statements;     // as written

  std::string_view text_of(Span span) const { return text.substr(span.start, span.length); }
};

// Calls `call` with the node as its own type: visit(*e, [](const auto& node) { ... }).
template <class Call>
decltype(auto) visit(const Node& node, Call&& call) {
  switch (node.kind) {
#define X(type, kind) \
  case NodeKind::kind: return call(static_cast<const type&>(node));
    YAGURA_KQL_EXPRESSION_NODES(X)
    YAGURA_KQL_OPERATOR_NODES(X)
    YAGURA_KQL_STATEMENT_NODES(X)
#undef X
  }
  std::unreachable();
}

// Calls `call(const Node&)` for every direct child, in the order of the text.
void for_each_child(const Node& node, void* context, void (*call)(void* context, const Node& child));
template <class Call>
void for_each_child(const Node& node, Call&& call) {
  for_each_child(node, &call, [](void* context, const Node& child) {
    (*static_cast<std::remove_reference_t<Call>*>(context))(child);
  });
}

// The same query: kinds, names, values and structure are equal; places, blanks and comments do not count.
bool equal(const SyntaxTree& a, const SyntaxTree& b);

// The tree as an indented list, one node a line, for tests and `yagura kql explain`.
std::string to_text(const SyntaxTree& tree);

}  // namespace yagura::kql
