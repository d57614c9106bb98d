#include "roles/trace_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/time.hpp"

namespace yagura::roles {

namespace {

std::string now_text() { return format_datetime(ReceiveClock::now().time_since_epoch().count()); }

void delete_oldest(const std::filesystem::path& folder, std::string_view prefix, std::size_t kept) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(std::string(prefix) + "-") && name.ends_with(".log")) files.push_back(entry.path());
  }
  if (files.size() <= kept) return;
  std::ranges::sort(files);  // names carry the time
  for (std::size_t i = 0; i < files.size() - kept; ++i) std::filesystem::remove(files[i], error);
}

}  // namespace

Result<std::unique_ptr<TraceLog>> TraceLog::open(const std::filesystem::path& folder, std::string_view prefix, Bytes most, std::size_t kept_files) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorKind::unavailable, "making the folder for logs {}: {}", folder.string(), error.message());
  delete_oldest(folder, prefix, kept_files > 0 ? kept_files - 1 : 0);
  std::string time = now_text().substr(0, 19);
  std::ranges::replace(time, ':', '-');
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto path = folder / fmt::format("{}-{}-{}{}.log", prefix, time, ::getpid(), attempt == 0 ? "" : fmt::format("-{}", attempt));
    FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640));
    if (fd) return std::unique_ptr<TraceLog>(new TraceLog(path, std::move(fd), most));
    if (errno != EEXIST) return fail_errno(errno, fmt::format("opening the trace log {}", path.string()));
  }
  return fail(ErrorKind::unavailable, "no name is left for a trace log in {}", folder.string());
}

void TraceLog::write(std::string_view level, std::string_view text) {
  std::string line = fmt::format("{} {} {}\n", now_text(), level, text);
  std::ranges::replace(line.begin(), line.end() - 1, '\n', ' ');
  const std::lock_guard lock(mutex_);
  if (left_ == 0) return;
  if (line.size() > left_) {
    line = fmt::format("{} WARN the log is full; what comes after is left out\n", now_text());
    left_ = 0;
  } else {
    left_ -= line.size();
  }
  // A log that cannot be written must not stop the agent.
  if (::write(fd_.get(), line.data(), line.size()) < 0) left_ = 0;
}

}  // namespace yagura::roles
