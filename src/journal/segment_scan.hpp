// Walks a segment block by block, steps over damage, and never believes a block whose checksums are wrong.
//
// A SegmentCursor belongs to one thread. The file may grow meanwhile; what is not whole yet is `incomplete`.
// Errors: only what the file system says; wrong bytes are steps, not errors.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "journal/block.hpp"
#include "journal/segment_format.hpp"

namespace yagura::journal {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fewer than `size` bytes only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t size) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
  // Whether the file's name is gone: then nothing will be added to it.
  virtual bool deleted() const { return false; }
};

Result<std::shared_ptr<const ByteSource>> open_source(const std::filesystem::path& path);
std::shared_ptr<const ByteSource> memory_source(std::string bytes);

struct SegmentStep {
  enum class Kind : std::uint8_t {
    block,       // whole and right
    damage,      // bytes [offset, end) are no block; what follows `end` is one again, or the limit
    incomplete,  // from `offset` on there is no whole block (yet)
    end,         // exactly at the limit
  };
  Kind kind = Kind::end;
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  BlockHeader header;  // for a block; for damage when only table or stored bytes are wrong
  bool header_intact = false;
  // Views into the cursor's buffer, until its next step. Empty when only headers are read.
  std::string_view header_bytes;
  std::string_view table;
  std::string_view stored;
  std::string what;  // of damage
};

class SegmentCursor {
 public:
  enum class Depth : std::uint8_t { whole, headers };

  SegmentCursor(std::shared_ptr<const ByteSource> source, Tag tag, std::uint64_t offset = kSegmentHeaderSize)
      : source_(std::move(source)), tag_(tag), offset_(offset) {}

  // `limit`: bytes from there on do not count (the size that the next segment's header states).
  Result<SegmentStep> next(Depth depth = Depth::whole, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

  std::uint64_t offset() const { return offset_; }
  void seek(std::uint64_t offset) { offset_ = offset; }
  const ByteSource& source() const { return *source_; }

 private:
  // The bytes [offset, offset + size), fewer only at the end. The view lives until the next call.
  Result<std::string_view> bytes_at(std::uint64_t offset, std::size_t size, std::size_t read_ahead);
  // The next place from `from` on where an intact header of this segment stands; nullopt when there is none.
  Result<std::optional<std::uint64_t>> search(std::uint64_t from, std::uint64_t limit);

  std::shared_ptr<const ByteSource> source_;
  Tag tag_;
  std::uint64_t offset_;
  std::string window_;
  std::uint64_t window_at_ = 0;
};

// The content of an intact block of entries. Errors (corrupt): stored bytes that do not decompress to what the header
// says.
Result<std::shared_ptr<const Block>> decode_step(const SegmentStep& step, Position segment);
Result<std::string> decompress(const BlockHeader& header, std::string_view stored);

// The text of a seal.
struct Seal {
  bool closing = false;
  std::string head;  // to be read by parse_head
};
std::string encode_seal(bool closing, std::string_view head);
std::optional<Seal> decode_seal(std::string_view stored);

// A segment opened for reading. With a damaged header the tag is taken from `tag_seed` (of another segment) or
// from the first block.
struct OpenSegment {
  std::shared_ptr<const ByteSource> source;
  std::optional<SegmentHeader> header;
  std::string header_bytes;  // as they are
  std::string header_fault;  // why there is no header
  Tag tag{};
};
Result<OpenSegment> open_segment(std::shared_ptr<const ByteSource> source, Position first,
                                 const std::optional<std::array<char, 16>>& tag_seed);

// The folder's segments in the order of their positions.
Result<std::vector<SegmentFile>> list_segments(const std::filesystem::path& folder);

}  // namespace yagura::journal
