// Syslog over TCP or TLS: framing, and what the peer's kernel has acknowledged.
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <deque>

#include "forward/destination_connect.hpp"
#include "forward/destination_kinds.hpp"

namespace yagura::forward {

namespace {

using Clock = std::chrono::steady_clock;

class StreamDestination final : public Destination {
 public:
  explicit StreamDestination(DestinationSettings settings)
      : settings_(std::move(settings)), name_(destination_name(settings_)) {}

  const std::string& name() const override { return name_; }
  bool connected() const override { return static_cast<bool>(stream_); }
  std::uint64_t taken() const override { return taken_; }

  Result<ConnectionFacts> connect(std::uint64_t first, Wakeup& wakeup) override {
    reset(first);
    auto connected = TRY(connect_stream(settings_, wakeup));
    stream_ = std::move(connected.stream);
    last_progress_ = Clock::now();
    return std::move(connected.facts);
  }

  bool ready_for_more() const override {
    return stream_ && buffer_.size() - sent_ < settings_.write_buffer.count() &&
           offered_ - taken_ < settings_.most_untaken;
  }

  void offer(std::uint64_t number, std::string_view message) override {
    if (buffer_.size() == sent_) last_progress_ = std::max(last_progress_, Clock::now());
    if (settings_.framing == Framing::octet_counting) {
      fmt::format_to(std::back_inserter(buffer_), "{} ", message.size());
      buffer_ += message;
    } else {
      const std::size_t begin = buffer_.size();
      buffer_ += message;
      // A line end inside would make two messages of one (RFC 6587 3.4.2).
      for (std::size_t i = begin; i < buffer_.size(); ++i)
        if (buffer_[i] == '\n' || buffer_[i] == '\r') buffer_[i] = ' ';
      buffer_ += '\n';
    }
    offered_ = number;
    ends_.push_back({number, dropped_ + buffer_.size()});
  }

  Result<> step() override {
    if (!stream_) return fail(ErrorKind::unavailable, "{} is not connected", name_);
    auto done = write_and_read();
    if (!done) stream_ = net::ByteStream();
    return done;
  }

  Waiting waiting() const override {
    if (!stream_) return {};
    Waiting waiting{.fd = stream_.fd(), .events = POLLIN};
    if (buffer_.size() > sent_) waiting.events |= POLLOUT;
    if (!marks_.empty()) waiting.most = 100ms;  // the peer's acknowledgements tell nobody; they have to be asked for
    return waiting;
  }

  void close(Deadline deadline) override {
    const auto never = Wakeup::create();
    while (stream_ && never && !deadline.passed()) {
      if (!step()) return;
      if (buffer_.size() == sent_) break;
      (void)wait_for(stream_.fd(), POLLIN | POLLOUT, **never, deadline);
    }
    if (!stream_ || !never) return;
    // A receiver that has read everything closes its side after ours: then nothing is in doubt.
    stream_.shutdown_write();
    while (!deadline.passed()) {
      char scratch[4096];
      std::size_t got = 0;
      const auto status = stream_.read(scratch, sizeof(scratch), got);
      if (status == net::IoStatus::closed) {
        if (unacknowledged() == 0) taken_ = written_number_;
        break;
      }
      if (status == net::IoStatus::failed) break;
      (void)wait_for(stream_.fd(), POLLIN, **never, deadline);
    }
    stream_ = net::ByteStream();
  }

 private:
  struct End {
    std::uint64_t number, offset;  // of the plain stream
  };
  struct Mark {
    std::uint64_t number;  // every message up to it was given to the kernel
    std::uint64_t bytes;   // when so many bytes had been
    Clock::time_point made, acknowledged;
  };

  void reset(std::uint64_t first) {
    stream_ = net::ByteStream();
    buffer_.clear();
    sent_ = 0, dropped_ = 0;
    ends_.clear(), marks_.clear();
    offered_ = taken_ = written_number_ = first - 1;
  }

  int unacknowledged() const {
    int queued = 0;
    return ::ioctl(stream_.fd(), SIOCOUTQ, &queued) == 0 ? queued : 0;
  }

  Result<> write_and_read() {
    while (sent_ < buffer_.size()) {
      std::size_t put = 0;
      const auto status = stream_.write(buffer_.data() + sent_, buffer_.size() - sent_, put);
      if (status == net::IoStatus::failed)
        return fail(ErrorKind::unavailable, "{}: {}", name_, explain_tls_error(stream_.error(), true));
      if (status == net::IoStatus::closed)
        return fail(ErrorKind::unavailable, "{}: the server closed the connection", name_);
      if (status != net::IoStatus::done) break;
      sent_ += put;
      last_progress_ = Clock::now();
      note_written();
    }
    if (sent_ == buffer_.size()) {
      dropped_ += sent_;
      buffer_.clear();
      sent_ = 0;
    } else if (sent_ > settings_.write_buffer.count()) {
      dropped_ += sent_;
      buffer_.erase(0, sent_);
      sent_ = 0;
    }
    // A syslog server has nothing to say, except that it goes; one that talks all the time is not listened to all the
    // time.
    for (int i = 0; i < 16; ++i) {
      char scratch[4096];
      std::size_t got = 0;
      const auto status = stream_.read(scratch, sizeof(scratch), got);
      if (status == net::IoStatus::closed)
        return fail(ErrorKind::unavailable, "{}: the server closed the connection", name_);
      if (status == net::IoStatus::failed)
        return fail(ErrorKind::unavailable, "{}: {}", name_, explain_tls_error(stream_.error(), true));
      if (status != net::IoStatus::done) break;
    }
    note_acknowledged();
    if ((sent_ < buffer_.size() || (!marks_.empty() && marks_.front().acknowledged == Clock::time_point())) &&
        Clock::now() - last_progress_ > settings_.stall_timeout)
      return fail(ErrorKind::timeout, "{}: the server has taken nothing for {}", name_,
                  format_duration(settings_.stall_timeout));
    return {};
  }

  void note_written() {
    const std::uint64_t plain = dropped_ + sent_;
    while (!ends_.empty() && ends_.front().offset <= plain) {
      written_number_ = ends_.front().number;
      ends_.pop_front();
    }
    if (written_number_ == (marks_.empty() ? taken_ : marks_.back().number)) return;
    const auto now = Clock::now();
    // Few marks are enough: they say how finely the window moves.
    if (!marks_.empty() && now - marks_.back().made < 20ms && marks_.back().acknowledged == Clock::time_point()) {
      marks_.back().number = written_number_;
      marks_.back().bytes = stream_.bytes_written();
    } else {
      marks_.push_back({written_number_, stream_.bytes_written(), now, {}});
    }
  }

  void note_acknowledged() {
    if (marks_.empty()) return;
    const auto acknowledged = stream_.bytes_written() - static_cast<std::uint64_t>(unacknowledged());
    const auto now = Clock::now();
    for (auto& mark : marks_) {
      if (mark.bytes > acknowledged) break;
      if (mark.acknowledged == Clock::time_point()) mark.acknowledged = last_progress_ = now;
    }
    while (!marks_.empty() && marks_.front().acknowledged != Clock::time_point() &&
           now - marks_.front().acknowledged >= settings_.settle) {
      taken_ = marks_.front().number;
      marks_.pop_front();
    }
  }

  const DestinationSettings settings_;
  const std::string name_;
  net::ByteStream stream_;
  std::string buffer_;  // framed messages; [0, sent_) is with the kernel
  std::size_t sent_ = 0;
  std::uint64_t dropped_ = 0;  // bytes of this connection that were in buffer_ before its begin
  std::deque<End> ends_;       // of messages not wholly with the kernel
  std::deque<Mark> marks_;     // not taken yet
  std::uint64_t offered_ = 0, written_number_ = 0, taken_ = 0;
  Clock::time_point last_progress_{};
};

}  // namespace

std::unique_ptr<Destination> make_stream_destination(DestinationSettings settings) {
  return std::make_unique<StreamDestination>(std::move(settings));
}

}  // namespace yagura::forward
