// Headers of segments and blocks as bytes; see docs/formats/journal.md. Pure functions on bytes, any thread.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/position.hpp"
#include "base/time.hpp"

namespace yagura::journal {

inline constexpr std::size_t kSegmentHeaderSize = 256;
inline constexpr std::size_t kBlockHeaderSize = 88;
inline constexpr std::size_t kChunkSize = 4096;  // stored bytes under one CRC of the table
inline constexpr std::uint32_t kMaxContentSize = 128U << 20;
inline constexpr std::uint32_t kMaxStoredSize = kMaxContentSize + (1U << 20);
inline constexpr std::uint32_t kSegmentVersion = 1;
// How far numbering jumps after an unclean stop, and so how many entries may wait for the disk at one time.
inline constexpr std::uint64_t kPositionJump = 1ULL << 22;

using Tag = std::array<char, 8>;

enum class SegmentReason : std::uint32_t { first = 1, recovered = 2, write_error = 3, sealed = 4 };
enum class BlockKind : std::uint8_t { entries = 1, seal = 2 };
enum class Codec : std::uint8_t { none = 0, zstd = 1 };

struct SegmentHeader {
  Guid journal;
  std::array<char, 16> tag_seed{};
  std::uint64_t number = 0;
  Position first;
  ReceiveTime created_at{};
  SegmentReason reason = SegmentReason::first;
  Position previous_last;
  std::uint64_t previous_size = 0;
  std::uint64_t cut_bytes = 0;
  Position promised;
  Sha256Digest previous_chain{};
  Sha256Digest key{};

  bool operator==(const SegmentHeader&) const = default;
};

struct BlockHeader {
  BlockKind kind = BlockKind::entries;
  Codec codec = Codec::none;
  Tag tag{};
  Position first;
  std::uint32_t count = 0;
  std::uint32_t content_size = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t stored_size = 0;
  ReceiveTime committed_at{};
  std::uint32_t table_crc = 0;
  Sha256Digest chain{};

  std::uint64_t table_size() const { return (std::uint64_t{stored_size} + kChunkSize - 1) / kChunkSize * 4; }
  // Of header, table and stored bytes together.
  std::uint64_t whole_size() const { return kBlockHeaderSize + table_size() + stored_size; }
  Position last() const { return Position(first.number() + count - 1); }
  bool operator==(const BlockHeader&) const = default;
};

std::string encode(const SegmentHeader& header);
// `why`: what is wrong, for people. nullopt for anything but a header of this version with a right CRC.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, std::string* why = nullptr);

void encode(const BlockHeader& header, char* to);  // kBlockHeaderSize bytes, CRC included
// Checks magic, CRC and every bound; the tag is the caller's to compare.
std::optional<BlockHeader> decode_block_header(std::string_view bytes, std::string* why = nullptr);

// The table for these stored bytes.
std::string chunk_table(std::string_view stored);
Tag segment_tag(const std::array<char, 16>& tag_seed, Position first);
Sha256Digest chain_after_header(const Sha256Digest& before, std::string_view header);
Sha256Digest chain_after_block(const Sha256Digest& before, std::string_view header, std::string_view table,
                               std::string_view stored);

// A block ready to be written: header, table and stored bytes; sets the header's sizes, table CRC and chain.
std::string encode_block(BlockHeader& header, std::string_view stored, const Sha256Digest& chain_before);

std::string guid_bytes(const Guid& guid);
Guid guid_from_bytes(std::string_view sixteen);

// "00000000000000000001.yjs"
std::string segment_file_name(Position first);
std::optional<Position> parse_segment_file_name(std::string_view name);

struct SegmentFile {
  Position first;  // as the name says
  std::filesystem::path path;
  std::uint64_t size = 0;
};

}  // namespace yagura::journal
