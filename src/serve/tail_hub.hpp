// Live tail: the pipeline shows its rows here, and whoever watches gets those that he asked for.
//
// publish() costs one atomic load while nobody watches; with watchers it spends at most `publish_budget` a call and
// never waits for them. What a watcher cannot get (too many a second, too slow, budget spent) is counted and told to
// him, never queued without bound. Any thread.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/annotations.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "event/table_batch.hpp"

namespace yagura::serve {

struct TailFilter {
  std::string table;               // exact; "" for every table
  std::vector<std::string> words;  // each must be in some text of the row, without regard to ASCII case
};

struct TailLimits {
  std::size_t watchers = 16;
  std::size_t rows_per_second = 400;  // of one watcher
  std::size_t queued_rows = 2000;     // of one watcher
  Bytes queued_bytes = 8_MiB;         // likewise
  Bytes row_bytes = 256_KiB;          // longer rows are skipped
  std::chrono::microseconds publish_budget{3000};
};

class TailHub {
 public:
  // One watcher's end. Destroying it ends the watch.
  class Watch {
   public:
    explicit Watch(TailFilter filter) : filter_(std::move(filter)) {}

    struct Taken {
      std::vector<std::shared_ptr<const std::string>> rows;  // JSON objects {"table":...,"row":{...}}
      std::uint64_t skipped = 0;                             // since the last take()
      bool closed = false;                                   // the hub goes down
    };
    // Waits until there is something, at most `wait`.
    Taken take(std::chrono::milliseconds wait);

   private:
    friend class TailHub;
    const TailFilter filter_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<const std::string>> rows_ GUARDED_BY(mutex_);
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
    std::uint64_t skipped_ GUARDED_BY(mutex_) = 0;
    std::int64_t second_ GUARDED_BY(mutex_) = 0;
    std::size_t in_second_ GUARDED_BY(mutex_) = 0;
    bool closed_ GUARDED_BY(mutex_) = false;
  };

  explicit TailHub(TailLimits limits = {}) : limits_(limits) {}

  // exhausted when there are too many watchers.
  Result<std::shared_ptr<Watch>> watch(TailFilter filter);
  // True when publish() would do anything: lets the caller save the work of making a batch for it.
  bool watched() const { return watchers_.load(std::memory_order_relaxed) != 0; }
  void publish(const event::TableBatch& batch);
  // Wakes all watchers for good.
  void close();

 private:
  const TailLimits limits_;
  std::atomic<std::size_t> watchers_{0};
  std::mutex mutex_;
  std::vector<std::weak_ptr<Watch>> list_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace yagura::serve
