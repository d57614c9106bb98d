#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "intake/hec_acks.hpp"
#include "intake/hec_protocol.hpp"
#include "intake/hec_source.hpp"
#include "intake/recording_sink.hpp"
#include "net/content_encoding.hpp"
#include "net/http_client.hpp"
#include "testing/case_files.hpp"

namespace yagura::intake {
namespace {

using testing::Case;
using ::testing::ElementsAre;

class HecEvents : public ::testing::TestWithParam<Case> {};
TEST_P(HecEvents, AreFoundOrRefusedAsWritten) {
  const Case& c = GetParam();
  std::string body = c["body"];
  while (body.ends_with('\n') && !c["answer"].contains("No data")) body.pop_back();
  HecParser parser;
  std::vector<std::string_view> events;
  const auto answer = parser.parse_events(body, {"main"}, events);
  EXPECT_EQ(hec_response(answer).body, trim(c["answer"])) << c.where;
  if (answer.code != HecCode::success) return;
  std::string text;
  for (const auto event : events) text += std::string(event) + "\n";
  EXPECT_EQ(trim(text), trim(c["events"])) << c.where;
}
INSTANTIATE_TEST_SUITE_P(Files, HecEvents, ::testing::ValuesIn(testing::read_cases("intake/hec")), testing::case_name);

TEST(HecProtocol, DepthIsBounded) {
  HecParser parser;
  std::vector<std::string_view> events;
  const std::string deep = R"({"event":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(parser.parse_events(deep, {}, events).code, HecCode::invalid_data_format);
}

TEST(HecProtocol, RawLines) {
  std::vector<std::string_view> lines;
  split_raw("one\r\n\ntwo\nthree-is-long\n", 8, lines);
  EXPECT_THAT(lines, ElementsAre("one", "two", "three-is", "-long"));
}

TEST(HecAcks, ATrueOneIsToldOnce) {
  HecAcks acks(std::chrono::seconds(60));
  const auto now = HecAcks::Clock::now();
  EXPECT_EQ(acks.add("c", Position(10), now), 0U);
  EXPECT_EQ(acks.add("c", Position(20), now), 1U);
  EXPECT_EQ(acks.add("d", Position(30), now), 0U);
  EXPECT_THAT(acks.ask("c", {0, 1, 2}, Position(15), now), ElementsAre(true, false, false));
  EXPECT_THAT(acks.ask("c", {0, 1}, Position(25), now), ElementsAre(false, true));
  EXPECT_THAT(acks.ask("nobody", {0}, Position(25), now), ElementsAre(false));
  EXPECT_EQ(acks.channels(), 2U);
  EXPECT_THAT(acks.ask("d", {0}, Position(99), now + std::chrono::minutes(5)),
              ElementsAre(false));  // forgotten meanwhile
}

TEST(HecAcks, AreBounded) {
  HecAcks acks;
  const auto now = HecAcks::Clock::now();
  for (int i = 0; i < 10'000; ++i) acks.add("c", Position(static_cast<std::uint64_t>(i)), now);
  EXPECT_FALSE(acks.has_room("c", now));
  EXPECT_TRUE(acks.has_room("d", now));
  for (int i = 0; i < 1023; ++i) acks.add("x" + std::to_string(i), Position(1), now);
  EXPECT_FALSE(acks.has_room("another", now));
}

constexpr const char* kChannel = "FE0ECFAD-13D5-401B-847D-77833BD77131";

struct Fixture {
  explicit Fixture(bool query_token = false, std::uint64_t rate = 0) {
    HecSettings settings{.name = "hec",
                         .port = 0,
                         .tls_enabled = false,
                         .query_token = query_token,
                         .max_body = 1_MiB,
                         .durable_timeout = 500ms};
    settings.rate_per_peer = rate;
    settings.tokens = {{.name = "plain", .sha256 = sha256("secret")},
                       {.name = "acked", .sha256 = sha256("acked"), .acks = true},
                       {.name = "off", .sha256 = sha256("off"), .enabled = false},
                       {.name = "main only", .sha256 = sha256("main"), .indexes = {"main"}}};
    source = HecSource::create(settings, sink);
    auto started = source->start();
    EXPECT_TRUE(started) << started.error().message();
    client = net::HttpClient::create({.host = "127.0.0.1", .port = source->port()});
  }
  // "status body"
  std::string post(const std::string& target, const std::string& body, const std::string& token = "secret",
                   std::vector<net::HttpHeader> headers = {}) {
    if (!token.empty()) headers.push_back({"Authorization", "Splunk " + token});
    return ask({.method = "POST", .target = target, .headers = std::move(headers), .body = body});
  }
  std::string ask(const net::HttpRequest& request) {
    auto response = client->send(request, Deadline::in(5s));
    if (!response) return response.error().message();
    return std::to_string(response->status) + " " + response->body;
  }
  RecordingSink sink;
  std::unique_ptr<HecSource> source;
  std::unique_ptr<net::HttpClient> client;
};

constexpr const char* kSuccess = R"(200 {"text":"Success","code":0})";

TEST(Hec, EachEventIsAnEntryWithItsExactBytes) {
  Fixture f;
  EXPECT_EQ(f.post("/services/collector/event", R"({"event": "a"} {"event":{"b":1}})"), kSuccess);
  EXPECT_EQ(f.post("/services/collector", R"({"event":"c"})"), kSuccess);
  EXPECT_EQ(f.post("/services/collector/event/1.0", R"([{"event":"d"}])"), kSuccess);
  EXPECT_THAT(f.sink.payloads(),
              ElementsAre(R"({"event": "a"})", R"({"event":{"b":1}})", R"({"event":"c"})", R"({"event":"d"})"));
  EXPECT_EQ(f.sink.kept()[0].hint, "hec-event");
  EXPECT_EQ(f.sink.appends(), 3U);
  EXPECT_EQ(f.source->status().messages, 4U);
}

TEST(Hec, RawLinesWithMetadata) {
  Fixture f;
  EXPECT_EQ(f.post("/services/collector/raw?host=web%201&sourcetype=access", "line one\nline two\r\n"), kSuccess);
  EXPECT_THAT(f.sink.payloads(), ElementsAre("line one", "line two"));
  EXPECT_EQ(f.sink.kept()[0].hint, "hec-raw?host=web%201&sourcetype=access");
  EXPECT_EQ(f.post("/services/collector/raw", "\n\n"), R"(400 {"text":"No data","code":5})");
}

TEST(Hec, TokensAreChecked) {
  Fixture f;
  const std::string event = R"({"event":"a"})";
  EXPECT_EQ(f.post("/services/collector", event, ""), R"(401 {"text":"Token is required","code":2})");
  EXPECT_EQ(f.post("/services/collector", event, "wrong"), R"(403 {"text":"Invalid token","code":4})");
  EXPECT_EQ(f.post("/services/collector", event, "off"), R"(403 {"text":"Token disabled","code":1})");
  EXPECT_EQ(f.post("/services/collector", event, "", {{"Authorization", "secret"}}),
            R"(401 {"text":"Invalid authorization","code":3})");
  EXPECT_EQ(f.post("/services/collector", event, "", {{"Authorization", "Bearer secret"}}),
            R"(401 {"text":"Invalid authorization","code":3})");
  EXPECT_EQ(f.post("/services/collector", event, "", {{"Authorization", "Basic " + to_base64("x:secret")}}), kSuccess);
  EXPECT_EQ(f.post("/services/collector?token=secret", event, ""),
            R"(400 {"text":"Query string authorization is not enabled","code":16})");
  EXPECT_EQ(f.post("/services/collector", "", "secret"), R"(400 {"text":"No data","code":5})");
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a","index":"x"})", "main"),
            R"(400 {"text":"Incorrect index","code":7,"invalid-event-number":0})");
  EXPECT_EQ(f.sink.count(), 1U);
  Fixture open(true);
  EXPECT_EQ(open.post("/services/collector?token=secret", event, ""), kSuccess);
  EXPECT_EQ(open.post("/services/collector?token=wrong", event, ""), R"(403 {"text":"Invalid token","code":4})");
}

TEST(Hec, ARequestIsTakenWholeOrNotAtAll) {
  Fixture f;
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"}{"event":""})"),
            R"(400 {"text":"Event field cannot be blank","code":13,"invalid-event-number":1})");
  EXPECT_EQ(f.sink.count(), 0U);
}

TEST(Hec, AcksAreTrueOnlyWhenDurable) {
  Fixture f;
  f.sink.set_durable(0);
  const std::vector<net::HttpHeader> channel{{"X-Splunk-Request-Channel", kChannel}};
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})", "acked"),
            R"(400 {"text":"Data channel is missing","code":10})");
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})", "acked", {{"X-Splunk-Request-Channel", "x"}}),
            R"(400 {"text":"Invalid data channel","code":11})");
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})", "acked", channel),
            R"(200 {"text":"Success","code":0,"ackId":0})");
  EXPECT_EQ(f.post(std::string("/services/collector/raw?channel=") + kChannel, "b", "acked"),
            R"(200 {"text":"Success","code":0,"ackId":1})");
  const std::string ack = std::string("/services/collector/ack?channel=") + kChannel;
  EXPECT_EQ(f.post(ack, R"({"acks":[0,1,7]})", "acked"), R"(200 {"acks":{"0":false,"1":false,"7":false}})");
  f.sink.set_durable(1);
  EXPECT_EQ(f.post(ack, R"({"acks":[0,1]})", "acked"), R"(200 {"acks":{"0":true,"1":false}})");
  f.sink.set_durable(2);
  EXPECT_EQ(f.post(ack, R"({"acks":[0,1]})", "acked"), R"(200 {"acks":{"0":false,"1":true}})");
  EXPECT_EQ(f.post(ack, "nonsense", "acked"), R"(400 {"text":"Invalid data format","code":6})");
  EXPECT_EQ(f.post(ack, R"({"acks":[0]})", "secret"), R"(400 {"text":"ACK is disabled","code":14})");
}

TEST(Hec, WithoutAcksTheAnswerWaitsForTheDisk) {
  Fixture f;
  f.sink.set_durable(0);
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})"), R"(503 {"text":"Server is busy","code":9})");
  std::thread disk([&] {
    std::this_thread::sleep_for(100ms);
    f.sink.set_durable(99);
  });
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})"), kSuccess);
  disk.join();
}

TEST(Hec, AFullJournalIsBusyAndUnhealthy) {
  Fixture f;
  EXPECT_EQ(f.ask({.target = "/services/collector/health"}), R"(200 {"text":"HEC is healthy","code":17})");
  f.sink.set_full(true);
  EXPECT_EQ(f.ask({.target = "/services/collector/health/1.0"}),
            R"(503 {"text":"HEC is unhealthy, queues are full","code":18})");
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})"), R"(503 {"text":"Server is busy","code":9})");
  EXPECT_EQ(f.source->status().state, "waiting");
  f.sink.set_full(false);
  EXPECT_EQ(f.post("/services/collector", R"({"event":"a"})"), kSuccess);
  EXPECT_EQ(f.source->status().state, "listening");
}

TEST(Hec, ARateMakesThePeerWait) {
  Fixture f(false, 2);
  EXPECT_EQ(f.post("/services/collector", R"({"event":1}{"event":2}{"event":3}{"event":4}{"event":5})"), kSuccess);
  EXPECT_EQ(f.post("/services/collector", R"({"event":6})"), R"(503 {"text":"Server is busy","code":9})");
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(f.post("/services/collector", R"({"event":6})"), kSuccess);
}

TEST(Hec, OtherPathsAndMethods) {
  Fixture f;
  EXPECT_THAT(f.post("/services/other", "x"), ::testing::StartsWith("404 "));
  EXPECT_THAT(f.post("/services/collectorx", "x"), ::testing::StartsWith("404 "));
  EXPECT_THAT(f.ask({.method = "GET", .target = "/services/collector"}), ::testing::StartsWith("405 "));
}

TEST(Hec, CompressedBodies) {
  Fixture f;
  EXPECT_EQ(f.post("/services/collector", *net::encode_gzip(R"({"event":"zipped"})"), "secret",
                   {{"Content-Encoding", "gzip"}}),
            kSuccess);
  EXPECT_THAT(f.sink.payloads(), ElementsAre(R"({"event":"zipped"})"));
}

TEST(Hec, PythonSpeaksToItOverTls) {
  if (std::system("command -v python3 >/dev/null") != 0) GTEST_SKIP() << "no python3";
  TemporaryDirectory folder;
  const auto certificate = folder.path() / "c.crt", key = folder.path() / "c.key";
  ASSERT_TRUE(net::ensure_self_signed_certificate(certificate, key, {"localhost", "127.0.0.1"}));
  RecordingSink sink;
  auto source = HecSource::create(
      {.name = "hec-tls", .port = 0, .tls = {certificate, key, ""}, .tokens = {{.name = "t", .sha256 = sha256("t")}}},
      sink);
  ASSERT_TRUE(source->start());
  const std::string script = fmt::format(R"(
import http.client, ssl, json
context = ssl.create_default_context(cafile='{}')
c = http.client.HTTPSConnection('127.0.0.1', {}, context=context, timeout=10)
for i in range(100):
    body = ''.join(json.dumps({{'event': {{'n': i * 10 + j}}, 'time': 1700000000 + i}}) for j in range(10))
    c.request('POST', '/services/collector/event', body, {{'Authorization': 'Splunk t'}})
    r = c.getresponse()
    assert r.status == 200 and json.loads(r.read()) == {{'text': 'Success', 'code': 0}}
)",
                                         certificate.string(), source->port());
  ASSERT_TRUE(write_file_atomically(folder.path() / "s.py", script));
  EXPECT_EQ(std::system(("python3 " + (folder.path() / "s.py").string()).c_str()), 0);
  EXPECT_EQ(sink.count(), 1000U);
  EXPECT_THAT(sink.payloads().back(), ::testing::HasSubstr("\"n\": 999"));
}

}  // namespace
}  // namespace yagura::intake
