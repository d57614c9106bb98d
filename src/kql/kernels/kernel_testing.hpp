// Calls a kernel on one row of texts, for tests and fuzzers.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

// The result as tostring() gives it; "" for null. Arguments are of the type given with them; dynamic ones are JSON.
inline std::string call_kernel(std::string_view name, std::initializer_list<std::pair<Type, std::string_view>> arguments, Type result) {
  const Kernel* kernel = find_kernel(name);
  if (kernel == nullptr) return "no such kernel";
  std::vector<event::Column> columns;
  for (const auto& [type, text] : arguments) {
    auto& column = columns.emplace_back(type);
    if (type == Type::dynamic && (text.empty() || text == "null")) column.append_null();
    else column.append_text(text);
  }
  std::vector<Operand> operands;
  for (const auto& column : columns) operands.emplace_back(column, false);
  event::Column out(result);
  Arena arena;
  const BoundExpression expression{};
  const auto state = kernel->prepare != nullptr ? kernel->prepare(expression) : nullptr;
  KernelCall call{.rows = 1, .arguments = operands, .result = out, .arena = arena, .expression = expression, .state = state.get()};
  kernel->run(call);
  if (!call.error.empty()) return "error: " + call.error;
  return std::string(text_of(Operand(out, false), 0, arena));
}

}  // namespace yagura::kql
