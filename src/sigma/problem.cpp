#include "sigma/problem.hpp"

namespace yagura::sigma {

std::string Place::to_text() const {
  if (at.line == 0) return file;
  return fmt::format("{}:{}:{}", file, at.line, at.column);
}

std::string Problem::to_text() const {
  return fmt::format("{}: {}{}{}", place.to_text(), severity == Severity::warning ? "warning: " : "", message,
                     rule.empty() ? std::string() : fmt::format(" (rule {})", rule));
}

}  // namespace yagura::sigma
