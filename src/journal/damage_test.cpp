// A test for each way a segment can be damaged: what readers, a Writer's start and tails do with it.
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_fixture.hpp"
#include "journal/reader.hpp"
#include "journal/recovery.hpp"
#include "journal/verify.hpp"

namespace yagura::journal {
namespace {

namespace fs = std::filesystem;

class DamageTest : public JournalTest {
 protected:
  // A journal whose Writer vanished without closing: the newest segment has no seal.
  std::vector<Written> make_unclosed(std::size_t lines) {
    auto written = make_journal(lines);
    const SegmentFile file = segments().back();
    const auto blocks = block_offsets(file);
    fs::resize_file(file.path, blocks[blocks.size() - 2]);
    // The head as it was before the seal: signed for the last entry.
    const auto segment = open_segment(open_source(file.path).value(), file.first, std::nullopt).value();
    SegmentCursor cursor(segment.source, segment.tag);
    Sha256Digest chain{};
    Position last;
    for (auto step = cursor.next().value(); step.kind == SegmentStep::Kind::block; step = cursor.next().value()) {
      chain = step.header.chain;
      last = step.header.last();
    }
    const auto key = SigningKey::load_or_create(options.signing_key).value();
    put_bytes(options.folder / kHeadFile,
              to_text(sign_head(key, segment.header->journal, last, chain, ReceiveClock::now())) + "\n");
    return written;
  }
  void flip(const fs::path& path, std::uint64_t at, std::uint64_t count = 1) {
    std::string bytes = bytes_of(path);
    for (std::uint64_t i = at; i < at + count; ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    put_bytes(path, bytes);
  }
  void expect_missing(const std::vector<Written>& written, Position first, Position last) {
    TailStats stats;
    const auto read = read_all(&stats);
    std::vector<Written> rest;
    for (const Written& entry : written)
      if (entry.position < first || entry.position > last) rest.push_back(entry);
    expect_same(rest, read);
    EXPECT_GT(stats.damaged_places, 0U);
    EXPECT_EQ(stats.positions_skipped, last.number() - first.number() + 1);
  }
  BlockHeader header_at(const fs::path& path, std::uint64_t at) {
    return decode_block_header(std::string_view(bytes_of(path)).substr(at)).value();
  }
};

TEST_F(DamageTest, ATornTailIsCutAndCounted) {
  const auto written = make_unclosed(300);
  const SegmentFile file = segments().back();
  const std::string tail = bytes_of(file.path).substr(block_offsets(file)[1], 500);  // half a block
  put_bytes(file.path, bytes_of(file.path) + tail);
  auto writer = open();
  EXPECT_FALSE(writer->recovery().clean);
  EXPECT_EQ(writer->recovery().bytes_cut, 500U);
  EXPECT_EQ(writer->recovery().last, Position(300));
  EXPECT_FALSE(writer->recovery().promise_broken);
  auto more = append_lines(*writer, 50);
  EXPECT_GT(more[0].position, Position(300 + (1 << 20))) << "numbers that were given out before are not used again";
  ASSERT_TRUE(writer->close({}));
  more.insert(more.begin(), written.begin(), written.end());
  expect_same(more, read_all());
  const auto report = verify(options.folder).value();
  EXPECT_TRUE(report.intact()) << to_text(report);
  EXPECT_FALSE(report.notes.empty()) << "the cut is told";
}

TEST_F(DamageTest, ZerosBehindTheLastBlockAreATornTail) {
  make_unclosed(300);
  const SegmentFile file = segments().back();
  put_bytes(file.path, bytes_of(file.path) + std::string(8192, '\0'));
  EXPECT_EQ(open()->recovery().bytes_cut, 8192U);
}

TEST_F(DamageTest, ABlockWithWrongBytesInTheMiddleIsSkippedAndKept) {
  const auto written = make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  flip(file.path, at + kBlockHeaderSize + header.table_size() + 30);
  expect_missing(written, header.first, header.last());
  const auto size = fs::file_size(file.path);
  open().reset();
  EXPECT_EQ(fs::file_size(file.path), size) << "nothing is mended away";
}

TEST_F(DamageTest, ABlockWithAWrongTableIsSkipped) {
  const auto written = make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  flip(file.path, at + kBlockHeaderSize + 1);
  expect_missing(written, header.first, header.last());
}

TEST_F(DamageTest, ABlockWithADestroyedHeaderIsSkipped) {
  const auto written = make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  flip(file.path, at, kBlockHeaderSize);
  expect_missing(written, header.first, header.last());
}

TEST_F(DamageTest, ADestroyedSegmentHeaderCostsNoEntry) {
  const auto written = make_journal(2000);
  flip(segments()[1].path, 0, kSegmentHeaderSize);
  expect_same(written, read_all());
  const auto reader = Reader::open(options.folder).value();
  EXPECT_TRUE(reader->find_entry(Position(segments()[1].first.number() + 3)));
  auto writer = open();
  auto more = append_lines(*writer, 10);
  EXPECT_EQ(more[0].position, Position(2001));
}

TEST_F(DamageTest, BytesTakenOutOfABlockCostThatBlockOnly) {
  const auto written = make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  std::string bytes = bytes_of(file.path);
  bytes.erase(at + 200, 100);
  put_bytes(file.path, bytes);
  const auto read = read_all();
  for (const Written& entry : written)
    EXPECT_EQ(read.contains(entry.position), entry.position < header.first || entry.position > header.last());
}

TEST_F(DamageTest, AnEntryInADamagedBlockIsAnErrorAndNeverWrongBytes) {
  make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  flip(file.path, at + kBlockHeaderSize + header.table_size() + 30);
  const auto reader = Reader::open(options.folder).value();
  const auto found = reader->find_entry(header.first);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(found.error().message().find(file.path.filename().string()), std::string::npos);
  EXPECT_TRUE(reader->find_entry(Position(header.last().number() + 1)));
}

TEST_F(DamageTest, ADestroyedBlockHeaderMakesItsEntriesCorruptNotUnknown) {
  make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto at = block_offsets(file)[4];
  const BlockHeader header = header_at(file.path, at);
  flip(file.path, at, kBlockHeaderSize);
  const auto found = Reader::open(options.folder).value()->find_entry(header.first);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::corrupt);
}

TEST_F(DamageTest, DamageInTheNewestSegmentIsReportedAtTheStartAndNotCut) {
  make_unclosed(600);
  const SegmentFile file = segments().back();
  const auto at = block_offsets(file)[2];
  flip(file.path, at + 100);
  const auto size = fs::file_size(file.path);
  auto writer = open();
  EXPECT_EQ(writer->recovery().bad_places, 1U);
  EXPECT_EQ(writer->recovery().bytes_cut, 0U);
  EXPECT_EQ(writer->recovery().last, Position(600));
  EXPECT_EQ(fs::file_size(file.path), size);
}

TEST_F(DamageTest, ALastBlockThatTheHeadPromisedIsNoTornTail) {
  make_unclosed(600);
  const SegmentFile file = segments().back();
  const auto blocks = block_offsets(file);
  flip(file.path, blocks[blocks.size() - 2] + 100);
  const auto size = fs::file_size(file.path);
  auto writer = open();
  EXPECT_TRUE(writer->recovery().promise_broken);
  EXPECT_EQ(writer->recovery().bytes_cut, 0U);
  EXPECT_EQ(writer->recovery().promised, Position(600));
  EXPECT_EQ(fs::file_size(file.path), size) << "the damaged block is kept as evidence";
  EXPECT_GT(append_lines(*writer, 1)[0].position, Position(600));
  ASSERT_TRUE(writer->close({}));
  const auto report = verify(options.folder).value();
  ASSERT_FALSE(report.intact());
}

TEST_F(DamageTest, AnEmptyOrHalfMadeNewestFileIsPutAside) {
  auto written = make_journal(300);
  for (const std::string& rest : {std::string(), std::string(100, 'x'), std::string(700, 'x')}) {
    put_bytes(options.folder / segment_file_name(Position(90'000'000)), rest);
    auto writer = open();
    EXPECT_EQ(writer->recovery().bytes_cut, rest.size());
    const auto more = append_lines(*writer, 20);
    written.insert(written.end(), more.begin(), more.end());
    ASSERT_TRUE(writer->close({}));
    expect_same(written, read_all());
  }
}

TEST_F(DamageTest, AllSegmentsGoneIsToldAndNumberingGoesOn) {
  make_journal(300);
  for (const SegmentFile& file : segments()) fs::remove(file.path);
  auto writer = open();
  EXPECT_TRUE(writer->recovery().promise_broken);
  EXPECT_GT(append_lines(*writer, 1)[0].position, Position(300));
  ASSERT_TRUE(writer->close({}));
  EXPECT_FALSE(verify(options.folder).value().intact());
}

// A sender who knows the format puts a whole block, right checksums and all, into a message. When the block
// around it is damaged, the search for the next block must not fall for it.
TEST_F(DamageTest, ABlockPlantedInAMessageIsNotBelieved) {
  std::vector<Written> written;
  auto writer = open();
  written = append_lines(*writer, 20);
  BlockHeader planted;
  planted.first = Position(21);
  planted.count = 1;
  std::string inner("forged\n\1\0\0\0\0\0\0\1\0\1\1\0\0", 20);
  planted.content_size = static_cast<std::uint32_t>(inner.size());
  planted.payload_bytes = 7;
  std::string message(3000, '\0');  // incompressible, so that it is stored as it is
  for (char& c : message) c = static_cast<char>(sample.number(256));
  message += encode_block(planted, inner, {}) + message;
  const EntryView entry = view(message);
  const Position at = writer->append({&entry, 1}, {}).value();
  ASSERT_TRUE(writer->wait_durable(at, Deadline::in(5s)));
  const auto more = append_lines(*writer, 20);
  written.insert(written.end(), more.begin(), more.end());
  ASSERT_TRUE(writer->close({}));
  const SegmentFile file = segments().back();
  ASSERT_NE(bytes_of(file.path).find("forged"), std::string::npos);
  flip(file.path, block_offsets(file)[1], kBlockHeaderSize);
  expect_same(written, read_all());
}

TEST_F(DamageTest, ASegmentUnderAnotherNameIsNoticed) {
  make_journal(2000);
  const auto files = segments();
  fs::rename(files[1].path, options.folder / segment_file_name(Position(files[1].first.number() + 1)));
  const auto report = verify(options.folder).value();
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::misplaced_block) << to_text(report);
}

}  // namespace
}  // namespace yagura::journal
