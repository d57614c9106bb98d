#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace yagura {

ReceiveClock::time_point ReceiveClock::now() {
  return time_point(std::chrono::duration_cast<Ticks>(std::chrono::system_clock::now().time_since_epoch()));
}

CivilTime to_civil(std::int64_t ticks) {
  std::int64_t days = ticks / kTicksPerDay;
  std::int64_t rest = ticks % kTicksPerDay;
  if (rest < 0) {
    rest += kTicksPerDay;
    --days;
  }
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  CivilTime civil;
  civil.day = doy - (153 * mp + 2) / 5 + 1;
  civil.month = mp < 10 ? mp + 3 : mp - 9;
  civil.year = static_cast<int>(static_cast<std::int64_t>(yoe) + era * 400 + (civil.month <= 2));
  const auto seconds = static_cast<unsigned>(rest / kTicksPerSecond);
  civil.ticks = static_cast<unsigned>(rest % kTicksPerSecond);
  civil.hour = seconds / 3600;
  civil.minute = seconds / 60 % 60;
  civil.second = seconds % 60;
  return civil;
}

std::int64_t from_civil(const CivilTime& c) {
  return days_from_civil(c.year, c.month, c.day) * kTicksPerDay +
         (static_cast<std::int64_t>(c.hour) * 3600 + c.minute * 60 + c.second) * kTicksPerSecond + c.ticks;
}

void append_datetime(std::string& out, std::int64_t ticks) {
  const CivilTime c = to_civil(ticks);
  std::array<char, 28> text{};
  const auto put = [&](std::size_t at, unsigned value, std::size_t digits) {
    for (std::size_t i = digits; i-- > 0; value /= 10) text[at + i] = static_cast<char>('0' + value % 10);
  };
  put(0, static_cast<unsigned>(c.year), 4);
  text[4] = '-';
  put(5, c.month, 2);
  text[7] = '-';
  put(8, c.day, 2);
  text[10] = 'T';
  put(11, c.hour, 2);
  text[13] = ':';
  put(14, c.minute, 2);
  text[16] = ':';
  put(17, c.second, 2);
  text[19] = '.';
  put(20, c.ticks, 7);
  text[27] = 'Z';
  out.append(text.data(), text.size());
}

std::string format_datetime(std::int64_t ticks) {
  std::string out;
  append_datetime(out, ticks);
  return out;
}

namespace {

// Reads exactly `digits` decimal digits at `at`; advances.
std::optional<unsigned> read_digits(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  at += digits;
  return value;
}

bool skip(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

}  // namespace

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  std::size_t at = 0;
  CivilTime c;
  const auto year = read_digits(text, at, 4);
  if (!year || *year == 0 || !skip(text, at, '-')) return std::nullopt;
  const auto month = read_digits(text, at, 2);
  if (!month || *month < 1 || *month > 12 || !skip(text, at, '-')) return std::nullopt;
  const auto day = read_digits(text, at, 2);
  c.year = static_cast<int>(*year);
  c.month = *month;
  if (!day || *day < 1 || *day > days_in_month(c.year, c.month)) return std::nullopt;
  c.day = *day;
  if (at == text.size()) return from_civil(c);

  if (!skip(text, at, 'T') && !skip(text, at, 't') && !skip(text, at, ' ')) return std::nullopt;
  const auto hour = read_digits(text, at, 2);
  if (!hour || *hour > 23 || !skip(text, at, ':')) return std::nullopt;
  const auto minute = read_digits(text, at, 2);
  if (!minute || *minute > 59) return std::nullopt;
  c.hour = *hour;
  c.minute = *minute;
  if (skip(text, at, ':')) {
    const auto second = read_digits(text, at, 2);
    if (!second || *second > 60) return std::nullopt;  // 60: a leap second, RFC 3339 section 5.7
    c.second = *second;
    if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
      ++at;
      const std::size_t first = at;
      unsigned scale = 1'000'000;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        c.ticks += static_cast<unsigned>(text[at] - '0') * scale;
        scale /= 10;
        ++at;
      }
      if (at == first) return std::nullopt;
    }
  }
  std::int64_t ticks = from_civil(c);
  while (at < text.size() && text[at] == ' ') ++at;
  if (at == text.size()) return ticks;
  if ((text[at] == 'Z' || text[at] == 'z') && at + 1 == text.size()) return ticks;
  if (text[at] != '+' && text[at] != '-') return std::nullopt;
  const bool east = text[at++] == '+';
  const auto zone_hours = read_digits(text, at, 2);
  if (!zone_hours || *zone_hours > 23) return std::nullopt;
  unsigned zone_minutes = 0;
  if (at < text.size()) {
    skip(text, at, ':');
    const auto minutes = read_digits(text, at, 2);
    if (!minutes || *minutes > 59) return std::nullopt;
    zone_minutes = *minutes;
  }
  if (at != text.size()) return std::nullopt;
  const std::int64_t offset = (static_cast<std::int64_t>(*zone_hours) * 60 + zone_minutes) * 60 * kTicksPerSecond;
  ticks += east ? -offset : offset;
  if (ticks < kMinTicks || ticks > kMaxTicks) return std::nullopt;
  return ticks;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  constexpr std::array<std::pair<std::string_view, double>, 5> units{
      {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
  if (error == std::errc{} && number >= 0 && std::isfinite(number)) {
    for (const auto& [name, factor] : units)
      if (unit == name && number * factor < 9e15) return std::chrono::milliseconds(static_cast<std::int64_t>(number * factor));
  }
  return fail(ErrorKind::invalid_input, "'{}' is not a duration; expected a number and ms, s, m, h or d, such as 30s", text);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count % 86'400'000 == 0 && count != 0) return fmt::format("{}d", count / 86'400'000);
  if (count % 3'600'000 == 0 && count != 0) return fmt::format("{}h", count / 3'600'000);
  if (count % 60'000 == 0 && count != 0) return fmt::format("{}m", count / 60'000);
  if (count % 1000 == 0) return fmt::format("{}s", count / 1000);
  return fmt::format("{}ms", count);
}

std::chrono::milliseconds Deadline::left() const {
  if (is_never()) return std::chrono::hours(24);
  const auto now = Clock::now();
  if (now >= at_) return 0ms;
  return std::chrono::ceil<std::chrono::milliseconds>(at_ - now);
}

}  // namespace yagura
