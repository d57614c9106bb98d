// The program's own log, on stderr: text for people on a terminal, one JSON object a line otherwise.
//
//   log_info("intake", "listening on {}", address);
// Never log a secret or a message's content at info and above. Any thread.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace yagura {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { automatic, text, json };

void set_log(LogLevel least, LogFormat format);
bool log_enabled(LogLevel level);
void write_log(LogLevel level, std::string_view room, std::string_view message);

template <class... Args>
void log_debug(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::debug)) write_log(LogLevel::debug, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::info)) write_log(LogLevel::info, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::warning)) write_log(LogLevel::warning, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::error, room, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace yagura
