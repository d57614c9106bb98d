#include "intake/rate_limiter.hpp"

#include <algorithm>

namespace yagura::intake {

namespace {
constexpr std::size_t kMostPeers = 65'536;
}

RateLimiter::Bucket& RateLimiter::bucket(std::string_view peer, Clock::time_point now) {
  const double most = rate_ * 2;
  const auto refill = [&](Bucket& b) {
    const double seconds = std::chrono::duration<double>(now - b.at).count();
    b.tokens = std::min(most, b.tokens + std::max(0.0, seconds) * rate_);
    b.at = now;
  };
  auto found = buckets_.find(peer);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostPeers) {
      for (auto at = buckets_.begin(); at != buckets_.end();) {
        refill(at->second);
        at = at->second.tokens >= most ? buckets_.erase(at) : std::next(at);
      }
      // All are busy: a flood of forged addresses. Forgetting them costs precision, keeping them costs memory.
      if (buckets_.size() >= kMostPeers) buckets_.clear();
    }
    found = buckets_.emplace(std::string(peer), Bucket{most, now}).first;
  }
  refill(found->second);
  return found->second;
}

std::uint64_t RateLimiter::take(std::string_view peer, std::uint64_t wanted, Clock::time_point now) {
  if (!limits()) return wanted;
  Bucket& b = bucket(peer, now);
  const auto given = std::min(wanted, static_cast<std::uint64_t>(std::max(0.0, b.tokens)));
  b.tokens -= static_cast<double>(given);
  return given;
}

RateLimiter::Clock::duration RateLimiter::charge(std::string_view peer, std::uint64_t amount, Clock::time_point now) {
  if (!limits()) return {};
  Bucket& b = bucket(peer, now);
  b.tokens -= static_cast<double>(amount);
  if (b.tokens >= 0) return {};
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(-b.tokens / rate_));
}

}  // namespace yagura::intake
