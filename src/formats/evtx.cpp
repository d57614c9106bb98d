#include "formats/evtx.hpp"

#include <cstring>

#include "base/hash.hpp"
#include "formats/crc32.hpp"
#include "formats/evtx_binxml.hpp"
#include "formats/evtx_fields.hpp"
#include "formats/evtx_plan.hpp"

namespace yagura::formats {

namespace {

constexpr std::size_t kFileHeader = 4'096;
constexpr std::size_t kChunkSize = 65'536;
constexpr std::size_t kChunkHeader = 512;
constexpr std::size_t kRecordHeader = 24;
constexpr std::string_view kFileMagic("ElfFile\0", 8);
constexpr std::string_view kChunkMagic("ElfChnk\0", 8);
constexpr std::string_view kRecordMagic("**\0\0", 4);
constexpr std::size_t kMostDamage = 1'000;  // named; the rest is only counted by what is missing

template <class T>
T number(std::string_view bytes, std::size_t at) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void note(std::vector<EvtxDamage>& damage, std::uint64_t offset, std::string what) {
  if (damage.size() < kMostDamage) damage.push_back({offset, std::move(what)});
}

bool looks_like_record(std::string_view chunk, std::size_t at) {
  if (at + kRecordHeader + 4 > chunk.size() || chunk.substr(at, 4) != kRecordMagic) return false;
  const auto size = number<std::uint32_t>(chunk, at + 4);
  return size >= kRecordHeader + 4 && size <= chunk.size() - at && number<std::uint32_t>(chunk, at + size - 4) == size;
}

bool all_zero(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

void EvtxChunkFinder::begin(std::string_view header) {
  if (header.size() < kFileHeader) {
    note(damage_, header.size(), header.empty() ? "the file is empty" : "the file ends inside its header");
    return;
  }
  if (!header.starts_with(kFileMagic))
    note(damage_, 0, "the file does not begin as an event log does");
  else if (crc32(header.substr(0, 120)) != number<std::uint32_t>(header, 124))
    note(damage_, 124, "the checksum of the file header is wrong");
  dirty_ = (number<std::uint32_t>(header, 120) & 1) != 0;
  if (header.starts_with(kFileMagic)) promised_ = number<std::uint16_t>(header, 42);
}

std::optional<EvtxChunk> EvtxChunkFinder::next(std::string_view window, std::uint64_t offset, bool ends) {
  consumed_ = 0;
  if (window.size() <= kChunkHeader || (!ends && window.size() < kWindow)) return std::nullopt;
  const auto here = window.substr(0, kChunkSize);
  // One that has lost its own magic is still known by its first record.
  if (here.starts_with(kChunkMagic) || looks_like_record(here, kChunkHeader)) {
    end_gap();
    if (!here.starts_with(kChunkMagic)) note(damage_, offset, "a chunk without its magic");
    if (here.size() < kChunkSize) note(damage_, offset + here.size(), "the file ends inside a chunk");
    ++chunks_;
    consumed_ = here.size();
    return EvtxChunk{offset, static_cast<std::uint32_t>(here.size())};
  }
  // Windows grows a log by many chunks of zeros.
  if (offset % kChunkSize == kFileHeader && here.size() == kChunkSize && all_zero(here)) {
    if (gap_size_ == 0) gap_begin_ = offset;
    gap_size_ += here.size();
    consumed_ = here.size();
    return std::nullopt;
  }
  auto gap = window.find(kChunkMagic, 1);
  if (gap == std::string_view::npos) gap = ends ? window.size() : window.size() - kChunkMagic.size();
  // Where the next chunk would be, one without its magic may stand.
  if (gap > kChunkSize && offset % kChunkSize == kFileHeader) gap = kChunkSize;
  if (gap_size_ == 0) gap_begin_ = offset;
  gap_size_ += gap;
  gap_has_bytes_ |= !all_zero(window.substr(0, gap));
  consumed_ = gap;
  return std::nullopt;
}

void EvtxChunkFinder::end_gap() {
  // Windows grows a log by chunks of zeros.
  if (gap_size_ != 0 && gap_has_bytes_) note(damage_, gap_begin_, fmt::format("{} bytes that are no chunk", gap_size_));
  gap_size_ = 0;
  gap_has_bytes_ = false;
}

void EvtxChunkFinder::finish(std::uint64_t) {
  end_gap();
  if (chunks_ < promised_)
    note(damage_, 42, fmt::format("the header promises {} chunks, {} are there", promised_, chunks_));
}

EvtxFile::EvtxFile(std::string_view bytes) : bytes_(bytes) {
  EvtxChunkFinder finder;
  finder.begin(bytes.substr(0, kFileHeader));
  std::size_t at = kFileHeader;
  while (at < bytes.size()) {
    // No more than a window at a time, so that a gap is searched once.
    const auto window = bytes.substr(at, 16 * kChunkSize);
    if (const auto chunk = finder.next(window, at, at + window.size() == bytes.size())) chunks_.push_back(*chunk);
    if (finder.consumed() == 0) break;
    at += finder.consumed();
  }
  if (bytes.size() >= kFileHeader) finder.finish(bytes.size());
  damage_ = finder.damage();
  dirty_ = finder.is_dirty();
}

struct EvtxChunkReader::State {
  BinXml xml;
  EvtxFieldMaker fields;
  EvtxPlanReader plans;

  // Calls `each` for each record of the chunk with its place in the chunk.
  template <class Each>
  void walk(std::string_view chunk, std::uint64_t offset, bool with_slack, std::vector<EvtxDamage>& damage, Each each) {
    xml.set_chunk(chunk);
    fields.begin_chunk();
    plans.begin_chunk();
    const bool is_whole = chunk.size() == kChunkSize;
    const bool has_magic = chunk.starts_with(kChunkMagic);
    const bool header_good =
        has_magic && is_whole &&
        crc32(chunk.substr(128, 384), crc32(chunk.substr(0, 120))) == number<std::uint32_t>(chunk, 124);
    if (has_magic && is_whole && !header_good) note(damage, offset + 124, "the checksum of the chunk header is wrong");
    // Behind the free space stand remains of older records.
    std::size_t end = number<std::uint32_t>(chunk, 48);
    const bool end_known = end >= kChunkHeader && end <= chunk.size();
    if (!end_known)
      end = chunk.size();
    else if (header_good && crc32(chunk.substr(kChunkHeader, end - kChunkHeader)) != number<std::uint32_t>(chunk, 52))
      note(damage, offset + 52, "the checksum of the chunk's records is wrong");
    const auto last_record = number<std::uint64_t>(chunk, 32);
    std::size_t at = kChunkHeader;
    while (at + kRecordHeader + 4 <= end) {
      if (!looks_like_record(chunk.substr(0, end), at)) {
        // Without a known end the first bytes that are no record may as well be the end.
        const auto rest = chunk.substr(at, end - at);
        if (all_zero(rest)) break;
        std::size_t next = at + 4;
        while (next + kRecordHeader < end && !looks_like_record(chunk.substr(0, end), next)) next += 4;
        if (next + kRecordHeader >= end) {
          if (end_known || !is_whole) note(damage, offset + at, "a damaged record, and none behind it");
          break;
        }
        note(damage, offset + at, fmt::format("a damaged record; the next one is {} bytes further on", next - at));
        at = next;
        continue;
      }
      const auto size = number<std::uint32_t>(chunk, at + 4);
      each(at, size, false);
      at += size;
      if (!end_known && last_record != 0 && number<std::uint64_t>(chunk, at - size + 8) == last_record) break;
    }
    if (!with_slack) return;
    for (at = std::max(at, end_known ? end : at); at + kRecordHeader + 4 <= chunk.size();) {
      const auto found = chunk.find(kRecordMagic, at);
      if (found == std::string_view::npos) break;
      at = found;
      if (!looks_like_record(chunk, at)) {
        at += 4;
        continue;
      }
      const auto size = number<std::uint32_t>(chunk, at + 4);
      each(at, size, true);
      at += size;
    }
  }
};

EvtxChunkReader::EvtxChunkReader() : state_(std::make_unique<State>()) {}
EvtxChunkReader::~EvtxChunkReader() = default;

void EvtxChunkReader::read(const EvtxFile& file, const EvtxChunk& place, const EvtxOptions& options,
                           event::RecordBatch& out, std::vector<EvtxDamage>& damage) {
  read(file.bytes().substr(place.offset, place.size), place.offset, options, out, damage);
}

void EvtxChunkReader::read(std::string_view chunk, std::uint64_t offset, const EvtxOptions& options,
                           event::RecordBatch& out, std::vector<EvtxDamage>& damage) {
  static const auto kRecovered = event::intern_field("evtx.recovered");
  std::uint32_t index = 0;
  state_->walk(chunk, offset, options.with_slack, damage, [&](std::size_t at, std::uint32_t size, bool in_slack) {
    event::RecordOrigin origin;
    origin.raw = chunk.substr(at, size);
    origin.peer = options.peer;
    origin.received_at = options.received_at;
    origin.position = options.position;
    origin.index_in_entry = index;
    auto& [xml, fields, plans] = *state_;
    const auto written = number<std::uint64_t>(chunk, at + 16);
    if (options.walk_each || !plans.read(xml, at + kRecordHeader, at + size - 4, origin, written, out)) {
      fields.begin(out.arena());
      if (const auto done = xml.run(at + kRecordHeader, at + size - 4, out.arena(), fields); !done) {
        // Remains are often overwritten in part: nothing that one would mend.
        if (!in_slack) note(damage, offset + at, done.error().message());
        return;
      }
      fields.finish(origin, written, out);
    }
    if (in_slack) {
      out.resume_record();
      out.set(kRecovered, event::Value::boolean(true));
      out.end_record();
    }
    ++index;
    if (options.record_numbers) options.record_numbers->push_back(number<std::uint64_t>(chunk, at + 8));
  });
}

namespace {

// Builds the tree of one record.
class TreeSink : public BinXmlSink {
 public:
  EvtxElement root;
  void begin_element(std::string_view name) override {
    auto& parent = open_.empty() ? root : *open_.back();
    parent.children.push_back({name, {}, {}, {}});
    open_.push_back(&parent.children.back());
  }
  void attribute(std::string_view name, const event::Value& value, bool) override {
    if (!open_.empty()) open_.back()->attributes.emplace_back(name, value);
  }
  void text(const event::Value& value, bool) override {
    if (!open_.empty()) open_.back()->texts.push_back(value);
  }
  void end_element() override {
    if (!open_.empty()) open_.pop_back();
  }

 private:
  std::vector<EvtxElement*> open_;  // a parent's list of children does not grow while one of them is open
};

}  // namespace

void EvtxChunkReader::visit(const EvtxFile& file, const EvtxChunk& place,
                            const std::function<void(const EvtxElement&)>& each, std::vector<EvtxDamage>& damage) {
  visit(file.bytes().substr(place.offset, place.size), place.offset, each, damage);
}

void EvtxChunkReader::visit(std::string_view chunk, std::uint64_t offset,
                            const std::function<void(const EvtxElement&)>& each, std::vector<EvtxDamage>& damage) {
  visit_numbered(chunk, offset, [&](const EvtxElement& event, std::uint64_t) { each(event); }, damage);
}

void EvtxChunkReader::visit_numbered(std::string_view chunk, std::uint64_t offset,
                                     const std::function<void(const EvtxElement&, std::uint64_t)>& each,
                                     std::vector<EvtxDamage>& damage) {
  Arena arena;
  state_->walk(chunk, offset, false, damage, [&](std::size_t at, std::uint32_t size, bool) {
    arena.clear();
    TreeSink sink;
    if (const auto done = state_->xml.run(at + kRecordHeader, at + size - 4, arena, sink); !done) {
      note(damage, offset + at, done.error().message());
      return;
    }
    if (sink.root.children.empty())
      note(damage, offset + at, "a record without an element");
    else
      each(sink.root.children.front(), number<std::uint64_t>(chunk, at + 8));
  });
}

}  // namespace yagura::formats
