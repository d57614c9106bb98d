#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/random.hpp"
#include "base/encoding.hpp"

namespace yagura {

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno(errno, "opening " + path.string());
  return FileDescriptor(fd);
}

Result<> write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "writing");
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path, Bytes limit) {
  const auto fd = TRY(open_file(path, O_RDONLY));
  std::string text;
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, "reading " + path.string());
  if (S_ISDIR(info.st_mode)) return fail(ErrorKind::invalid_input, "reading {}: it is a folder", path.string());
  if (info.st_size > 0 && static_cast<std::uint64_t>(info.st_size) <= limit.count()) text.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[65536];
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "reading " + path.string());
    if (count == 0) return text;
    if (text.size() + static_cast<std::size_t>(count) > limit.count())
      return fail(ErrorKind::exhausted, "{} is larger than the limit of {}", path.string(), to_string(limit));
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

Result<> fsync_directory(const std::filesystem::path& directory) {
  const auto fd = TRY(open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "syncing folder " + directory.string());
  return {};
}

Result<> write_file_atomically(const std::filesystem::path& path, std::string_view data, unsigned mode) {
  const auto beside = std::filesystem::path(path.string() + "." + to_hex(random_bytes(4)) + ".tmp");
  const auto write = [&]() -> Result<> {
    const auto fd = TRY(open_file(beside, O_WRONLY | O_CREAT | O_EXCL, mode));
    TRY(write_all(fd.get(), data), "writing {}", beside.string());
    if (::fsync(fd.get()) != 0) return fail_errno(errno, "syncing " + beside.string());
    if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno(errno, "renaming to " + path.string());
    return fsync_directory(path.parent_path().empty() ? "." : path.parent_path());
  };
  auto result = write();
  if (!result) ::unlink(beside.c_str());
  return result;
}

Result<Bytes> free_space(const std::filesystem::path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return fail_errno(errno, "asking for free space of " + path.string());
  return Bytes(static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize);
}

TemporaryDirectory::TemporaryDirectory()
    : path_(std::filesystem::temp_directory_path() / ("yagura-" + to_hex(random_bytes(8)))) {
  std::filesystem::create_directories(path_);
}
TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace yagura
