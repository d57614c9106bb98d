#include "base/timestamp.hpp"

#include <gtest/gtest.h>

namespace yagura {
namespace {

struct TimeCase {
  std::string_view text;
  std::string_view expected;  // "" for none
  std::string_view rest = "";
};
void PrintTo(const TimeCase& c, std::ostream* out) { *out << c.text; }

class Timestamps : public ::testing::TestWithParam<TimeCase> {};

TEST_P(Timestamps, ReadAsWritten) {
  const auto& c = GetParam();
  const TimeContext context{receive_time(*parse_iso8601("2026-11-22T08:00:00Z")), std::chrono::minutes(0)};
  const auto time = parse_timestamp(c.text, context);
  EXPECT_EQ(time ? format_datetime(time->time.time_since_epoch().count()) : "", c.expected);
  if (time) {
    EXPECT_EQ(c.text.substr(time->size), c.rest);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Dialects, Timestamps,
    ::testing::Values(TimeCase{"Oct 11 22:14:15 host", "2026-10-11T22:14:15.0000000Z", " host"},
                      TimeCase{"Oct  1 02:14:15", "2026-10-01T02:14:15.0000000Z"},
                      TimeCase{"Dec 31 23:59:59", "2026-12-31T23:59:59.0000000Z"},
                      TimeCase{"Jan  1 00:00:00", "2027-01-01T00:00:00.0000000Z"},
                      TimeCase{"Oct 11 2024 22:14:15: %ASA", "2024-10-11T22:14:15.0000000Z", ": %ASA"},
                      TimeCase{"2024 Oct 11 22:14:15 CEST:", "2024-10-11T20:14:15.0000000Z", ":"},
                      TimeCase{"Oct 11 22:14:15.123 UTC: %SYS", "2026-10-11T22:14:15.1230000Z", ": %SYS"},
                      TimeCase{"Fri Oct 11 22:14:15 2024 x", "2024-10-11T22:14:15.0000000Z", " x"},
                      TimeCase{"Fri, 11 Oct 2024 22:14:15 +0200", "2024-10-11T20:14:15.0000000Z"},
                      TimeCase{"11/Oct/2024:22:14:15 -0700]", "2024-10-12T05:14:15.0000000Z", "]"},
                      TimeCase{"déc. 01 2022 13:40:34 GMT", "2022-12-01T13:40:34.0000000Z"}, TimeCase{"juil. 14 2022 13:40:34", "2022-07-14T13:40:34.0000000Z"},
        TimeCase{"14 September 2022 13:40:34", "2022-09-14T13:40:34.0000000Z"}, TimeCase{"Jan 17 2019 03:38:06 GMT+02:00", "2019-01-17T01:38:06.0000000Z"},
        TimeCase{"2024-10-11T22:14:15.1234567891Z h", "2024-10-11T22:14:15.1234567Z", " h"},
                      TimeCase{"2024-10-11 22:14:15,5", "2024-10-11T22:14:15.5000000Z"},
                      TimeCase{"2024/10/11 22:14:15", "2024-10-11T22:14:15.0000000Z"},
                      TimeCase{"2024-10-11T22:14:15+05:30", "2024-10-11T16:44:15.0000000Z"},
                      TimeCase{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000Z"}, TimeCase{"Feb 30 00:00:00", ""},
                      TimeCase{"2024-13-01T00:00:00Z", ""}, TimeCase{"2024-01-01T25:00:00Z", ""},
                      TimeCase{"Oct 11 22:14", ""}, TimeCase{"October fest", ""}, TimeCase{"12:00:00", ""},
                      TimeCase{"", ""}, TimeCase{"Oct", ""}));

TEST(Timestamps, TakeTheNearestLeapYearForTheLeapDay) {
  const TimeContext context{receive_time(*parse_iso8601("2025-03-01T00:00:10Z")), std::chrono::minutes(0)};
  const auto time = parse_timestamp("Feb 29 23:59:59", context);
  ASSERT_TRUE(time);
  EXPECT_EQ(format_datetime(time->time.time_since_epoch().count()), "2024-02-29T23:59:59.0000000Z");
}

TEST(Timestamps, FollowAFormat) {
  const auto text = [](std::string_view value, std::string_view format) {
    const auto time = parse_timestamp_as(value, format, {});
    return time ? format_datetime(time->time_since_epoch().count()) : "";
  };
  EXPECT_EQ(text("03/04/2024 11:05:06 PM", "%d/%m/%Y %I:%M:%S %p"), "2024-04-03T23:05:06.0000000Z");
  EXPECT_EQ(text("3/4/24,11:05:06", "%m/%d/%y,%H:%M:%S"), "2024-03-04T11:05:06.0000000Z");
  EXPECT_EQ(text("20240304T110506.25+0200", "%Y%m%dT%H%M%S.%f%z"), "2024-03-04T09:05:06.2500000Z");
  EXPECT_EQ(text("1763798400.5", "%s.%f"), "2025-11-22T08:00:00.5000000Z");
  EXPECT_EQ(text("31/02/2024 00:00:00", "%d/%m/%Y %H:%M:%S"), "");
  EXPECT_EQ(text("03/04/2024 x", "%d/%m/%Y"), "");
}

}  // namespace
}  // namespace yagura
