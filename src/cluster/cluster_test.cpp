// Merging in any order gives one outcome; a plan's steps only go forward; tokens, joins and removals on real folders.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cluster/host_folder.hpp"
#include "fleet/certificate_authority.hpp"

namespace yagura::cluster {
namespace {

using forward::PlanState;

forward::ForwarderConfiguration configuration(std::uint64_t generation, std::string at, std::string server = "a.example") {
  forward::ForwarderConfiguration out{.generation = generation, .state = forward::ForwarderState::Enabled, .settings = forward::ForwarderSettings(), .changed_at = std::move(at), .changed_by = {}};
  out.settings->server_name = std::move(server);
  out.settings->server_port = 514;
  return out;
}

Member member(std::string name, std::string removed = {}) {
  return {.name = name, .address = {"192.0.2.1", 6444}, .serial = "5e" + name, .joined_at = "2026-11-22T08:00:00Z", .removed_at = std::move(removed)};
}

TEST(Cluster, AConfigurationOutranksByGenerationThenTimeThenDigest) {
  EXPECT_TRUE(outranks(configuration(3, "2026-01-01T00:00:00Z"), configuration(2, "2026-02-01T00:00:00Z")));
  EXPECT_TRUE(outranks(configuration(3, "2026-01-01T00:00:01Z"), configuration(3, "2026-01-01T00:00:00Z")));
  const auto a = configuration(3, "x", "a"), b = configuration(3, "x", "b");
  EXPECT_NE(outranks(a, b), outranks(b, a));
  EXPECT_FALSE(outranks(a, a));
  EXPECT_FALSE(outranks({}, {}));
}

TEST(Cluster, MembersMergeInAnyOrderAndARemovalStays) {
  const std::vector<Member> one{member("a"), member("b")}, two{member("b", "2026-11-22T09:00:00Z"), member("c")};
  Members left, right;
  left.merge(one), left.merge(two), right.merge(two), right.merge(one);
  EXPECT_EQ(left.to_json(), right.to_json());
  EXPECT_FALSE(left.merge(one)) << "nothing new";
  EXPECT_EQ(left.living().size(), 2u);
  EXPECT_FALSE(left.belongs("b", "5eb"));
  EXPECT_TRUE(left.belongs("c", "5ec"));
  EXPECT_FALSE(left.belongs("c", "5ea"));
  EXPECT_EQ(Members::from_json(left.to_json())->to_json(), left.to_json());
  for (const auto* bad : {"", "{}", "[1]", R"([{"name":"a/b","address":"h:1","serial":"x"}])", R"([{"name":"a","address":"h","serial":"x"}])",
                          R"([{"name":"a","address":"h:1","serial":"x","joinedAt":"never"}])"})
    EXPECT_FALSE(Members::from_json(bad)) << bad;
}

TEST(Cluster, APlanGoesForwardAndEachHostKnowsItselfBest) {
  forward::ActionPlan plan{.id = "5f0c6a9e-2b7e-4d0b-9f5e-0d1c2b3a4f5e", .command = {}, .requested_by = {}, .created_at = {}, .generation = 4, .digest = {}, .hosts = {}};
  for (const auto* name : {"a", "b", "c"}) plan.hosts.push_back(forward::plan_host(name));
  auto by_b = plan, by_c = plan;
  by_b.hosts[1].steps[0].state = PlanState::Succeeded;
  by_c.hosts[2].steps[0].state = PlanState::Failed;
  const auto one = merge(merge(plan, by_b, "a", "b"), by_c, "a", "c"), other = merge(merge(plan, by_c, "a", "c"), by_b, "a", "b");
  EXPECT_EQ(one.to_json(), other.to_json());
  EXPECT_EQ(one.hosts[1].steps[0].state, PlanState::Succeeded);
  EXPECT_EQ(one.state(), PlanState::Failed);
  // Old news from a third host takes nothing back; c itself may.
  EXPECT_EQ(merge(one, plan, "a", "b").hosts[2].steps[0].state, PlanState::Failed);
  EXPECT_EQ(merge(one, plan, "a", "c").hosts[2].steps[0].state, PlanState::Pending);
  auto repaired = one;
  repaired.hosts[2].steps[0].state = PlanState::Succeeded;
  EXPECT_EQ(merge(one, repaired, "a", "b").hosts[2].steps[0].state, PlanState::Succeeded);
  // Nobody tells me how far I am.
  EXPECT_EQ(merge(plan, by_b, "b", "a").hosts[1].steps[0].state, PlanState::Pending);
  auto again = plan;
  again.generation = 5;
  EXPECT_EQ(merge(one, again, "a", "b").generation, 5u);
  EXPECT_EQ(merge(again, one, "a", "b").state(), PlanState::Pending);
}

TEST(Cluster, Endpoints) {
  EXPECT_EQ(to_text(*parse_endpoint("[2001:db8::1]:6444")), "[2001:db8::1]:6444");
  EXPECT_EQ(parse_endpoint("node1.example:1")->host, "node1.example");
  for (const auto* bad : {"", "a", "a:", ":1", "a:0", "a:65536", "2001:db8::1:5", "a b:1", "a,IP:1.2.3.4:5"}) EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

struct TwoHosts : ::testing::Test {
  TemporaryDirectory first_data, second_data;
  HostFolder first{forward::AgentFiles{first_data.path()}}, second{forward::AgentFiles{second_data.path()}};
  ThisHost one{.name = "one", .listen = {"127.0.0.1", 6444}, .address = {"127.0.0.1", 6444}, .serial = {}}, two{.name = "two", .listen = {"127.0.0.2", 6444}, .address = {"127.0.0.2", 6444}, .serial = {}};
  const forward::Requester who{.user_id = 0, .name = "root"};

  void join() {
    ASSERT_TRUE(first.create(one));
    const std::string token = *first.make_token();
    const auto joining = second.begin_join(two, token.substr(0, token.find('.')));
    ASSERT_TRUE(joining);
    const auto answer = first.admit(joining->body);
    ASSERT_TRUE(answer) << answer.error().message();
    const auto done = second.finish_join(two, *joining, *read_file(first.authority()), *answer);
    ASSERT_TRUE(done) << done.error().message();
  }
  Result<forward::ChangeResult> set(HostFolder& on, std::string server) {
    forward::ConfigurationChange change{.kind = forward::ChangeKind::Set, .settings = configuration(0, "", std::move(server)).settings};
    return on.change(change, false, who, {});
  }
  void tell(HostFolder& from, HostFolder& to) {
    const auto said = summary_from_json(to_json(*from.summary()));
    ASSERT_TRUE(said) << said.error().message();
    const auto taken = to.take(*said);
    ASSERT_TRUE(taken) << taken.error().message();
  }
};

TEST_F(TwoHosts, AChangeIsTakenOnceSignedAndAudited) {
  join();
  const auto changed = set(first, "logs.example");
  ASSERT_TRUE(changed) << changed.error().message();
  tell(first, second);
  EXPECT_EQ(second.global()->first.digest(), changed->now.digest());
  EXPECT_EQ(*read_file(second.files().local_copy()), *read_file(first.files().local_copy()));
  EXPECT_EQ(*forward::check_audit(second.files().audit()), 1u);
  tell(first, second);
  EXPECT_EQ(*forward::check_audit(second.files().audit()), 1u);
  const auto plan = second.take_plan(*first.plan(*changed->action_plan_id), "one");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->hosts[1].steps[0].state, PlanState::Succeeded);
  EXPECT_EQ(plan->hosts[1].steps[1].state, PlanState::Pending) << "no agent runs";
}

TEST_F(TwoHosts, WhatIsNotSignedByTheClusterIsNotTaken) {
  join();
  auto said = *first.summary();
  said.document = forward::to_document(configuration(9, "2026-11-22T08:00:00Z"));
  EXPECT_FALSE(second.take(said));
  TemporaryDirectory elsewhere;
  HostFolder stranger{forward::AgentFiles{elsewhere.path()}};
  ASSERT_TRUE(stranger.create(one));
  ASSERT_TRUE(set(stranger, "evil.example"));
  said.document = stranger.global()->second;
  EXPECT_FALSE(second.take(said));
  EXPECT_EQ(second.global()->first.generation, 0u);
}

TEST_F(TwoHosts, TwoChangesOfOneGenerationEndAsOne) {
  join();
  const auto mine = set(first, "a.example"), yours = set(second, "b.example");
  ASSERT_TRUE(mine && yours);
  const auto from_first = *first.summary(), from_second = *second.summary();
  ASSERT_TRUE(second.take(from_first) && first.take(from_second));
  EXPECT_EQ(first.global()->first.digest(), second.global()->first.digest());
  // The plan of the one that lost says so.
  const bool first_lost = first.global()->first.digest() != mine->now.digest();
  auto& loser = first_lost ? first : second;
  ASSERT_TRUE(loser.refresh());
  const auto plan = loser.plan(*(first_lost ? mine : yours)->action_plan_id);
  EXPECT_EQ(plan->state(), PlanState::Failed);
  // Made again on top of the other, under the same plan.
  const auto again = loser.change({.kind = forward::ChangeKind::Set, .settings = configuration(0, "", "c.example").settings}, false, who, plan->id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->now.generation, 2u);
  EXPECT_EQ(*again->action_plan_id, plan->id);
}

TEST_F(TwoHosts, AnEditedCopyIsLeftAndAnOldOneIsReplaced) {
  join();
  ASSERT_TRUE(set(first, "a.example"));
  const auto old = *read_file(first.files().local_copy());
  ASSERT_TRUE(set(first, "b.example"));
  ASSERT_TRUE(write_file_atomically(first.files().local_copy(), old));
  ASSERT_TRUE(first.refresh());
  EXPECT_EQ(*read_file(first.files().local_copy()), first.global()->second);
  auto edited = first.global()->second;
  edited.replace(edited.find("b.example"), 9, "x.example");
  ASSERT_TRUE(write_file_atomically(first.files().local_copy(), edited));
  ASSERT_TRUE(first.refresh());
  EXPECT_EQ(*read_file(first.files().local_copy()), edited);
  EXPECT_TRUE(first.summary()->report.drifted);
}

TEST_F(TwoHosts, TokensNamesAndRemovals) {
  join();
  const auto wrong = second.begin_join(two, "yht_wrong");
  EXPECT_FALSE(wrong) << "it belongs to one";
  TemporaryDirectory elsewhere;
  HostFolder third{forward::AgentFiles{elsewhere.path()}};
  EXPECT_EQ(first.admit(third.begin_join(two, "yht_wrong")->body).error().kind(), ErrorKind::unauthenticated);
  const std::string token = *first.make_token();
  EXPECT_EQ(first.admit(third.begin_join(two, token.substr(0, token.find('.')))->body).error().kind(), ErrorKind::conflict);
  EXPECT_FALSE(second.make_token());
  ASSERT_TRUE(first.remove_member("two"));
  EXPECT_EQ(first.remove_member("two").error().kind(), ErrorKind::not_found);
  EXPECT_TRUE(first.admit(third.begin_join(two, token.substr(0, token.find('.')))->body));
  ASSERT_TRUE(second.forget());
  EXPECT_FALSE(second.joined());
}

}  // namespace
}  // namespace yagura::cluster
