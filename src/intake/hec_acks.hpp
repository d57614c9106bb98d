// The acknowledgement numbers of HEC channels: each stands for a journal position, and is true once that is durable.
//
// Splunk's rule is kept that a number is told as true once only. Bounded: 1,024 channels, 10,000 open numbers each; a
// channel that nobody asks about for `idle` is forgotten. Kept in memory: after a restart all numbers are unknown, so
// senders send again. Any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/annotations.hpp"
#include "base/position.hpp"

namespace yagura::intake {

class HecAcks {
 public:
  using Clock = std::chrono::steady_clock;
  explicit HecAcks(std::chrono::milliseconds idle = std::chrono::minutes(10)) : idle_(idle) {}

  // Room for one more in this channel? Asked before the events are taken.
  bool has_room(const std::string& channel, Clock::time_point now);
  std::uint64_t add(const std::string& channel, Position position, Clock::time_point now);
  // For each number whether its events are durable.
  std::vector<bool> ask(const std::string& channel, const std::vector<std::uint64_t>& numbers, Position durable,
                        Clock::time_point now);
  std::size_t channels() const;

 private:
  struct Channel {
    std::uint64_t next = 0;
    std::map<std::uint64_t, Position> open;
    Clock::time_point used_at{};
  };
  void forget_idle(Clock::time_point now);

  const std::chrono::milliseconds idle_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Channel> channels_ GUARDED_BY(mutex_);
  Clock::time_point swept_at_ GUARDED_BY(mutex_){};
};

}  // namespace yagura::intake
