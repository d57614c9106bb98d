// Conversions between types: toint, tostring, parse_json ...
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

Sql to_integer(SqlCall& c, std::string_view type) {
  const std::string_view name = type;
  switch (c.type(0)) {
    case Type::int32:
    case Type::int64:
      if (c.type(0) == Type::int64 && name == "Int32") return c.value(fmt::format("accurateCastOrNull({}, 'Int32')", c.arg(0)), true);
      return c.value(fmt::format("to{}({})", name, c.arg(0)));
    case Type::boolean: return c.value(fmt::format("to{}({})", name, c.arg(0)));
    case Type::real: return c.value(fmt::format("accurateCastOrNull(trunc({}), '{}')", c.arg(0), name), true);
    case Type::decimal: return c.value(fmt::format("accurateCastOrNull(trunc({}), '{}')", c.arg(0), name), true);
    case Type::timespan: return c.value(fmt::format("accurateCastOrNull({}, '{}')", c.arg(0), name), true);
    case Type::datetime: return c.value(fmt::format("accurateCastOrNull({} + 621355968000000000, '{}')", sql::ticks_of(c.arg(0)), name), true);
    case Type::string: {
      const std::string s = c.name("trim(" + c.arg(0) + ")");
      // Plain digits are read at once; other forms only where that failed.
      return c.value(fmt::format(
          "multiIf(isNotNull(to{1}OrNull({0})), to{1}OrNull({0}), match({0}, '^[-+]?0[xX][0-9a-fA-F]{{1,16}}$'), accurateCastOrNull(reinterpretAsInt64(reverse(unhex(leftPad(replaceRegexpOne({0}, '^[-+]?0[xX]', ''), 16, '0')))), '{1}'), "
          "match({0}, '^[-+]?[0-9]+$'), accurateCastOrNull(toInt64OrNull({0}), '{1}'), "
          "match({0}, '^[-+]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][-+]?[0-9]+)?$'), accurateCastOrNull(trunc(toFloat64OrNull({0})), '{1}'), NULL)",
          s, name), true);
    }
    case Type::dynamic: return c.value(sql::from_dynamic(name == "Int32" ? Type::int32 : Type::int64, c.shared(0)), true);
    default: return {fmt::format("CAST(NULL, 'Nullable({})')", name), true, true};
  }
}

Sql to_real(SqlCall& c) {
  switch (c.type(0)) {
    case Type::string: {
      const std::string s = c.name("trim(" + c.arg(0) + ")");
      return c.value(fmt::format("multiIf(match({0}, '^[-+]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][-+]?[0-9]+)?$'), toFloat64OrNull({0}), "
                                 "lower({0}) = 'nan', nan, lower({0}) IN ('inf', '+inf', 'infinity', '+infinity'), inf, "
                                 "lower({0}) IN ('-inf', '-infinity'), -inf, match({0}, '^0[xX][0-9a-fA-F]{{1,16}}$'), "
                                 "toFloat64(reinterpretAsInt64(reverse(unhex(leftPad(substring({0}, 3), 16, '0'))))), NULL)", s), true);
    }
    case Type::dynamic: return c.value(sql::from_dynamic(Type::real, c.shared(0)), true);
    case Type::datetime: return c.value(fmt::format("toFloat64({} + 621355968000000000)", sql::ticks_of(c.arg(0))));
    case Type::guid: return {"CAST(NULL, 'Nullable(Float64)')", true, true};
    default: return c.value(fmt::format("toFloat64({})", c.arg(0)));
  }
}

Sql to_decimal(SqlCall& c) {
  switch (c.type(0)) {
    case Type::string: return c.value(fmt::format("if(match({0}, '^[-+]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][-+]?[0-9]+)?$'), toDecimal256OrNull({0}, 20), NULL)", c.name("trim(" + c.arg(0) + ")")), true);
    case Type::dynamic: return c.value(sql::from_dynamic(Type::decimal, c.shared(0)), true);
    case Type::real: return c.value(fmt::format("toDecimal256OrNull(toString({}), 20)", c.arg(0)), true);
    case Type::decimal: return c.value(c.arg(0));
    case Type::guid: return {sql::null_of(Type::decimal), true, true};
    case Type::datetime: return c.value(fmt::format("toDecimal256({} + 621355968000000000, 20)", sql::ticks_of(c.arg(0))));
    default: return c.value(fmt::format("toDecimal256({}, 20)", c.arg(0)));
  }
}

Sql to_bool(SqlCall& c) {
  switch (c.type(0)) {
    case Type::boolean: return c.value(c.arg(0));
    case Type::string: {
      const std::string s = c.shared(0);
      return c.value(fmt::format("multiIf(lower(trim({0})) IN ('true', '1'), 1, lower(trim({0})) IN ('false', '0'), 0, "
                                 "isFinite(toFloat64OrNull(trim({0}))), toFloat64OrNull(trim({0})) != 0, NULL)", s), true);
    }
    case Type::dynamic: return c.value(sql::from_dynamic(Type::boolean, c.shared(0)), true);
    case Type::datetime:
    case Type::guid: return {"CAST(NULL, 'Nullable(UInt8)')", true, true};
    default: return c.value(fmt::format("({} != 0)", c.arg(0)));
  }
}

Sql to_string_value(SqlCall& c) {
  if (c.type(0) == Type::string) return c.raw(0);
  if (!c.raw(0).as_text.empty()) return {c.raw(0).as_text, false, false};
  return c.value(sql::to_text(c.type(0), c.shared(0)), c.type(0) == Type::dynamic);
}

Sql to_datetime(SqlCall& c) {
  switch (c.type(0)) {
    case Type::datetime: return c.raw(0);
    case Type::string: return c.value(sql::parse_datetime(c.shared(0)), true);
    case Type::dynamic: return c.value(sql::from_dynamic(Type::datetime, c.shared(0)), true);
    case Type::int32:
    case Type::int64: {  // .NET ticks
      const std::string x = c.shared(0);
      return c.value(fmt::format("if({0} BETWEEN 0 AND 3155378975999999999, {1}, NULL)", x, sql::datetime_of("toInt64(" + x + ") - 621355968000000000")), true);
    }
    default: return {"CAST(NULL, 'Nullable(DateTime64(7, \\'UTC\\'))')", true, true};
  }
}

Sql to_timespan(SqlCall& c) {
  switch (c.type(0)) {
    case Type::timespan: return c.raw(0);
    case Type::string: return c.value(sql::parse_timespan(c.shared(0)), true);
    case Type::dynamic: return c.value(sql::from_dynamic(Type::timespan, c.shared(0)), true);
    case Type::int32:
    case Type::int64: return c.value(fmt::format("toInt64({})", c.arg(0)));
    case Type::real: return c.value(fmt::format("accurateCastOrNull(trunc({}), 'Int64')", c.arg(0)), true);
    default: return {"CAST(NULL, 'Nullable(Int64)')", true, true};
  }
}

Sql to_guid(SqlCall& c) {
  if (c.type(0) == Type::guid) return c.raw(0);
  if (c.type(0) == Type::dynamic) return c.value(sql::from_dynamic(Type::guid, c.shared(0)), true);
  return c.value(sql::parse_guid(c.shared(0)), true);
}

// The text as JSON; a text that is no JSON is a string.
Sql parse_json(SqlCall& c) {
  if (c.type(0) == Type::dynamic) {
    // A dynamic that holds text is parsed.
    const std::string d = c.shared(0);
    const std::string inner = c.name(fmt::format("if(startsWith(ifNull({0}, ''), '\"'), JSONExtractString(ifNull({0}, '')), ifNull({0}, ''))", d));
    return {fmt::format("nullIf(nullIf(if({0} = '', '', if(isValidJSON({0}), JSONExtractRaw({0}), toJSONString({0}))), ''), 'null')", inner), true, false};
  }
  const std::string s = c.shared(0);
  Sql out{fmt::format("nullIf(nullIf(if(isValidJSON({0}), JSONExtractRaw({0}), if({0} = '', '', toJSONString({0}))), ''), 'null')", s), true, false};
  // A text that is no JSON has no members: they may be looked for in the text as it is.
  out.members = s;
  return out;
}

Sql to_dynamic(SqlCall& c) {
  if (c.type(0) == Type::dynamic) return c.raw(0);
  const std::string x = c.shared(0);
  return {fmt::format("nullIf({}, 'null')", sql::to_json(c.type(0), x)), c.type(0) != Type::string, false};
}

Sql get_type(SqlCall& c) {
  const std::string d = c.shared(0);
  return {fmt::format("multiIf(isNull({0}), 'null', transform(toString(JSONType(ifNull({0}, ''))), "
                      "['Object', 'Array', 'String', 'Int64', 'UInt64', 'Double', 'Bool', 'Null'], "
                      "['dictionary', 'array', 'string', 'long', 'long', 'real', 'bool', 'null'], 'null'))", d), false, false};
}

constexpr Function kFunctions[] = {
    {.name = "toint", .summary = "The value as int: text read as a number, reals cut; null where that can't be.", .signatures = "toint(value:scalar) -> int",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = [](SqlCall& c) { return to_integer(c, "Int32"); },
     .examples = {{{"toint('123')", "123"}, {"toint(3.9)", "3"}, {"toint('abc')", ""}}}},
    {.name = "tolong", .summary = "The value as long.", .signatures = "tolong(value:scalar) -> long",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = [](SqlCall& c) { return to_integer(c, "Int64"); },
     .examples = {{{"tolong('123')", "123"}, {"tolong('0x1F')", "31"}}}},
    {.name = "toreal", .aliases = "todouble", .summary = "The value as real.", .signatures = "toreal(value:scalar) -> real",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_real, .examples = {{{"toreal('1.5')", "1.5"}, {"toreal('x')", ""}}}},
    {.name = "todecimal", .summary = "The value as decimal.", .signatures = "todecimal(value:scalar) -> decimal",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_decimal, .examples = {{{"todecimal('123.45')", "123.45"}}}},
    {.name = "tobool", .aliases = "toboolean", .summary = "The value as bool.", .signatures = "tobool(value:scalar) -> bool",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_bool, .examples = {{{"tobool('true')", "true"}, {"tobool(0)", "false"}}}},
    {.name = "tostring", .summary = "The value as text; null is the empty text.", .signatures = "tostring(value:scalar) -> string",
     .naming = ResultName::first_argument, .emit = to_string_value,
     .examples = {{{"tostring(123)", "123"}, {"tostring(3333333333333333.5)", "3.3333333333333335E+15"}, {"tostring(dynamic('a'))", "a"}, {"tostring(int(null))", ""}}}},
    {.name = "todatetime", .summary = "The value as datetime.", .signatures = "todatetime(value:scalar) -> datetime",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_datetime,
     .examples = {{{"todatetime('2015-12-31 23:59:59.9')", "2015-12-31T23:59:59.9000000Z"}, {"todatetime('x')", ""},
                   {"todatetime('12-02-2022')", "2022-12-02T00:00:00.0000000Z"}, {"todatetime('2025, 6, 14')", "2025-06-14T00:00:00.0000000Z"}}}},
    {.name = "totimespan", .aliases = "totime", .summary = "The value as timespan.", .signatures = "totimespan(value:scalar) -> timespan",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_timespan,
     .examples = {{{"totimespan('0.00:01:00')", "00:01:00"}, {"totimespan('x')", ""}}}},
    {.name = "toguid", .summary = "The text as guid.", .signatures = "toguid(value:string_or_dynamic) -> guid; toguid(value:guid) -> guid",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = to_guid,
     .examples = {{{"toguid('70fc66f7-8279-44fc-9092-d364d70fce44')", "70fc66f7-8279-44fc-9092-d364d70fce44"}, {"toguid('x')", ""}, {"toguid('0123456789ab-cdef-0123-456789abcdef')", "01234567-89ab-cdef-0123-456789abcdef"},
                   {"toguid('70fc66f7-8279-44fc-9092-d364d70fce44 and more')", "70fc66f7-8279-44fc-9092-d364d70fce44"}}}},
    {.name = "parse_json", .aliases = "parsejson",
     .summary = "The text read as JSON; a text that is no JSON becomes a string.", .signatures = "parse_json(text:string) -> dynamic; parse_json(value:dynamic) -> dynamic",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = parse_json,
     .examples = {{{"parse_json('{\"a\":[1,2]}').a[1]", "2"}, {"tostring(parse_json('x y'))", "x y"}}}},
    {.name = "todynamic", .aliases = "toobject", .summary = "Old spelling of parse_json.", .signatures = "todynamic(text:string) -> dynamic",
     .naming = ResultName::first_argument, .may_be_null = true, .emit = parse_json, .examples = {{{"todynamic('[1,2]')[0]", "1"}}}},
    {.name = ".to_dynamic", .summary = "A value put into a dynamic.", .signatures = ".to_dynamic(value:scalar) -> dynamic", .takes_null = true, .may_be_null = true, .emit = to_dynamic},
    {.name = "gettype", .summary = "The type's name: of a dynamic, of what it holds.", .signatures = "gettype(value:scalar) -> string",
     .naming = ResultName::prefix_and_first_argument, .prefix = "type", .takes_null = true, .emit = get_type,
     .examples = {{{"gettype('a')", "string"}, {"gettype(dynamic([1]))", "array"}, {"gettype(1d)", "timespan"}}}},
    {.name = "dynamic_to_json", .summary = "The dynamic as JSON text.", .signatures = "dynamic_to_json(value:dynamic) -> string; dynamic_to_json(value:scalar) -> string",
     .emit = to_string_value, .emits = [](const BoundExpression& call) { return call.arguments[0]->type != Type::dynamic; },  // members by name: on rows
     .examples = {{{"dynamic_to_json(dynamic({\"b\":1,\"a\":[{\"d\":2,\"c\":3}]}))", "{\"a\":[{\"c\":3,\"d\":2}],\"b\":1}"}, {"dynamic_to_json('a')", "a"}}}},
};

}  // namespace

std::span<const Function> conversion_functions() { return kFunctions; }

}  // namespace yagura::kql
