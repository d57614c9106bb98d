// Statistics over values, and what make-series is made of.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

std::string ticks_or_number(Type t, const std::string& x) { return t == Type::datetime ? sql::ticks_of(x) : x; }

// The number of the bin that a value falls into.
Sql bin_index(SqlCall& c) {
  const std::string x = ticks_or_number(c.type(0), c.arg(0)), zero = ticks_or_number(c.type(2), c.arg(2));
  if (c.type(0) == Type::real) return c.value(fmt::format("toInt64(floor(({} - {}) / {}))", x, zero, c.arg(1)));
  const std::string d = c.name(fmt::format("(toInt64({}) - toInt64({}))", x, zero)), step = c.shared(1);
  return c.value(fmt::format("toInt64(intDiv({0} - toInt64(positiveModulo({0}, toInt64({1}))), toInt64({1})))", d, step));
}

Sql bin_count(SqlCall& c) {
  const std::string from = ticks_or_number(c.type(0), c.arg(0)), to = ticks_or_number(c.type(1), c.arg(1));
  return c.value(fmt::format("toInt64(greatest(0., ceil(toFloat64({} - {}) / {} - 1e-9)))", to, from, c.arg(2)));
}

// First bin and number of bins as names: given, or those of the group.
std::pair<std::string, std::string> extent(SqlCall& c, std::size_t first, std::size_t count, std::size_t last) {
  const std::string bins = c.name(fmt::format("groupArray(assumeNotNull({}))", c.arg(0)));
  const std::string from = c.name(c.literal(first) != nullptr && !c.literal(first)->is_null ? c.arg(first) : "toInt64(arrayMin(" + bins + "))");
  std::string n;
  if (!(c.literal(count) != nullptr && c.literal(count)->is_null)) n = fmt::format("ifNull({}, 0)", c.arg(count));
  else if (!(c.literal(last) != nullptr && c.literal(last)->is_null)) n = fmt::format("greatest(0, ifNull({}, 0) - {})", c.arg(last), from);
  else n = fmt::format("if(empty({0}), 0, toInt64(arrayMax({0})) - {1} + 1)", bins, from);
  return {from, c.name(fmt::format("toUInt64(assumeNotNull(least(1048576, {})))", n))};
}

// The values of the bins in order; bins without rows get the fill.
Sql series(SqlCall& c) {
  const auto [from, n] = extent(c, 2, 3, 4);
  const std::string pairs = c.name(fmt::format("arraySort(t -> t.1, groupArray((assumeNotNull({}), {})))", c.arg(0), sql::to_json(c.type(1), c.shared(1))));
  const std::string fill = c.name(sql::to_json(c.type(5), c.shared(5)));
  // Both sides are sorted: gaps between neighbours are filled.
  const std::string bins = c.name(fmt::format("arrayMap(t -> toInt64(t.1), {})", pairs));
  const std::string values = c.name(fmt::format("arrayMap(t -> t.2, {})", pairs));
  const std::string gaps = fmt::format("arrayMap((b, p) -> toUInt64(greatest(0, b - p - 1)), {0}, arrayResize(arrayPushFront(arrayPopBack({0}), {1} - 1), length({0})))", bins, from);
  const std::string filled = c.name(fmt::format("arrayFlatten(arrayMap((v, g) -> arrayPushBack(arrayWithConstant(g, {}), v), {}, {}))", fill, values, gaps));
  return {sql::json_array(fmt::format("arrayResize({}, {}, {})", filled, n, fill)), false, false};
}

Sql series_axis(SqlCall& c) {
  const auto [from, n] = extent(c, 3, 4, 5);
  const Type t = c.type(1);
  const std::string zero = c.name(ticks_or_number(t, c.arg(1))), step = c.shared(2);
  const std::string value = fmt::format("{} + (i + {}) * {}", zero, from, step);
  std::string text;
  if (t == Type::datetime) text = sql::to_json(t, sql::datetime_of("toInt64(" + value + ")"));
  else if (t == Type::timespan) text = fmt::format("concat('\"', {}, '\"')", sql::timespan_text("toInt64(" + value + ")"));
  else if (t == Type::real) text = sql::to_json(t, "toFloat64(" + value + ")");
  else text = "toString(toInt64(" + value + "))";
  return {sql::json_array(fmt::format("arrayMap(i -> assumeNotNull({}), range({}))", text, n)), false, false};
}

constexpr Function kFunctions[] = {
    {.name = ".bin_index", .summary = "The number of a value's bin (make-series).", .signatures = ".bin_index(value:scalar, step:scalar, zero:scalar) -> long", .emit = bin_index},
    {.name = ".bin_count", .summary = "How many bins a range has (make-series).", .signatures = ".bin_count(from:scalar, to:scalar, step:scalar) -> long", .emit = bin_count},
    {.name = ".series", .kind = Function::Kind::aggregate, .summary = "Values in the order of their bins (make-series).",
     .signatures = ".series(bin:long, value:scalar, first:long, count:long, last:long, fill:scalar) -> dynamic", .takes_null = true, .emit = series},
    {.name = ".series_axis", .kind = Function::Kind::aggregate, .summary = "The bins themselves (make-series).",
     .signatures = ".series_axis(bin:long, zero:scalar, step:scalar, first:long, count:long, last:long) -> dynamic", .takes_null = true, .emit = series_axis},
};

}  // namespace

std::span<const Function> statistics_functions() { return kFunctions; }

}  // namespace yagura::kql
