#include "journal/storage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace yagura::journal {

Result<FileDescriptor> Storage::create(const std::filesystem::path& path) {
  return open_file(path, O_RDWR | O_CREAT | O_EXCL, 0640);
}

Result<> Storage::write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "writing to the journal");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<> Storage::sync_data(int fd) {
  if (::fdatasync(fd) != 0) return fail_errno(errno, "syncing the journal");
  return {};
}

Result<> Storage::sync_folder(const std::filesystem::path& folder) { return fsync_directory(folder); }

Result<> Storage::truncate(int fd, std::uint64_t size) {
  int result = 0;
  do result = ::ftruncate(fd, static_cast<off_t>(size));
  while (result != 0 && errno == EINTR);
  if (result != 0) return fail_errno(errno, "cutting a segment of the journal");
  return {};
}

Result<> Storage::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "deleting " + path.string());
  return {};
}

Result<Bytes> Storage::free_space(const std::filesystem::path& folder) { return yagura::free_space(folder); }

}  // namespace yagura::journal
