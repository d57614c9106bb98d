// Numbers: rounding, powers, trigonometry, bits, bins.
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// A real that is no number, because the argument is out of range, is null.
Sql domain(SqlCall& c, std::string_view function, std::string_view condition) {
  const std::string x = c.shared(0);
  const std::string inside = fmt::format(fmt::runtime(condition), x);
  return c.value(fmt::format("if({}, {}(toFloat64({})), NULL)", inside, function, x), true);
}

constexpr std::int64_t kTicksTo1970 = 621355968000000000;

std::string number_as(Type t, const std::string& x) {
  if (t == Type::datetime) return "(" + sql::ticks_of(x) + " + 621355968000000000)";
  return x;
}

std::string value_of_ticks(Type t, const std::string& x) {
  if (t == Type::datetime) return sql::datetime_of("(" + x + ") - 621355968000000000");
  return x;
}

// bin(x, size): the multiple of size at or below x.
Sql bin(SqlCall& c) {
  const Type t = c.type(0), r = c.result();
  const std::string size = c.shared(1);
  if (r == Type::real) {
    const std::string s = c.name("toFloat64(" + size + ")");
    return c.value(fmt::format("if({1} > 0, floor(toFloat64({0}) / {1}) * {1}, NULL)", c.arg(0), s), true);
  }
  if (r == Type::decimal) {
    const auto decimal = [&](std::size_t i) {
      return c.type(i) == Type::real ? "toDecimal256OrNull(toString(" + c.arg(i) + "), 20)" : "CAST(" + c.arg(i) + ", 'Nullable(Decimal(76, 20))')";
    };
    const std::string s = c.name(decimal(1)), safe = c.name(fmt::format("if(ifNull({0} > 0, 0), assumeNotNull({0}), toDecimal256(1, 20))", s));
    return c.value(fmt::format("if(ifNull({1} > 0, 0), CAST(multiplyDecimal(floor(divideDecimal({0}, {2}, 20)), {2}, 20), 'Nullable(Decimal(76, 20))'), NULL)", decimal(0), s, safe), true);
  }
  if (const auto* l = c.literal(1); l != nullptr && !l->is_null && l->integer > 0 && (is_integer(c.type(1)) || c.type(1) == Type::timespan) && r != Type::real && r != Type::decimal) {
    // Multiples are counted from year 1 for a datetime: what 1970 is off from them is known beforehand.
    const std::int64_t off = t == Type::datetime ? kTicksTo1970 % l->integer : 0;
    const std::string x = c.name("toInt64(" + (t == Type::datetime ? sql::ticks_of(c.arg(0)) : c.arg(0)) + ")");
    const std::string text = off == 0 ? fmt::format("({0} - positiveModulo({0}, {1}))", x, sql::integer(l->integer))
                                      : fmt::format("({0} - positiveModulo({0} + {2}, {1}))", x, sql::integer(l->integer), sql::integer(off));
    return {t == Type::datetime ? sql::datetime_of(text) : r == Type::int32 ? "toInt32(" + text + ")" : text, c.nullable(0), false};
  }
  const std::string x = c.name(number_as(t, c.arg(0)));
  const std::string s = c.type(1) == Type::datetime ? c.name(sql::ticks_of(size)) : size;
  return c.value(value_of_ticks(t, fmt::format("if(ifNull({1} <= 0, 1), NULL, toInt64({0}) - positiveModulo(toInt64({0}), greatest(1, ifNull(toInt64({1}), 1))))", x, s)), true);
}

Sql bin_at(SqlCall& c) {
  const Type t = c.type(0), r = c.result();
  const std::string size = c.shared(1);
  if (r == Type::real) {
    const std::string s = c.name("toFloat64(" + size + ")"), at = c.name("toFloat64(" + c.arg(2) + ")");
    return c.value(fmt::format("if({1} > 0, floor((toFloat64({0}) - {2}) / {1}) * {1} + {2}, NULL)", c.arg(0), s, at), true);
  }
  const std::string x = c.name("toInt64(" + number_as(t, c.arg(0)) + ")");
  const std::string at = c.name("toInt64(" + number_as(c.type(2), c.arg(2)) + ")");
  return c.value(value_of_ticks(t, fmt::format("if(ifNull({1} <= 0, 1), NULL, {0} - positiveModulo({0} - {2}, greatest(1, ifNull(toInt64({1}), 1))))", x, size, at)), true);
}

Sql round_value(SqlCall& c) {
  const std::string digits = c.size() > 1 ? c.arg(1) : "0";
  if (is_integer(c.type(0))) {
    if (c.size() == 1) return c.raw(0);
    return c.value(fmt::format("toInt64(round({}, toInt64({})))", c.arg(0), digits));
  }
  if (c.type(0) == Type::decimal) return c.value(fmt::format("CAST(round({}, {}), 'Nullable(Decimal(76, 20))')", c.arg(0), digits));
  // Half goes away from zero... of the decimal digits as they read, so 2.675 is not 2.67.
  const std::string x = c.shared(0);
  const auto* l = c.size() > 1 ? c.literal(1) : nullptr;
  if (c.size() == 1 || l != nullptr) {
    const std::int64_t n = l != nullptr ? l->integer : 0;
    if (n >= 0 && n <= 15) {
      return c.value(fmt::format("if(isFinite({0}) AND abs({0}) < 1e15, toFloat64(toString(round(toDecimal256(toString({0}), 40), {1}))), {0})", x, n));
    }
  }
  const std::string scale = c.name(fmt::format("exp10(least(300, greatest(-300, {})))", digits));
  return c.value(fmt::format("(round({} * {}) / {})", x, scale, scale));
}

Sql whole(SqlCall& c, std::string_view function) {
  if (is_integer(c.type(0))) return c.raw(0);
  return c.value(fmt::format("{}({})", function, c.arg(0)));
}

Sql absolute(SqlCall& c) {
  if (c.type(0) == Type::int32) return c.value(fmt::format("toInt64(abs({}))", c.arg(0)));
  if (c.type(0) == Type::int64 || c.type(0) == Type::timespan) return c.value(fmt::format("toInt64(abs({}))", c.arg(0)));
  return c.value(fmt::format("abs({})", c.arg(0)));
}

Sql hex(SqlCall& c) {
  // An int has 32 bits.
  const std::string digits = c.name(fmt::format("if({0} = 0, '0', lower(trimLeft(hex({1}({0})), '0')))", c.shared(0), c.type(0) == Type::int32 ? "toInt32" : "toInt64"));
  if (c.size() == 1) return c.value(digits);
  return c.value(fmt::format("leftPad({0}, toUInt32(greatest(toInt64(length({0})), least(toInt64({1}), 16))), '0')", digits, c.arg(1)));
}

constexpr Function kFunctions[] = {
    {.name = "abs", .summary = "The absolute value.", .signatures = "abs(number:real) -> real; abs(number:decimal) -> decimal; abs(number:timespan) -> timespan; abs(number:integer) -> long",
     .naming = ResultName::first_argument, .emit = absolute, .examples = {{{"abs(-5)", "5"}, {"abs(-1.5)", "1.5"}}}},
    {.name = "ceiling", .summary = "The least integer not below.", .signatures = "ceiling(number:number) -> same", .naming = ResultName::first_argument,
     .emit = [](SqlCall& c) { return whole(c, "ceil"); }, .examples = {{{"ceiling(-1.1)", "-1.0"}, {"ceiling(0.9)", "1.0"}, {"ceiling(decimal(-2.25))", "-2"}, {"ceiling(decimal(2.25))", "3"}}}},
    {.name = "round", .summary = "Rounded to so many digits behind the point.", .signatures = "round(number:number, precision:integer?=) -> same",
     .naming = ResultName::first_argument, .emit = round_value, .examples = {{{"round(2.98765, 3)", "2.988"}, {"round(2.5)", "3.0"}}}},
    {.name = "bin", .aliases = "floor", .summary = "Rounded down to a multiple of the bin's size.",
     .signatures = "bin(value:timespan, size:timespan) -> timespan; bin(value:datetime, size:timespan) -> datetime; "
                   "bin(value:datetime, size:datetime) -> datetime; bin(value:number, size:number) -> widest",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = bin,
     .examples = {{{"bin(4.5, 1)", "4.0"}, {"bin(16d, 7d)", "14.00:00:00"}, {"bin(datetime(1970-05-11 13:45:07), 1d)", "1970-05-11T00:00:00.0000000Z"}, {"bin(-7, 5)", "-10"}}}},
    {.name = "bin_at", .summary = "Rounded down to a bin, one of which begins at the fixed point.",
     .signatures = "bin_at(value:timespan, size:timespan, fixed:timespan) -> timespan; bin_at(value:datetime, size:timespan, fixed:datetime) -> datetime; "
                   "bin_at(value:timespan, size:number, fixed:timespan) -> timespan; bin_at(value:datetime, size:number, fixed:datetime) -> datetime; "
                   "bin_at(value:number, size:number, fixed:number) -> widest",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = bin_at,
     .examples = {{{"bin_at(6.5, 2.5, 7)", "4.5"}, {"bin_at(datetime(2017-05-17 10:20:00.0), 7d, datetime(2017-06-04 00:00:00.0))", "2017-05-14T00:00:00.0000000Z"}}}},
    {.name = "pow", .summary = "The base to the power of the exponent.", .signatures = "pow(base:number, exponent:number) -> real", .naming = ResultName::first_argument,
     .sql = "pow(toFloat64({0}), toFloat64({1}))", .examples = {{{"pow(2, 3)", "8.0"}}}},
    {.name = "sqrt", .summary = "The square root; null below 0.", .signatures = "sqrt(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "sqrt", "{} >= 0"); }, .examples = {{{"sqrt(16)", "4.0"}, {"sqrt(-1)", ""}}}},
    {.name = "log", .summary = "The natural logarithm; null below 0.", .signatures = "log(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "log", "{} >= 0"); }, .examples = {{{"log(1)", "0.0"}, {"log(-1)", ""}, {"log(0) < -1e300", "true"}}}},
    {.name = "log2", .summary = "The logarithm of base 2.", .signatures = "log2(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "log2", "{} >= 0"); }, .examples = {{{"log2(8)", "3.0"}}}},
    {.name = "log10", .summary = "The logarithm of base 10.", .signatures = "log10(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "log10", "{} >= 0"); }, .examples = {{{"log10(1000)", "3.0"}, {"log10(-1)", ""}}}},
    {.name = "exp", .summary = "e to the power of the number.", .signatures = "exp(number:number) -> real", .naming = ResultName::first_argument, .sql = "exp(toFloat64({0}))", .examples = {{{"exp(0)", "1.0"}}}},
    {.name = "exp2", .summary = "2 to the power of the number.", .signatures = "exp2(number:number) -> real", .naming = ResultName::first_argument, .sql = "exp2(toFloat64({0}))", .examples = {{{"exp2(3)", "8.0"}}}},
    {.name = "exp10", .summary = "10 to the power of the number.", .signatures = "exp10(number:number) -> real", .naming = ResultName::first_argument, .sql = "exp10(toFloat64({0}))", .examples = {{{"exp10(2)", "100.0"}}}},
    {.name = "pi", .summary = "π.", .signatures = "pi() -> real", .sql = "pi()"},
    {.name = "sin", .summary = "The sine.", .signatures = "sin(number:number) -> real", .naming = ResultName::first_argument, .sql = "sin(toFloat64({0}))", .examples = {{{"sin(0)", "0.0"}}}},
    {.name = "cos", .summary = "The cosine.", .signatures = "cos(number:number) -> real", .naming = ResultName::first_argument, .sql = "cos(toFloat64({0}))", .examples = {{{"cos(0)", "1.0"}}}},
    {.name = "tan", .summary = "The tangent.", .signatures = "tan(number:number) -> real", .naming = ResultName::first_argument, .sql = "tan(toFloat64({0}))", .examples = {{{"tan(0)", "0.0"}}}},
    {.name = "cot", .summary = "The cotangent.", .signatures = "cot(number:number) -> real", .sql = "(1 / tan(toFloat64({0})))"},
    {.name = "asin", .summary = "The angle of a sine; null outside of -1..1.", .signatures = "asin(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "asin", "abs({}) <= 1"); }, .examples = {{{"asin(0)", "0.0"}, {"asin(2)", ""}}}},
    {.name = "acos", .summary = "The angle of a cosine; null outside of -1..1.", .signatures = "acos(number:number) -> real", .naming = ResultName::first_argument, .may_be_null = true,
     .emit = [](SqlCall& c) { return domain(c, "acos", "abs({}) <= 1"); }, .examples = {{{"acos(1)", "0.0"}}}},
    {.name = "atan", .summary = "The angle of a tangent.", .signatures = "atan(number:number) -> real", .naming = ResultName::first_argument, .sql = "atan(toFloat64({0}))", .examples = {{{"atan(0)", "0.0"}}}},
    {.name = "atan2", .summary = "The angle between the x axis and the point.", .signatures = "atan2(y:number, x:number) -> real", .naming = ResultName::first_argument,
     .sql = "atan2(toFloat64({0}), toFloat64({1}))", .examples = {{{"atan2(0, 1)", "0.0"}}}},
    {.name = "degrees", .summary = "Radians as degrees.", .signatures = "degrees(radians:number) -> real", .sql = "(180 / pi() * toFloat64({0}))", .examples = {{{"degrees(0)", "0.0"}}}},
    {.name = "radians", .summary = "Degrees as radians.", .signatures = "radians(degrees:number) -> real", .sql = "(pi() / 180 * toFloat64({0}))", .examples = {{{"radians(0)", "0.0"}}}},
    {.name = "sign", .summary = "-1, 0 or 1.", .signatures = "sign(number:number) -> real", .sql = "if(isNaN(toFloat64({0})), nan, toFloat64(sign({0})))", .examples = {{{"sign(-42)", "-1.0"}}}},
    {.name = "rand", .summary = "A random real from 0 to 1, or a whole number below the argument.", .signatures = "rand(number:integer?) -> real", .naming = ResultName::first_argument,
     .emit = [](SqlCall& c) {
       if (c.size() == 0) return Sql{fmt::format("randCanonical({})", c.scope().names->next++), false, false};
       return Sql{fmt::format("floor(randCanonical({}) * {})", c.scope().names->next++, c.arg(0)), true, false};
     }},
    {.name = "gamma", .summary = "The gamma function.", .signatures = "gamma(number:number) -> real", .naming = ResultName::first_argument, .sql = "tgamma(toFloat64({0}))", .examples = {{{"gamma(5)", "24.0"}}}},
    {.name = "loggamma", .summary = "The logarithm of the gamma function.", .signatures = "loggamma(number:number) -> real", .naming = ResultName::first_argument, .emit = [](SqlCall& c) {
       // Infinite at its poles; the engine says nothing of them.
       const std::string x = c.name("toFloat64(" + c.arg(0) + ")");
       return c.value(fmt::format("multiIf(isNaN({0}), {0}, isInfinite({0}) OR ({0} <= 0 AND {0} = floor({0})), inf, lgamma({0}))", x));
     }},
    {.name = "erf", .summary = "The error function.", .signatures = "erf(number:number) -> real", .naming = ResultName::first_argument, .sql = "erf(toFloat64({0}))", .examples = {{{"erf(0)", "0.0"}}}},
    {.name = "erfc", .summary = "1 - erf.", .signatures = "erfc(number:number) -> real", .naming = ResultName::first_argument, .sql = "erfc(toFloat64({0}))", .examples = {{{"erfc(0)", "1.0"}}}},
    {.name = "isnan", .summary = "Whether the real is not a number.", .signatures = "isnan(number:real) -> bool", .takes_null = true, .sql = "ifNull(isNaN({0}), 0)", .examples = {{{"isnan(real(nan))", "true"}, {"isnan(1.0)", "false"}}}},
    {.name = "isinf", .summary = "Whether the real is infinite.", .signatures = "isinf(number:real) -> bool", .takes_null = true, .sql = "ifNull(isInfinite({0}), 0)", .examples = {{{"isinf(1.0/0.0)", "true"}}}},
    {.name = "isfinite", .summary = "Whether the real is a finite number.", .signatures = "isfinite(number:real) -> bool", .takes_null = true, .sql = "ifNull(isFinite({0}), 0)", .examples = {{{"isfinite(1.0)", "true"}}}},
    {.name = "tohex", .summary = "The integer in hexadecimal, padded with zeros.", .signatures = "tohex(value:int, length:integer?) -> string; tohex(value:long, length:integer?) -> string", .naming = ResultName::first_argument,
     .emit = hex, .examples = {{{"tohex(toint(-256), 8)", "ffffff00"}, {"tohex(256)", "100"}, {"tohex(-256)", "ffffffffffffff00"}, {"tohex(256, 8)", "00000100"}}}},
    {.name = "binary_and", .summary = "Bits that both have.", .signatures = "binary_and(a:integer, b:integer) -> long", .naming = ResultName::first_argument, .sql = "bitAnd({0}, {1})", .examples = {{{"binary_and(12, 10)", "8"}}}},
    {.name = "binary_or", .summary = "Bits that either has.", .signatures = "binary_or(a:integer, b:integer) -> long", .naming = ResultName::first_argument, .sql = "bitOr({0}, {1})", .examples = {{{"binary_or(12, 10)", "14"}}}},
    {.name = "binary_xor", .summary = "Bits that one of them has.", .signatures = "binary_xor(a:integer, b:integer) -> long", .naming = ResultName::first_argument, .sql = "bitXor({0}, {1})", .examples = {{{"binary_xor(12, 10)", "6"}}}},
    {.name = "binary_not", .summary = "The other bits.", .signatures = "binary_not(a:integer) -> long", .naming = ResultName::first_argument, .sql = "bitNot({0})", .examples = {{{"binary_not(100)", "-101"}}}},
    {.name = "binary_shift_left", .summary = "Bits moved up, modulo 64.", .signatures = "binary_shift_left(a:integer, shift:integer) -> long", .naming = ResultName::first_argument, .may_be_null = true,
     .sql = "if({1} < 0, NULL, bitShiftLeft(toInt64({0}), greatest(0, {1}) % 64))", .examples = {{{"binary_shift_left(1, 4)", "16"}}}},
    {.name = "binary_shift_right", .summary = "Bits moved down, modulo 64.", .signatures = "binary_shift_right(a:integer, shift:integer) -> long", .naming = ResultName::first_argument, .may_be_null = true,
     .sql = "if({1} < 0, NULL, bitShiftRight(toInt64({0}), greatest(0, {1}) % 64))", .examples = {{{"binary_shift_right(16, 2)", "4"}}}},
    {.name = "bitset_count_ones", .summary = "How many bits are set.", .signatures = "bitset_count_ones(value:integer) -> long", .naming = ResultName::first_argument, .sql = "toInt64(bitCount({0}))", .examples = {{{"bitset_count_ones(42)", "3"}}}},
};

}  // namespace

std::span<const Function> math_functions() { return kFunctions; }

}  // namespace yagura::kql
