// Bound expressions as a list of kernel calls over columns.
//
// A DAG: what several expressions share is computed once per batch; what is constant once at all.
#pragma once
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

using ColumnPtr = std::shared_ptr<event::Column>;

// Rows in flight: columns by id, all of `count` rows.
struct Rows {
  std::size_t count = 0;
  std::unordered_map<ColumnId, ColumnPtr> columns;
};

class ExpressionProgram {
 public:
  ExpressionProgram() : arena_(std::make_shared<Arena>()) {}

  // Adds an expression; its number among the results.
  Result<std::size_t> add(const Expr& expression);

  struct Value {
    ColumnPtr column;
    bool constant = false;
  };
  // Columns of the input that it reads.
  void add_columns(std::unordered_set<ColumnId>& out) const;
  Result<std::vector<Value>> run(const Rows& rows, Arena& arena) const;

 private:
  struct Node {
    Expr expression;
    const Kernel* kernel = nullptr;
    std::shared_ptr<const void> state;
    std::vector<std::size_t> arguments;
    ColumnPtr constant;   // a literal, or folded
    ColumnId column = 0;  // of the input
  };
  Result<std::size_t> node_of(const Expr& expression);
  void share_state(Node& node) const;
  static Result<Value> call(const Node& node, const std::vector<Value>& values, std::size_t rows, Arena& arena,
                            RunCache* cache);

  std::vector<Node> nodes_;
  std::unordered_map<const BoundExpression*, std::size_t> known_;
  std::vector<std::size_t> results_;
  std::shared_ptr<Arena> arena_;  // of constants
};

// A column of `rows` copies of the one value.
ColumnPtr spread(const event::Column& one, std::size_t rows);
// The chosen rows.
ColumnPtr gather(const event::Column& from, const std::vector<std::uint32_t>& rows);
// One row with the literal's value; texts are copied into the arena.
ColumnPtr column_of(Type type, const LiteralValue& value, Arena& arena);

}  // namespace yagura::kql
