// Counters and gauges that live as long as the program and show on /metrics in Prometheus' text format.
//
// Get one once and keep the reference; adding is a relaxed atomic add, from any thread.
//   static Counter& received = metrics().counter("yagura_syslog_received_total", "Messages received", {{"transport", "udp"}});
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/annotations.hpp"

namespace yagura {

class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

struct MetricSample {
  std::string name;
  Labels labels;
  double value = 0;
  bool is_counter = false;
};

class MetricRegistry {
 public:
  // The same name and labels give the same object. Labels must be of bounded variety: at most 10,000
  // label sets a name; later ones share the set {"overflow","true"}.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});

  std::string prometheus_text() const;
  std::vector<MetricSample> samples() const;  // for YaguraHealth

 private:
  struct Family {
    std::string help;
    bool is_counter = true;
    std::map<Labels, std::unique_ptr<Counter>> counters;
    std::map<Labels, std::unique_ptr<Gauge>> gauges;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ GUARDED_BY(mutex_);
};

// The program's registry.
MetricRegistry& metrics();

}  // namespace yagura
