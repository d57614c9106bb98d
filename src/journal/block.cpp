#include "journal/block.hpp"

#include <cassert>

#include "base/hash.hpp"
#include "journal/segment_format.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {

namespace {

// Calls set(index, reader) for each entry whose bit is set; a count of 0 has no bits.
template <class Set>
void read_sparse(WireReader& in, std::uint32_t entries, Set&& set) {
  const std::uint64_t expected = in.varint();
  if (in.failed() || expected == 0) return;
  if (expected > entries) return in.fail();
  const std::string_view bits = in.bytes((std::uint64_t{entries} + 7) / 8);
  std::uint64_t found = 0;
  for (std::uint32_t index = 0; index < entries && !in.failed(); ++index) {
    if ((bits[index / 8] >> (index % 8) & 1) == 0) continue;
    set(index);
    ++found;
  }
  if (found != expected) in.fail();
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

Result<std::shared_ptr<const Block>> Block::decode(std::string content, std::uint64_t payload_bytes, Position first,
                                                   std::uint32_t count, BlockPlace place) {
  auto block = trusted(std::move(content), payload_bytes, first, count, place);
  Result<> built;
  std::call_once(block->built_, [&] { built = block->build(); });
  if (!built) return std::unexpected(std::move(built).error());
  return block;
}

std::shared_ptr<const Block> Block::trusted(std::string content, std::uint64_t payload_bytes, Position first,
                                            std::uint32_t count, BlockPlace place) {
  std::shared_ptr<Block> block(new Block);
  block->content_ = std::move(content);
  block->payload_bytes_ = payload_bytes;
  block->first_ = first;
  block->count_ = count;
  block->place_ = place;
  return block;
}

Result<> Block::build() const {
  const auto malformed = [&](std::string_view what) {
    return fail(ErrorKind::corrupt, "the block of entry {} has malformed {}", first_.number(), what);
  };
  if (payload_bytes_ > content_.size()) return malformed("sizes");
  WireReader in(std::string_view(content_).substr(payload_bytes_));
  // Each entry takes at least a separator or the byte of its length, so the count cannot make us allocate more
  // than the content justifies.
  if (count_ == 0 || count_ > content_.size()) return malformed("counts");

  const std::uint64_t origin_count = in.varint();
  if (origin_count == 0 || origin_count > count_) return malformed("origins");
  origins_.reserve(origin_count);
  for (std::uint64_t i = 0; i < origin_count; ++i) {
    const std::string_view flags = in.bytes(1);
    Origin origin;
    origin.source = in.bytes(in.varint());
    origin.peer = in.bytes(in.varint());
    origin.hint = in.bytes(in.varint());
    if (in.failed() || static_cast<unsigned char>(flags[0]) > 1) return malformed("origins");
    origin.is_reference = flags[0] == 1;
    origins_.push_back(origin);
  }

  entries_.resize(count_);
  for (std::uint32_t at = 0; at < count_;) {
    const std::uint64_t origin = in.varint();
    const std::uint64_t length = in.varint();
    if (in.failed() || origin >= origins_.size() || length == 0 || length > count_ - at)
      return malformed("origin runs");
    for (const std::uint32_t end = at + static_cast<std::uint32_t>(length); at < end; ++at) {
      entries_[at].origin = &origins_[origin];
      entries_[at].position = Position(first_.number() + at);
    }
  }
  std::int64_t received = 0;
  for (std::uint32_t at = 0; at < count_;) {
    received = sum(received, unzigzag(in.varint()));
    const std::uint64_t length = in.varint();
    if (in.failed() || length == 0 || length > count_ - at) return malformed("receive times");
    for (const std::uint32_t end = at + static_cast<std::uint32_t>(length); at < end; ++at)
      entries_[at].received_at = receive_time(received);
  }
  const std::uint64_t separated = in.varint();
  if (in.failed() || separated > count_) return malformed("lengths");
  const std::string_view payloads = std::string_view(content_).substr(0, payload_bytes_);
  std::size_t offset = 0;
  for (std::uint32_t at = 0; at < count_; ++at) {
    if (at < separated) {
      const std::size_t end = payloads.find('\n', offset);
      if (end == std::string_view::npos) return malformed("separators");
      entries_[at].payload = payloads.substr(offset, end - offset);
      offset = end + 1;
    } else {
      const std::uint64_t length = in.varint();
      if (in.failed() || length > payloads.size() - offset) return malformed("lengths");
      entries_[at].payload = payloads.substr(offset, length);
      offset += length;
    }
  }
  if (offset != payloads.size()) return malformed("lengths");
  read_sparse(in, count_, [&](std::uint32_t index) {
    const std::int64_t later = unzigzag(in.varint());
    entries_[index].read_at = receive_time(sum(entries_[index].received_at.time_since_epoch().count(), later));
  });
  read_sparse(in, count_, [&](std::uint32_t index) {
    const std::string_view bytes = in.bytes(16);
    if (bytes.size() == 16) entries_[index].item_id = guid_from_bytes(bytes);
  });
  if (in.failed() || in.left() != 0) return malformed("read times or identities");
  return {};
}

std::span<const Entry> Block::entries() const {
  std::call_once(built_, [&] {
    [[maybe_unused]] const auto built = build();
    assert(built && "a block encoded by this process must decode");
  });
  return entries_;
}

std::span<const Entry> Block::entries_from(Position position) const {
  const auto all = entries();
  if (position <= first_) return all;
  return all.subspan(std::min<std::uint64_t>(position.number() - first_.number(), all.size()));
}

const Entry* Block::find(Position position) const {
  return contains(position) ? &entries()[position.number() - first_.number()] : nullptr;
}

// Layout of a version 8 UUID (RFC 9562 section 5.8): 48 free bits, version, 12 free bits, variant, 62 free bits. The
// upper 32 of the first free bits are for the index of an event within its entry (event::Record::item_id); the entry
// itself has 0.
Guid item_id_of(const Entry& entry) {
  if (entry.item_id != Guid{}) return entry.item_id;
  return {0x8000ULL, 0x8000'0000'0000'0000ULL | (entry.position.number() & 0x3FFF'FFFF'FFFF'FFFFULL)};
}

std::optional<Position> position_in(const Guid& item_id) {
  if ((item_id.high & 0xF000ULL) != 0x8000ULL || item_id.low >> 62 != 2) return std::nullopt;
  const std::uint64_t number = item_id.low & 0x3FFF'FFFF'FFFF'FFFFULL;
  if (number == 0) return std::nullopt;
  return Position(number);
}

}  // namespace yagura::journal
