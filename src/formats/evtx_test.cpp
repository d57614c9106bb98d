// Files are made here byte by byte: MS-EVEN6 2.2.12, with one template that all records of a chunk share.
#include "formats/evtx.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace yagura::formats {
namespace {

std::string le(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}
std::string utf16(std::string_view ascii) {
  std::string bytes;
  for (const char c : ascii) bytes += std::string{c, '\0'};
  return bytes;
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0) {
  crc = ~crc;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int k = 0; k < 8; ++k) crc = crc & 1 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
  }
  return ~crc;
}

struct Substitution {
  std::uint8_t type;
  std::string bytes;
};

// One chunk, growing record by record.
class ChunkMaker {
 public:
  void add(std::uint64_t id, const std::vector<Substitution>& values) {
    const std::size_t start = bytes_.size();
    bytes_ += std::string("**\0\0", 4) + le(0, 4) + le(id, 8) + le(132'000'000'000'000'000, 8);
    bytes_ += std::string("\x0f\x01\x01\x00\x0c\x01", 6) + le(7, 4);
    const bool first = template_ == 0;
    if (first) template_ = bytes_.size() + 4;
    bytes_ += le(template_, 4);
    if (first) add_template();
    bytes_ += le(values.size(), 4);
    for (const auto& value : values) bytes_ += le(value.bytes.size(), 2) + le(value.type, 1) + le(0, 1);
    for (const auto& value : values) bytes_ += value.bytes;
    bytes_ += '\0';
    while ((bytes_.size() - start + 4) % 8 != 0) bytes_ += '\0';
    const auto size = bytes_.size() - start + 4;
    bytes_ += le(size, 4);
    bytes_.replace(start + 4, 4, le(size, 4));
    last_ = id;
  }

  std::string finish() {
    const std::size_t end = bytes_.size();
    std::string header = std::string("ElfChnk\0", 8) + le(1, 8) + le(last_, 8) + le(1, 8) + le(last_, 8) + le(128, 4) +
                         le(0, 4) + le(end, 4);
    header += le(crc32(std::string_view(bytes_).substr(512)), 4);
    header.resize(512);
    header.replace(124, 4,
                   le(crc32(std::string_view(header).substr(128), crc32(std::string_view(header).substr(0, 120))), 4));
    bytes_.replace(0, 512, header);
    bytes_.resize(65'536);
    return bytes_;
  }

 private:
  std::string name(std::string_view text) {
    std::string bytes = le(here() + 4, 4);
    pending_ += bytes;
    pending_ += le(0, 4) + le(0x1234, 2) + le(text.size(), 2) + utf16(text) + le(0, 2);
    return {};
  }
  std::size_t here() const { return base_ + pending_.size(); }
  void open(std::string_view element, bool attributes) {
    pending_ += static_cast<char>(attributes ? 0x41 : 0x01);
    pending_ += le(0xFFFF, 2) + le(0, 4);
    name(element);
    if (attributes) pending_ += le(0, 4);
  }
  void attribute(std::string_view key, std::string_view text) {
    pending_ += '\x06';
    name(key);
    pending_ += std::string("\x05\x01", 2) + le(text.size(), 2) + utf16(text);
  }
  void substitution(std::uint16_t index, bool optional) {
    pending_ += static_cast<char>(optional ? 0x0e : 0x0d);
    pending_ += le(index, 2) + le(1, 1);
  }
  void body() { pending_ += '\x02'; }
  void close() { pending_ += '\x04'; }
  void leaf(std::string_view element, std::uint16_t index) {
    open(element, false);
    body();
    substitution(index, true);
    close();
  }

  // <Event><System><Provider Name="Test"/>...</System><EventData>...</EventData></Event>
  void add_template() {
    base_ = bytes_.size() + 24;
    pending_ = std::string("\x0f\x01\x01\x00", 4);
    open("Event", false);
    body();
    open("System", false);
    body();
    open("Provider", true);
    attribute("Name", "Test");
    pending_ += '\x03';
    leaf("EventID", 0);
    open("TimeCreated", true);
    pending_ += '\x06';
    name("SystemTime");
    substitution(1, true);
    pending_ += '\x03';
    leaf("EventRecordID", 2);
    leaf("Channel", 3);
    close();
    open("EventData", false);
    body();
    for (std::uint16_t i = 0; i < 4; ++i) {
      open("Data", true);
      attribute("Name", std::string("Field ") + static_cast<char>('A' + i));
      body();
      substitution(static_cast<std::uint16_t>(4 + i), false);
      close();
    }
    leaf("Data", 8);
    close();
    close();
    pending_ += '\0';
    bytes_ += le(0, 4) + std::string(16, 'g') + le(pending_.size(), 4) + pending_;
  }

  std::string bytes_ = std::string(512, '\0');
  std::string pending_;
  std::size_t base_ = 0;
  std::size_t template_ = 0;
  std::uint64_t last_ = 0;
};

constexpr std::uint64_t kFileTime = 132'000'000'000'000'000;  // 2019-04-17T18:40:00Z

std::vector<Substitution> values(std::uint64_t id) {
  return {{0x06, le(4624, 2)},
          {0x11, le(kFileTime, 8)},
          {0x0a, le(id, 8)},
          {0x01, utf16("Security")},
          {0x01, utf16("C:\\x.exe")},
          {0x14, le(0x1f, 4)},
          {0x0d, le(1, 4)},
          {0x13, std::string("\x01\x02\0\0\0\0\0\x05", 8) + le(32, 4) + le(544, 4)},
          {0x81, utf16("one") + le(0, 2) + utf16("two") + le(0, 2)}};
}

std::string file_of(const std::vector<std::string>& chunks) {
  std::string header = std::string("ElfFile\0", 8) + le(0, 8) + le(chunks.size() - 1, 8) + le(99, 8) + le(128, 4) +
                       le(1, 2) + le(3, 2) + le(4096, 2) + le(chunks.size(), 2);
  header.resize(4'096);
  header.replace(124, 4, le(crc32(std::string_view(header).substr(0, 120)), 4));
  for (const auto& chunk : chunks) header += chunk;
  return header;
}

std::string chunk_of(std::uint64_t first, std::uint64_t last) {
  ChunkMaker chunk;
  for (auto id = first; id <= last; ++id) chunk.add(id, values(id));
  return chunk.finish();
}

struct Seen {
  std::vector<std::string> ids;
  std::vector<EvtxDamage> damage;
  std::string first;  // the first record as text
  std::string xml;
};

Seen read(const std::string& bytes) {
  Seen seen;
  const EvtxFile file(bytes);
  seen.damage = file.damage();
  EvtxChunkReader reader;
  for (const auto& chunk : file.chunks()) {
    event::RecordBatch batch;
    reader.read(file, chunk, {}, batch, seen.damage);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::string id;
      append_text(id, *batch[i].find("EventRecordID"));
      seen.ids.push_back(id);
      if (seen.first.empty()) seen.first = to_text(batch[i]);
    }
    std::vector<EvtxDamage> again;
    reader.visit(
        file, chunk,
        [&](const EvtxElement& event) {
          if (seen.xml.empty()) seen.xml = evtx_xml(event);
        },
        again);
  }
  return seen;
}

using Ids = std::vector<std::string>;

TEST(Evtx, MakesFieldsOfSystemAndEventData) {
  const auto seen = read(file_of({chunk_of(1, 3)}));
  EXPECT_TRUE(seen.damage.empty()) << seen.damage[0].what;
  EXPECT_EQ(seen.ids, (Ids{"1", "2", "3"}));
  EXPECT_EQ(seen.first,
            "@time: 2019-04-17T18:40:00.0000000Z\n@format: evtx\n@logsource: windows//\n"
            "Provider_Name: \"Test\"\nProvider: \"\"\nEventID: 4624\nTimeCreated_SystemTime: "
            "\"2019-04-17T18:40:00.0000000Z\"\nTimeCreated: \"\"\nEventRecordID: 1\n"
            "Channel: \"Security\"\nField A: \"C:\\\\x.exe\"\nFieldA: \"C:\\\\x.exe\"\nField B: \"0x1f\"\nFieldB: "
            "\"0x1f\"\nField C: true\nFieldC: true\n"
            "Field D: \"S-1-5-32-544\"\nFieldD: \"S-1-5-32-544\"\nData: [\"one\",\"two\"]");
}

// Both ways of reading, over records of one template.
void expect_plans_to_be_right(const std::vector<std::vector<Substitution>>& records) {
  ChunkMaker maker;
  std::uint64_t id = 0;
  for (const auto& one : records) maker.add(++id, one);
  const std::string chunk = maker.finish();
  EvtxChunkReader reader;
  for (int again = 0; again < 2; ++again) {  // with plans of before, too
    event::RecordBatch planned, walked;
    std::vector<EvtxDamage> damage;
    reader.read(chunk, 4'096, {}, planned, damage);
    reader.read(chunk, 4'096, {.walk_each = true}, walked, damage);
    EXPECT_TRUE(damage.empty());
    ASSERT_EQ(planned.size(), records.size());
    ASSERT_EQ(walked.size(), records.size());
    for (std::size_t i = 0; i < planned.size(); ++i) {
      EXPECT_EQ(to_text(planned[i]), to_text(walked[i])) << i;
      EXPECT_EQ(planned[i].item_id(), walked[i].item_id()) << i;
      EXPECT_EQ(planned.header(i).time, walked.header(i).time) << i;
    }
  }
}

TEST(Evtx, PlansGiveWhatWalkingGives) {
  std::vector<std::vector<Substitution>> records{values(1)};
  const auto with = [&](std::size_t index, Substitution value) {
    auto changed = values(records.size());
    changed[8] = {0x01, utf16("no array")};
    changed[index] = std::move(value);
    records.push_back(std::move(changed));
  };
  for (std::size_t index = 0; index < 9; ++index) {
    with(index, {0x00, ""});
    with(index, {0x01, ""});
    with(index, {0x01, utf16("text that is longer than sixteen units")});
    with(index, {0x01, utf16("nul") + le(0, 2) + utf16("s behind it, and more than sixteen")});
    with(index, {0x01, le(0x20AC, 2) + utf16("uro") + le(0xD83D, 2) + le(0xDE00, 2) + le(0xDC00, 2)});
    with(index, {0x08, le(7, 2)});  // too few bytes
    with(index, {0x11, le(kFileTime, 8)});
    with(index, {0x11, le(~std::uint64_t{0}, 8)});
    with(index, {0x0f, "0123456789abcdef"});
    with(index, {0x21, ""});
    with(index, {0x21, std::string("\x0f\x01\x01\x00\x00", 5)});
    with(index, {0x84, "\x01\x02\x03"});
    with(index, {0x2f, "?"});  // no type that is known
  }
  for (std::size_t count = 0; count < 9; ++count) {
    auto few = values(1);
    few.resize(count);
    records.push_back(std::move(few));
  }
  expect_plans_to_be_right(records);
}

TEST(Evtx, TextsOfAllLengthsKeepTheirUnits) {
  std::vector<std::vector<Substitution>> records;
  std::string text;
  for (int size = 0; size < 70; ++size) {
    auto changed = values(1);
    changed[4] = {0x01, utf16(text)};
    changed[5] = {0x01, utf16(text) + le(0xE9, 2)};
    changed[8] = {0x01, utf16(text) + le(0, 2) + utf16("behind")};
    records.push_back(changed);
    text += static_cast<char>('!' + size);
  }
  ChunkMaker maker;
  for (const auto& one : records) maker.add(1, one);
  const std::string chunk = maker.finish();
  event::RecordBatch batch;
  std::vector<EvtxDamage> damage;
  EvtxChunkReader().read(chunk, 4'096, {}, batch, damage);
  ASSERT_EQ(batch.size(), records.size());
  text.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(batch[i].find("Field A")->as_string(), text);
    EXPECT_EQ(batch[i].find("Field B")->as_string(), text + "\xC3\xA9");
    EXPECT_EQ(batch[i].find("Data")->as_string(), text);
    text += static_cast<char>('!' + static_cast<int>(i));
  }
}

TEST(Evtx, WritesXml) {
  EXPECT_EQ(
      read(file_of({chunk_of(1, 1)})).xml,
      R"(<Event><System><Provider Name="Test"/><EventID>4624</EventID><TimeCreated SystemTime="2019-04-17T18:40:00.0000000Z"/>)"
      R"(<EventRecordID>1</EventRecordID><Channel>Security</Channel></System><EventData><Data Name="Field A">C:\x.exe</Data>)"
      R"(<Data Name="Field B">0x1f</Data><Data Name="Field C">true</Data><Data Name="Field D">S-1-5-32-544</Data><Data>one</Data><Data>two</Data></EventData></Event>)");
}

TEST(Evtx, FindsChunksByLooking) {
  const auto one = chunk_of(1, 2), two = chunk_of(3, 4);
  auto file = file_of({one, two});
  file.replace(42, 2, le(1, 2));  // a header that has not been written since the log grew
  EXPECT_EQ(read(file).ids, (Ids{"1", "2", "3", "4"}));
  EXPECT_EQ(read(file_of({two, std::string(65'536, '\0'), one})).ids, (Ids{"3", "4", "1", "2"}));
  EXPECT_EQ(read(file_of({one, two}) + std::string(5'000, 'x')).ids, (Ids{"1", "2", "3", "4"}));
}

TEST(Evtx, GoesOnBehindADamagedRecord) {
  for (const auto& [offset, bytes] : std::vector<std::pair<std::size_t, std::string>>{
           {0, std::string(4, '\0')}, {4, le(0, 4)}, {4, le(0x7FFFFFFF, 4)}, {4, le(64, 4)}}) {
    auto chunk = chunk_of(1, 3);
    const auto second = chunk.find("**", 514);
    chunk.replace(second + offset, bytes.size(), bytes);
    const auto seen = read(file_of({chunk}));
    EXPECT_EQ(seen.ids, (Ids{"1", "3"})) << offset;
    ASSERT_FALSE(seen.damage.empty());
    EXPECT_EQ(seen.damage.back().offset, 4'096 + second) << seen.damage.back().what;
  }
}

TEST(Evtx, SaysWhatIsWrong) {
  const auto good = file_of({chunk_of(1, 3)});
  EXPECT_EQ(read("").damage.at(0).what, "the file is empty");
  EXPECT_EQ(read(good.substr(0, 100)).damage.at(0).what, "the file ends inside its header");
  auto file = good;
  file[0] = 'X';
  EXPECT_EQ(read(file).ids.size(), 3u);
  EXPECT_EQ(read(file).damage.at(0).what, "the file does not begin as an event log does");
  file = good;
  file[4'096] = 0;
  EXPECT_EQ(read(file).ids.size(), 3u);
  EXPECT_EQ(read(file).damage.at(0).what, "a chunk without its magic");
  file = good;
  file[4'096 + 700] ^= 1;
  EXPECT_EQ(read(file).damage.at(0).what, "the checksum of the chunk's records is wrong");
  EXPECT_EQ(read(good.substr(0, 4'096 + 1'500)).ids, (Ids{"1"}));
}

TEST(Evtx, SurvivesEveryCutAndManyFlips) {
  const auto good = file_of({chunk_of(1, 5)});
  for (std::size_t size = 4'096; size < 4'096 + 4'000; size += 13) EXPECT_LE(read(good.substr(0, size)).ids.size(), 5u);
  std::uint32_t state = 1;
  for (int i = 0; i < 2'000; ++i) {
    auto file = good;
    for (int k = 0; k < 4; ++k) {
      state = state * 1'664'525 + 1'013'904'223;
      file[4'096 + (state >> 8) % 4'000] ^= static_cast<char>(1 << (state >> 29));
    }
    const EvtxFile evtx(file);
    EvtxChunkReader reader;
    event::RecordBatch batch;
    std::vector<EvtxDamage> damage;
    for (const auto& chunk : evtx.chunks()) reader.read(evtx, chunk, {}, batch, damage);
    EXPECT_LE(batch.size(), 5u);
  }
}

TEST(Evtx, FindsChunksInAFileThatComesInPieces) {
  std::string bytes =
      file_of({chunk_of(1, 3), std::string(65'536, '\0'), chunk_of(4, 6)}) + "some bytes" + chunk_of(7, 7);
  bytes.replace(4'096, 4, "XXXX");  // the first chunk's magic
  const EvtxFile whole(bytes);
  EvtxChunkFinder finder;
  finder.begin(std::string_view(bytes).substr(0, EvtxChunkFinder::kHeader));
  std::vector<EvtxChunk> chunks;
  std::size_t at = EvtxChunkFinder::kHeader;
  for (;;) {
    const auto window = std::string_view(bytes).substr(at, EvtxChunkFinder::kWindow);
    if (const auto chunk = finder.next(window, at, at + window.size() == bytes.size())) chunks.push_back(*chunk);
    if (finder.consumed() == 0) break;
    at += finder.consumed();
  }
  finder.finish(bytes.size());
  ASSERT_EQ(chunks.size(), 3U);
  ASSERT_EQ(whole.chunks().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(chunks[i].offset, whole.chunks()[i].offset);
  ASSERT_EQ(finder.damage().size(), 2U);
  EXPECT_EQ(finder.damage()[0].what, "a chunk without its magic");
  EXPECT_EQ(finder.damage()[1].what, "10 bytes that are no chunk");
}

TEST(Evtx, RecoversWhatIsLeftBehindTheLastRecord) {
  // Windows has begun the chunk anew: one record, and behind it those of before.
  std::string chunk = chunk_of(1, 3);
  const std::size_t second = chunk.find(std::string_view("**\0\0", 4), 516);
  chunk.replace(48, 4, le(second, 4));
  event::RecordBatch batch;
  std::vector<EvtxDamage> damage;
  std::vector<std::uint64_t> numbers;
  EvtxChunkReader reader;
  reader.read(chunk, 4'096, {.record_numbers = &numbers}, batch, damage);
  EXPECT_EQ(batch.size(), 1U);
  batch.clear();
  numbers.clear();
  reader.read(chunk, 4'096, {.with_slack = true, .record_numbers = &numbers}, batch, damage);
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(batch[0].find("evtx.recovered"), nullptr);
  ASSERT_NE(batch[2].find("evtx.recovered"), nullptr);
  EXPECT_EQ(batch[2].find("EventRecordID")->as_int64(), 3);
}

TEST(Evtx, IsLaidOutAsJson) {
  const std::string bytes = file_of({chunk_of(9, 9)});
  const EvtxFile file(bytes);
  EvtxChunkReader reader;
  std::vector<EvtxDamage> damage;
  std::string json;
  reader.visit(file, file.chunks()[0], [&](const EvtxElement& event) { json = evtx_json(event); }, damage);
  EXPECT_EQ(
      json,
      R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Test"}},"EventID":4624,"TimeCreated":{"#attributes":{"SystemTime":"2019-04-17T18:40:00.0000000Z"}},)"
      R"("EventRecordID":9,"Channel":"Security"},"EventData":{"Field A":"C:\\x.exe","Field B":"0x1f","Field C":true,"Field D":"S-1-5-32-544","Data":{"#text":["one","two"]}}}})");
}

}  // namespace
}  // namespace yagura::formats
