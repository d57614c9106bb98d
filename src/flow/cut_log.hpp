// Remembers where the journal was cut into insert batches, so that a batch repeated after a crash is the same batch.
//
// Before the rows of positions first..last are sent to the store, the cut is written here and synced. After a crash
// the last cut may have reached the store, wholly, in part or not at all: it is replayed with exactly these bounds, and so
// with the same deduplication tokens, and the store drops what it has. A cut that is planned says that the one before is done.
//
// The file has two slots of 4 KiB, written in turn, each with its own checksum: a torn write destroys the newer slot
// only. Layout: docs/formats/cuts.md. One thread.
#pragma once
#include <filesystem>
#include <optional>

#include "base/file.hpp"
#include "base/position.hpp"
#include "base/result.hpp"

namespace yagura::flow {

struct CutRange {
  Position first, last;  // both included
  friend bool operator==(const CutRange&, const CutRange&) = default;
};

class CutLog {
 public:
  // Makes the file when it is not there. An Error when neither slot of an existing file is whole.
  static Result<CutLog> open(const std::filesystem::path& file);

  // The cut that was being stored when the program stopped; nullopt when all that was planned is done.
  std::optional<CutRange> unfinished() const;
  // Everything up to here is in the store. Position 0: nothing yet.
  Position done() const { return state_.done; }

  // Durable when it returns. `cut.first` must be done() + 1.
  Result<> plan(CutRange cut);
  // Notes in memory that the planned cut is stored; `durable` writes it too (at shutdown, or when idle).
  Result<> finish(bool durable);

 private:
  struct State {
    std::uint64_t generation = 0;
    Position done{};
    CutRange planned{};
  };
  CutLog(FileDescriptor file, State state) : file_(std::move(file)), state_(state) {}
  Result<> write();

  FileDescriptor file_;
  State state_;
};

}  // namespace yagura::flow
