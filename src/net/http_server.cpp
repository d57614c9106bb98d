#include "net/http_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "net/byte_stream.hpp"
#include "net/content_encoding.hpp"
#include "net/event_loop.hpp"
#include "net/http_message.hpp"
#include "net/http_parser.hpp"
#include "net/socket.hpp"
#include "net/thread_pool.hpp"

namespace yagura::net {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kScratch = 256 << 10;
constexpr std::size_t kMostReadAtOnce = 4 << 20;  // of one connection, before others have their turn
constexpr std::size_t kWriteSlice = 256 << 10;    // what must be taken within write_timeout
constexpr std::size_t kMostStreams = 64;
constexpr std::size_t kMostDrained = 1 << 20;
constexpr auto kDrainTime = std::chrono::seconds(2);

enum class Stage : std::uint8_t {
  handshake,
  reading,
  handling,  // a pool thread owns the session; the loop does not touch it
  writing,
  draining,  // we are done with it; reads away what still comes, so that the peer sees our answer and no reset
};

class ServerImpl;

struct Session final : EventLoop::Watcher, std::enable_shared_from_this<Session> {
  Session(ServerImpl& owner, ByteStream connection, HttpParser first)
      : server(owner), stream(std::move(connection)), parser(std::move(first)) {}
  void on_ready(std::uint32_t events) override;

  ServerImpl& server;
  ByteStream stream;
  HttpParser parser;
  Stage stage = Stage::handshake;
  std::uint32_t watched = 0;  // epoll events; 0: not in the loop
  Clock::time_point deadline = Clock::time_point::max();
  std::string peer, peer_ip, subject;
  std::string input;  // received, not yet parsed
  bool head_seen = false;
  std::uint64_t charged = 0;  // bytes counted against max_waiting

  std::string out_head, out_body;
  std::size_t out_at = 0;  // over both
  bool keep_alive = true;
  bool drain_first = false;  // the request was not read to its end
  bool broken = false;       // the connection failed while handling
  std::size_t drained = 0;
};

class ServerImpl final : public HttpServer {
 public:
  ServerImpl(HttpServerOptions options, StreamHandler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        pool_(options_.threads, kMostStreams),
        scratch_(kScratch, '\0') {
    const Labels labels{{"server", options_.name}};
    requests_ = &metrics().counter("yagura_http_requests_total", "HTTP requests handled", labels);
    received_ = &metrics().counter("yagura_http_received_bytes_total", "Bytes of HTTP requests received", labels);
    connections_gauge_ = &metrics().gauge("yagura_http_connections", "Open HTTP connections", labels);
    waiting_gauge_ =
        &metrics().gauge("yagura_http_waiting_bytes", "Bytes of request bodies being received or handled", labels);
    const auto shortest =
        std::min({options_.header_timeout, options_.body_timeout, options_.idle_timeout, options_.write_timeout});
    tick_ = std::clamp<std::chrono::milliseconds>(shortest / 4, 10ms, 500ms);
  }
  ~ServerImpl() override { stop(5s); }

  Result<> open() {
    if (!options_.unix_socket.empty()) {
      listener_ = TRY(listen_unix(options_.unix_socket));
    } else {
      const auto address = TRY(SocketAddress::numeric(options_.address, options_.port),
                               "setting up the HTTP server '{}'", options_.name);
      listener_ = TRY(listen_tcp(address));
      port_ = local_address(listener_.get()).port();
    }
    loop_ = TRY(EventLoop::create());
    TRY(loop_->add(listener_.get(), EPOLLIN, accepter_));
    thread_ = std::thread([this] {
      loop_->run([this] { return after_round(); });
      for (auto& [key, session] : sessions_) session->charged = 0;
      sessions_.clear();
    });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop(std::chrono::milliseconds grace) override {
    if (!thread_.joinable()) return;
    loop_->post([this] { begin_stop(); });
    {
      std::unique_lock lock(stop_mutex_);
      emptied_.wait_for(lock, grace, [this] { return empty_; });
    }
    // Handlers see their peer as gone and their writes fail.
    loop_->post([this] {
      for (auto& [key, session] : sessions_) ::shutdown(session->stream.fd(), SHUT_RDWR);
    });
    pool_.stop();
    loop_->stop();
    thread_.join();
    if (!options_.unix_socket.empty()) ::unlink(options_.unix_socket.c_str());
    connections_gauge_->set(0);
  }

  void on_session_ready(Session& session) {
    switch (session.stage) {
      case Stage::handshake: return shake_hands(session);
      case Stage::reading: return read_request(session);
      case Stage::writing: return flush(session);
      case Stage::draining: return drain(session);
      case Stage::handling: return;
    }
  }

 private:
  friend class StreamImpl;
  struct Accepter final : EventLoop::Watcher {
    explicit Accepter(ServerImpl& owner) : server(owner) {}
    void on_ready(std::uint32_t) override { server.accept_some(); }
    ServerImpl& server;
  };

  Counter& refused(std::string_view reason) {
    return metrics().counter("yagura_http_refused_total", "HTTP connections and requests refused, by reason",
                             {{"server", options_.name}, {"reason", std::string(reason)}});
  }

  HttpParser new_parser() const { return HttpParser::for_request({options_.max_header, options_.max_body}); }

  // --- loop thread ---

  std::chrono::milliseconds after_round() {
    const auto now = Clock::now();
    if (now >= next_sweep_) {
      next_sweep_ = now + tick_;
      expired_.clear();
      for (auto& [key, session] : sessions_)
        if (session->stage != Stage::handling && session->deadline <= now) expired_.push_back(session);
      for (auto& session : expired_) expire(*session);
      expired_.clear();
      if (accept_paused_ && listener_) {
        accept_paused_ = false;
        loop_->modify(listener_.get(), EPOLLIN, accepter_);
      }
    }
    connections_gauge_->set(static_cast<double>(sessions_.size()));
    waiting_gauge_->set(static_cast<double>(waiting_.load(std::memory_order_relaxed)));
    return sessions_.empty() && !accept_paused_ ? -1ms : tick_;
  }

  void begin_stop() {
    stopping_ = true;
    if (listener_) {
      loop_->remove(listener_.get(), accepter_);
      listener_.reset();
    }
    std::vector<std::shared_ptr<Session>> idle;
    for (auto& [key, session] : sessions_)
      if (session->stage != Stage::handling && session->stage != Stage::writing) idle.push_back(session);
    for (auto& session : idle) close(*session);
    tell_if_empty();
  }

  void tell_if_empty() {
    if (!stopping_ || !sessions_.empty()) return;
    const std::lock_guard lock(stop_mutex_);
    empty_ = true;
    emptied_.notify_all();
  }

  void accept_some() {
    for (int i = 0; i < 64; ++i) {
      SocketAddress peer;
      FileDescriptor fd = accept_connection(listener_.get(), peer);
      if (!fd) {
        // Out of descriptors: the connection stays in the queue, and the event would come again at once.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          refused("no_descriptors").add();
          accept_paused_ = true;
          loop_->modify(listener_.get(), 0, accepter_);
        }
        return;
      }
      accept_one(std::move(fd), peer);
    }
  }

  void accept_one(FileDescriptor fd, const SocketAddress& peer) {
    const std::string ip = peer.ip();
    const bool is_local_socket = !options_.unix_socket.empty();
    if (sessions_.size() >= options_.max_connections) return turn_away(fd.get(), 503, "connections");
    if (!is_local_socket && per_peer_[ip] >= options_.max_connections_per_peer)
      return turn_away(fd.get(), 429, "connections_per_peer");
    auto stream = options_.tls ? ByteStream::tls_server(std::move(fd), *options_.tls)
                               : Result<ByteStream>(ByteStream(std::move(fd)));
    if (!stream) return refused("tls").add();
    auto session = std::make_shared<Session>(*this, std::move(*stream), new_parser());
    session->peer = is_local_socket ? "unix" : peer.to_string();
    session->peer_ip = ip;
    session->stage = options_.tls ? Stage::handshake : Stage::reading;
    session->deadline = Clock::now() + options_.header_timeout;
    if (!is_local_socket) ++per_peer_[ip];
    sessions_.emplace(session.get(), session);
    watch(*session, EPOLLIN);
  }

  // The answer is best effort: a flood must not cost more than a system call or two.
  void turn_away(int fd, int status, std::string_view reason) {
    refused(reason).add();
    if (options_.tls) return;
    const std::string head =
        response_head({.status = status, .headers = {{"Retry-After", "1"}}, .body = {}}, Framing::length, 0, false);
    ::send(fd, head.data(), head.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    ::recv(fd, scratch_.data(), scratch_.size(), 0);
  }

  void watch(Session& session, std::uint32_t events) {
    if (session.watched == events) return;
    if (session.watched == 0) {
      if (auto added = loop_->add(session.stream.fd(), events, session); !added) return close(session);
    } else {
      loop_->modify(session.stream.fd(), events, session);
    }
    session.watched = events;
  }

  void unwatch(Session& session) {
    if (session.watched != 0) loop_->remove(session.stream.fd(), session);
    session.watched = 0;
  }

  void close(Session& session) {
    unwatch(session);
    release(session);
    if (session.peer != "unix")
      if (auto found = per_peer_.find(session.peer_ip); found != per_peer_.end() && --found->second == 0)
        per_peer_.erase(found);
    sessions_.erase(&session);
    tell_if_empty();
  }

  void expire(Session& session) {
    const bool partial_head = session.stage == Stage::reading && (session.parser.started() || !session.input.empty());
    if (partial_head) {
      refused(session.head_seen ? "body_timeout" : "header_timeout").add();
      return reject(session, 408, "the request did not come in time");
    }
    if (session.stage == Stage::writing) refused("write_timeout").add();
    if (session.stage == Stage::handshake) refused("handshake_timeout").add();
    close(session);
  }

  void shake_hands(Session& session) {
    switch (session.stream.handshake()) {
      case IoStatus::done: break;
      case IoStatus::want_read: return watch(session, EPOLLIN);
      case IoStatus::want_write: return watch(session, EPOLLOUT);
      default:
        refused("tls").add();
        log_debug("net", "{}: {}: {}", options_.name, session.peer, session.stream.error());
        return close(session);
    }
    session.subject = session.stream.peer_subject();
    session.stage = Stage::reading;
    watch(session, EPOLLIN);
    read_request(session);
  }

  void read_request(Session& session) {
    for (std::size_t total = 0; total < kMostReadAtOnce || session.stream.has_buffered();) {
      std::size_t got = 0;
      IoStatus status;
      const auto place = session.input.empty() ? session.parser.prepare_body(1 << 20) : std::span<char>{};
      if (!place.empty()) {
        status = session.stream.read(place.data(), place.size(), got);
        session.parser.commit_body(got);
        if (got > 0 && !after_parse(session)) return;
      } else {
        status = session.stream.read(scratch_.data(), scratch_.size(), got);
        if (got > 0 && !parse(session, {scratch_.data(), got})) return;
      }
      total += got;
      received_->add(got);
      switch (status) {
        case IoStatus::done: continue;
        case IoStatus::want_read: return watch(session, EPOLLIN);
        case IoStatus::want_write: return watch(session, EPOLLOUT);
        default:
          if (session.parser.started() || !session.input.empty()) refused("cut_off").add();
          return close(session);
      }
    }
  }

  // False when the session is no longer reading.
  bool parse(Session& session, std::string_view bytes) {
    if (!session.parser.started() && session.input.empty()) session.deadline = Clock::now() + options_.header_timeout;
    const bool kept = !session.input.empty();
    if (kept) {
      session.input.append(bytes);
      bytes = session.input;
    }
    auto used = session.parser.feed(bytes);
    if (!used) {
      const int status = session.parser.error_status();
      refused(status == 431 ? "header_size" : status == 413 ? "body_size" : "malformed").add();
      reject(session, status, used.error().message());
      return false;
    }
    if (kept)
      session.input.erase(0, *used);
    else
      session.input.assign(bytes.substr(*used));
    return after_parse(session);
  }

  bool after_parse(Session& session) {
    if (!session.head_seen && session.parser.head_done()) {
      session.head_seen = true;
      session.deadline = Clock::now() + options_.body_timeout;
      const auto encoding = session.parser.request().header("content-encoding");
      const std::string word = to_lower_ascii(trim(encoding));
      static constexpr std::string_view kKnown[] = {"gzip", "x-gzip", "deflate", "zstd", "x-zstd"};
      if (!is_identity_encoding(word) && std::find(std::begin(kKnown), std::end(kKnown), word) == std::end(kKnown)) {
        refused("encoding").add();
        reject(session, 415, "Content-Encoding must be gzip, deflate, zstd or identity");
        return false;
      }
      if (session.parser.expects_continue() && !session.parser.done() && session.input.empty()) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        std::size_t put = 0;
        session.stream.write(kContinue.data(), kContinue.size(), put);
      }
    }
    if (!charge(session, session.parser.body().size())) {
      refused("waiting_bytes").add();
      reject(session, 503, "too many bytes wait already; try again");
      return false;
    }
    if (!session.parser.done()) return true;
    session.stage = Stage::handling;
    session.deadline = Clock::time_point::max();
    unwatch(session);
    pool_.submit([this, shared = session.shared_from_this()] { handle(*shared); });
    return false;
  }

  // An answer of ours that ends the connection.
  void reject(Session& session, int status, std::string_view why) {
    session.keep_alive = false;
    session.drain_first = true;
    HttpResponse response = text_response(status, std::string(why) + "\n");
    if (status == 503) response.set("Retry-After", "1");
    put_response(session, std::move(response), false);
    release(session);
    session.stage = Stage::writing;
    session.deadline = Clock::now() + options_.write_timeout;
    flush(session);
  }

  void flush(Session& session) {
    switch (write_some(session)) {
      case IoStatus::done: return finish(session);
      case IoStatus::want_read: return watch(session, EPOLLIN);
      case IoStatus::want_write: return watch(session, EPOLLOUT);
      default: return close(session);
    }
  }

  // Back from a pool thread.
  void resume(Session& session) {
    release(session);
    if (session.broken) return close(session);
    session.stage = Stage::writing;
    session.deadline = Clock::now() + options_.write_timeout;
    if (session.out_at == session.out_head.size() + session.out_body.size()) return finish(session);
    watch(session, EPOLLOUT);
  }

  void finish(Session& session) {
    session.out_head.clear();
    session.out_body = std::string();
    session.out_at = 0;
    if (!session.keep_alive || stopping_) {
      session.stream.shutdown_write();
      if (!session.drain_first) return close(session);
      session.stage = Stage::draining;
      session.deadline = Clock::now() + kDrainTime;
      watch(session, EPOLLIN);
      return drain(session);
    }
    session.parser = new_parser();
    session.head_seen = false;
    session.stage = Stage::reading;
    session.deadline = Clock::now() + options_.idle_timeout;
    watch(session, EPOLLIN);
    const std::string pipelined = std::exchange(session.input, {});
    if (!pipelined.empty() && !parse(session, pipelined)) return;
    if (session.stream.has_buffered()) read_request(session);
  }

  void drain(Session& session) {
    while (session.drained < kMostDrained) {
      std::size_t got = 0;
      const IoStatus status = session.stream.read(scratch_.data(), scratch_.size(), got);
      session.drained += got;
      if (status == IoStatus::done) continue;
      if (status == IoStatus::want_read || status == IoStatus::want_write) return;
      break;
    }
    close(session);
  }

  // --- either thread, whichever owns the session ---

  bool charge(Session& session, std::uint64_t bytes) {
    if (bytes <= session.charged) return true;
    const std::uint64_t more = bytes - session.charged;
    if (waiting_.fetch_add(more) + more > options_.max_waiting.count()) {
      waiting_.fetch_sub(more);
      return false;
    }
    session.charged = bytes;
    return true;
  }

  void release(Session& session) {
    waiting_.fetch_sub(session.charged);
    session.charged = 0;
  }

  static void put_response(Session& session, HttpResponse&& response, bool head_only) {
    const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
    session.out_head =
        response_head(response, bodiless ? Framing::none : Framing::length, response.body.size(), session.keep_alive);
    session.out_at = 0;
    session.out_body = bodiless || head_only ? std::string() : std::move(response.body);
    join_if_small(session);
  }

  // One packet rather than two.
  static void join_if_small(Session& session) {
    if (session.out_body.size() > (64 << 10)) return;
    session.out_head += session.out_body;
    session.out_body.clear();
  }

  // As much as goes without waiting.
  IoStatus write_some(Session& session) {
    while (true) {
      const std::size_t head = session.out_head.size();
      const std::string_view rest = session.out_at < head
                                        ? std::string_view(session.out_head).substr(session.out_at)
                                        : std::string_view(session.out_body).substr(session.out_at - head);
      if (rest.empty()) return IoStatus::done;
      std::size_t put = 0;
      const IoStatus status = session.stream.write(rest.data(), std::min(rest.size(), kWriteSlice), put);
      if (status != IoStatus::done) return status;
      session.out_at += put;
      session.deadline = Clock::now() + options_.write_timeout;
    }
  }

  // --- pool threads ---

  void handle(Session& session);
  void answer(Session& session, HttpResponse response, bool head_only) {
    session.keep_alive = session.keep_alive && !stopping_.load();
    put_response(session, std::move(response), head_only);
    const IoStatus status = write_some(session);
    session.broken = status == IoStatus::closed || status == IoStatus::failed;
  }

  const HttpServerOptions options_;
  const StreamHandler handler_;
  ThreadPool pool_;
  std::unique_ptr<EventLoop> loop_;
  Accepter accepter_{*this};
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::string scratch_;
  std::chrono::milliseconds tick_{500};
  Clock::time_point next_sweep_{};
  bool accept_paused_ = false;
  std::atomic<bool> stopping_{false};
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> expired_;
  std::unordered_map<std::string, std::size_t> per_peer_;
  std::atomic<std::uint64_t> waiting_{0};
  std::mutex stop_mutex_;
  std::condition_variable emptied_;
  bool empty_ GUARDED_BY(stop_mutex_) = false;

  Counter* requests_ = nullptr;
  Counter* received_ = nullptr;
  Gauge* connections_gauge_ = nullptr;
  Gauge* waiting_gauge_ = nullptr;
};

void Session::on_ready(std::uint32_t) {
  const auto self = shared_from_this();  // it may be closed within
  server.on_session_ready(*this);
}

// Writes chunks from the handler's thread, which owns the session meanwhile.
class StreamImpl final : public HttpStream {
 public:
  StreamImpl(ServerImpl& server, Session& session, bool head_only, bool chunks_known)
      : server_(server), session_(session), head_only_(head_only), chunks_known_(chunks_known) {}
  ~StreamImpl() override {
    if (is_long_) server_.pool_.end_long_job();
  }

  Result<> start(const HttpResponse& head) override {
    if (started_) return fail(ErrorKind::internal, "a response was started twice");
    started_ = true;
    is_long_ = server_.pool_.begin_long_job();
    if (!chunks_known_) session_.keep_alive = false;
    return send(response_head(head, chunks_known_ ? Framing::chunked : Framing::until_close, 0, session_.keep_alive));
  }

  Result<> write(std::string_view piece) override {
    if (!started_) TRY(start({}));
    if (piece.empty() || head_only_) return {};  // an empty chunk would end the body
    if (!chunks_known_) return send(piece);
    // A large piece goes out as it is; a small one in one packet with its frame.
    if (piece.size() <= (16 << 10)) return send(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
    TRY(send(fmt::format("{:x}\r\n", piece.size())));
    TRY(send(piece));
    return send("\r\n");
  }

  bool peer_gone() const override {
    if (failed_) return true;
    pollfd entry{session_.stream.fd(), POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

  bool started() const { return started_; }
  bool failed() const { return failed_; }
  void end() {
    if (chunks_known_ && !head_only_) (void)send("0\r\n\r\n");
  }

 private:
  Result<> send(std::string_view bytes) {
    if (failed_) return fail(ErrorKind::unavailable, "the peer has gone");
    while (!bytes.empty()) {
      const auto slice = bytes.substr(0, kWriteSlice);
      if (auto sent = session_.stream.write_all(slice, Deadline::in(server_.options_.write_timeout)); !sent) {
        failed_ = true;
        return sent;
      }
      bytes.remove_prefix(slice.size());
    }
    return {};
  }

  ServerImpl& server_;
  Session& session_;
  const bool head_only_;
  const bool chunks_known_;  // HTTP/1.0 knows none
  bool started_ = false;
  bool failed_ = false;
  bool is_long_ = false;
};

void ServerImpl::handle(Session& session) {
  HttpRequest& request = session.parser.request();
  session.keep_alive = session.parser.keep_alive();
  request.peer = session.peer;
  request.client_subject = session.subject;
  const bool head_only = request.method == "HEAD";
  requests_->add();
  std::optional<HttpResponse> response;
  StreamImpl stream(*this, session, head_only, session.parser.is_http_1_1());
  try {
    const std::string encoding(request.header("content-encoding"));
    if (!is_identity_encoding(encoding)) {
      auto decoded = decode_content(encoding, request.body, options_.max_body);
      if (!decoded) {
        const bool large = decoded.error().kind() == ErrorKind::exhausted;
        refused(large ? "body_size" : "malformed").add();
        response = text_response(large ? 413 : 400, decoded.error().message() + "\n");
      } else if (!charge(session, session.charged + decoded->size())) {
        refused("waiting_bytes").add();
        response = text_response(503, "too many bytes wait already; try again\n");
        response->set("Retry-After", "1");
      } else {
        request.body = std::move(*decoded);
        std::erase_if(request.headers, [](const HttpHeader& header) {
          return equal_ignoring_ascii_case(header.name, "content-encoding");
        });
      }
    }
    if (!response) response = handler_(request, stream);
  } catch (const std::exception& exception) {
    log_error("net", "{}: the handler of {} {} failed: {}", options_.name, request.method, request.path(),
              exception.what());
    if (stream.started())
      session.broken = true;  // no last chunk: the client sees that something is missing
    else
      response = text_response(500, "internal error\n");
  }
  if (stream.started()) {
    if (!session.broken) stream.end();
    session.broken = session.broken || stream.failed();
  } else {
    if (!response) response = text_response(500, "no answer\n");
    // Before the answer goes out: who has it may send as much again at once.
    request.body = std::string();
    release(session);
    answer(session, std::move(*response), head_only);
  }
  loop_->post([this, shared = session.shared_from_this()] { resume(*shared); });
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start_streaming(HttpServerOptions options, StreamHandler handler) {
  auto server = std::make_unique<ServerImpl>(std::move(options), std::move(handler));
  TRY(server->open());
  return server;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, Handler handler) {
  return start_streaming(std::move(options), [handler = std::move(handler)](const HttpRequest& request, HttpStream&) {
    return std::optional(handler(request));
  });
}

}  // namespace yagura::net
