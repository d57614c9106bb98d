// Operators: arithmetic, comparison, logic, member access.
#include <fmt/format.h>

#include <algorithm>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

Sql compare(SqlCall& c, std::string_view op) {
  if (c.type(0) == Type::dynamic && c.type(1) == Type::dynamic) {
    // Numbers as numbers, the rest as texts.
    const std::string a = c.shared(0), b = c.shared(1);
    return c.value(fmt::format("if(isNotNull(toFloat64OrNull({0})) AND isNotNull(toFloat64OrNull({1})), toFloat64OrNull({0}) {2} toFloat64OrNull({1}), {3} {2} {4})", a, b, op,
                               sql::dynamic_text(a), sql::dynamic_text(b)));
  }
  return c.value(fmt::format("({} {} {})", c.arg(0), op, c.arg(1)));
}

// Two nulls give null; one null is unequal to everything.
Sql equality(SqlCall& c, bool equal) {
  std::string a = c.arg(0), b = c.arg(1);
  const std::string_view op = equal ? "=" : "!=";
  if (!c.any_nullable()) return {fmt::format("({} {} {})", a, op, b), false, false};
  if (c.nullable(0) && c.nullable(1)) {
    a = c.shared(0);
    b = c.shared(1);
    return {fmt::format("if(isNull({0}) AND isNull({1}), NULL, ifNull({0} {2} {1}, {3}))", a, b, op, equal ? 0 : 1), true, false};
  }
  return {fmt::format("ifNull({} {} {}, {})", a, op, b, equal ? 0 : 1), false, false};
}

// A real that no decimal holds is null.
std::string as_decimal(SqlCall& c, std::size_t i) {
  if (c.type(i) == Type::real) return "toDecimal256OrNull(toString(" + c.arg(i) + "), 20)";
  return "CAST(" + c.arg(i) + ", 'Nullable(Decimal(76, 20))')";
}

bool ticks_like(Type t) { return t == Type::timespan; }

// Ticks since year 1, of which Kusto's arithmetic on datetimes is.
std::string all_ticks_of(SqlCall& c, std::size_t i) {
  return c.type(i) == Type::datetime ? "(" + sql::ticks_of(c.arg(i)) + " + 621355968000000000)" : c.arg(i);
}

// The datetime of so many ticks since year 1, given as Int128 or Nullable(Int128).
Sql datetime_of_all_ticks(SqlCall& c, const std::string& expression) {
  const std::string ticks = c.name(expression);
  return c.value(fmt::format("if({0} BETWEEN 0 AND 3155378975999999999, {1}, NULL)", ticks, sql::datetime_of("toInt64(" + ticks + ") - 621355968000000000")), true);
}

// The datetime of ticks that were computed; null where they leave years 1 to 9999. A constant is one already.
Sql in_calendar(SqlCall& c, const std::string& left, char sign, const std::string& right) {
  if (c.expression().constant) return c.value(sql::datetime_of(fmt::format("{} {} {}", left, sign, right)));
  // Only a span that is not known beforehand may be so long that 64 bits overflow.
  const auto* l = c.literal(1);
  const bool narrow = l != nullptr && l->integer > -1'000'000'000'000'000'000 && l->integer < 1'000'000'000'000'000'000;
  const std::string ticks = c.name(fmt::format(fmt::runtime(narrow ? "({} {} {})" : "(toInt128({}) {} {})"), left, sign, right));
  return c.value(fmt::format("if({0} BETWEEN -621355968000000000 AND 2534023007999999999, {1}, NULL)", ticks, sql::datetime_of(narrow ? ticks : "toInt64(" + ticks + ")")), true);
}

Sql add(SqlCall& c) {
  const Type a = c.type(0), b = c.type(1), r = c.result();
  if (r == Type::datetime) {
    if (a == b) return datetime_of_all_ticks(c, fmt::format("(toInt128({}) + {})", all_ticks_of(c, 0), all_ticks_of(c, 1)));
    const std::string left = a == Type::datetime ? sql::ticks_of(c.arg(0)) : c.arg(0);
    const std::string right = b == Type::datetime ? sql::ticks_of(c.arg(1)) : c.arg(1);
    return in_calendar(c, left, '+', right);
  }
  if (r == Type::dynamic) {
    return c.value(sql::to_json(Type::real, c.name(fmt::format("toFloat64OrNull({}) + toFloat64OrNull({})", c.arg(0), c.arg(1)))), true);
  }
  if (r == Type::decimal) return c.value(fmt::format("CAST({} + {}, 'Nullable(Decimal(76, 20))')", as_decimal(c, 0), as_decimal(c, 1)), true);
  return c.value(fmt::format("({} + {})", c.arg(0), c.arg(1)));
}

Sql subtract(SqlCall& c) {
  const Type a = c.type(0), b = c.type(1), r = c.result();
  const std::string left = a == Type::datetime ? sql::ticks_of(c.arg(0)) : c.arg(0);
  const std::string right = b == Type::datetime ? sql::ticks_of(c.arg(1)) : c.arg(1);
  if (r == Type::dynamic) {
    return c.value(sql::to_json(Type::real, c.name(fmt::format("toFloat64OrNull({}) - toFloat64OrNull({})", c.arg(0), c.arg(1)))), true);
  }
  if (r == Type::decimal) return c.value(fmt::format("CAST({} - {}, 'Nullable(Decimal(76, 20))')", as_decimal(c, 0), as_decimal(c, 1)), true);
  if (r == Type::datetime && a == Type::timespan) return datetime_of_all_ticks(c, fmt::format("(toInt128({}) - {})", left, all_ticks_of(c, 1)));
  if (r == Type::datetime) return in_calendar(c, left, '-', right);
  return c.value(fmt::format("({} - {})", left, right));
}

Sql multiply(SqlCall& c) {
  const Type a = c.type(0), b = c.type(1), r = c.result();
  if (r == Type::datetime) {
    if (is_integer(a) || is_integer(b)) return datetime_of_all_ticks(c, fmt::format("(toInt128({}) * {})", all_ticks_of(c, 0), all_ticks_of(c, 1)));
    return datetime_of_all_ticks(c, fmt::format("accurateCastOrNull(round(toFloat64({}) * toFloat64({})), 'Int128')", all_ticks_of(c, 0), all_ticks_of(c, 1)));
  }
  if (r == Type::timespan) {
    const Type other = ticks_like(a) ? b : a;
    if (is_integer(other) || a == b) return c.value(fmt::format("({} * {})", c.arg(0), c.arg(1)));
    return c.value(fmt::format("accurateCastOrNull(round(toFloat64({}) * toFloat64({})), 'Int64')", c.arg(0), c.arg(1)), true);
  }
  if (r == Type::dynamic) {
    return c.value(sql::to_json(Type::real, c.name(fmt::format("toFloat64OrNull({}) * toFloat64OrNull({})", c.arg(0), c.arg(1)))), true);
  }
  if (r == Type::decimal) {
    return c.value(fmt::format("CAST(multiplyDecimal({}, {}, 20), 'Nullable(Decimal(76, 20))')", as_decimal(c, 0), as_decimal(c, 1)), true);
  }
  return c.value(fmt::format("({} * {})", c.arg(0), c.arg(1)));
}

Sql divide(SqlCall& c) {
  const Type a = c.type(0), b = c.type(1), r = c.result();
  if (r == Type::int64) return c.value(fmt::format("intDivOrNull({}, {})", c.arg(0), c.arg(1)), true);
  if (r == Type::datetime) {
    if (is_integer(b)) return datetime_of_all_ticks(c, fmt::format("toInt128(intDivOrNull({}, {}))", all_ticks_of(c, 0), c.arg(1)));
    return datetime_of_all_ticks(c, fmt::format("accurateCastOrNull(trunc(toFloat64({}) / toFloat64({})), 'Int128')", all_ticks_of(c, 0), c.arg(1)));
  }
  if (r == Type::timespan) {
    if (is_integer(b)) return c.value(fmt::format("intDivOrNull({}, {})", c.arg(0), c.arg(1)), true);
    return c.value(fmt::format("accurateCastOrNull(trunc(toFloat64({}) / toFloat64({})), 'Int64')", c.arg(0), c.arg(1)), true);
  }
  if (r == Type::decimal) {
    // The engine divides before it looks whether it may.
    const std::string by = c.name(as_decimal(c, 1));
    return c.value(fmt::format("if(ifNull({1} = 0, 1), NULL, CAST(divideDecimal({0}, if(ifNull({1} = 0, 1), toDecimal256(1, 20), assumeNotNull({1})), 20), 'Nullable(Decimal(76, 20))'))",
                               as_decimal(c, 0), by), true);
  }
  if (r == Type::dynamic) {
    return c.value(sql::to_json(Type::real, c.name(fmt::format("toFloat64OrNull({}) / toFloat64OrNull({})", c.arg(0), c.arg(1)))), true);
  }
  const std::string left = a == Type::datetime ? sql::ticks_of(c.arg(0)) : c.arg(0);
  const std::string right = b == Type::datetime ? sql::ticks_of(c.arg(1)) : c.arg(1);
  return c.value(fmt::format("(toFloat64({}) / toFloat64({}))", left, right));
}

Sql modulo(SqlCall& c) {
  const Type b = c.type(1), r = c.result();
  if (r == Type::datetime || r == Type::timespan) {
    // Of fractional divisors the whole part counts.
    const std::string by = c.name(b == Type::datetime ? all_ticks_of(c, 1) : is_number(b) && !is_integer(b) ? fmt::format("accurateCastOrNull(trunc(toFloat64({})), 'Int64')", c.arg(1)) : c.arg(1));
    const std::string rest = fmt::format("if(ifNull({1} = 0, 1), NULL, positiveModulo(toInt128({0}), toInt128(abs(if(ifNull({1} = 0, 1), toInt64(1), assumeNotNull({1}))))))", all_ticks_of(c, 0), by);
    return r == Type::datetime ? datetime_of_all_ticks(c, rest) : c.value("toInt64(" + rest + ")", true);
  }
  if (r == Type::decimal) {
    const std::string l = c.name(as_decimal(c, 0)), by = c.name("abs(" + as_decimal(c, 1) + ")");
    const std::string safe = c.name(fmt::format("if(ifNull({0} > 0, 0), assumeNotNull({0}), toDecimal256(1, 20))", by));
    return c.value(fmt::format("if(ifNull({1} > 0, 0), CAST({0} - multiplyDecimal(floor(divideDecimal({0}, {2}, 20)), {2}, 20), 'Nullable(Decimal(76, 20))'), NULL)", l, by, safe), true);
  }
  const std::string right = c.shared(1);
  if (r == Type::dynamic) {
    return c.value(sql::to_json(Type::real, c.name(fmt::format("toFloat64OrNull({}) % toFloat64OrNull({})", c.arg(0), right))), true);
  }
  const std::string left = c.arg(0);
  if (r == Type::real) {
    const std::string l = c.name(fmt::format("toFloat64({})", left));
    return c.value(fmt::format("({0} - floor({0} / abs({1})) * abs({1}))", l, right));
  }
  // The result has the divisor's size and is never negative.
  return c.value(fmt::format("if({1} = 0, NULL, toInt64(positiveModulo(toInt64({0}), if({1} = 0, toInt64(1), toInt64(abs({1}))))))", left, right), true);
}

Sql negate(SqlCall& c) {
  if (c.type(0) == Type::datetime) return c.value(sql::datetime_of("(-" + sql::ticks_of(c.arg(0)) + ")"));
  if (c.type(0) == Type::dynamic) return c.value(sql::to_json(Type::real, c.name(fmt::format("-toFloat64OrNull({})", c.arg(0)))), true);
  if (c.type(0) == Type::int32) return c.value(fmt::format("(-toInt64({}))", c.arg(0)));
  return c.value(fmt::format("(-{})", c.arg(0)));
}

Sql logical(SqlCall& c, std::string_view word) {
  std::string text = "(";
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (i > 0) text += word;
    text += c.arg(i);
  }
  return {text + ")", c.any_nullable(), false};
}

constexpr std::int64_t kFarthest = 2'000'000'000;

std::string json_key_of(SqlCall& c, std::size_t i) {
  // Member names come as text; positions count from 0, from the end when negative.
  if (c.type(i) == Type::string) return c.arg(i);
  if (const auto* l = c.literal(i)) return std::to_string(std::clamp<std::int64_t>(l->integer >= 0 ? l->integer + 1 : l->integer, -kFarthest, kFarthest));
  // The engine takes positions modulo 2^32.
  const std::string x = c.name(fmt::format("least({1}, greatest(-{1}, toInt64({0})))", c.shared(i), kFarthest));
  return fmt::format("if({0} >= 0, {0} + 1, {0})", x);
}

// a.b.c reads the whole path at once; a.b of parse_json(text) reads the text itself.
Sql member(SqlCall& c) {
  std::vector<std::string> keys;
  const BoundExpression* e = &c.expression();
  Sql base;
  SqlScope& scope = c.scope();
  const Function* self = e->function;
  std::vector<const BoundExpression*> chain{e};
  while (chain.back()->arguments[0]->kind == BoundExpression::Kind::call && chain.back()->arguments[0]->function == self) {
    chain.push_back(chain.back()->arguments[0].get());
  }
  const Expr& root = chain.back()->arguments[0];
  if (root->kind == BoundExpression::Kind::call && (root->function->name == "parse_json" || root->function->name == "todynamic") && root->arguments[0]->type == Type::string) {
    base = write_expression(*root->arguments[0], scope);
  } else {
    base = write_expression(*root, scope);
  }
  std::string path;
  for (std::size_t i = chain.size(); i-- > 0;) path += ", " + write_expression(*chain[i]->arguments[1], scope).text;
  const std::string text = !base.members.empty() ? base.members : !base.json.empty() ? base.json : base.nullable ? "ifNull(" + base.text + ", '')" : base.text;
  Sql out{"", true, false, fmt::format("JSONExtractRaw({}{})", text, path)};
  out.text = sql::json_or_null(out.json);
  // Most members are texts, and those cost one look at the JSON; only what is none, or empty, costs a second one.
  const std::string string = fmt::format("JSONExtractString({}{})", text, path);
  out.as_text = fmt::format("if({0} != '', {0}, if({1} = 'null' OR startsWith({1}, '\"'), '', {1}))", string, out.json);
  return out;
}

Sql element(SqlCall& c) {
  const std::string base = c.shared(0);
  const std::string text = c.nullable(0) ? "ifNull(" + base + ", '')" : base;
  return {fmt::format("if(startsWith({}, '['), {}, NULL)", text,
                      sql::json_or_null(fmt::format("JSONExtractRaw({}, {})", text, json_key_of(c, 1)))),
          true, false};
}

// between takes its bounds in.
Sql between(SqlCall& c, bool negated) {
  const std::string x = c.shared(0);
  return c.value(fmt::format("{}({} >= {} AND {} <= {})", negated ? "NOT " : "", x, c.arg(1), x, c.arg(2)));
}

// One list for constants of the type itself, arrays spread out, the rest compared one by one.
Sql in_list(SqlCall& c, bool negated, bool ignore_case) {
  // Lower case of the bytes alone where all that is looked for is ASCII.
  bool ascii = c.expression().kind != BoundExpression::Kind::in_query;
  for (std::size_t i = 1; i < c.size() && ascii; ++i) {
    const auto* l = c.type(i) == Type::string ? c.literal(i) : nullptr;
    ascii = l != nullptr && std::ranges::all_of(l->text, [](char ch) { return static_cast<unsigned char>(ch) < 0x80; });
  }
  const auto fold = [&](std::string text) { return ignore_case ? (ascii ? "lower(" : "lowerUTF8(") + text + ")" : text; };
  if (c.expression().kind == BoundExpression::Kind::in_query) {
    const std::string query = c.scope().write_plan(*c.expression().plan);
    const bool nullable = c.nullable(0);
    const std::string x = fold(c.arg(0));
    std::string text = ignore_case ? fmt::format("{} IN (SELECT lowerUTF8(q) FROM (SELECT {} AS q))", x, "1")
                                   : fmt::format("{} IN ({})", x, query);
    if (ignore_case) text = fmt::format("{} IN (SELECT arrayJoin(arrayMap(q -> lowerUTF8(q), groupUniqArray(*))) FROM ({}))", x, query);
    if (nullable) text = "ifNull(" + text + ", 0)";
    if (negated) text = "NOT " + text;
    return {"(" + text + ")", false, false};
  }
  std::string list, rest;
  const std::string x = c.shared(0);
  const std::string left = fold(x);
  const auto also = [&](std::string term) {
    if (!rest.empty()) rest += " OR ";
    rest += std::move(term);
  };
  for (std::size_t i = 1; i < c.size(); ++i) {
    if (c.type(i) == Type::dynamic && c.type(0) != Type::dynamic) {
      // An array's elements, or one value.
      const std::string d = c.shared(i);
      const std::string as_text = sql::from_dynamic(Type::string, "v");
      const std::string wanted = c.type(0) == Type::string ? left : sql::to_text(c.type(0), x);
      std::string values = fmt::format("arrayMap(v -> {2}, if(startsWith(ifNull({0}, ''), '['), {1}, if(isNull({0}), emptyArrayString(), [assumeNotNull({0})])))",
                                       d, sql::array_of(d), fold(as_text));
      if (is_number(c.type(0))) {
        also(fmt::format("has(arrayMap(v -> toFloat64OrNull({}), {}), toFloat64({}))", as_text, sql::array_of(d), x));
      } else {
        also(fmt::format("has({}, {})", values, wanted));
      }
      continue;
    }
    if (c.type(i) != c.type(0)) {
      // Numbers of several kinds by their value, the rest by their text.
      if (is_number(c.type(i)) && is_number(c.type(0)) && (c.type(i) == Type::decimal || c.type(0) == Type::decimal)) {
        also(fmt::format("toFloat64({}) = toFloat64({})", x, c.arg(i)));
        continue;
      }
      if (!(is_number(c.type(i)) && is_number(c.type(0)))) {
        also(fmt::format("{} = {}", fold(sql::to_text(c.type(0), x)), fold(sql::to_text(c.type(i), c.shared(i)))));
        continue;
      }
    }
    if (c.literal(i) != nullptr && !c.literal(i)->is_null) {
      if (!list.empty()) list += ", ";
      list += fold(c.arg(i));
    } else {
      also(fmt::format("{} = {}", left, fold(c.arg(i))));
    }
  }
  std::string text;
  if (!list.empty()) text = fmt::format("{} IN ({})", left, list);
  if (!rest.empty()) text += (text.empty() ? "" : " OR ") + rest;
  if (text.empty()) text = "0";
  text = "(" + text + ")";
  if (c.any_nullable()) text = "ifNull(" + text + ", 0)";
  if (negated) text = "(NOT " + text + ")";
  return {text, false, false};
}

constexpr Function kFunctions[] = {
    {.name = "+", .summary = "Sum; also of datetime and timespan.", .signatures = "+(a:summable, b:summable) -> widest", .takes_null = true, .emit = add,
     .examples = {{{"1 + 2", "3"}, {"1 + 2.5", "3.5"}, {"datetime(2020-01-01) + 1d", "2020-01-02T00:00:00.0000000Z"},
                   {"(datetime(2016-08-23 14:58) + datetime(2016-08-23 15:00)) / 2", "2016-08-23T14:59:00.0000000Z"}}}},
    {.name = "-", .summary = "Difference; of two datetimes a timespan.", .signatures = "-(a:summable, b:summable) -> widest", .takes_null = true, .emit = subtract,
     .examples = {{{"5 - 7", "-2"}, {"datetime(2020-01-02) - datetime(2020-01-01)", "1.00:00:00"}}}},
    {.name = "*", .summary = "Product.", .signatures = "*(a:summable, b:summable) -> widest", .takes_null = true, .emit = multiply,
     .examples = {{{"3 * 4", "12"}, {"1h * 2", "02:00:00"}}}},
    {.name = "/", .summary = "Quotient; of two integers the whole part, null when the divisor is 0.",
     .signatures = "/(a:summable, b:summable) -> widest", .takes_null = true, .emit = divide,
     .examples = {{{"7 / 2", "3"}, {"7 / 2.0", "3.5"}, {"1d / 1h", "24.0"}, {"1 / 0", ""}}}},
    {.name = "%", .summary = "Remainder; never negative.", .signatures = "%(a:summable, b:summable) -> widest", .takes_null = true, .emit = modulo,
     .examples = {{{"14 % 12", "2"}, {"-14 % 12", "10"}}}},
    {.name = ".negate", .summary = "The number with the other sign.", .signatures = ".negate(a:scalar) -> same", .takes_null = true, .emit = negate},
    {.name = "<", .summary = "Less.", .signatures = "<(a:scalar, b:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return compare(c, "<"); }, .examples = {{{"1 < 2", "true"}, {"int(null) < 2", ""}}}},
    {.name = "<=", .summary = "Less or equal.", .signatures = "<=(a:scalar, b:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return compare(c, "<="); }, .examples = {{{"2 <= 2", "true"}}}},
    {.name = ">", .summary = "Greater.", .signatures = ">(a:scalar, b:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return compare(c, ">"); }, .examples = {{{"1 > 2", "false"}}}},
    {.name = ">=", .summary = "Greater or equal.", .signatures = ">=(a:scalar, b:scalar) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return compare(c, ">="); }, .examples = {{{"2.5 >= 2", "true"}}}},
    {.name = "==", .summary = "Equal. Null and null give null, null and a value false.", .signatures = "==(a:scalar, b:scalar) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return equality(c, true); },
     .examples = {{{"1 == 1.0", "true"}, {"int(null) == 5", "false"}, {"int(null) == int(null)", ""}, {"'a' == 'A'", "false"}}}},
    {.name = "!=", .aliases = "<>", .summary = "Not equal. Null and null give null, null and a value true.", .signatures = "!=(a:scalar, b:scalar) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return equality(c, false); },
     .examples = {{{"1 != 2", "true"}, {"int(null) != 5", "true"}, {"int(null) != int(null)", ""}}}},
    {.name = "and", .summary = "Both; false wins over null.", .signatures = "and(a:bool+) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return logical(c, " AND "); }, .examples = {{{"true and false", "false"}, {"bool(null) and false", "false"}, {"bool(null) and true", ""}}}},
    {.name = "or", .summary = "Either; true wins over null.", .signatures = "or(a:bool+) -> bool", .takes_null = true,
     .emit = [](SqlCall& c) { return logical(c, " OR "); }, .examples = {{{"true or false", "true"}, {"bool(null) or true", "true"}, {"bool(null) or false", ""}}}},
    {.name = "between", .summary = "Within two bounds, both included.", .signatures = "between(x:scalar, low:scalar, high:scalar) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return between(c, false); }, .examples = {{{"5 between (1 .. 5)", "true"}}}},
    {.name = "!between", .summary = "Outside of two bounds.", .signatures = "!between(x:scalar, low:scalar, high:scalar) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return between(c, true); }, .examples = {{{"5 !between (1 .. 4)", "true"}}}},
    {.name = "in", .summary = "Equal to one of the values, or of the first column of a table.", .signatures = "in(x:scalar, item:scalar*) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return in_list(c, false, false); },
     .examples = {{{"2 in (1, 2)", "true"}, {"'a' in ('A')", "false"}, {"'b' in (dynamic(['a', 'b']))", "true"}}}},
    {.name = "!in", .summary = "Equal to none of the values.", .signatures = "!in(x:scalar, item:scalar*) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return in_list(c, true, false); }, .examples = {{{"2 !in (1, 3)", "true"}}}},
    {.name = "in~", .summary = "Equal to one of the texts, whatever the case.", .signatures = "in~(x:text, item:scalar*) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return in_list(c, false, true); }, .examples = {{{"'a' in~ ('A')", "true"}}}},
    {.name = "!in~", .summary = "Equal to none of the texts, whatever the case.", .signatures = "!in~(x:text, item:scalar*) -> bool",
     .takes_null = true, .emit = [](SqlCall& c) { return in_list(c, true, true); }, .examples = {{{"'a' !in~ ('A')", "false"}}}},
    {.name = ".member", .summary = "A bag's member by its name; null when there is none.", .signatures = ".member(bag:dynamic, name:string) -> dynamic",
     .may_be_null = true, .emit = member},
    {.name = ".element", .summary = "An array's element by its position, from the end when negative.",
     .signatures = ".element(array:dynamic, index:long) -> dynamic", .may_be_null = true, .emit = element},
};

}  // namespace

std::span<const Function> operator_functions() { return kFunctions; }

}  // namespace yagura::kql
