#include "agent/uplink.hpp"

#include <pthread.h>

#include "agent/enrolment.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "fleet/identity.hpp"
#include "net/content_encoding.hpp"

namespace yagura::agent {

namespace {

constexpr auto kKeepInterval = std::chrono::seconds(5);
constexpr auto kRefusedPause = std::chrono::seconds(60);
constexpr Bytes kMostAnswer = 4_MiB;

}  // namespace

Uplink::Uplink(UplinkSettings settings, Spool& spool, Describe describe, Configure configure)
    : settings_(std::move(settings)),
      spool_(spool),
      describe_(std::move(describe)),
      configure_(std::move(configure)),
      backoff_(std::chrono::milliseconds(500), settings_.longest_pause),
      counted_(spool.progress()),
      acked_(counted_.through),
      heartbeat_interval_(settings_.heartbeat),
      damaged_before_(counted_.damaged) {}

Uplink::~Uplink() { stop(Deadline::in(0ms)); }

void Uplink::start() {
  thread_ = std::thread([this] { run(); });
}

void Uplink::stop(Deadline deadline) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_by_ = deadline;
    stopping_ = true;
    if (tail_) tail_->cancel();
  }
  wake_.notify_all();
  thread_.join();
}

void Uplink::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    if (tail_) tail_->cancel();
  }
  wake_.notify_all();
}

UplinkStatus Uplink::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Uplink::rest(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return stopping_.load(); });
}

void Uplink::say(std::string state, std::string detail) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = status_.state != state || status_.detail != detail;
    status_.state = state;
    status_.detail = detail;
  }
  if (!changed) return;
  if (detail.empty()) log_info("agent", "uplink: {}", state);
  else log_warning("agent", "uplink: {}: {}", state, detail);
}

std::chrono::milliseconds Uplink::trouble(const Error& error, const net::HttpResponse* response) {
  switch (error.kind()) {
    case ErrorKind::permission_denied:
    case ErrorKind::unauthenticated:
    case ErrorKind::not_supported:
    case ErrorKind::invalid_input:
      // Nothing that trying at once again would mend; what the host logs goes on into the spool.
      say("refused", error.message());
      return kRefusedPause;
    default: break;
  }
  say("waiting", error.message());
  const auto pause = backoff_.next();
  if (response == nullptr) return pause;
  const auto told = parse_uint64(response->header("retry-after"));
  return told ? std::max(std::chrono::milliseconds(std::min<std::uint64_t>(*told, 60) * 1'000), std::min(pause, std::chrono::milliseconds(5'000))) : pause;
}

void Uplink::run() {
  ::pthread_setname_np(::pthread_self(), "uplink");
  const auto may_go_on = [this] {
    if (!stopping()) return true;
    // At the end: once more what is there, but nobody waits for a server that does not answer.
    const std::lock_guard lock(mutex_);
    return !stop_by_.passed() && status_.state == "connected";
  };
  while (may_go_on()) {
    if (!client_ && !join_up()) continue;
    bool woken = false;
    {
      const std::lock_guard lock(mutex_);
      woken = std::exchange(woken_, false);
    }
    if ((woken || Clock::now() >= next_heartbeat_) && !heartbeat()) continue;
    if (body_.empty()) {
      const bool more = gather(Deadline::in(std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(next_heartbeat_ - Clock::now()))));
      if (!more && stopping()) break;
    }
    if (!body_.empty()) send();
    keep(false);
  }
  keep(true);
  const std::lock_guard lock(mutex_);
  tail_.reset();
}

// Connects; the first heartbeat says how far the server is.
bool Uplink::join_up() {
  auto client = connect(settings_.folder);
  if (!client) {
    if (client.error().kind() == ErrorKind::not_found) {
      say("not enrolled", client.error().message());
      // What a forwarder reads from the spool meanwhile is nothing that a server is waiting for.
      counted_.through = acked_ = spool_.journal().durable_position();
      spool_.forget_unsent();
    } else {
      say("waiting", client.error().message());
    }
    keep(false);
    rest(std::chrono::seconds(5));
    return false;
  }
  client_ = std::move(*client);
  if (const auto identity = fleet::read_identity(settings_.folder / "identity.pem")) {
    certificate_made_ = identity->made_ticks;
    if (counted_.agent != identity->agent_id) {
      // Joined anew: the server knows nothing of this spool, and is not to get again what went out before.
      spool_.forget_sent(counted_.sent);
      counted_.sent.clear();
      counted_.agent = identity->agent_id;
      begins_ = counted_.through.number() != 0;
      if (begins_) acked_ = {};
      body_.clear();
      {
        const std::lock_guard guard(mutex_);
        tail_.reset();
      }
    }
    const std::lock_guard lock(mutex_);
    status_.certificate_expires_ticks = identity->expires_ticks;
  }
  if (heartbeat()) return true;
  client_.reset();
  return false;
}

bool Uplink::heartbeat() {
  fleet::Heartbeat said;
  describe_(said);
  said.spool = to_string(spool_.id());
  said.through = counted_.through.number();
  said.version = kVersion;
  said.host = settings_.host;
  const auto state = spool_.status();
  said.spool_bytes = state.size.count();
  std::uint64_t sent = 0;
  for (const auto& [source, count] : counted_.sent) sent += count;
  said.unsent = state.accepted - std::min(sent, state.accepted);
  said.damaged = counted_.damaged;
  if (oldest_ && said.unsent > 0)
    said.lag_seconds = static_cast<double>((ReceiveClock::now() - *oldest_).count()) / kTicksPerSecond;
  for (auto& source : said.sources) {
    const auto found = counted_.sent.find(source.name);
    source.sent = found == counted_.sent.end() ? 0 : found->second;
  }
  auto response = client_->send(agent_request("/agent/v1/heartbeat", fleet::to_json(said)), Deadline::in(settings_.timeout), kMostAnswer);
  const auto wait = [&](const Error& error, const net::HttpResponse* answer) {
    // A new connection reads the identity again: somebody may have joined anew.
    client_.reset();
    keep(false);
    rest(trouble(error, answer));
    return false;
  };
  if (!response) return wait(response.error(), nullptr);
  if (response->status != 200) return wait(error_of(*response), &*response);
  const auto answer = fleet::parse_heartbeat_answer(response->body);
  if (!answer) return wait(answer.error(), nullptr);
  backoff_.succeeded();
  say("connected", "");
  if (!answer->notice.empty()) log_warning("agent", "{}", answer->notice);
  heartbeat_interval_ = std::chrono::seconds(std::clamp<std::int64_t>(answer->interval_seconds, 1, 3'600));
  next_heartbeat_ = Clock::now() + heartbeat_interval_;
  if (begins_ && answer->acked == 0) rewind(counted_.through.number());
  else if (!tail_ || answer->acked < acked_.number()) rewind(answer->acked);
  else if (body_.empty() && answer->acked > acked_.number()) rewind(answer->acked);
  if (answer->configuration && configure_) {
    const auto refused = configure_(answer->generation, *answer->configuration);
    if (!refused.empty()) log_error("agent", "the server's configuration {} was not taken: {}", answer->generation, refused);
    else log_info("agent", "the server's configuration {} is in force", answer->generation);
    const std::lock_guard lock(mutex_);
    woken_ = true;  // it should know soon
  }
  renew_if_due(answer->renew);
  return client_ != nullptr;
}

void Uplink::renew_if_due(bool asked) {
  const auto identity = fleet::read_identity(settings_.folder / "identity.pem");
  if (!identity) return;
  const bool other = identity->made_ticks != certificate_made_;  // somebody has joined anew beside us
  if (!other && !asked && !identity->wants_renewal(ReceiveClock::now().time_since_epoch().count())) return;
  if (!other) {
    if (auto done = renew(*client_, settings_.folder, settings_.host, Deadline::in(settings_.timeout)); !done) {
      log_warning("agent", "the certificate was not renewed (it ends at {}): {}", format_datetime(identity->expires_ticks), done.error().message());
      return;
    }
    log_info("agent", "the certificate was renewed");
  }
  client_.reset();  // the next connection shows the new one
}

// Goes on behind what the server has.
void Uplink::rewind(std::uint64_t acked) {
  if (acked < acked_.number())
    log_warning("agent", "the server has this spool up to {}, and had acknowledged {}: sending again what is still there", acked, acked_.number());
  acked_ = Position(acked);
  count_damage();
  auto tail = spool_.journal().tail(Position(std::min(acked_, counted_.through).number() + 1));
  {
    const std::lock_guard lock(mutex_);
    tail_ = std::move(tail);
  }
  skipped_ = 0;
  block_.reset();
  batch_ = {};
  body_.clear();
  batch_counts_.clear();
  oldest_.reset();
}

void Uplink::count_damage() {
  if (!tail_) return;
  counted_.damaged = damaged_before_ + tail_->stats().positions_skipped;
  if (tail_->stats().positions_skipped > 0 && tail_->stats().positions_skipped != skipped_) {
    skipped_ = tail_->stats().positions_skipped;
    log_error("agent", "{} entries of the spool can no longer be read", skipped_);
  }
  damaged_before_ = counted_.damaged;
}

// Fills a batch; false when nothing came. Ends when the batch is large enough, its oldest entry has waited `flush`, or at
// `until` with nothing.
bool Uplink::gather(Deadline until) {
  while (true) {
    if (!block_) {
      const auto wait = batch_.empty() ? until : Deadline::in(std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(flush_at_ - Clock::now())));
      auto next = tail_->next(stopping() ? Deadline::in(0ms) : wait);
      if (!next) {
        say("connected", next.error().message());
        rest(1s);
        return false;
      }
      if (!*next) break;
      block_ = std::move(*next);
      block_at_ = 0;
    }
    const auto entries = block_->entries();
    const journal::Origin* origin = nullptr;
    std::uint64_t* count = nullptr;
    for (; block_at_ < entries.size() && batch_.bytes() < settings_.max_batch.count(); ++block_at_) {
      const auto& entry = entries[block_at_];
      const bool known = entry.position <= acked_, counted = entry.position <= counted_.through;
      if (known && counted) continue;
      if (!counted) {
        if (entry.origin != origin) {
          origin = entry.origin;
          count = &(known ? counted_.sent : batch_counts_)[std::string(entry.source())];
        }
        ++*count;
      }
      if (known) {
        counted_.through = entry.position;
        origin = nullptr;  // the next one may be counted elsewhere
        continue;
      }
      if (batch_.empty()) {
        oldest_ = entry.received_at;
        flush_at_ = Clock::now() + settings_.flush;
      }
      batch_.add(entry);
    }
    if (block_at_ == entries.size()) block_.reset();
    if (batch_.bytes() >= settings_.max_batch.count()) break;
    if (!batch_.empty() && Clock::now() >= flush_at_) break;
    if (batch_.empty() && until.passed()) break;
  }
  if (batch_.empty()) return false;
  body_last_ = batch_.last();
  auto encoded = net::encode_zstd(batch_.finish());
  if (!encoded) {
    log_error("agent", "{}", encoded.error().message());
    return false;
  }
  body_ = std::move(*encoded);
  return true;
}

void Uplink::send() {
  auto request = agent_request("/agent/v1/batch");
  request.headers.push_back({"Content-Type", "application/x-yagura-batch"});
  request.headers.push_back({"Content-Encoding", "zstd"});
  request.headers.push_back({"X-Yagura-Spool", to_string(spool_.id())});
  request.headers.push_back({"X-Yagura-After", std::to_string(acked_.number())});
  if (begins_) request.headers.push_back({"X-Yagura-Begin", "1"});
  request.body = body_;
  auto response = client_->send(request, Deadline::in(settings_.timeout), kMostAnswer);
  if (!response) {
    client_.reset();
    rest(trouble(response.error(), nullptr));
    return;
  }
  if (response->status == 409) {
    client_.reset();  // the heartbeat of the next connection says how far the server is
    rest(500ms);
    return;
  }
  if (response->status != 200) {
    const auto error = error_of(*response);
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::exhausted) client_.reset();
    rest(trouble(error, &*response));
    return;
  }
  const auto answer = fleet::parse_heartbeat_answer(response->body);
  if (!answer || answer->acked < body_last_.number()) {
    client_.reset();
    rest(trouble(answer ? Error(ErrorKind::corrupt, "the server acknowledged less than it was sent") : answer.error(), nullptr));
    return;
  }
  backoff_.succeeded();
  say("connected", "");
  begins_ = false;
  acked_ = body_last_;
  counted_.through = std::max(counted_.through, acked_);
  for (const auto& [source, count] : batch_counts_) counted_.sent[source] += count;
  batch_counts_.clear();
  oldest_.reset();
  const std::lock_guard lock(mutex_);
  ++status_.batches;
  status_.bytes += body_.size();
  body_.clear();
}

void Uplink::keep(bool now) {
  {
    const std::lock_guard lock(mutex_);
    status_.acked = acked_.number();
    status_.damaged = counted_.damaged;
    status_.sent = 0;
    for (const auto& [source, count] : counted_.sent) status_.sent += count;
    status_.lag_seconds = oldest_ ? static_cast<double>((ReceiveClock::now() - *oldest_).count()) / kTicksPerSecond : 0;
  }
  if (!now && Clock::now() < next_keep_) return;
  next_keep_ = Clock::now() + kKeepInterval;
  if (tail_ && tail_->stats().positions_skipped != skipped_) {
    counted_.damaged = damaged_before_ + tail_->stats().positions_skipped;
    log_error("agent", "{} entries of the spool can no longer be read", tail_->stats().positions_skipped - skipped_);
    skipped_ = tail_->stats().positions_skipped;
  }
  if (auto kept = spool_.keep(counted_); !kept) log_warning("agent", "{}", kept.error().message());
}

}  // namespace yagura::agent
