// Timestamps as log headers write them.
//
// Understood at the beginning of a text:
//   Oct 11 22:14:15            RFC 3164; also a day of one digit, one blank or a zero before it
//   Oct 11 2024 22:14:15       Cisco ASA; also the year after the time
//   2024 Oct 11 22:14:15       Cisco NX-OS
//   Fri Oct 11 22:14:15 2024   ctime
//   11 Oct 2024 22:14:15       also with '-' or '/' between, as 11/Oct/2024:22:14:15 of web servers
//   2024-10-11T22:14:15Z       ISO 8601; also '/' for '-', a blank for 'T'
// each with a fraction (after '.', ',' or ':') and a zone: Z, +09:00, +0900, or a name such as CEST.
//
// Stateless, any thread. Never fails loudly: what is no timestamp gives nullopt.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace yagura {

// What the text of a timestamp leaves open.
struct TimeContext {
  ReceiveTime received_at{};           // no year in the text: the year that brings it nearest to this
  std::chrono::minutes utc_offset{0};  // no zone in the text
};

struct ParsedTime {
  EventTime time;
  std::size_t size = 0;  // how many characters it took
  bool has_year = true;
  bool has_zone = false;
};

std::optional<ParsedTime> parse_timestamp(std::string_view text, const TimeContext& context);

// By a format, for devices whose numbers alone do not tell day from month. %Y %y %m %d %b (month's name) %e (day, one
// digit or blank) %H %I %M %S %p (AM/PM) %f (fraction) %z (offset, Z or name) %s (seconds since 1970) %% and, for
// anything else, itself; a blank stands for one or more. The whole text must match.
std::optional<EventTime> parse_timestamp_as(std::string_view text, std::string_view format, const TimeContext& context);

// Minutes east of UTC of a zone's name ("CET", "PDT"), nullopt when we do not know it or it is ambiguous.
std::optional<int> zone_minutes(std::string_view name);
// 1..12 of "Jan".. or a full English name in any case; 0 when it is none.
unsigned month_of_name(std::string_view name);

}  // namespace yagura
