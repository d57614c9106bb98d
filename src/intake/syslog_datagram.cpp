// Syslog over UDP: many datagrams with one system call, straight into the journal.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/rate_limiter.hpp"
#include "intake/syslog_source.hpp"
#include "net/socket.hpp"

namespace yagura::intake {

namespace {

constexpr std::size_t kBatch = 512;
constexpr std::size_t kDatagram = 64 << 10;  // more than any UDP datagram carries
// Not a power of two, so that the beginnings of all datagrams do not share the same few cache sets.
constexpr std::size_t kStride = kDatagram + 4096 + 192;
constexpr std::size_t kMostPeers = 16'384;

// Pages that cost nothing until a datagram is that large.
class Pages {
 public:
  explicit Pages(std::size_t size) : size_(size) {
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<char*>(at);
  }
  ~Pages() { ::munmap(data_, size_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  char* at(std::size_t offset) const { return data_ + offset; }

 private:
  char* data_ = nullptr;
  std::size_t size_;
};

class DatagramSource final : public SyslogSource {
 public:
  DatagramSource(SyslogSettings settings, EntrySink& sink)
      : settings_(std::move(settings)),
        counters_(settings_.name, "syslog"),
        pusher_(sink, counters_, stopping_, "listening"),
        limiter_(settings_.rate_per_peer) {}
  ~DatagramSource() override { stop(); }

  Result<> start() override {
    const auto address =
        TRY(net::SocketAddress::numeric(settings_.address, settings_.port), "starting source '{}'", settings_.name);
    auto bound = TRY(net::bind_udp(address, settings_.receive_buffer), "starting source '{}'", settings_.name);
    wakeup_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wakeup_) return fail_errno(errno, "making an event descriptor");
    socket_ = std::move(bound.fd);
    port_ = net::local_address(socket_.get()).port();
    if (bound.receive_buffer.count() * 2 < settings_.receive_buffer.count())
      log_warning(
          "intake",
          "{}: the kernel gave a receive buffer of {} only; raise net.core.rmem_max to take bursts without loss",
          settings_.name, yagura::to_string(bound.receive_buffer));
    stopping_ = false;
    counters_.set_state("listening");
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() override {
    if (!thread_.joinable()) return;
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof(one));
    thread_.join();
    socket_.reset();
    counters_.set_state("stopped");
  }

  SourceStatus status() const override {
    return counters_.status(fmt::format("{}:{}/udp", settings_.address, port_.load()));
  }
  std::uint16_t port() const override { return port_.load(); }

 private:
  struct Slots {
    Slots() : pages(kBatch * kStride) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        vectors[i] = {pages.at(i * kStride), kDatagram};
        msghdr& header = messages[i].msg_hdr;
        header = {};
        header.msg_name = &peers[i];
        header.msg_iov = &vectors[i];
        header.msg_iovlen = 1;
        header.msg_control = controls[i].data();
      }
    }
    void prepare() {
      for (auto& message : messages) {
        message.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        message.msg_hdr.msg_controllen = sizeof(controls[0]);
      }
    }
    Pages pages;
    std::array<mmsghdr, kBatch> messages;
    std::array<iovec, kBatch> vectors;
    std::array<sockaddr_storage, kBatch> peers;
    std::array<std::array<char, CMSG_SPACE(sizeof(std::uint32_t))>, kBatch> controls;
  };

  void run() {
    const auto slots = std::make_unique<Slots>();
    while (true) {
      slots->prepare();
      const int got = ::recvmmsg(socket_.get(), slots->messages.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (got > 0) {
        take(*slots, static_cast<std::size_t>(got));
        // What has reached us is taken even while stopping, unless it never ends.
        if (stopping_.load() && ++rounds_after_stop_ > 64) return;
        continue;
      }
      if (stopping_.load()) return;
      if (got < 0 && errno != EAGAIN && errno != EINTR) counters_.noted("receive_error");
      pollfd entries[2] = {{socket_.get(), POLLIN, 0}, {wakeup_.get(), POLLIN, 0}};
      ::poll(entries, 2, -1);
    }
  }

  void take(Slots& slots, std::size_t count) {
    const ReceiveTime now = ReceiveClock::now();
    const auto steady = limiter_.limits() ? RateLimiter::Clock::now() : RateLimiter::Clock::time_point{};
    entries_.clear();
    if (peers_.size() >= kMostPeers) {
      peers_.clear();
      last_peer_ = nullptr;
    }
    std::uint64_t bytes = 0;
    std::uint64_t too_fast = 0;
    for (std::size_t i = 0; i < count; ++i) {
      mmsghdr& message = slots.messages[i];
      std::string_view text(slots.pages.at(i * kStride), message.msg_len);
      while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0'))
        text.remove_suffix(1);
      if (text.empty()) continue;
      const Peer& peer = peer_of(slots.peers[i], message.msg_hdr.msg_namelen);
      if (limiter_.limits() && limiter_.take(peer.ip, 1, steady) == 0) {
        ++too_fast;
        continue;
      }
      bytes += text.size();
      add(text, peer.address, now);
    }
    // The count is of all drops since the socket was opened, as of the newest datagram.
    note_kernel_drops(slots.messages[count - 1].msg_hdr);
    counters_.dropped("rate", too_fast);
    const std::size_t messages = entries_.size();
    if (pusher_.push(entries_)) counters_.received(messages, bytes, now);
  }

  void add(std::string_view text, std::string_view peer, ReceiveTime now) {
    journal::EntryView entry{.source = settings_.name,
                             .peer = peer,
                             .hint = settings_.format,
                             .received_at = now,
                             .read_at = {},
                             .payload = text};
    const auto most = static_cast<std::size_t>(settings_.max_message.count());
    if (text.size() <= most) [[likely]] {
      entries_.push_back(entry);
      return;
    }
    counters_.noted("oversize");
    for (; !text.empty(); text.remove_prefix(std::min(most, text.size()))) {
      entry.payload = text.substr(0, most);
      entries_.push_back(entry);
      entry.hint = "text";
    }
  }

  struct Peer {
    std::string address, ip;
  };
  const Peer& peer_of(const sockaddr_storage& from, socklen_t size) {
    const std::string_view key(reinterpret_cast<const char*>(&from), size);
    if (last_peer_ != nullptr && key == last_key_) return *last_peer_;
    auto found = peers_.find(std::string(key));
    if (found == peers_.end()) {
      const net::SocketAddress address(reinterpret_cast<const sockaddr*>(&from), size);
      found = peers_.emplace(std::string(key), Peer{address.to_string(), address.ip()}).first;
    }
    last_key_ = key;
    last_peer_ = &found->second;
    return *last_peer_;
  }

  void note_kernel_drops(msghdr& header) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
      if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_RXQ_OVFL) continue;
      std::uint32_t total = 0;
      std::memcpy(&total, CMSG_DATA(at), sizeof(total));
      counters_.dropped("kernel", total - kernel_drops_);  // wraps with the kernel's 32 bits
      kernel_drops_ = total;
    }
  }

  const SyslogSettings settings_;
  SourceCounters counters_;
  std::atomic<bool> stopping_{false};
  JournalPusher pusher_;
  RateLimiter limiter_;
  FileDescriptor socket_, wakeup_;
  std::atomic<std::uint16_t> port_{0};
  std::thread thread_;
  int rounds_after_stop_ = 0;
  std::uint32_t kernel_drops_ = 0;
  std::vector<journal::EntryView> entries_;
  std::unordered_map<std::string, Peer> peers_;
  std::string last_key_;
  const Peer* last_peer_ = nullptr;
};

}  // namespace

std::unique_ptr<SyslogSource> make_syslog_datagram_source(SyslogSettings settings, EntrySink& sink) {
  return std::make_unique<DatagramSource>(std::move(settings), sink);
}

}  // namespace yagura::intake
