// partition by X { query }: a whole query once for each value of X, with X as a constant in it. And partition by X (operators) with
// operators that can't work on all groups at once.
//
// The values are asked of the store first (Binder::probe), then each query is bound with its value and all are one union.
// So a query may do what it likes: summarize without rows, join, read X in a sub-query.
// https://learn.microsoft.com/kusto/query/partition-operator (the legacy strategy with an explicit source)
#include <fmt/format.h>

#include "kql/operators/per_group.hpp"

namespace yagura::kql {

namespace {

constexpr std::size_t kMaxPartitions = 64;  // Kusto's own limit for this form

Expr value_of(Binder& b, const std::string& text, bool is_null, Type type, Span span) {
  if (is_null) return make_null(type);
  Expr value = make_string(text, span);
  if (type == Type::dynamic) return b.call("parse_json", {value}, span);
  return b.convert(std::move(value), type);
}

// The body with the key's name meaning `value`.
PlanPtr bind_body(Binder& b, const PartitionOperator& op, const PlanColumn& key, Expr value) {
  const ScopePtr before = b.scope();
  Variable v;
  v.kind = Variable::Kind::scalar;
  v.scalar = std::move(value);
  b.declare(key.name, std::move(v));
  PlanPtr plan = b.table(*op.body);
  b.set_scope(before);
  return plan;
}

// The values of the key, as texts.
struct Values {
  bool known = false;  // false: nobody can be asked now
  std::vector<std::vector<std::string>> rows;
};
std::optional<Values> values_of(Binder& b, const PartitionOperator& op, const PlanColumn& key, PlanPtr input, std::optional<std::size_t> at = std::nullopt) {
  const Expr column = make_column(at ? input->columns[*at] : key);
  auto distinct = std::make_shared<AggregatePlan>();
  distinct->columns = {b.new_column("value", Type::string), b.new_column("is_null", Type::string)};
  distinct->keys = {b.convert(column, Type::string), b.convert(b.call("isnull", {column}, op.keyword), Type::string)};
  distinct->input = std::move(input);
  auto rows = b.probe(distinct, op.keyword, "partition with a query for each value");
  if (!rows) return Values{};
  if (rows->size() > kMaxPartitions) {
    b.error("YK012", op.by->span,
            fmt::format("The column '{}' has more than {} values, and this partition runs its query once for each. Name fewer values, or use operators "
                        "that have no such limit: where, extend, summarize, sort, top, mv-expand, scan.",
                        key.name, kMaxPartitions));
    return std::nullopt;
  }
  return Values{true, std::move(*rows)};
}

template <class Part>
PlanPtr union_of_parts(Binder& b, const PartitionOperator& op, const PlanColumn& key, const std::vector<std::vector<std::string>>& values,
                       const std::vector<PlanColumn>& columns, const Part& part) {
  auto all = std::make_shared<UnionPlan>();
  for (const auto& row : values) {
    if (row.size() != 2) continue;
    PlanPtr one = part(value_of(b, row[0], row[1] == "true" || row[1] == "1", key.type, op.by->span));
    if (one == nullptr) return nullptr;
    if (all->columns.empty()) {
      for (const auto& c : one->columns) all->columns.push_back(b.new_column(c.name, c.type, c.shape));
    }
    // The data may decide the columns of a part (bag_unpack): what a part lacks is null in it.
    UnionPlan::Branch branch;
    for (const auto& c : all->columns) {
      const PlanColumn* own = b.find(*one, c.name);
      branch.values.push_back(own == nullptr ? make_null(c.type) : b.convert(make_column(*own), c.type));
    }
    for (const auto& c : one->columns) {
      if (b.find(*all, c.name) != nullptr) continue;
      all->columns.push_back(b.new_column(c.name, c.type, c.shape));
      for (auto& earlier : all->branches) earlier.values.push_back(make_null(c.type));
      branch.values.push_back(make_column(c));
    }
    branch.input = std::move(one);
    all->branches.push_back(std::move(branch));
  }
  if (all->branches.empty()) return b.empty_table(columns);
  return all;
}

}  // namespace

PlanPtr bind_partition_query(Binder& b, const PartitionOperator& op, PlanPtr input) {
  const PlanColumn* by = b.column(*op.by, *input);
  if (by == nullptr) return nullptr;
  if (by->type == Type::dynamic) b.error("KS116", op.by->span, "The value of type 'dynamic' is not allowed in this context.");
  const PlanColumn key = *by;
  const std::string_view strategy = b.parameter(op.parameters, "hint.strategy");
  if (strategy == "shuffle") {
    b.error("YK012", op.keyword, "partition with a query in braces needs hint.strategy=legacy; shuffle takes operators in parentheses.");
    return nullptr;
  }
  // Once with a stand-in for the value: mistakes are told here, and the columns are known.
  auto stand_in = std::make_shared<BoundExpression>();
  stand_in->kind = BoundExpression::Kind::parameter;
  stand_in->type = key.type;
  stand_in->constant = true;
  PlanPtr checked = bind_body(b, op, key, stand_in);
  if (checked == nullptr) return nullptr;

  const auto values = values_of(b, op, key, std::move(input));
  if (!values) return nullptr;
  if (!values->known) return checked->open ? b.opened(b.empty_table(checked->columns)) : b.empty_table(checked->columns);
  return union_of_parts(b, op, key, values->rows, checked->columns, [&](const Expr& value) { return bind_body(b, op, key, value); });
}

PlanPtr bind_partition_parts(Binder& b, const PartitionOperator& op, PlanPtr input) {
  const PlanColumn* by = b.column(*op.by, *input);
  if (by == nullptr) return nullptr;
  if (by->type == Type::dynamic) b.error("KS116", op.by->span, "The value of type 'dynamic' is not allowed in this context.");
  const PlanColumn key = *by;
  const auto at = static_cast<std::size_t>(by - input->columns.data());
  const auto source = b.share("", std::move(input));
  const auto part = [&](const Expr& value) {
    PlanPtr rows = b.reference(source);
    const Expr own = make_column(rows->columns[at]);
    const Expr same = is_null_literal(value) ? b.call("isnull", {own}, op.by->span)
                      : key.type == Type::dynamic ? b.binary(BinaryOperator::equal, b.convert(own, Type::string), b.convert(value, Type::string), op.by->span, op.by->span)
                                                  : b.binary(BinaryOperator::equal, own, value, op.by->span, op.by->span);
    const ScopePtr before = b.scope();
    PlanPtr plan = b.sub_pipe(*op.body, make_filter(std::move(rows), same));
    b.set_scope(before);
    return plan;
  };
  const PlanPtr checked = part(make_null(key.type));
  if (checked == nullptr) return nullptr;
  const auto values = values_of(b, op, key, b.reference(source), at);
  if (!values) return nullptr;
  if (!values->known) return b.opened(b.empty_table(checked->columns));
  return union_of_parts(b, op, key, values->rows, checked->columns, part);
}

}  // namespace yagura::kql
