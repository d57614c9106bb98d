// Arrays in dynamics. An element stays JSON text on its way.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// The array's elements as JSON texts, as a name.
std::string elements(SqlCall& c, std::size_t i) { return c.name(sql::array_of(c.arg(i))); }
// Any value as one JSON text.
std::string json(SqlCall& c, std::size_t i) { return sql::to_json(c.type(i), c.shared(i)); }
// The result is null when the first argument is no array.
Sql of_array(SqlCall& c, const std::string& array, std::size_t i = 0) {
  return {fmt::format("if(startsWith(ifNull({}, ''), '['), {}, NULL)", c.shared(i), sql::json_array(array)), true, false};
}

Sql concat_arrays(SqlCall& c) {
  std::string text;
  for (std::size_t i = 0; i < c.size(); ++i) text += (i > 0 ? ", " : "") + sql::array_of(c.arg(i));
  return {sql::json_array("arrayConcat(" + text + ")"), false, false};
}

Sql slice(SqlCall& c) {
  const std::string a = elements(c, 0);
  const std::string n = fmt::format("toInt64(length({}))", a);
  const std::string from = c.name(fmt::format("greatest(0, if({0} < 0, {1} + {0}, {0}))", c.shared(1), n));
  const std::string to = c.name(fmt::format("least({1} - 1, if({0} < 0, {1} + {0}, {0}))", c.shared(2), n));
  return of_array(c, fmt::format("if({1} < {0}, emptyArrayString(), arraySlice({2}, {0} + 1, {1} - {0} + 1))", from, to, a));
}

Sql split(SqlCall& c) {
  const std::string a = elements(c, 0);
  const std::string n = fmt::format("toInt64(length({}))", a);
  std::string cuts = c.type(1) == Type::dynamic ? fmt::format("arrayMap(x -> toInt64(trunc(toFloat64OrZero(x))), {})", sql::array_of(c.arg(1))) : "[toInt64(" + c.arg(1) + ")]";
  const std::string points = c.name(fmt::format("arrayMap(x -> least({0}, greatest(0, if(x < 0, {0} + x, x))), {1})", n, cuts));
  return of_array(c, fmt::format("arrayMap((f, t) -> {}, arrayPushFront({}, 0), arrayPushBack({}, {}))",
                                 sql::json_array(fmt::format("if(t <= f, emptyArrayString(), arraySlice({}, f + 1, t - f))", a)), points, points, n));
}

Sql rotate(SqlCall& c, bool left) {
  const std::string a = elements(c, 0);
  const std::string k = c.name(fmt::format("if(empty({0}), 0, positiveModulo({1}ifNull(toInt64({2}), 0), toInt64(length({0}))))", a, left ? "" : "-", c.arg(1)));
  return of_array(c, fmt::format("arrayConcat(arraySlice({0}, {1} + 1), arraySlice({0}, 1, {1}))", a, k));
}

Sql shift(SqlCall& c, bool left) {
  const std::string a = elements(c, 0);
  const std::string fill = c.size() > 2 ? c.name(json(c, 2)) : "'null'";
  const std::string k = c.name(fmt::format("greatest(-toInt64(length({0})), least(toInt64(length({0})), {1}ifNull(toInt64({2}), 0)))", a, left ? "" : "-", c.arg(1)));
  return of_array(c, fmt::format("if({1} >= 0, arrayConcat(arraySlice({0}, {1} + 1), arrayWithConstant(toUInt64(greatest(0, {1})), {2})), "
                                 "arrayConcat(arrayWithConstant(toUInt64(greatest(0, -{1})), {2}), arraySlice({0}, 1, toInt64(length({0})) + {1})))", a, k, fill));
}

Sql index_of(SqlCall& c) {
  const std::string a = elements(c, 0);
  const std::string what = c.name(json(c, 1));
  const std::string n = fmt::format("toInt64(length({}))", a);
  const std::string from = c.size() > 2 ? c.name(fmt::format("if({0} < 0, greatest(0, {1} + {0}), {0})", c.shared(2), n)) : "toInt64(0)";
  const std::string length = c.size() > 3 ? c.shared(3) : "toInt64(-1)";
  const std::string nth = c.size() > 4 ? c.shared(4) : "1";
  const std::string found = c.name(fmt::format("arrayFilter((i, x) -> x = {0} AND i >= {1} AND ({2} < 0 OR i < {1} + {2}), range(length({3})), {3})", what, from, length, a));
  return {fmt::format("multiIf({2} < -1 OR {1} < 0, NULL, {1} < 1 OR length({0}) < {1}, -1, toInt64({0}[{1}]))", found, nth, length), true, false};
}

// Sorting: numbers by value, then texts, either way; nulls at the end or the front.
Sql sort(SqlCall& c, bool descending) {
  std::size_t count = c.size();
  bool nulls_last = true;
  if (count > 1 && c.type(count - 1) == Type::boolean) {
    if (const auto* l = c.literal(count - 1)) nulls_last = l->is_null || l->boolean;
    --count;
  }
  const std::string a = elements(c, 0);
  const std::string nulls = fmt::format("arrayFilter(i -> {0}[i] = 'null', arrayEnumerate({0}))", a);
  const std::string numbers = fmt::format("arrayFilter(i -> isNotNull(toFloat64OrNull({0}[i])), arrayEnumerate({0}))", a);
  const std::string texts = fmt::format("arrayFilter(i -> isNull(toFloat64OrNull({0}[i])) AND {0}[i] != 'null', arrayEnumerate({0}))", a);
  const std::string sorted = fmt::format(
      fmt::runtime(descending ? "arrayConcat(arraySort(i -> (-toFloat64OrZero({0}[i]), i), {1}), arrayReverse(arraySort(i -> ({0}[i], -toInt64(i)), {2})))"
                 : "arrayConcat(arraySort(i -> (toFloat64OrZero({0}[i]), i), {1}), arraySort(i -> ({0}[i], i), {2}))"),
      a, numbers, texts);
  const std::string order = c.name(nulls_last ? fmt::format("arrayConcat({}, {})", sorted, nulls) : fmt::format("arrayConcat({}, {})", nulls, sorted));
  if (count == 1) return of_array(c, fmt::format("arrayMap(i -> {}[i], {})", a, order));
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string other = elements(c, i);
    all += (i > 0 ? ", " : "") + fmt::format("if(length({0}) = length({1}), {2}, 'null')", other, a, sql::json_array(fmt::format("arrayMap(i -> {}[i], {})", other, order)));
  }
  return {sql::json_array("[" + all + "]"), true, false};
}

Sql choose(SqlCall& c) {
  const std::string conditions = elements(c, 0);
  const auto side = [&](std::size_t i) -> std::string {
    if (c.type(i) != Type::dynamic) return fmt::format("({})", c.name(json(c, i)));
    const std::string d = c.shared(i), a = c.name(sql::array_of(d));
    // One element stands for all.
    return fmt::format("if(startsWith(ifNull({0}, ''), '['), multiIf(length({1}) = 1, {1}[1], i <= length({1}), {1}[i], 'null'), ifNull({0}, 'null'))", d, a);
  };
  return of_array(c, fmt::format("arrayMap((b, i) -> multiIf(b = 'true' OR toFloat64OrZero(b) != 0, {}, b = 'false' OR isNotNull(toFloat64OrNull(b)), {}, 'null'), {}, arrayEnumerate({}))", side(1), side(2), conditions, conditions));
}

Sql range_of(SqlCall& c) {
  const Type t = c.type(0);
  const bool time = t == Type::datetime;
  const auto n = [&](std::size_t i) {
    return c.name(c.type(i) == Type::datetime ? sql::ticks_of(c.arg(i)) : c.type(i) == Type::decimal ? "toFloat64(" + c.arg(i) + ")" : c.arg(i));
  };
  const std::string from = n(0), to = n(1);
  std::string step = c.size() > 2 ? n(2) : time || t == Type::timespan ? "toInt64(36000000000)" : "toInt64(1)";
  bool real = false;
  for (std::size_t i = 0; i < c.size(); ++i) real = real || c.type(i) == Type::real || c.type(i) == Type::decimal;
  const std::string count = c.name(real ? fmt::format("if({2} = 0 OR NOT ((toFloat64({1}) - {0}) / {2} >= 0) OR NOT isFinite(toFloat64({0})) OR NOT isFinite(toFloat64({2})), 0, toUInt64(greatest(0, least(1048576, floor((toFloat64({1}) - {0}) / {2} + 1e-9) + 1))))", from, to, step)
                                        : fmt::format("multiIf({2} > 0 AND {1} >= {0}, toUInt64(least(1048576, intDiv(toInt128({1}) - {0}, {2}) + 1)), "
                                                      "{2} < 0 AND {1} <= {0}, toUInt64(least(1048576, intDiv(toInt128({0}) - {1}, -toInt128({2})) + 1)), 0)", from, to, step));
  const std::string value = fmt::format("{} + i * {}", from, step);
  std::string text;
  if (time) text = sql::to_json(Type::datetime, sql::datetime_of("toInt64(" + value + ")"));
  else if (t == Type::timespan) text = fmt::format("concat('\"', {}, '\"')", sql::timespan_text("toInt64(" + value + ")"));
  else if (real) text = sql::to_json(Type::real, "toFloat64(" + value + ")");
  else text = "toString(toInt64(" + value + "))";
  std::string list = sql::json_array(fmt::format("arrayMap(i -> assumeNotNull({}), range(ifNull({}, 0)))", text, count));
  std::string missing;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (c.nullable(i)) missing += (missing.empty() ? "isNull(" : " OR isNull(") + c.arg(i) + ")";
  }
  if (!missing.empty()) list = "if(" + missing + ", NULL, " + list + ")";
  return c.value(std::move(list));
}

Sql repeat_value(SqlCall& c) {
  return {fmt::format("if(isNull({0}) OR {0} < 0, NULL, {1})", c.shared(1), sql::json_array(fmt::format("arrayWithConstant(toUInt64(greatest(0, least(1048576, ifNull({}, 0)))), {})", c.shared(1), json(c, 0)))), true, false};
}

Sql pack(SqlCall& c) {
  std::string text;
  for (std::size_t i = 0; i < c.size(); ++i) text += (i > 0 ? ", " : "") + json(c, i);
  if (c.size() == 0) return {"'[]'", false, true};
  return {sql::json_array("[" + text + "]"), false, false};
}

Sql zip(SqlCall& c) {
  std::string longest, row;
  for (std::size_t i = 0; i < c.size(); ++i) {
    // What is no array is one element.
    const std::string a = c.type(i) != Type::dynamic ? c.name("[" + json(c, i) + "]")
                                                     : c.name(fmt::format("multiIf(startsWith(ifNull({0}, ''), '['), {1}, isNull({0}), emptyArrayString(), [assumeNotNull({0})])", c.shared(i), sql::array_of(c.shared(i))));
    longest += (i > 0 ? ", " : "") + ("length(" + a + ")");
    row += (i > 0 ? ", " : "") + fmt::format("if(i <= length({0}), {0}[i], 'null')", a);
  }
  return {sql::json_array(fmt::format("arrayMap(i -> {}, range(1, greatest({}) + 1))", sql::json_array("[" + row + "]"), longest)), false, false};
}

// Sets: elements by their JSON text, the first of equal ones.
Sql set_of(SqlCall& c, const std::string& array) { (void)c; return {sql::json_array("arrayDistinct(" + array + ")"), true, false}; }

Sql set_union(SqlCall& c) {
  std::string text;
  for (std::size_t i = 0; i < c.size(); ++i) text += (i > 0 ? ", " : "") + sql::array_of(c.arg(i));
  return set_of(c, "arrayConcat(" + text + ")");
}
Sql set_intersect(SqlCall& c) {
  std::string condition = "1";
  for (std::size_t i = 1; i < c.size(); ++i) condition += fmt::format(" AND has({}, x)", elements(c, i));
  return set_of(c, fmt::format("arrayFilter(x -> {}, {})", condition, elements(c, 0)));
}
Sql set_difference(SqlCall& c) {
  std::string condition = "1";
  for (std::size_t i = 1; i < c.size(); ++i) condition += fmt::format(" AND NOT has({}, x)", elements(c, i));
  return set_of(c, fmt::format("arrayFilter(x -> {}, {})", condition, elements(c, 0)));
}
Sql jaccard(SqlCall& c) {
  const std::string a = c.name("arrayDistinct(" + elements(c, 0) + ")"), b = c.name("arrayDistinct(" + elements(c, 1) + ")");
  const std::string both = c.name(fmt::format("toFloat64(length(arrayFilter(x -> has({}, x), {})))", b, a));
  const std::string value = c.name(fmt::format("{0} / (length({1}) + length({2}) - {0})", both, a, b));
  return {sql::to_json(Type::real, value), true, false};
}
Sql set_equal(SqlCall& c) { return {fmt::format("(arraySort(arrayDistinct({})) = arraySort(arrayDistinct({})))", elements(c, 0), elements(c, 1)), false, false}; }
Sql has_element(SqlCall& c) { return {fmt::format("if(isNull({}), NULL, has({}, {}))", c.shared(0), elements(c, 0), json(c, 1)), true, false}; }

Sql sum(SqlCall& c) {
  const std::string a = elements(c, 0);
  return {fmt::format("if(arrayExists(x -> isNull(toFloat64OrNull(x)), {0}) OR NOT startsWith(ifNull({1}, ''), '['), NULL, arraySum(arrayMap(x -> toFloat64OrZero(x), {0})))", a, c.shared(0)), true, false};
}

// Which arguments must be there for a result that is not null.
enum class Wanted {
  first_array,   // the first an array
  first_two,     // that, and the second not null
  needed,        // that, and no other argument null
  any_array,     // one of them an array
  none_null,     // all of them something; what is no array counts as an empty one
  all_arrays,
};
template <Wanted wanted, Sql (*emit)(SqlCall&)>
Sql strict(SqlCall& c) {
  std::string condition;
  const auto also = [&](const std::string& term) { condition += (condition.empty() ? "" : wanted == Wanted::any_array ? " OR " : " AND ") + term; };
  for (std::size_t i = 0; i < c.size(); ++i) {
    const bool array = i == 0 ? wanted != Wanted::none_null : wanted == Wanted::any_array || wanted == Wanted::all_arrays;
    if (array && c.type(i) == Type::dynamic) also("startsWith(ifNull(" + c.shared(i) + ", ''), '[')");
    else if ((i > 0 && wanted == Wanted::first_array) || (i > 1 && wanted == Wanted::first_two)) break;
    else if (c.nullable(i)) also("isNotNull(" + c.shared(i) + ")");
  }
  Sql value = emit(c);
  if (condition.empty()) return value;
  return {fmt::format("if({}, {}, NULL)", condition, value.text), true, false};
}
template <bool flag, Sql (*emit)(SqlCall&, bool)>
Sql with(SqlCall& c) { return emit(c, flag); }

constexpr Function kFunctions[] = {
    {.name = "array_length", .aliases = "arraylength", .summary = "How many elements; null when it is no array.", .signatures = "array_length(array:array) -> long", .takes_null = true, .may_be_null = true,
     .sql = "if(startsWith(ifNull({0}, ''), '['), toInt64(JSONLength(ifNull({0}, ''))), NULL)", .examples = {{{"array_length(dynamic([1, 2, 3]))", "3"}, {"array_length(todynamic('1'))", ""}}}},
    {.name = "array_concat", .summary = "The elements of all arrays in one.", .signatures = "array_concat(array:array+) -> dynamic", .takes_null = true, .emit = strict<Wanted::any_array, concat_arrays>, .examples = {{{"array_concat(dynamic([1]), dynamic([2, 3]))", "[1,2,3]"}}}},
    {.name = "array_slice", .summary = "Elements from one position to another, both included.", .signatures = "array_slice(array:array, start:integer, end:integer) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::needed, slice>,
     .examples = {{{"array_slice(dynamic([1, 2, 3]), 1, 2)", "[2,3]"}, {"array_slice(dynamic([1, 2, 3, 4, 5]), -3, -2)", "[3,4]"}}}},
    {.name = "array_split", .summary = "The array cut at positions.", .signatures = "array_split(array:array, index:integer) -> dynamic; array_split(array:array, indices:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::needed, split>,
     .examples = {{{"array_split(dynamic([1, 2, 3, 4, 5]), 2)", "[[1,2],[3,4,5]]"}}}},
    {.name = "array_rotate_left", .summary = "Elements moved towards the front, around.", .signatures = "array_rotate_left(array:array, count:integer) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::needed, with<true, rotate>>,
     .examples = {{{"array_rotate_left(dynamic([1, 2, 3, 4, 5]), 2)", "[3,4,5,1,2]"}}}},
    {.name = "array_rotate_right", .summary = "Elements moved towards the end, around.", .signatures = "array_rotate_right(array:array, count:integer) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::needed, with<false, rotate>>,
     .examples = {{{"array_rotate_right(dynamic([1, 2, 3, 4, 5]), 2)", "[4,5,1,2,3]"}}}},
    {.name = "array_shift_left", .summary = "Elements moved towards the front; the end is filled.", .signatures = "array_shift_left(array:array, count:integer, fill:scalar?) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::first_two, with<true, shift>>,
     .examples = {{{"array_shift_left(dynamic([1, 2, 3]), 1)", "[2,3,null]"}}}},
    {.name = "array_shift_right", .summary = "Elements moved towards the end; the front is filled.", .signatures = "array_shift_right(array:array, count:integer, fill:scalar?) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::first_two, with<false, shift>>,
     .examples = {{{"array_shift_right(dynamic([1, 2, 3]), 1, 0)", "[0,1,2]"}}}},
    {.name = "array_reverse", .summary = "Elements in reverse.", .signatures = "array_reverse(array:array) -> dynamic", .takes_null = true, .may_be_null = true, .emit = [](SqlCall& c) { return of_array(c, fmt::format("arrayReverse({})", elements(c, 0))); },
     .examples = {{{"array_reverse(dynamic([1, 2]))", "[2,1]"}}}},
    {.name = "array_index_of", .summary = "Position of the value, from 0; -1 when it isn't there.", .signatures = "array_index_of(array:array, value:scalar, start:integer?, length:integer?, occurrence:integer?) -> long", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::first_array, index_of>,
     .examples = {{{"array_index_of(dynamic(['a', 'b']), 'b')", "1"}, {"array_index_of(dynamic([1]), 2)", "-1"}, {"array_index_of(dynamic([1]), 1, 0, -2)", ""}, {"array_index_of(dynamic([1, 1]), 1, 0, -1, 2)", "1"}}}},
    {.name = "array_sort_asc", .summary = "Elements in ascending order; further arrays are put in the same order.", .signatures = "array_sort_asc(array:array+) -> dynamic; array_sort_asc(array:array+, nulls_last:bool) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::first_array, with<false, sort>>,
     .examples = {{{"array_sort_asc(dynamic([3, 1, null, 2]))", "[1,2,3,null]"}}}},
    {.name = "array_sort_desc", .summary = "Elements in descending order; further arrays are put in the same order.", .signatures = "array_sort_desc(array:array+) -> dynamic; array_sort_desc(array:array+, nulls_last:bool) -> dynamic", .takes_null = true, .may_be_null = true, .emit = strict<Wanted::first_array, with<true, sort>>,
     .examples = {{{"array_sort_desc(dynamic([3, 1, null, 2]))", "[3,2,1,null]"}}}},
    {.name = "array_iff", .aliases = "array_iif", .summary = "For each condition an element of one array or the other.", .signatures = "array_iff(conditions:array, when_true:scalar, when_false:scalar) -> dynamic", .takes_null = true, .may_be_null = true, .emit = choose,
     .examples = {{{"array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))", "[1,4]"}}}},
    {.name = "array_sum", .summary = "The sum of the elements; null when one is no number.", .signatures = "array_sum(array:array) -> real", .takes_null = true, .may_be_null = true, .emit = sum, .examples = {{{"array_sum(dynamic([1, 2.5]))", "3.5"}}}},
    {.name = "range", .summary = "Values from one to another by steps.", .signatures = "range(start:summable, stop:summable, step:summable?) -> array", .may_be_null = true, .emit = range_of,
     .examples = {{{"range(1, 8, 3)", "[1,4,7]"}, {"range(1, 3)", "[1,2,3]"}}}},
    {.name = "repeat", .summary = "The value so many times.", .signatures = "repeat(value:scalar, count:long) -> array", .naming = ResultName::prefix_and_first_argument, .takes_null = true, .may_be_null = true, .emit = repeat_value, .examples = {{{"repeat(1, 3)", "[1,1,1]"}}}},
    {.name = "pack_array", .summary = "The values as an array.", .signatures = "pack_array(value:scalar*) -> dynamic", .takes_null = true, .emit = pack, .examples = {{{"pack_array(1, 'a', 2.5)", "[1,\"a\",2.5]"}}}},
    {.name = "zip", .summary = "Arrays of the elements at each position.", .signatures = "zip(array:array, other:array+) -> dynamic", .takes_null = true, .emit = zip, .examples = {{{"zip(dynamic([1, 3]), dynamic([2, 4]))", "[[1,2],[3,4]]"}}}},
    {.name = "set_union", .summary = "What is in any of the arrays, once.", .signatures = "set_union(set:array, other:array+) -> dynamic", .takes_null = true, .emit = strict<Wanted::none_null, set_union>, .examples = {{{"set_union(dynamic([1, 2]), dynamic([2, 3]))", "[1,2,3]"}}}},
    {.name = "set_intersect", .summary = "What is in all of the arrays, once.", .signatures = "set_intersect(set:array, other:array+) -> dynamic", .takes_null = true, .emit = strict<Wanted::none_null, set_intersect>, .examples = {{{"set_intersect(dynamic([1, 2]), dynamic([2, 3]))", "[2]"}}}},
    {.name = "set_difference", .summary = "What is in the first array only, once.", .signatures = "set_difference(set:array, other:array+) -> dynamic", .takes_null = true, .emit = strict<Wanted::none_null, set_difference>, .examples = {{{"set_difference(dynamic([1, 2]), dynamic([2, 3]))", "[1]"}}}},
    {.name = "set_equals", .summary = "Whether both hold the same values.", .signatures = "set_equals(a:array, b:array) -> bool", .takes_null = true,
     .emit = strict<Wanted::none_null, set_equal>, .examples = {{{"set_equals(dynamic([1, 2]), dynamic([2, 1]))", "true"}}}},
    {.name = "set_has_element", .summary = "Whether the array holds the value.", .signatures = "set_has_element(set:array, value:scalar) -> bool", .takes_null = true, .may_be_null = true, .emit = has_element, .examples = {{{"set_has_element(dynamic(['a']), 'a')", "true"}}}},
    {.name = "jaccard_index", .summary = "The share of common values among all values of two arrays.", .signatures = "jaccard_index(a:array, b:array) -> dynamic", .takes_null = true, .may_be_null = true,
     .emit = strict<Wanted::all_arrays, jaccard>,
     .examples = {{{"jaccard_index(dynamic([1, 2]), dynamic([2, 3, 1]))", "0.6666666666666666"}}}},
};

}  // namespace

std::span<const Function> array_functions() { return kFunctions; }

}  // namespace yagura::kql
