// Functions over arrays of numbers (series). An element that is no number is null, and what is computed of it as well.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// The elements as Nullable(Float64), as a name.
std::string numbers(SqlCall& c, std::size_t i) { return c.name(fmt::format("arrayMap(x -> toFloat64OrNull(x), {})", sql::array_of(c.arg(i)))); }
// Array(Nullable(Float64)) to JSON: whole numbers of integer series stay so where `integers` (an SQL condition) holds.
std::string reals(const std::string& array) { return sql::json_array(fmt::format("arrayMap(v -> {}, {})", sql::to_json(Type::real, "v"), array)); }
// Numbers as they are written: 1 and not 1.0 for what is whole and came from whole numbers.
std::string as_written(const std::string& array) {
  return sql::json_array(fmt::format("arrayMap(v -> if(isNull(v), 'null', if(v = trunc(v) AND abs(v) < 1e15, toString(toInt64(assumeNotNull(v))), {})), {})", sql::to_json(Type::real, "v"), array));
}
Sql when_array(SqlCall& c, const std::string& json, std::size_t i = 0) {
  return {fmt::format("if(startsWith(ifNull({}, ''), '['), {}, NULL)", c.shared(i), json), true, false};
}

// Of what is no array there is nothing to say.
Sql when_arrays(SqlCall& c, Sql value, std::size_t first = 2) {
  std::string all;
  for (std::size_t i = 0; i < std::min(first, c.size()); ++i) {
    if (c.type(i) == Type::dynamic) all += (all.empty() ? "" : " AND ") + fmt::format("startsWith(ifNull({}, ''), '[')", c.shared(i));
    else if (c.nullable(i) && i < 2) all += (all.empty() ? "" : " AND ") + fmt::format("isNotNull({})", c.shared(i));
  }
  if (all.empty()) return value;
  return {fmt::format("if({}, {}, NULL)", all, value.text), true, false};
}
template <Sql (*emit)(SqlCall&), std::size_t first>
Sql of_arrays(SqlCall& c) {
  return when_arrays(c, emit(c), first);
}

Sql map(SqlCall& c, std::string_view expression) {
  return when_array(c, reals(fmt::format("arrayMap(x -> {}, {})", expression, numbers(c, 0))));
}
Sql map_whole(SqlCall& c, std::string_view expression) {
  return when_array(c, as_written(fmt::format("arrayMap(x -> {}, {})", expression, numbers(c, 0))));
}

// Two series of one length, or a series and a number for each of its elements.
std::pair<std::string, std::string> operands(SqlCall& c) {
  const bool a = c.type(0) == Type::dynamic, b = c.type(1) == Type::dynamic;
  std::string x = a ? numbers(c, 0) : "", y = b ? numbers(c, 1) : "";
  if (!a) x = c.name(fmt::format("arrayResize(emptyArrayFloat64(), length({}), toFloat64({}))", y, c.arg(0)));
  if (!b) y = c.name(fmt::format("arrayResize(emptyArrayFloat64(), length({}), toFloat64({}))", x, c.arg(1)));
  if (a && b) {
    // The shorter one is filled with nulls.
    const std::string n = c.name(fmt::format("greatest(length({}), length({}))", x, y));
    x = c.name(fmt::format("arrayResize({}, {}, NULL)", x, n));
    y = c.name(fmt::format("arrayResize({}, {}, NULL)", y, n));
  }
  return {x, y};
}
Sql pairwise(SqlCall& c, std::string_view expression) {
  const auto [x, y] = operands(c);
  return when_arrays(c, {reals(fmt::format("arrayMap((x, y) -> {}, {}, {})", expression, x, y)), true, false});
}
Sql pairwise_whole(SqlCall& c, std::string_view expression) {
  const auto [x, y] = operands(c);
  return when_arrays(c, {as_written(fmt::format("arrayMap((x, y) -> {}, {}, {})", expression, x, y)), true, false});
}
Sql compare(SqlCall& c, std::string_view op) {
  const auto [x, y] = operands(c);
  return when_arrays(c, {sql::json_array(fmt::format("arrayMap((x, y) -> multiIf(x {0} y, 'true', NOT (x {0} y), 'false', 'null'), {1}, {2})", op, x, y)), true, false});
}

// The sum of Array(Nullable(Float64)); null when an element is.
std::string sum_of(SqlCall& c, const std::string& array) {
  const std::string a = c.name(array);
  return fmt::format("if(arrayExists(v -> isNull(v), {0}), NULL, arraySum(arrayMap(v -> assumeNotNull(v), {0})))", a);
}

Sql dot(SqlCall& c) {
  const auto [x, y] = operands(c);
  return {sum_of(c, fmt::format("arrayMap((x, y) -> x * y, {}, {})", x, y)), true, false};
}
Sql magnitude(SqlCall& c) { return {"sqrt(" + sum_of(c, fmt::format("arrayMap(x -> x * x, {})", numbers(c, 0))) + ")", true, false}; }

Sql cosine(SqlCall& c) {
  const auto [x, y] = operands(c);
  const std::string mx = c.size() > 2 ? "toFloat64(" + c.arg(2) + ")" : "sqrt(" + sum_of(c, fmt::format("arrayMap(x -> x * x, {})", x)) + ")";
  const std::string my = c.size() > 3 ? "toFloat64(" + c.arg(3) + ")" : "sqrt(" + sum_of(c, fmt::format("arrayMap(x -> x * x, {})", y)) + ")";
  return {fmt::format("({} / ({} * {}))", sum_of(c, fmt::format("arrayMap((x, y) -> x * y, {}, {})", x, y)), mx, my), true, false};
}

Sql pearson(SqlCall& c) {
  const std::string x = c.name(fmt::format("arrayMap(x -> ifNull(x, nan), {})", numbers(c, 0))), y = c.name(fmt::format("arrayMap(x -> ifNull(x, nan), {})", numbers(c, 1)));
  const std::string mx = c.name(fmt::format("arrayAvg({})", x)), my = c.name(fmt::format("arrayAvg({})", y));
  return {fmt::format("if(length({0}) != length({1}) OR empty({0}) OR arrayExists(v -> isNaN(v), {0}) OR arrayExists(v -> isNaN(v), {1}), NULL, arraySum(arrayMap((x, y) -> (x - {2}) * (y - {3}), {0}, arrayResize({1}, length({0})))) / "
                      "sqrt(arraySum(arrayMap(x -> pow(x - {2}, 2), {0})) * arraySum(arrayMap(y -> pow(y - {3}, 2), {1}))))", x, y, mx, my), true, false};
}

// min, position of min, max, position of max, mean, deviation, variance: of the numbers among the elements.
struct Stats {
  std::string min, min_at, max, max_at, avg, stdev, variance, sum;  // min_at and max_at as texts
};
Stats stats(SqlCall& c) {
  const std::string all = numbers(c, 0);
  const bool ignore = c.size() > 1 && c.literal(1) != nullptr && c.literal(1)->boolean;
  // Of a series with a hole in it there is nothing to say, unless holes are to be left out.
  const std::string finite = c.name(fmt::format("arrayMap(v -> assumeNotNull(v), arrayFilter(v -> ifNull(isFinite(v), 0), {}))", all));
  const std::string x = ignore ? finite : c.name(fmt::format("if(length({0}) = length({1}), {0}, emptyArrayFloat64())", finite, all));
  const auto none = [&](const std::string& value) { return c.name(fmt::format("if(empty({}), NULL, {})", x, value)); };
  const std::string avg = none(fmt::format("arrayAvg({})", x));
  const std::string variance = none(fmt::format("if(length({0}) < 2, 0., arraySum(arrayMap(v -> pow(v - ifNull({1}, 0), 2), {0})) / (length({0}) - 1))", x, avg));
  const std::string low = none(fmt::format("arrayMin({})", x)), high = none(fmt::format("arrayMax({})", x));
  const auto place = [&](const std::string& value) { return fmt::format("if(empty({0}), 'null', toString(toInt64(indexOf({1}, ifNull({2}, 0))) - 1))", x, all, value); };
  return {low, place(low), high, place(high), avg, fmt::format("sqrt({})", variance), variance, none(fmt::format("arraySum({})", x))};
}
Sql stats_list(SqlCall& c) {
  const Stats s = stats(c);
  const auto real = [&](const std::string& x) { return sql::to_json(Type::real, c.name(x)); };
  return {sql::json_array(fmt::format("[{}, {}, {}, {}, {}, {}, {}]", real(s.min), s.min_at, real(s.max), s.max_at, real(s.avg), real(s.stdev), real(s.variance))), false, false};
}
Sql stats_bag(SqlCall& c) {
  const Stats s = stats(c);
  const auto real = [&](const std::string& x) { return sql::to_json(Type::real, c.name(x)); };
  const std::string all = numbers(c, 0);
  return {fmt::format("concat('{{\"min\":', {}, ',\"min_idx\":', {}, ',\"max\":', {}, ',\"max_idx\":', {}, ',\"avg\":', {}, ',\"stdev\":', {}, ',\"variance\":', {}, "
                      "',\"sum\":', {}, ',\"len\":', toString(length({})), '}}')",
                      real(s.min), s.min_at, real(s.max), s.max_at, real(s.avg), real(s.stdev), real(s.variance), real(s.sum), all),
          false, false};
}

// `body` with `name` standing for `value`. A lambda rather than a name of the SELECT's: ClickHouse puts the latter's text in
// place wherever it stands, which doubles with each step of a long computation.
std::string let(std::string_view name, const std::string& value, const std::string& body) { return fmt::format("arrayMap({} -> {}, [{}])[1]", name, body, value); }

// Line through (0, y0), (1, y1) ...: `result` sees rsquare, slope, variance, rvariance, interception as JSON r0 to r4, and
// the line as array fit.
std::string with_line(SqlCall& c, const std::string& result) {
  std::string body = result;
  static constexpr std::string_view kParts[] = {"if(ss = 0, 1., 1 - sr / ss)", "slope", "ss / greatest(1, n - 1)", "sr / greatest(1, n - 1)", "at"};
  for (int i = 4; i >= 0; --i) body = let(fmt::format("r{}", i), let("r", std::string(kParts[i]), sql::to_json(Type::real, "r")), body);
  body = let("sr", "arraySum(arrayMap((v, f) -> pow(v - f, 2), y, fit))", body);
  body = let("ss", "arraySum(arrayMap(v -> pow(v - my, 2), y))", body);
  body = let("fit", "arrayMap(i -> at + slope * (i - 1), arrayEnumerate(y))", body);
  body = let("at", "my - slope * mx", body);
  body = let("slope", "if(sxx = 0, 0., arraySum(arrayMap((v, i) -> (i - 1 - mx) * (v - my), y, arrayEnumerate(y))) / sxx)", body);
  body = let("sxx", "arraySum(arrayMap(i -> pow(i - 1 - mx, 2), arrayEnumerate(y)))", body);
  body = let("my", "arrayAvg(y)", body);
  body = let("mx", "(n - 1) / 2", body);
  body = let("n", "toFloat64(length(y))", body);
  return let("y", fmt::format("arrayMap(v -> ifNull(toFloat64OrNull(v), 0.), {})", sql::array_of(c.arg(0))), body);
}
// There is no line through no points.
Sql when_points(SqlCall& c, const std::string& line) { return {fmt::format("if(empty({}), NULL, {})", sql::array_of(c.shared(0)), line), true, false}; }
Sql fit_line(SqlCall& c) { return when_points(c, with_line(c, sql::json_array("[r0, r1, r2, r3, r4, " + reals("fit") + "]"))); }
Sql fit_line_bag(SqlCall& c) {
  return when_points(c, with_line(c, "concat('{\"rsquare\":', r0, ',\"slope\":', r1, ',\"variance\":', r2, ',\"rvariance\":', r3, ',\"interception\":', r4, ',\"line_fit\":', " + reals("fit") + ", '}')"));
}

// y[i] = sum of b[j] x[i-j] less sum of a[j] y[i-j], by a[0].
Sql iir(SqlCall& c) {
  const std::string x = c.name(fmt::format("arrayMap(v -> ifNull(v, 0.), {})", numbers(c, 0)));
  const std::string b = c.name(fmt::format("arrayMap(v -> ifNull(v, 0.), {})", numbers(c, 1)));
  const std::string a = c.name(fmt::format("arrayMap(v -> ifNull(v, 0.), {})", numbers(c, 2)));
  const std::string value = fmt::format("(arraySum(arrayMap((k, j) -> if(i - j >= 0, k * {0}[toInt64(i - j + 1)], 0.), {1}, arrayMap(j -> toInt64(j) - 1, arrayEnumerate({1})))) - "
                                        "arraySum(arrayMap((k, j) -> if(j > 0 AND i - j >= 0, k * acc[toInt64(i - j + 1)], 0.), {2}, arrayMap(j -> toInt64(j) - 1, arrayEnumerate({2}))))) / {2}[1]", x, b, a);
  return {reals(fmt::format("arrayFold((acc, i) -> arrayPushBack(acc, {}), arrayMap(i -> toInt64(i), range(length({}))), emptyArrayFloat64())", value, x)), true, false};
}

Sql fir(SqlCall& c) {
  const std::string x = c.name(fmt::format("arrayMap(v -> ifNull(v, 0.), {})", numbers(c, 0)));
  const std::string f = c.name(fmt::format("arrayMap(v -> ifNull(v, 0.), {})", numbers(c, 1)));
  const auto flag = [&](std::size_t i, bool otherwise) { return c.size() > i && c.literal(i) != nullptr ? c.literal(i)->boolean : otherwise; };
  const std::string filter = flag(2, true) ? c.name(fmt::format("if(arraySum({0}) = 0, {0}, arrayMap(v -> v / arraySum({0}), {0}))", f)) : f;
  const std::string centre = flag(3, false) ? fmt::format("intDiv(length({}), 2)", f) : "0";
  const std::string shift = c.name(fmt::format("toInt64({})", centre));
  return {reals(fmt::format("arrayMap(i -> arraySum(arrayMap((k, j) -> if(toInt64(i) - toInt64(j) + 1 + {2} BETWEEN 1 AND toInt64(length({0})), k * {0}[toInt64(i) - toInt64(j) + 1 + {2}], 0.), {1}, arrayEnumerate({1}))), arrayEnumerate({0}))", x, filter, shift)), true, false};
}

// Missing elements (null, or the placeholder) replaced.
std::string missing(SqlCall& c, std::size_t i) {
  if (c.size() <= i || (c.literal(i) != nullptr && c.literal(i)->is_null)) return "isNull(v)";
  return fmt::format("ifNull(v = {0}, isNull(v) AND isNull({0}))", c.shared(i));
}
Sql fill_const(SqlCall& c) {
  const std::string value = c.size() > 1 ? fmt::format("toFloat64({})", c.shared(1)) : "0.";
  return when_array(c, as_written(fmt::format("arrayMap(v -> if({}, {}, v), {})", missing(c, 2), value, numbers(c, 0))));
}
Sql fill(SqlCall& c, bool forward) {
  const std::string x = numbers(c, 0);
  const std::string filled = fmt::format("{}(v -> NOT ({}), {})", forward ? "arrayFill" : "arrayReverseFill", missing(c, 1), x);
  return when_array(c, as_written(filled));
}
Sql fill_linear(SqlCall& c) {
  const std::string raw = numbers(c, 0);
  const std::string x = c.name(fmt::format("arrayMap(v -> if({}, NULL, v), {})", missing(c, 1), raw));
  const bool edges = !(c.size() > 2 && c.literal(2) != nullptr && !c.literal(2)->boolean);
  const std::string constant = c.size() > 3 ? fmt::format("toFloat64({})", c.shared(3)) : "0.";
  // The neighbours that are there: positions before and after.
  const std::string before = c.name(fmt::format("arrayFill(p -> p != 0, arrayMap((v, i) -> if(isNull(v), toInt64(0), toInt64(i)), {0}, arrayEnumerate({0})))", x));
  const std::string after = c.name(fmt::format("arrayReverseFill(p -> p != 0, arrayMap((v, i) -> if(isNull(v), toInt64(0), toInt64(i)), {0}, arrayEnumerate({0})))", x));
  return when_array(c, as_written(fmt::format("arrayMap((v, i, l, r) -> multiIf(isNotNull(v), v, l = 0 AND r = 0, {1}, l = 0, {2}, r = 0, {3}, {0}[l] + ({0}[r] - {0}[l]) * (i - l) / (r - l)), {0}, arrayEnumerate({0}), {4}, {5})",
                                              x, constant, edges ? x + "[r]" : "NULL", edges ? x + "[l]" : "NULL", before, after)));
}

// Flags say how the SQL is written: those that differ by row are read on rows.
bool has_constant_flags(const BoundExpression& call) {
  return std::ranges::all_of(call.arguments, [](const Expr& a) { return a->type != Type::boolean || a->kind == BoundExpression::Kind::literal; });
}

#define SERIES(text_name, text_summary, expression)                                                                        \
  {.name = text_name, .summary = text_summary, .signatures = "f(series:array) -> dynamic", .takes_null = true, .may_be_null = true, \
   .emit = [](SqlCall& c) { return map(c, expression); }}
#define PAIRS(text_name, text_summary, function, expression)                                                                 \
  {.name = text_name, .summary = text_summary,                                                                              \
   .signatures = "f(a:array, b:array) -> dynamic; f(a:array, b:number) -> dynamic; f(a:number, b:array) -> dynamic",         \
   .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return function(c, expression); }}

constexpr Function kFunctions[] = {
    {.name = "series_abs", .summary = "Absolute values.", .signatures = "series_abs(series:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return map_whole(c, "abs(x)"); }, .examples = {{{"series_abs(dynamic([-1, 2]))", "[1,2]"}}}},
    {.name = "series_ceiling", .summary = "Rounded up.", .signatures = "series_ceiling(series:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return map(c, "ceil(x)"); }},
    {.name = "series_floor", .summary = "Rounded down.", .signatures = "series_floor(series:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return map(c, "floor(x)"); }, .examples = {{{"series_floor(dynamic([1.5, -1.5]))", "[1.0,-2.0]"}}}},
    {.name = "series_sign", .summary = "Signs.", .signatures = "series_sign(series:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return map_whole(c, "toFloat64(sign(x))"); }, .examples = {{{"series_sign(dynamic([-2, 0, 3]))", "[-1,0,1]"}}}},
    SERIES("series_exp", "e to the power of each.", "exp(x)"),
    SERIES("series_log", "Natural logarithms.", "if(x > 0, log(x), NULL)"),
    SERIES("series_sin", "Sines.", "sin(x)"),
    SERIES("series_cos", "Cosines.", "cos(x)"),
    SERIES("series_tan", "Tangents.", "tan(x)"),
    SERIES("series_asin", "Angles of sines.", "if(abs(x) <= 1, asin(x), NULL)"),
    SERIES("series_acos", "Angles of cosines.", "if(abs(x) <= 1, acos(x), NULL)"),
    SERIES("series_atan", "Angles of tangents.", "atan(x)"),
    PAIRS("series_add", "Sums.", pairwise_whole, "x + y"),
    PAIRS("series_subtract", "Differences.", pairwise_whole, "x - y"),
    PAIRS("series_multiply", "Products.", pairwise_whole, "x * y"),
    PAIRS("series_divide", "Quotients.", pairwise, "x / y"),
    PAIRS("series_pow", "Powers.", pairwise, "pow(x, y)"),
    PAIRS("series_equals", "Which are equal.", compare, "="),
    PAIRS("series_not_equals", "Which differ.", compare, "!="),
    PAIRS("series_greater", "Which are greater.", compare, ">"),
    PAIRS("series_greater_equals", "Which are greater or equal.", compare, ">="),
    PAIRS("series_less", "Which are less.", compare, "<"),
    PAIRS("series_less_equals", "Which are less or equal.", compare, "<="),
    {.name = "series_sum", .summary = "The sum.", .signatures = "series_sum(series:array) -> real", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return when_arrays(c, Sql{sum_of(c, numbers(c, 0)), true, false}); }, .examples = {{{"series_sum(dynamic([1, 2, 3]))", "6.0"}}}},
    {.name = "series_product", .summary = "The product.", .signatures = "series_product(series:array) -> real", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) {
       const std::string x = numbers(c, 0);
       return when_arrays(c, Sql{fmt::format("if(arrayExists(v -> isNull(v), {0}), NULL, if(empty({0}), 1., arrayProduct(arrayMap(v -> assumeNotNull(v), {0}))))", x), true, false});
     }, .examples = {{{"series_product(dynamic([2, 3]))", "6.0"}}}},
    {.name = "series_magnitude", .summary = "The length of the series as a vector.", .signatures = "series_magnitude(series:array) -> real", .takes_null = true, .may_be_null = true, .emit = of_arrays<magnitude, 1>, .examples = {{{"series_magnitude(dynamic([3, 4]))", "5.0"}}}},
    {.name = "series_dot_product", .summary = "The sum of products.", .signatures = "series_dot_product(a:array, b:array) -> real; series_dot_product(a:array, b:number) -> real; series_dot_product(a:number, b:array) -> real", .takes_null = true, .may_be_null = true, .emit = of_arrays<dot, 2>, .examples = {{{"series_dot_product(dynamic([1, 2]), dynamic([3, 4]))", "11.0"}}}},
    {.name = "series_cosine_similarity", .summary = "The cosine of the angle between two series.", .signatures = "series_cosine_similarity(a:array, b:array, magnitude_a:real?, magnitude_b:real?) -> real", .takes_null = true, .may_be_null = true, .emit = of_arrays<cosine, 2>, .examples = {{{"series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1]))", "0.0"}}}},
    {.name = "series_pearson_correlation", .summary = "The correlation of two series.", .signatures = "series_pearson_correlation(a:array, b:array) -> real", .takes_null = true, .may_be_null = true, .emit = of_arrays<pearson, 2>, .examples = {{{"series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))", "1.0"}}}},
    {.name = "series_stats", .summary = "min, min_idx, max, max_idx, avg, stdev, variance: a column each.", .signatures = "series_stats(series:array, ignore_nonfinite:bool?=) -> dynamic", .takes_null = true, .emit = of_arrays<stats_list, 1>, .emits = has_constant_flags},
    {.name = "series_stats_dynamic", .summary = "The same as a bag, with sum and len.", .signatures = "series_stats_dynamic(series:array, ignore_nonfinite:bool?=) -> dynamic", .takes_null = true, .emit = of_arrays<stats_bag, 1>, .emits = has_constant_flags},
    {.name = "series_fit_line", .summary = "The line that fits best: rsquare, slope, variance, rvariance, interception, line_fit.", .signatures = "series_fit_line(series:array) -> dynamic", .takes_null = true, .emit = of_arrays<fit_line, 1>},
    {.name = "series_fit_line_dynamic", .summary = "The same as a bag.", .signatures = "series_fit_line_dynamic(series:array) -> dynamic", .takes_null = true, .emit = of_arrays<fit_line_bag, 1>},
    {.name = "series_iir", .summary = "An infinite impulse response filter.", .signatures = "series_iir(series:array, numerators:array, denominators:array) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = of_arrays<iir, 3>, .examples = {{{"series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))", "[1.0,3.0,6.0]"}}}},
    {.name = "series_fir", .summary = "A finite impulse response filter.", .signatures = "series_fir(series:array, filter:array, normalize:bool?, center:bool?) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = of_arrays<fir, 2>, .emits = has_constant_flags, .examples = {{{"series_fir(dynamic([1, 2, 3]), dynamic([1, 1]), false)", "[1.0,3.0,5.0]"}}}},
    {.name = "series_fill_const", .summary = "Missing values become a constant.", .signatures = "series_fill_const(series:array, constant:number?, placeholder:number?) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = fill_const, .examples = {{{"series_fill_const(dynamic([1, null]), 5)", "[1,5]"}}}},
    {.name = "series_fill_forward", .summary = "Missing values become the one before.", .signatures = "series_fill_forward(series:array, placeholder:number?) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return fill(c, true); }, .examples = {{{"series_fill_forward(dynamic([null, 1, null]))", "[null,1,1]"}}}},
    {.name = "series_fill_backward", .summary = "Missing values become the one behind.", .signatures = "series_fill_backward(series:array, placeholder:number?) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return fill(c, false); }, .examples = {{{"series_fill_backward(dynamic([null, 1, null]))", "[1,1,null]"}}}},
    {.name = "series_fill_linear", .summary = "Missing values on the line between their neighbours.", .signatures = "series_fill_linear(series:array, placeholder:number?, edges:bool?, constant:number?) -> dynamic", .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .emit = fill_linear, .emits = has_constant_flags, .examples = {{{"series_fill_linear(dynamic([1, null, 3]))", "[1,2,3]"}}}},

    // On rows: kernels/series_analysis.cpp.
    {.name = "series_fft", .summary = "The Fourier transform: real and imaginary parts.", .signatures = "series_fft(series:array, imaginary:array?) -> dynamic", .takes_null = true},
    {.name = "series_ifft", .summary = "The inverse Fourier transform: real and imaginary parts.", .signatures = "series_ifft(series:array, imaginary:array?) -> dynamic", .takes_null = true},
    {.name = "series_fit_2lines", .summary = "The two lines that fit best: rsquare, split_idx, variance, rvariance, line_fit; right_ and left_ rsquare, slope, interception, variance, rvariance.",
     .signatures = "series_fit_2lines(series:array) -> dynamic", .takes_null = true},
    {.name = "series_fit_2lines_dynamic", .summary = "The same as a bag.", .signatures = "series_fit_2lines_dynamic(series:array) -> dynamic", .takes_null = true, .may_be_null = true,
     .examples = {{{"series_fit_2lines_dynamic(dynamic([0, 1, 2, 3, 10, 9, 8])).split_idx", "4"}, {"toreal(series_fit_2lines_dynamic(dynamic([0, 1, 2, 3, 10, 9, 8])).right.slope)", "-1.0"}}}},
    {.name = "series_fit_poly", .summary = "The polynomial that fits best (degree 1 to 20): rsquare, coefficients, variance, rvariance, poly_fit.", .signatures = "series_fit_poly(y:array, x:array?, degree:integer?) -> dynamic", .takes_null = true},
    {.name = "series_periods_detect", .summary = "The periods that fit best, of at least 4 places and at most half of the series: periods and scores.",
     .signatures = "series_periods_detect(series:array, min_period:number, max_period:number, num_periods:long) -> dynamic", .takes_null = true},
    {.name = "series_periods_validate", .summary = "How well periods fit: periods and scores.", .signatures = "series_periods_validate(series:array, period:number+) -> dynamic", .takes_null = true},
    {.name = "series_seasonal", .summary = "The seasonal part of a series: the median of each place in the period (found when it is -1).", .signatures = "series_seasonal(series:array, period:integer?, test_points:integer?) -> dynamic", .takes_null = true, .may_be_null = true,
     .examples = {{{"series_seasonal(dynamic([1, 3, 5, 1, 3, 5, 2, 4, 6]), 3)", "[1.0,3.0,5.0,1.0,3.0,5.0,1.0,3.0,5.0]"}, {"series_sum(series_seasonal(dynamic([8, 12, 14, 12, 10, 10, 12, 14, 12, 10, 10, 12, 14, 12, 10, 10, 12, 14, 12, 10])))", "232.0"},
                   {"series_sum(series_seasonal(dynamic([1, 3, 5, 2, 4, 6, 1, 3, 5, 2, 4, 6])))", "0.0"}}}},
    {.name = "series_outliers", .summary = "How far values lie outside of Tukey's fences: beyond 1.5 they are anomalies.", .signatures = "series_outliers(series:array, kind:string?, ignore:number?, min_percentile:number?, max_percentile:number?, test_points:integer?) -> dynamic",
     .naming = ResultName::first_argument, .takes_null = true, .may_be_null = true, .examples = {{{"series_outliers(dynamic([1, 2, 3, 4, 5, 50]), 'tukey')", "[-0.5,-0.1,0.0,0.0,0.1,18.1]"}, {"series_outliers(dynamic([1, 2]), 'none')", ""}}}},
    {.name = "series_decompose", .summary = "A series as the sum of its parts: baseline, seasonal, trend, residual.", .signatures = "series_decompose(series:array, period:integer?, trend:string?, test_points:integer?, threshold:number?) -> dynamic", .takes_null = true},
    {.name = "series_decompose_anomalies", .summary = "Where a series leaves its baseline: ad_flag, ad_score, baseline.",
     .signatures = "series_decompose_anomalies(series:array, threshold:number?, period:integer?, trend:string?, test_points:integer?, method:string?, seasonality_threshold:number?) -> dynamic", .takes_null = true},
    {.name = "series_decompose_forecast", .summary = "A series' last points by what came before them: forecast, seasonal, trend, residual.",
     .signatures = "series_decompose_forecast(series:array, test_points:integer, period:integer?, trend:string?, threshold:number?) -> dynamic", .takes_null = true},
};

}  // namespace

std::span<const Function> series_functions() { return kFunctions; }

}  // namespace yagura::kql
