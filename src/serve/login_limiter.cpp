#include "serve/login_limiter.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/time.hpp"

namespace yagura::serve {

namespace {
std::string network_of(const std::string& address) {
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return address;
  return std::string(reinterpret_cast<const char*>(six.s6_addr), 8);
}
}  // namespace

bool LoginLimiter::admit(const std::string& address, std::int64_t now_ticks) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= limits_.addresses) {
    // A bucket that has been full again for a while says nothing; if all are busy, the oldest goes.
    const auto refill = static_cast<std::int64_t>(limits_.burst / limits_.per_second) * kTicksPerSecond;
    std::erase_if(buckets_, [&](const auto& entry) { return now_ticks - entry.second.at_ticks > refill; });
    if (buckets_.size() >= limits_.addresses)
      buckets_.erase(std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.at_ticks; }));
  }
  auto& bucket = buckets_.try_emplace(network_of(address), Bucket{limits_.burst, now_ticks}).first->second;
  const double passed = static_cast<double>(std::max<std::int64_t>(0, now_ticks - bucket.at_ticks)) /
                        static_cast<double>(kTicksPerSecond);
  bucket.left = std::min(limits_.burst, bucket.left + passed * limits_.per_second);
  bucket.at_ticks = now_ticks;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace yagura::serve
