#include "net/http_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/annotations.hpp"
#include "base/text.hpp"
#include "net/byte_stream.hpp"
#include "net/http_message.hpp"
#include "net/http_parser.hpp"
#include "net/socket.hpp"

namespace yagura::net {

namespace {

constexpr std::size_t kPiece = 256 << 10;
constexpr Bytes kMaxHead = 64_KiB;

struct Connection {
  ByteStream stream;
  std::string input;  // received, not yet parsed
  bool reused = false;
};

class Pool {
 public:
  Pool(HttpClientOptions options) : options_(std::move(options)) {
    if (!options_.unix_socket.empty())
      host_ = options_.host.empty() ? "localhost" : options_.host;
    else {
      const bool is_v6 = options_.host.find(':') != std::string::npos;
      const std::uint16_t usual = options_.tls ? 443 : 80;
      host_ = is_v6 ? "[" + options_.host + "]" : options_.host;
      if (options_.port != usual) host_ += ":" + std::to_string(options_.port);
    }
  }

  Result<Connection> take(Deadline deadline, bool fresh) {
    while (!fresh) {
      std::optional<Connection> idle;
      {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) break;
        idle.emplace(std::move(idle_.back()));  // the newest: the others may time out in peace
        idle_.pop_back();
      }
      // Anything to read on an idle connection is its end, or an answer that nobody asked for. (TLS 1.3 session tickets
      // are read with the first answer.)
      pollfd entry{idle->stream.fd(), POLLIN, 0};
      if (::poll(&entry, 1, 0) != 0 || idle->stream.has_buffered()) continue;
      idle->reused = true;
      return std::move(*idle);
    }
    const auto connect_by = earlier(deadline, Deadline::in(options_.connect_timeout));
    Connection made;
    auto fd = !options_.unix_socket.empty() ? connect_unix(options_.unix_socket, connect_by)
              : options_.proxy              ? connect_by_proxy(*options_.proxy, options_.host, options_.port, connect_by)
                                            : connect_tcp(options_.host, options_.port, connect_by);
    if (!fd) return std::unexpected(std::move(fd).error());
    if (options_.tls) {
      made.stream = TRY(ByteStream::tls_client(std::move(*fd), *options_.tls, options_.host));
      TRY(made.stream.handshake(connect_by), "connecting to {}", host_);
    } else {
      made.stream = ByteStream(std::move(*fd));
    }
    return made;
  }

  void give_back(Connection connection) {
    if (!connection.input.empty()) return;
    connection.reused = false;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.max_idle) idle_.push_back(std::move(connection));
  }

  const std::string& host() const { return host_; }
  bool is_tls() const { return options_.tls != nullptr; }

 private:
  static Deadline earlier(Deadline a, Deadline b) { return a.at() < b.at() ? a : b; }

  const HttpClientOptions options_;
  std::string host_;
  std::mutex mutex_;
  std::vector<Connection> idle_ GUARDED_BY(mutex_);
};

// What a failed exchange tells about whether it may be tried again.
struct Failure {
  Error error;
  bool nothing_came = false;
};

class BodyStream final : public HttpBodyStream {
 public:
  BodyStream(std::shared_ptr<Pool> pool, Connection connection, HttpParser parser, bool may_reuse)
      : pool_(std::move(pool)), connection_(std::move(connection)), parser_(std::move(parser)), may_reuse_(may_reuse) {
    piece_ = std::move(parser_.body());
    parser_.body().clear();
    head_.status = parser_.response().status;
    head_.headers = std::move(parser_.response().headers);
  }

  const HttpResponse& head() const override { return head_; }
  const std::vector<HttpHeader>& trailers() const override { return parser_.trailers(); }

  Result<std::string_view> read(Deadline deadline) override {
    if (handed_out_) piece_.clear();
    handed_out_ = true;
    while (piece_.empty()) {
      if (parser_.done()) {
        finish();
        return std::string_view{};
      }
      if (!connection_) return fail(ErrorKind::unavailable, "the response has failed already");
      parser_.body().swap(piece_);  // so that its memory is used again
      parser_.body().clear();
      if (auto more = read_more(deadline); !more) {
        connection_.reset();
        return std::unexpected(std::move(more).error());
      }
      piece_.swap(parser_.body());
    }
    return std::string_view(piece_);
  }

  // The body in one piece, read into its place. In place of read().
  Result<std::string> read_whole(Deadline deadline, Bytes max_body) {
    parser_.body().swap(piece_);
    // Memory that is not touched costs nothing, so a length that is a lie does no harm.
    if (const auto length = parser_.content_length())
      parser_.body().reserve(std::min<std::uint64_t>(*length, 1ULL << 30));
    while (!parser_.done()) {
      TRY(read_more(deadline));
      if (parser_.body().size() > max_body.count())
        return fail(ErrorKind::exhausted, "the answer is larger than {}", yagura::to_string(max_body));
    }
    finish();
    return std::move(parser_.body());
  }

 private:
  Result<> read_more(Deadline deadline) {
    const auto place = connection_->input.empty() ? parser_.prepare_body(1 << 20) : std::span<char>{};
    if (!place.empty()) {
      auto got = connection_->stream.read_some(place.data(), place.size(), deadline);
      parser_.commit_body(got.value_or(0));
      if (!got) return std::unexpected(std::move(got).error());
      if (*got == 0) TRY(parser_.feed_end());
    } else {
      std::string& input = connection_->input;
      const std::size_t before = input.size();
      input.resize_and_overwrite(before + kPiece, [](char*, std::size_t size) { return size; });
      auto got = connection_->stream.read_some(input.data() + before, kPiece, deadline);
      input.resize(before + got.value_or(0));
      if (!got) return std::unexpected(std::move(got).error());
      if (*got == 0) {
        may_reuse_ = false;
        TRY(parser_.feed_end());
      } else {
        const std::size_t used = TRY(parser_.feed(input));
        input.erase(0, used);
      }
    }
    return {};
  }

  void finish() {
    if (connection_ && may_reuse_ && parser_.keep_alive()) pool_->give_back(std::move(*connection_));
    connection_.reset();
  }

  std::shared_ptr<Pool> pool_;
  std::optional<Connection> connection_;
  HttpParser parser_;
  bool may_reuse_;
  HttpResponse head_;
  std::string piece_;
  bool handed_out_ = false;
};

class ClientImpl final : public HttpClient {
 public:
  explicit ClientImpl(HttpClientOptions options) : pool_(std::make_shared<Pool>(std::move(options))) {}

  Result<HttpResponse> send(const HttpRequest& request, Deadline deadline, Bytes max_body) override {
    auto stream = TRY(begin(request, deadline, max_body));
    HttpResponse response = stream->head();
    response.body =
        TRY(stream->read_whole(deadline, max_body), "reading the answer to {} {}", request.method, path_of(request));
    return response;
  }

  Result<std::unique_ptr<HttpBodyStream>> open(const HttpRequest& request, Deadline deadline) override {
    return TRY(begin(request, deadline, Bytes(std::numeric_limits<std::int64_t>::max())));
  }

 private:
  // Without the query, which may hold what does not belong into a log.
  static std::string path_of(const HttpRequest& request) { return request.target.substr(0, request.target.find('?')); }

  Result<std::unique_ptr<BodyStream>> begin(const HttpRequest& request, Deadline deadline, Bytes max_body) {
    bool fresh = false;
    while (true) {
      auto connection = TRY(pool_->take(deadline, fresh), "sending {} {}", request.method, path_of(request));
      const bool reused = connection.reused;
      auto done = exchange(std::move(connection), request, deadline, max_body);
      if (done) return std::move(*done);
      if (!(reused && done.error().nothing_came && !fresh)) {
        done.error().error.add_context(
            fmt::format("sending {} {} to {}", request.method, path_of(request), pool_->host()));
        return std::unexpected(std::move(done.error().error));
      }
      fresh = true;
    }
  }

  // Writes the request; stops early when the server answers before it has all (413, say). True: all is written.
  Result<bool> write_request(Connection& connection, const HttpRequest& request, Deadline deadline) {
    std::string head = request_head(request, pool_->host());
    if (request.body.size() <= (64 << 10)) {
      head += request.body;
      TRY(connection.stream.write_all(head, deadline));
      return true;
    }
    TRY(connection.stream.write_all(head, deadline));
    std::string_view rest = request.body;
    while (!rest.empty()) {
      std::size_t put = 0;
      const IoStatus status = connection.stream.write(rest.data(), std::min<std::size_t>(rest.size(), 1 << 20), put);
      rest.remove_prefix(put);
      if (status == IoStatus::done) continue;
      if (status == IoStatus::closed || status == IoStatus::failed)
        return fail(ErrorKind::unavailable, "{}", connection.stream.error());
      short events = status == IoStatus::want_read ? POLLIN : POLLOUT;
      // With TLS a readable socket may mean only a session ticket.
      if (!pool_->is_tls()) events |= POLLIN;
      if (!wait_ready(connection.stream.fd(), events, deadline))
        return fail(ErrorKind::timeout, "the server did not take the request in time");
      pollfd entry{connection.stream.fd(), POLLIN, 0};
      if (!pool_->is_tls() && ::poll(&entry, 1, 0) > 0) return false;
    }
    return true;
  }

  std::expected<std::unique_ptr<BodyStream>, Failure> exchange(Connection connection, const HttpRequest& request,
                                                               Deadline deadline, Bytes max_body) {
    auto written = write_request(connection, request, deadline);
    if (!written && written.error().kind() == ErrorKind::timeout)
      return std::unexpected(Failure{std::move(written).error(), false});
    // Even after a failed write an answer may lie in the receive buffer.
    const bool whole = written.has_value() && *written;
    std::string& input = connection.input;
    bool any_byte = false;
    const auto failure = [&](Error error) {
      // What broke the write says more than that nothing could be read after it.
      if (!written && !any_byte) return std::unexpected(Failure{std::move(written).error(), true});
      return std::unexpected(Failure{std::move(error), !any_byte});
    };
    while (true) {
      HttpParser parser = HttpParser::for_response({kMaxHead, max_body}, request.method == "HEAD");
      while (!parser.head_done()) {
        if (!input.empty()) {
          auto used = parser.feed(input);
          if (!used) {
            if (parser.error_status() == 413)
              return std::unexpected(Failure{
                  Error(ErrorKind::exhausted, fmt::format("the answer is larger than {}", yagura::to_string(max_body))),
                  false});
            return failure(std::move(used).error());
          }
          input.erase(0, *used);
          if (parser.head_done()) break;
        }
        const std::size_t before = input.size();
        input.resize_and_overwrite(before + (64 << 10), [](char*, std::size_t size) { return size; });
        auto got = connection.stream.read_some(input.data() + before, 64 << 10, deadline);
        input.resize(before + got.value_or(0));
        if (!got) {
          const bool timed_out = got.error().kind() == ErrorKind::timeout;
          if (timed_out) return std::unexpected(Failure{std::move(got).error(), false});
          return failure(std::move(got).error());
        }
        if (*got == 0)
          return failure(Error(ErrorKind::unavailable, "the server closed the connection without an answer"));
        any_byte = true;
      }
      const int status = parser.response().status;
      if (status >= 100 && status < 200 && status != 101) continue;  // interim: the answer comes behind it
      return std::make_unique<BodyStream>(pool_, std::move(connection), std::move(parser), whole);
    }
  }

  std::shared_ptr<Pool> pool_;
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::create(HttpClientOptions options) {
  return std::make_unique<ClientImpl>(std::move(options));
}

}  // namespace yagura::net
