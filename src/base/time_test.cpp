#include "base/time.hpp"

#include <gtest/gtest.h>

namespace yagura {
namespace {

struct DatetimeRow {
  const char* text;
  const char* canonical;  // nullptr: refused
};

class Iso8601 : public ::testing::TestWithParam<DatetimeRow> {};

TEST_P(Iso8601, ReadsWhatTheStandardsAllow) {
  const auto ticks = parse_iso8601(GetParam().text);
  if (GetParam().canonical == nullptr) {
    EXPECT_FALSE(ticks) << GetParam().text << " was read as " << format_datetime(*ticks);
    return;
  }
  ASSERT_TRUE(ticks) << GetParam().text;
  EXPECT_EQ(format_datetime(*ticks), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(Rows, Iso8601, ::testing::ValuesIn(std::vector<DatetimeRow>{
    {"2026-01-12T10:23:45Z", "2026-01-12T10:23:45.0000000Z"},
    {"2026-01-12 10:23:45", "2026-01-12T10:23:45.0000000Z"},
    {"2026-01-12", "2026-01-12T00:00:00.0000000Z"},
    {"2026-01-12T10:23", "2026-01-12T10:23:00.0000000Z"},
    {"2026-01-12T10:23:45.123456789Z", "2026-01-12T10:23:45.1234567Z"},
    {"2026-01-12T10:23:45,5Z", "2026-01-12T10:23:45.5000000Z"},
    {"2026-01-12T10:23:45+09:00", "2026-01-12T01:23:45.0000000Z"},
    {"2026-01-12T10:23:45-0330", "2026-01-12T13:53:45.0000000Z"},
    {"2026-01-12T10:23:45+09", "2026-01-12T01:23:45.0000000Z"},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z"},
    {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
    {"2024-02-29", "2024-02-29T00:00:00.0000000Z"},
    {"1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.9000000Z"},
    {"2023-02-29", nullptr},
    {"0000-01-01", nullptr},
    {"2026-13-01", nullptr},
    {"2026-01-12T24:00:00Z", nullptr},
    {"2026-01-12T10:23:45.Z", nullptr},
    {"2026-01-12T10:23:45Zx", nullptr},
    {"2026-01-12T10", nullptr},
    {"0001-01-01T00:00:00+01:00", nullptr},
    {"", nullptr},
}));

TEST(Time, CivilTimeRoundTripsOverTheWholeRange) {
  for (std::int64_t ticks = kMinTicks; ticks < kMaxTicks - 7'777'777'777'777'777; ticks += 7'777'777'777'777'777)
    EXPECT_EQ(from_civil(to_civil(ticks)), ticks);
  EXPECT_EQ(from_civil(to_civil(kMaxTicks)), kMaxTicks);
}

TEST(Time, DurationsNameTheirUnits) {
  EXPECT_EQ(*parse_duration("90s"), 90s);
  EXPECT_EQ(*parse_duration("1.5h"), 90min);
  EXPECT_EQ(*parse_duration("200ms"), 200ms);
  EXPECT_EQ(format_duration(*parse_duration("2d")), "2d");
  const auto refused = parse_duration("5 parsecs");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("expected a number and ms, s, m, h or d"), std::string::npos);
}

TEST(Time, ADeadlineThatNeverComesNeverPasses) {
  EXPECT_FALSE(Deadline::never().passed());
  EXPECT_TRUE(Deadline::in(0ms).passed());
  EXPECT_EQ(Deadline::in(-5ms).left(), 0ms);
}

}  // namespace
}  // namespace yagura
