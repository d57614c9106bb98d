// Reads a journal's folder forward from a position, from disk, over segment borders and damage.
//
// One thread. Never writes. Errors: what the file system says; calling again tries again.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "base/position.hpp"
#include "base/result.hpp"
#include "journal/block.hpp"
#include "journal/segment_scan.hpp"
#include "journal/tail.hpp"

namespace yagura::journal {

class FolderReader {
 public:
  explicit FolderReader(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The first intact block that holds an entry at or after `position`; nullptr when there is none (yet).
  // `stats` counts what had to be skipped.
  Result<std::shared_ptr<const Block>> next(Position position, TailStats& stats);

  // The caller has the entries before `block`'s end from elsewhere: go on behind it.
  void skip_behind(const Block& block) { behind_ = block.place(); }

 private:
  struct Current {
    SegmentFile file;
    std::unique_ptr<SegmentCursor> cursor;
  };
  Result<> open(const SegmentFile& file);
  Result<> open_at(Position position);
  // The segment after the current one and where the current one ends; nullopt when it is the newest.
  struct Successor {
    SegmentFile file;
    std::uint64_t limit;
  };
  Result<std::optional<Successor>> successor();
  void note_damage(const SegmentStep& step, TailStats& stats);

  std::filesystem::path folder_;
  std::optional<Current> current_;
  std::optional<BlockPlace> behind_;
  bool loss_since_ = false;  // damage or deletion  // between the last block given and here
  std::optional<std::array<char, 16>> tag_seed_;
};

}  // namespace yagura::journal
