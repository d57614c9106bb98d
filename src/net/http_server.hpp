// An HTTP/1.1 server: TCP with or without TLS, or a Unix socket.
//
// One event-loop thread reads and writes; handlers run on a small pool, so they may block. Every limit
// below is enforced before a handler sees the request; what breaks one gets 400, 408, 413, 431, 429 or 503 and a
// counter. A handler's exception is a 500 and a log line, never a crash.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/tls.hpp"

namespace yagura::net {

// Sends a body piece by piece (chunked transfer encoding): for long results and live tails.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Status and headers, before the first write. Once.
  virtual Result<> start(const HttpResponse& head) = 0;
  // Blocks while the peer is slow (bounded by write_timeout); an Error when it has gone: stop then.
  virtual Result<> write(std::string_view piece) = 0;
  // True once the peer has closed: for handlers that compute long without writing.
  virtual bool peer_gone() const = 0;
};

struct HttpServerOptions {
  std::string name = "http";              // in logs and metrics
  std::string address = "127.0.0.1";      // numeric IP
  std::uint16_t port = 0;                 // 0: any; see HttpServer::port()
  std::filesystem::path unix_socket;      // when set, in place of address and port; mode 0600
  std::shared_ptr<const TlsContext> tls;  // null: plain
  std::size_t threads = 4;                // handler pool
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_peer = 256;
  Bytes max_header = 32_KiB;
  Bytes max_body = 64_MiB;                           // after decompression too
  Bytes max_waiting = 256_MiB;                       // bodies of all requests being received or handled, together
  std::chrono::milliseconds header_timeout{10'000};  // from accept or keep-alive to the whole head (slow-loris)
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds write_timeout{30'000};
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  // May answer through the stream, then returns nullopt; or returns a response and leaves the stream alone.
  using StreamHandler = std::function<std::optional<HttpResponse>(const HttpRequest&, HttpStream&)>;

  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, Handler handler);
  static Result<std::unique_ptr<HttpServer>> start_streaming(HttpServerOptions options, StreamHandler handler);
  virtual ~HttpServer() = default;  // stop(), then joins
  virtual std::uint16_t port() const = 0;
  // Accepts nothing new, lets running handlers finish until the deadline, closes.
  virtual void stop(std::chrono::milliseconds grace = std::chrono::seconds(5)) = 0;
};

}  // namespace yagura::net
