// Syslog over UDP (RFC 5426): one datagram a message, best effort, and what is known to be lost is counted.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>

#include "forward/destination_connect.hpp"
#include "forward/destination_kinds.hpp"
#include "net/socket.hpp"

namespace yagura::forward {

namespace {

using Clock = std::chrono::steady_clock;

// 65,535 less the headers of IP and UDP.
constexpr std::size_t kMostV4 = 65'507, kMostV6 = 65'527;
// After a refusal: how long the next datagram is watched for another before more follow it.
constexpr auto kProbe = 250ms;
// A backlog sent as fast as the kernel takes it would overflow the receiver's socket buffer, which tells nobody.
constexpr auto kPace = std::chrono::milliseconds(5);

class UdpDestination final : public Destination {
 public:
  explicit UdpDestination(DestinationSettings settings)
      : settings_(std::move(settings)), name_(destination_name(settings_)) {}

  const std::string& name() const override { return name_; }
  bool connected() const override { return static_cast<bool>(socket_); }
  std::uint64_t taken() const override { return taken_; }
  std::size_t most_message_bytes() const override { return most_; }

  Result<ConnectionFacts> connect(std::uint64_t first, Wakeup& wakeup) override {
    socket_.reset();
    waiting_.clear();
    taken_ = first - 1;
    probing_since_ = {};
    const auto addresses =
        TRY(resolve_cancellable(settings_.host, settings_.port, wakeup, Deadline::in(settings_.attempt_timeout)));
    std::string tried;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      // The next one than the one that refused.
      const auto& address = addresses[(turn_ + i) % addresses.size()];
      auto socket = net::connect_udp(address);
      if (!socket) {
        tried += (tried.empty() ? "" : "; ") + socket.error().message();
        continue;
      }
      // Whole messages, cut by IP when they must be: a path's smaller MTU is no reason to lose one.
      const int no = IP_PMTUDISC_DONT, no6 = IPV6_PMTUDISC_DONT, buffer = 4 << 20;
      ::setsockopt(socket->get(), IPPROTO_IP, IP_MTU_DISCOVER, &no, sizeof(no));
      if (address.family() == AF_INET6) ::setsockopt(socket->get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &no6, sizeof(no6));
      ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
      most_ = address.family() == AF_INET6 ? kMostV6 : kMostV4;
      socket_ = std::move(*socket);
      return ConnectionFacts{.address = address.to_string()};
    }
    return fail(ErrorKind::unavailable, "{}",
                tried.empty() ? fmt::format("'{}' has no address", settings_.host) : tried);
  }

  bool ready_for_more() const override {
    return socket_ && waiting_.size() < 128 && probing_since_ == Clock::time_point() &&
           !(refused_ && !waiting_.empty());
  }

  void offer(std::uint64_t number, std::string_view message) override {
    waiting_.push_back({number, std::string(message.substr(0, most_))});
  }

  Result<> step() override {
    if (!socket_) return fail(ErrorKind::unavailable, "{} is not connected", name_);
    auto done = send_waiting();
    if (!done) socket_.reset();
    return done;
  }

  Waiting waiting() const override {
    if (!waiting_.empty() && allowance_ < 1) return {.fd = socket_.get(), .events = 0, .most = kPace};
    if (probing_since_ != Clock::time_point()) return {.fd = socket_.get(), .events = 0, .most = kProbe};
    return {.fd = socket_.get(), .events = static_cast<short>(waiting_.empty() ? 0 : POLLOUT), .most = 1000ms};
  }

  std::uint64_t take_lost() override { return std::exchange(lost_, 0); }

  void close(Deadline deadline) override {
    const auto never = Wakeup::create();
    while (socket_ && never && !waiting_.empty() && !deadline.passed()) {
      if (!step()) break;
      if (!waiting_.empty()) (void)wait_for(socket_.get(), waiting().events, **never, Deadline::in(waiting().most));
    }
    socket_.reset();
  }

 private:
  struct Datagram {
    std::uint64_t number;
    std::string bytes;
  };

  Result<> refused(int error) {
    // While probing, the datagram has not been counted as taken: it goes again.
    if (probing_since_ == Clock::time_point() && taken_any_) ++lost_;
    refused_ = true;
    ++turn_;
    probing_since_ = {};
    return fail_errno(error, fmt::format("sending to {}", name_));
  }

  Result<> send_waiting() {
    // What came back since: an ICMP message shows as the socket's error.
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH) return refused(error);
    if (probing_since_ != Clock::time_point()) {
      if (Clock::now() - probing_since_ < kProbe) return {};
      probing_since_ = {};
      refused_ = false;
      taken_ = waiting_.front().number;
      waiting_.pop_front();
    }
    const auto now = Clock::now();
    const double rate = static_cast<double>(settings_.most_datagrams);
    allowance_ = std::min(allowance_ + std::chrono::duration<double>(now - allowed_at_).count() * rate,
                          std::max(1.0, rate / 50));
    allowed_at_ = now;
    while (!waiting_.empty() && allowance_ >= 1) {
      const auto& next = waiting_.front();
      const auto sent = ::send(socket_.get(), next.bytes.data(), next.bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == ENOBUFS) return {};
        if (errno == ECONNREFUSED) return refused(errno);
        return fail_errno(errno, fmt::format("sending {} bytes to {}", next.bytes.size(), name_));
      }
      taken_any_ = true;
      allowance_ -= 1;
      if (refused_) {
        probing_since_ = Clock::now();
        return {};
      }
      taken_ = next.number;
      waiting_.pop_front();
    }
    return {};
  }

  const DestinationSettings settings_;
  const std::string name_;
  FileDescriptor socket_;
  std::deque<Datagram> waiting_;
  std::uint64_t taken_ = 0, lost_ = 0;
  std::size_t most_ = kMostV4, turn_ = 0;
  double allowance_ = 1;  // datagrams that may go now
  Clock::time_point allowed_at_ = Clock::now();
  bool refused_ = false;  // the network refused one, and none has been seen to go through since
  bool taken_any_ = false;
  Clock::time_point probing_since_{};
};

}  // namespace

std::unique_ptr<Destination> make_udp_destination(DestinationSettings settings) {
  return std::make_unique<UdpDestination>(std::move(settings));
}

}  // namespace yagura::forward
