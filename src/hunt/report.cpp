#include "hunt/report.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace yagura::hunt {

std::uint32_t StringTable::number_of(std::string_view text) {
  if (const auto known = numbers_.find(text); known != numbers_.end()) return known->second;
  const auto [place, fresh] = numbers_.emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
  texts_.push_back(&place->first);
  return place->second;
}

Result<Spool> Spool::create() {
  std::error_code error;
  auto folder = std::filesystem::temp_directory_path(error);
  if (error) folder = "/tmp";
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {  // not every file system knows O_TMPFILE
    std::string name = (folder / "yagura-hunt-XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return fail_errno(errno, fmt::format("making a temporary file in {}", folder.string()));
    ::unlink(name.c_str());
  }
  return Spool(FileDescriptor(fd));
}

Result<std::uint64_t> Spool::append(std::string_view text) {
  const std::uint64_t at = written_ + buffer_.size();
  buffer_ += text;
  if (buffer_.size() >= (1 << 20)) TRY(flush());
  return at;
}

Result<> Spool::flush() {
  TRY(write_all(fd_.get(), buffer_), "writing what was found to a temporary file");
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<std::string> Spool::read(std::uint64_t at, std::size_t size) const {
  std::string text(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto more = ::pread(fd_.get(), text.data() + got, size - got, static_cast<off_t>(at + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return fail_errno(errno, "reading what was found");
    if (more == 0) return fail(ErrorKind::corrupt, "the temporary file of findings ends too early");
    got += static_cast<std::size_t>(more);
  }
  return text;
}

std::string_view level_name(sigma::Level level) {
  return level == sigma::Level::none ? "medium" : sigma::to_string(level);
}

}  // namespace yagura::hunt
