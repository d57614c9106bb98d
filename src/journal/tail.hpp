// Follows the journal forward from a position, block by block, and waits for what is not there yet.
//
//   auto tail = writer->tail(checkpoint + 1);            // in the writer's process: only durable entries
//   auto tail = TRY(journal::open_tail(folder, from));   // any process: what is on disk, asked again every 50 ms
//   while (auto block = TRY(tail->next(Deadline::in(1s))))
//     for (const Entry& entry : block->entries_from(tail_start)) ...
//
// One thread at a time. Positions grow but may jump: after an unclean stop (docs/formats/journal.md, "Positions"),
// over a damaged block (skipped, counted, logged) and over what retention has deleted.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "journal/block.hpp"

namespace yagura::journal {

struct TailStats {
  std::uint64_t blocks = 0;
  std::uint64_t from_memory = 0;        // of these, served without touching the disk
  std::uint64_t damaged_places = 0;     // runs of bytes that no intact block explains
  std::uint64_t positions_skipped = 0;  // not delivered because damaged or deleted
};

class Tail {
 public:
  virtual ~Tail() = default;
  // The next block that holds an entry at or after the tail's position; nullptr when none came until the
  // deadline. The first block may begin before `from`: use Block::entries_from.
  // Errors: the folder cannot be read; after one, calling again tries again.
  virtual Result<std::shared_ptr<const Block>> next(Deadline deadline) = 0;
  // The first position that has not been delivered yet.
  virtual Position position() const = 0;
  // Makes a waiting next() return nullptr soon; from any thread.
  virtual void cancel() = 0;
  virtual const TailStats& stats() const = 0;
};

// Reads a journal that this or another process may be writing; never writes.
Result<std::unique_ptr<Tail>> open_tail(const std::filesystem::path& folder, Position from);

}  // namespace yagura::journal
