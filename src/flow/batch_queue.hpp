// A bounded queue between two threads' stages, bounded by weight (bytes, rows: the caller's unit).
//
// push() waits while the queue is full: a slow stage slows the one before it, memory never grows. An item heavier
// than the whole bound is let in when the queue is empty. Any number of threads on both ends.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/annotations.hpp"
#include "base/time.hpp"

namespace yagura::flow {

template <class T>
class BatchQueue {
 public:
  explicit BatchQueue(std::size_t max_weight) : max_weight_(max_weight) {}

  // False when the deadline passed or the queue was closed; the item is then still the caller's.
  bool push(T&& item, std::size_t weight, Deadline deadline = {}) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return closed_ || items_.empty() || weight_ + weight <= max_weight_; };
    if (!wait(lock, room_, deadline, has_room) || closed_) return false;
    items_.emplace_back(std::move(item), weight);
    weight_ += weight;
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  // nullopt when the deadline passed, or when the queue is closed and empty.
  std::optional<T> pop(Deadline deadline = {}) {
    std::unique_lock lock(mutex_);
    if (!wait(lock, filled_, deadline, [&] { return closed_ || !items_.empty(); }) || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    weight_ -= items_.front().second;
    items_.pop_front();
    lock.unlock();
    room_.notify_all();
    return item;
  }

  // Nothing more is taken in; what is inside can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  template <class Condition>
  static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& variable, Deadline deadline, Condition condition) {
    if (deadline.is_never()) {
      variable.wait(lock, condition);
      return true;
    }
    return variable.wait_until(lock, deadline.at(), condition);
  }

  mutable std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::deque<std::pair<T, std::size_t>> items_ GUARDED_BY(mutex_);
  std::size_t weight_ GUARDED_BY(mutex_) = 0;
  const std::size_t max_weight_;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace yagura::flow
