#include "net/thread_pool.hpp"

#include "base/log.hpp"

namespace yagura::net {

ThreadPool::ThreadPool(std::size_t threads, std::size_t most_long_jobs)
    : threads_wanted_(std::max<std::size_t>(threads, 1)), most_long_jobs_(most_long_jobs) {}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  // Threads are made when they are first needed: an idle server has none.
  if (idle_ < jobs_.size() && threads_.size() < threads_wanted_ + long_jobs_) threads_.emplace_back([this] { work(); });
  wake_.notify_one();
}

bool ThreadPool::begin_long_job() {
  const std::lock_guard lock(mutex_);
  if (long_jobs_ >= most_long_jobs_) return false;
  ++long_jobs_;
  if (!jobs_.empty() && idle_ < jobs_.size() && threads_.size() < threads_wanted_ + long_jobs_)
    threads_.emplace_back([this] { work(); });
  return true;
}

void ThreadPool::end_long_job() {
  const std::lock_guard lock(mutex_);
  --long_jobs_;
}

void ThreadPool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    wake_.notify_all();
  }
  for (auto& thread : threads) thread.join();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      job();
    } catch (const std::exception& exception) {
      log_error("net", "a job failed: {}", exception.what());
    }
    job = nullptr;
    lock.lock();
  }
}

}  // namespace yagura::net
