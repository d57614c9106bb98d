#include "serve/timespan.hpp"

#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::serve {

std::optional<std::int64_t> parse_iso8601_duration(std::string_view text) {
  bool negative = false;
  if (text.starts_with('-')) {
    negative = true;
    text.remove_prefix(1);
  }
  if (!text.starts_with('P')) return std::nullopt;
  text.remove_prefix(1);
  bool in_time = false, any = false;
  std::size_t last_unit = 0;
  double seconds = 0;
  while (!text.empty()) {
    if (text.front() == 'T') {
      if (in_time) return std::nullopt;
      in_time = true;
      last_unit = 0;
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
      continue;
    }
    std::size_t digits = 0;
    while (digits < text.size() && (is_ascii_digit(text[digits]) || text[digits] == '.' || text[digits] == ','))
      ++digits;
    if (digits == 0 || digits > 20 || digits == text.size()) return std::nullopt;
    std::string number(text.substr(0, digits));
    if (const auto comma = number.find(','); comma != std::string::npos) number[comma] = '.';
    const auto amount = parse_double(number);
    if (!amount) return std::nullopt;
    static constexpr std::string_view kDateUnits = "YMWD", kTimeUnits = "HMS";
    static constexpr double kDateSeconds[] = {365 * 86400.0, 30 * 86400.0, 7 * 86400.0, 86400.0};
    static constexpr double kTimeSeconds[] = {3600, 60, 1};
    const auto unit = (in_time ? kTimeUnits : kDateUnits).find(text[digits]);
    // Units stand in this order, each at most once.
    if (unit == std::string_view::npos || unit + 1 <= last_unit) return std::nullopt;
    last_unit = unit + 1;
    seconds += *amount * (in_time ? kTimeSeconds[unit] : kDateSeconds[unit]);
    any = true;
    text.remove_prefix(digits + 1);
  }
  if (!any || !(seconds < 4e11)) return std::nullopt;
  const auto ticks = static_cast<std::int64_t>(std::llround(seconds * static_cast<double>(kTicksPerSecond)));
  return negative ? -ticks : ticks;
}

Result<TimeRange> parse_timespan(std::string_view text, std::int64_t now_ticks) {
  text = trim(text);
  TimeRange range;
  if (text.empty()) return range;
  const auto wrong = [&] {
    return fail(ErrorKind::invalid_input,
                "the timespan '{}' is neither an ISO 8601 duration (PT1H, P1D) nor an interval (start/end, start/P1D)",
                text.substr(0, 100));
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    const auto duration = parse_iso8601_duration(text);
    if (!duration || *duration < 0) return wrong();
    range.from_ticks = now_ticks - *duration;
    range.to_ticks = now_ticks;
    return range;
  }
  const std::string_view left = text.substr(0, slash), right = text.substr(slash + 1);
  const auto start = parse_iso8601(left), end = parse_iso8601(right);
  const auto before = start ? std::nullopt : parse_iso8601_duration(left);
  const auto after = end ? std::nullopt : parse_iso8601_duration(right);
  if (start && end)
    range = {*start, *end};
  else if (start && after)
    range = {*start, *start + *after};
  else if (before && end)
    range = {*end - *before, *end};
  else
    return wrong();
  if (*range.from_ticks > *range.to_ticks)
    return fail(ErrorKind::invalid_input, "the timespan '{}' ends before it begins", text.substr(0, 100));
  return range;
}

}  // namespace yagura::serve
