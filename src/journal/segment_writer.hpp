// Writes one segment: header, blocks, seal; knows which of it is surely on disk.
//
// One thread. After any error either good() is still true (the file ends at its last whole block and may be
// written on) or the segment must be abandoned: what was not synced has to be written anew elsewhere.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "journal/block.hpp"
#include "journal/segment_format.hpp"
#include "journal/storage.hpp"

namespace yagura::journal {

// An end of the chain.
struct ChainEnd {
  std::uint64_t segment_number = 0;
  std::uint64_t size = 0;  // of that segment, up to here
  Sha256Digest chain{};
  Position last;  // the last entry before here
};

class SegmentWriter {
 public:
  // Makes the file and writes the header. On error no file is left (or, if it can't be removed, an unreadable one).
  static Result<SegmentWriter> create(Storage& storage, const std::filesystem::path& folder,
                                      const SegmentHeader& header);

  // Appends a block: fills in tag, sizes, CRC and chain.
  Result<BlockPlace> write(BlockHeader header, std::string_view stored);
  // When it returns without error, everything written is on disk.
  Result<> sync();
  // Gives the segment up: cuts what was not synced, as far as that still works.
  void abandon();

  bool good() const { return good_; }
  bool anything_synced() const { return synced_.size > 0; }
  bool all_synced() const { return synced_.size == written_.size; }
  const ChainEnd& written() const { return written_; }
  const ChainEnd& synced() const { return synced_; }
  const std::filesystem::path& path() const { return path_; }
  Position first() const { return first_; }

 private:
  SegmentWriter(Storage& storage, std::filesystem::path folder) : storage_(&storage), folder_(std::move(folder)) {}

  Storage* storage_;
  std::filesystem::path folder_;
  std::filesystem::path path_;
  FileDescriptor fd_;
  Position first_;
  Tag tag_{};
  ChainEnd written_;
  ChainEnd synced_;
  bool folder_synced_ = false;
  bool good_ = true;
};

}  // namespace yagura::journal
