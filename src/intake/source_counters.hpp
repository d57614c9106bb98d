// What one source counts, for /metrics and for its status. Any thread.
#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/annotations.hpp"
#include "base/metrics.hpp"
#include "intake/source.hpp"

namespace yagura::intake {

class SourceCounters {
 public:
  SourceCounters(std::string name, std::string kind);

  const std::string& name() const { return name_; }
  const std::string& kind() const { return kind_; }

  void received(std::uint64_t messages, std::uint64_t bytes, ReceiveTime at);
  // Messages lost, by reason: "kernel", "rate", "stop" ...
  void dropped(std::string_view reason, std::uint64_t messages);
  // Connections or requests turned away or ended by us.
  void refused(std::string_view reason);
  // Something worth counting that loses nothing: "oversize", "cut_short", "truncated_file".
  void noted(std::string_view what, std::uint64_t times = 1);
  void connections(std::uint64_t open);
  void waiting(std::uint64_t bytes);

  // The state shown by status(); a detail that is new is logged, at most once in ten seconds.
  void set_state(std::string_view state, std::string_view detail = {});

  SourceStatus status(std::string address) const;

 private:
  const std::string name_, kind_;
  Counter& messages_;
  Counter& bytes_;
  Gauge& connections_gauge_;
  Gauge& waiting_gauge_;
  const std::uint64_t messages_before_, bytes_before_;  // of an earlier source of this name
  std::atomic<std::uint64_t> dropped_{0}, refused_{0}, connections_{0};
  std::atomic<std::int64_t> last_ticks_{0};
  mutable std::mutex mutex_;
  std::string state_ GUARDED_BY(mutex_) = "stopped";
  std::string detail_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> dropped_why_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point logged_at_ GUARDED_BY(mutex_){};
};

}  // namespace yagura::intake
