#include "serve/disconnect_watcher.hpp"

#include <algorithm>

namespace yagura::serve {

DisconnectWatcher::DisconnectWatcher() {
  thread_ = std::thread([this] { run(); });
}

DisconnectWatcher::~DisconnectWatcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DisconnectWatcher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    // Nothing to watch: sleep until there is.
    if (watched_.empty()) {
      changed_.wait(lock, [&] { return stopping_ || !watched_.empty(); });
      continue;
    }
    for (const Watched& watched : watched_)
      if (watched.stream->peer_gone()) watched.gone->store(true, std::memory_order_relaxed);
    changed_.wait_for(lock, std::chrono::milliseconds(150), [&] { return stopping_; });
  }
}

void DisconnectWatcher::cancel_all() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const Watched& watched : watched_) watched.gone->store(true, std::memory_order_relaxed);
}

DisconnectWatcher::Guard::Guard(DisconnectWatcher& watcher, const net::HttpStream& stream, std::atomic<bool>& gone)
    : watcher_(watcher), gone_(gone) {
  {
    const std::lock_guard lock(watcher_.mutex_);
    watcher_.watched_.push_back({&stream, &gone});
    if (watcher_.cancelled_) gone.store(true, std::memory_order_relaxed);
  }
  watcher_.changed_.notify_all();
}

DisconnectWatcher::Guard::~Guard() {
  const std::lock_guard lock(watcher_.mutex_);
  std::erase_if(watcher_.watched_, [&](const Watched& watched) { return watched.gone == &gone_; });
}

}  // namespace yagura::serve
