#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/time.hpp"
#include "fleet/agent_desk.hpp"
#include "fleet/identity.hpp"

namespace yagura::fleet {
namespace {

class FleetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = control::ControlDb::open(folder_.path() / "control.db");
    ASSERT_TRUE(opened) << opened.error().message();
    control_ = std::move(*opened);
    auto authority = CertificateAuthority::open(folder_.path());
    ASSERT_TRUE(authority) << authority.error().message();
    authority_ = std::move(*authority);
    desk_ = std::make_unique<AgentDesk>(*control_, *authority_, AgentDeskOptions{.minimum_version = "0.2.0"});
  }
  std::string token(std::int64_t uses = 1) {
    return control_->agents().create_token("tests", control_->now() + kTicksPerDay, uses, {.name = "tests"})->token;
  }
  Result<EnrolAnswer> join(const std::string& token, const KeyRequest& key, const std::string& host = "web1") {
    return desk_->enrol(to_json(EnrolRequest{token, host, "0.1.0", key.request_pem}), "192.0.2.9");
  }
  static std::string subject(const EnrolAnswer& answer) {
    const auto identity = parse_identity(answer.certificate_pem);
    return fmt::format("CN={},serialNumber={},O=yagura-agent", identity->agent_id, identity->serial);
  }

  TemporaryDirectory folder_;
  std::unique_ptr<control::ControlDb> control_;
  std::unique_ptr<CertificateAuthority> authority_;
  std::unique_ptr<AgentDesk> desk_;
};

TEST_F(FleetTest, TheAuthorityIsMadeOnceAndItsKeyIsPrivate) {
  struct stat info{};
  ASSERT_EQ(::stat((folder_.path() / "agent-ca.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto again = CertificateAuthority::open(folder_.path());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->fingerprint(), authority_->fingerprint());
  EXPECT_EQ(*certificate_fingerprint(authority_->certificate_pem()), authority_->fingerprint());
  EXPECT_EQ(authority_->fingerprint().size(), 64U);
}

TEST_F(FleetTest, AnAgentJoinsOnceByItsToken) {
  const auto key = make_key_request("web1");
  ASSERT_TRUE(key);
  const auto one = token();
  const auto answer = join(one, *key);
  ASSERT_TRUE(answer) << answer.error().message();
  const auto agent = desk_->admit(subject(*answer));
  ASSERT_TRUE(agent) << agent.error().message();
  EXPECT_EQ(agent->name, "web1");
  EXPECT_EQ(agent->id, answer->agent_id);
  ASSERT_TRUE(write_identity(folder_.path() / "identity.pem", answer->certificate_pem, key->private_key_pem));
  EXPECT_EQ(read_identity(folder_.path() / "identity.pem")->agent_id, answer->agent_id);
  const auto other = make_key_request("web2");
  EXPECT_EQ(join(one, *other, "web2").error().kind(), ErrorKind::unauthenticated);
  EXPECT_FALSE(write_identity(folder_.path() / "x.pem", answer->certificate_pem, other->private_key_pem)) << "another's certificate";
  // The answer was lost: the same token and key give the same agent.
  const auto again = join(one, *key);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->agent_id, answer->agent_id);
  EXPECT_TRUE(desk_->admit(subject(*again)));
}

TEST_F(FleetTest, WrongTokensRequestsAndHostsAreRefused) {
  const auto key = make_key_request("web1");
  EXPECT_EQ(join("yjt_wrong", *key).error().kind(), ErrorKind::unauthenticated);
  EXPECT_EQ(join(token(), {.request_pem = "no request"}).error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(join(token(), *key, "web1\nCN=x").error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(desk_->enrol("{", "").error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(desk_->enrol(R"({"token": 5})", "").error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(desk_->admit("").error().kind(), ErrorKind::unauthenticated);
  EXPECT_EQ(desk_->admit("CN=x,serialNumber=1,O=somebody").error().kind(), ErrorKind::unauthenticated);
  EXPECT_EQ(desk_->admit("CN=x,serialNumber=1,O=yagura-agent").error().kind(), ErrorKind::permission_denied);
  // A request changed on its way is not signed by its key any more.
  auto changed = key->request_pem;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(join(token(), {.request_pem = changed}));
}

TEST_F(FleetTest, ANewCertificateEndsTheOldOne) {
  const auto key = make_key_request("web1");
  const auto first = join(token(), *key);
  const auto agent = desk_->admit(subject(*first));
  const auto fresh = make_key_request("web1");
  const auto second = desk_->renew(*agent, to_json(EnrolRequest{"", "web1", "0.1.0", fresh->request_pem}), "192.0.2.9");
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_TRUE(desk_->admit(subject(*first))) << "the answer may be lost: the old one is good until the new one is shown";
  EXPECT_TRUE(desk_->admit(subject(*second)));
  EXPECT_EQ(desk_->admit(subject(*first)).error().kind(), ErrorKind::permission_denied);
  EXPECT_TRUE(desk_->admit(subject(*second)));
  ASSERT_TRUE(control_->agents().remove(agent->id, {.name = "tests"}));
  EXPECT_EQ(desk_->admit(subject(*second)).error().kind(), ErrorKind::permission_denied);
}

TEST_F(FleetTest, AHeartbeatIsKeptAndAnsweredWithTheConfiguration) {
  const auto answer = join(token(), *make_key_request("web1"));
  const auto agent = desk_->admit(subject(*answer));
  Heartbeat said{.spool = "s", .through = 10, .version = "0.1.0", .host = "web1"};
  said.sources.push_back({.name = "files", .kind = "file", .state = "following", .accepted = 12, .sent = 10});
  const auto told = desk_->heartbeat(*agent, said, "192.0.2.9", {.acked = 10, .journaled = {{"files", 10}}});
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_EQ(told->acked, 10U);
  EXPECT_FALSE(told->configuration);
  EXPECT_NE(told->notice.find("0.2.0"), std::string::npos) << "older than the server wants";
  ASSERT_EQ(control_->agents().put_configuration("default", "sources: []", {.name = "tests"}), 1);
  const auto again = desk_->admit(subject(*answer));
  const auto next = desk_->heartbeat(*again, said, "192.0.2.9", {.acked = 10, .journaled = {{"files", 7}}});
  EXPECT_EQ(next->configuration, "sources: []");
  EXPECT_EQ(next->generation, 1);
  const auto kept = control_->agents().get(agent->id);
  EXPECT_NE(kept->status.find(R"("reason":"transfer","count":3)"), std::string::npos) << kept->status;
  EXPECT_EQ(state_of(*kept, control_->now(), std::chrono::seconds(30)), "connected");
  EXPECT_EQ(state_of(*kept, control_->now() + 100 * kTicksPerSecond, std::chrono::seconds(30)), "silent");
}

TEST_F(FleetTest, TheListenersCertificateIsRenewedInTime) {
  const auto certificate = folder_.path() / "l.crt", key = folder_.path() / "l.key";
  EXPECT_EQ(authority_->ensure_server_certificate(certificate, key, {"localhost", "127.0.0.1"}, std::chrono::hours(100)), true);
  EXPECT_EQ(authority_->ensure_server_certificate(certificate, key, {"localhost", "127.0.0.1"}, std::chrono::hours(100)), false);
  EXPECT_EQ(authority_->ensure_server_certificate(certificate, key, {"localhost", "siem.example"}, std::chrono::hours(100)), true) << "other names";
  EXPECT_EQ(authority_->ensure_server_certificate(certificate, key, {"localhost", "siem.example"}, std::chrono::hours(1'000)), true) << "a third of 1000 h is more than is left";
  EXPECT_FALSE(authority_->ensure_server_certificate(certificate, key, {"a,DNS:b"}, std::chrono::hours(100)));
}

TEST(Ledger, NamesWhatIsMissing) {
  Heartbeat said{.through = 50, .damaged = 2};
  SourceReport evtx{.name = "security", .accepted = 90, .sent = 90, .lost = {{"rollover", 5}, {"kernel", 1}}};
  evtx.streams.push_back({.stream = "Security", .first = 101, .last = 200, .sent = 90, .filtered = {{"severity", 3}}, .lost = {{"rollover", 5}}});
  said.sources.push_back(evtx);
  const std::vector<Gap> expected{{"security", "Security", "rollover", 5}, {"security", "Security", "unaccounted", 2}, {"security", "", "kernel", 1},
                                  {"security", "", "transfer", 4}, {"", "", "spool", 2}};
  EXPECT_EQ(balance(said, {{"security", 86}}, 50), expected);
  EXPECT_EQ(balance(said, {{"security", 86}}, 49).size(), 4U) << "of another position: not compared";
  Heartbeat fine{.through = 5};
  fine.sources.push_back({.name = "files", .accepted = 9, .sent = 5});
  EXPECT_TRUE(balance(fine, {{"files", 5}}, 5).empty());
}

TEST(Messages, ComeBackAsTheyWere) {
  Heartbeat said{.spool = "s", .through = 5, .version = "1.2", .host = "h", .system = "Linux", .generation = 3, .configuration_error = "x", .started_ticks = 7,
                 .cpu_percent = 1.5, .resident_bytes = 8, .spool_bytes = 9, .spool_limit = 10, .unsent = 11, .damaged = 12, .lag_seconds = 0.25};
  said.sources.push_back({"n", "evtx", "following", "d", 5, 4, {{"r", 1}}, {{"Security", 1, 9, 5, {{"rule", 2}}, {{"rollover", 2}}}}});
  const auto back = parse_heartbeat(to_json(said));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), to_json(said));
  const HeartbeatAnswer answer{.acked = 5, .generation = 2, .configuration = "sources: []", .renew = true, .interval_seconds = 5, .notice = "n"};
  EXPECT_EQ(to_json(*parse_heartbeat_answer(to_json(answer))), to_json(answer));
  for (const std::string_view wrong : {"", "[]", R"({"through":-1})", R"({"sources":{}})", R"({"sources":[1]})", R"({"sources":[{"streams":[{"first":5,"last":1}]}]})",
                                       R"({"version":5})", R"({"sources":[{"lost":{"a":"b"}}]})"})
    EXPECT_FALSE(parse_heartbeat(wrong)) << wrong;
}

TEST(Versions, AreComparedNumberByNumber) {
  EXPECT_TRUE(version_less("0.9.10", "0.10.0"));
  EXPECT_TRUE(version_less("2310.9", "2311.2"));
  EXPECT_FALSE(version_less("2311.2.0.26", "2311.2"));
  EXPECT_FALSE(version_less("1.0", "1.0.0"));
}

}  // namespace
}  // namespace yagura::fleet
