// Token buckets by peer address: so many messages a second each, and twice that at once.
//
// Bounded: at most 65,536 peers are remembered; when there are more, those whose bucket is full are forgotten first,
// which changes nothing for them. One thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace yagura::intake {

class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  // 0: no limit.
  explicit RateLimiter(std::uint64_t messages_per_second) : rate_(static_cast<double>(messages_per_second)) {}

  bool limits() const { return rate_ > 0; }
  // Takes up to `wanted` tokens; says how many it got.
  std::uint64_t take(std::string_view peer, std::uint64_t wanted, Clock::time_point now);
  // Takes them in any case: the bucket may go below zero. Says how long the peer must wait until it is above again.
  Clock::duration charge(std::string_view peer, std::uint64_t amount, Clock::time_point now);

 private:
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  Bucket& bucket(std::string_view peer, Clock::time_point now);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  const double rate_;
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
};

}  // namespace yagura::intake
