#include "engine/running_queries.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace yagura::engine {

RunningQueries::RunningQueries(Kill kill) : kill_(std::move(kill)), thread_([this] { watch(); }) {}

RunningQueries::~RunningQueries() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

RunningQueries::Scope::Scope(RunningQueries& owner, std::string tag, std::string query_id, Gone gone) : owner_(owner) {
  const std::lock_guard lock(owner_.mutex_);
  entry_ = owner_.entries_.insert(owner_.entries_.end(), Entry{std::move(tag), std::move(query_id), std::move(gone)});
  if (owner_.entries_.size() == 1) owner_.changed_.notify_all();  // otherwise the watch is awake
}

RunningQueries::Scope::~Scope() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.entries_.erase(entry_);
}

void RunningQueries::Scope::work() {
  const std::lock_guard lock(owner_.mutex_);
  entry_->working = true;
}

void RunningQueries::Scope::rest() {
  const std::lock_guard lock(owner_.mutex_);
  entry_->working = false;
}

std::size_t RunningQueries::cancel(std::string_view query_id) {
  std::vector<std::string> found;
  {
    const std::lock_guard lock(mutex_);
    for (auto& entry : entries_)
      if (entry.query_id == query_id && !std::exchange(entry.killed, true)) found.push_back(entry.tag);
  }
  for (const auto& tag : found) kill_(tag);
  return found.size();
}

void RunningQueries::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    std::vector<std::string> lost;
    for (auto& entry : entries_)
      if (entry.working && !entry.killed && entry.gone()) {
        entry.killed = true;
        lost.push_back(entry.tag);
      }
    lock.unlock();
    for (const auto& tag : lost) kill_(tag);
    lock.lock();
    if (!stopping_) changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

}  // namespace yagura::engine
