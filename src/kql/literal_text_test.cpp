#include "kql/literal_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/time.hpp"

namespace yagura::kql {
namespace {

TEST(LiteralText, DecodesStrings) {
  EXPECT_EQ(decode_string_literal(R"("a\tb\"c")"), "a\tb\"c");
  EXPECT_EQ(decode_string_literal(R"('\u00e4\x41\101\\')"),
            "\xC3\xA4"
            "AA\\");
  EXPECT_EQ(decode_string_literal(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(decode_string_literal(R"(@"c:\dir\""x""")"), R"(c:\dir\"x")");
  EXPECT_EQ(decode_string_literal(R"(h@'s')"), "s");
  EXPECT_EQ(decode_string_literal("```a\n\\n```"), "a\n\\n");
  EXPECT_EQ(decode_string_literal("~~~x"), "x");
  EXPECT_EQ(decode_string_literal("\"open"), "open");
  for (const std::string text : {"", "plain", "quote\"'\\", "\n\t\r\x01\x7f", "\xC3\xA4"}) {
    EXPECT_EQ(decode_string_literal(encode_string_literal(text)), text);
    EXPECT_EQ(decode_string_literal(encode_string_literal(text, '\'')), text);
  }
}

TEST(LiteralText, ReadsDatetimes) {
  const auto text = [](std::string_view in) {
    const auto ticks = parse_datetime_text(in);
    return ticks ? format_datetime(*ticks) : "none";
  };
  EXPECT_EQ(text("2014-05-25T08:20:03.123456Z"), "2014-05-25T08:20:03.1234560Z");
  EXPECT_EQ(text("2014-05-25 08:20"), "2014-05-25T08:20:00.0000000Z");
  EXPECT_EQ(text("2014"), "2014-01-01T00:00:00.0000000Z");
  EXPECT_EQ(text("2014-11"), "2014-11-01T00:00:00.0000000Z");
  EXPECT_EQ(text(" 2014-11-08 15:55:55.1234567891 "), "2014-11-08T15:55:55.1234567Z");
  EXPECT_EQ(text("2014-11-08 15:05 +01:30"), "2014-11-08T13:35:00.0000000Z");
  EXPECT_EQ(text("2014-11-08 15:05:02 GMT"), "2014-11-08T15:05:02.0000000Z");
  EXPECT_EQ(text("Sat, 8 Nov 14 15:05:02 GMT"), "2014-11-08T15:05:02.0000000Z");
  EXPECT_EQ(text("Saturday, 08-Nov-14 15:05:02 UTC"), "2014-11-08T15:05:02.0000000Z");
  EXPECT_EQ(text("8 Nov 2014"), "2014-11-08T00:00:00.0000000Z");
  EXPECT_EQ(text("05/25/2014 10:00 PM"), "2014-05-25T22:00:00.0000000Z");
  EXPECT_EQ(text("20140525"), "2014-05-25T00:00:00.0000000Z");
  EXPECT_EQ(text("0001-01-01"), "0001-01-01T00:00:00.0000000Z");
  EXPECT_EQ(text("9999-12-31 23:59:59.9999999"), "9999-12-31T23:59:59.9999999Z");
  for (const auto bad :
       {"", "x", "2014-13-01", "2014-02-30", "2014-05-25T25:00", "2014-05-25X", "10000-01-01", "2014-05-25T"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
}

TEST(LiteralText, ReadsTimespans) {
  EXPECT_EQ(parse_timespan_text("1.5h"), 54'000'000'000);
  EXPECT_EQ(parse_timespan_text("15 seconds"), 150'000'000);
  EXPECT_EQ(parse_timespan_text("-2d"), -2 * kTicksPerDay);
  EXPECT_EQ(parse_timespan_text("2"), 2 * kTicksPerDay);
  EXPECT_EQ(parse_timespan_text("1.02:03:04.5"), kTicksPerDay + 73'840'000'000 + 5'000'000);
  EXPECT_EQ(parse_timespan_text("0.12:34:56.7"), 452'967'000'000);
  EXPECT_EQ(parse_timespan_text("02:03"), 73'800'000'000);
  EXPECT_EQ(parse_timespan_text("100nanoseconds"), 1);
  for (const auto bad : {"", "h", "1x", "1:2:3:4", "25:00", "1.5.5h", "99999999999999999999d"}) {
    EXPECT_FALSE(parse_timespan_text(bad)) << bad;
  }
}

TEST(LiteralText, ReadsNumbers) {
  EXPECT_EQ(parse_long_text("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_long_text("0xff"), 255);
  EXPECT_FALSE(parse_long_text("9223372036854775808"));
  EXPECT_FALSE(parse_long_text("1.5"));
  EXPECT_FALSE(parse_long_text(""));
  EXPECT_EQ(parse_real_text("1e3"), 1000.0);
  EXPECT_EQ(parse_real_text("1."), 1.0);
  EXPECT_TRUE(std::isnan(*parse_real_text("nan")));
  EXPECT_EQ(parse_real_text("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_real_text("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_FALSE(parse_real_text("1x"));
  EXPECT_TRUE(is_decimal_text("-1.5e-3"));
  EXPECT_FALSE(is_decimal_text("."));
}

}  // namespace
}  // namespace yagura::kql
