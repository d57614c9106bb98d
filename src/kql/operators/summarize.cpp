// summarize, count, distinct.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

// Whether the expression reads a column that no aggregate computed.
bool reads_input(const Expr& e, const std::vector<std::pair<PlanColumn, Expr>>& aggregates, Span& where) {
  if (!e) return false;
  if (e->kind == BoundExpression::Kind::column) {
    if (std::ranges::any_of(aggregates, [&](const auto& a) { return a.first.id == e->column; })) return false;
    where = e->span;
    return true;
  }
  return std::ranges::any_of(e->arguments, [&](const Expr& a) { return reads_input(a, aggregates, where); });
}

}  // namespace

PlanPtr bind_summarize(Binder& b, const SummarizeOperator& op, PlanPtr input) {
  struct Output {
    PlanColumn column;
    Expr value;
  };
  ColumnNames names(b);
  names.avoid(*input);
  std::vector<Output> keys, outputs;
  Row row{.input = input.get()};
  std::vector<std::string> excluded;
  for (const auto* item : op.by) {
    if (is<MissingExpression>(*item)) {
      b.scalar(*item, row);
      continue;
    }
    bool is_explicit = false;
    const auto* named = as<NamedExpression>(item);
    for (auto& v : b.items(*item, row, is_explicit)) {
      std::string name = v.name;
      Expr value = v.value;
      if (op.bin != nullptr && value->type == Type::datetime) {
        value = b.call("bin", {value, b.scalar(*op.bin, row)}, item->span);
      }
      if (value->type == Type::dynamic) {
        const Expression* inner = named != nullptr ? named->value : item;
        b.error("KS116", inner->span, "The value of type 'dynamic' is not allowed in this context.");
      }
      if (is_explicit) {
        if (!names.declare(name, named->names[0].span)) continue;
      } else {
        name = names.make(name);
      }
      excluded.push_back(name);
      if (value->kind == BoundExpression::Kind::column) {
        if (const auto c = std::ranges::find_if(input->columns, [&](const auto& x) { return x.id == value->column; });
            c != input->columns.end()) {
          excluded.push_back(c->name);
        }
      }
      keys.push_back({b.new_column(name, value->type), value});
    }
  }
  std::vector<std::pair<PlanColumn, Expr>> aggregates;
  row.aggregates = &aggregates;
  row.star_excludes = excluded;
  for (const auto* item : op.aggregates) {
    if (is<MissingExpression>(*item)) {
      b.scalar(*item, row);
      continue;
    }
    bool is_explicit = false;
    const auto* named = as<NamedExpression>(item);
    const Expression* inner = named != nullptr ? named->value : item;
    if (const auto* n = as<NameExpression>(inner); n != nullptr && b.find(*input, n->name.text) != nullptr) {
      b.error("KS236", n->span, fmt::format("The name '{}' is not an aggregate or scalar function.", n->name.text));
      outputs.push_back({b.new_column(names.make(std::string(n->name.text)), kUnknown), make_null(Type::string)});
      continue;
    }
    const auto values = b.items(*item, row, is_explicit);
    std::size_t at = 0;
    for (const auto& v : values) {
      const std::size_t index = at++;
      std::string name = v.name;
      if (is_explicit && index < named->names.size()) {
        if (!names.declare(name, named->names[index].span)) continue;
      } else {
        name = names.make(name);
      }
      Span where{};
      if (v.value->type != kUnknown && reads_input(v.value, aggregates, where)) {
        b.error("KS236", where, fmt::format("The name '{}' is not an aggregate or scalar function.", b.text_of(where)));
      }
      outputs.push_back({b.new_column(name, v.value->type), v.value});
    }
  }
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = std::move(input);
  std::vector<std::pair<PlanColumn, Expr>> result;
  for (auto& k : keys) {
    plan->columns.push_back(k.column);
    plan->keys.push_back(k.value);
    result.push_back({k.column, make_column(k.column)});
  }
  for (auto& [c, a] : aggregates) {
    plan->columns.push_back(c);
    plan->aggregates.push_back(a);
  }
  for (auto& o : outputs) {
    // A plain aggregate needs no column of its own.
    if (o.value->kind == BoundExpression::Kind::column &&
        std::ranges::none_of(result, [&](const auto& r) { return r.first.id == o.value->column; })) {
      o.column.id = o.value->column;
    }
    result.push_back({o.column, o.value});
  }
  return b.select(plan, std::move(result));
}

PlanPtr bind_count(Binder& b, const CountOperator& op, PlanPtr input) {
  auto count = std::make_shared<BoundExpression>();
  count->kind = BoundExpression::Kind::aggregate;
  count->type = Type::int64;
  count->function = find_aggregate("count");
  auto plan = std::make_shared<AggregatePlan>();
  plan->input = std::move(input);
  plan->columns.push_back(b.new_column(op.as_name ? std::string(op.as_name->text) : "Count", Type::int64));
  plan->aggregates.push_back(count);
  return plan;
}

PlanPtr bind_distinct(Binder& b, const DistinctOperator& op, PlanPtr input) {
  auto plan = std::make_shared<AggregatePlan>();
  const Row row{.input = input.get()};
  ColumnNames names(b);
  for (const auto* item : op.columns) {
    if (is<StarExpression>(*item)) {
      for (const auto& c : input->columns) {
        if (c.type == Type::dynamic) b.error("KS116", item->span, "The value of type 'dynamic' is not allowed in this context.");
        names.keep(c.name);
        plan->columns.push_back(b.new_column(c.name, c.type));
        plan->keys.push_back(make_column(c));
      }
      continue;
    }
    bool is_explicit = false;
    for (auto& v : b.items(*item, row, is_explicit)) {
      if (v.value->type == Type::dynamic) {
        b.error("KS116", item->span, "The value of type 'dynamic' is not allowed in this context.");
      }
      plan->columns.push_back(b.new_column(names.make(v.name), v.value->type));
      plan->keys.push_back(v.value);
    }
  }
  plan->input = std::move(input);
  return plan;
}

}  // namespace yagura::kql
