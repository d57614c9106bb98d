#include "kql/sql_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/time.hpp"

namespace yagura::kql::sql {

namespace {
void append_escaped(std::string& out, std::string_view value, char quote) {
  for (const char c : value) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\0': out += "\\0"; break;
      default:
        if (c == quote) out += '\\';
        out += c;
    }
  }
}
}  // namespace

std::string identifier(std::string_view name) {
  std::string out = "`";
  append_escaped(out, name, '`');
  out += '`';
  return out;
}

std::string text(std::string_view value) {
  std::string out = "'";
  append_escaped(out, value, '\'');
  out += '\'';
  return out;
}

std::string integer(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return "toInt64('-9223372036854775808')";
  return fmt::format("toInt64({})", value);
}

std::string_view type_of(Type type) {
  switch (type) {
    case Type::boolean: return "UInt8";
    case Type::int32: return "Int32";
    case Type::int64: return "Int64";
    case Type::real: return "Float64";
    case Type::decimal: return "Decimal(76, 20)";
    case Type::string: return "String";
    case Type::datetime: return "DateTime64(7, \\'UTC\\')";
    case Type::timespan: return "Int64";
    case Type::guid: return "UUID";
    case Type::dynamic: return "String";
  }
  return "String";
}

std::string null_of(Type type) {
  if (type == Type::string) return "''";
  return fmt::format("CAST(NULL, 'Nullable({})')", type_of(type));
}

std::string literal(Type type, const LiteralValue& value) {
  if (value.is_null) return null_of(type);
  switch (type) {
    case Type::boolean: return value.boolean ? "toUInt8(1)" : "toUInt8(0)";
    case Type::int32: return fmt::format("toInt32({})", value.integer);
    case Type::int64:
    case Type::timespan: return integer(value.integer);
    case Type::real:
      if (std::isnan(value.real)) return "toFloat64('nan')";
      if (std::isinf(value.real)) return value.real > 0 ? "toFloat64('inf')" : "toFloat64('-inf')";
      return fmt::format("toFloat64('{}')", value.real);
    case Type::decimal: return fmt::format("toDecimal256({}, 20)", text(value.text));
    case Type::datetime: {
      std::string iso = format_datetime(value.integer);
      iso[10] = ' ';
      iso.pop_back();
      return fmt::format("toDateTime64('{}', 7, 'UTC')", iso);
    }
    case Type::guid: return fmt::format("toUUID('{}')", to_string(value.guid));
    case Type::string:
    case Type::dynamic: return text(value.text);
  }
  return "''";
}

std::string ticks_of(std::string_view datetime) { return fmt::format("reinterpret({}, 'Int64')", datetime); }
std::string datetime_of(std::string_view ticks) { return fmt::format("reinterpret({}, 'DateTime64(7, \\'UTC\\')')", ticks); }

// ClickHouse writes the same shortest digits as .NET; exponents and whole numbers look different.
std::string real_text(std::string_view x) {
  return fmt::format(
      "multiIf(isNaN({0}), 'NaN', isInfinite({0}), if({0} > 0, 'Infinity', '-Infinity'), {0} = 0, '0.0', "
      "position(toString({0}), 'e') > 0, "
      "replaceOne(replaceRegexpOne(replaceRegexpOne(toString({0}), 'e([0-9])', 'E+\\\\1'), 'e-([0-9])$', 'E-0\\\\1'), 'e', 'E'), "
      "abs({0}) >= 1e15, "
      "concat(if({0} < 0, '-', ''), replaceRegexpOne(concat(substring(toString(abs({0})), 1, 1), '.', "
      "substring(replaceOne(toString(abs({0})), '.', ''), 2)), '\\\\.?0*$', ''), 'E+', toString(length(extract(toString(abs({0})), '^[0-9]+')) - 1)), "
      "abs({0}) < 1e-4, "
      "concat(if({0} < 0, '-', ''), replaceRegexpOne(replaceRegexpOne(toString(abs({0})), '^0\\\\.0*([0-9])', '\\\\1.'), "
      "'\\\\.$', ''), 'E-0', toString(length(extract(toString(abs({0})), '^0\\\\.(0*)')) + 1)), "
      "{0} = trunc({0}), concat(toString({0}), '.0'), toString({0}))",
      x);
}

std::string timespan_text(std::string_view x) {
  return fmt::format(
      "concat(if({0} < 0, '-', ''), if(abs({0}) >= 864000000000, concat(toString(intDiv(abs({0}), 864000000000)), '.'), ''), "
      "leftPad(toString(intDiv(abs({0}), 36000000000) % 24), 2, '0'), ':', "
      "leftPad(toString(intDiv(abs({0}), 600000000) % 60), 2, '0'), ':', "
      "leftPad(toString(intDiv(abs({0}), 10000000) % 60), 2, '0'), "
      "if({0} % 10000000 = 0, '', concat('.', leftPad(toString(abs({0}) % 10000000), 7, '0'))))",
      x);
}

std::string datetime_text(std::string_view x) { return fmt::format("concat(replaceOne(toString({}), ' ', 'T'), 'Z')", x); }

std::string decimal_text(std::string_view x) { return fmt::format("toString({})", x); }

std::string dynamic_text(std::string_view x) {
  return fmt::format("if(startsWith({0}, '\"'), JSONExtractString({0}), {0})", x);
}

std::string to_text(Type type, std::string_view x) {
  switch (type) {
    case Type::boolean: return fmt::format("multiIf({0}, 'true', NOT {0}, 'false', NULL)", x);
    case Type::int32:
    case Type::int64:
    case Type::guid: return fmt::format("toString({})", x);
    case Type::real: return real_text(x);
    case Type::decimal: return decimal_text(x);
    case Type::string: return std::string(x);
    case Type::datetime: return datetime_text(x);
    case Type::timespan: return timespan_text(x);
    case Type::dynamic: return dynamic_text(x);
  }
  return std::string(x);
}

std::string to_json(Type type, std::string_view x) {
  switch (type) {
    case Type::boolean: return fmt::format("multiIf({0}, 'true', NOT {0}, 'false', 'null')", x);
    case Type::int32:
    case Type::int64: return fmt::format("ifNull(toString({}), 'null')", x);
    case Type::real: return fmt::format("ifNull(if(isFinite({0}), {1}, concat('\"', {1}, '\"')), 'null')", x, real_text(x));
    case Type::string: return fmt::format("toJSONString({})", x);
    case Type::dynamic: return fmt::format("ifNull({}, 'null')", x);
    default: return fmt::format("ifNull(concat('\"', {}, '\"'), 'null')", to_text(type, x));
  }
}

std::string json_or_null(std::string_view raw) { return fmt::format("nullIf(nullIf({}, ''), 'null')", raw); }
std::string json_array(std::string_view a) { return fmt::format("concat('[', arrayStringConcat({}, ','), ']')", a); }
std::string array_of(std::string_view d) { return fmt::format("JSONExtractArrayRaw(ifNull({}, ''))", d); }

std::string parse_datetime(std::string_view s) {
  // Date only, date and time, with or without zone and fraction; RFC 822 and US forms. What has no date is no datetime;
  // "8 Nov 14" is of this century; a number is a year or nothing; US dates have the month first.
  const std::string t = fmt::format(
      "replaceRegexpOne(replaceRegexpOne(trimBoth({0}, ' \\n\\r\\t'), '^((?:[A-Za-z]{{3,9}},? )?[0-9]{{1,2}} [A-Za-z]{{3}}) ([0-9]{{2}})( |$)', '\\\\1 20\\\\2\\\\3'), "
      "'^([0-9]{{1,2}})[-/]([0-9]{{1,2}})[-/]([0-9]{{4}})', '\\\\3-\\\\1-\\\\2')",
      s);
  return fmt::format(
      "multiIf(match({0}, '[0-9][-/][0-9A-Za-z]|^[0-9]{{4}}$|[0-9] [A-Za-z]{{3}}|[A-Za-z]{{3}} [0-9]|^[0-9]{{8}}T'), "
      "parseDateTime64BestEffortOrNull({1}, 7, 'UTC'), "
      "match({0}, '^\\\\s*[0-9]{{4}}, *[0-9]{{1,2}}, *[0-9]{{1,2}}'), "
      "parseDateTime64BestEffortOrNull(replaceRegexpOne({0}, '^\\\\s*([0-9]{{4}}), *([0-9]{{1,2}}), *([0-9]{{1,2}})', '\\\\1-\\\\2-\\\\3'), 7, 'UTC'), NULL)",
      s, t);
}

// The first 32 digits, with a dash or without one between the groups, in braces, brackets or bare; what follows is ignored.
std::string parse_guid(std::string_view s) {
  return fmt::format(
      "toUUIDOrNull(replaceRegexpOne(replaceRegexpAll(extract({0}, '^\\\\s*[{{(]?([0-9a-fA-F]{{8}}-?(?:[0-9a-fA-F]{{4}}-?){{3}}[0-9a-fA-F]{{12}})'), '-', ''), "
      "'^(.{{8}})(.{{4}})(.{{4}})(.{{4}})(.*)$', '\\\\1-\\\\2-\\\\3-\\\\4-\\\\5'))",
      s);
}

std::string parse_timespan(std::string_view s) {
  // [-][d.]hh:mm[:ss[.fffffff]], or a whole number of days.
  return fmt::format(
      "multiIf(match({0}, '^\\\\s*-?[0-9]+\\\\s*$'), accurateCastOrNull(trim({0}), 'Int64') * 864000000000, "
      "match({0}, '^\\\\s*-?[0-9]+\\\\.[0-9]*\\\\s*$'), accurateCastOrNull(trunc(toFloat64OrNull(trim({0})) * 864000000000), 'Int64'), "
      "match({0}, '^\\\\s*-?(?:[0-9]+[.:])?(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:\\\\.[0-9]+)?)?\\\\s*$'), "
      "if(startsWith(trim({0}), '-'), -1, 1) * ("
      "toInt64OrZero(extract({0}, '^\\\\s*-?([0-9]+)[.:](?:[0-9]+:[0-9]+(?::[0-9]+|$))')) * 0 + "
      "toInt64OrZero(extract({0}, '^\\\\s*-?([0-9]+)\\\\.[0-9]+:')) * 864000000000 + "
      "toInt64OrZero(extract({0}, '^\\\\s*-?(?:[0-9]+\\\\.)?([0-9]+):')) * 36000000000 + "
      "toInt64OrZero(extract({0}, '^\\\\s*-?(?:[0-9]+\\\\.)?[0-9]+:([0-9]+)')) * 600000000 + "
      "toInt64OrZero(extract({0}, '^\\\\s*-?(?:[0-9]+\\\\.)?[0-9]+:[0-9]+:([0-9]+)')) * 10000000 + "
      "toInt64OrZero(substring(rightPad(extract({0}, ':[0-9]+\\\\.([0-9]+)\\\\s*$'), 7, '0'), 1, 7))), NULL)",
      s);
}

std::string from_dynamic(Type type, std::string_view x) {
  const std::string as_text = dynamic_text(x);
  switch (type) {
    case Type::boolean:
      return fmt::format(
          "multiIf(lower({0}) = 'true', 1, lower({0}) = 'false', 0, "
          "isNotNull(toFloat64OrNull({0})), toFloat64OrNull({0}) != 0, NULL)",
          as_text);
    case Type::int32: return fmt::format("accurateCastOrNull(coalesce(toInt64OrNull({0}), accurateCastOrNull(trunc(toFloat64OrNull({0})), 'Int64')), 'Int32')", as_text);
    case Type::int64: return fmt::format("coalesce(toInt64OrNull({0}), accurateCastOrNull(trunc(toFloat64OrNull({0})), 'Int64'))", as_text);
    case Type::real: return fmt::format("toFloat64OrNull({})", as_text);
    case Type::decimal: return fmt::format("toDecimal256OrNull({}, 20)", as_text);
    case Type::string: return fmt::format("ifNull({}, '')", as_text);
    case Type::datetime: return parse_datetime("assumeNotNull(" + as_text + ")");
    case Type::timespan: return parse_timespan("assumeNotNull(" + as_text + ")");
    case Type::guid: return parse_guid(as_text);
    case Type::dynamic: return std::string(x);
  }
  return std::string(x);
}

}  // namespace yagura::kql::sql
