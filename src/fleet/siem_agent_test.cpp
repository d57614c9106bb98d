#include <gtest/gtest.h>

#include <array>

#include "base/file.hpp"
#include "base/time.hpp"
#include "control/control_db.hpp"
#include "fleet/siem_agent_settings.hpp"
#include "fleet/siem_agent_status.hpp"

namespace yagura::fleet {
namespace {

constexpr std::array<std::string_view, 2> kFormats{"cef", "json"};
constexpr std::int64_t kNow = 1'000'000 * kTicksPerSecond;

control::SiemAgent seen_before(std::int64_t seconds) {
  control::SiemAgent agent;
  agent.first_seen_ticks = agent.last_seen_ticks = kNow - seconds * kTicksPerSecond;
  return agent;
}

TEST(SiemAgentStatusTest, ChangesAtTwoAndTwelveHours) {
  struct Row {
    std::int64_t seconds;
    std::string_view status;
  };
  for (const auto& row : {Row{0, "Connected"}, Row{7199, "Connected"}, Row{7200, "Connection error"}, Row{7201, "Connection error"}, Row{43200, "Connection error"},
                          Row{43201, "Disconnected"}, Row{999'999, "Disconnected"}})
    EXPECT_EQ(to_string(status_of(seen_before(row.seconds), kNow)), row.status) << row.seconds;
  EXPECT_EQ(to_string(status_of({}, kNow)), "Created");
  auto agent = seen_before(999'999);
  agent.enabled = false;
  EXPECT_EQ(to_string(status_of(agent, kNow)), "Disabled");
  agent.completed_ticks = kNow;
  EXPECT_EQ(to_string(status_of(agent, kNow)), "Completed");
}

TEST(SiemAgentStatusTest, NotificationsSayWhatAndSinceWhen) {
  auto agent = seen_before(5);
  EXPECT_TRUE(notifications_of(agent, kNow).empty());
  struct Row {
    std::string_view trouble, title;
  };
  for (const auto& row : {Row{"send", "Data server send error"}, Row{"connect", "Data server connection error"}, Row{"notification", "SIEM agent notification error"},
                          Row{"internal", "Internal error"}}) {
    agent.trouble = row.trouble;
    agent.trouble_detail = "127.0.0.1:514: connection refused";
    agent.trouble_since_ticks = kNow - 60 * kTicksPerSecond;
    const auto found = notifications_of(agent, kNow);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].explanation->title.english, row.title);
    EXPECT_NE(found[0].detail.find("connection refused (from " + format_datetime(*agent.trouble_since_ticks)), std::string::npos) << found[0].detail;
  }
  const auto gone = notifications_of(seen_before(14 * 3600 + 100), kNow);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].explanation->title.english, "SIEM agent error");
  EXPECT_NE(gone[0].detail.find("more than 14 hours"), std::string::npos);
}

TEST(SiemAgentStatusTest, EveryExplanationIsThereInBothTongues) {
  for (const auto& one : siem_agent_explanations()) {
    for (const auto& text : {one.title, one.cause, one.resolution}) {
      EXPECT_FALSE(text.english.empty());
      EXPECT_FALSE(text.japanese.empty());
    }
    EXPECT_EQ(find_explanation(one.code), &one);
    EXPECT_EQ(find_explanation(one.title.english), &one);
  }
  EXPECT_EQ(find_explanation("sa-25")->title.english, "Data server send error");
  EXPECT_EQ(find_explanation("nothing"), nullptr);
}

TEST(SiemAgentSettingsTest, AreReadWrittenAndRefused) {
  const auto settings = read_siem_agent_settings(R"({"remote_host":"127.0.0.1","remote_port":5140,"protocol":"TCP","tables":["Syslog"],"activity_filter":"Computer == 'a'"})", kFormats);
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(to_json(*settings), to_json(*read_siem_agent_settings(to_json(*settings), kFormats)));
  struct Row {
    std::string_view json, why;
  };
  for (const auto& row : {Row{"[]", "object"}, Row{R"({"remote_port":1})", "remote_host"}, Row{R"({"remote_host":"a b","remote_port":1})", "no host name"},
                          Row{R"({"remote_host":"a","remote_port":0})", "1 to 65535"}, Row{R"({"remote_host":"a","remote_port":70000})", "1 to 65535"},
                          Row{R"({"remote_host":"a","remote_port":1,"protocol":"ftp"})", "udp, tcp or tls"}, Row{R"({"remote_host":"a","remote_port":1,"format":"xml"})", "cef, json"},
                          Row{R"({"remote_host":"a","remote_port":1,"remote_prot":1})", "did you mean"}, Row{R"({"remote_host":"a","remote_port":1,"activities":false,"alerts":false})", "at least one"},
                          Row{R"({"remote_host":"a","remote_port":1,"skip_server_name_check":true})", "tls"},
                          Row{R"({"remote_host":"a","remote_port":1,"protocol":"tls","skip_server_name_check":true,"skip_server_certificate_check":true})", "exclude each other"}}) {
    const auto read = read_siem_agent_settings(row.json, kFormats);
    ASSERT_FALSE(read) << row.json;
    EXPECT_NE(read.error().message().find(row.why), std::string::npos) << read.error().message();
  }
}

class SiemAgentsTest : public ::testing::Test {
 protected:
  void SetUp() override { control_ = *control::ControlDb::open(folder_.path() / "control.db", {.clock = [this] { return now_; }}); }
  control::SiemAgents& agents() { return control_->siem_agents(); }

  TemporaryDirectory folder_;
  std::int64_t now_ = kNow;
  std::unique_ptr<control::ControlDb> control_;
  const control::Actor actor_{"tester", ""};
};

TEST_F(SiemAgentsTest, TokensAreShownOnceAndOnlyTheNewestIsGood) {
  const auto made = agents().create({.name = "one", .settings = "{}", .recovery = {}}, actor_);
  ASSERT_TRUE(made);
  EXPECT_EQ(agents().check(made->token)->name, "one");
  const auto again = agents().regenerate_token(made->info.id, actor_);
  EXPECT_EQ(agents().check(made->token).error().message(), "Invalid token");
  EXPECT_TRUE(agents().check(again->token));
  EXPECT_EQ(agents().create({.name = "ONE", .settings = "{}", .recovery = {}}, actor_).error().kind(), ErrorKind::conflict);
  ASSERT_TRUE(agents().remove(made->info.id, actor_));
  EXPECT_FALSE(agents().check(again->token));
}

TEST_F(SiemAgentsTest, ProgressMakesRunsAndTwoProcessesAreToldApart) {
  const auto id = agents().create({.name = "one", .settings = "{}", .cursor = 100, .recovery = {}}, actor_)->info.id;
  ASSERT_TRUE(agents().advance(id, 100, {.cursor = 150, .recent_alerts = "[]", .activities = 5}));
  ASSERT_TRUE(agents().advance(id, 150, {.cursor = 170, .recent_alerts = "[]", .activities = 3}));
  EXPECT_EQ(agents().advance(id, 150, {.cursor = 180}).error().kind(), ErrorKind::conflict);
  const auto runs = agents().runs(id, 1, 1000);
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ(runs->front(), (std::pair<std::int64_t, std::int64_t>{101, 170}));
  EXPECT_TRUE(agents().runs(id, 171, 1000)->empty());
  EXPECT_EQ(agents().get(id)->activities_sent, 8);
}

TEST_F(SiemAgentsTest, TroubleKeepsItsBeginning) {
  const auto id = agents().create({.name = "one", .settings = "{}", .recovery = {}}, actor_)->info.id;
  ASSERT_TRUE(agents().report(id, {.trouble = "send", .trouble_detail = "first"}));
  now_ += 50;
  const auto later = agents().report(id, {.trouble = "send", .trouble_detail = "second"});
  EXPECT_EQ(later->trouble_since_ticks, kNow);
  EXPECT_EQ(later->trouble_detail, "second");
  EXPECT_EQ(agents().report(id, {})->trouble_since_ticks, std::nullopt);
}

}  // namespace
}  // namespace yagura::fleet
