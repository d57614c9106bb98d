// Proves that a journal is what was written, or names the first byte that is not.
//
// Read-only; runs beside a Writer (the unfinished last block is then no fault). Threads: any.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "journal/head.hpp"
#include "journal/signing_key.hpp"

namespace yagura::journal {

enum class FaultKind : std::uint8_t {
  changed_bytes,  // a checksum does not fit
  broken_chain,   // checksums fit, the hash chain does not: rewritten by somebody
  missing_segment,
  missing_blocks,     // entries are not where their positions say
  misplaced_block,    // a block again, or out of order
  cut_tail,           // the end that a signed head speaks of is not there
  wrong_signature,    // of a head, seal or tombstone
  unexplained_bytes,  // bytes that belong to nothing
  unreadable,         // the file system fails to give the bytes
};
std::string_view to_string(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::changed_bytes;
  std::filesystem::path file;
  std::uint64_t offset = 0;  // of the first wrong byte, as near as can be known
  std::uint64_t length = 0;  // the wrong bytes lie within this many from `offset`; 0: nothing is there
  Position first;            // entries concerned, when known
  Position last;
  std::string what;  // for people: "byte 4711 is 0x41, was 0x61 when written"
};

struct VerifyOptions {
  PublicKeys keys;               // empty: the keys beside the journal are used, and the report says so
  std::optional<Head> anchor;    // a head kept elsewhere
  std::size_t max_faults = 100;  // counting goes on after this
  std::function<void(Bytes done, Bytes total)> progress;
};

struct VerifyReport {
  bool intact() const { return fault_count == 0; }
  std::vector<Fault> faults;  // in the order of the journal; the first is the first wrong byte
  std::uint64_t fault_count = 0;
  std::uint64_t segments = 0;
  std::uint64_t blocks = 0;
  std::uint64_t entries = 0;
  Bytes bytes;
  Position first;  // oldest and newest entry seen
  Position last;
  Position signed_until;          // the last position that a good signature covers
  std::optional<Head> head;       // of the head file
  std::optional<Head> anchor;     // as given
  bool anchor_reached = false;    // the anchored head was found in the chain
  bool keys_from_folder = false;  // no key was given: proves less, whoever changes the journal can change these
  std::vector<std::string> key_fingerprints;
  std::vector<std::string> notes;  // not faults: deleted by retention, gaps after unclean stops, torn tails cut
};

Result<VerifyReport> verify(const std::filesystem::path& folder, const VerifyOptions& options = {});

// The report as text for a terminal.
std::string to_text(const VerifyReport& report);

}  // namespace yagura::journal
