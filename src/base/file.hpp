// File descriptors and whole files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura {

// Owns a file descriptor; closes it.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC; the error names the path.
Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0640);
// All bytes of `data`, through short writes and EINTR.
Result<> write_all(int fd, std::string_view data);
// The whole file; an error when it is larger than `limit`.
Result<std::string> read_file(const std::filesystem::path& path, Bytes limit = Bytes(1ULL << 32));
// Old content or new, never half: writes beside, fsyncs, renames, fsyncs the folder.
Result<> write_file_atomically(const std::filesystem::path& path, std::string_view data, unsigned mode = 0640);
Result<> fsync_directory(const std::filesystem::path& directory);
// Bytes that an unprivileged writer may still use on the file system of `path`.
Result<Bytes> free_space(const std::filesystem::path& path);

// A folder below the system's temporary folder, removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace yagura
