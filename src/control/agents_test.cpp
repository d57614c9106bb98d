#include "control/agents.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/time.hpp"
#include "control/control_db.hpp"

namespace yagura::control {
namespace {

class AgentsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = ControlDb::open(folder_.path() / "control.db", {.clock = [this] { return now_; }});
    ASSERT_TRUE(opened) << opened.error().message();
    control_ = std::move(*opened);
  }
  Agents& agents() { return control_->agents(); }
  std::string token(std::int64_t uses = 1) {
    auto made = agents().create_token("for tests", now_ + kTicksPerDay, uses, actor_);
    EXPECT_TRUE(made) << made.error().message();
    return made ? made->token : "";
  }
  static NewAgent agent(std::string id, std::string key = "k1") { return {.id = id, .name = "web1", .serial = "s-" + id, .address = "192.0.2.1", .key_hash = key, .certificate_expires_ticks = 99}; }

  TemporaryDirectory folder_;
  std::int64_t now_ = 10 * kTicksPerDay;
  Actor actor_{.name = "tests"};
  std::unique_ptr<ControlDb> control_;
};

TEST_F(AgentsTest, ATokenIsGoodForAsManyAgentsAsItSays) {
  const auto one = token(2);
  EXPECT_TRUE(agents().enrol(one, agent("a")));
  EXPECT_TRUE(agents().enrol(one, agent("b", "k2")));
  EXPECT_EQ(agents().enrol(one, agent("c", "k3")).error().kind(), ErrorKind::unauthenticated);
  EXPECT_EQ(agents().check_token(one, "k3").error().kind(), ErrorKind::unauthenticated);
  EXPECT_EQ(agents().list()->size(), 2U);
  EXPECT_TRUE(agents().tokens()->empty());
}

TEST_F(AgentsTest, WhoseAnswerWasLostMayJoinAgainWithItsKey) {
  const auto one = token();
  ASSERT_TRUE(agents().enrol(one, agent("a")));
  const auto joined = agents().check_token(one, "k1");
  ASSERT_TRUE(joined);
  ASSERT_TRUE(*joined);
  EXPECT_EQ((*joined)->id, "a");
  EXPECT_TRUE(agents().enrol(one, agent("a")));
  EXPECT_EQ(agents().list()->size(), 1U);
}

TEST_F(AgentsTest, ExpiredRevokedAndUnknownTokensAreRefused) {
  const auto one = token();
  const auto other = token();
  EXPECT_FALSE(agents().check_token("yjt_wrong", "k"));
  ASSERT_TRUE(agents().revoke_token(agents().tokens()->front().id, actor_));
  EXPECT_FALSE(agents().check_token(one, "k"));
  EXPECT_TRUE(agents().check_token(other, "k"));
  now_ += 2 * kTicksPerDay;
  EXPECT_FALSE(agents().check_token(other, "k"));
  EXPECT_FALSE(agents().create_token("x", now_ - 1, 1, actor_));
  EXPECT_FALSE(agents().create_token("", now_ + 100, 1, actor_));
  EXPECT_FALSE(agents().create_token("x", now_ + 100, 0, actor_));
}

TEST_F(AgentsTest, TheNewCertificateTakesThePlaceOfTheOldOnceItIsShown) {
  ASSERT_TRUE(agents().enrol(token(), agent("a")));
  ASSERT_TRUE(agents().offer_certificate("a", "s2", 123, actor_));
  EXPECT_EQ(agents().get("a")->serial, "s-a");
  EXPECT_EQ(agents().get("a")->pending_serial, "s2");
  ASSERT_TRUE(agents().accept_certificate("a"));
  EXPECT_EQ(agents().get("a")->serial, "s2");
  EXPECT_FALSE(agents().get("a")->pending_serial);
}

TEST_F(AgentsTest, RemovedOnesAreKeptButNotListed) {
  ASSERT_TRUE(agents().enrol(token(), agent("aaaaaaaa-1")));
  EXPECT_EQ(agents().find("web1")->id, "aaaaaaaa-1");
  EXPECT_EQ(agents().find("aaaaaaaa")->id, "aaaaaaaa-1");
  ASSERT_TRUE(agents().remove("aaaaaaaa-1", actor_));
  EXPECT_TRUE(agents().list()->empty());
  EXPECT_EQ(agents().list(true)->size(), 1U);
  EXPECT_TRUE(agents().get("aaaaaaaa-1")->removed_ticks);
  EXPECT_FALSE(agents().remove("aaaaaaaa-1", actor_));
  EXPECT_FALSE(agents().offer_certificate("aaaaaaaa-1", "s", 1, actor_));
}

TEST_F(AgentsTest, EachChangeOfAConfigurationIsAGeneration) {
  EXPECT_EQ(agents().configuration("default")->generation, 0);
  EXPECT_EQ(agents().put_configuration("default", "sources: []", actor_), 1);
  EXPECT_EQ(agents().put_configuration("default", "sources: [{kind: journald}]", actor_), 2);
  EXPECT_EQ(agents().configuration("default")->text, "sources: [{kind: journald}]");
  EXPECT_EQ(agents().configurations()->size(), 1U);
  EXPECT_FALSE(agents().put_configuration("default", std::string(300'000, 'x'), actor_));
}

}  // namespace
}  // namespace yagura::control
