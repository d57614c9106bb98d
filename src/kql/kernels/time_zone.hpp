// Offsets of IANA time zones, from the system's zone files (RFC 8536, /usr/share/zoneinfo).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::kql {

// Seconds east of UTC at a time (ticks since 1970) that is UTC, or the zone's own when `utc` is false. Nothing for a
// zone that is none. Files are read once; any thread.
std::optional<std::int64_t> zone_offset_seconds(std::string_view zone, std::int64_t ticks, bool utc);

// The names of all zones, in order.
std::vector<std::string> zone_names();

}  // namespace yagura::kql
