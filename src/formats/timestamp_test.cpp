#include "formats/timestamp.hpp"

#include <gtest/gtest.h>

#include "formats/event_time.hpp"

namespace yagura::formats {
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

TEST(EventTimes, TellSecondsFromNanosecondsByMagnitude) {
  for (const std::string_view text :
       {"1433160000", "1433160000000", "1433160000000000", "1433160000000000000", "1433160000.000"}) {
    const auto time = parse_event_time(text, {});
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_datetime(time->time_since_epoch().count()), "2015-06-01T12:00:00.0000000Z") << text;
  }
  EXPECT_FALSE(parse_event_time("12345", {}));
  EXPECT_FALSE(parse_event_time("yesterday", {}));
}

}  // namespace
}  // namespace yagura::formats
