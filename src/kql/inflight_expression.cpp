#include "kql/inflight_expression.hpp"

#include <exception>

#include "kql/function.hpp"

namespace yagura::kql {

ColumnPtr column_of(Type type, const LiteralValue& value, Arena& arena) {
  auto column = std::make_shared<event::Column>(type);
  if (value.is_null) {
    column->append_null();
    return column;
  }
  switch (type) {
    case Type::boolean: column->append_boolean(value.boolean); break;
    case Type::int32: column->append_int32(static_cast<std::int32_t>(value.integer)); break;
    case Type::int64:
    case Type::datetime:
    case Type::timespan: column->append_int64(value.integer); break;
    case Type::real: column->append_real(value.real); break;
    case Type::guid: column->append_guid(value.guid); break;
    default: column->append_text(arena.copy(value.text));
  }
  return column;
}

ColumnPtr spread(const event::Column& one, std::size_t rows) {
  auto column = std::make_shared<event::Column>(one.type());
  column->reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) column->append_from(one, 0);
  return column;
}

ColumnPtr gather(const event::Column& from, const std::vector<std::uint32_t>& rows) {
  auto column = std::make_shared<event::Column>(from.type());
  auto& nulls = column->nulls();
  nulls.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) nulls[i] = from.nulls()[rows[i]];
  const auto take = [&](auto& to, const auto& source) {
    to.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) to[i] = source[rows[i]];
  };
  switch (from.type()) {
    case Type::boolean: take(column->booleans(), from.booleans()); break;
    case Type::int32: take(column->int32s(), from.int32s()); break;
    case Type::int64:
    case Type::datetime:
    case Type::timespan: take(column->int64s(), from.int64s()); break;
    case Type::real: take(column->reals(), from.reals()); break;
    case Type::guid: take(column->guids(), from.guids()); break;
    default: take(column->texts(), from.texts());
  }
  return column;
}

Result<std::size_t> ExpressionProgram::add(const Expr& expression) {
  const auto node = TRY(node_of(expression));
  results_.push_back(node);
  return results_.size() - 1;
}

Result<std::size_t> ExpressionProgram::node_of(const Expr& expression) {
  if (const auto found = known_.find(expression.get()); found != known_.end()) return found->second;
  Node node{.expression = expression};
  switch (expression->kind) {
    case BoundExpression::Kind::literal: node.constant = column_of(expression->type, expression->value, *arena_); break;
    case BoundExpression::Kind::column: node.column = expression->column; break;
    case BoundExpression::Kind::call: {
      node.kernel = find_kernel(expression->function->name);
      if (node.kernel == nullptr) {
        return fail(ErrorKind::not_supported, "the function '{}' cannot be computed on rows in flight",
                    expression->function->name);
      }
      bool constant = !node.kernel->is_volatile;
      for (const auto& argument : expression->arguments) {
        node.arguments.push_back(TRY(node_of(argument)));
        constant = constant && nodes_[node.arguments.back()].constant != nullptr;
      }
      if (node.kernel->prepare != nullptr) {
        node.state = node.kernel->prepare(*expression);
        share_state(node);
      }
      if (constant) {
        std::vector<Value> values(nodes_.size());
        for (const auto i : node.arguments) values[i] = {nodes_[i].constant, true};
        node.constant = TRY(call(node, values, 1, *arena_, nullptr)).column;
      }
      break;
    }
    case BoundExpression::Kind::aggregate:
    case BoundExpression::Kind::window:
      return fail(ErrorKind::not_supported, "'{}' needs all rows and cannot be computed on rows in flight",
                  expression->function->name);
    case BoundExpression::Kind::scalar_query:
    case BoundExpression::Kind::in_query:
      return fail(ErrorKind::not_supported, "a sub-query cannot be computed on rows in flight");
    case BoundExpression::Kind::parameter: return fail(ErrorKind::not_supported, "a parameter without a value");
  }
  nodes_.push_back(std::move(node));
  known_.emplace(expression.get(), nodes_.size() - 1);
  return nodes_.size() - 1;
}

// Calls on the same regular expression share it, so that they can share its matches.
void ExpressionProgram::share_state(Node& node) const {
  if (node.state == nullptr || !node.kernel->shares_state) return;
  const auto& pattern = node.expression->arguments[1];
  for (const Node& other : nodes_) {
    if (other.kernel != nullptr && other.kernel->shares_state && other.state != nullptr &&
        other.expression->arguments[1] == pattern) {
      node.state = other.state;
      return;
    }
  }
}

Result<ExpressionProgram::Value> ExpressionProgram::call(const Node& node, const std::vector<Value>& values,
                                                         std::size_t rows, Arena& arena, RunCache* cache) {
  std::vector<Operand> arguments;
  arguments.reserve(node.arguments.size());
  bool constant = !node.kernel->is_volatile;
  for (const auto i : node.arguments) {
    arguments.emplace_back(*values[i].column, values[i].constant);
    constant = constant && values[i].constant;
  }
  auto column = std::make_shared<event::Column>(node.expression->type);
  const std::size_t count = constant ? 1 : rows;
  column->reserve(count);
  KernelCall kernel_call{.rows = count,
                         .arguments = arguments,
                         .result = *column,
                         .arena = arena,
                         .expression = *node.expression,
                         .state = node.state.get(),
                         .cache = cache};
  try {
    node.kernel->run(kernel_call);
  } catch (const std::exception& problem) {  // memory is out, or a kernel met a type that it does not know
    return fail(ErrorKind::internal, "the function '{}' failed: {}", node.kernel->name, problem.what());
  }
  if (!kernel_call.error.empty()) return fail(ErrorKind::invalid_input, "{}", kernel_call.error);
  return Value{std::move(column), constant};
}

void ExpressionProgram::add_columns(std::unordered_set<ColumnId>& out) const {
  for (const Node& node : nodes_) {
    if (node.constant == nullptr && node.kernel == nullptr) out.insert(node.column);
  }
}

Result<std::vector<ExpressionProgram::Value>> ExpressionProgram::run(const Rows& rows, Arena& arena) const {
  std::vector<Value> values(nodes_.size());
  RunCache cache;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.constant != nullptr) {
      values[i] = {node.constant, true};
    } else if (node.kernel != nullptr) {
      values[i] = TRY(call(node, values, rows.count, arena, &cache));
    } else {
      values[i] = {rows.columns.at(node.column), false};
    }
  }
  std::vector<Value> results;
  results.reserve(results_.size());
  for (const auto i : results_) results.push_back(values[i]);
  return results;
}

}  // namespace yagura::kql
