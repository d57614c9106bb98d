// Regular expressions for kernels: one compiled at preparation where the pattern is constant, else from the row before
// when it had the same. An expression that is none matches nothing. RE2: linear time, bounded memory.
#pragma once
#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

// Compiled, or one whose ok() is false.
std::shared_ptr<const re2::RE2> compile_regex(std::string_view pattern, bool dot_matches_newline = false);

// For Kernel::prepare: the RE2 of argument `i` if it is a literal, else null.
template <std::size_t i, bool dot_matches_newline = false>
std::shared_ptr<const void> prepare_regex(const BoundExpression& call) {
  if (i >= call.arguments.size() || call.arguments[i]->kind != BoundExpression::Kind::literal) return nullptr;
  return compile_regex(call.arguments[i]->value.text, dot_matches_newline);
}

// The regex of a row: the prepared one, or argument `i`'s.
class RowRegex {
 public:
  RowRegex(const KernelCall& call, std::size_t i, bool dot_matches_newline = false)
      : call_(call), i_(i), dot_(dot_matches_newline), prepared_(static_cast<const re2::RE2*>(call.state)) {}
  // Null when the pattern is none.
  const re2::RE2* at(std::size_t row);

 private:
  const KernelCall& call_;
  std::size_t i_;
  bool dot_;
  const re2::RE2* prepared_;
  std::string pattern_;
  std::shared_ptr<const re2::RE2> current_;
};

}  // namespace yagura::kql
