// How far the journal is durable, who waits for it, and the newest blocks in memory.
//
// The commit thread publishes; any thread asks and waits. Callbacks run on the publishing thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "base/bytes.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "journal/block.hpp"

namespace yagura::journal {

class DurableFeed {
 public:
  using Callback = std::function<void(Position)>;

  DurableFeed(Position durable, Bytes cache) : durable_(durable), cache_limit_(cache.count()) {}

  void publish(Position durable, std::span<const std::shared_ptr<const Block>> blocks);
  // No more will come: ends every wait.
  void close();

  Position durable() const;
  // Until durable() >= position, `cancelled` is set (see wake), the feed is closed or the deadline passes.
  // Returns durable().
  Position wait(Position position, Deadline deadline, const std::atomic<bool>* cancelled = nullptr) const;
  void wake() const;
  bool closed() const;

  // The cached block with the first entry at or after `position`, if the cache is sure to know it: nothing
  // before it may be missing. nullptr: look on disk.
  std::shared_ptr<const Block> cached(Position position) const;

  std::uint64_t subscribe(Callback callback);
  bool has_subscribers() const { return subscribers_.load(std::memory_order_relaxed) > 0; }
  void unsubscribe(std::uint64_t number);  // waits for a callback that is running

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  Position durable_;
  bool closed_ = false;
  std::deque<std::shared_ptr<const Block>> recent_;
  std::uint64_t recent_bytes_ = 0;
  std::uint64_t cache_limit_;

  std::mutex callbacks_mutex_;  // held while callbacks run
  std::map<std::uint64_t, Callback> callbacks_;
  std::uint64_t next_callback_ = 1;
  std::atomic<std::size_t> subscribers_{0};
};

}  // namespace yagura::journal
