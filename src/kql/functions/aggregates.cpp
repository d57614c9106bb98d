// Aggregates of summarize. Nulls don't count; what an empty group gives is in the documentation of summarize.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// agg(x) or aggIf(x, condition): the condition is the last argument of the *if functions.
std::string aggregate(SqlCall& c, std::string_view function, const std::string& arguments, std::size_t condition) {
  if (condition >= c.size()) return fmt::format("{}({})", function, arguments);
  std::string name(function);
  name.insert(std::min(name.find('('), name.size()), "If");
  return fmt::format("{}({}{}ifNull({}, 0))", name, arguments, arguments.empty() ? "" : ", ", c.arg(condition));
}

Sql count(SqlCall& c, std::size_t condition) { return {"toInt64(" + aggregate(c, "count", "", condition) + ")", false, false}; }

Sql sum(SqlCall& c, std::size_t condition) {
  const Type r = c.result();
  std::string x = c.arg(0);
  if (is_integer(c.type(0))) x = "toInt64(" + x + ")";
  std::string text = aggregate(c, r == Type::int64 || r == Type::timespan ? "sumWithOverflow" : "sum", x, condition);
  if (r == Type::decimal) text = "CAST(" + text + ", 'Nullable(Decimal(76, 20))')";
  if (r == Type::datetime) text = sql::datetime_of(aggregate(c, "sum", sql::ticks_of(c.arg(0)), condition));
  return {"ifNull(" + text + ", 0)", false, false};
}

Sql extreme(SqlCall& c, std::string_view function, std::size_t condition) {
  if (c.type(0) == Type::string) return {aggregate(c, function, c.arg(0), condition), false, false};
  return {aggregate(c, std::string(function) + "OrNull", c.arg(0), condition), true, false};
}

Sql average(SqlCall& c, std::size_t condition) {
  const Type t = c.type(0);
  if (t == Type::datetime) {
    return {sql::datetime_of("toInt64(" + aggregate(c, "avgOrNull", "toFloat64(" + sql::ticks_of(c.arg(0)) + ")", condition) + ")"), true, false};
  }
  if (t == Type::timespan) return {"toInt64(" + aggregate(c, "avgOrNull", c.arg(0), condition) + ")", true, false};
  if (t == Type::decimal) return {"toDecimal256(" + aggregate(c, "avgOrNull", c.arg(0), condition) + ", 20)", true, false};
  // Nothing to average is NaN.
  return {"ifNull(" + aggregate(c, "avgOrNull", c.arg(0), condition) + ", nan)", false, false};
}

std::string as_real(Type t, const std::string& x) {
  return "toFloat64(" + (t == Type::datetime ? sql::ticks_of(x) : x) + ")";
}

// The sample's spread of a single value is 0.
Sql spread(SqlCall& c, std::string_view function, std::size_t condition) {
  const std::string x = as_real(c.type(0), c.arg(0));
  return {fmt::format("(ifNotFinite(ifNull({}, 0), 0))", aggregate(c, function, x, condition)), false, false};
}

Sql covariance(SqlCall& c, std::string_view function, std::size_t condition) {
  return {fmt::format("ifNotFinite(ifNull({}, 0), 0)", aggregate(c, function, as_real(c.type(0), c.arg(0)) + ", " + as_real(c.type(1), c.arg(1)), condition)), false, false};
}

// Exact up to 2^16 values or so, then an estimate within half a percent.
Sql distinct_count(SqlCall& c, std::size_t condition, bool exact) {
  // Of a group that has but nulls uniqCombined64 says null.
  return {"toInt64(ifNull(" + aggregate(c, exact ? "uniqExact" : "uniqCombined64(17)", c.arg(0), condition) + ", 0))", false, false};
}

std::string json_of(SqlCall& c, std::size_t i) {
  return sql::to_json(c.type(i), c.shared(i));
}

// make_list, make_set: null is left out; the order is that of the rows.
Sql list(SqlCall& c, bool set, std::size_t condition, bool keep_nulls) {
  const std::size_t limit_at = condition == 1 ? 2 : 1;
  std::string limit = "1048576";
  if (c.size() > limit_at && !keep_nulls) limit = fmt::format("greatest(0, ifNull({}, 1048576))", c.arg(limit_at));
  std::string when = c.type(0) == Type::string || keep_nulls ? "1" : "isNotNull(" + c.shared(0) + ")";
  if (condition < c.size() && condition == 1) when += " AND ifNull(" + c.arg(1) + ", 0)";
  std::string value = json_of(c, 0);
  const std::string order = c.scope().row_order;
  // Without an order to keep, the engine's own lists, which stop at the limit and hold each value of a set once.
  const bool constant_limit = c.size() <= limit_at || keep_nulls || (c.literal(limit_at) != nullptr && !c.literal(limit_at)->is_null);
  if (order.empty() && constant_limit && !keep_nulls && c.type(0) != Type::dynamic) {
    const std::int64_t most = c.size() > limit_at ? std::clamp<std::int64_t>(c.literal(limit_at)->integer, 0, 1'048'576) : 1'048'576;
    if (most > 0) {
      std::string all = fmt::format("{}{}({})({}{})", set ? "groupUniqArray" : "groupArray", condition == 1 && c.size() > 1 ? "If" : "", most, c.arg(0),
                                    condition == 1 && c.size() > 1 ? ", ifNull(" + c.arg(1) + ", 0)" : "");
      return {sql::json_array(fmt::format("arrayMap(v -> {}, {})", sql::to_json(c.type(0), "v"), all)), false, false};
    }
  }
  // A list or set of arrays is that of their elements.
  const bool flat = !keep_nulls && c.type(0) == Type::dynamic;
  if (flat) value = fmt::format("if(startsWith(ifNull({0}, ''), '['), JSONExtractArrayRaw(ifNull({0}, '')), [{1}])", c.shared(0), value);
  std::string all = order.empty() ? fmt::format("groupArrayIf({}, {})", value, when)
                                  : fmt::format("arrayMap(t -> t.2, arraySort(t -> t.1, groupArrayIf(({}, {}), {})))", order, value, when);
  if (flat) all = "arrayFlatten(" + all + ")";
  if (set) all = "arrayDistinct(" + all + ")";
  return {sql::json_array(fmt::format("arraySlice({}, 1, {})", all, limit)), false, false};
}

Sql bag(SqlCall& c, std::size_t condition) {
  std::string when = "startsWith(ifNull(" + c.shared(0) + ", ''), '{')";
  if (condition < c.size() && condition == 1) when += " AND ifNull(" + c.arg(1) + ", 0)";
  // Of several values of one key, the first stays.
  const std::string pairs = fmt::format("arrayFlatten(groupArrayIf(JSONExtractKeysAndValuesRaw(ifNull({}, '')), {}))", c.shared(0), when);
  const std::string names = c.name(fmt::format("arrayMap(p -> p.1, {})", pairs)), values = c.name(fmt::format("arrayMap(p -> p.2, {})", pairs));
  return {fmt::format("concat('{{', arrayStringConcat(arrayMap((k, v) -> concat(toJSONString(k), ':', v), "
                      "arrayFilter((k, n) -> n = 1, {0}, arrayEnumerateUniq({0})), arrayFilter((v, n) -> n = 1, {1}, arrayEnumerateUniq({0}))), ','), '}}')",
                      names, values), false, false};
}

// The row where the key is greatest (or least).
Sql arg(SqlCall& c, std::string_view function) {
  const bool nullable = c.nullable(1);
  const std::string key = c.shared(0);
  // The function leaves out rows whose value is NULL, unless it is wrapped; without, its state is one of a plain type.
  const std::string value = nullable ? "tuple(" + c.arg(1) + ")" : c.arg(1);
  std::string text = fmt::format("{}({}, {})", function, value, key);
  if (c.nullable(0)) {
    // A group whose keys are all null gives one of its rows.
    text = fmt::format("if(count({0}) = 0, any({1}), {2}If({1}, assumeNotNull({0}), isNotNull({0})))", key, value, function);
  }
  return {nullable ? "tupleElement(" + text + ", 1)" : text, nullable, false};
}

Sql any_value(SqlCall& c, std::size_t condition) {
  if (c.type(0) == Type::string) {
    const std::string x = c.shared(0);
    std::string when = x + " != ''";
    if (condition < c.size()) when += " AND ifNull(" + c.arg(condition) + ", 0)";
    return {fmt::format("anyIf({}, {})", x, when), false, false};
  }
  return {aggregate(c, "anyOrNull", c.arg(0), condition), true, false};
}

Sql any_of_row(SqlCall& c) {
  return {fmt::format("tupleElement(any(tuple({})), 1)", c.arg(0)), c.type(0) != Type::string, false};
}

// The smallest value that at least p percent of the values don't exceed (nearest rank).
std::string rank_of(std::string_view sorted, std::string_view p) {
  return fmt::format("{0}[toInt64(greatest(1., least(toFloat64(length({0})), ceil(length({0}) * {1} / 100. - 1e-9))))]", sorted, p);
}

Sql percentile(SqlCall& c) {
  const Type t = c.type(0);
  const std::string p = "toFloat64(" + c.arg(1) + ")";
  const std::string x = c.arg(0);
  const std::string sorted = c.name(fmt::format("arraySort(groupArray({}))", x));
  const std::string value = rank_of(sorted, p);
  const std::string text = fmt::format("if(length({}) = 0, NULL, {})", sorted, value);
  return {t == Type::int32 ? "toInt64(" + text + ")" : text, true, false};
}

std::string weighted_rank(SqlCall& c, const std::string& p) {
  const std::string pairs = c.name(fmt::format("arraySort(groupArrayIf((assumeNotNull({0}), toInt64(assumeNotNull({1}))), isNotNull({0}) AND ifNull({1} > 0, 0)))", c.shared(0), c.shared(1)));
  const std::string sums = c.name(fmt::format("arrayCumSum(arrayMap(t -> t.2, {}))", pairs));
  return fmt::format("if(empty({0}), NULL, tupleElement({0}[greatest(1, arrayFirstIndex(s -> s >= {1}[-1] * {2} / 100. - 1e-9, {1}))], 1))", pairs, sums, p);
}

Sql percentiles_array(SqlCall& c, bool weighted) {
  const std::size_t first = weighted ? 2 : 1;
  std::string list;
  if (c.size() == first + 1 && c.type(first) == Type::dynamic) {
    list = fmt::format("arrayMap(x -> toFloat64OrZero(x), {})", sql::array_of(c.arg(first)));
  } else {
    list = "[";
    for (std::size_t i = first; i < c.size(); ++i) list += (i > first ? ", toFloat64(" : "toFloat64(") + c.arg(i) + ")";
    list += "]";
  }
  std::string value;
  if (weighted) {
    value = weighted_rank(c, "p");
  } else {
    const std::string sorted = c.name(fmt::format("arraySort(groupArray({}))", c.arg(0)));
    value = fmt::format("if(length({}) = 0, NULL, {})", sorted, rank_of(sorted, "p"));
  }
  return {sql::json_array(fmt::format("arrayMap(v -> {}, arrayMap(p -> {}, {}))", sql::to_json(c.type(0), "v"), value, list)), false, false};
}

Sql bits(SqlCall& c, std::string_view function) { return {fmt::format("{}({})", function, c.arg(0)), true, false}; }


constexpr auto kPrefix = ResultName::prefix_and_first_argument;

constexpr Function kFunctions[] = {
    {.name = "count", .aliases = "cnt", .kind = Function::Kind::aggregate, .summary = "How many rows.", .signatures = "count() -> long; count(predicate:bool) -> long", .naming = kPrefix, .prefix = "count", .takes_null = true,
     .emit = [](SqlCall& c) { return count(c, 0); }},
    {.name = "countif", .kind = Function::Kind::aggregate, .summary = "For how many rows the predicate holds.", .signatures = "countif(predicate:bool) -> long", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return count(c, 0); }},
    {.name = "dcount", .kind = Function::Kind::aggregate, .summary = "How many different values; exact for small numbers, estimated for large ones.", .signatures = "dcount(value:scalar, accuracy:not_dynamic?) -> long", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return distinct_count(c, 9, false); }},
    {.name = "dcountif", .kind = Function::Kind::aggregate, .summary = "dcount of the rows for which the predicate holds.", .signatures = "dcountif(value:scalar, predicate:bool, accuracy:not_dynamic?) -> long", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return distinct_count(c, 1, false); }},
    {.name = "count_distinct", .kind = Function::Kind::aggregate, .summary = "How many different values, exactly.", .signatures = "count_distinct(value:scalar) -> long", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return distinct_count(c, 9, true); }},
    {.name = "count_distinctif", .kind = Function::Kind::aggregate, .summary = "count_distinct of the rows for which the predicate holds.", .signatures = "count_distinctif(value:scalar, predicate:bool) -> long", .naming = kPrefix, .takes_null = true,
     .emit = [](SqlCall& c) { return distinct_count(c, 1, true); }},
    {.name = "sum", .kind = Function::Kind::aggregate, .summary = "The sum.", .signatures = "sum(value:summable) -> first", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return sum(c, 9); }},
    {.name = "sumif", .kind = Function::Kind::aggregate, .summary = "The sum of the rows for which the predicate holds.", .signatures = "sumif(value:summable, predicate:bool) -> first", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return sum(c, 1); }},
    {.name = "min", .kind = Function::Kind::aggregate, .summary = "The least value.", .signatures = "min(value:orderable) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return extreme(c, "min", 9); }},
    {.name = "minif", .kind = Function::Kind::aggregate, .summary = "The least value of the rows for which the predicate holds.", .signatures = "minif(value:orderable, predicate:bool) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return extreme(c, "min", 1); }},
    {.name = "max", .kind = Function::Kind::aggregate, .summary = "The greatest value.", .signatures = "max(value:orderable) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return extreme(c, "max", 9); }},
    {.name = "maxif", .kind = Function::Kind::aggregate, .summary = "The greatest value of the rows for which the predicate holds.", .signatures = "maxif(value:orderable, predicate:bool) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return extreme(c, "max", 1); }},
    {.name = "avg", .kind = Function::Kind::aggregate, .summary = "The mean.", .signatures = "avg(value:timespan) -> timespan; avg(value:datetime) -> datetime; avg(value:integer) -> real; avg(value:real) -> real; avg(value:decimal) -> decimal",
     .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return average(c, 9); }},
    {.name = "avgif", .kind = Function::Kind::aggregate, .summary = "The mean of the rows for which the predicate holds.",
     .signatures = "avgif(value:timespan, predicate:bool) -> timespan; avgif(value:datetime, predicate:bool) -> datetime; avgif(value:integer, predicate:bool) -> real; avgif(value:real, predicate:bool) -> real; avgif(value:decimal, predicate:bool) -> decimal",
     .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return average(c, 1); }},
    {.name = "stdev", .kind = Function::Kind::aggregate, .summary = "The standard deviation of a sample.", .signatures = "stdev(value:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "stddevSampStable", 9); }},
    {.name = "stdevif", .kind = Function::Kind::aggregate, .summary = "stdev where the predicate holds.", .signatures = "stdevif(value:summable, predicate:bool) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "stddevSampStable", 1); }},
    {.name = "stdevp", .kind = Function::Kind::aggregate, .summary = "The standard deviation of a population.", .signatures = "stdevp(value:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "stddevPopStable", 9); }},
    {.name = "variance", .kind = Function::Kind::aggregate, .summary = "The variance of a sample.", .signatures = "variance(value:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "varSampStable", 9); }},
    {.name = "varianceif", .kind = Function::Kind::aggregate, .summary = "variance where the predicate holds.", .signatures = "varianceif(value:summable, predicate:bool) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "varSampStable", 1); }},
    {.name = "variancep", .kind = Function::Kind::aggregate, .summary = "The variance of a population.", .signatures = "variancep(value:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "varPopStable", 9); }},
    {.name = "variancepif", .kind = Function::Kind::aggregate, .summary = "variancep where the predicate holds.", .signatures = "variancepif(value:summable, predicate:bool) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return spread(c, "varPopStable", 1); }},
    {.name = "covariance", .kind = Function::Kind::aggregate, .summary = "The covariance of a sample.", .signatures = "covariance(a:summable, b:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return covariance(c, "covarSampStable", 9); }},
    {.name = "covarianceif", .kind = Function::Kind::aggregate, .summary = "covariance where the predicate holds.", .signatures = "covarianceif(a:summable, b:summable, predicate:bool) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return covariance(c, "covarSampStable", 2); }},
    {.name = "covariancep", .kind = Function::Kind::aggregate, .summary = "The covariance of a population.", .signatures = "covariancep(a:summable, b:summable) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return covariance(c, "covarPopStable", 9); }},
    {.name = "covariancepif", .kind = Function::Kind::aggregate, .summary = "covariancep where the predicate holds.", .signatures = "covariancepif(a:summable, b:summable, predicate:bool) -> real", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return covariance(c, "covarPopStable", 2); }},
    {.name = "make_list", .aliases = "makelist", .kind = Function::Kind::aggregate, .summary = "All values as an array, in the order of the rows.", .signatures = "make_list(value:scalar, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "list", .takes_null = true,
     .emit = [](SqlCall& c) { return list(c, false, 9, false); }},
    {.name = "make_list_if", .kind = Function::Kind::aggregate, .summary = "make_list where the predicate holds.", .signatures = "make_list_if(value:scalar, predicate:bool, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "list", .takes_null = true,
     .emit = [](SqlCall& c) { return list(c, false, 1, false); }},
    {.name = "make_list_with_nulls", .kind = Function::Kind::aggregate, .summary = "All values as an array, nulls as well.", .signatures = "make_list_with_nulls(value:scalar) -> dynamic", .naming = kPrefix, .prefix = "list", .takes_null = true,
     .emit = [](SqlCall& c) { return list(c, false, 9, true); }},
    {.name = "make_set", .aliases = "makeset", .kind = Function::Kind::aggregate, .summary = "The different values as an array.", .signatures = "make_set(value:scalar, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "set", .takes_null = true,
     .emit = [](SqlCall& c) { return list(c, true, 9, false); }},
    {.name = "make_set_if", .kind = Function::Kind::aggregate, .summary = "make_set where the predicate holds.", .signatures = "make_set_if(value:scalar, predicate:bool, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "set", .takes_null = true,
     .emit = [](SqlCall& c) { return list(c, true, 1, false); }},
    {.name = "make_bag", .aliases = "make_dictionary", .kind = Function::Kind::aggregate, .summary = "The members of all bags in one.", .signatures = "make_bag(bag:dynamic, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "bag", .takes_null = true,
     .emit = [](SqlCall& c) { return bag(c, 9); }},
    {.name = "make_bag_if", .kind = Function::Kind::aggregate, .summary = "make_bag where the predicate holds.", .signatures = "make_bag_if(bag:dynamic, predicate:bool, limit:integer?) -> dynamic", .naming = kPrefix, .prefix = "bag", .takes_null = true,
     .emit = [](SqlCall& c) { return bag(c, 1); }},
    {.name = "arg_max", .aliases = "argmax", .kind = Function::Kind::aggregate, .summary = "Values of the row where the first is greatest.", .signatures = "arg_max(maximised:scalar, value:scalar*) -> second", .takes_null = true,
     .emit = [](SqlCall& c) { return arg(c, "argMax"); }},
    {.name = "arg_min", .aliases = "argmin", .kind = Function::Kind::aggregate, .summary = "Values of the row where the first is least.", .signatures = "arg_min(minimised:scalar, value:scalar*) -> second", .takes_null = true,
     .emit = [](SqlCall& c) { return arg(c, "argMin"); }},
    {.name = "take_any", .kind = Function::Kind::aggregate, .summary = "A value of any row, one that is not empty if there is one.", .signatures = "take_any(value:scalar) -> same", .naming = ResultName::first_argument, .takes_null = true,
     .emit = [](SqlCall& c) { return any_value(c, 9); }},
    {.name = "any", .kind = Function::Kind::aggregate, .summary = "Old spelling of take_any.", .signatures = "any(value:scalar) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return any_value(c, 9); }},
    {.name = "take_anyif", .kind = Function::Kind::aggregate, .summary = "take_any where the predicate holds.", .signatures = "take_anyif(value:scalar, predicate:bool) -> same", .naming = ResultName::first_argument, .takes_null = true,
     .emit = [](SqlCall& c) { return any_value(c, 1); }},
    {.name = "anyif", .kind = Function::Kind::aggregate, .summary = "Old spelling of take_anyif.", .signatures = "anyif(value:scalar, predicate:bool) -> same", .naming = kPrefix, .takes_null = true, .emit = [](SqlCall& c) { return any_value(c, 1); }},
    {.name = ".any_of_row", .kind = Function::Kind::aggregate, .summary = "A value of the row that stands for the group.", .signatures = ".any_of_row(value:scalar) -> same", .takes_null = true, .emit = any_of_row},
    {.name = "percentile", .kind = Function::Kind::aggregate, .summary = "The nearest-rank percentile.", .signatures = "percentile(value:scalar, percentile:number) -> first", .takes_null = true, .emit = percentile},
    {.name = "percentilew", .kind = Function::Kind::aggregate, .summary = "The percentile of values that stand for several each.", .signatures = "percentilew(value:scalar, weight:integer, percentile:number) -> first", .takes_null = true,
     .emit = [](SqlCall& c) { return Sql{weighted_rank(c, "toFloat64(" + c.arg(2) + ")"), true, false}; }},
    {.name = "percentiles", .kind = Function::Kind::aggregate, .summary = "Several percentiles, each a column.", .signatures = "percentiles(value:scalar, percentile:number+) -> first", .takes_null = true, .emit = percentile},
    {.name = "percentilesw", .kind = Function::Kind::aggregate, .summary = "Several weighted percentiles, each a column.", .signatures = "percentilesw(value:scalar, weight:integer, percentile:number+) -> first", .takes_null = true,
     .emit = [](SqlCall& c) { return Sql{weighted_rank(c, "toFloat64(" + c.arg(2) + ")"), true, false}; }},
    {.name = "percentiles_array", .kind = Function::Kind::aggregate, .summary = "Several percentiles as an array.", .signatures = "percentiles_array(value:scalar, percentiles:dynamic) -> dynamic; percentiles_array(value:scalar, percentile:number+) -> dynamic",
     .naming = kPrefix, .prefix = "percentiles", .takes_null = true, .emit = [](SqlCall& c) { return percentiles_array(c, false); }},
    {.name = "percentilesw_array", .kind = Function::Kind::aggregate, .summary = "Several weighted percentiles as an array.", .signatures = "percentilesw_array(value:scalar, weight:integer, percentiles:dynamic) -> dynamic; percentilesw_array(value:scalar, weight:integer, percentile:number+) -> dynamic",
     .naming = kPrefix, .prefix = "percentiles", .takes_null = true, .emit = [](SqlCall& c) { return percentiles_array(c, true); }},
    {.name = "binary_all_and", .kind = Function::Kind::aggregate, .summary = "Bits that all values have.", .signatures = "binary_all_and(value:integer) -> long", .naming = ResultName::first_argument, .takes_null = true, .emit = [](SqlCall& c) { return bits(c, "groupBitAnd"); }},
    {.name = "binary_all_or", .kind = Function::Kind::aggregate, .summary = "Bits that any value has.", .signatures = "binary_all_or(value:integer) -> long", .naming = ResultName::first_argument, .takes_null = true, .emit = [](SqlCall& c) { return bits(c, "groupBitOr"); }},
    {.name = "binary_all_xor", .kind = Function::Kind::aggregate, .summary = "Bits that an odd number of values have.", .signatures = "binary_all_xor(value:integer) -> long", .naming = ResultName::first_argument, .takes_null = true, .emit = [](SqlCall& c) { return bits(c, "groupBitXor"); }},
};

}  // namespace

std::span<const Function> aggregate_functions() { return kFunctions; }

}  // namespace yagura::kql
