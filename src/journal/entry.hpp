// One journal entry: the exact bytes that were received, where from and when.
//
// EntryView is what a source hands to Writer::append (views, copied there). Entry is what a reader gets: its
// views live as long as the Block that gave it. Both are plain values without threads or errors of their own.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/guid.hpp"
#include "base/position.hpp"
#include "base/time.hpp"

namespace yagura::journal {

struct EntryView {
  std::string_view source;  // name of the configured source: "syslog-udp", "hec"
  std::string_view peer;    // address of the sender: "192.0.2.7:40112"
  std::string_view hint;    // what the payload is: "syslog", "hec-event", "file"
  ReceiveTime received_at{};
  std::optional<ReceiveTime> read_at;  // when an agent or a file tail read it at the host
  std::string_view payload;            // the exact bytes
  Guid item_id{};                      // identity given by the source (host + channel + record id ...); zero: none
  bool is_reference = false;           // the payload is a reference and hash of something that can be read again
};

// What many entries share; a block keeps each once. At most 64 KiB each.
struct Origin {
  std::string_view source;
  std::string_view peer;
  std::string_view hint;
  bool is_reference = false;
};

struct Entry {
  Position position;
  ReceiveTime received_at{};
  std::optional<ReceiveTime> read_at;
  std::string_view payload;
  Guid item_id{};                  // zero when the source gave none; see item_id_of
  const Origin* origin = nullptr;  // never null; entries of one origin in one block share the pointer

  std::string_view source() const { return origin->source; }
  std::string_view peer() const { return origin->peer; }
  std::string_view hint() const { return origin->hint; }
  bool is_reference() const { return origin->is_reference; }
};

// The event's identity (column _ItemId): the source's own, or else a UUID version 8 made of the position, which can be
// read back from it. The position names the bytes: the hash chain vouches for them, so the identity needs no hash of
// its own, and rows do not pay for one.
Guid item_id_of(const Entry& entry);
// The position inside an identity that item_id_of() made; nullopt for any other UUID.
std::optional<Position> position_in(const Guid& item_id);

}  // namespace yagura::journal
