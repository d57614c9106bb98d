#include "forward/forwarder.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "formats/registry.hpp"
#include "forward/certificate.hpp"
#include "forward/destination_connect.hpp"
#include "forward/signing_session.hpp"
#include "journal/block.hpp"
#include "net/backoff.hpp"

namespace yagura::forward {

namespace {

using Clock = std::chrono::steady_clock;

// As many entries are decoded at once; the bookmark moves in steps of these.
constexpr std::size_t kSlice = 128;
// A connection that lasted so long was a good one: the next try may come soon.
constexpr auto kGoodConnection = 10s;

}  // namespace

std::string_view to_string(ForwarderRun run) {
  switch (run) {
    case ForwarderRun::connecting: return "connecting";
    case ForwarderRun::connected: return "connected";
    case ForwarderRun::waiting: return "waiting";
    case ForwarderRun::paused: return "paused";
    case ForwarderRun::stopped: return "stopped";
  }
  return "";
}

class Forwarder::Loop {
 public:
  Loop(ForwarderOptions options, Ledger ledger, std::shared_ptr<Wakeup> wakeup)
      : options_(std::move(options)),
        destination_(make_destination(options_.destination)),
        ledger_(std::move(ledger)),
        wakeup_(std::move(wakeup)),
        backoff_(options_.first_wait, options_.most_wait),
        sent_total_(metrics().counter("yagura_forward_sent_total", "Messages that the destination has taken",
                                      {{"destination", options_.name}})),
        filtered_total_(metrics().counter("yagura_forward_filtered_total", "Events that the subscription left out",
                                          {{"destination", options_.name}})),
        lost_total_(metrics().counter("yagura_forward_lost_total", "Events known to be lost on the way out",
                                      {{"destination", options_.name}})),
        errors_total_(metrics().counter("yagura_forward_errors_total",
                                        "Connections to the destination that failed or ended",
                                        {{"destination", options_.name}})) {
    status_.destination = destination_->name();
    status_.warnings = options_.warnings;
    status_.ledger = ledger_;
  }

  void begin() {
    thread_ = std::thread([this] { run(); });
  }

  void stop(Deadline deadline) {
    const std::lock_guard once(stop_mutex_);
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stop_deadline_ = deadline;
    }
    stopping_ = true;
    interrupt();
    thread_.join();
  }

  void set_paused(bool paused) {
    paused_ = paused;
    interrupt();
  }

  ForwarderStatus status() const {
    ForwarderStatus status;
    {
      const std::lock_guard lock(mutex_);
      status = status_;
      if (options_.head) status.head = options_.head();
      const bool behind = status.in_flight > 0 || (status.head.number() > status.ledger.bookmark.number());
      if (behind && done_received_at_.time_since_epoch().count() != 0)
        status.lag = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::max(Ticks(0), ReceiveClock::now() - done_received_at_));
    }
    return status;
  }

  Position bookmark() const {
    const std::lock_guard lock(mutex_);
    return status_.ledger.bookmark;
  }

 private:
  // Entries that were read and not taken yet, in the journal's order.
  struct Pending {
    std::uint64_t last_number;  // taken once the destination has taken this message
    Position first, last;
    ReceiveTime received_at;
    LedgerCounts counts;
    std::uint64_t shortened = 0;
  };

  void interrupt() {
    wakeup_->wake();
    const std::lock_guard lock(tail_mutex_);
    if (tail_) tail_->cancel();
  }

  void run() {
    for (const auto& warning : options_.warnings) log_warning("forward", "{}: {}", options_.name, warning.text);
    while (!stopping_) {
      wakeup_->clear();
      if (stopping_) break;
      if (paused_) {
        release(Deadline::in(5s));
        set_run(ForwarderRun::paused);
        if (!stopping_ && paused_) (void)wait_for(-1, 0, *wakeup_, Deadline::in(60s));
        continue;
      }
      if (!destination_->connected() && !connect()) continue;
      if (auto done = pass(); !done) {
        fail_connection(done.error());
        continue;
      }
    }
    Deadline deadline;
    {
      const std::lock_guard lock(mutex_);
      deadline = stop_deadline_;
    }
    release(deadline);
    set_run(ForwarderRun::stopped);
  }

  // True when connected.
  bool connect() {
    set_run(ForwarderRun::connecting);
    std::optional<SyslogSigningKey> key;
    if (options_.signing_key) {
      // Before the connection: what is to be signed does not leave unsigned.
      auto loaded = options_.signing_key();
      if (!loaded) {
        fail_connection(loaded.error());
        return false;
      }
      key = std::move(*loaded);
    }
    auto facts = destination_->connect(next_number_, *wakeup_);
    if (!facts) {
      if (facts.error().kind() == ErrorKind::cancelled) return false;
      fail_connection(facts.error());
      return false;
    }
    connected_at_ = Clock::now();
    ++ledger_.connections;
    rewind();
    const std::string thumbprint = key ? key->thumbprint() : std::string();
    if (key) {
      if (auto begun = begin_signing(std::move(*key)); !begun) {
        destination_->close(Deadline::in(0ms));
        fail_connection(begun.error());
        return false;
      }
    }
    {
      const std::lock_guard lock(mutex_);
      status_.signing_key = thumbprint;
      status_.run = ForwarderRun::connected;
      status_.connected_since = ReceiveClock::now();
      status_.address = facts->address;
      status_.tls_version = facts->tls_version;
      status_.tls_cipher = facts->tls_cipher;
      status_.server_subject.clear(), status_.server_thumbprint.clear(), status_.server_valid_until = 0;
      if (!facts->certificates.empty())
        if (const auto own = read_certificate(facts->certificates.front())) {
          status_.server_subject = own->subject;
          status_.server_thumbprint = own->sha1;
          status_.server_valid_until = own->not_after;
        }
    }
    log_info("forward", "{}: connected to {} ({}){}", options_.name, destination_->name(), facts->address,
             facts->tls_version.empty() ? "" : ", " + facts->tls_version);
    return true;
  }

  // A session number never comes twice and always grows, also over restarts and with a clock that goes back.
  Result<> begin_signing(SyslogSigningKey key) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(ReceiveClock::now().time_since_epoch()).count();
    ledger_.signing_session =
        std::max(ledger_.signing_session + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(1, now)));
    dirty_ = true;
    save_if_due(true);
    const bool lossless = options_.destination.protocol != DestinationProtocol::udp;
    signing_.emplace(TRY(
        SigningSession::create(std::move(key), options_.host, ledger_.signing_session, next_number_, lossless)));
    return {};
  }

  // Everything up to this number is done with.
  std::uint64_t done_number() {
    const auto taken = destination_->taken();
    return signing_ ? signing_->covered(taken) : taken;
  }

  void fail_connection(const Error& error) {
    errors_total_.add();
    commit_taken();
    // What was given to it and not taken goes again.
    note_repeats();
    const bool lasted = connected_at_ != Clock::time_point() && Clock::now() - connected_at_ > kGoodConnection;
    connected_at_ = {};
    rewind();
    if (lasted) backoff_.succeeded();
    const auto wait = backoff_.next();
    bool news = false;
    {
      const std::lock_guard lock(mutex_);
      news = status_.last_error != error.message() || status_.run != ForwarderRun::waiting;
      status_.run = ForwarderRun::waiting;
      status_.last_error = error.message();
      status_.last_error_at = ReceiveClock::now();
      status_.connected_since.reset();
      status_.in_flight = 0;
      status_.ledger = ledger_;
    }
    if (news) log_warning("forward", "{}: {}; next try in {}", options_.name, error.message(), format_duration(wait));
    save_if_due(true);
    (void)wait_for(-1, 0, *wakeup_, Deadline::in(wait));
  }

  void note_repeats() {
    const auto done = done_number();
    const auto own = signing_ ? signing_->own_messages() : 0;
    if (next_number_ - 1 <= done + own) return;
    ledger_.repeated += next_number_ - 1 - done - own;
    dirty_ = true;
  }

  // Reading starts again behind the bookmark.
  void rewind() {
    pending_.clear();
    block_.reset();
    records_.clear();
    at_record_ = 0;
    waiting_message_.clear();
    next_entry_ = 0;
    slice_open_ = block_ends_ = false;
    carry_ = {};
    signing_.reset();
    next_number_ = destination_->taken() + 1;
    const std::lock_guard lock(tail_mutex_);
    tail_.reset();
  }

  void release(Deadline deadline) {
    if (destination_->connected()) {
      sign_what_is_left(deadline);
      destination_->close(deadline);
      commit_taken();
      note_repeats();
      rewind();
      const std::lock_guard lock(mutex_);
      status_.connected_since.reset();
      status_.in_flight = 0;
    }
    publish();
    save_if_due(true);
  }

  // False: the destination takes no more now.
  bool offer_signatures() {
    if (!signing_) return true;
    while (const auto* block = signing_->next()) {
      if (!destination_->ready_for_more()) return false;
      destination_->offer(next_number_, *block);
      signing_->offered(next_number_++);
    }
    return true;
  }

  // The connection ends on purpose: nobody signs later what it has sent.
  void sign_what_is_left(Deadline deadline) {
    if (!signing_) return;
    signing_->flush(ReceiveClock::now());
    // Unlike the other waits this one is not to be cut short by who wants to stop: it is what stopping waits for.
    const auto never = Wakeup::create();
    while (never && !offer_signatures() && !deadline.passed()) {
      if (!destination_->step()) return;
      const auto waiting = destination_->waiting();
      if (!destination_->ready_for_more())
        (void)wait_for(waiting.fd, waiting.events, **never,
                       deadline.is_never() ? Deadline::in(waiting.most)
                                           : Deadline::in(std::min(waiting.most, deadline.left())));
    }
  }

  Result<> pass() {
    bool more = TRY(feed());
    if (signing_ && signing_->is_due(ReceiveClock::now())) signing_->flush(ReceiveClock::now());
    more = !offer_signatures() || more;
    TRY(destination_->step());
    commit_taken();
    publish();
    save_if_due(false);
    if (more && destination_->ready_for_more()) return {};
    const auto waiting = destination_->waiting();
    if (!destination_->ready_for_more()) {
      (void)wait_for(waiting.fd, waiting.events, *wakeup_, Deadline::in(waiting.most));
      return {};
    }
    // The journal is what is waited for; the connection is looked at in between.
    block_ = TRY(
        tail().next(Deadline::in(pending_.empty() ? 1000ms : std::min(waiting.most, std::chrono::milliseconds(200)))));
    return note_skipped();
  }

  journal::Tail& tail() { return *tail_; }

  Result<> open_tail() {
    if (tail_) return {};
    const Position from(ledger_.bookmark.number() + 1);
    auto opened = TRY(options_.open_tail(from), "opening the journal");
    const std::lock_guard lock(tail_mutex_);
    tail_ = std::move(opened);
    read_from_ = from;
    skipped_ = 0;
    return {};
  }

  // Damaged and deleted entries: looked at by nobody, and not silently.
  Result<> note_skipped() {
    const auto skipped = tail_->stats().positions_skipped;
    if (skipped <= skipped_) return {};
    LedgerCounts counts;
    counts.scanned = skipped - skipped_;
    counts.lose("no longer in the journal", counts.scanned);
    skipped_ = skipped;
    carry_.add(counts);
    return {};
  }

  // Reads, chooses and offers until the destination has enough or nothing is left; true when there may be more.
  Result<bool> feed() {
    TRY(open_tail());
    while (!stopping_ && !paused_) {
      if (at_record_ < records_.size() || !waiting_message_.empty()) {
        if (!offer_records()) return true;
        continue;
      }
      if (!block_) {
        block_ = TRY(tail().next(Deadline::in(0ms)));
        TRY(note_skipped());
        if (!block_) return false;
        next_entry_ = 0;
      }
      decode_slice();
    }
    return true;
  }

  void decode_slice() {
    const auto entries = block_->entries_from(read_from_);
    records_.clear();
    at_record_ = 0;
    slice_ = Pending{.last_number = next_number_ - 1};
    slice_.counts = std::exchange(carry_, {});
    const auto end = std::min(entries.size(), next_entry_ + kSlice);
    for (; next_entry_ < end; ++next_entry_) {
      const auto& entry = entries[next_entry_];
      if (slice_.first.number() == 0) slice_.first = entry.position;
      slice_.last = entry.position;
      slice_.received_at = entry.received_at;
      if (std::ranges::find(options_.ignored_hints, entry.hint()) != options_.ignored_hints.end()) continue;
      formats::decode(entry.hint(),
                      {.raw = entry.payload,
                       .peer = entry.peer(),
                       .received_at = entry.received_at,
                       .read_at = entry.read_at,
                       .position = entry.position,
                       .item_id = entry.item_id},
                      options_.syslog, records_);
    }
    records_.end_record();
    if (options_.after_decode) options_.after_decode(records_);
    slice_open_ = true;
    const bool block_done = next_entry_ == entries.size();
    if (block_done && entries.empty()) block_.reset();
    block_ends_ = block_done;
    if (records_.empty()) finish_slice();
  }

  // False: the destination takes no more now.
  bool offer_records() {
    const ReceiveTime now = ReceiveClock::now();
    const EncodeContext context{.host = options_.host, .now = now, .most_bytes = destination_->most_message_bytes()};
    while (at_record_ < records_.size() || !waiting_message_.empty()) {
      if (waiting_message_.empty()) {
        const auto record = records_[at_record_++];
        ++slice_.counts.scanned;
        const auto verdict = options_.subscription.decide(record, assume_event_time(now));
        if (!verdict.send) {
          slice_.counts.filter(verdict.rule);
          continue;
        }
        if (options_.encoder->encode(record, context, waiting_message_).shortened) ++slice_.shortened;
        if (waiting_message_.empty()) {
          slice_.counts.lose("empty message");
          continue;
        }
      }
      if (!offer_signatures() || !destination_->ready_for_more()) return false;
      if (signing_) {
        // Signed are the bytes that arrive.
        if (options_.destination.protocol == DestinationProtocol::syslog_stream &&
            options_.destination.framing == Framing::line_feed)
          std::ranges::replace_if(waiting_message_, [](char c) { return c == '\n' || c == '\r'; }, ' ');
        signing_->sent(waiting_message_, now);
      }
      destination_->offer(next_number_, waiting_message_);
      waiting_message_.clear();
      ++slice_.counts.sent;
      slice_.last_number = next_number_++;
    }
    finish_slice();
    return true;
  }

  void finish_slice() {
    if (!slice_open_) return;
    slice_open_ = false;
    // What was filtered behind a message waits for it: the bookmark never passes what is not taken.
    slice_.last_number = next_number_ - 1;
    if (slice_.last.number() != 0)
      pending_.push_back(std::move(slice_));
    else
      carry_ = std::move(slice_.counts);
    records_.clear();
    at_record_ = 0;
    if (block_ends_) {
      read_from_ = block_ ? Position(block_->last().number() + 1) : read_from_;
      block_.reset();
      next_entry_ = 0;
    }
  }

  void commit_taken() {
    const auto taken = done_number();
    while (!pending_.empty() && pending_.front().last_number <= taken) {
      auto& done = pending_.front();
      ledger_.counts.add(done.counts);
      ledger_.shortened += done.shortened;
      if (ledger_.from.number() == 0) ledger_.from = done.first;
      if (ledger_.since.empty()) ledger_.since = format_datetime(ReceiveClock::now().time_since_epoch().count());
      ledger_.bookmark = done.last;
      sent_total_.add(done.counts.sent);
      filtered_total_.add(done.counts.filtered_total());
      lost_total_.add(done.counts.lost_total());
      if (done.counts.sent > 0) backoff_.succeeded();
      {
        const std::lock_guard lock(mutex_);
        done_received_at_ = done.received_at;
      }
      pending_.pop_front();
      dirty_ = true;
    }
    if (const auto lost = destination_->take_lost(); lost > 0) {
      ledger_.counts.sent_but_lost("refused by the network", lost);
      lost_total_.add(lost);
      dirty_ = true;
    }
  }

  void publish() {
    const std::lock_guard lock(mutex_);
    status_.ledger = ledger_;
    status_.in_flight = next_number_ - 1 - std::min(next_number_ - 1, destination_->taken());
  }

  void save_if_due(bool now) {
    if (!dirty_ || (!now && Clock::now() - saved_at_ < options_.save_interval)) return;
    saved_at_ = Clock::now();
    if (auto saved = ledger_.save(options_.ledger_file); !saved) {
      // Still right in memory: a crash now would send again what has come since the last save.
      if (!save_failed_)
        log_error("forward", "{}: the ledger cannot be saved: {}", options_.name, saved.error().message());
      save_failed_ = true;
      return;
    }
    save_failed_ = false;
    dirty_ = false;
  }

  void set_run(ForwarderRun run) {
    const std::lock_guard lock(mutex_);
    status_.run = run;
  }

  const ForwarderOptions options_;
  const std::unique_ptr<Destination> destination_;
  // Of the loop's thread:
  Ledger ledger_;
  std::shared_ptr<Wakeup> wakeup_;
  net::Backoff backoff_;
  Clock::time_point connected_at_{}, saved_at_{};
  std::uint64_t next_number_ = 1;
  std::deque<Pending> pending_;
  std::optional<SigningSession> signing_;  // while connected and signing
  std::shared_ptr<const journal::Block> block_;
  std::size_t next_entry_ = 0;
  Position read_from_{1};
  event::RecordBatch records_;
  std::size_t at_record_ = 0;
  std::string waiting_message_;  // encoded, and the destination was full
  Pending slice_{};
  LedgerCounts carry_;  // counted before the next slice
  bool slice_open_ = false, block_ends_ = false, dirty_ = false, save_failed_ = false;
  std::uint64_t skipped_ = 0;
  Counter &sent_total_, &filtered_total_, &lost_total_, &errors_total_;

  std::atomic<bool> stopping_{false}, paused_{false};
  std::mutex tail_mutex_;
  std::unique_ptr<journal::Tail> tail_;  // changed by the loop's thread only, and under tail_mutex_: others cancel it
  mutable std::mutex mutex_;
  ForwarderStatus status_ GUARDED_BY(mutex_);
  ReceiveTime done_received_at_ GUARDED_BY(mutex_){};
  Deadline stop_deadline_ GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::thread thread_;
};

Forwarder::Forwarder(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Forwarder::~Forwarder() { loop_->stop(Deadline::in(5s)); }

Result<std::unique_ptr<Forwarder>> Forwarder::start(ForwarderOptions options) {
  auto ledger = TRY(Ledger::load(options.ledger_file));
  // Better now than after an hour of sending: a ledger that cannot be kept repeats everything after a restart.
  TRY(ledger.save(options.ledger_file), "keeping the forwarder's ledger");
  auto wakeup = TRY(Wakeup::create());
  auto loop = std::make_unique<Loop>(std::move(options), std::move(ledger), std::move(wakeup));
  loop->begin();
  return std::unique_ptr<Forwarder>(new Forwarder(std::move(loop)));
}

void Forwarder::pause() { loop_->set_paused(true); }
void Forwarder::resume() { loop_->set_paused(false); }
ForwarderStatus Forwarder::status() const { return loop_->status(); }
Position Forwarder::bookmark() const { return loop_->bookmark(); }
void Forwarder::stop(Deadline deadline) { loop_->stop(deadline); }

std::string to_json(const ForwarderStatus& status) {
  std::string out;
  JsonWriter json(out);
  const auto time = [&](std::string_view key, const std::optional<ReceiveTime>& at) {
    json.key(key);
    if (at)
      json.text(format_datetime(at->time_since_epoch().count()));
    else
      json.null();
  };
  json.begin_object();
  json.key("run")
      .text(to_string(status.run))
      .key("destination")
      .text(status.destination)
      .key("address")
      .text(status.address);
  json.key("tlsVersion").text(status.tls_version).key("tlsCipher").text(status.tls_cipher);
  json.key("serverSubject").text(status.server_subject).key("serverThumbprint").text(status.server_thumbprint);
  json.key("serverValidUntil");
  if (status.server_valid_until != 0)
    json.text(time_text(status.server_valid_until));
  else
    json.null();
  time("connectedSince", status.connected_since);
  json.key("signingKey").text(status.signing_key);
  json.key("lastError").text(status.last_error);
  time("lastErrorAt", status.last_error_at);
  json.key("inFlight").number(status.in_flight).key("head").number(status.head.number());
  json.key("lagMilliseconds").number(static_cast<std::int64_t>(status.lag.count()));
  json.key("ledger").raw(status.ledger.to_json());
  json.key("warnings").begin_array();
  for (const auto& warning : status.warnings)
    json.begin_object().key("code").text(warning.code).key("text").text(warning.text).end_object();
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace yagura::forward
