#include "event/event_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"

namespace yagura::event {

namespace {

// Digits, then a fraction: exact, where a double would lose the 100 ns.
std::optional<EventTime> parse_epoch(std::string_view text) {
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && digits < 19 && is_ascii_digit(text[digits]))
    number = number * 10 + static_cast<unsigned>(text[digits++] - '0');
  if (digits < 9 || number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(number);
  std::string_view fraction;
  if (digits < text.size()) {
    if (text[digits] != '.' && text[digits] != ',') return std::nullopt;
    fraction = text.substr(digits + 1);
    for (const char c : fraction)
      if (!is_ascii_digit(c)) return std::nullopt;
  }
  std::int64_t unit = 0;
  if (digits <= 11)
    unit = kTicksPerSecond;
  else if (digits <= 14)
    unit = kTicksPerSecond / 1000;
  else if (digits <= 17)
    unit = kTicksPerSecond / 1'000'000;
  else
    return event_time(whole / 100);
  if (whole > kMaxTicks / unit) return std::nullopt;
  std::int64_t ticks = whole * unit;
  for (const char c : fraction) {
    unit /= 10;
    ticks += unit * (c - '0');
  }
  return event_time(ticks);
}

}  // namespace

std::optional<EventTime> parse_event_time(std::string_view text, const TimeContext& context) {
  text = trim(text);
  if (text.size() < 9 || text.size() > 64) return std::nullopt;
  if (text.size() == 10 && text[4] == '-') {  // a date alone: its midnight
    if (const auto ticks = parse_iso8601(text)) return event_time(*ticks);
    return std::nullopt;
  }
  if (const auto epoch = parse_epoch(text)) return epoch;
  const auto time = parse_timestamp(text, context);
  if (!time || time->size != text.size()) return std::nullopt;
  return time->time;
}

std::optional<EventTime> event_time_of_number(double number) {
  if (!std::isfinite(number) || number < 1e8 || number >= 9e18) return std::nullopt;
  double unit = kTicksPerSecond;
  if (number >= 1e17)
    unit = 0.01;
  else if (number >= 1e14)
    unit = 10;
  else if (number >= 1e11)
    unit = 10'000;
  const double ticks = number * unit;
  if (ticks > static_cast<double>(kMaxTicks)) return std::nullopt;
  // A double holds seconds of our days to a quarter of a microsecond: what is finer is noise.
  if (unit == kTicksPerSecond) return event_time(std::llround(number * 1e6) * 10);
  return event_time(static_cast<std::int64_t>(std::llround(ticks)));
}

std::optional<EventTime> event_time_of(const Value& value, const TimeContext& context) {
  switch (value.kind()) {
    case Value::Kind::string: return parse_event_time(value.as_string(), context);
    case Value::Kind::int64:
      return value.as_int64() < 0 ? std::nullopt : parse_epoch(fmt::format_int(value.as_int64()).c_str());
    case Value::Kind::real: return event_time_of_number(value.as_real());
    default: return std::nullopt;
  }
}

void take_time_from(std::span<const FieldId> candidates, RecordBatch& batch) {
  auto& record = batch.current();
  const TimeContext context{record.origin.received_at, std::chrono::minutes(0)};
  const auto fields = batch.current_fields();
  // Candidates are interned together, so most fields are told apart by one comparison.
  constexpr std::size_t kNone = static_cast<std::size_t>(-1), kMost = 32;
  std::array<std::size_t, kMost> last;
  last.fill(kNone);
  candidates = candidates.first(std::min(candidates.size(), kMost));
  if (candidates.empty()) return;
  const auto [low, high] = std::ranges::minmax(candidates);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id < low || fields[i].id > high) continue;
    for (std::size_t k = 0; k < candidates.size(); ++k)
      if (fields[i].id == candidates[k]) last[k] = i;
  }
  for (const auto i : std::span(last).first(candidates.size())) {
    if (i == kNone) continue;
    if (const auto time = event_time_of(fields[i].value, context)) {
      record.time = *time;
      record.has_own_time = true;
      return;
    }
  }
}

}  // namespace yagura::event
