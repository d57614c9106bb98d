// A run of entries that were committed together: what tails and readers hand out.
//
// Immutable and shared (std::shared_ptr<const Block>); owns its bytes, and every view that it gives lives as
// long as it does. Any thread may read it. The entry table is built at the first call of entries().
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/annotations.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "journal/entry.hpp"

namespace yagura::journal {

// Where a block lies on disk.
struct BlockPlace {
  Position segment;          // first position of its segment: names the file
  std::uint64_t offset = 0;  // of the block's first byte in the file
  std::uint64_t end = 0;     // one past its last byte
};

class Block {
 public:
  // `content` as docs/formats/journal.md lays it out. Checked whole: afterwards entries() cannot fail.
  static Result<std::shared_ptr<const Block>> decode(std::string content, std::uint64_t payload_bytes, Position first,
                                                     std::uint32_t count, BlockPlace place = {});
  // Content that this process has encoded itself: decoded only when somebody asks.
  static std::shared_ptr<const Block> trusted(std::string content, std::uint64_t payload_bytes, Position first,
                                              std::uint32_t count, BlockPlace place);

  Position first() const { return first_; }
  Position last() const { return Position(first_.number() + count_ - 1); }
  std::uint32_t size() const { return count_; }
  bool contains(Position position) const { return position >= first_ && position <= last(); }
  Bytes bytes() const { return Bytes(content_.size()); }

  std::span<const Entry> entries() const YAGURA_LIFETIMEBOUND;
  // The entries from `position` on: for a reader that starts in the middle of a block.
  std::span<const Entry> entries_from(Position position) const YAGURA_LIFETIMEBOUND;
  // nullptr when the block does not hold it.
  const Entry* find(Position position) const YAGURA_LIFETIMEBOUND;

  const BlockPlace& place() const { return place_; }

 private:
  Block() = default;
  Result<> build() const;

  std::string content_;
  std::uint64_t payload_bytes_ = 0;
  Position first_;
  std::uint32_t count_ = 0;
  BlockPlace place_;
  mutable std::once_flag built_;
  mutable std::vector<Origin> origins_;
  mutable std::vector<Entry> entries_;
};

}  // namespace yagura::journal
