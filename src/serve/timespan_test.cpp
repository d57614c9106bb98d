#include "serve/timespan.hpp"

#include "base/time.hpp"
#include "testing/case_files.hpp"

namespace yagura::serve {
namespace {

using testing::Case;

class Timespan : public ::testing::TestWithParam<Case> {};

TEST_P(Timespan, ReadsAsWritten) {
  const std::int64_t now = from_civil({.year = 2026, .month = 3, .day = 1, .hour = 12});
  const auto range = parse_timespan(GetParam()["input"], now);
  std::string actual;
  if (!range)
    actual = "error: " + range.error().message();
  else if (!range->from_ticks)
    actual = "none";
  else
    actual = format_datetime(*range->from_ticks) + " .. " + format_datetime(*range->to_ticks);
  testing::expect_section(GetParam(), "expected", actual);
}

INSTANTIATE_TEST_SUITE_P(Files, Timespan, ::testing::ValuesIn(testing::read_cases("serve/timespan")),
                         testing::case_name);

}  // namespace
}  // namespace yagura::serve
