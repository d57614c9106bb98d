#include "roles/health_reporter.hpp"

#include <gtest/gtest.h>

namespace yagura::roles {
namespace {

event::TableSchema schema() {
  return *event::parse_table_schema(R"({"Name":"YaguraHealth","Properties":[{"Name":"TimeGenerated","Type":"datetime"},
    {"Name":"Component","Type":"string"},{"Name":"Metric","Type":"string"},{"Name":"Labels","Type":"dynamic"},
    {"Name":"Value","Type":"real"}]})", "test");
}

TEST(HealthReporter, WritesGaugesAlwaysAndCountersWhenTheyChanged) {
  HealthReporter reporter(schema(), std::chrono::hours(1), {});
  const MetricSample counter{"yagura_intake_messages_total", {{"source", "udp"}}, 5, true};
  const MetricSample gauge{"yagura_flow_waiting", {}, 0, false};
  auto first = reporter.collect(7, {counter, gauge});
  ASSERT_EQ(first.row_count(), 2U);
  EXPECT_EQ(first.column(0).int64s()[0], 7);
  EXPECT_EQ(first.column(1).texts()[0], "intake");
  EXPECT_EQ(first.column(2).texts()[0], "yagura_intake_messages_total");
  EXPECT_EQ(first.column(3).texts()[0], R"({"source":"udp"})");
  EXPECT_EQ(first.column(4).reals()[0], 5);
  auto second = reporter.collect(8, {counter, gauge});
  ASSERT_EQ(second.row_count(), 1U);
  EXPECT_EQ(second.column(2).texts()[0], "yagura_flow_waiting");
}

}  // namespace
}  // namespace yagura::roles
