#include "journal/durable_feed.hpp"

#include <algorithm>

namespace yagura::journal {

namespace {
// A block of one short line is mostly overhead.
std::uint64_t memory_of(const Block& block) { return block.bytes().count() + 512; }
}  // namespace

void DurableFeed::publish(Position durable, std::span<const std::shared_ptr<const Block>> blocks) {
  // Freed outside the lock: giving back a block's memory takes a while.
  std::vector<std::shared_ptr<const Block>> dropped;
  {
    const std::lock_guard lock(mutex_);
    durable_ = durable;
    for (const auto& block : blocks) {
      recent_.push_back(block);
      recent_bytes_ += memory_of(*block);
    }
    while (recent_.size() > 1 && recent_bytes_ > cache_limit_) {
      recent_bytes_ -= memory_of(*recent_.front());
      dropped.push_back(std::move(recent_.front()));
      recent_.pop_front();
    }
  }
  moved_.notify_all();
  const std::lock_guard lock(callbacks_mutex_);
  for (const auto& [number, callback] : callbacks_) callback(durable);
}

void DurableFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  moved_.notify_all();
}

Position DurableFeed::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

bool DurableFeed::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

Position DurableFeed::wait(Position position, Deadline deadline, const std::atomic<bool>* cancelled) const {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return durable_ >= position || closed_ || (cancelled != nullptr && cancelled->load()); };
  if (deadline.is_never()) {
    moved_.wait(lock, done);
  } else {
    moved_.wait_until(lock, deadline.at(), done);
  }
  return durable_;
}

void DurableFeed::wake() const {
  // The lock closes the gap between a waiter's look at its flag and its sleep.
  {
    const std::lock_guard lock(mutex_);
  }
  moved_.notify_all();
}

std::shared_ptr<const Block> DurableFeed::cached(Position position) const {
  const std::lock_guard lock(mutex_);
  if (recent_.empty() || position < recent_.front()->first()) return nullptr;
  const auto found = std::ranges::lower_bound(recent_, position, {}, [](const auto& block) { return block->last(); });
  return found == recent_.end() ? nullptr : *found;
}

std::uint64_t DurableFeed::subscribe(Callback callback) {
  const std::lock_guard lock(callbacks_mutex_);
  callbacks_.emplace(next_callback_, std::move(callback));
  subscribers_ = callbacks_.size();
  return next_callback_++;
}

void DurableFeed::unsubscribe(std::uint64_t number) {
  const std::lock_guard lock(callbacks_mutex_);
  callbacks_.erase(number);
  subscribers_ = callbacks_.size();
}

}  // namespace yagura::journal
