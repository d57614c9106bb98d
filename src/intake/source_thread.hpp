// The thread of a source that polls: started once, told to stop, joined.
//
// start(), stop() and the destructor belong to the source's owner; stopping() and rest() to the thread itself. The
// destructor stops, but members that the thread uses must outlive it: a source calls stop() in its own destructor.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace yagura::intake {

class SourceThread {
 public:
  SourceThread() = default;
  SourceThread(const SourceThread&) = delete;
  SourceThread& operator=(const SourceThread&) = delete;
  ~SourceThread() { stop(); }

  // `run` returns soon after stopping() has become true.
  void start(std::function<void()> run) {
    stop();
    stopping_ = false;
    thread_ = std::thread(std::move(run));
  }

  // Waits for the end. False when it was not running.
  bool stop() {
    if (!thread_.joinable()) return false;
    {
      // Under the lock, or rest() could look at stopping_ before and go to sleep after the notification.
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    return true;
  }

  const std::atomic<bool>& stopping() const { return stopping_; }

  // Sleeps, but not through a stop().
  void rest(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, time, [this] { return stopping_.load(); });
  }

 private:
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace yagura::intake
