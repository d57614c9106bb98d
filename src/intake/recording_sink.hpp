// An EntrySink for tests: keeps what it was given, and can push back.
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "intake/entry_sink.hpp"

namespace yagura::intake {

class RecordingSink final : public EntrySink {
 public:
  struct Kept {
    std::string source, peer, hint, payload;
    Guid item_id;
    bool operator==(const Kept&) const = default;
  };

  Result<Position> append(std::span<const journal::EntryView> entries, Deadline deadline) override {
    std::unique_lock lock(mutex_);
    ++appends_;
    if (!changed_.wait_until(lock, deadline.is_never() ? Deadline::in(60s).at() : deadline.at(),
                             [this] { return !full_; }))
      return fail(ErrorKind::exhausted, "the journal is full");
    for (const auto& entry : entries) {
      if (keep_)
        kept_.push_back({std::string(entry.source), std::string(entry.peer), std::string(entry.hint),
                         std::string(entry.payload), entry.item_id});
      bytes_ += entry.payload.size();
    }
    count_ += entries.size();
    return Position(count_);
  }
  Result<> wait_durable(Position position, Deadline deadline) override {
    std::unique_lock lock(mutex_);
    if (changed_.wait_until(lock, deadline.at(), [&] { return durable_ >= position.number(); })) return {};
    return fail(ErrorKind::timeout, "the disk is slow");
  }
  Position durable_position() const override {
    const std::lock_guard lock(mutex_);
    return Position(std::min(durable_, count_));
  }
  std::string trouble() const override {
    const std::lock_guard lock(mutex_);
    return full_ ? "the journal is full" : "";
  }

  void set_full(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
    changed_.notify_all();
  }
  // Everything up to `position` is durable; by default all is at once.
  void set_durable(std::uint64_t position) {
    const std::lock_guard lock(mutex_);
    durable_ = position;
    changed_.notify_all();
  }
  void keep(bool keep) { keep_ = keep; }

  std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  std::uint64_t appends() const {
    const std::lock_guard lock(mutex_);
    return appends_;
  }
  std::vector<Kept> kept() const {
    const std::lock_guard lock(mutex_);
    return kept_;
  }
  std::vector<std::string> payloads() const {
    std::vector<std::string> out;
    for (const auto& entry : kept()) out.push_back(entry.payload);
    return out;
  }
  // Until `count` entries are there; false after five seconds.
  bool wait_for(std::uint64_t count) const {
    for (int i = 0; i < 1000; ++i) {
      if (this->count() >= count) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_ GUARDED_BY(mutex_);
  std::uint64_t count_ GUARDED_BY(mutex_) = 0;
  std::uint64_t appends_ GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t durable_ GUARDED_BY(mutex_) = std::numeric_limits<std::uint64_t>::max();
  bool full_ GUARDED_BY(mutex_) = false;
  bool keep_ = true;
};

}  // namespace yagura::intake
