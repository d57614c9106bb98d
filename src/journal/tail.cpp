#include "journal/tail.hpp"

#include <condition_variable>
#include <mutex>

#include "journal/folder_reader.hpp"
#include "journal/writer_core.hpp"

namespace yagura::journal {

namespace {

constexpr auto kPollInterval = 50ms;

// In the writer's process: waits on the feed, reads memory first, and never sees what is not durable.
class LiveTail final : public Tail {
 public:
  // `owner` keeps the feed alive.
  LiveTail(std::shared_ptr<const void> owner, const DurableFeed& feed, std::filesystem::path folder, Position from)
      : owner_(std::move(owner)), feed_(feed), disk_(std::move(folder)), position_(std::max(from, Position(1))) {}

  Result<std::shared_ptr<const Block>> next(Deadline deadline) override {
    while (true) {
      if (held_) {
        if (!wait(held_->first(), deadline)) return nullptr;
        return give(std::exchange(held_, nullptr));
      }
      if (!wait(position_, deadline)) return nullptr;
      if (auto block = feed_.cached(position_)) {
        disk_.skip_behind(*block);
        ++stats_.from_memory;
        return give(std::move(block));
      }
      const Position durable = feed_.durable();
      held_ = TRY(disk_.next(position_, stats_));  // behind a jump or damage it may not be durable yet
      // Nothing: the last durable entries are damaged on disk, so there is nothing to give until more come.
      if (!held_ && !wait(Position(durable.number() + 1), deadline)) return nullptr;
    }
  }
  Position position() const override { return position_; }
  void cancel() override {
    cancelled_ = true;
    feed_.wake();
  }
  const TailStats& stats() const override { return stats_; }

 private:
  bool wait(Position position, Deadline deadline) {
    const Position durable = feed_.wait(position, deadline, &cancelled_);
    return !cancelled_.exchange(false) && durable >= position;
  }
  std::shared_ptr<const Block> give(std::shared_ptr<const Block> block) {
    ++stats_.blocks;
    position_ = Position(block->last().number() + 1);
    return block;
  }

  std::shared_ptr<const void> owner_;
  const DurableFeed& feed_;
  FolderReader disk_;
  Position position_;
  std::shared_ptr<const Block> held_;
  std::atomic<bool> cancelled_{false};
  TailStats stats_;
};

// From any process: asks the folder again and again.
class FolderTail final : public Tail {
 public:
  FolderTail(std::filesystem::path folder, Position from)
      : disk_(std::move(folder)), position_(std::max(from, Position(1))) {}

  Result<std::shared_ptr<const Block>> next(Deadline deadline) override {
    while (true) {
      if (auto block = TRY(disk_.next(position_, stats_))) {
        ++stats_.blocks;
        position_ = Position(block->last().number() + 1);
        return block;
      }
      std::unique_lock lock(mutex_);
      const auto until = std::min(deadline.at(), Deadline::Clock::now() + kPollInterval);
      if (woken_.wait_until(lock, until, [&] { return cancelled_; })) {
        cancelled_ = false;
        return nullptr;
      }
      if (deadline.passed()) return nullptr;
    }
  }
  Position position() const override { return position_; }
  void cancel() override {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    woken_.notify_all();
  }
  const TailStats& stats() const override { return stats_; }

 private:
  FolderReader disk_;
  Position position_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool cancelled_ = false;
  TailStats stats_;
};

}  // namespace

Result<std::unique_ptr<Tail>> open_tail(const std::filesystem::path& folder, Position from) {
  TRY(list_segments(folder));
  return std::make_unique<FolderTail>(folder, from);
}

std::unique_ptr<Tail> Writer::tail(Position from) {
  return std::make_unique<LiveTail>(core_, core_->feed, core_->options.folder, from);
}

}  // namespace yagura::journal
