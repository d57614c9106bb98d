// What a Writer does before it writes: finds the journal's end, cuts a torn tail, never hides damage.
#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/guid.hpp"
#include "base/result.hpp"
#include "journal/head.hpp"
#include "journal/retention.hpp"
#include "journal/segment_format.hpp"
#include "journal/segment_writer.hpp"
#include "journal/signing_key.hpp"
#include "journal/writer.hpp"

namespace yagura::journal {

inline constexpr std::string_view kHeadFile = "head";
inline constexpr std::string_view kTombstoneFile = "tombstones";
inline constexpr std::string_view kPublicKeyFile = "public_keys.pem";
inline constexpr std::string_view kLockFile = "lock";

struct Recovered {
  RecoveryReport report;
  Guid journal;
  std::array<char, 16> tag_seed{};
  ChainEnd end;  // where the chain goes on
  SegmentReason reason = SegmentReason::first;
};

// Only one process may do this at a time (the Writer holds the lock). Errors: the folder cannot be read.
Result<Recovered> recover(const std::filesystem::path& folder, const PublicKeys& keys);

// The tombstones in file order; lines that are none are counted in `malformed`.
Result<std::vector<Tombstone>> read_tombstones(const std::filesystem::path& folder, std::size_t* malformed = nullptr);

}  // namespace yagura::journal
