#include "intake/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "intake/rate_limiter.hpp"
#include "intake/recording_sink.hpp"

namespace yagura::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kFormats[] = {"auto", "syslog", "json", "text"};
const SettingsContext kContext{.formats = kFormats, .certificate = "/own.crt", .private_key = "/own.key"};

std::vector<SourceSettings> read(std::string_view yaml, std::vector<std::string>& mistakes) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse(yaml, "y.yaml", errors);
  auto sources = read_settings(file.child("sources"), kContext);
  file.report_unknown_keys();
  mistakes = errors.messages();
  return sources;
}

TEST(IntakeSettings, ReadsEveryKind) {
  std::vector<std::string> mistakes;
  const auto sources = read(R"(
sources:
  - kind: syslog
    listen: 0.0.0.0:1514
    receive_buffer: 8MiB
    rate_per_peer: 1000
  - name: firewalls
    kind: syslog
    transport: tls
    listen: "[::]:6514"
    max_message: 16KiB
    tls: {certificate: /a.crt, private_key: /a.key, client_ca: /ca.crt}
  - kind: hec
    listen: 0.0.0.0:8088
    tls: {enabled: false}
    tokens:
      - {name: apps, token: abc, acks: true, indexes: [main]}
      - {token_sha256: BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD}
  - kind: file
    paths: [/var/log/syslog, "/var/log/app/*.log"]
    exclude: "*debug*"
    format: json
    start: end
  - kind: journald
    enabled: false
)",
                            mistakes);
  EXPECT_THAT(mistakes, ElementsAre());
  ASSERT_EQ(sources.size(), 4U);
  const auto& udp = std::get<SyslogSettings>(sources[0]);
  EXPECT_EQ(udp.name, "syslog-udp");
  EXPECT_EQ(udp.port, 1514);
  EXPECT_EQ(udp.receive_buffer, 8_MiB);
  EXPECT_EQ(udp.rate_per_peer, 1000U);
  const auto& tls = std::get<SyslogSettings>(sources[1]);
  EXPECT_EQ(tls.name, "firewalls");
  EXPECT_EQ(tls.address, "::");
  EXPECT_EQ(tls.tls.client_ca, "/ca.crt");
  const auto& hec = std::get<HecSettings>(sources[2]);
  EXPECT_FALSE(hec.tls_enabled);
  ASSERT_EQ(hec.tokens.size(), 2U);
  EXPECT_EQ(hec.tokens[0].sha256, hec.tokens[1].sha256);  // of "abc"
  EXPECT_TRUE(hec.tokens[0].acks);
  EXPECT_EQ(hec.tls.certificate, "/own.crt");
  const auto& file = std::get<FileTailSettings>(sources[3]);
  EXPECT_THAT(file.exclude, ElementsAre("*debug*"));
  EXPECT_EQ(file.format, "json");
  EXPECT_FALSE(file.from_beginning);
}

TEST(IntakeSettings, ListsAllMistakesAtOnce) {
  std::vector<std::string> mistakes;
  read(R"(
sources:
  - kind: sylog
    listen: 0.0.0.0:1
  - kind: syslog
    transport: tpc
    listen: localhost:514
    recieve_buffer: 1MiB
  - kind: syslog
    transport: tls
    max_message: 10
    tls: {certificate: /a.crt}
  - kind: hec
  - kind: hec
    name: hec
    tokens: [{name: x}, {token_sha256: 12}]
  - kind: file
    paths: [relative.log]
    format: jsn
    name: "a b"
  - just text
)",
       mistakes);
  const auto has = [&](std::string_view part) {
    EXPECT_THAT(mistakes, ::testing::Contains(HasSubstr(std::string(part))));
  };
  has("y.yaml:3: 'sources[0].kind' must be one of syslog, hec, file, journald, auditd, not 'sylog', did you mean 'syslog'?");
  has("must be one of udp, tcp, tls, not 'tpc', did you mean 'tcp'?");
  has("y.yaml:7: 'listen' must be a numeric address and a port, such as 0.0.0.0:5514 or [::]:5514, not "
      "'localhost:514'");
  has("y.yaml:8: unknown key 'recieve_buffer' in 'sources[1]', did you mean 'receive_buffer'?");
  has("'max_message' must be between");
  has("'certificate' and 'private_key' go together");
  has("a 'hec' source needs 'tokens'");
  has("two sources are called 'hec'");
  has("a token needs 'token'");
  has("'token_sha256' must be the SHA-256");
  has("'relative.log' must be an absolute path");
  has("not 'jsn', did you mean 'json'?");
  has("'name' must have 1 to 64 letters");
  has("a source is a map");
}

TEST(IntakeSettings, WithoutAListThereAreTheUsualSources) {
  std::vector<std::string> mistakes;
  const auto sources = read("", mistakes);
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_EQ(name_of(sources[0]), "syslog-udp");
  EXPECT_EQ(std::get<SyslogSettings>(sources[2]).port, 6514);
  EXPECT_EQ(std::get<SyslogSettings>(sources[2]).tls.certificate, "/own.crt");
  EXPECT_EQ(read("sources: []", mistakes).size(), 0U);
}

TEST(IntakeSettings, EverySourceCanBeMade) {
  TemporaryDirectory folder;
  RecordingSink sink;
  auto checkpoints = *FileCheckpointStore::open(folder.path());
  for (const SourceSettings& settings :
       std::vector<SourceSettings>{SyslogSettings{}, HecSettings{}, FileTailSettings{}, JournaldSettings{}}) {
    const auto source = make_source(settings, sink, *checkpoints);
    EXPECT_EQ(source->status().name, name_of(settings));
    EXPECT_EQ(source->status().state, "stopped");
  }
}

TEST(RateLimiter, GivesTwiceTheRateAtOnceAndThenTheRate) {
  RateLimiter limiter(100);
  const auto now = RateLimiter::Clock::now();
  EXPECT_EQ(limiter.take("a", 500, now), 200U);
  EXPECT_EQ(limiter.take("a", 1, now), 0U);
  EXPECT_EQ(limiter.take("b", 1, now), 1U);
  EXPECT_EQ(limiter.take("a", 500, now + 500ms), 50U);
  EXPECT_EQ(limiter.charge("c", 100, now), RateLimiter::Clock::duration::zero());
  EXPECT_NEAR(std::chrono::duration<double>(limiter.charge("c", 150, now)).count(), 0.5, 0.01);
  EXPECT_EQ(RateLimiter(0).take("a", 500, now), 500U);
}

TEST(RateLimiter, RemembersABoundedNumberOfPeers) {
  RateLimiter limiter(1);
  const auto now = RateLimiter::Clock::now();
  for (int i = 0; i < 200'000; ++i) ASSERT_EQ(limiter.take("peer" + std::to_string(i), 1, now), 1U);
}

}  // namespace
}  // namespace yagura::intake
