#include "formats/evtx.hpp"

#include <cstring>

#include "base/hash.hpp"
#include "formats/evtx_binxml.hpp"
#include "formats/evtx_fields.hpp"

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

// The reflected CRC-32 of IEEE 802.3, as zlib has it; eight bytes at a time through eight tables ("slicing by 8").
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0) {
  static const auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
      t[0][i] = c;
    }
    for (std::size_t n = 1; n < 8; ++n)
      for (std::uint32_t i = 0; i < 256; ++i) t[n][i] = t[0][t[n - 1][i] & 0xFF] ^ (t[n - 1][i] >> 8);
    return t;
  }();
  crc = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    low ^= crc;
    crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^ tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
  }
  for (; left > 0; --left, ++at) crc = tables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xFF] ^ (crc >> 8);
  return ~crc;
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

EvtxFile::EvtxFile(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < kFileHeader) {
    note(damage_, bytes.size(), bytes.empty() ? "the file is empty" : "the file ends inside its header");
    return;
  }
  if (!bytes.starts_with(kFileMagic))
    note(damage_, 0, "the file does not begin as an event log does");
  else if (crc32(bytes.substr(0, 120)) != number<std::uint32_t>(bytes, 124))
    note(damage_, 124, "the checksum of the file header is wrong");
  dirty_ = (number<std::uint32_t>(bytes, 120) & 1) != 0;

  std::size_t at = kFileHeader;
  while (at + kChunkHeader < bytes.size()) {
    const auto rest = bytes.substr(at);
    // One that has lost its own magic is still known by its first record.
    if (rest.starts_with(kChunkMagic) || looks_like_record(rest.substr(0, kChunkSize), kChunkHeader)) {
      const auto size = std::min(kChunkSize, rest.size());
      if (!rest.starts_with(kChunkMagic)) note(damage_, at, "a chunk without its magic");
      if (size < kChunkSize) note(damage_, bytes.size(), "the file ends inside a chunk");
      chunks_.push_back({at, static_cast<std::uint32_t>(size)});
      at += size;
      continue;
    }
    const auto next = rest.find(kChunkMagic, 1);
    const auto gap = rest.substr(0, next);
    // Windows grows a log by chunks of zeros.
    if (!all_zero(gap)) note(damage_, at, fmt::format("{} bytes that are no chunk", gap.size()));
    if (next == std::string_view::npos) break;
    at += next;
  }
  const auto promised = number<std::uint16_t>(bytes, 42);
  if (chunks_.size() < promised && bytes.starts_with(kFileMagic))
    note(damage_, 42, fmt::format("the header promises {} chunks, {} are there", promised, chunks_.size()));
}

struct EvtxChunkReader::State {
  BinXml xml;
  EvtxFieldMaker fields;

  // Calls `record` for each record of the chunk with its place in the chunk.
  template <class Each>
  void walk(const EvtxFile& file, const EvtxChunk& place, std::vector<EvtxDamage>& damage, Each each) {
    const auto chunk = file.bytes().substr(place.offset, place.size);
    xml.set_chunk(chunk);
    fields.begin_chunk();
    const bool has_magic = chunk.starts_with(kChunkMagic);
    const bool header_good =
        has_magic && place.size == kChunkSize &&
        crc32(chunk.substr(128, 384), crc32(chunk.substr(0, 120))) == number<std::uint32_t>(chunk, 124);
    if (has_magic && place.size == kChunkSize && !header_good)
      note(damage, place.offset + 124, "the checksum of the chunk header is wrong");
    // Behind the free space stand remains of older records.
    std::size_t end = number<std::uint32_t>(chunk, 48);
    const bool end_known = end >= kChunkHeader && end <= chunk.size();
    if (!end_known)
      end = chunk.size();
    else if (header_good && crc32(chunk.substr(kChunkHeader, end - kChunkHeader)) != number<std::uint32_t>(chunk, 52))
      note(damage, place.offset + 52, "the checksum of the chunk's records is wrong");
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
          if (end_known || place.size < kChunkSize)
            note(damage, place.offset + at, "a damaged record, and none behind it");
          break;
        }
        note(damage, place.offset + at,
             fmt::format("a damaged record; the next one is {} bytes further on", next - at));
        at = next;
        continue;
      }
      const auto size = number<std::uint32_t>(chunk, at + 4);
      each(chunk, at, size);
      if (!end_known && last_record != 0 && number<std::uint64_t>(chunk, at + 8) == last_record) break;
      at += size;
    }
  }
};

EvtxChunkReader::EvtxChunkReader() : state_(std::make_unique<State>()) {}
EvtxChunkReader::~EvtxChunkReader() = default;

void EvtxChunkReader::read(const EvtxFile& file, const EvtxChunk& place, const EvtxOptions& options,
                           event::RecordBatch& out, std::vector<EvtxDamage>& damage) {
  state_->walk(file, place, damage, [&](std::string_view chunk, std::size_t at, std::uint32_t size) {
    event::RecordOrigin origin;
    origin.raw = chunk.substr(at, size);
    origin.peer = options.peer;
    origin.received_at = options.received_at;
    auto& fields = state_->fields;
    fields.begin(out.arena());
    if (const auto done = state_->xml.run(at + kRecordHeader, at + size - 4, out.arena(), fields); !done) {
      note(damage, place.offset + at, done.error().message());
      return;
    }
    fields.finish(origin, number<std::uint64_t>(chunk, at + 16), out);
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

void append_escaped(std::string& out, std::string_view text, bool in_attribute) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += in_attribute ? "&quot;" : "\""; break;
      default:
        // XML 1.0 has no other control characters.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
}

void append_element(std::string& out, const EvtxElement& element) {
  out += '<';
  out += element.name;
  for (const auto& [name, value] : element.attributes) {
    out += ' ';
    out += name;
    out += "=\"";
    std::string text;
    append_text(text, value);
    append_escaped(out, text, true);
    out += '"';
  }
  if (element.texts.empty() && element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  append_escaped(out, element.text(), false);
  for (const auto& child : element.children) append_element(out, child);
  out += "</";
  out += element.name;
  out += '>';
}

}  // namespace

void EvtxChunkReader::visit(const EvtxFile& file, const EvtxChunk& place,
                            const std::function<void(const EvtxElement&)>& each, std::vector<EvtxDamage>& damage) {
  Arena arena;
  state_->walk(file, place, damage, [&](std::string_view, std::size_t at, std::uint32_t size) {
    arena.clear();
    TreeSink sink;
    if (const auto done = state_->xml.run(at + kRecordHeader, at + size - 4, arena, sink); !done) {
      note(damage, place.offset + at, done.error().message());
      return;
    }
    if (sink.root.children.empty())
      note(damage, place.offset + at, "a record without an element");
    else
      each(sink.root.children.front());
  });
}

const EvtxElement* EvtxElement::child(std::string_view child_name) const {
  for (const auto& one : children)
    if (one.name == child_name) return &one;
  return nullptr;
}

std::string EvtxElement::text() const {
  std::string out;
  for (const auto& piece : texts) append_text(out, piece);
  return out;
}

std::string evtx_xml(const EvtxElement& event) {
  std::string out;
  append_element(out, event);
  return out;
}

}  // namespace yagura::formats
