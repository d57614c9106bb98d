// make-series: aggregates by bins of an axis, as arrays without gaps.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

Expr aggregate_call(std::string_view name, Type type, std::vector<Expr> arguments) {
  auto e = std::make_shared<BoundExpression>();
  e->kind = BoundExpression::Kind::aggregate;
  e->type = type;
  e->function = find_aggregate(name);
  e->arguments = std::move(arguments);
  return e;
}

}  // namespace

PlanPtr bind_make_series(Binder& b, const MakeSeriesOperator& op, PlanPtr input) {
  const Row row{.input = input.get()};
  ColumnNames names(b);
  struct Key {
    std::string name;
    Expr value;
  };
  std::vector<Key> keys;
  bool bad = false;
  for (const auto* item : op.by) {
    bool is_explicit = false;
    for (auto& v : b.items(*item, row, is_explicit)) {
      bad = bad || v.value->type == kUnknown;
      keys.push_back({names.make(v.name), v.value});
    }
  }
  struct Series {
    std::string name;
    Expr value;  // over the aggregates
    Expr fill;
  };
  std::vector<Series> series;
  std::vector<std::pair<PlanColumn, Expr>> aggregates;
  Row aggregate_row = row;
  aggregate_row.aggregates = &aggregates;
  for (const auto& a : op.aggregates) {
    bool is_explicit = false;
    const auto* named = as<NamedExpression>(a.value);
    Expr fill = a.default_value != nullptr ? b.constant(*a.default_value, {}) : nullptr;
    for (auto& v : b.items(*a.value, aggregate_row, is_explicit)) {
      std::string name = v.name;
      if (is_explicit) names.declare(name, named->names[0].span);
      else name = names.make(name);
      if (Span where{}; v.value->type != kUnknown && reads_input(v.value, aggregates, where)) {
        b.error("KS236", where, fmt::format("The name '{}' is not an aggregate or scalar function.", b.text_of(where)));
        bad = true;
      }
      bad = bad || v.value->type == kUnknown || (fill && fill->type == kUnknown);
      series.push_back({name, v.value, fill});
    }
  }
  const auto* on_named = as<NamedExpression>(op.on);
  Expr axis = b.scalar(on_named != nullptr ? *on_named->value : *op.on, row);
  std::string axis_name = on_named != nullptr ? std::string(on_named->names[0].text) : b.name_of(*op.on, axis);
  axis_name = names.make(axis_name);
  Expr step = op.step != nullptr ? b.constant(*op.step, {}) : nullptr;
  Expr from = op.from != nullptr ? b.constant(*op.from, {}) : nullptr;
  Expr to = op.to != nullptr ? b.constant(*op.to, {}) : nullptr;
  const Type type = axis->type == Type::int32 ? Type::int64 : axis->type;
  bad = bad || type == kUnknown || !step || step->type == kUnknown || (from && from->type == kUnknown) || (to && to->type == kUnknown);
  if (!bad) {
    for (const auto& [bound, syntax] : {std::pair{from, op.from}, std::pair{to, op.to}}) {
      if (!bound || bound->type == type || promotes(bound->type, type)) continue;
      b.error("KS141", syntax->span, fmt::format("The expression must have the type {}.", type_name(type)));
      bad = true;
    }
    const bool fits = (type == Type::datetime || type == Type::timespan) ? step->type == Type::timespan : is_number(type) && is_number(step->type);
    if (!fits) {
      b.error("KS178", op.step->span, fmt::format("The type '{}' is not an appropriate interval type for '{}'", type_name(step->type), type_name(type)));
      bad = true;
    }
  }
  std::vector<PlanColumn> result_columns;
  for (const auto& k : keys) result_columns.push_back(b.new_column(k.name, k.value->type));
  for (const auto& s : series) result_columns.push_back(b.new_column(s.name, Type::dynamic));
  result_columns.push_back(b.new_column(axis_name, Type::dynamic));
  if (bad) return b.empty_table(result_columns);
  const bool real = type == Type::real || step->type == Type::real || (from && from->type == Type::real);
  const Type work = type == Type::datetime || type == Type::timespan ? type : real ? Type::real : Type::int64;
  axis = b.convert(axis, work);
  if (from) from = b.convert(from, work);
  if (to) to = b.convert(to, work);
  const Type step_type = work == Type::datetime ? Type::timespan : work;
  step = b.convert(step, step_type);
  // The bins: from on, or at multiples of the step.
  Expr zero = from;
  if (!zero) {
    LiteralValue v;
    v.integer = work == Type::datetime ? -621'355'968'000'000'000 : 0;
    zero = make_literal(work, v);
  }
  PlanPtr rows = input;
  const auto keep = [&](BinaryOperator o, const Expr& bound) { rows = make_filter(rows, b.binary(o, axis, bound, op.keyword, op.keyword)); };
  if (from) keep(BinaryOperator::greater_or_equal, from);
  if (to) keep(BinaryOperator::less, to);
  if (!from && !to) rows = make_filter(rows, b.call("isnotnull", {axis}));
  const Expr index = make_call(find_scalar(".bin_index"), Type::int64, {axis, step, zero}, op.keyword);
  // By bin.
  auto by_bin = std::make_shared<AggregatePlan>();
  by_bin->input = rows;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    by_bin->columns.push_back(result_columns[i]);
    by_bin->keys.push_back(keys[i].value);
  }
  const PlanColumn bin = b.new_column("", Type::int64);
  by_bin->columns.push_back(bin);
  by_bin->keys.push_back(index);
  for (auto& [c, a] : aggregates) {
    by_bin->columns.push_back(c);
    by_bin->aggregates.push_back(a);
  }
  // By key: the arrays.
  const bool nonempty = b.parameter(op.parameters, "kind") == "nonempty";
  auto whole = std::make_shared<AggregatePlan>();
  std::vector<std::pair<PlanColumn, Expr>> values;
  for (const auto& c : by_bin->columns) {
    if (std::ranges::none_of(aggregates, [&](const auto& a) { return a.first.id == c.id; })) values.push_back({c, make_column(c)});
  }
  std::vector<PlanColumn> value_columns;
  for (const auto& s : series) {
    const PlanColumn c = b.new_column("", s.value->type);
    value_columns.push_back(c);
    values.push_back({c, s.value});
  }
  whole->input = b.select(by_bin, std::move(values));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const PlanColumn c = b.new_column(keys[i].name, result_columns[i].type);
    whole->columns.push_back(c);
    whole->keys.push_back(make_column(result_columns[i]));
  }
  if (keys.empty() && !nonempty) {  // no rows, no series
    whole->columns.push_back(b.new_column("", Type::int64));
    whole->keys.push_back(make_long(1));
  }
  // First bin and how many: of the range, or of the data.
  Expr count = make_null(Type::int64);
  if (from && to) count = make_call(find_scalar(".bin_count"), Type::int64, {from, to, step}, op.keyword);
  Expr last = make_null(Type::int64);
  if (to && !from) last = make_call(find_scalar(".bin_index"), Type::int64, {to, step, zero}, op.keyword);
  const Expr first = from ? make_long(0) : make_null(Type::int64);
  const std::size_t first_series = whole->columns.size();
  for (std::size_t i = 0; i < series.size(); ++i) {
    whole->columns.push_back(b.new_column(series[i].name, Type::dynamic));
    Expr fill = series[i].fill ? series[i].fill : make_long(0);
    whole->aggregates.push_back(aggregate_call(".series", Type::dynamic, {make_column(bin), make_column(value_columns[i]), first, count, last, fill}));
  }
  whole->columns.push_back(b.new_column(axis_name, Type::dynamic));
  whole->aggregates.push_back(aggregate_call(".series_axis", Type::dynamic, {make_column(bin), zero, step, first, count, last}));
  std::vector<std::pair<PlanColumn, Expr>> out;
  for (std::size_t i = 0; i < keys.size(); ++i) out.push_back({whole->columns[i], make_column(whole->columns[i])});
  for (std::size_t i = first_series; i < whole->columns.size(); ++i) out.push_back({whole->columns[i], make_column(whole->columns[i])});
  return b.select(whole, std::move(out));
}

}  // namespace yagura::kql
