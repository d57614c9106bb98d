// Syslog over TCP and TLS: one epoll thread reads all connections into one buffer, frames in place, and appends once a
// round.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/log.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/rate_limiter.hpp"
#include "intake/syslog_source.hpp"
#include "net/byte_stream.hpp"
#include "net/event_loop.hpp"
#include "net/socket.hpp"
#include "net/syslog_framer.hpp"

namespace yagura::intake {

namespace {

using Clock = std::chrono::steady_clock;
using net::IoStatus;

constexpr std::size_t kRead = 256 << 10;
constexpr std::size_t kMostEntries = 16'384;  // appended together
constexpr auto kDrainAtStop = std::chrono::seconds(2);

class StreamSource;

struct Connection final : net::EventLoop::Watcher {
  Connection(StreamSource& owner, net::ByteStream socket, Bytes max_message)
      : source(owner), stream(std::move(socket)), framer(max_message) {}
  void on_ready(std::uint32_t events) override;

  StreamSource& source;
  net::ByteStream stream;
  net::SyslogFramer framer;
  std::string peer, ip;
  std::string left;  // the beginning of a message
  bool shaking_hands = false;
  bool closed = false;
  std::uint32_t watched = 0;  // epoll events; 0: not in the loop
  Clock::time_point idle_until{};
  Clock::time_point partial_until = Clock::time_point::max();
  Clock::time_point resume_at{};  // while held back by its rate
  bool held_back = false;
};

class StreamSource final : public SyslogSource {
 public:
  StreamSource(SyslogSettings settings, EntrySink& sink)
      : settings_(std::move(settings)),
        counters_(settings_.name, "syslog"),
        pusher_(sink, counters_, stopping_, "listening"),
        limiter_(settings_.rate_per_peer) {
    const auto shortest = std::min({settings_.handshake_timeout, settings_.partial_timeout, settings_.idle_timeout});
    tick_ = std::clamp<std::chrono::milliseconds>(shortest / 4, 10ms, 1s);
  }
  ~StreamSource() override { stop(); }

  Result<> start() override {
    if (settings_.transport == SyslogTransport::tls)
      tls_ = TRY(net::TlsContext::server({.certificate = settings_.tls.certificate, .private_key = settings_.tls.private_key, .client_ca = settings_.tls.client_ca, .session_tickets = false}),
                 "starting source '{}'", settings_.name);
    const auto address =
        TRY(net::SocketAddress::numeric(settings_.address, settings_.port), "starting source '{}'", settings_.name);
    listener_ = TRY(net::listen_tcp(address), "starting source '{}'", settings_.name);
    port_ = net::local_address(listener_.get()).port();
    loop_ = TRY(net::EventLoop::create());
    TRY(loop_->add(listener_.get(), EPOLLIN, accepter_));
    // Room for several reads between two appends; only what is used is touched.
    scratch_size_ = std::max<std::size_t>(4 << 20, 4 * (kRead + settings_.max_message.count() + 64));
    scratch_ = std::make_unique_for_overwrite<char[]>(scratch_size_);
    stopping_ = false;
    counters_.set_state("listening");
    thread_ = std::thread([this] {
      loop_->run([this] { return after_round(); });
      drain_all();
    });
    return {};
  }

  void stop() override {
    if (!thread_.joinable()) return;
    stopping_ = true;
    loop_->stop();
    thread_.join();
    listener_.reset();
    counters_.connections(0);
    counters_.waiting(0);
    counters_.set_state("stopped");
  }

  SourceStatus status() const override {
    return counters_.status(fmt::format("{}:{}/{}", settings_.address, port_.load(), to_string(settings_.transport)));
  }
  std::uint16_t port() const override { return port_.load(); }

  void on_connection_ready(Connection& connection) {
    if (connection.shaking_hands && !shake_hands(connection)) return;
    read(connection);
  }

 private:
  struct Accepter final : net::EventLoop::Watcher {
    explicit Accepter(StreamSource& owner) : source(owner) {}
    void on_ready(std::uint32_t) override { source.accept_some(); }
    StreamSource& source;
  };

  // A clock that stands still while the journal pushes back: the senders could do nothing then.
  Clock::time_point now() const { return Clock::now() - pusher_.waited(); }

  // --- connections ---

  void accept_some() {
    for (int i = 0; i < 64; ++i) {
      net::SocketAddress peer;
      FileDescriptor fd = net::accept_connection(listener_.get(), peer);
      if (!fd) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          counters_.refused("no_descriptors");
          loop_->modify(listener_.get(), 0, accepter_);  // until the next sweep, or it would ring without end
          accept_paused_ = true;
        }
        return;
      }
      accept_one(std::move(fd), peer);
    }
  }

  void accept_one(FileDescriptor fd, const net::SocketAddress& peer) {
    const std::string ip = peer.ip();
    if (connections_.size() >= settings_.max_connections) return counters_.refused("connections");
    if (per_peer_[ip] >= settings_.max_connections_per_peer) return counters_.refused("connections_per_peer");
    keep_alive(fd.get());
    auto stream = tls_ ? net::ByteStream::tls_server(std::move(fd), *tls_)
                       : Result<net::ByteStream>(net::ByteStream(std::move(fd)));
    if (!stream) return counters_.refused("tls");
    auto connection = std::make_unique<Connection>(*this, std::move(*stream), settings_.max_message);
    connection->peer = peer.to_string();
    connection->ip = ip;
    connection->shaking_hands = tls_ != nullptr;
    connection->idle_until = now() + (tls_ ? settings_.handshake_timeout : settings_.idle_timeout);
    ++per_peer_[ip];
    Connection* const raw = connection.get();
    connections_.emplace(raw, std::move(connection));
    watch(*raw, EPOLLIN);
    counters_.connections(connections_.size());
  }

  // A peer that vanished without a word is found within two minutes, long before idle_timeout.
  static void keep_alive(int fd) {
    const auto set = [fd](int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  }

  void watch(Connection& connection, std::uint32_t events) {
    if (connection.watched == events) return;
    if (events == 0)
      loop_->remove(connection.stream.fd(), connection);
    else if (connection.watched != 0)
      loop_->modify(connection.stream.fd(), events, connection);
    else if (!loop_->add(connection.stream.fd(), events, connection))
      return close(connection);
    connection.watched = events;
  }

  // The object lives on until its entries are appended: they name its peer.
  void close(Connection& connection) {
    if (connection.closed) return;
    connection.closed = true;
    if (connection.watched != 0) loop_->remove(connection.stream.fd(), connection);
    connection.watched = 0;
    waiting_ -= connection.left.size();
    connection.left.clear();
    connection.stream = {};
    if (auto found = per_peer_.find(connection.ip); found != per_peer_.end() && --found->second == 0)
      per_peer_.erase(found);
    auto found = connections_.find(&connection);
    dead_.push_back(std::move(found->second));
    connections_.erase(found);
    counters_.connections(connections_.size());
  }

  // Ends a connection of ours; what it had begun to say is kept.
  void cut_off(Connection& connection, std::string_view reason) {
    counters_.refused(reason);
    finish(connection);
  }

  bool shake_hands(Connection& connection) {
    switch (connection.stream.handshake()) {
      case IoStatus::done: break;
      case IoStatus::want_read: watch(connection, EPOLLIN); return false;
      case IoStatus::want_write: watch(connection, EPOLLOUT); return false;
      default:
        counters_.refused("tls");
        log_debug("intake", "{}: {}: {}", settings_.name, connection.peer, connection.stream.error());
        close(connection);
        return false;
    }
    connection.shaking_hands = false;
    connection.idle_until = now() + settings_.idle_timeout;
    watch(connection, EPOLLIN);
    return !connection.closed;
  }

  // --- bytes ---

  // One read per turn, so that each connection has its own; TLS goes on while it has bytes that epoll cannot see.
  // Says whether anything came.
  bool read(Connection& connection) {
    bool any = false;
    do {
      const std::size_t before = connection.left.size();
      if (scratch_used_ + before + kRead > scratch_size_ || entries_.size() >= kMostEntries) append();
      char* const base = scratch_.get() + scratch_used_;
      std::memcpy(base, connection.left.data(), before);
      std::size_t got = 0;
      const IoStatus status = connection.stream.read(base + before, kRead, got);
      if (got > 0) {
        any = true;
        const std::uint64_t messages = frame(connection, {base, before + got}, false);
        if (connection.closed) return true;
        if (limiter_.limits() && hold_back(connection, messages)) return true;
      }
      switch (status) {
        case IoStatus::done: break;
        case IoStatus::want_read: watch(connection, EPOLLIN); return any;
        case IoStatus::want_write: watch(connection, EPOLLOUT); return any;
        case IoStatus::failed:
          counters_.noted("broken_connection");
          log_debug("intake", "{}: {}: {}", settings_.name, connection.peer, connection.stream.error());
          finish(connection);
          return true;
        case IoStatus::closed: finish(connection); return true;
      }
    } while (connection.stream.has_buffered());
    return any;
  }

  void finish(Connection& connection) {
    if (!connection.left.empty()) {
      if (scratch_used_ + connection.left.size() > scratch_size_) append();
      char* const base = scratch_.get() + scratch_used_;
      const std::size_t size = connection.left.size();
      std::memcpy(base, connection.left.data(), size);
      frame(connection, {base, size}, true);
    }
    close(connection);
  }

  // `text` lies at the end of the used scratch. Its whole messages become entries, its rest the connection's.
  std::uint64_t frame(Connection& connection, std::string_view text, bool at_end) {
    const ReceiveTime received = ReceiveClock::now();
    std::string_view rest = text;
    journal::EntryView entry{
        .source = settings_.name, .peer = connection.peer, .hint = settings_.format, .received_at = received};
    const std::size_t before = entries_.size();
    while (auto frame = at_end ? connection.framer.finish(rest) : connection.framer.next(rest)) {
      if (frame->kind != net::FrameKind::whole) [[unlikely]] {
        counters_.noted(frame->kind == net::FrameKind::cut_short ? "cut_short" : "pieces");
        entry.hint =
            frame->kind == net::FrameKind::later_piece ? std::string_view("text") : std::string_view(settings_.format);
        entry.payload = frame->bytes;
        entries_.push_back(entry);
        entry.hint = settings_.format;
        continue;
      }
      entry.payload = frame->bytes;
      entries_.push_back(entry);
    }
    scratch_used_ += text.size() - rest.size();
    last_received_ = received;
    const std::uint64_t messages = entries_.size() - before;
    waiting_ += rest.size();
    waiting_ -= connection.left.size();
    const auto current = now();
    connection.idle_until = current + settings_.idle_timeout;
    // A new beginning starts the clock; more of an old one does not.
    if (rest.empty())
      connection.partial_until = Clock::time_point::max();
    else if (messages > 0 || connection.left.empty())
      connection.partial_until = current + settings_.partial_timeout;
    connection.left.assign(rest);
    if (connection.left.capacity() > 4096 && rest.empty()) connection.left = std::string();
    if (!at_end && waiting_ > settings_.max_waiting.count()) cut_off(connection, "waiting_bytes");
    return messages;
  }

  // True when the connection must wait: it is not read until then, which its sender feels.
  bool hold_back(Connection& connection, std::uint64_t messages) {
    const auto wait = limiter_.charge(connection.ip, messages, Clock::now());
    if (wait <= Clock::duration::zero()) return false;
    counters_.noted("held_back");
    connection.held_back = true;
    connection.resume_at = Clock::now() + wait;
    held_back_.push_back(&connection);
    watch(connection, 0);
    return true;
  }

  void append() {
    if (!entries_.empty()) {
      std::uint64_t bytes = 0;
      for (const auto& entry : entries_) bytes += entry.payload.size();
      if (pusher_.push(entries_)) counters_.received(entries_.size(), bytes, last_received_);
      entries_.clear();
    }
    scratch_used_ = 0;
  }

  // --- time ---

  std::chrono::milliseconds after_round() {
    append();
    // Of connections held back, those closed meanwhile are in dead_.
    std::erase_if(held_back_, [](const Connection* connection) { return connection->closed; });
    dead_.clear();
    counters_.waiting(waiting_);
    const auto real = Clock::now();
    auto wait = connections_.empty() && !accept_paused_ ? std::chrono::milliseconds(-1) : tick_;
    for (std::size_t i = 0; i < held_back_.size();) {
      Connection& connection = *held_back_[i];
      if (connection.resume_at <= real) {
        connection.held_back = false;
        held_back_[i] = held_back_.back();
        held_back_.pop_back();
        watch(connection, EPOLLIN);
        // What TLS has decrypted already does not ring.
        if (!connection.closed && connection.stream.has_buffered()) {
          read(connection);
          wait = std::chrono::milliseconds(0);
        }
        continue;
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(connection.resume_at - real);
      if (wait.count() < 0 || left < wait) wait = left;
      ++i;
    }
    if (real >= next_sweep_) sweep(real);
    return wait;
  }

  void sweep(Clock::time_point real) {
    next_sweep_ = real + tick_;
    const auto current = now();
    std::vector<Connection*> idle, slow;
    for (auto& [key, connection] : connections_) {
      if (connection->held_back) continue;
      if (connection->partial_until <= current)
        slow.push_back(connection.get());
      else if (connection->idle_until <= current)
        idle.push_back(connection.get());
    }
    for (auto* connection : slow) cut_off(*connection, "slow");
    for (auto* connection : idle) cut_off(*connection, connection->shaking_hands ? "handshake_timeout" : "idle");
    if (accept_paused_) {
      accept_paused_ = false;
      loop_->modify(listener_.get(), EPOLLIN, accepter_);
    }
    append();
    dead_.clear();
  }

  // Senders hold what the kernel has taken from them for delivered, so it is read before we go.
  void drain_all() {
    accept_some();
    loop_->remove(listener_.get(), accepter_);
    const auto until = Clock::now() + kDrainAtStop;
    while (!connections_.empty()) {
      Connection& connection = *connections_.begin()->second;
      while (!connection.closed && !connection.shaking_hands && Clock::now() < until && read(connection)) {
      }
      if (!connection.closed) finish(connection);
    }
    append();
    held_back_.clear();
    dead_.clear();
  }

  const SyslogSettings settings_;
  SourceCounters counters_;
  std::atomic<bool> stopping_{false};
  JournalPusher pusher_;
  RateLimiter limiter_;
  std::shared_ptr<const net::TlsContext> tls_;
  FileDescriptor listener_;
  std::atomic<std::uint16_t> port_{0};
  std::unique_ptr<net::EventLoop> loop_;
  Accepter accepter_{*this};
  std::thread thread_;

  // All below belongs to the loop's thread.
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> dead_;
  std::vector<Connection*> held_back_;
  std::unordered_map<std::string, std::size_t> per_peer_;
  std::unique_ptr<char[]> scratch_;  // received bytes that entries_ points into
  std::size_t scratch_size_ = 0, scratch_used_ = 0;
  std::vector<journal::EntryView> entries_;
  ReceiveTime last_received_{};
  std::uint64_t waiting_ = 0;
  bool accept_paused_ = false;
  std::chrono::milliseconds tick_{1000};
  Clock::time_point next_sweep_{};
};

void Connection::on_ready(std::uint32_t) { source.on_connection_ready(*this); }

}  // namespace

std::unique_ptr<SyslogSource> make_syslog_stream_source(SyslogSettings settings, EntrySink& sink) {
  return std::make_unique<StreamSource>(std::move(settings), sink);
}

}  // namespace yagura::intake
