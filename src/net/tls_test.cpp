// TLS: who is let in, who is not, and what the refusal says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.hpp"
#include "net/byte_stream.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/socket.hpp"

namespace yagura::net {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    make("server", {"localhost", "127.0.0.1"});
    make("client", {"agent7"});
    make("stranger", {"stranger"});
  }
  void make(const std::string& name, const std::vector<std::string>& names) {
    auto made = ensure_self_signed_certificate(cert(name), key(name), names);
    ASSERT_TRUE(made) << made.error().message();
  }
  std::filesystem::path cert(const std::string& name) const { return folder_.path() / (name + ".crt"); }
  std::filesystem::path key(const std::string& name) const { return folder_.path() / (name + ".key"); }
  std::unique_ptr<HttpServer> serve(bool mutual) {
    auto context = TlsContext::server({cert("server"), key("server"), mutual ? cert("client") : ""});
    EXPECT_TRUE(context) << context.error().message();
    auto server = HttpServer::start({.tls = *context}, [](const HttpRequest& request) {
      return text_response(200, "hi " + request.client_subject);
    });
    EXPECT_TRUE(server);
    return std::move(*server);
  }
  Result<HttpResponse> get(HttpServer& server, const std::string& host, TlsClientOptions options) {
    auto context = TlsContext::client(options);
    EXPECT_TRUE(context) << context.error().message();
    return HttpClient::create({.host = host, .port = server.port(), .tls = *context})->send({}, Deadline::in(5s));
  }
  std::string shell(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    char buffer[4096];
    while (const auto got = ::fread(buffer, 1, sizeof(buffer), pipe)) out.append(buffer, got);
    ::pclose(pipe);
    return out;
  }
  TemporaryDirectory folder_;
};

TEST_F(Tls, VerifiesNameAndAddress) {
  auto server = serve(false);
  EXPECT_EQ(get(*server, "127.0.0.1", {.ca = cert("server")})->body, "hi ");
  EXPECT_EQ(get(*server, "localhost", {.ca = cert("server")})->body, "hi ");
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
  auto server = serve(false);
  auto response = get(*server, "127.0.0.1", {.ca = cert("stranger")});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("certificate is refused: self-signed certificate"));
}

TEST_F(Tls, RefusesTheWrongHost) {
  make("server", {"elsewhere.example"});
  std::filesystem::remove(cert("server"));
  make("server", {"elsewhere.example"});
  auto server = serve(false);
  auto response = get(*server, "127.0.0.1", {.ca = cert("server")});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("IP address mismatch"));
  response = get(*server, "localhost", {.ca = cert("server")});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("hostname mismatch"));
  // Without the name check the chain still counts.
  EXPECT_TRUE(get(*server, "localhost", {.ca = cert("server"), .verify_name = false}));
  EXPECT_FALSE(get(*server, "localhost", {.ca = cert("stranger"), .verify_name = false}));
  EXPECT_TRUE(get(*server, "localhost", {.ca = cert("stranger"), .verify = false}));
}

TEST_F(Tls, MutualLetsInWhomTheAuthoritySigned) {
  auto server = serve(true);
  auto response =
      get(*server, "localhost", {.ca = cert("server"), .certificate = cert("client"), .private_key = key("client")});
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->body, "hi CN=agent7");
  EXPECT_FALSE(get(*server, "localhost", {.ca = cert("server")}));
  EXPECT_FALSE(get(*server, "localhost",
                   {.ca = cert("server"), .certificate = cert("stranger"), .private_key = key("stranger")}));
}

TEST_F(Tls, SpeaksTls12And13AndNothingOlder) {
  auto server = serve(false);
  const std::string base =
      fmt::format("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -connect 127.0.0.1:{} -CAfile {} -ign_eof ",
                  server->port(), cert("server").string());
  EXPECT_THAT(shell(base + "-tls1_2 2>&1"), AllOf(HasSubstr("Protocol  : TLSv1.2"), HasSubstr("hi ")));
  EXPECT_THAT(shell(base + "-tls1_3 2>&1"),
              AllOf(HasSubstr("TLSv1.3"), HasSubstr("hi "), HasSubstr("Verify return code: 0 (ok)")));
  EXPECT_THAT(shell(base + "-tls1_1 -cipher 'ALL:@SECLEVEL=0' 2>&1"), Not(HasSubstr("HTTP/1.1 200")));
}

TEST_F(Tls, GarbageInsteadOfAHandshakeOnlyClosesTheConnection) {
  auto server = serve(false);
  for (const std::string garbage : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xFF\xFFxxxxxxxxxxxxxxx", "\0\0\0\0"}) {
    ByteStream stream(*connect_tcp("127.0.0.1", server->port(), Deadline::in(1s)));
    (void)stream.write_all(garbage, Deadline::in(1s));
    stream.shutdown_write();
    char buffer[1000];
    while (auto got = stream.read_some(buffer, sizeof(buffer), Deadline::in(2s)))
      if (*got == 0) break;
  }
  EXPECT_TRUE(get(*server, "localhost", {.ca = cert("server")}));
}

TEST_F(Tls, LargeBodies) {
  auto context = TlsContext::server({cert("server"), key("server"), ""});
  auto server = HttpServer::start({.tls = *context, .max_body = 100_MiB}, [](const HttpRequest& request) {
    return HttpResponse{.status = 200, .headers = {}, .body = request.body};
  });
  ASSERT_TRUE(server);
  auto client = HttpClient::create(
      {.host = "localhost", .port = (*server)->port(), .tls = *TlsContext::client({.ca = cert("server")})});
  std::string body(40 << 20, 'y');
  for (std::size_t i = 0; i < body.size(); i += 1021) body[i] = static_cast<char>(i);
  for (int i = 0; i < 2; ++i) {
    auto response = client->send({.method = "POST", .headers = {}, .body = body}, Deadline::in(20s));
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_TRUE(response->body == body);
  }
}

TEST_F(Tls, MistakesInSettingsAreNamed) {
  auto missing = TlsContext::server({folder_.path() / "no.crt", key("server"), ""});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), HasSubstr("no.crt"));
  auto foreign = TlsContext::server({cert("server"), key("client"), ""});
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message(), AllOf(HasSubstr("client.key"), HasSubstr("server.crt")));
}

TEST_F(Tls, AServerShowsARenewedCertificateToNewConnections) {
  const auto server = serve(false);
  const auto ask = [&](const std::filesystem::path& ca) {
    auto context = TlsContext::client({.ca = ca});
    EXPECT_TRUE(context);
    auto client = HttpClient::create({.host = "localhost", .port = server->port(), .tls = *context});
    return client->send({.method = "GET", .target = "/"}, Deadline::in(5s), 1_MiB);
  };
  std::filesystem::copy_file(cert("server"), folder_.path() / "before.crt");
  EXPECT_TRUE(ask(folder_.path() / "before.crt"));

  // A mistake is told, and what was there goes on.
  ASSERT_TRUE(write_file_atomically(cert("server"), "no certificate", 0600));
  EXPECT_THAT(reload_server_certificates(), ::testing::Contains(HasSubstr("server.crt")));
  EXPECT_TRUE(ask(folder_.path() / "before.crt"));

  std::filesystem::remove(cert("server"));
  std::filesystem::remove(key("server"));
  make("server", {"localhost", "127.0.0.1"});
  EXPECT_THAT(reload_server_certificates(), ::testing::IsEmpty());
  EXPECT_TRUE(ask(cert("server")));
  EXPECT_FALSE(ask(folder_.path() / "before.crt"));
}

TEST_F(Tls, KeepsAGoodCertificateAndRenewsAnOldOne) {
  const auto before = *read_file(cert("server"));
  make("server", {"localhost"});
  EXPECT_EQ(*read_file(cert("server")), before);
  ASSERT_TRUE(ensure_self_signed_certificate(cert("short"), key("short"), {"x"}, std::chrono::days(10)));
  const auto short_lived = *read_file(cert("short"));
  ASSERT_TRUE(ensure_self_signed_certificate(cert("short"), key("short"), {"x"}));
  EXPECT_NE(*read_file(cert("short")), short_lived);
  EXPECT_EQ(std::filesystem::status(key("server")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(ensure_self_signed_certificate(cert("bad"), key("bad"), {"a,DNS:evil"}));
}

}  // namespace
}  // namespace yagura::net
