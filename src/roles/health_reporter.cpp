#include "roles/health_reporter.hpp"

#include <pthread.h>
#include <unistd.h>

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

namespace yagura::roles {

namespace {

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

// "yagura_intake_messages_total" -> "intake"
std::string_view component_of(std::string_view metric) {
  constexpr std::string_view prefix = "yagura_";
  if (metric.starts_with(prefix)) metric.remove_prefix(prefix.size());
  return metric.substr(0, metric.find('_'));
}

}  // namespace

HealthReporter::HealthReporter(const event::TableSchema& schema, std::chrono::milliseconds interval, Write write)
    : schema_(schema), interval_(interval), write_(std::move(write)), computer_(host_name()) {
  if (write_) thread_ = std::thread([this] { run(); });
}

HealthReporter::~HealthReporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

event::TableBatch HealthReporter::collect(std::int64_t now_ticks, const std::vector<MetricSample>& samples) {
  event::TableBatch rows(schema_);
  Arena& arena = rows.arena();
  const auto computer = arena.copy(computer_);
  for (const auto& sample : samples) {
    auto& last = last_[{sample.name, sample.labels}];
    if (sample.is_counter && sample.value == last) continue;
    last = sample.value;
    std::string labels;
    JsonWriter json(labels);
    json.begin_object();
    for (const auto& [name, value] : sample.labels) json.key(name).text(value);
    json.end_object();
    const auto name = arena.copy(sample.name);
    for (std::size_t i = 0; i < rows.column_count(); ++i) {
      auto& column = rows.column(i);
      const std::string_view title = rows.schema()[i].name;
      if (title == "TimeGenerated" || title == "_TimeReceived" || title == "_TimeIngested") column.append_int64(now_ticks);
      else if (title == "Component") column.append_text(component_of(name));
      else if (title == "Metric") column.append_text(name);
      else if (title == "Labels") column.append_text(arena.copy(labels));
      else if (title == "Value") column.append_real(sample.value);
      else if (title == "Level") column.append_text("info");
      else if (title == "Computer") column.append_text(computer);
      else if (title == "_ItemId") column.append_guid(Guid::random());
      else if (title == "Type") column.append_text("YaguraHealth");
      else column.append_null();
    }
  }
  return rows;
}

void HealthReporter::run() {
  ::pthread_setname_np(::pthread_self(), "health");
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, interval_, [&] { return stopping_; })) return;
    }
    auto rows = collect(ReceiveClock::now().time_since_epoch().count(), metrics().samples());
    if (rows.row_count() == 0) continue;
    if (auto written = write_(rows); !written) log_debug("health", "not written: {}", written.error().message());
  }
}

}  // namespace yagura::roles
