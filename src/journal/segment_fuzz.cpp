// The reader of segments against hostile bytes. Laws: never a crash; never an entry whose block's checksum is
// wrong; what is read back from a damaged segment is exactly what was written; decode(encode(x)) == x.
#include <cstdint>
#include <cstdlib>
#include <map>

#include "journal/block_builder.hpp"
#include "journal/head.hpp"
#include "journal/retention.hpp"
#include "journal/segment_scan.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {
namespace {

void require(bool law) {
  if (!law) std::abort();
}

BlockBuilder builder_of(std::span<const Entry> entries) {
  BlockBuilder builder(256);
  for (const Entry& entry : entries) {
    EntryView view;
    view.source = entry.source();
    view.peer = entry.peer();
    view.hint = entry.hint();
    view.is_reference = entry.is_reference();
    view.received_at = entry.received_at;
    view.read_at = entry.read_at;
    view.payload = entry.payload;
    view.item_id = entry.item_id;
    builder.add(view);
  }
  return builder;
}

void same(const Entry& a, const Entry& b) {
  require(a.payload == b.payload && a.source() == b.source() && a.peer() == b.peer() && a.hint() == b.hint() &&
          a.is_reference() == b.is_reference() && a.received_at == b.received_at && a.read_at == b.read_at &&
          a.item_id == b.item_id && a.position == b.position);
}

template <class Seen>
void walk(std::string bytes, Seen&& seen) {
  const auto segment = open_segment(memory_source(std::move(bytes)), Position(1), std::nullopt).value();
  SegmentCursor cursor(segment.source, segment.tag);
  std::uint64_t at = kSegmentHeaderSize;
  while (true) {
    const SegmentStep step = cursor.next().value();
    require(step.offset == at);
    if (step.kind == SegmentStep::Kind::end || step.kind == SegmentStep::Kind::incomplete) break;
    require(step.end > at);
    at = step.end;
    if (step.kind != SegmentStep::Kind::block) continue;
    require(step.header_bytes.size() == kBlockHeaderSize && decode_block_header(step.header_bytes) == step.header);
    require(chunk_table(step.stored) == step.table && crc32c(step.table) == step.header.table_crc);
    if (step.header.kind != BlockKind::entries) continue;
    if (step.header.content_size > 1 << 22) continue;  // memory and time of the fuzzer
    if (const auto block = decode_step(step, Position(1))) seen(**block);
  }
  SegmentCursor headers(segment.source, segment.tag);
  for (auto step = headers.next(SegmentCursor::Depth::headers).value();
       step.kind == SegmentStep::Kind::block || step.kind == SegmentStep::Kind::damage;
       step = headers.next(SegmentCursor::Depth::headers).value()) {
  }
}

struct Sample {
  std::string bytes;
  std::map<Position, std::string> payloads;
};

const Sample& sample() {
  static const Sample made = [] {
    Sample all;
    SegmentHeader header;
    header.first = Position(1);
    header.number = 1;
    header.tag_seed = {'s', 'e', 'e', 'd'};
    all.bytes = encode(header);
    Sha256Digest chain = chain_after_header({}, all.bytes);
    std::uint64_t next = 1;
    for (int block = 0; block < 6; ++block) {
      BlockBuilder builder(256);
      BlockHeader head;
      head.first = Position(next);
      for (int i = 0; i <= block * 3; ++i) {
        EntryView entry;
        const std::string payload =
            "block " + std::to_string(block) + " entry " + std::to_string(i) +
            std::string(static_cast<std::size_t>(block * block * 90), static_cast<char>('a' + i));
        entry.payload = payload;
        entry.peer = i % 2 == 0 ? "a" : "b";
        builder.add(entry);
        all.payloads[Position(next++)] = payload;
      }
      head.count = builder.count();
      head.payload_bytes = static_cast<std::uint32_t>(builder.payload_bytes());
      const std::string content = builder.finish();
      head.content_size = static_cast<std::uint32_t>(content.size());
      head.tag = segment_tag(header.tag_seed, header.first);
      all.bytes += encode_block(head, content, chain);
      chain = head.chain;
    }
    return all;
  }();
  return made;
}

void fuzz_edits(std::string_view edits) {
  std::string bytes = sample().bytes;
  while (edits.size() >= 8 && !bytes.empty()) {
    const auto kind = static_cast<unsigned char>(edits[0]) % 5;
    const std::size_t at = load<std::uint16_t>(edits.data() + 1) % bytes.size();
    const std::size_t size = std::min<std::size_t>(load<std::uint16_t>(edits.data() + 3), bytes.size() - at);
    const std::size_t to = load<std::uint16_t>(edits.data() + 5) % bytes.size();
    const char byte = edits[7];
    edits.remove_prefix(8);
    switch (kind) {
      case 0: bytes[at] = byte; break;
      case 1: bytes.resize(at); break;
      case 2: bytes.erase(at, size); break;
      case 3:
        if (bytes.size() < 1 << 18) bytes.insert(to, bytes.substr(at, size));
        break;
      case 4: bytes.replace(at, size, std::string(size, byte)); break;
    }
  }
  walk(std::move(bytes), [](const Block& block) {
    for (const Entry& entry : block.entries()) {
      const auto found = sample().payloads.find(entry.position);
      require(found != sample().payloads.end() && found->second == entry.payload);
    }
  });
}

void fuzz_content(std::string_view data) {
  if (data.size() < 8) return;
  const auto payload_bytes = load<std::uint32_t>(data.data());
  const auto count = load<std::uint32_t>(data.data() + 4);
  data.remove_prefix(8);
  const auto block = Block::decode(std::string(data), payload_bytes, Position(1), count);
  if (!block) return;
  BlockBuilder builder = builder_of((*block)->entries());
  const auto again_bytes = builder.payload_bytes();
  const auto again = Block::decode(builder.finish(), again_bytes, Position(1), count);
  require(again.has_value() && (*again)->entries().size() == count);
  for (std::uint32_t i = 0; i < count; ++i) same((*block)->entries()[i], (*again)->entries()[i]);
}

void fuzz_text(std::string_view text) {
  if (const auto head = parse_head(text)) require(parse_head(to_text(*head)).value() == *head);
  if (const auto tombstone = parse_tombstone(text))
    require(to_text(parse_tombstone(to_text(*tombstone)).value()) == to_text(*tombstone));
  if (const auto seal = decode_seal(text)) require(encode_seal(seal->closing, seal->head) == text);
  if (const auto position = parse_segment_file_name(text)) require(segment_file_name(*position) == text);
}

}  // namespace
}  // namespace yagura::journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::journal;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0: walk(std::string(bytes), [](const Block& block) { (void)block.entries(); }); break;
    case 1: fuzz_edits(bytes); break;
    case 2: fuzz_content(bytes); break;
    default: fuzz_text(bytes); break;
  }
  return 0;
}
