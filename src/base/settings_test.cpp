#include "base/settings.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace yagura {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Settings, ReadsEveryKindOfValue) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse(R"(
syslog: {port: 5514, tls: yes, idle: 5m, limit: 64KiB, mode: fast, peers: [a, b]}
)", "y.yaml", errors);
  const auto syslog = file.child("syslog");
  EXPECT_EQ(syslog.get("port", 1), 5514);
  EXPECT_TRUE(syslog.get("tls", false));
  EXPECT_EQ(syslog.get("idle", std::chrono::milliseconds(0)), std::chrono::minutes(5));
  EXPECT_EQ(syslog.get("limit", 0_B), 64_KiB);
  EXPECT_EQ(syslog.get_choice("mode", "slow", {"slow", "fast"}), "fast");
  EXPECT_THAT(syslog.get_list("peers"), ElementsAre("a", "b"));
  EXPECT_EQ(syslog.get("absent", "fallback"), "fallback");
  file.report_unknown_keys();
  EXPECT_TRUE(errors.empty());
}

TEST(Settings, ListsAllMistakesAtOnceWithLinesAndTheNearestWord) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse("syslog:\n  prot: 5514\n  tls: perhaps\n  limit: 5 bananas\n  mode: fsat\n", "y.yaml", errors);
  const auto syslog = file.child("syslog");
  syslog.get("port", 1, {.min = 1, .max = 65535});
  syslog.get("tls", false);
  syslog.get("limit", 0_B);
  syslog.get_choice("mode", "slow", {"slow", "fast"});
  file.report_unknown_keys();
  EXPECT_THAT(errors.messages(),
              ElementsAre("y.yaml:3: 'syslog.tls' must be true or false, not 'perhaps'",
                          HasSubstr("y.yaml:4: 'syslog.limit': '5 bananas' has unknown unit 'bananas'"),
                          "y.yaml:5: 'syslog.mode' must be one of slow, fast, not 'fsat', did you mean 'fast'?",
                          "y.yaml:2: unknown key 'prot' in 'syslog', did you mean 'port'?"));
}

TEST(Settings, TakesValuesFromTheEnvironment) {
  ::setenv("YAGURA_TEST_SECRET", "s3cret", 1);
  ::unsetenv("YAGURA_TEST_UNSET");
  SettingsErrors errors;
  const auto file = SettingsNode::parse("a: x-${YAGURA_TEST_SECRET}-y\nb: ${YAGURA_TEST_UNSET}\n", "y.yaml", errors);
  EXPECT_EQ(file.get("a", ""), "x-s3cret-y");
  file.get("b", "");
  EXPECT_THAT(errors.messages(), ElementsAre(HasSubstr("YAGURA_TEST_UNSET")));
}

TEST(Settings, SaysWhereYamlIsBroken) {
  SettingsErrors errors;
  SettingsNode::parse("a: [1, 2\nb: 3\n", "y.yaml", errors);
  ASSERT_EQ(errors.messages().size(), 1U);
  EXPECT_THAT(errors.messages().front(), HasSubstr("y.yaml:2"));
}

TEST(Settings, RefusesNumbersOutOfRange) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse("port: 70000\ncount: 12x\n", "y.yaml", errors);
  EXPECT_EQ(file.get("port", 514, {.min = 1, .max = 65535}), 514);
  file.get("count", 1);
  EXPECT_THAT(errors.messages(), ElementsAre("y.yaml:1: 'port' must be between 1 and 65535, not 70000",
                                             "y.yaml:2: 'count' must be a whole number, not '12x'"));
}

}  // namespace
}  // namespace yagura
