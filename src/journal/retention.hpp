// Deleting old segments so that it can be told from theft: each deletion leaves a signed tombstone.
//
// See Writer::retain. Tombstones are lines of the file "tombstones" in the journal's folder, written and
// fsynced before the first file goes.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::journal {

class SigningKey;
class PublicKeys;

struct RetentionPolicy {
  std::optional<std::chrono::days> max_age;  // a segment goes when its newest entry is older
  std::optional<Bytes> max_size;             // of all segments together: the oldest go first
  // Entries from here on stay, whatever age and size say: the store's checkpoint. 0 keeps everything.
  Position keep_from;
};

struct RetentionReport {
  std::uint32_t segments_deleted = 0;
  Bytes bytes_deleted;
  Position first_kept;             // first position of the oldest segment that is left
  bool held_by_keep_from = false;  // the policy asked for more than keep_from allows
};

struct Tombstone {
  Guid journal;
  std::uint64_t first_segment = 0;  // segment numbers, both included
  std::uint64_t last_segment = 0;
  Position first;  // first and last position that went
  Position last;
  Sha256Digest chain{};  // chain value at the end of the last segment that went
  Bytes bytes;
  ReceiveTime deleted_at{};
  std::string reason;  // "age" or "size"
  std::string signature;
};

// "yagura-tombstone:1:..." as docs/formats/journal.md says.
std::string to_text(const Tombstone& tombstone);
Result<Tombstone> parse_tombstone(std::string_view text);
Tombstone sign_tombstone(const SigningKey& key, Tombstone tombstone);
bool signature_holds(const Tombstone& tombstone, const PublicKeys& keys);

}  // namespace yagura::journal
