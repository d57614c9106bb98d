// HttpServer and HttpClient against each other, and the server against raw bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/random.hpp"
#include "net/byte_stream.hpp"
#include "net/content_encoding.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/socket.hpp"

namespace yagura::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpResponse echo(const HttpRequest& request) {
  HttpResponse response = text_response(
      200, request.method + " " + request.path() + " " + std::to_string(request.body.size()) + "\n" + request.body);
  response.set("X-Peer", request.peer);
  return response;
}

struct Fixture {
  explicit Fixture(HttpServerOptions options = {}, HttpServer::Handler handler = echo) {
    auto started = HttpServer::start(std::move(options), std::move(handler));
    if (!started)
      ADD_FAILURE() << started.error().message();
    else
      server = std::move(*started);
  }
  std::unique_ptr<HttpClient> client() const {
    return HttpClient::create({.host = "127.0.0.1", .port = server->port()});
  }
  // Sends raw bytes, gives all that comes back until the server closes or a second has gone by.
  std::string raw(std::string_view bytes, std::chrono::milliseconds wait = 1s) const {
    ByteStream stream(*connect_tcp("127.0.0.1", server->port(), Deadline::in(1s)));
    (void)stream.write_all(bytes, Deadline::in(wait));
    return read_all(stream, wait);
  }
  static std::string read_all(ByteStream& stream, std::chrono::milliseconds wait) {
    std::string out;
    char buffer[65536];
    while (true) {
      auto got = stream.read_some(buffer, sizeof(buffer), Deadline::in(wait));
      if (!got || *got == 0) return out;
      out.append(buffer, *got);
    }
  }
  std::unique_ptr<HttpServer> server;
};

TEST(Http, AnswersOverTcp) {
  Fixture f;
  auto client = f.client();
  auto response = client->send({.method = "POST", .target = "/a%20b?x=1&y=%41+c", .headers = {}, .body = "hello"},
                               Deadline::in(5s));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "POST /a b 5\nhello");
  EXPECT_THAT(std::string(response->header("x-peer")), StartsWith("127.0.0.1:"));
  EXPECT_EQ(response->header("content-type"), "text/plain; charset=utf-8");
}

TEST(Http, AnswersOverUnixSocket) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "s";
  Fixture f({.unix_socket = path});
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  auto client = HttpClient::create({.unix_socket = path});
  auto response = client->send({.target = "/x"}, Deadline::in(5s));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->header("x-peer"), "unix");
  // A second server on a living socket is refused, on a dead one's file it is not.
  EXPECT_FALSE(HttpServer::start({.unix_socket = path}, echo));
  f.server.reset();
  {
    auto left_behind = listen_unix(path);
    ASSERT_TRUE(left_behind);
  }
  EXPECT_TRUE(HttpServer::start({.unix_socket = path}, echo));
}

TEST(Http, LargeBodiesBothWays) {
  Fixture f({.max_body = 256_MiB, .max_waiting = 512_MiB}, [](const HttpRequest& request) {
    return HttpResponse{.status = 200, .headers = {}, .body = request.body};
  });
  auto client = f.client();
  std::string body(150 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 4093) body[i] = static_cast<char>(i);
  auto response = client->send({.method = "POST", .headers = {}, .body = body}, Deadline::in(20s));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_TRUE(response->body == body);
}

TEST(Http, ReusesAConnection) {
  Fixture f;
  auto client = f.client();
  std::set<std::string> peers;
  for (int i = 0; i < 20; ++i) {
    auto response = client->send({}, Deadline::in(5s));
    ASSERT_TRUE(response);
    peers.insert(std::string(response->header("x-peer")));
  }
  EXPECT_EQ(peers.size(), 1U);
}

TEST(Http, RepeatsOnceWhenTheServerHadClosedMeanwhile) {
  auto f = std::make_unique<Fixture>(HttpServerOptions{.idle_timeout = 50ms});
  auto client = f->client();
  ASSERT_TRUE(client->send({}, Deadline::in(5s)));
  std::this_thread::sleep_for(300ms);
  ASSERT_TRUE(client->send({}, Deadline::in(5s)));
  const auto port = f->server->port();
  f.reset();
  Fixture again({.port = port});
  auto response = client->send({.method = "POST", .headers = {}, .body = "x"}, Deadline::in(5s));
  EXPECT_TRUE(response) << response.error().message();
}

TEST(Http, ServesPipelinedRequestsInOrder) {
  Fixture f;
  const std::string answer = f.raw(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /3 "
      "HTTP/1.1\r\nHost: h\r\nConnection: "
      "close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("GET /1 0"));
  EXPECT_LT(answer.find("GET /1 0"), answer.find("POST /2 3\nabc"));
  EXPECT_LT(answer.find("POST /2 3\nabc"), answer.find("GET /3 0"));
}

TEST(Http, TakesChunkedBodiesInAnyPieces) {
  Fixture f;
  ByteStream stream(*connect_tcp("127.0.0.1", f.server->port(), Deadline::in(1s)));
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n "
      "world\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : request) {
    ASSERT_TRUE(stream.write_all({&c, 1}, Deadline::in(1s)));
    if (c == '\n') std::this_thread::sleep_for(2ms);
  }
  EXPECT_THAT(Fixture::read_all(stream, 1s), HasSubstr("POST /c 11\nhello world"));
}

TEST(Http, UndoesContentEncodings) {
  Fixture f({.max_body = 1_MiB});
  auto client = f.client();
  const std::string text(100'000, 'a');
  for (const auto& [word, body] :
       {std::pair<std::string, std::string>{"gzip", *encode_gzip(text)}, {"zstd", *encode_zstd(text)}}) {
    auto response =
        client->send({.method = "POST", .headers = {{"Content-Encoding", word}}, .body = body}, Deadline::in(5s));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "POST / 100000\n" + text);
  }
  // A bomb: 64 MiB in a few kilobytes.
  const std::string bomb(64 << 20, '\0');
  for (const auto& [word, body] :
       {std::pair<std::string, std::string>{"gzip", *encode_gzip(bomb, 9)}, {"zstd", *encode_zstd(bomb)}}) {
    ASSERT_LT(body.size(), 200'000U);
    EXPECT_EQ(client->send({.method = "POST", .headers = {{"Content-Encoding", word}}, .body = body}, Deadline::in(5s))
                  ->status,
              413);
  }
  EXPECT_EQ(
      client->send({.method = "POST", .headers = {{"Content-Encoding", "gzip"}}, .body = "not gzip"}, Deadline::in(5s))
          ->status,
      400);
  EXPECT_EQ(
      client
          ->send(
              {.method = "POST", .headers = {{"Content-Encoding", "gzip"}}, .body = encode_gzip(text)->substr(0, 60)},
              Deadline::in(5s))
          ->status,
      400);
  EXPECT_EQ(
      client->send({.method = "POST", .headers = {{"Content-Encoding", "br"}}, .body = "x"}, Deadline::in(5s))->status,
      415);
}

TEST(Http, RefusesWhatBreaksALimit) {
  Fixture f({.max_header = 2_KiB, .max_body = 1000_B});
  const std::string long_field(3000, 'x');
  EXPECT_THAT(f.raw("GET / HTTP/1.1\r\nA: " + long_field + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 400; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(f.raw(many + "\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(f.raw("GET /" + long_field), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(
      f.raw("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(5000, 'x')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(
      f.client()->send({.method = "POST", .headers = {}, .body = std::string(5 << 20, 'x')}, Deadline::in(5s))->status,
      413);
}

TEST(Http, RefusesGarbageAndSmuggling) {
  Fixture f;
  EXPECT_THAT(f.raw("\x16\x03\x01 garbage\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.raw(std::string("\0\0\0\0\r\n\r\n", 8)), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.raw("GET / HTTP/3.0\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(f.raw("GET / HTTP/1.1\r\nA : b\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  for (int i = 0; i < 50; ++i) f.raw(random_bytes(300) + "\r\n\r\n", 50ms);
  EXPECT_TRUE(f.client()->send({}, Deadline::in(5s)));
}

TEST(Http, CutsOffSlowLoris) {
  Fixture f({.header_timeout = 200ms, .body_timeout = 300ms});
  ByteStream slow(*connect_tcp("127.0.0.1", f.server->port(), Deadline::in(1s)));
  const auto begin = std::chrono::steady_clock::now();
  std::string answer;
  for (int i = 0; i < 100 && answer.empty(); ++i) {
    if (!slow.write_all(i == 0 ? "GET / HTTP/1.1\r\n" : "X: y\r\n", Deadline::in(1s))) break;
    char buffer[1000];
    auto got = slow.read_some(buffer, sizeof(buffer), Deadline::in(20ms));
    if (got) answer.assign(buffer, *got);
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  EXPECT_THAT(f.raw("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), StartsWith("HTTP/1.1 408 "));
}

TEST(Http, BoundsConnections) {
  Fixture f({.max_connections = 3, .max_connections_per_peer = 2});
  auto connect = [&] { return ByteStream(*connect_tcp("127.0.0.1", f.server->port(), Deadline::in(1s))); };
  auto first = connect();
  auto second = connect();
  auto third = connect();
  EXPECT_THAT(Fixture::read_all(third, 1s), StartsWith("HTTP/1.1 429 "));
  auto other = ByteStream(*connect_tcp("127.0.0.1", f.server->port(), Deadline::in(1s)));
  EXPECT_THAT(Fixture::read_all(other, 1s), StartsWith("HTTP/1.1 429 "));
}

TEST(Http, BoundsWaitingBytes) {
  Fixture f({.max_body = 10_MiB, .max_waiting = 1_MiB});
  EXPECT_EQ(
      f.client()->send({.method = "POST", .headers = {}, .body = std::string(2 << 20, 'x')}, Deadline::in(5s))->status,
      503);
  // What was counted is given back.
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(f.client()
                  ->send({.method = "POST", .headers = {}, .body = std::string(900 << 10, 'x')}, Deadline::in(5s))
                  ->status,
              200);
}

TEST(Http, SaysContinueWhenAsked) {
  Fixture f;
  ByteStream stream(*connect_tcp("127.0.0.1", f.server->port(), Deadline::in(1s)));
  ASSERT_TRUE(stream.write_all(
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n", Deadline::in(1s)));
  char buffer[100];
  auto got = stream.read_some(buffer, sizeof(buffer), Deadline::in(1s));
  EXPECT_EQ(std::string(buffer, got.value_or(0)), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(stream.write_all("ok", Deadline::in(1s)));
  EXPECT_THAT(Fixture::read_all(stream, 1s), HasSubstr("POST / 2\nok"));
}

TEST(Http, SpeaksHttp10AndHead) {
  Fixture f;
  const std::string old = f.raw("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old, HasSubstr("Connection: close"));
  EXPECT_THAT(old, HasSubstr("GET /old 0"));
  auto head = f.client()->send({.method = "HEAD"}, Deadline::in(5s));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "9");
  EXPECT_EQ(head->body, "");
}

TEST(Http, AHandlersExceptionIsA500) {
  Fixture f({}, [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("boom"); });
  EXPECT_EQ(f.client()->send({}, Deadline::in(5s))->status, 500);
}

TEST(Http, HeaderValuesCannotSmuggle) {
  Fixture f({}, [](const HttpRequest&) {
    HttpResponse response;
    response.set("X-A", "b\r\nX-Injected: 1");
    return response;
  });
  auto response = f.client()->send({}, Deadline::in(5s));
  EXPECT_EQ(response->header("x-a"), "b  X-Injected: 1");
  EXPECT_EQ(response->header("x-injected"), "");
}

TEST(Http, DeadlineEndsAWait) {
  Fixture f({}, [](const HttpRequest&) {
    std::this_thread::sleep_for(500ms);
    return HttpResponse{};
  });
  auto response = f.client()->send({}, Deadline::in(100ms));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind(), ErrorKind::timeout);
}

TEST(Http, RefusesAnswersLargerThanAsked) {
  Fixture f({}, [](const HttpRequest&) {
    return HttpResponse{.status = 200, .headers = {}, .body = std::string(5000, 'x')};
  });
  auto response = f.client()->send({}, Deadline::in(5s), 1000_B);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind(), ErrorKind::exhausted);
}

TEST(HttpStream, ComesPieceByPieceWithTheHeadFirst) {
  std::atomic<bool> go{false};
  auto server = HttpServer::start_streaming(
      {}, [&](const HttpRequest& request, HttpStream& stream) -> std::optional<HttpResponse> {
        if (request.path() == "/plain") return text_response(200, "plain");
        HttpResponse head{.status = 201};
        head.set("X-Kind", "stream");
        if (!stream.start(head)) return std::nullopt;
        for (int i = 0; i < 3; ++i) {
          if (!stream.write(std::string(100'000, static_cast<char>('a' + i)))) return std::nullopt;
          while (i == 0 && !go.load()) std::this_thread::sleep_for(1ms);
        }
        return std::nullopt;
      });
  ASSERT_TRUE(server);
  auto client = HttpClient::create({.host = "127.0.0.1", .port = (*server)->port()});
  auto stream = client->open({.target = "/s"}, Deadline::in(5s));
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->head().status, 201);
  EXPECT_EQ((*stream)->head().header("x-kind"), "stream");
  std::string all;
  while (true) {
    auto piece = (*stream)->read(Deadline::in(5s));
    ASSERT_TRUE(piece) << piece.error().message();
    if (piece->empty()) break;
    all += *piece;
    if (all.size() == 100'000) go = true;  // the second piece comes only once we have seen the first
  }
  EXPECT_TRUE(all == std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c'));
  stream->reset();
  EXPECT_EQ(client->send({.target = "/plain"}, Deadline::in(5s))->body, "plain");
}

TEST(HttpStream, DroppingTheBodyTellsTheHandler) {
  std::atomic<bool> noticed{false};
  auto server =
      HttpServer::start_streaming({}, [&](const HttpRequest&, HttpStream& stream) -> std::optional<HttpResponse> {
        (void)stream.start({});
        (void)stream.write("first");
        for (int i = 0; i < 500 && !stream.peer_gone(); ++i) std::this_thread::sleep_for(10ms);
        noticed = stream.peer_gone();
        return std::nullopt;
      });
  ASSERT_TRUE(server);
  auto client = HttpClient::create({.host = "127.0.0.1", .port = (*server)->port()});
  {
    auto stream = client->open({}, Deadline::in(5s));
    ASSERT_TRUE(stream);
    EXPECT_EQ(*(*stream)->read(Deadline::in(5s)), "first");
  }
  for (int i = 0; i < 200 && !noticed; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(noticed);
}

TEST(HttpStream, ASlowReaderEndsTheHandlersWrite) {
  std::atomic<int> failed{0};
  auto server = HttpServer::start_streaming({.write_timeout = 200ms},
                                            [&](const HttpRequest&, HttpStream& stream) -> std::optional<HttpResponse> {
                                              const std::string piece(1 << 20, 'x');
                                              for (int i = 0; i < 1000; ++i)
                                                if (!stream.write(piece)) {
                                                  failed = 1;
                                                  return std::nullopt;
                                                }
                                              failed = 2;
                                              return std::nullopt;
                                            });
  ASSERT_TRUE(server);
  ByteStream stream(*connect_tcp("127.0.0.1", (*server)->port(), Deadline::in(1s)));
  ASSERT_TRUE(stream.write_all("GET / HTTP/1.1\r\n\r\n", Deadline::in(1s)));
  for (int i = 0; i < 300 && failed == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(failed, 1);
}

TEST(HttpStream, LongStreamsLeaveThePoolToOthers) {
  std::atomic<bool> end{false};
  auto server = HttpServer::start_streaming(
      {.threads = 2}, [&](const HttpRequest& request, HttpStream& stream) -> std::optional<HttpResponse> {
        if (request.path() == "/short") return text_response(200, "short");
        (void)stream.start({});
        while (!end) std::this_thread::sleep_for(1ms);
        return std::nullopt;
      });
  ASSERT_TRUE(server);
  auto client = HttpClient::create({.host = "127.0.0.1", .port = (*server)->port()});
  std::vector<std::unique_ptr<HttpBodyStream>> tails;
  for (int i = 0; i < 6; ++i) tails.push_back(std::move(*client->open({.target = "/tail"}, Deadline::in(5s))));
  auto response = client->send({.target = "/short"}, Deadline::in(2s));
  EXPECT_TRUE(response);
  end = true;
}

TEST(HttpServer, StopLetsRunningHandlersFinish) {
  std::atomic<bool> entered{false};
  Fixture f({}, [&](const HttpRequest&) {
    entered = true;
    std::this_thread::sleep_for(200ms);
    return text_response(200, "done");
  });
  auto client = f.client();
  Result<HttpResponse> response = fail(ErrorKind::internal, "not yet");
  std::thread caller([&] { response = client->send({}, Deadline::in(5s)); });
  while (!entered) std::this_thread::sleep_for(1ms);
  f.server->stop(5s);
  caller.join();
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(response->header("connection"), "close");
}

TEST(HttpServer, ABadAddressIsNamed) {
  auto server = HttpServer::start({.name = "api", .address = "localhost"}, echo);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message(), HasSubstr("'localhost' is not a numeric"));
  EXPECT_THAT(server.error().message(), HasSubstr("'api'"));
}

TEST(HttpServer, ManyClientsAtOnce) {
  Fixture f;
  auto client = f.client();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string body = std::to_string(t * 1000 + i);
        auto response = client->send({.method = "POST", .headers = {}, .body = body}, Deadline::in(5s));
        if (response && response->body.ends_with("\n" + body)) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1600);
}

TEST(HttpMessage, QueryParametersAndCookies) {
  const HttpRequest request{.target = "/p?a=1&b=x%20y+z&a=2&empty", .headers = {{"Cookie", "s=1; token=\"abc\"; x"}}};
  EXPECT_EQ(request.query_parameter("b"), "x y z");
  EXPECT_EQ(request.query_parameter("a"), "1");
  EXPECT_EQ(request.query_parameters().size(), 4U);
  EXPECT_EQ(request.cookie("token"), "abc");
  EXPECT_EQ(request.cookie("nothing"), "");
}

}  // namespace
}  // namespace yagura::net
