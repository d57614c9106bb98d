// The Log Analytics API's `timespan`: an ISO 8601 duration or interval.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace yagura::serve {

struct TimeRange {
  std::optional<std::int64_t> from_ticks, to_ticks;
};

// "P1D", "PT3600.0S" (until now), "start/end", "start/P1D", "P1D/end"; "" is no limit. A year counts as 365 days, a
// month as 30, as in .NET.
Result<TimeRange> parse_timespan(std::string_view text, std::int64_t now_ticks);

// ISO 8601 duration; nullopt when it is none or does not fit.
std::optional<std::int64_t> parse_iso8601_duration(std::string_view text);

}  // namespace yagura::serve
