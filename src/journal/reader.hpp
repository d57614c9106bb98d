// Random access to a journal's entries, for evidence. Read-only; the journal may be written meanwhile.
//
// Threads: any. Sees blocks as soon as they are in the file (a Writer's own Tail gives durable ones only).
// Errors: not_found (never written, or deleted by retention: the message says which), corrupt (the entry's
// block fails its checksum).
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "journal/block.hpp"
#include "journal/entry.hpp"

namespace yagura::journal {

// An entry that keeps its block alive.
struct FoundEntry {
  std::shared_ptr<const Block> block;
  const Entry* entry = nullptr;
  const Entry* operator->() const { return entry; }
};

class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(std::filesystem::path folder);
  ~Reader();

  Result<std::shared_ptr<const Block>> block_of(Position position) const;
  Result<FoundEntry> find_entry(Position position) const;
  // By identity: directly when item_id_of() made it, else by a search of everything from `from` on.
  Result<FoundEntry> find_item(const Guid& item_id, Position from = Position(1)) const;

  // Oldest and newest position on disk; nullopt for an empty journal.
  Result<std::optional<std::pair<Position, Position>>> range() const;

 private:
  class Core;
  explicit Reader(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace yagura::journal
