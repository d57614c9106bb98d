#include "journal/segment_format.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/text.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {

namespace {
constexpr std::string_view kSegmentMagic = "YGRJSEG1";
constexpr std::string_view kBlockMagic = "YBLK";
// Of the block header, what the chain covers.
constexpr std::size_t kChainedHeaderSize = 52;

std::nullopt_t because(std::string* why, std::string text) {
  if (why != nullptr) *why = std::move(text);
  return std::nullopt;
}
}  // namespace

std::string guid_bytes(const Guid& guid) {
  std::string bytes(16, '\0');
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(guid.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(guid.low >> (56 - 8 * i));
  }
  return bytes;
}

Guid guid_from_bytes(std::string_view sixteen) {
  Guid guid;
  for (int i = 0; i < 8; ++i) {
    guid.high = guid.high << 8 | static_cast<unsigned char>(sixteen[i]);
    guid.low = guid.low << 8 | static_cast<unsigned char>(sixteen[8 + i]);
  }
  return guid;
}

std::string encode(const SegmentHeader& header) {
  std::string bytes(kSegmentHeaderSize, '\0');
  char* at = bytes.data();
  std::memcpy(at, kSegmentMagic.data(), 8);
  store<std::uint32_t>(at + 8, kSegmentVersion);
  store<std::uint32_t>(at + 12, kSegmentHeaderSize);
  std::memcpy(at + 16, guid_bytes(header.journal).data(), 16);
  std::memcpy(at + 32, header.tag_seed.data(), 16);
  store<std::uint64_t>(at + 48, header.number);
  store<std::uint64_t>(at + 56, header.first.number());
  store<std::int64_t>(at + 64, header.created_at.time_since_epoch().count());
  store<std::uint32_t>(at + 72, static_cast<std::uint32_t>(header.reason));
  store<std::uint64_t>(at + 80, header.previous_last.number());
  store<std::uint64_t>(at + 88, header.previous_size);
  store<std::uint64_t>(at + 96, header.cut_bytes);
  store<std::uint64_t>(at + 104, header.promised.number());
  std::memcpy(at + 112, header.previous_chain.data(), 32);
  std::memcpy(at + 144, header.key.data(), 32);
  store<std::uint32_t>(at + 252, crc32c({at, 252}));
  return bytes;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, std::string* why) {
  if (bytes.size() < kSegmentHeaderSize) return because(why, "the segment header is cut off");
  const char* at = bytes.data();
  if (load<std::uint32_t>(at + 252) != crc32c({at, 252})) return because(why, "the segment header's checksum is wrong");
  if (bytes.substr(0, 8) != kSegmentMagic) return because(why, "this is not a journal segment");
  if (load<std::uint32_t>(at + 8) != kSegmentVersion || load<std::uint32_t>(at + 12) != kSegmentHeaderSize)
    return because(why, fmt::format("segment format version {} is not known", load<std::uint32_t>(at + 8)));
  SegmentHeader header;
  header.journal = guid_from_bytes(bytes.substr(16, 16));
  std::memcpy(header.tag_seed.data(), at + 32, 16);
  header.number = load<std::uint64_t>(at + 48);
  header.first = Position(load<std::uint64_t>(at + 56));
  header.created_at = receive_time(load<std::int64_t>(at + 64));
  const auto reason = load<std::uint32_t>(at + 72);
  if (reason < 1 || reason > 4) return because(why, fmt::format("segment reason {} is not known", reason));
  header.reason = static_cast<SegmentReason>(reason);
  header.previous_last = Position(load<std::uint64_t>(at + 80));
  header.previous_size = load<std::uint64_t>(at + 88);
  header.cut_bytes = load<std::uint64_t>(at + 96);
  header.promised = Position(load<std::uint64_t>(at + 104));
  std::memcpy(header.previous_chain.data(), at + 112, 32);
  std::memcpy(header.key.data(), at + 144, 32);
  return header;
}

void encode(const BlockHeader& header, char* to) {
  std::memset(to, 0, kBlockHeaderSize);
  std::memcpy(to, kBlockMagic.data(), 4);
  to[4] = static_cast<char>(header.kind);
  to[5] = static_cast<char>(header.codec);
  std::memcpy(to + 8, header.tag.data(), 8);
  store<std::uint64_t>(to + 16, header.first.number());
  store<std::uint32_t>(to + 24, header.count);
  store<std::uint32_t>(to + 28, header.content_size);
  store<std::uint32_t>(to + 32, header.payload_bytes);
  store<std::uint32_t>(to + 36, header.stored_size);
  store<std::int64_t>(to + 40, header.committed_at.time_since_epoch().count());
  store<std::uint32_t>(to + 48, header.table_crc);
  std::memcpy(to + 52, header.chain.data(), 32);
  store<std::uint32_t>(to + 84, crc32c({to, 84}));
}

std::optional<BlockHeader> decode_block_header(std::string_view bytes, std::string* why) {
  if (bytes.size() < kBlockHeaderSize) return because(why, "the block header is cut off");
  const char* at = bytes.data();
  if (load<std::uint32_t>(at + 84) != crc32c({at, 84})) return because(why, "the block header's checksum is wrong");
  if (bytes.substr(0, 4) != kBlockMagic) return because(why, "no block begins here");
  const auto kind = static_cast<unsigned char>(at[4]);
  const auto codec = static_cast<unsigned char>(at[5]);
  if (kind < 1 || kind > 2) return because(why, fmt::format("block kind {} is not known", kind));
  if (codec > 1) return because(why, fmt::format("codec {} is not known", codec));
  BlockHeader header;
  header.kind = static_cast<BlockKind>(kind);
  header.codec = static_cast<Codec>(codec);
  std::memcpy(header.tag.data(), at + 8, 8);
  header.first = Position(load<std::uint64_t>(at + 16));
  header.count = load<std::uint32_t>(at + 24);
  header.content_size = load<std::uint32_t>(at + 28);
  header.payload_bytes = load<std::uint32_t>(at + 32);
  header.stored_size = load<std::uint32_t>(at + 36);
  header.committed_at = receive_time(load<std::int64_t>(at + 40));
  header.table_crc = load<std::uint32_t>(at + 48);
  std::memcpy(header.chain.data(), at + 52, 32);
  if (header.content_size > kMaxContentSize || header.stored_size > kMaxStoredSize ||
      header.payload_bytes > header.content_size)
    return because(why, "the block header's sizes are out of bounds");
  if ((header.kind == BlockKind::entries) != (header.count > 0) || header.first.number() == 0 ||
      header.first.number() > std::numeric_limits<std::uint64_t>::max() - header.count)
    return because(why, "the block header's positions are out of bounds");
  return header;
}

std::string chunk_table(std::string_view stored) {
  std::string table((stored.size() + kChunkSize - 1) / kChunkSize * 4, '\0');
  for (std::size_t chunk = 0; chunk * kChunkSize < stored.size(); ++chunk)
    store<std::uint32_t>(table.data() + 4 * chunk, crc32c(stored.substr(chunk * kChunkSize, kChunkSize)));
  return table;
}

Tag segment_tag(const std::array<char, 16>& tag_seed, Position first) {
  char bytes[24];
  std::memcpy(bytes, tag_seed.data(), 16);
  store<std::uint64_t>(bytes + 16, first.number());
  const auto digest = sha256({bytes, sizeof bytes});
  Tag tag;
  std::memcpy(tag.data(), digest.data(), tag.size());
  return tag;
}

Sha256Digest chain_after_header(const Sha256Digest& before, std::string_view header) {
  Sha256 hash;
  return hash.update(as_text(before)).update(header).finish();
}

Sha256Digest chain_after_block(const Sha256Digest& before, std::string_view header, std::string_view table,
                               std::string_view stored) {
  Sha256 hash;
  return hash.update(as_text(before))
      .update(header.substr(0, kChainedHeaderSize))
      .update(table)
      .update(stored)
      .finish();
}

std::string encode_block(BlockHeader& header, std::string_view stored, const Sha256Digest& chain_before) {
  header.stored_size = static_cast<std::uint32_t>(stored.size());
  const std::string table = chunk_table(stored);
  header.table_crc = crc32c(table);
  std::string bytes;
  bytes.reserve(kBlockHeaderSize + table.size() + stored.size());
  bytes.resize(kBlockHeaderSize);
  encode(header, bytes.data());
  header.chain = chain_after_block(chain_before, bytes, table, stored);
  encode(header, bytes.data());
  bytes.append(table).append(stored);
  return bytes;
}

std::string segment_file_name(Position first) { return fmt::format("{:020}.yjs", first.number()); }

std::optional<Position> parse_segment_file_name(std::string_view name) {
  if (name.size() != 24 || name.substr(20) != ".yjs") return std::nullopt;
  for (const char c : name.substr(0, 20))
    if (!is_ascii_digit(c)) return std::nullopt;
  const auto number = parse_uint64(name.substr(0, 20));
  if (!number || *number == 0) return std::nullopt;
  return Position(*number);
}

}  // namespace yagura::journal
