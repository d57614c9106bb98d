#include "control/audit_log.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"

namespace yagura::control {

namespace {
constexpr std::size_t kMaxQueued = 4096;
constexpr std::size_t kMaxDetail = 8192;

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return utf8::repaired(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return utf8::repaired(text.substr(0, most)) + "…";
}
}  // namespace

Result<> append_audit(Database::Transaction& writing, const AuditEntry& entry) {
  TRY(writing.run("INSERT INTO audit_log (at, actor, peer, action, target, detail, outcome) VALUES (?,?,?,?,?,?,?)",
                  entry.at_ticks, cut(entry.actor.name, 256), cut(entry.actor.peer, 256), entry.action,
                  cut(entry.target, 512), cut(entry.detail, kMaxDetail), cut(entry.outcome, 512)));
  return {};
}

AuditLog::AuditLog(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {
  writer_ = std::thread([this] { run(); });
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

void AuditLog::record(AuditEntry entry) {
  if (entry.at_ticks == 0) entry.at_ticks = clock_();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queue_.size() < kMaxQueued || stopping_; });
  queue_.push_back(std::move(entry));
  ++recorded_;
  lock.unlock();
  changed_.notify_all();
}

void AuditLog::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = recorded_;
  changed_.wait(lock, [&] { return written_ >= target; });
}

void AuditLog::run() {
  static Counter& lost = metrics().counter("yagura_audit_lost_total", "Audit entries that could not be written");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !queue_.empty() || stopping_; });
    if (queue_.empty()) return;
    std::deque<AuditEntry> group;
    group.swap(queue_);
    lock.unlock();
    const auto write_group = [&]() -> Result<> {
      auto writing = TRY(database_.write());
      for (const AuditEntry& entry : group) TRY(append_audit(writing, entry));
      return writing.commit();
    };
    if (const auto done = write_group(); !done) {
      lost.add(group.size());
      log_error("control", "{} audit entries are lost: {}", group.size(), done.error().message());
    }
    lock.lock();
    written_ += group.size();
    changed_.notify_all();
  }
}

Result<std::vector<AuditEntry>> AuditLog::list(const AuditFilter& filter) {
  flush();
  std::vector<AuditEntry> entries;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT id, at, actor, peer, action, target, detail, outcome FROM audit_log "
      "WHERE (?1 = '' OR actor = ?1) AND (?2 = '' OR action = ?2) AND (?3 = 0 OR at >= ?3) AND (?4 = 0 OR at < ?4) "
      "AND (?5 = 0 OR id < ?5) ORDER BY id DESC LIMIT ?6",
      [&](const Row& row) {
        entries.push_back({.id = row.integer(0),
                           .at_ticks = row.integer(1),
                           .actor = {row.text(2), row.text(3)},
                           .action = row.text(4),
                           .target = row.text(5),
                           .detail = row.text(6),
                           .outcome = row.text(7)});
        return true;
      },
      filter.actor, filter.action, filter.from_ticks, filter.to_ticks, filter.before_id,
      std::clamp<std::size_t>(filter.limit, 1, 1000)));
  return entries;
}

Result<std::int64_t> AuditLog::forget_before(std::int64_t ticks, const Actor& actor) {
  auto writing = TRY(database_.write());
  // One by one from the oldest on: the trigger lets nothing else go. The order of ids is the order of writing, which a
  // clock set back may contradict; then the younger entry in front keeps the older ones behind it.
  std::int64_t removed = 0;
  while (true) {
    const auto gone =
        TRY(writing.run("DELETE FROM audit_log WHERE id = (SELECT min(id) FROM audit_log) AND at < ?", ticks));
    if (gone == 0) break;
    ++removed;
  }
  if (removed > 0)
    TRY(append_audit(writing, {.at_ticks = clock_(),
                               .actor = actor,
                               .action = "audit.forget",
                               .target = "audit_log",
                               .detail = fmt::format("{} entries", removed)}));
  TRY(writing.commit());
  return removed;
}

}  // namespace yagura::control
