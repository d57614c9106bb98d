// Dates and times. datetime is DateTime64(7, 'UTC') in SQL, whose calendar reaches from year 1 to 9999; timespan is ticks.
#include <fmt/format.h>

#include "base/text.hpp"
#include "kql/kernels/time_zone.hpp"
#include "kql/kernels/time_zone.hpp"
#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

constexpr std::string_view kDay = "864000000000";

// What lies outside of years 1 to 9999 is null.
std::string within(SqlCall& c, const std::string& ticks) {
  const std::string t = c.name("toInt128(" + ticks + ")");
  return fmt::format("if({0} BETWEEN -621355968000000000 AND 2534023007999999999, {1}, NULL)", t, sql::datetime_of("toInt64(" + t + ")"));
}

std::string days_of(const std::string& datetime) { return fmt::format("intDiv({} + 621355968000000000, {})", sql::ticks_of(datetime), kDay); }
std::string at_days(const std::string& days) { return sql::datetime_of(fmt::format("toInt64({}) * {} - 621355968000000000", days, kDay)); }

// Days since 0001-01-01 of the first of a month, months counted from 1 in any year.
std::string days_from_month(const std::string& year, const std::string& month) {
  // Howard Hinnant's days_from_civil, with months that may run over.
  const std::string y = fmt::format("({} + intDiv(toInt64({}) - 1 + 12000000, 12) - 1000000)", year, month);
  const std::string m = fmt::format("((toInt64({}) - 1 + 12000000) % 12 + 1)", month);
  const std::string yy = fmt::format("({} - if({} <= 2, 1, 0))", y, m);
  return fmt::format("({0} * 365 + intDiv({0}, 4) - intDiv({0}, 100) + intDiv({0}, 400) + intDiv(153 * ({1} + if({1} > 2, -3, 9)) + 2, 5) - 306)", yy, m);
}


Sql start_of(SqlCall& c, char unit, bool end) {
  const std::string x = c.shared(0);
  // Ten thousand years are enough to leave the calendar.
  const std::string offset = c.size() > 1 ? c.name("least(4000000, greatest(-4000000, toInt64(" + c.arg(1) + ")))") : "0";
  std::string from, to;
  const auto year = fmt::format("toInt64(toYear({}))", x), month = fmt::format("toInt64(toMonth({}))", x);
  switch (unit) {
    case 'd': from = fmt::format("{} + {}", days_of(x), offset); to = from + " + 1"; break;
    case 'w':  // weeks begin on Sunday; day 0 was a Monday
      from = fmt::format("{0} - ({0} + 1) % 7 + 7 * {1}", days_of(x), offset);
      to = from + " + 7";
      break;
    case 'm':
      from = days_from_month(year, fmt::format("({} + {})", month, offset));
      to = days_from_month(year, fmt::format("({} + {} + 1)", month, offset));
      break;
    default:
      from = days_from_month(fmt::format("({} + {})", year, offset), "1");
      to = days_from_month(fmt::format("({} + {} + 1)", year, offset), "1");
  }
  if (c.size() > 1 || (unit == 'w' && !end)) return c.value(within(c, fmt::format("toInt128({}) * {} - 62135596800000000{}", end ? "(" + to + ")" : "(" + from + ")", kDay, end ? 1 : 0)), true);
  if (!end) return c.value(at_days("(" + from + ")"));
  return c.value(sql::datetime_of(fmt::format("toInt64({}) * {} - 621355968000000001", "(" + to + ")", kDay)));
}

Sql part_of(SqlCall& c, std::string_view name, std::size_t i) {
  // In any case; some parts have two spellings.
  std::string part = to_lower_ascii(name);
  if (part == "weekofyear") part = "week_of_year";
  if (part == "day_of_year") part = "dayofyear";
  const std::string x = c.shared(i);
  const std::string ticks = "(" + sql::ticks_of(x) + " + 621355968000000000)";
  std::string text;
  if (part == "year") text = fmt::format("toYear({})", x);
  else if (part == "quarter") text = fmt::format("toQuarter({})", x);
  else if (part == "month") text = fmt::format("toMonth({})", x);
  else if (part == "week_of_year") text = fmt::format("toISOWeek({})", x);
  else if (part == "day") text = fmt::format("toDayOfMonth({})", x);
  else if (part == "dayofyear") text = fmt::format("toDayOfYear({})", x);
  else if (part == "hour") text = fmt::format("intDiv({}, 36000000000) % 24", ticks);
  else if (part == "minute") text = fmt::format("intDiv({}, 600000000) % 60", ticks);
  else if (part == "second") text = fmt::format("intDiv({}, 10000000) % 60", ticks);
  else if (part == "millisecond") text = fmt::format("intDiv({}, 10000) % 1000", ticks);
  else if (part == "microsecond") text = fmt::format("intDiv({}, 10) % 1000000", ticks);
  else if (part == "nanosecond") text = fmt::format("({} % 10000000) * 100", ticks);
  else return {"CAST(NULL, 'Nullable(Int32)')", true, true};
  return c.value("toInt32(" + text + ")");
}

Sql part(SqlCall& c) {
  const auto* l = c.literal(0);
  return part_of(c, l != nullptr ? l->text : "", 1);
}

std::int64_t ticks_of_unit(std::string_view unit) {
  if (unit == "week") return 6'048'000'000'000;
  if (unit == "day") return 864'000'000'000;
  if (unit == "hour") return 36'000'000'000;
  if (unit == "minute") return 600'000'000;
  if (unit == "second") return 10'000'000;
  if (unit == "millisecond") return 10'000;
  if (unit == "microsecond") return 10;
  return 0;
}

Sql add(SqlCall& c) {
  const std::string unit = c.literal(0) != nullptr ? to_lower_ascii(c.literal(0)->text) : "";
  const std::string x = c.shared(2), n = c.shared(1);
  if (const auto ticks = ticks_of_unit(unit)) return c.value(within(c, fmt::format("{} + toInt128({}) * {}", sql::ticks_of(x), n, ticks)), true);
  if (unit == "nanosecond") return c.value(within(c, fmt::format("{} + intDiv(toInt128({}), 100)", sql::ticks_of(x), n)), true);
  const int months = unit == "year" ? 12 : unit == "quarter" ? 3 : unit == "month" ? 1 : 0;
  if (months == 0) return {"CAST(NULL, 'Nullable(DateTime64(7, \\'UTC\\'))')", true, true};
  // The day stays, or becomes the month's last.
  const std::string year = fmt::format("toInt64(toYear({}))", x);
  const std::string month = c.name(fmt::format("(toInt64(toMonth({})) + least(200000, greatest(-200000, toInt64({}))) * {})", x, n, months));
  const std::string first = c.name(days_from_month(year, month)), next = days_from_month(year, "(" + month + " + 1)");
  return c.value(within(c, fmt::format("toInt128({} + least(toInt64(toDayOfMonth({})), {} - {}) - 1) * {} - 621355968000000000 + ({} + 621355968000000000) % {}",
                                       first, x, next, first, kDay, sql::ticks_of(x), kDay)), true);
}

// How many borders of the unit lie between the two.
Sql difference(SqlCall& c) {
  const std::string unit = c.literal(0) != nullptr ? to_lower_ascii(c.literal(0)->text) : "";
  const std::string a = c.shared(1), b = c.shared(2);
  const auto year = [](const std::string& x) { return fmt::format("toInt64(toYear({}))", x); };
  if (unit == "year") return c.value(fmt::format("({} - {})", year(a), year(b)));
  if (unit == "quarter") return c.value(fmt::format("(({0} * 4 + toQuarter({2})) - ({1} * 4 + toQuarter({3})))", year(a), year(b), a, b));
  if (unit == "month") return c.value(fmt::format("(({0} * 12 + toMonth({2})) - ({1} * 12 + toMonth({3})))", year(a), year(b), a, b));
  const auto ticks = [](const std::string& x) { return "(" + sql::ticks_of(x) + " + 621355968000000000)"; };
  if (unit == "week") return c.value(fmt::format("(intDiv({} + 1, 7) - intDiv({} + 1, 7))", days_of(a), days_of(b)));
  if (unit == "nanosecond") return c.value(fmt::format("(({} - {}) * 100)", ticks(a), ticks(b)));
  if (const auto n = ticks_of_unit(unit)) return c.value(fmt::format("(intDiv({}, {}) - intDiv({}, {}))", ticks(a), n, ticks(b), n));
  return {"CAST(NULL, 'Nullable(Int64)')", true, true};
}

// The whole part of a number of any type; null where no long holds it.
std::string whole_number(SqlCall& c, std::size_t i) {
  if (is_integer(c.type(i)) || c.type(i) == Type::boolean) return "toInt64(" + c.arg(i) + ")";
  if (c.type(i) == Type::dynamic) return sql::from_dynamic(Type::int64, c.shared(i));
  return fmt::format("accurateCastOrNull(trunc(toFloat64({})), 'Int64')", c.arg(i));
}

Sql make_datetime(SqlCall& c) {
  if (c.size() == 1) {
    if (c.type(0) == Type::datetime) return c.raw(0);
    if (c.type(0) == Type::string) return c.value(sql::parse_datetime(c.shared(0)), true);
    if (c.type(0) == Type::dynamic) return c.value(sql::from_dynamic(Type::datetime, c.shared(0)), true);
    // Ticks, as todatetime() takes them.
    const std::string ticks = c.name(whole_number(c, 0));
    return c.value(fmt::format("if({0} BETWEEN 0 AND 3155378975999999999, {1}, NULL)", ticks, sql::datetime_of("toInt64(" + ticks + ") - 621355968000000000")), true);
  }
  const auto n = [&](std::size_t i) { return c.size() > i ? c.name(whole_number(c, i)) : std::string("toInt64(0)"); };
  const std::string y = n(0), mo = n(1), d = n(2), h = n(3), mi = n(4);
  const std::string second = c.size() > 5 ? c.name(c.type(5) == Type::dynamic ? sql::from_dynamic(Type::real, c.shared(5)) : "toFloat64(" + c.arg(5) + ")") : "toFloat64(0)";
  const std::string s = c.size() > 5 ? c.name(fmt::format("if({0} >= 0 AND {0} < 60, {0}, NULL)", second)) : second;
  const std::string first = c.name(days_from_month(y, mo)), next = days_from_month(y, "(" + mo + " + 1)");
  return c.value(fmt::format("if({0} BETWEEN 1 AND 9999 AND {1} BETWEEN 1 AND 12 AND {2} BETWEEN 1 AND {8} - {7} AND {3} BETWEEN 0 AND 23 AND {4} BETWEEN 0 AND 59 AND {5} >= 0 AND {5} < 60, {6}, NULL)",
                             y, mo, d, h, mi, s,
                             sql::datetime_of(fmt::format("({} + {} - 1) * {} + {} * 36000000000 + {} * 600000000 + accurateCastOrNull(floor({} * 10000000 + 0.001), 'Int64') - 621355968000000000", first, d, kDay, h, mi, s)),
                             first, next), true);
}

Sql make_timespan(SqlCall& c) {
  if (c.size() == 1) {
    if (c.type(0) == Type::string) return c.value(sql::parse_timespan(c.shared(0)), true);
    if (c.type(0) == Type::dynamic) return c.value(sql::from_dynamic(Type::timespan, c.shared(0)), true);
    return c.value(whole_number(c, 0), true);
  }
  const std::size_t first = c.size() == 4 ? 1 : 0;
  const auto number = [&](std::size_t i) { return c.type(i) == Type::dynamic ? sql::from_dynamic(Type::real, c.shared(i)) : fmt::format("toFloat64({})", c.arg(i)); };
  const auto whole = [&](std::size_t i) { return c.name("trunc(" + number(i) + ")"); };
  const std::string hours = whole(first), minutes = whole(first + 1), days = c.size() == 4 ? whole(0) : "0.";
  const std::string seconds = c.size() > first + 2 ? c.name(number(first + 2)) : "0.";
  // What is no time of the day is null.
  return c.value(fmt::format("if(ifNull({0} >= 0 AND {0} <= 10000000 AND {1} >= 0 AND {1} < 24 AND {2} >= 0 AND {2} < 60 AND {3} >= 0 AND {3} < 60, 0), "
                             "toInt64({0}) * {4} + toInt64({1}) * 36000000000 + toInt64({2}) * 600000000 + toInt64(floor({3} * 10000000 + 0.001)), NULL)",
                             days, hours, minutes, seconds, kDay), true);
}

Sql from_unix(SqlCall& c, std::string_view per_unit, bool divide) {
  if (is_integer(c.type(0))) return c.value(within(c, divide ? fmt::format("intDiv(toInt64({}), 100)", c.arg(0)) : fmt::format("toInt128({}) * {}", c.arg(0), per_unit)), true);
  // Halves of a tick go away from zero.
  const std::string ticks = c.name(fmt::format("toFloat64({}) {} {}", c.arg(0), divide ? "/" : "*", divide ? "100" : per_unit));
  return c.value(within(c, fmt::format("accurateCastOrNull(if({0} < 0, ceil({0} - 0.5), floor({0} + 0.5)), 'Int64')", ticks)), true);
}

// format_datetime, format_timespan: the specifiers one after the other.
Sql format(SqlCall& c, bool timespan) {
  const std::string pattern = c.literal(1) != nullptr ? c.literal(1)->text : "";
  const std::string x = c.shared(0);
  const std::string ticks = timespan ? c.name("abs(" + x + ")") : c.name("(" + sql::ticks_of(x) + " + 621355968000000000)");
  std::string parts;
  const auto add = [&](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
  const auto number = [&](const std::string& value, std::size_t width) {
    // leftPad() cuts what is longer.
    if (width <= 1) return add(fmt::format("toString({})", value));
    const std::string digits = c.name(fmt::format("toString({})", value));
    add(fmt::format("leftPad({0}, greatest(toInt64(length({0})), {1}), '0')", digits, width));
  };
  const std::string hour = fmt::format("intDiv({}, 36000000000) % 24", ticks);
  for (std::size_t i = 0; i < pattern.size();) {
    const char ch = pattern[i];
    std::size_t n = 1;
    while (i + n < pattern.size() && pattern[i + n] == ch) ++n;
    const std::string fraction = fmt::format("substring(leftPad(toString({} % 10000000), 7, '0'), 1, {})", ticks, std::min<std::size_t>(n, 7));
    switch (ch) {
      case 'd':
        if (timespan) number(fmt::format("intDiv({}, {})", ticks, kDay), n);
        else number(fmt::format("toDayOfMonth({})", x), n);
        break;
      case 'f': add(fraction); break;
      case 'F':
        // The point before goes with trailing zeros.
        add(fmt::format("replaceRegexpOne({}, '0+$', '')", fraction));
        break;
      case 'h': number(timespan ? hour : fmt::format("(({} + 11) % 12 + 1)", hour), n); break;
      case 'H': number(hour, n); break;
      case 'm': number(fmt::format("intDiv({}, 600000000) % 60", ticks), n); break;
      case 'M':
        if (timespan) number(fmt::format("intDiv({}, 600000000) % 60", ticks), n);
        else number(fmt::format("toMonth({})", x), n);
        break;
      case 's': number(fmt::format("intDiv({}, 10000000) % 60", ticks), n); break;
      case 'y': number(n <= 2 ? fmt::format("(toYear({}) % 100)", x) : fmt::format("toYear({})", x), n); break;
      case 't': add(fmt::format("if({} < 12, 'AM', 'PM')", hour)); break;
      default: add(sql::text(pattern.substr(i, n)));
    }
    i += n;
  }
  if (parts.empty()) parts = "''";
  return c.value(c.nullable(0) ? "if(isNull(" + x + "), NULL, concat(" + parts + ", ''))" : "concat(" + parts + ", '')");
}

// A constant zone that is none would fail the statement; rows give null for it.
bool has_known_zone(const BoundExpression& call) {
  return !is_literal(call.arguments[1]) || zone_offset_seconds(call.arguments[1]->value.text, 0, true).has_value();
}

Sql local(SqlCall& c, bool to_utc) {
  const std::string x = c.shared(0);
  if (c.literal(1) == nullptr) {
    // A zone for each row: only formatDateTime() takes one, and tells the distance to UTC.
    const std::string known = c.name(fmt::format("({} IN (SELECT time_zone FROM system.time_zones))", c.shared(1)));
    const std::string zone = c.name(fmt::format("if({}, {}, 'UTC')", known, c.shared(1)));
    const auto distance = [&](const std::string& at) {
      const std::string text = c.name(fmt::format("formatDateTime({}, '%z', {})", at, zone));
      return c.name(fmt::format("(if(startsWith({0}, '-'), -1, 1) * (toInt64(substring({0}, 2, 2)) * 36000000000 + toInt64(substring({0}, 4, 2)) * 600000000))", text));
    };
    std::string ticks = fmt::format("{} + {}", sql::ticks_of(x), distance(x));
    // To UTC: what the distance is at the time that a first guess gives.
    if (to_utc) ticks = fmt::format("{} - {}", sql::ticks_of(x), distance(c.name(sql::datetime_of(fmt::format("{} - {}", sql::ticks_of(x), distance(x))))));
    return c.value(fmt::format("if({}, {}, NULL)", known, sql::datetime_of(ticks)), true);
  }
  if (!zone_offset_seconds(c.literal(1)->text, 0, true)) return {sql::null_of(Type::datetime), true, true};
  const std::string zone = sql::text(c.literal(1)->text);
  if (to_utc) {
    // The clock's reading in the zone, back to UTC.
    return c.value(fmt::format("toTimeZone(parseDateTime64BestEffort(toString({}), 7, {}), 'UTC')", x, zone), true);
  }
  return c.value(fmt::format("parseDateTime64BestEffort(toString(toTimeZone({}, {})), 7, 'UTC')", x, zone), true);
}


constexpr Function kFunctions[] = {
    {.name = "startofday", .summary = "Midnight of the day, or so many days later.", .signatures = "startofday(date:datetime, offset:long?) -> datetime", .naming = ResultName::first_argument,
     .emit = [](SqlCall& c) { return start_of(c, 'd', false); }, .examples = {{{"startofday(datetime(2017-01-01 10:10:17), -1)", "2016-12-31T00:00:00.0000000Z"}}}},
    {.name = "startofweek", .summary = "Midnight of the week's Sunday, or so many weeks later.", .signatures = "startofweek(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'w', false); }, .examples = {{{"startofweek(datetime(2017-01-01 10:10:17))", "2017-01-01T00:00:00.0000000Z"}}}},
    {.name = "startofmonth", .summary = "The first of the month, or so many months later.", .signatures = "startofmonth(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'm', false); }, .examples = {{{"startofmonth(datetime(2017-01-01 10:10:17), 1)", "2017-02-01T00:00:00.0000000Z"}}}},
    {.name = "startofyear", .summary = "The first of January, or so many years later.", .signatures = "startofyear(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'y', false); }, .examples = {{{"startofyear(datetime(2017-05-01 10:10:17), -1)", "2016-01-01T00:00:00.0000000Z"}}}},
    {.name = "endofday", .summary = "The day's last tick.", .signatures = "endofday(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'd', true); }, .examples = {{{"endofday(datetime(2017-01-01 10:10:17))", "2017-01-01T23:59:59.9999999Z"}}}},
    {.name = "endofweek", .summary = "The week's last tick.", .signatures = "endofweek(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'w', true); }, .examples = {{{"endofweek(datetime(2017-01-01 10:10:17))", "2017-01-07T23:59:59.9999999Z"}}}},
    {.name = "endofmonth", .summary = "The month's last tick.", .signatures = "endofmonth(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'm', true); }, .examples = {{{"endofmonth(datetime(2016-02-01 10:10:17))", "2016-02-29T23:59:59.9999999Z"}}}},
    {.name = "endofyear", .summary = "The year's last tick.", .signatures = "endofyear(date:datetime, offset:long?) -> datetime",
     .emit = [](SqlCall& c) { return start_of(c, 'y', true); }, .examples = {{{"endofyear(datetime(2017-01-01 10:10:17), 1)", "2018-12-31T23:59:59.9999999Z"}}}},
    {.name = "dayofweek", .summary = "Days since Sunday, as a timespan.", .signatures = "dayofweek(date:datetime) -> timespan",
     .emit = [](SqlCall& c) { return c.value(fmt::format("(({} + 1) % 7 * {})", days_of(c.arg(0)), kDay)); }, .examples = {{{"dayofweek(datetime(2015-12-14))", "1.00:00:00"}}}},
    {.name = "dayofmonth", .summary = "The day's number in its month.", .signatures = "dayofmonth(date:datetime) -> int", .sql = "toInt32(toDayOfMonth({0}))", .examples = {{{"dayofmonth(datetime(2015-12-14))", "14"}}}},
    {.name = "dayofyear", .summary = "The day's number in its year.", .signatures = "dayofyear(date:datetime) -> int", .sql = "toInt32(toDayOfYear({0}))", .examples = {{{"dayofyear(datetime(2015-12-14))", "348"}}}},
    {.name = "hourofday", .summary = "The hour.", .signatures = "hourofday(date:datetime) -> int", .sql = "toInt32(toHour({0}))", .examples = {{{"hourofday(datetime(2015-12-14 18:54))", "18"}}}},
    {.name = "week_of_year", .aliases = "weekofyear", .summary = "The week's number by ISO 8601.", .signatures = "week_of_year(date:datetime) -> int", .sql = "toInt32(toISOWeek({0}))",
     .examples = {{{"week_of_year(datetime(2020-12-31))", "53"}, {"week_of_year(datetime(1970-01-01))", "1"}}}},
    {.name = "monthofyear", .aliases = "getmonth", .summary = "The month's number.", .signatures = "monthofyear(date:datetime) -> int", .sql = "toInt32(toMonth({0}))", .examples = {{{"monthofyear(datetime(2015-12-14))", "12"}}}},
    {.name = "getyear", .summary = "The year.", .signatures = "getyear(date:datetime) -> int", .sql = "toInt32(toYear({0}))", .examples = {{{"getyear(datetime(2015-10-12))", "2015"}}}},
    {.name = "datetime_part", .aliases = "datepart", .summary = "One part of a date: year, quarter, month, week_of_year, day, dayofyear, hour ... nanosecond.",
     .signatures = "datetime_part(part:string=, date:datetime) -> int", .emit = part, .examples = {{{"datetime_part('hour', datetime(2017-10-30 01:02:03.7654321))", "1"}}}},
    {.name = "datetime_add", .summary = "The date plus so many units.", .signatures = "datetime_add(part:string=, amount:integer, date:datetime) -> datetime", .emit = add,
     .examples = {{{"datetime_add('month', 1, datetime(2017-01-31))", "2017-02-28T00:00:00.0000000Z"}, {"datetime_add('day', -1, datetime(2017-01-01))", "2016-12-31T00:00:00.0000000Z"}}}},
    {.name = "datetime_diff", .summary = "How many borders of the unit lie between the second date and the first.", .signatures = "datetime_diff(part:string=, later:datetime, earlier:datetime) -> long", .emit = difference,
     .examples = {{{"datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31))", "17"}, {"datetime_diff('hour', datetime(2017-10-31 01:00), datetime(2017-10-30 23:59))", "2"}}}},
    {.name = "make_datetime", .summary = "A datetime of its parts.", .signatures = "make_datetime(year:number, month:number, day:number, hour:number?, minute:number?, second:number?) -> datetime; make_datetime(value:scalar) -> datetime",
     .naming = ResultName::only_argument, .may_be_null = true, .emit = make_datetime, .examples = {{{"make_datetime(2017, 10, 01, 12, 10, 0.1234567)", "2017-10-01T12:10:00.1234567Z"}, {"make_datetime(2017, 13, 1)", ""}}}},
    {.name = "make_timespan", .summary = "A timespan of its parts.", .signatures = "make_timespan(value:scalar) -> timespan; make_timespan(hours:number, minutes:number, seconds:number?) -> timespan; make_timespan(days:number, hours:number, minutes:number, seconds:number) -> timespan",
     .naming = ResultName::only_argument, .may_be_null = true, .emit = make_timespan, .examples = {{{"make_timespan(1, 12, 30, 55)", "1.12:30:55"}, {"make_timespan(24, 0)", ""}}}},
    {.name = "unixtime_seconds_todatetime", .summary = "Seconds since 1970 as datetime.", .signatures = "unixtime_seconds_todatetime(value:number) -> datetime", .emit = [](SqlCall& c) { return from_unix(c, "10000000", false); },
     .examples = {{{"unixtime_seconds_todatetime(1546300800)", "2019-01-01T00:00:00.0000000Z"}}}},
    {.name = "unixtime_milliseconds_todatetime", .summary = "Milliseconds since 1970 as datetime.", .signatures = "unixtime_milliseconds_todatetime(value:number) -> datetime", .emit = [](SqlCall& c) { return from_unix(c, "10000", false); },
     .examples = {{{"unixtime_milliseconds_todatetime(1546300800000)", "2019-01-01T00:00:00.0000000Z"}}}},
    {.name = "unixtime_microseconds_todatetime", .summary = "Microseconds since 1970 as datetime.", .signatures = "unixtime_microseconds_todatetime(value:number) -> datetime", .emit = [](SqlCall& c) { return from_unix(c, "10", false); },
     .examples = {{{"unixtime_microseconds_todatetime(1546300800000000)", "2019-01-01T00:00:00.0000000Z"}}}},
    {.name = "unixtime_nanoseconds_todatetime", .summary = "Nanoseconds since 1970 as datetime.", .signatures = "unixtime_nanoseconds_todatetime(value:number) -> datetime", .emit = [](SqlCall& c) { return from_unix(c, "", true); },
     .examples = {{{"unixtime_nanoseconds_todatetime(1546300800000000000)", "2019-01-01T00:00:00.0000000Z"}}}},
    {.name = "format_datetime", .summary = "The datetime in a format of d f F h H m M s y t and other characters.", .signatures = "format_datetime(date:datetime, format:string=) -> string", .naming = ResultName::first_argument,
     .emit = [](SqlCall& c) { return format(c, false); }, .examples = {{{"format_datetime(datetime(2017-01-29 09:00:05), 'yy-MM-dd [HH:mm:ss]')", "17-01-29 [09:00:05]"}}}},
    {.name = "format_timespan", .summary = "The timespan in a format of d f F h H m s and other characters.", .signatures = "format_timespan(timespan:timespan, format:string=) -> string", .naming = ResultName::first_argument,
     .emit = [](SqlCall& c) { return format(c, true); }, .examples = {{{"format_timespan(time('29.09:00:05.12345'), 'dd.hh:mm:ss [FF]')", "29.09:00:05 [12]"}}}},
    {.name = "datetime_utc_to_local", .summary = "What the clock shows in a time zone.", .signatures = "datetime_utc_to_local(from:datetime, timezone:string) -> datetime", .may_be_null = true,
     .emit = [](SqlCall& c) { return local(c, false); }, .emits = has_known_zone, .examples = {{{"datetime_utc_to_local(datetime(2022-01-01 00:00), 'Europe/Berlin')", "2022-01-01T01:00:00.0000000Z"}}}},
    {.name = "datetime_local_to_utc", .summary = "The time that a clock's reading in a zone means.", .signatures = "datetime_local_to_utc(from:datetime, timezone:string) -> datetime", .may_be_null = true,
     .emit = [](SqlCall& c) { return local(c, true); }, .emits = has_known_zone, .examples = {{{"datetime_local_to_utc(datetime(2022-07-01 01:00), strcat('America/', 'New_York'))", "2022-07-01T05:00:00.0000000Z"}, {"datetime_local_to_utc(datetime(2022-01-01 01:00), 'Europe/Berlin')", "2022-01-01T00:00:00.0000000Z"}}}},
    {.name = "around", .summary = "Whether the value lies within `delta` of the centre.", .signatures = "around(value:datetime, center:datetime, delta:timespan) -> bool; around(value:scalar, center:scalar, delta:scalar) -> bool",
     .emit = [](SqlCall& c) {
       const auto n = [&](std::size_t i) { return c.type(i) == Type::datetime ? sql::ticks_of(c.arg(i)) : c.arg(i); };
       return c.value(fmt::format("(abs({} - {}) <= {})", n(0), n(1), n(2)));
     },
     .examples = {{{"around(datetime(2021-01-02), datetime(2021-01-01), 1d)", "true"}, {"around(5, 1, 3)", "false"}}}},
};

}  // namespace

std::span<const Function> datetime_functions() { return kFunctions; }

}  // namespace yagura::kql
