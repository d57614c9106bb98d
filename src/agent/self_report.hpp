// What this process costs its host. One thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace yagura::agent {

struct SelfUse {
  double cpu_percent = 0;  // of one core, since the last call
  double cpu_seconds = 0;  // in all
  std::uint64_t resident_bytes = 0;
};

class SelfReport {
 public:
  SelfUse use();

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
  double seconds_ = 0;
};

std::string host_name();
// "Linux 6.1.0-18-amd64, Debian GNU/Linux 12 (bookworm)"
std::string system_name();

}  // namespace yagura::agent
