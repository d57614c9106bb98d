// One entry with its proof: that its bytes are those that were received, and what vouches for it.
//
// Read-only; the journal may be written meanwhile. Threads: any. Errors: as Reader's; a proof that fails is no
// error but a value that says so.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/result.hpp"
#include "journal/head.hpp"
#include "journal/reader.hpp"
#include "journal/signing_key.hpp"

namespace yagura::journal {

struct EntryProof {
  FoundEntry found;
  std::filesystem::path file;  // the entry's block lies here ...
  std::uint64_t offset = 0;    // ... in bytes [offset, end)
  std::uint64_t end = 0;
  Sha256Digest payload_digest{};    // SHA-256 of the exact bytes
  Sha256Digest chain_before{};      // chain value before the entry's block, when the walk came there ...
  Sha256Digest chain{};             // ... and after it, computed from the block's bytes
  bool chain_holds = false;         // from the start of the entry's segment to the signature (or to the end)
  std::optional<Head> signed_by;    // the first good signature over the chain behind the entry
  std::filesystem::path signed_in;  // the file that holds it: a segment (its seal), or the head file
  std::string doubt;                // why not, when chain_holds is false or nothing is signed
  bool keys_from_folder = false;
  std::vector<std::string> key_fingerprints;

  bool proven() const { return chain_holds && signed_by.has_value(); }
};

// `id`: a position, or an _ItemId.
Result<FoundEntry> find_entry(const Reader& reader, std::string_view id);

// `keys` empty: those beside the journal, which proves less.
Result<EntryProof> prove_entry(const std::filesystem::path& folder, std::string_view id, PublicKeys keys = {});

// What the proof says, in one sentence for people.
std::string to_text(const EntryProof& proof);

}  // namespace yagura::journal
