// The running loop on a real journal: bookmark, ledger, restarts of either side.
#include "forward/forwarder.hpp"

#include <set>

#include "forward/configuration_backend.hpp"
#include "forward/forward_fixture.hpp"
#include "forward/forwarder_service.hpp"
#include "forward/signing_session.hpp"
#include "journal/writer.hpp"
#include "net/syslog_framer.hpp"

namespace yagura::forward {
namespace {

// Numbers "n=..." of the messages in a stream, with how often each is there.
std::map<int, int> numbers_of(const std::string& stream) {
  std::map<int, int> found;
  for (std::size_t at = 0; (at = stream.find("n=", at)) != std::string::npos; ++at) {
    const auto end = stream.find('.', at);
    if (end == std::string::npos) break;
    ++found[std::atoi(stream.c_str() + at + 2)];
  }
  return found;
}

struct ForwarderTest : ::testing::Test {
  TemporaryDirectory temporary;
  std::unique_ptr<journal::Writer> writer = *journal::Writer::open(
      {.folder = temporary.path() / "journal", .signing_key = temporary.path() / "key.pem", .min_free = 1_MiB});

  void append(int from, int to, std::string_view hint = "syslog") {
    for (int i = from; i < to; ++i) {
      const std::string text = fmt::format("<{}>Nov 22 08:00:00 host1 app: n={}.", i % 10 == 9 ? 14 : 12, i);
      const journal::EntryView entry{
          .source = "test", .peer = "192.0.2.1:1", .hint = hint, .received_at = ReceiveClock::now(), .payload = text};
      ASSERT_TRUE(writer->append(std::span(&entry, 1), Deadline::in(5s)));
    }
    ASSERT_TRUE(writer->wait_durable(writer->appended_position(), Deadline::in(5s)));
  }
  ForwarderOptions options(std::uint16_t port, const char* subscription = "all") {
    return {
        .open_tail = [this](Position from) -> Result<std::unique_ptr<journal::Tail>> { return writer->tail(from); },
        .head = [this] { return writer->durable_position(); },
        .subscription = *Subscription::of_profile(subscription, OutputSeverity::Verbose),
        .encoder = *make_encoder({.kind = "rfc5424"}),
        .destination = {.host = "127.0.0.1", .port = port, .use_tls = false, .settle = 300ms, .attempt_timeout = 2s},
        .ledger_file = temporary.path() / "ledger" / "siem.json",
        .host = "here",
        .save_interval = 50ms,
        .first_wait = 20ms,
        .most_wait = 200ms};
  }
  static bool wait_until(const std::function<bool()>& condition, std::chrono::seconds most = 20s) {
    const auto deadline = Deadline::in(most);
    while (!condition() && !deadline.passed()) std::this_thread::sleep_for(10ms);
    return condition();
  }
};

TEST_F(ForwarderTest, SendsEverythingInOrderAndBalances) {
  TestReceiver receiver;
  append(0, 1000);
  auto forwarder = *Forwarder::start(options(receiver.port()));
  ASSERT_TRUE(wait_until([&] { return forwarder->status().ledger.counts.sent >= 1000; }))
      << forwarder->status().last_error;
  append(1000, 1100);
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
  const auto status = forwarder->status();
  EXPECT_EQ(status.run, ForwarderRun::connected);
  EXPECT_EQ(status.ledger.counts.scanned, 1100U);
  EXPECT_TRUE(status.ledger.counts.balanced());
  EXPECT_EQ(status.ledger.repeated, 0U);
  forwarder->stop(Deadline::in(5s));
  const auto numbers = numbers_of(receiver.received());
  EXPECT_EQ(numbers.size(), 1100U);
  for (const auto& [number, count] : numbers) EXPECT_EQ(count, 1) << number;
  const auto kept = Ledger::load(temporary.path() / "ledger" / "siem.json");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->counts.sent, 1100U);
  EXPECT_EQ(kept->bookmark, writer->durable_position());
}

TEST_F(ForwarderTest, GoesOnAfterItsOwnRestart) {
  TestReceiver receiver;
  append(0, 500);
  auto forwarder = *Forwarder::start(options(receiver.port()));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
  forwarder.reset();
  append(500, 900);
  forwarder = *Forwarder::start(options(receiver.port()));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
  EXPECT_EQ(forwarder->status().ledger.counts.scanned, 900U);
  forwarder.reset();
  const auto numbers = numbers_of(receiver.received());
  EXPECT_EQ(numbers.size(), 900U);
  for (const auto& [number, count] : numbers) EXPECT_EQ(count, 1) << number;
}

TEST_F(ForwarderTest, LosesNothingWhenTheReceiverGoesAndComes) {
  auto receiver = std::make_unique<TestReceiver>();
  const auto port = receiver->port();
  append(0, 300);
  auto forwarder = *Forwarder::start(options(port));
  std::map<int, int> all;
  const auto gather = [&] {
    for (const auto& [number, count] : numbers_of(receiver->received())) all[number] += count;
  };
  for (int round = 1; round <= 4; ++round) {
    ASSERT_TRUE(receiver->wait_for([](const auto& got) { return got.size() > 1000; }));
    receiver->stop();
    gather();
    append(round * 300, (round + 1) * 300);
    receiver = std::make_unique<TestReceiver>(nullptr, TestReceiver::Behaviour(), port);
  }
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }))
      << forwarder->status().last_error;
  const auto status = forwarder->status();
  forwarder->stop(Deadline::in(5s));
  receiver->stop();
  gather();
  EXPECT_EQ(all.size(), 1500U);
  EXPECT_EQ(status.ledger.counts.sent, 1500U);
  EXPECT_TRUE(status.ledger.counts.balanced());
  std::uint64_t doubles = 0;
  for (const auto& [number, count] : all) doubles += static_cast<std::uint64_t>(count - 1);
  EXPECT_LE(doubles, status.ledger.repeated);  // every double was announced
}

std::vector<std::string> lines_of(const std::string& stream) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = stream.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(stream.substr(at, end - at));
  return lines;
}

SignatureReport verified(const std::vector<std::string>& lines, std::vector<std::string> trusted = {}) {
  SignatureVerifier verifier({.trusted = std::move(trusted)});
  for (const auto& line : lines) verifier.add(line);
  return verifier.report();
}

std::string told(const SignatureReport& report) {
  std::string out = fmt::format("{} messages, {} verified", report.messages, report.verified);
  for (const auto& one : report.findings)
    out += fmt::format("; {} {} arrival {}", to_string(one.kind), one.number, one.arrival);
  return out;
}

TEST_F(ForwarderTest, SignsWhatItSendsSoThatAReceiverCanTell) {
  TestReceiver receiver;
  const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  append(0, 500);
  auto signing = options(receiver.port());
  signing.destination.framing = Framing::line_feed;
  signing.signing_key = [key]() -> Result<SyslogSigningKey> { return key; };
  auto forwarder = *Forwarder::start(std::move(signing));
  // The rest of the last block is signed when nothing comes for a while, not only at the end.
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }))
      << forwarder->status().last_error;
  EXPECT_EQ(forwarder->status().signing_key, key.thumbprint());
  append(500, 507);
  ASSERT_TRUE(receiver.wait_for([](const auto& got) { return got.find("n=506.") != std::string::npos; }));
  forwarder->stop(Deadline::in(5s));
  const auto status = forwarder->status();
  EXPECT_EQ(status.ledger.counts.sent, 507U);  // signatures are no events
  EXPECT_EQ(status.ledger.repeated, 0U);
  EXPECT_TRUE(status.ledger.counts.balanced());
  EXPECT_EQ(status.ledger.bookmark, writer->durable_position());

  const auto lines = lines_of(receiver.received());
  EXPECT_EQ(told(verified(lines, {key.thumbprint()})), "507 messages, 507 verified");
  const auto at = [&](int number) {
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (lines[i].ends_with(fmt::format("n={}.", number))) return static_cast<std::ptrdiff_t>(i);
    ADD_FAILURE() << number;
    return std::ptrdiff_t{0};
  };
  auto dropped = lines;
  dropped.erase(dropped.begin() + at(99));
  EXPECT_EQ(told(verified(dropped)), "506 messages, 506 verified; missing 100 arrival 0");
  auto changed = lines;
  changed[static_cast<std::size_t>(at(199))] += "?";
  EXPECT_EQ(told(verified(changed)), "507 messages, 506 verified; changed 200 arrival 200");
  auto swapped = lines;
  std::swap(swapped[static_cast<std::size_t>(at(10))], swapped[static_cast<std::size_t>(at(11))]);
  EXPECT_EQ(told(verified(swapped)), "507 messages, 507 verified; out-of-order 12 arrival 11");
  const auto other = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  EXPECT_EQ(verified(lines, {other.thumbprint()}).verified, 0U);
}

TEST_F(ForwarderTest, SignsEachConnectionAsASessionOfItsOwn) {
  // Cuts every connection but the last after some bytes.
  std::atomic<int> cut{0};
  TestReceiver receiver(nullptr, [&](TestReceiver&, net::ByteStream&) {
    if (cut >= 4) return true;
    ++cut;
    return false;
  });
  const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  auto signing = options(receiver.port());
  signing.destination.framing = Framing::line_feed;
  signing.signing_key = [key]() -> Result<SyslogSigningKey> { return key; };
  append(0, 2000);
  auto forwarder = *Forwarder::start(std::move(signing));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }))
      << forwarder->status().last_error;
  forwarder->stop(Deadline::in(5s));
  const auto status = forwarder->status();
  EXPECT_EQ(status.ledger.counts.sent, 2000U);
  EXPECT_TRUE(status.ledger.counts.balanced());
  EXPECT_GE(status.ledger.connections, 5U);
  std::set<std::string> sessions;
  const auto lines = lines_of(receiver.received());
  for (const auto& line : lines)
    if (const auto at = line.find("[ssign"); at != std::string::npos)
      sessions.insert(line.substr(line.find("RSID=\"", at), 16));
  EXPECT_GE(sessions.size(), 2U);
  // Whatever broke: every event has come, and under a signature.
  std::set<int> signed_numbers;
  for (const auto& [number, count] : numbers_of(receiver.received())) signed_numbers.insert(number);
  EXPECT_EQ(signed_numbers.size(), 2000U);
  EXPECT_GE(verified(lines).verified, 2000U);
}

TEST_F(ForwarderTest, SendsNothingUnsignedWhenTheKeyIsAway) {
  TestReceiver receiver;
  append(0, 10);
  const auto file = temporary.path() / "sign.pem";
  auto signing = options(receiver.port());
  signing.signing_key = [file] { return load_signing_key(file); };
  auto forwarder = *Forwarder::start(std::move(signing));
  ASSERT_TRUE(wait_until([&] { return forwarder->status().last_error.find("sign.pem") != std::string::npos; }));
  const auto key = *SyslogSigningKey::generate(SyslogSigningKey::Kind::ec);
  ASSERT_TRUE(write_file_atomically(file, *key.private_pem(), 0644));
  ASSERT_TRUE(wait_until([&] { return forwarder->status().last_error.find("chmod 600") != std::string::npos; }));
  EXPECT_EQ(receiver.received(), "");
  ASSERT_TRUE(write_file_atomically(file, *key.private_pem(), 0600));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
}

TEST_F(ForwarderTest, IsNotHeldUpByAnother) {
  TestReceiver receiver;
  append(0, 200);
  auto stuck = options(1);  // nobody listens there
  stuck.ledger_file = temporary.path() / "ledger" / "other.json";
  auto one = *Forwarder::start(std::move(stuck));
  auto two = *Forwarder::start(options(receiver.port()));
  ASSERT_TRUE(wait_until([&] { return two->bookmark() == writer->durable_position(); }));
  EXPECT_EQ(one->bookmark().number(), 0U);
  EXPECT_NE(one->status().last_error, "");
  const auto begin = std::chrono::steady_clock::now();
  one->stop(Deadline::in(2s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(ForwarderTest, StopsInTimeWhenTheReceiverReadsNothing) {
  auto listening = net::listen_tcp(*net::SocketAddress::numeric("127.0.0.1", 0));
  ASSERT_TRUE(listening);
  const int small = 4096;
  ::setsockopt(listening->get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  // More than the sockets' buffers hold.
  const std::string large(60'000, 'x');
  for (int i = 0; i < 200; ++i) {
    const std::string text = fmt::format("<13>Nov 22 08:00:00 host1 app: {} n={}.", large, i);
    const journal::EntryView entry{
        .source = "test", .peer = "192.0.2.1:1", .hint = "syslog", .received_at = ReceiveClock::now(), .payload = text};
    ASSERT_TRUE(writer->append(std::span(&entry, 1), Deadline::in(5s)));
  }
  ASSERT_TRUE(writer->wait_durable(writer->appended_position(), Deadline::in(5s)));
  auto forwarder = *Forwarder::start(options(net::local_address(listening->get()).port()));
  ASSERT_TRUE(wait_until([&] { return forwarder->status().run == ForwarderRun::connected; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(forwarder->status().in_flight, 200U);  // the rest waits in the journal
  const auto begin = std::chrono::steady_clock::now();
  forwarder->stop(Deadline::in(500ms));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_EQ(forwarder->bookmark().number(), 0U);
  EXPECT_GT(forwarder->status().ledger.repeated, 0U);
}

TEST_F(ForwarderTest, PausesAndResumes) {
  TestReceiver receiver;
  append(0, 100);
  auto forwarder = *Forwarder::start(options(receiver.port()));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
  forwarder->pause();
  ASSERT_TRUE(wait_until([&] { return forwarder->status().run == ForwarderRun::paused; }));
  append(100, 200);
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(forwarder->status().ledger.counts.sent, 100U);
  forwarder->resume();
  ASSERT_TRUE(wait_until([&] { return forwarder->status().ledger.counts.sent == 200; }));
}

TEST_F(ForwarderTest, CountsWhatTheSubscriptionLeavesOutByRule) {
  TestReceiver receiver;
  append(0, 250);
  auto forwarder = *Forwarder::start(options(receiver.port(), "azure-local"));
  ASSERT_TRUE(wait_until([&] { return forwarder->bookmark() == writer->durable_position(); }));
  const auto counts = forwarder->status().ledger.counts;
  EXPECT_EQ(counts.scanned, 250U);
  EXPECT_EQ(counts.sent, 0U);
  EXPECT_EQ(counts.filtered_total(), 250U);
  EXPECT_TRUE(counts.balanced());
}

TEST(Ledger, KeepsItsBalance) {
  TemporaryDirectory temporary;
  const auto file = temporary.path() / "a" / "ledger.json";
  EXPECT_EQ(Ledger::load(file)->counts.scanned, 0U);
  Ledger ledger;
  ledger.counts.scanned = 10;
  ledger.counts.sent = 7;
  ledger.counts.filter("severity", 3);
  ledger.counts.sent_but_lost("refused by the network", 2);
  ledger.bookmark = Position(99);
  EXPECT_TRUE(ledger.counts.balanced());
  ASSERT_TRUE(ledger.save(file));
  const auto read = Ledger::load(file);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->counts.sent, 5U);
  EXPECT_EQ(read->counts.lost.at("refused by the network"), 2U);
  EXPECT_EQ(read->bookmark, Position(99));
  auto text = *read_file(file);
  text.replace(text.find("\"sent\":5"), 8, "\"sent\":6");
  ASSERT_TRUE(write_file_atomically(file, text));
  EXPECT_FALSE(Ledger::load(file));
}

// The service and one host's backend together: what an agent does when commands change the configuration.

struct ServiceTest : ForwarderTest {
  AgentFiles files{temporary.path() / "agent"};
  LocalBackend backend{files};
  const Requester who{.user_id = 0, .name = "root"};

  std::unique_ptr<ForwarderService> start() {
    auto service = ForwarderService::start(
        {.files = files,
         .open_tail = [this](Position from) -> Result<std::unique_ptr<journal::Tail>> { return writer->tail(from); },
         .head = [this] { return writer->durable_position(); }});
    EXPECT_TRUE(service) << service.error().message();
    return std::move(*service);
  }
  ConfigurationChange set(std::uint16_t port) {
    return {.kind = ChangeKind::Set,
            .settings = ForwarderSettings{.server_name = "127.0.0.1",
                                          .server_port = port,
                                          .no_encryption = true,
                                          .output_severity = OutputSeverity::Verbose,
                                          .encoding = "rfc5424",
                                          .subscription = "all"}};
  }
};

TEST_F(ServiceTest, FollowsTheConfiguration) {
  TestReceiver receiver;
  append(0, 10);
  auto service = start();
  EXPECT_EQ(service->status().state, ForwarderState::NotConfigured);
  EXPECT_EQ(receiver.connections(), 0);  // until configured it sends nothing
  EXPECT_FALSE(service->bookmark());

  const auto changed = backend.apply(set(receiver.port()), false, who);
  ASSERT_TRUE(changed) << changed.error().message();
  ASSERT_TRUE(changed->action_plan_id);
  ASSERT_TRUE(receiver.wait_for([](const auto& got) { return numbers_of(got).size() == 10; }))
      << service->status().error;
  ASSERT_TRUE(
      wait_until([&] { return backend.action_plan(*changed->action_plan_id)->state() == PlanState::Succeeded; }));
  EXPECT_FALSE(backend.get(ConfigurationScope::per_node)->hosts[0].drifted);

  ASSERT_TRUE(backend.apply({.kind = ChangeKind::Disable}, false, who));
  ASSERT_TRUE(wait_until([&] { return service->status().state == ForwarderState::Disabled; }));
  append(10, 20);
  ASSERT_TRUE(service->bookmark());
  ASSERT_TRUE(backend.apply({.kind = ChangeKind::Enable}, false, who));
  ASSERT_TRUE(receiver.wait_for([](const auto& got) { return numbers_of(got).size() == 20; }));

  ASSERT_TRUE(backend.apply({.kind = ChangeKind::Remove}, false, who));
  ASSERT_TRUE(wait_until([&] { return service->status().state == ForwarderState::NotConfigured; }));
  EXPECT_FALSE(backend.apply({.kind = ChangeKind::Enable}, false, who));
  EXPECT_FALSE(service->bookmark());
  EXPECT_EQ(check_audit(files.audit()).value_or(0), 5U);
}

TEST_F(ServiceTest, AfterARemoveANewSetSendsNothingFromTheTimeBetween) {
  for (const bool restarted : {false, true}) {
    const int base = restarted ? 100 : 0;
    TestReceiver receiver;
    auto service = start();
    ASSERT_TRUE(backend.apply(set(receiver.port()), false, who));
    ASSERT_TRUE(wait_until([&] { return service->status().state == ForwarderState::Enabled; }));
    append(base, base + 10);
    ASSERT_TRUE(receiver.wait_for([](const auto& got) { return numbers_of(got).size() == 10; }));
    ASSERT_TRUE(backend.apply({.kind = ChangeKind::Remove}, false, who));
    ASSERT_TRUE(wait_until([&] { return service->status().state == ForwarderState::NotConfigured; }));
    append(base + 10, base + 50);  // not configured: to be sent to nobody
    if (restarted) {
      service.reset();
      service = start();
      ASSERT_EQ(service->status().state, ForwarderState::NotConfigured);
    }
    const auto generation = backend.apply(set(receiver.port()), false, who)->now.generation;
    ASSERT_TRUE(wait_until([&] { return service->status().generation == generation; }));
    append(base + 50, base + 60);
    ASSERT_TRUE(receiver.wait_for([&](const auto& got) { return numbers_of(got).contains(base + 59); }));
    const auto numbers = numbers_of(receiver.received());
    EXPECT_EQ(numbers.size(), 20U);
    for (int i = base + 10; i < base + 50; ++i) EXPECT_FALSE(numbers.contains(i)) << i;
    EXPECT_EQ(Ledger::load(files.ledger("syslog-forwarder"))->counts.lost_total(), 0U);
    service.reset();
    ASSERT_TRUE(backend.apply({.kind = ChangeKind::Remove}, false, who));
  }
}

TEST_F(ServiceTest, DriftIsSeenAndForceMendsIt) {
  TestReceiver receiver;
  auto service = start();
  ASSERT_TRUE(backend.apply(set(receiver.port()), false, who));
  ASSERT_TRUE(wait_until([&] { return service->status().generation == 1; }));
  auto text = *read_file(files.local_copy());
  text.replace(text.find("Verbose"), 7, "Default");
  ASSERT_TRUE(write_file_atomically(files.local_copy(), text));
  ASSERT_TRUE(wait_until([&] { return service->status().error.find("by hand") != std::string::npos; }));
  EXPECT_TRUE(service->status().forwarder);  // what was in use goes on
  EXPECT_TRUE(backend.get(ConfigurationScope::per_node)->hosts[0].drifted);
  const auto idle = backend.apply({.kind = ChangeKind::Enable}, false, who);
  ASSERT_TRUE(idle);
  EXPECT_FALSE(idle->action_plan_id);
  EXPECT_TRUE(backend.get(ConfigurationScope::per_node)->hosts[0].drifted);
  const auto forced = backend.apply({.kind = ChangeKind::Enable}, true, who);
  ASSERT_TRUE(forced && forced->action_plan_id);
  EXPECT_FALSE(backend.get(ConfigurationScope::per_node)->hosts[0].drifted);
  ASSERT_TRUE(wait_until([&] { return service->status().generation == 2 && service->status().error.empty(); }));
  ASSERT_TRUE(
      wait_until([&] { return backend.action_plan(*forced->action_plan_id)->state() == PlanState::Succeeded; }));
}

TEST_F(ServiceTest, AFailedChangeLeavesWhatWas) {
  ASSERT_TRUE(backend.apply(set(514), false, who));
  const auto before = *read_file(files.global());
  EXPECT_FALSE(backend.apply(set(515), false, {.user_id = 65534, .name = "nobody"}));
  EXPECT_EQ(*read_file(files.global()), before);
  EXPECT_EQ(check_audit(files.audit()).value_or(0), 2U);  // the refusal too
  auto audit = *read_file(files.audit());
  audit.replace(audit.find("514"), 3, "516");
  ASSERT_TRUE(write_file_atomically(files.audit(), audit));
  EXPECT_FALSE(check_audit(files.audit()));
}

TEST_F(ServiceTest, APlanWithoutAgentWaits) {
  const auto changed = backend.apply(set(514), false, who);
  ASSERT_TRUE(changed);
  const auto plan = backend.action_plan(*changed->action_plan_id);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->state(), PlanState::Running);
  EXPECT_EQ(plan->hosts[0].steps[0].state, PlanState::Succeeded);
  EXPECT_EQ(plan->hosts[0].steps[1].state, PlanState::Pending);
  EXPECT_FALSE(backend.action_plan("../../etc/passwd"));
  EXPECT_EQ(backend.action_plan("00000000-0000-4000-8000-000000000000").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(backend.action_plans()->size(), 1U);
}

}  // namespace
}  // namespace yagura::forward
