// Destinations against receivers in threads: what reaches the wire, what is taken, and what is not sent to whom.
#include "forward/destination.hpp"

#include "forward/certificate_store.hpp"
#include "forward/destination_connect.hpp"
#include "forward/forward_fixture.hpp"
#include "forward/relp.hpp"

namespace yagura::forward {
namespace {

struct DestinationTest : ::testing::Test {
  std::shared_ptr<Wakeup> wakeup = *Wakeup::create();

  static DestinationSettings plain(std::uint16_t port,
                                   DestinationProtocol protocol = DestinationProtocol::syslog_stream) {
    return {.host = "127.0.0.1",
            .port = port,
            .protocol = protocol,
            .use_tls = false,
            .settle = 100ms,
            .attempt_timeout = 2s,
            .handshake_timeout = 2s,
            .stall_timeout = 2s};
  }
  // Steps until `number` is taken or the connection ends.
  Result<> drive(Destination& destination, std::uint64_t number, std::chrono::seconds most = 10s) {
    const auto deadline = Deadline::in(most);
    while (!deadline.passed()) {
      TRY(destination.step());
      if (destination.taken() >= number) return {};
      const auto waiting = destination.waiting();
      (void)wait_for(waiting.fd, waiting.events, *wakeup,
                     Deadline::in(std::min(waiting.most, std::chrono::milliseconds(20))));
    }
    return fail(ErrorKind::timeout, "not taken");
  }
};

TEST_F(DestinationTest, FramesByCountsOrLineFeeds) {
  for (const auto framing : {Framing::octet_counting, Framing::line_feed}) {
    TestReceiver receiver;
    auto settings = plain(receiver.port());
    settings.framing = framing;
    const auto destination = make_destination(settings);
    ASSERT_TRUE(destination->connect(1, *wakeup));
    destination->offer(1, "<13>first");
    destination->offer(2, "<13>two\nlines");
    const auto done = drive(*destination, 2);
    ASSERT_TRUE(done) << done.error().message();
    destination->close(Deadline::in(2s));
    const std::string wanted =
        framing == Framing::octet_counting ? "9 <13>first13 <13>two\nlines" : "<13>first\n<13>two lines\n";
    EXPECT_TRUE(receiver.wait_for([&](const auto& got) { return got == wanted; })) << receiver.received();
  }
}

TEST_F(DestinationTest, TakesNothingForGrantedBeforeItHasSettled) {
  TestReceiver receiver;
  auto settings = plain(receiver.port());
  settings.settle = 1500ms;
  const auto destination = make_destination(settings);
  ASSERT_TRUE(destination->connect(7, *wakeup));
  EXPECT_EQ(destination->taken(), 6U);
  destination->offer(7, "<13>x");
  ASSERT_TRUE(destination->step());
  ASSERT_TRUE(receiver.wait_for([](const auto& got) { return !got.empty(); }));
  ASSERT_TRUE(destination->step());
  EXPECT_EQ(destination->taken(), 6U);  // received, and not old enough
  EXPECT_TRUE(drive(*destination, 7));
}

TEST_F(DestinationTest, CloseWaitsForTheReceiversEnd) {
  TestReceiver receiver;
  auto settings = plain(receiver.port());
  settings.settle = 60s;
  const auto destination = make_destination(settings);
  ASSERT_TRUE(destination->connect(1, *wakeup));
  for (int i = 1; i <= 1000; ++i) destination->offer(static_cast<std::uint64_t>(i), "<13>message " + std::to_string(i));
  destination->close(Deadline::in(5s));
  EXPECT_EQ(destination->taken(), 1000U);
}

TEST_F(DestinationTest, BoundsWhatItHoldsAndWhatIsUntaken) {
  TestReceiver receiver;
  auto settings = plain(receiver.port());
  settings.write_buffer = Bytes(1000);
  auto destination = make_destination(settings);
  ASSERT_TRUE(destination->connect(1, *wakeup));
  std::uint64_t number = 0;
  while (destination->ready_for_more() && number < 1000) destination->offer(++number, std::string(100, 'x'));
  EXPECT_LE(number, 11U);
  settings.write_buffer = 1_MiB;
  settings.most_untaken = 50;
  destination = make_destination(settings);
  ASSERT_TRUE(destination->connect(1, *wakeup));
  number = 0;
  while (destination->ready_for_more() && number < 1000) destination->offer(++number, "x");
  EXPECT_EQ(number, 50U);
}

TEST_F(DestinationTest, NoticesThatTheReceiverWent) {
  auto receiver = std::make_unique<TestReceiver>();
  const auto destination = make_destination(plain(receiver->port()));
  ASSERT_TRUE(destination->connect(1, *wakeup));
  receiver->stop();
  const auto done = drive(*destination, 1, 3s);
  ASSERT_FALSE(done);
  EXPECT_FALSE(destination->connected());
  EXPECT_FALSE(destination->connect(1, *wakeup));  // nobody listens any more
}

TEST_F(DestinationTest, TriesEachAddressOfAName) {
  TestReceiver receiver;  // at 127.0.0.1 only; the name has ::1 too where there is IPv6
  auto settings = plain(receiver.port());
  settings.host = "localhost";
  const auto destination = make_destination(settings);
  const auto facts = destination->connect(1, *wakeup);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->address, fmt::format("127.0.0.1:{}", receiver.port()));
  settings.host = "no-such-name.invalid";
  const auto refused = make_destination(settings)->connect(1, *wakeup);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("no-such-name.invalid"), std::string::npos);
}

TEST_F(DestinationTest, StopsAtOnceWhenWoken) {
  // An address that answers nothing (RFC 5737): either there is no route, or the wait is cut short.
  auto settings = plain(514);
  settings.host = "192.0.2.1";
  settings.attempt_timeout = 30s;
  const auto destination = make_destination(settings);
  wakeup->wake();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(destination->connect(1, *wakeup));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

// TLS: who gets messages and who does not.

struct TlsTest : DestinationTest {
  TemporaryDirectory temporary;
  CertificateStore store{temporary.path() / "store"};
  TestCertificate ca = make_certificate({.name = "Test Root", .is_ca = true});

  void trust(const std::string& pem) { ASSERT_TRUE(store.import(*read_certificate_bundle(pem, {}), {})); }
  std::shared_ptr<const net::TlsContext> server(const TestCertificate& certificate, const std::string& client_ca = {}) {
    static int number = 0;
    const auto base = temporary.path() / fmt::format("server{}", ++number);
    net::TlsServerOptions options{.certificate = base.string() + ".crt", .private_key = base.string() + ".key"};
    EXPECT_TRUE(write_file_atomically(options.certificate, certificate.pem()));
    EXPECT_TRUE(write_file_atomically(options.private_key, certificate.key_pem(), 0600));
    if (!client_ca.empty()) {
      options.client_ca = base.string() + ".ca";
      EXPECT_TRUE(write_file_atomically(options.client_ca, client_ca));
    }
    auto made = net::TlsContext::server(options);
    EXPECT_TRUE(made) << made.error().message();
    return *made;
  }
  ForwarderSettings wish(std::uint16_t port) { return {.server_name = "127.0.0.1", .server_port = port}; }
  DestinationSettings settings(const ForwarderSettings& from) {
    auto made = destination_settings(from, store);
    made.settle = 100ms;
    made.attempt_timeout = made.handshake_timeout = 3s;
    return made;
  }
  // Sends one message; "" when it arrived, else the error. Nothing may reach the receiver then.
  std::string send(const TestCertificate& certificate, const std::function<void(ForwarderSettings&)>& change = {},
                   const std::string& client_ca = {}) {
    TestReceiver receiver(server(certificate, client_ca));
    auto from = wish(receiver.port());
    if (change) change(from);
    const auto destination = make_destination(settings(from));
    const auto facts = destination->connect(1, *wakeup);
    std::string error = facts ? "" : facts.error().message();
    if (facts) {
      destination->offer(1, "<13>secret");
      if (const auto done = drive(*destination, 1, 5s); !done) error = done.error().message();
    }
    destination->close(Deadline::in(1s));
    receiver.stop();
    EXPECT_EQ(receiver.received(), error.empty() ? "10 <13>secret" : "") << error;
    return error;
  }
};

TEST_F(TlsTest, SendsToATrustedServer) {
  trust(ca.pem());
  EXPECT_EQ(send(make_certificate({.issuer = &ca})), "");
}

TEST_F(TlsTest, SendsNothingToWhoIsNotTrusted) {
  trust(ca.pem());
  const auto stranger = make_certificate({.name = "Test Root", .is_ca = true});  // the same name, another key
  const auto contains = [](const std::string& error, std::string_view part) {
    return error.find(part) != std::string::npos;
  };
  EXPECT_PRED2(contains, send(make_certificate({.issuer = &stranger})), "refused");
  EXPECT_PRED2(contains, send(make_certificate({.name = "self"})), "self-signed");
  EXPECT_PRED2(contains, send(make_certificate({.issuer = &ca, .from_days = -9, .until_days = -1})), "expired");
  EXPECT_PRED2(contains, send(make_certificate({.issuer = &ca, .from_days = 1})), "not yet valid");
  EXPECT_PRED2(contains, send(make_certificate({.issuer = &ca, .alternatives = "DNS:other.example"})),
               "IP address mismatch");
  EXPECT_PRED2(contains, send(make_certificate({.issuer = &ca, .must_staple = true})), "stapled");
}

TEST_F(TlsTest, SendsNothingToARevokedServer) {
  trust(ca.pem());
  const auto bad = make_certificate({.issuer = &ca}), good = make_certificate({.issuer = &ca});
  EXPECT_EQ(send(bad), "");  // nobody has said so yet
  trust(revocation_list(ca, {&bad}));
  EXPECT_NE(send(bad).find("revoked"), std::string::npos);
  EXPECT_EQ(send(good), "");
  // A list of somebody else says nothing about this CA's certificates.
  const auto other = make_certificate({.name = "Other Root", .is_ca = true});
  trust(other.pem());
  EXPECT_EQ(send(make_certificate({.issuer = &other})), "");
}

TEST_F(TlsTest, ARevocationListThatHasRunOutRefuses) {
  trust(ca.pem());
  trust(revocation_list(ca, {}, -1));
  EXPECT_NE(send(make_certificate({.issuer = &ca})).find("CRL has expired"), std::string::npos);
}

TEST_F(TlsTest, SkippingTheNameStillChecksTheChain) {
  trust(ca.pem());
  const auto skip_name = [](ForwarderSettings& s) { s.skip_server_cn_check = true; };
  EXPECT_EQ(send(make_certificate({.issuer = &ca, .alternatives = "DNS:other.example"}), skip_name), "");
  const auto stranger = make_certificate({.name = "Stranger", .is_ca = true});
  EXPECT_NE(send(make_certificate({.issuer = &stranger}), skip_name), "");
  EXPECT_NE(send(make_certificate({.issuer = &ca, .from_days = -9, .until_days = -1}), skip_name), "");
}

TEST_F(TlsTest, SkippingTheCheckTakesAnybody) {
  const auto skip = [](ForwarderSettings& s) { s.skip_server_certificate_check = true; };
  EXPECT_EQ(send(make_certificate({.alternatives = "DNS:other.example", .from_days = -9, .until_days = -1}), skip), "");
}

TEST_F(TlsTest, AnImportedIssuingCaIsEnoughWithoutItsRoot) {
  const auto between = make_certificate({.name = "Test Issuing CA 01", .issuer = &ca, .is_ca = true});
  const auto leaf = make_certificate({.issuer = &between});
  EXPECT_NE(send(leaf), "");
  trust(between.pem());
  EXPECT_EQ(send(leaf), "");
}

TEST_F(TlsTest, ShowsItsCertificateToAServerThatAsks) {
  trust(ca.pem());
  const auto client = make_certificate({.name = "node1", .issuer = &ca, .alternatives = "DNS:node1"});
  trust(client.pem() + client.key_pem());
  const auto leaf = make_certificate({.issuer = &ca});
  const auto mutual = [&](ForwarderSettings& s) { s.client_certificate_thumbprint = client.sha1(); };
  EXPECT_EQ(send(leaf, mutual, ca.pem()), "");
  EXPECT_NE(send(leaf, {}, ca.pem()), "");  // none shown
  const auto stranger = make_certificate({.name = "Stranger", .is_ca = true});
  const auto error = send(leaf, mutual, stranger.pem());  // one that the server does not know
  EXPECT_NE(error, "");
}

TEST_F(TlsTest, CertificatesAreReadAnewAtEachConnection) {
  TestReceiver receiver(server(make_certificate({.issuer = &ca})));
  const auto destination = make_destination(settings(wish(receiver.port())));
  EXPECT_FALSE(destination->connect(1, *wakeup));
  trust(ca.pem());
  const auto facts = destination->connect(1, *wakeup);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->tls_version, "TLSv1.3");
  EXPECT_EQ(facts->certificates.size(), 1U);
}

// RELP.

// Answers as librelp does; `acknowledge` says how many messages.
TestReceiver::Behaviour relp_server(std::size_t acknowledge) {
  struct State {
    std::size_t seen = 0, acknowledged = 0;
  };
  auto state = std::make_shared<State>();
  return [state, acknowledge](TestReceiver& receiver, net::ByteStream& stream) {
    const std::string all = receiver.received();
    std::string_view rest = std::string_view(all).substr(state->seen);
    std::string answer;
    while (const auto frame = relp::next_frame(rest).value_or(std::nullopt)) {
      state->seen = all.size() - rest.size();
      if (frame->command == "open")
        relp::append_frame(answer, frame->transaction, "rsp", "200 OK\nrelp_version=0\ncommands=syslog");
      if (frame->command == "syslog" && state->acknowledged++ < acknowledge)
        relp::append_frame(answer, frame->transaction, "rsp", "200 OK");
    }
    return static_cast<bool>(stream.write_all(answer, Deadline::in(1s)));
  };
}

TEST_F(DestinationTest, RelpTakesWhatIsAcknowledged) {
  TestReceiver receiver(nullptr, relp_server(2));
  const auto destination = make_destination(plain(receiver.port(), DestinationProtocol::relp));
  const auto facts = destination->connect(1, *wakeup);
  ASSERT_TRUE(facts) << facts.error().message();
  for (std::uint64_t i = 1; i <= 3; ++i) destination->offer(i, "<13>x");
  EXPECT_TRUE(drive(*destination, 2));
  const auto third = drive(*destination, 3, 5s);
  ASSERT_FALSE(third);
  EXPECT_EQ(destination->taken(), 2U);
  EXPECT_NE(third.error().message().find("acknowledged nothing"), std::string::npos) << third.error().message();
}

TEST_F(DestinationTest, RelpIsNotWhatEveryServerSpeaks) {
  TestReceiver mute(nullptr);
  const auto error = make_destination(plain(mute.port(), DestinationProtocol::relp))->connect(1, *wakeup);
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().message().find("RELP"), std::string::npos);
  TestReceiver other(nullptr, [](TestReceiver&, net::ByteStream& stream) {
    return static_cast<bool>(stream.write_all("HTTP/1.1 400 Bad Request\r\n\r\n", Deadline::in(1s)));
  });
  EXPECT_FALSE(make_destination(plain(other.port(), DestinationProtocol::relp))->connect(1, *wakeup));
}

TEST(Relp, FramesInPieces) {
  std::string text;
  relp::append_frame(text, 1, "open", "relp_version=0");
  relp::append_frame(text, 999999999, "close", "");
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::string_view input = std::string_view(text).substr(0, size);
    std::size_t count = 0;
    while (true) {
      const auto frame = relp::next_frame(input);
      ASSERT_TRUE(frame) << size << frame.error().message();
      if (!*frame) break;
      ++count;
    }
    EXPECT_LE(count, 1U);
  }
  std::string_view input = text;
  EXPECT_EQ((*relp::next_frame(input))->data, "relp_version=0");
  EXPECT_EQ((*relp::next_frame(input))->command, "close");
  for (const std::string_view bad : {"x 1 2", "1  2", "1 rsp x", "1 rsp 999999999 ", "1 rsp 2 abc"}) {
    std::string_view rest = bad;
    EXPECT_FALSE(relp::next_frame(rest)) << bad;
  }
}

// UDP.

TEST_F(DestinationTest, UdpSendsWholeMessagesAndCountsWhatIsRefused) {
  auto bound = net::bind_udp(*net::SocketAddress::numeric("127.0.0.1", 0), 4_MiB);
  ASSERT_TRUE(bound);
  const auto port = net::local_address(bound->fd.get()).port();
  const auto destination = make_destination(plain(port, DestinationProtocol::udp));
  ASSERT_TRUE(destination->connect(1, *wakeup));
  EXPECT_EQ(destination->most_message_bytes(), 65'507U);
  const std::string large(65'507, 'x');
  destination->offer(1, large);
  ASSERT_TRUE(drive(*destination, 1));
  std::string got(70'000, '\0');
  ASSERT_TRUE(net::wait_ready(bound->fd.get(), POLLIN, Deadline::in(2s)));
  EXPECT_EQ(::recv(bound->fd.get(), got.data(), got.size(), 0), 65'507);
  EXPECT_EQ(destination->take_lost(), 0U);
  bound->fd.reset();  // nobody listens: the kernel says so after the next datagram
  destination->offer(2, "<13>into the void");
  (void)drive(*destination, 2);
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(destination->step());
  EXPECT_EQ(destination->take_lost(), 1U);
  EXPECT_FALSE(destination->connected());
  // The next one is watched, and not counted before it got through.
  ASSERT_TRUE(destination->connect(3, *wakeup));
  destination->offer(3, "<13>again");
  const auto refused = drive(*destination, 3, 2s);
  EXPECT_FALSE(refused);
  EXPECT_EQ(destination->taken(), 2U);
  EXPECT_EQ(destination->take_lost(), 0U);
}

}  // namespace
}  // namespace yagura::forward
