// Time in KQL's unit, and clocks that cannot be mixed up.
//
// Ticks are 100 ns. A time is a count of ticks since 1970-01-01T00:00:00Z, so the whole KQL range
// (0001-01-01 .. 9999-12-31T23:59:59.9999999) fits. EventTime is what a sender claims; ReceiveTime is what
// this machine saw: comparing them takes an explicit conversion.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura {

using namespace std::chrono_literals;

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;

struct EventClock {
  using duration = Ticks;
  using rep = Ticks::rep;
  using period = Ticks::period;
  using time_point = std::chrono::time_point<EventClock, Ticks>;
  static constexpr bool is_steady = false;
};
struct ReceiveClock {
  using duration = Ticks;
  using rep = Ticks::rep;
  using period = Ticks::period;
  using time_point = std::chrono::time_point<ReceiveClock, Ticks>;
  static constexpr bool is_steady = false;
  static time_point now();  // the machine's wall clock
};
using EventTime = EventClock::time_point;
using ReceiveTime = ReceiveClock::time_point;

constexpr EventTime event_time(std::int64_t ticks_since_1970) { return EventTime(Ticks(ticks_since_1970)); }
constexpr ReceiveTime receive_time(std::int64_t ticks_since_1970) { return ReceiveTime(Ticks(ticks_since_1970)); }
// For events that carry no time of their own.
constexpr EventTime assume_event_time(ReceiveTime received) { return EventTime(received.time_since_epoch()); }

inline constexpr std::int64_t kTicksPerSecond = 10'000'000;
inline constexpr std::int64_t kTicksPerDay = 86'400 * kTicksPerSecond;
inline constexpr std::int64_t kMinTicks = -621'355'968'000'000'000;   // 0001-01-01T00:00:00
inline constexpr std::int64_t kMaxTicks = 2'534'023'007'999'999'999;   // 9999-12-31T23:59:59.9999999

// Days since 1970-01-01 of a proleptic Gregorian date; month 1..12.
constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const unsigned yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

struct CivilTime {
  int year = 1970;
  unsigned month = 1, day = 1, hour = 0, minute = 0, second = 0;
  unsigned ticks = 0;  // 100 ns units within the second, 0..9,999,999
};
CivilTime to_civil(std::int64_t ticks_since_1970);
std::int64_t from_civil(const CivilTime& civil);

// "2026-01-12T10:23:45.0000000Z", as Kusto prints a datetime.
std::string format_datetime(std::int64_t ticks_since_1970);
void append_datetime(std::string& out, std::int64_t ticks_since_1970);

// ISO 8601 / RFC 3339 date-times: date, then optionally T or blank and hh:mm[:ss[.f+]], then Z or +hh[:]mm.
// No zone means UTC. Excess fraction digits are cut. nullopt when it is anything else.
std::optional<std::int64_t> parse_iso8601(std::string_view text);

// "5m", "1.5h", "200ms", "2d", "90s" for settings; errors name the units.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

// Until when a call may wait; travels with the call. Default: for ever.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  Deadline() = default;
  static Deadline in(std::chrono::milliseconds wait) { return Deadline(Clock::now() + wait); }
  static Deadline never() { return {}; }
  bool passed() const { return at_ != Clock::time_point::max() && Clock::now() >= at_; }
  bool is_never() const { return at_ == Clock::time_point::max(); }
  Clock::time_point at() const { return at_; }
  // What is left, never negative; a day for a deadline that never comes.
  std::chrono::milliseconds left() const;

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace yagura
