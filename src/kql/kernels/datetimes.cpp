// Kernels of dates and times. Datetimes are ticks since 1970, timespans ticks.
// https://learn.microsoft.com/kusto/query/scalar-functions#datetimetimespan-functions
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/time_zone.hpp"

namespace yagura::kql {
namespace {

using Ticks64 = std::int64_t;
using Maybe = std::optional<std::int64_t>;
constexpr Ticks64 kDay = kTicksPerDay;
constexpr Ticks64 kHour = 3600 * kTicksPerSecond;
constexpr Ticks64 kMinute = 60 * kTicksPerSecond;

Maybe in_range(__int128 ticks) {
  if (ticks < kMinTicks || ticks > kMaxTicks) return std::nullopt;
  return static_cast<std::int64_t>(ticks);
}
std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

std::int64_t day_of(Ticks64 t) { return floor_divide(t, kDay); }
// 0 is Sunday.
std::int64_t weekday(Ticks64 t) { return (((day_of(t) + 4) % 7) + 7) % 7; }

Maybe civil(std::int64_t year, std::int64_t month, Ticks64 rest = 0) {
  year += floor_divide(month - 1, 12);
  month = ((month - 1) % 12 + 12) % 12 + 1;
  if (year < 1 || year > 9999) return std::nullopt;
  return in_range(static_cast<__int128>(days_from_civil(year, static_cast<unsigned>(month), 1)) * kDay + rest);
}

enum class Unit : std::uint8_t {
  year,
  quarter,
  month,
  week,
  day,
  hour,
  minute,
  second,
  millisecond,
  microsecond,
  nanosecond,
  none
};
Unit unit_of(std::string_view name) {
  constexpr std::array<std::string_view, 11> kNames = {"year",        "quarter",     "month",     "week",
                                                       "day",         "hour",        "minute",    "second",
                                                       "millisecond", "microsecond", "nanosecond"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (equal_ignoring_ascii_case(name, kNames[i])) return static_cast<Unit>(i);
  }
  return Unit::none;
}
Ticks64 ticks_of(Unit unit) {
  switch (unit) {
    case Unit::week: return 7 * kDay;
    case Unit::day: return kDay;
    case Unit::hour: return kHour;
    case Unit::minute: return kMinute;
    case Unit::second: return kTicksPerSecond;
    case Unit::millisecond: return kTicksPerSecond / 1000;
    case Unit::microsecond: return kTicksPerSecond / 1'000'000;
    default: return 0;
  }
}

Maybe start_of(Ticks64 t, Unit unit, std::int64_t offset) {
  if (offset > 1'000'000'000 || offset < -1'000'000'000) return std::nullopt;
  const auto c = to_civil(t);
  switch (unit) {
    case Unit::year: return civil(c.year + offset, 1);
    case Unit::month: return civil(c.year, static_cast<std::int64_t>(c.month) + offset);
    case Unit::week: return in_range(static_cast<__int128>(day_of(t) - weekday(t) + 7 * offset) * kDay);
    default: return in_range(static_cast<__int128>(day_of(t) + offset) * kDay);
  }
}
Maybe end_of(Ticks64 t, Unit unit, std::int64_t offset) {
  const auto next = start_of(t, unit, offset + 1);
  if (next) return *next - 1;
  // The last unit of time ends with it.
  return start_of(t, unit, offset) ? Maybe(kMaxTicks) : std::nullopt;
}

// Months are added to the calendar: January 31st plus a month is the last of February.
Maybe add_months(Ticks64 t, std::int64_t months) {
  const auto c = to_civil(t);
  const auto first = civil(c.year, static_cast<std::int64_t>(c.month) + months);
  if (!first) return std::nullopt;
  const auto next = civil(c.year, static_cast<std::int64_t>(c.month) + months + 1);
  const std::int64_t days = next ? (*next - *first) / kDay : 31;
  const std::int64_t day = std::min<std::int64_t>(c.day, days) - 1;
  return in_range(static_cast<__int128>(*first) + day * kDay + (t - day_of(t) * kDay));
}
Maybe datetime_add(std::string_view part, std::int64_t amount, Ticks64 t) {
  const auto unit = unit_of(part);
  if (amount > 4'000'000'000'000'000'000 || amount < -4'000'000'000'000'000'000) return std::nullopt;
  switch (unit) {
    case Unit::year: return std::abs(amount) > 20'000 ? std::nullopt : add_months(t, amount * 12);
    case Unit::quarter: return std::abs(amount) > 80'000 ? std::nullopt : add_months(t, amount * 3);
    case Unit::month: return std::abs(amount) > 240'000 ? std::nullopt : add_months(t, amount);
    case Unit::nanosecond: return in_range(static_cast<__int128>(t) + amount / 100);
    case Unit::none: return std::nullopt;
    default: return in_range(static_cast<__int128>(t) + static_cast<__int128>(amount) * ticks_of(unit));
  }
}

// How many boundaries of the unit lie between.
Maybe datetime_diff(std::string_view part, Ticks64 a, Ticks64 b) {
  const auto unit = unit_of(part);
  const auto x = to_civil(a), y = to_civil(b);
  const auto months = [](const CivilTime& c) { return c.year * 12LL + c.month - 1; };
  switch (unit) {
    case Unit::year: return x.year - y.year;
    case Unit::quarter: return floor_divide(months(x), 3) - floor_divide(months(y), 3);
    case Unit::month: return months(x) - months(y);
    case Unit::week: return floor_divide(day_of(a) + 4, 7) - floor_divide(day_of(b) + 4, 7);
    case Unit::nanosecond: return (a - b) * 100;
    case Unit::none: return std::nullopt;
    default: return floor_divide(a, ticks_of(unit)) - floor_divide(b, ticks_of(unit));
  }
}

std::int64_t day_of_year(Ticks64 t) { return day_of(t) - days_from_civil(to_civil(t).year, 1, 1) + 1; }

// ISO 8601: the week that holds the year's first Thursday is the first.
std::int64_t iso_week(Ticks64 t) {
  const auto day = day_of(t);
  const auto thursday = day - (weekday(t) + 6) % 7 + 3;
  const auto year = to_civil(thursday * kDay).year;
  return (thursday - days_from_civil(year, 1, 1)) / 7 + 1;
}

Maybe datetime_part(std::string_view part, Ticks64 t) {
  const auto c = to_civil(t);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return equal_ignoring_ascii_case(part, name); });
  };
  if (is({"year"})) return c.year;
  if (is({"quarter"})) return (c.month - 1) / 3 + 1;
  if (is({"month"})) return c.month;
  if (is({"week_of_year", "weekofyear"})) return iso_week(t);
  if (is({"day"})) return c.day;
  if (is({"dayofyear", "day_of_year"})) return day_of_year(t);
  if (is({"hour"})) return c.hour;
  if (is({"minute"})) return c.minute;
  if (is({"second"})) return c.second;
  if (is({"millisecond"})) return c.ticks / 10'000;
  if (is({"microsecond"})) return c.ticks / 10;
  if (is({"nanosecond"})) return static_cast<std::int64_t>(c.ticks) * 100;
  return std::nullopt;
}

Maybe make_datetime(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour, std::int64_t minute,
                    double second) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || !(second >= 0 && second < 60)) {
    return std::nullopt;
  }
  const auto first = civil(year, month);
  const auto next = civil(year, month + 1);
  const std::int64_t days = next ? (*next - *first) / kDay : 31;
  if (!first || day > days) return std::nullopt;
  const auto ticks = static_cast<std::int64_t>(std::floor(second * kTicksPerSecond + 1e-3));
  return in_range(static_cast<__int128>(*first) + (day - 1) * kDay + hour * kHour + minute * kMinute + ticks);
}

// --- formats: runs of one letter stand for a part; other characters for themselves

std::string format_fraction(std::int64_t ticks, std::size_t digits, bool trim_zeros) {
  std::string text = fmt::format("{:07}", ticks).substr(0, std::min<std::size_t>(digits, 7));
  if (trim_zeros) {
    while (text.ends_with('0')) text.pop_back();
  }
  return text;
}

std::string format_by(std::string_view format, const CivilTime& c, std::int64_t day, bool timespan) {
  std::string out;
  for (std::size_t i = 0; i < format.size();) {
    std::size_t n = 1;
    while (i + n < format.size() && format[i + n] == format[i]) ++n;
    const auto padded = [&](std::int64_t value, std::size_t most) {
      out += fmt::format("{:0{}}", value, std::min(n, most));
    };
    switch (format[i]) {
      case 'y': padded(n <= 2 ? c.year % 100 : c.year, 4); break;
      case 'M': padded(c.month, 2); break;
      case 'd': padded(timespan ? day : c.day, timespan ? 8 : 2); break;
      case 'h': padded(timespan ? c.hour : (c.hour % 12 == 0 ? 12 : c.hour % 12), 2); break;
      case 'H': padded(c.hour, 2); break;
      case 'm': padded(c.minute, 2); break;
      case 's': padded(c.second, 2); break;
      case 'f': out += format_fraction(c.ticks, n, false); break;
      case 'F': out += format_fraction(c.ticks, n, true); break;
      case 't': out += c.hour < 12 ? "AM" : "PM"; break;
      default: out.append(n, format[i]);
    }
    i += n;
  }
  return out;
}
std::string format_datetime_by(Ticks64 t, std::string_view format) { return format_by(format, to_civil(t), 0, false); }
std::string format_timespan_by(Ticks64 t, std::string_view format) {
  const auto size = t < 0 ? 0 - static_cast<std::uint64_t>(t) : static_cast<std::uint64_t>(t);
  const auto days = static_cast<std::int64_t>(size / static_cast<std::uint64_t>(kDay));
  const auto rest = static_cast<std::int64_t>(size % static_cast<std::uint64_t>(kDay));
  const CivilTime c{.hour = static_cast<unsigned>(rest / kHour),
                    .minute = static_cast<unsigned>(rest / kMinute % 60),
                    .second = static_cast<unsigned>(rest / kTicksPerSecond % 60),
                    .ticks = static_cast<unsigned>(rest % kTicksPerSecond)};
  return format_by(format, c, days, true);  // as in .NET: no sign
}

// --- time zones of the IANA database

Maybe shift_zone(Ticks64 t, std::string_view zone, bool to_local) {
  // The C library converts by the process's zone only, so the offset comes from zone files read here.
  const auto offset = zone_offset_seconds(zone, t, to_local);
  if (!offset) return std::nullopt;
  return in_range(static_cast<__int128>(t) + (to_local ? 1 : -1) * static_cast<__int128>(*offset) * kTicksPerSecond);
}

Maybe from_unix(double value, double ticks_per_unit) {
  const double ticks = std::round(value * ticks_per_unit);
  if (!(std::fabs(ticks) < 9e18)) return std::nullopt;
  return in_range(static_cast<__int128>(ticks));
}
template <std::int64_t multiply, std::int64_t divide>
void from_unix_rows(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
    } else if (call[0].type() == Type::int32 || call[0].type() == Type::int64) {
      call.put(in_range(static_cast<__int128>(call[0].integer(row)) * multiply / divide));
    } else {
      call.put(from_unix(call[0].real(row), static_cast<double>(multiply) / static_cast<double>(divide)));
    }
  }
}

template <Unit unit, bool end>
void boundary(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto offset = call.size() > 1 ? call[1].integer(row) : 0;
    call.put(end ? end_of(call[0].integer(row), unit, offset) : start_of(call[0].integer(row), unit, offset));
  }
}

void make_datetime_rows(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const auto part = [&](std::size_t i, std::int64_t otherwise) {
      return i < call.size() ? call[i].integer(row) : otherwise;
    };
    if (call.size() == 1) {  // a datetime, its text, or ticks
      const Type type = call[0].type();
      if (type == Type::string || type == Type::dynamic) {
        call.put(datetime_from_text(text_of(call[0], row, call.arena)));
      } else if (type == Type::datetime) {
        call.put(call[0].integer(row));
      } else {
        const auto ticks = type == Type::real || type == Type::decimal ? long_from_real(call[0].real(row)) : std::optional(call[0].integer(row));
        call.put(ticks ? in_range(static_cast<__int128>(*ticks) - kTicksOf1970) : std::nullopt);
      }
      continue;
    }
    call.put(make_datetime(part(0, 1), part(1, 1), part(2, 1), part(3, 0), part(4, 0),
                           call.size() > 5 ? call[5].real(row) : 0));
  }
}
// (hours, minutes), (hours, minutes, seconds), (days, hours, minutes, seconds)
void make_timespan_rows(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    if (call.size() == 1) {  // a timespan, its text, or ticks
      const Type type = call[0].type();
      if (type == Type::string || type == Type::dynamic) {
        call.put(timespan_from_text(text_of(call[0], row, call.arena)));
      } else if (type == Type::real || type == Type::decimal) {
        call.put(long_from_real(call[0].real(row)));
      } else {
        call.put(call[0].integer(row));
      }
      continue;
    }
    std::size_t at = 0;
    const auto days = call.size() == 4 ? call[at++].integer(row) : 0;
    const auto hours = call[at++].integer(row);
    const auto minutes = at < call.size() ? call[at++].integer(row) : 0;
    const double seconds = at < call.size() ? call[at].real(row) : 0;
    if (days < 0 || days > 10'000'000 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ||
        !(seconds >= 0 && seconds < 60)) {
      call.put_null();
      continue;
    }
    call.put(days * kDay + hours * kHour + minutes * kMinute +
             static_cast<std::int64_t>(std::floor(seconds * kTicksPerSecond + 1e-3)));
  }
}

void list_timezones(KernelCall& call) {
  std::string out = "[";
  for (const auto& name : zone_names()) {
    if (out.size() > 1) out += ',';
    json::append_quoted(out, name);
  }
  for (std::size_t row = 0; row < call.rows; ++row) call.put(Json{call.arena.copy(out + "]")});
}

constexpr Kernel kKernels[] = {
    {"datetime_list_timezones", list_timezones},
    {"startofday", boundary<Unit::day, false>},
    {"startofweek", boundary<Unit::week, false>},
    {"startofmonth", boundary<Unit::month, false>},
    {"startofyear", boundary<Unit::year, false>},
    {"endofday", boundary<Unit::day, true>},
    {"endofweek", boundary<Unit::week, true>},
    {"endofmonth", boundary<Unit::month, true>},
    {"endofyear", boundary<Unit::year, true>},
    {"datetime_add",
     kernel_rows<[](std::string_view part, std::int64_t n, std::int64_t t) { return datetime_add(part, n, t); }>},
    {"datetime_diff",
     kernel_rows<[](std::string_view part, std::int64_t a, std::int64_t b) { return datetime_diff(part, a, b); }>},
    {"datetime_part", kernel_rows<[](std::string_view part, std::int64_t t) { return datetime_part(part, t); }>},
    {"dayofweek", kernel_rows<[](std::int64_t t) { return weekday(t) * kDay; }>},
    {"dayofmonth", kernel_rows<[](std::int64_t t) { return static_cast<std::int64_t>(to_civil(t).day); }>},
    {"dayofyear", kernel_rows<[](std::int64_t t) { return day_of_year(t); }>},
    {"week_of_year", kernel_rows<[](std::int64_t t) { return iso_week(t); }>},
    {"monthofyear", kernel_rows<[](std::int64_t t) { return static_cast<std::int64_t>(to_civil(t).month); }>},
    {"getmonth", kernel_rows<[](std::int64_t t) { return static_cast<std::int64_t>(to_civil(t).month); }>},
    {"getyear", kernel_rows<[](std::int64_t t) { return static_cast<std::int64_t>(to_civil(t).year); }>},
    {"hourofday", kernel_rows<[](std::int64_t t) { return static_cast<std::int64_t>(to_civil(t).hour); }>},
    {"format_datetime",
     kernel_rows<[](std::int64_t t, std::string_view format) { return format_datetime_by(t, format); }>},
    {"format_timespan",
     kernel_rows<[](std::int64_t t, std::string_view format) { return format_timespan_by(t, format); }>},
    {"make_datetime", make_datetime_rows},
    {"make_timespan", make_timespan_rows},
    {"unixtime_seconds_todatetime", from_unix_rows<10'000'000, 1>},
    {"unixtime_milliseconds_todatetime", from_unix_rows<10'000, 1>},
    {"unixtime_microseconds_todatetime", from_unix_rows<10, 1>},
    {"unixtime_nanoseconds_todatetime", from_unix_rows<1, 100>},
    {"datetime_utc_to_local",
     kernel_rows<[](std::int64_t t, std::string_view zone) { return shift_zone(t, zone, true); }>},
    {"datetime_local_to_utc",
     kernel_rows<[](std::int64_t t, std::string_view zone) { return shift_zone(t, zone, false); }>},
};

}  // namespace

std::span<const Kernel> datetime_kernels() { return kKernels; }

}  // namespace yagura::kql
