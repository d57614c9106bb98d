// Writes the program's counters and gauges into the table YaguraHealth, so that KQL sees them.
//
// A thread of its own wakes every `interval` and gives one batch to `write`: gauges always, counters when they changed since
// the last time. What cannot be written (the store is away) is left out and said at the next time: health is no evidence.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/metrics.hpp"
#include "event/table_batch.hpp"

namespace yagura::roles {

class HealthReporter {
 public:
  using Write = std::function<Result<>(event::TableBatch& rows)>;
  // `schema` is YaguraHealth's.
  HealthReporter(const event::TableSchema& schema, std::chrono::milliseconds interval, Write write);
  ~HealthReporter();  // ends the thread
  HealthReporter(const HealthReporter&) = delete;
  HealthReporter& operator=(const HealthReporter&) = delete;

  // The rows for now, for tests and for the thread. One thread.
  event::TableBatch collect(std::int64_t now_ticks, const std::vector<MetricSample>& samples);

 private:
  void run();

  const event::TableSchema schema_;
  const std::chrono::milliseconds interval_;
  const Write write_;
  const std::string computer_;
  std::map<std::pair<std::string, Labels>, double> last_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace yagura::roles
