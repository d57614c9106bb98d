#include "base/log.hpp"

#include <unistd.h>

#include <atomic>

#include "base/json_writer.hpp"
#include "base/time.hpp"

namespace yagura {

namespace {
std::atomic<LogLevel> least_level{LogLevel::info};
std::atomic<LogFormat> log_format{LogFormat::automatic};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

bool as_text() {
  const auto format = log_format.load(std::memory_order_relaxed);
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  return format == LogFormat::text || (format == LogFormat::automatic && terminal);
}
}  // namespace

void set_log(LogLevel least, LogFormat format) {
  least_level.store(least, std::memory_order_relaxed);
  log_format.store(format, std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) { return level >= least_level.load(std::memory_order_relaxed); }

void write_log(LogLevel level, std::string_view room, std::string_view message) {
  const std::string now = format_datetime(ReceiveClock::now().time_since_epoch().count());
  std::string line;
  if (as_text()) {
    line = fmt::format("{} {:7} {}: ", std::string_view(now).substr(11, 12), name_of(level), room);
    // Control characters of foreign origin must not drive the operator's terminal.
    for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
  } else {
    JsonWriter json(line);
    json.begin_object();
    json.key("time").text(now);
    json.key("level").text(name_of(level));
    json.key("room").text(room);
    json.key("message").text(message);
    json.end_object();
  }
  line += '\n';
  // One write, so that lines of several threads do not mix.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace yagura
