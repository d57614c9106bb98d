// A log file of one run, opened anew at each start: what an operator reads when a connection does not come up.
//
// Lines "2026-11-22T08:00:00Z INFO Initializing agent...". The newest files of a prefix are kept, older ones deleted. Any thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace yagura::roles {

class TraceLog {
 public:
  // Makes the folder (0750) and the file <prefix>-<time>.log (0640). What comes behind `most` bytes is left out, said once.
  static Result<std::unique_ptr<TraceLog>> open(const std::filesystem::path& folder, std::string_view prefix, Bytes most = 64_MiB, std::size_t kept_files = 20);
  void info(std::string_view text) { write("INFO", text); }
  void warning(std::string_view text) { write("WARN", text); }
  void error(std::string_view text) { write("ERROR", text); }
  const std::filesystem::path& path() const { return path_; }

 private:
  TraceLog(std::filesystem::path path, FileDescriptor fd, Bytes most) : path_(std::move(path)), fd_(std::move(fd)), left_(most.count()) {}
  void write(std::string_view level, std::string_view text);

  const std::filesystem::path path_;
  std::mutex mutex_;
  const FileDescriptor fd_;
  std::uint64_t left_;
};

}  // namespace yagura::roles
