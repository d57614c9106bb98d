// One thread's epoll: calls watchers when their descriptors are ready, runs tasks of other threads, keeps time.
//
// add, modify, remove and run belong to the loop's thread (before run() too); post() and stop() to any. A watcher may
// remove itself or another from within on_ready(): no event of a removed watcher is delivered, so it may be destroyed
// right after. Level-triggered.
#pragma once
#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/annotations.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace yagura::net {

class EventLoop {
 public:
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void on_ready(std::uint32_t events) = 0;  // EPOLLIN, EPOLLOUT, EPOLLHUP ...
  };
  // Called after each round; says how long the next wait may last at most (negative: for ever).
  using AfterRound = std::function<std::chrono::milliseconds()>;

  static Result<std::unique_ptr<EventLoop>> create();

  Result<> add(int fd, std::uint32_t events, Watcher& watcher);
  void modify(int fd, std::uint32_t events, Watcher& watcher);
  void remove(int fd, Watcher& watcher);

  void post(std::function<void()> task);
  void stop();
  void run(const AfterRound& after_round);

 private:
  EventLoop() = default;
  void run_tasks();

  FileDescriptor epoll_;
  FileDescriptor wakeup_;
  std::vector<epoll_event> ready_;
  std::size_t ready_at_ = 0, ready_count_ = 0;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_ GUARDED_BY(mutex_);
};

}  // namespace yagura::net
