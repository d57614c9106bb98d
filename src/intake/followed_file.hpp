// One file that a FileTail reads: where it stands, and whether it is still the file it was.
//
// One thread. Reading is by offset, so nothing of a line is kept between reads.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/guid.hpp"
#include "base/result.hpp"

namespace yagura::intake {

struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

// What a checkpoint keeps of a file.
struct FileProgress {
  FileIdentity identity;
  std::uint64_t generation = 0;  // random; new for each content, so that identities of lines never repeat
  std::uint64_t offset = 0;      // all before is in the journal
  std::uint64_t head_size = 0;   // the first bytes by which the content is known again
  std::uint64_t head_hash = 0;
};
// Lines "device inode generation offset head_size head_hash".
std::string to_text(const std::vector<FileProgress>& progress);
std::vector<FileProgress> parse_progress(std::string_view text);  // what is not understood is left out

class FollowedFile {
 public:
  FollowedFile(std::filesystem::path path, FileDescriptor fd, FileIdentity identity);

  // Goes on where `saved` ended, when the file still begins as it did then; else false and nothing changes.
  bool resume(const FileProgress& saved);
  void start_at(std::uint64_t offset) { read_offset_ = durable_offset_ = offset; }

  enum class Change : std::uint8_t { none, grown, truncated, replaced };
  // Looks at the file. After truncated and replaced it begins anew at 0 with a new generation.
  Change look();
  // Bytes from read_offset() on, into `buffer`; 0 at the end.
  Result<std::size_t> read(char* buffer, std::size_t size);
  void advance(std::uint64_t bytes) { read_offset_ += bytes; }

  const std::filesystem::path& path() const { return path_; }
  void renamed(std::filesystem::path path) { path_ = std::move(path); }
  const FileIdentity& identity() const { return identity_; }
  std::uint64_t read_offset() const { return read_offset_; }
  std::uint64_t size() const { return size_; }
  bool unlinked() const { return links_ == 0; }
  std::uint64_t generation() const { return generation_; }
  Guid line_identity(std::uint64_t offset) const;
  // What line_identity() was made of: `generation` without the bits that identities do not keep.
  struct LinePlace {
    std::uint64_t generation = 0, offset = 0;
  };
  static LinePlace place_of(const Guid& line);
  static std::uint64_t generation_in_identity(std::uint64_t generation);

  // `offset` of `generation` is durable; of an older generation it means nothing.
  void note_durable(std::uint64_t generation, std::uint64_t offset);
  FileProgress progress() const;

  bool in_long_line = false;  // pieces of one line are being given out
  bool listed = true;         // found by the last scan
  std::chrono::steady_clock::time_point quiet_since = std::chrono::steady_clock::now();

 private:
  void learn_head();
  std::optional<std::uint64_t> hash_head(std::uint64_t size) const;
  void begin_anew();

  std::filesystem::path path_;
  FileDescriptor fd_;
  FileIdentity identity_;
  std::uint64_t generation_;
  std::uint64_t read_offset_ = 0, durable_offset_ = 0;
  std::uint64_t size_ = 0, links_ = 1;
  std::uint64_t head_size_ = 0, head_hash_ = 0;
};

}  // namespace yagura::intake
