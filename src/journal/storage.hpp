// The few file operations of a Writer that can fail in ways worth testing. The default is the operating system.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace yagura::journal {

// Called by the commit thread and, for free_space, by open. Stateless as it stands here.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual Result<FileDescriptor> create(const std::filesystem::path& path);  // must not exist
  virtual Result<> write_at(int fd, std::string_view bytes, std::uint64_t offset);
  virtual Result<> sync_data(int fd);
  virtual Result<> sync_folder(const std::filesystem::path& folder);
  virtual Result<> truncate(int fd, std::uint64_t size);
  virtual Result<> remove(const std::filesystem::path& path);
  virtual Result<Bytes> free_space(const std::filesystem::path& folder);
};

}  // namespace yagura::journal
