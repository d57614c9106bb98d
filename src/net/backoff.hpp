// How long to wait before the next try: doubling from `first` to `most`, with jitter so that many clients do not
// come back together. One thread.
#pragma once
#include <algorithm>
#include <chrono>

#include "base/random.hpp"

namespace yagura::net {

class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(200),
                   std::chrono::milliseconds most = std::chrono::seconds(30))
      : first_(first), most_(most), current_(first) {}

  // Between half of the current step and all of it; the step then doubles.
  std::chrono::milliseconds next() {
    const auto step = std::max<std::int64_t>(current_.count(), 1);
    current_ = std::min(most_, current_ * 2);
    return std::chrono::milliseconds(
        step / 2 + static_cast<std::int64_t>(random_u64() % static_cast<std::uint64_t>(step - step / 2 + 1)));
  }
  void succeeded() { current_ = first_; }

 private:
  const std::chrono::milliseconds first_, most_;
  std::chrono::milliseconds current_;
};

}  // namespace yagura::net
