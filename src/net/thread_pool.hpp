// Threads that run jobs in order of arrival. A job that is going to take long, such as a live tail, may say so: then
// another thread takes its place, up to a bound, so that short jobs do not wait behind it.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/annotations.hpp"

namespace yagura::net {

class ThreadPool {
 public:
  ThreadPool(std::size_t threads, std::size_t most_long_jobs);
  ~ThreadPool();  // stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void submit(std::function<void()> job);
  // From within a job: it will take long. False when the bound of long jobs is reached (it may go on all the same).
  bool begin_long_job();
  void end_long_job();
  // Runs what is queued, then joins.
  void stop();

 private:
  void work();

  const std::size_t threads_wanted_;
  const std::size_t most_long_jobs_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  std::size_t long_jobs_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace yagura::net
