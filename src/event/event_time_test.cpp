#include "event/event_time.hpp"

#include <gtest/gtest.h>

namespace yagura::event {
namespace {

TEST(EventTimes, TellSecondsFromNanosecondsByMagnitude) {
  for (const std::string_view text :
       {"1433160000", "1433160000000", "1433160000000000", "1433160000000000000", "1433160000.000"}) {
    const auto time = parse_event_time(text, {});
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_datetime(time->time_since_epoch().count()), "2015-06-01T12:00:00.0000000Z") << text;
  }
  EXPECT_FALSE(parse_event_time("12345", {}));
  EXPECT_FALSE(parse_event_time("9999999999999999999", {}));  // beyond 64 bits; found by fuzzing
  EXPECT_FALSE(parse_event_time("923333333333333333333321", {}));
  EXPECT_FALSE(parse_event_time("yesterday", {}));
}

}  // namespace
}  // namespace yagura::event
