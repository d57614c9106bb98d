// RELP over TCP or TLS: the receiver acknowledges each message by its number.
#include <poll.h>

#include <deque>

#include "base/version.hpp"
#include "forward/destination_connect.hpp"
#include "forward/destination_kinds.hpp"
#include "forward/relp.hpp"

namespace yagura::forward {

namespace {

using Clock = std::chrono::steady_clock;

// As many as librelp's own client has open by default times a few; a receiver may take its time with each.
constexpr std::size_t kMostOpen = 1024;

class RelpDestination final : public Destination {
 public:
  explicit RelpDestination(DestinationSettings settings)
      : settings_(std::move(settings)), name_(destination_name(settings_)) {}

  const std::string& name() const override { return name_; }
  bool connected() const override { return static_cast<bool>(stream_); }
  std::uint64_t taken() const override { return taken_; }

  Result<ConnectionFacts> connect(std::uint64_t first, Wakeup& wakeup) override {
    stream_ = net::ByteStream();
    out_.clear(), in_.clear(), open_.clear();
    sent_ = 0, transaction_ = 0, taken_ = first - 1;
    auto connected = TRY(connect_stream(settings_, wakeup));
    stream_ = std::move(connected.stream);
    auto opened = open_session(wakeup);
    if (!opened) {
      stream_ = net::ByteStream();
      return std::unexpected(std::move(opened).error());
    }
    return std::move(connected.facts);
  }

  bool ready_for_more() const override {
    return stream_ && open_.size() < kMostOpen && out_.size() - sent_ < settings_.write_buffer.count();
  }

  void offer(std::uint64_t number, std::string_view message) override {
    if (open_.empty()) last_progress_ = Clock::now();
    relp::append_frame(out_, next_transaction(), "syslog", message);
    open_.push_back({transaction_, number, false});
  }

  Result<> step() override {
    if (!stream_) return fail(ErrorKind::unavailable, "{} is not connected", name_);
    auto done = write_and_read();
    if (done && !open_.empty() && Clock::now() - last_progress_ > settings_.stall_timeout)
      done = fail(ErrorKind::timeout, "{}: the receiver has acknowledged nothing for {}", name_,
                  format_duration(settings_.stall_timeout));
    if (!done) stream_ = net::ByteStream();
    return done;
  }

  Waiting waiting() const override {
    if (!stream_) return {};
    return {
        .fd = stream_.fd(), .events = static_cast<short>(POLLIN | (out_.size() > sent_ ? POLLOUT : 0)), .most = 1000ms};
  }

  void close(Deadline deadline) override {
    const auto never = Wakeup::create();
    while (stream_ && never && !open_.empty() && !deadline.passed()) {
      if (!step()) return;
      if (!open_.empty())
        (void)wait_for(stream_.fd(), static_cast<short>(POLLIN | (out_.size() > sent_ ? POLLOUT : 0)), **never,
                       deadline);
    }
    if (!stream_) return;
    relp::append_frame(out_, next_transaction(), "close", "");
    (void)write_and_read();
    stream_ = net::ByteStream();
  }

 private:
  struct Open {
    std::uint32_t transaction;
    std::uint64_t number;
    bool acknowledged;
  };

  std::uint32_t next_transaction() {
    return transaction_ = transaction_ == relp::kMostTransaction ? 1 : transaction_ + 1;
  }

  Result<> open_session(Wakeup& wakeup) {
    const auto deadline = Deadline::in(settings_.handshake_timeout);
    relp::append_frame(out_, next_transaction(), "open",
                       fmt::format("relp_version=0\nrelp_software=yagura,{}\ncommands=syslog", kVersion));
    opened_ = false;
    while (!opened_) {
      TRY(write_and_read(), "opening a RELP session");
      if (opened_) break;
      switch (
          wait_for(stream_.fd(), static_cast<short>(POLLIN | (out_.size() > sent_ ? POLLOUT : 0)), wakeup, deadline)) {
        case WaitEnd::woken: return fail(ErrorKind::cancelled, "stopped while opening a RELP session");
        case WaitEnd::timeout:
          return fail(ErrorKind::timeout, "{}: no RELP answer in time; does the server speak RELP at this port?",
                      name_);
        case WaitEnd::ready: break;
      }
    }
    last_progress_ = Clock::now();
    return {};
  }

  Result<> write_and_read() {
    while (sent_ < out_.size()) {
      std::size_t put = 0;
      const auto status = stream_.write(out_.data() + sent_, out_.size() - sent_, put);
      if (status == net::IoStatus::failed)
        return fail(ErrorKind::unavailable, "{}: {}", name_, explain_tls_error(stream_.error(), true));
      if (status == net::IoStatus::closed)
        return fail(ErrorKind::unavailable, "{}: the server closed the connection", name_);
      if (status != net::IoStatus::done) break;
      sent_ += put;
    }
    if (sent_ == out_.size() || sent_ > settings_.write_buffer.count()) {
      out_.erase(0, sent_);
      sent_ = 0;
    }
    for (int i = 0; i < 16; ++i) {
      char scratch[16 * 1024];
      std::size_t got = 0;
      const auto status = stream_.read(scratch, sizeof(scratch), got);
      if (status == net::IoStatus::closed)
        return fail(ErrorKind::unavailable, "{}: the server closed the connection", name_);
      if (status == net::IoStatus::failed)
        return fail(ErrorKind::unavailable, "{}: {}", name_, explain_tls_error(stream_.error(), true));
      if (status != net::IoStatus::done) return {};
      in_.append(scratch, got);
      std::string_view rest = in_;
      while (const auto frame = TRY(relp::next_frame(rest), "reading what {} answers", name_)) TRY(take(*frame));
      in_.erase(0, in_.size() - rest.size());
    }
    return {};
  }

  Result<> take(const relp::Frame& frame) {
    if (frame.command == "serverclose")
      return fail(ErrorKind::unavailable, "{}: the server closes the RELP session", name_);
    if (frame.command != "rsp") return {};
    const auto response = TRY(relp::read_response(frame.data), "reading what {} answers", name_);
    if (response.code != 200)
      return fail(ErrorKind::unavailable, "{}: the receiver answers {} {}", name_, response.code,
                  response.text.substr(0, 200));
    if (!opened_) {
      if (frame.data.find("syslog") == std::string_view::npos)
        return fail(ErrorKind::not_supported, "{}: the receiver does not take syslog over RELP", name_);
      opened_ = true;
      return {};
    }
    for (auto& open : open_) {
      if (open.transaction != frame.transaction) continue;
      open.acknowledged = true;
      last_progress_ = Clock::now();
      break;
    }
    while (!open_.empty() && open_.front().acknowledged) {
      taken_ = open_.front().number;
      open_.pop_front();
    }
    return {};
  }

  const DestinationSettings settings_;
  const std::string name_;
  net::ByteStream stream_;
  std::string out_, in_;
  std::size_t sent_ = 0;
  std::deque<Open> open_;
  std::uint32_t transaction_ = 0;
  bool opened_ = false;
  std::uint64_t taken_ = 0;
  Clock::time_point last_progress_{};
};

}  // namespace

std::unique_ptr<Destination> make_relp_destination(DestinationSettings settings) {
  return std::make_unique<RelpDestination>(std::move(settings));
}

}  // namespace yagura::forward
