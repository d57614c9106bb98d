// Bytes of one HTTP/1.1 message -> HttpRequest or HttpResponse (RFC 9112), piece by piece.
//
// Fed with whatever a socket gave; says how much it used and keeps nothing of the rest, so what was not used must
// be fed again with more behind it. Any split into pieces gives the same message. Bodies of a known length can
// be read straight into place: prepare_body(), then commit_body(). Refuses what smuggles requests: both a length and
// chunks, conflicting lengths, any transfer coding but chunked. One thread at a time. The grammar is Boost.Beast's.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/http.hpp"

namespace yagura::net {

struct HttpParserLimits {
  Bytes head = 32_KiB;  // start line and fields; trailers as much again
  Bytes body = 64_MiB;
};

class HttpParser {
 public:
  static HttpParser for_request(HttpParserLimits limits);
  // `head_only`: the answer to a HEAD request, which has no body whatever its fields say.
  static HttpParser for_response(HttpParserLimits limits, bool head_only);
  ~HttpParser();
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;

  // How many bytes were used. After an error the message is lost and error_status() says what to answer.
  Result<std::size_t> feed(std::string_view bytes);
  // The connection ended: fine for a response whose body goes on until then, an error within a message.
  Result<> feed_end();

  bool started() const;  // any byte of it was used
  bool head_done() const;
  bool done() const;
  bool keep_alive() const;  // once head_done()
  bool is_http_1_1() const;
  bool expects_continue() const;
  std::optional<std::uint64_t> content_length() const;
  int error_status() const;

  // A place for up to `most` bytes of a body of known length, behind what came already; empty when the body is not of
  // that kind or complete. Good until the next call.
  std::span<char> prepare_body(std::size_t most);
  void commit_body(std::size_t got);

  HttpRequest& request();
  HttpResponse& response();
  std::string& body();
  const std::vector<HttpHeader>& trailers() const;

 private:
  struct State;
  explicit HttpParser(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yagura::net
