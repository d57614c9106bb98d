// How many sign-ins one address may try a minute, whatever the names: a hash costs us 64 MiB and tens of milliseconds.
//
// Any thread. Remembers at most 10,000 addresses; when full, the ones quiet longest go.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/annotations.hpp"

namespace yagura::serve {

class LoginLimiter {
 public:
  struct Limits {
    double burst = 20;
    double per_second = 1.0 / 3;
    std::size_t addresses = 10'000;
  };
  LoginLimiter() : LoginLimiter(Limits{}) {}
  explicit LoginLimiter(Limits limits) : limits_(limits) {}
  // True when this try may go on. IPv6 addresses count by their /64: one host has all of it.
  bool admit(const std::string& address, std::int64_t now_ticks);

 private:
  struct Bucket {
    double left;
    std::int64_t at_ticks;
  };
  const Limits limits_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
};

}  // namespace yagura::serve
