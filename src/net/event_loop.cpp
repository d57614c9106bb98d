#include "net/event_loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace yagura::net {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  std::unique_ptr<EventLoop> loop(new EventLoop);
  loop->epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_) return fail_errno(errno, "making an event loop");
  loop->wakeup_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wakeup_) return fail_errno(errno, "making an event loop");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->wakeup_.get(), &event) != 0)
    return fail_errno(errno, "making an event loop");
  loop->ready_.resize(256);
  return loop;
}

Result<> EventLoop::add(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(errno, "watching a socket");
  return {};
}

void EventLoop::modify(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::remove(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = ready_at_; i < ready_count_; ++i)
    if (ready_[i].data.ptr == &watcher) ready_[i].data.ptr = nullptr;
}

void EventLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // the first one has rung already
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof(one));
}

void EventLoop::stop() {
  stopping_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof(one));
}

void EventLoop::run_tasks() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wakeup_.get(), &count, sizeof(count));
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::run(const AfterRound& after_round) {
  auto wait = after_round();
  while (!stopping_.load()) {
    const int timeout = wait.count() < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(wait.count(), 3'600'000));
    const int count = ::epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), timeout);
    ready_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    bool woken = false;
    for (ready_at_ = 0; ready_at_ < ready_count_;) {
      const epoll_event event = ready_[ready_at_++];
      // A null pointer is our own wakeup, or a watcher removed in this round.
      if (event.data.ptr == nullptr)
        woken = true;
      else
        static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    }
    ready_at_ = ready_count_ = 0;
    if (woken) run_tasks();
    wait = after_round();
  }
  run_tasks();
}

}  // namespace yagura::net
