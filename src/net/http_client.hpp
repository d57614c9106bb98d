// An HTTP/1.1 client for talking to one server: TCP, TLS (verified by default) or a Unix socket.
//
// Keeps up to `max_idle` connections open and reuses them. Blocking calls, any number of threads.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http.hpp"
#include "net/proxy.hpp"
#include "net/tls.hpp"

namespace yagura::net {

struct HttpClientOptions {
  std::string host;  // name or numeric address; also the Host header and TLS name
  std::uint16_t port = 0;
  std::filesystem::path unix_socket;      // when set, in place of host and port
  std::optional<ProxyAddress> proxy;      // tunnelled through it
  std::shared_ptr<const TlsContext> tls;  // null: plain
  std::size_t max_idle = 8;
  std::chrono::milliseconds connect_timeout{5'000};
};

// A response whose body is read as it comes. Dropping it early closes the connection (that is how a query is
// cancelled).
class HttpBodyStream {
 public:
  virtual ~HttpBodyStream() = default;
  virtual const HttpResponse& head() const = 0;  // body empty
  // The next piece, "" at the end. The view is good until the next call.
  virtual Result<std::string_view> read(Deadline deadline) = 0;
  // Trailers (chunked), once read() has given "".
  virtual const std::vector<HttpHeader>& trailers() const = 0;
};

class HttpClient {
 public:
  static std::unique_ptr<HttpClient> create(HttpClientOptions options);
  virtual ~HttpClient() = default;
  // The whole exchange. A status of 400 and above is a response, not an Error; Errors are of the transport. A
  // request on a reused connection that the server had closed meanwhile is repeated once on a new one if nothing of
  // the answer had come.
  virtual Result<HttpResponse> send(const HttpRequest& request, Deadline deadline, Bytes max_body = 1_GiB) = 0;
  virtual Result<std::unique_ptr<HttpBodyStream>> open(const HttpRequest& request, Deadline deadline) = 0;
};

}  // namespace yagura::net
