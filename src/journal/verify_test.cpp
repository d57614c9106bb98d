#include "journal/verify.hpp"

#include "base/encoding.hpp"
#include "journal/byte_repair.hpp"
#include "journal/journal_fixture.hpp"
#include "journal/recovery.hpp"

namespace yagura::journal {
namespace {

namespace fs = std::filesystem;

class VerifyTest : public JournalTest {
 protected:
  VerifyReport prove(std::optional<Head> anchor = {}) const {
    VerifyOptions verify_options;
    verify_options.anchor = std::move(anchor);
    const auto report = verify(options.folder, verify_options);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : VerifyReport{};
  }
  // The journal as it was before, for the next damage.
  void save() {
    for (const auto& entry : fs::directory_iterator(options.folder))
      if (entry.is_regular_file()) saved_[entry.path()] = bytes_of(entry.path());
  }
  void restore() {
    for (const auto& entry : fs::directory_iterator(options.folder))
      if (!saved_.contains(entry.path())) fs::remove(entry.path());
    for (const auto& [path, bytes] : saved_)
      if (!fs::exists(path) || bytes_of(path) != bytes) put_bytes(path, bytes);
  }
  static bool names(const Fault& fault, const fs::path& file, std::uint64_t offset) {
    return fault.file == file && fault.offset <= offset &&
           offset < fault.offset + std::max<std::uint64_t>(fault.length, 1);
  }
  std::map<fs::path, std::string> saved_;
};

TEST_F(VerifyTest, FindsAnIntactJournalIntactAndItsAnchorsReached) {
  auto writer = open();
  const Head empty = writer->head();
  append_lines(*writer, 1000);
  const Head middle = writer->head();
  append_lines(*writer, 1000);
  const Head end = writer->head();
  ASSERT_TRUE(writer->close({}));
  for (const Head& anchor : {empty, middle, end}) {
    const auto report = prove(parse_head(to_text(anchor)).value());
    EXPECT_TRUE(report.intact()) << to_text(report);
    EXPECT_TRUE(report.anchor_reached) << anchor.position.number();
  }
}

TEST_F(VerifyTest, RunsBesideAWriter) {
  auto writer = open();
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop) append_lines(*writer, 200);
  });
  for (int i = 0; i < 30; ++i) {
    const auto report = prove();
    ASSERT_TRUE(report.intact()) << to_text(report);
  }
  stop = true;
  busy.join();
}

// One flipped byte is named exactly, wherever it is.
TEST_F(VerifyTest, NamesAFlippedByteExactly) {
  make_journal(1500);
  save();
  const auto files = segments();
  int exact = 0;
  for (int round = 0; round < 120; ++round) {
    const SegmentFile& file = files[sample.number(files.size())];
    std::string bytes = saved_[file.path];
    const std::uint64_t at = sample.number(bytes.size());
    const char before = bytes[at];
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + sample.number(255)));
    put_bytes(file.path, bytes);
    const auto report = prove();
    ASSERT_FALSE(report.intact()) << file.path << " byte " << at;
    const Fault& fault = report.faults.front();
    ASSERT_TRUE(names(fault, file.path, at)) << at << '\n' << to_text(report);
    if (fault.length == 1 &&
        fault.what.find(fmt::format("was 0x{:02x}", static_cast<unsigned char>(before))) != std::string::npos)
      ++exact;
    restore();
  }
  EXPECT_EQ(exact, 120);
  EXPECT_TRUE(prove().intact());
}

// The whole catalogue: 200 seeded places, each flipped, cut, removed, repeated, exchanged or overwritten.
TEST_F(VerifyTest, FindsAndNamesDamageIn200RandomPlaces) {
  make_journal(6000);
  save();
  const auto files = segments();
  ASSERT_GT(files.size(), 3U);
  std::map<int, int> found;
  for (int round = 0; round < 200; ++round) {
    const int kind = round % 10;
    const std::size_t which = sample.number(files.size());
    const SegmentFile& file = files[which];
    const std::string before = saved_[file.path];
    std::string bytes = before;
    const auto blocks = block_offsets(file);  // the last is the end of the file
    const std::size_t block = sample.number(blocks.size() - 1);
    const std::uint64_t begin = blocks[block];
    const std::uint64_t end = blocks[block + 1];
    // What the first fault must name: some byte of [first, last] in `where`.
    fs::path where = file.path;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string did;
    switch (kind) {
      case 0: {  // flip
        first = last = sample.number(bytes.size());
        bytes[first] = static_cast<char>(bytes[first] ^ 0x20);
        did = "flipped";
        break;
      }
      case 1: {  // cut anywhere
        first = last = sample.number(bytes.size());
        bytes.resize(first);
        did = "cut";
        break;
      }
      case 2: {  // cut at the end of a block, the neatest theft
        first = last = begin;
        bytes.resize(begin);
        did = "cut at a block";
        break;
      }
      case 3: {  // take some bytes out
        const std::uint64_t size = 1 + sample.number(300);
        first = sample.number(bytes.size() - size);
        last = first + size;
        bytes.erase(first, size);
        did = "took bytes out";
        break;
      }
      case 4: {  // take a whole block out
        first = last = begin;
        bytes.erase(begin, end - begin);
        did = "took a block out";
        break;
      }
      case 5: {  // a block twice
        bytes.insert(end, bytes.substr(begin, end - begin));
        first = last = end;
        did = "repeated a block";
        break;
      }
      case 6: {  // two blocks exchanged
        if (block + 2 >= blocks.size()) continue;
        bytes = bytes.substr(0, begin) + bytes.substr(end, blocks[block + 2] - end) + bytes.substr(begin, end - begin) +
                bytes.substr(blocks[block + 2]);
        first = last = begin;
        did = "exchanged two blocks";
        break;
      }
      case 7: {  // overwrite a stretch
        const std::uint64_t size = 2 + sample.number(6000);
        first = sample.number(bytes.size());
        for (std::uint64_t i = first; i < std::min(first + size, bytes.size()); ++i)
          bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(1 + sample.number(255)));
        last = std::min(first + size, bytes.size()) - 1;
        did = "overwrote";
        break;
      }
      case 8: {  // a whole file gone
        fs::remove(file.path);
        bytes.clear();
        did = "removed the file";
        break;
      }
      case 9: {  // two files exchanged
        const SegmentFile& other = files[(which + 1) % files.size()];
        put_bytes(other.path, before);
        bytes = saved_[other.path];
        where = std::min(file.path, other.path);
        last = kSegmentHeaderSize;
        did = "exchanged two files";
        break;
      }
    }
    if (kind != 8) put_bytes(file.path, bytes);
    const auto report = prove();
    const std::string story =
        fmt::format("round {}: {} bytes {} to {} of {} (block {} of {}, begins at {})\n{}", round, did, first, last,
                    where.filename().string(), block, blocks.size() - 1, begin, to_text(report));
    ASSERT_FALSE(report.intact()) << story;
    const Fault& fault = report.faults.front();
    ASSERT_EQ(fault.file, where) << story;
    // Damage is named where it is: the fault's stretch touches it.
    ASSERT_LE(fault.offset, last) << story;
    ASSERT_GE(fault.offset + fault.length, first) << story;
    // And not merely "somewhere in this file".
    const std::uint64_t block_size = kind == 7 ? 8000 : 4096 + (end - begin);
    if (kind != 8) {
      ASSERT_LE(fault.length, block_size) << story;
    }
    ++found[kind];
    restore();
  }
  EXPECT_EQ(found.size(), 10U);
  EXPECT_TRUE(prove().intact());
}

// An insider who can compute checksums: the content of one block replaced, CRCs made right.
TEST_F(VerifyTest, FindsABlockRewrittenWithRightChecksums) {
  make_journal(1500);
  const SegmentFile file = segments()[1];
  const auto blocks = block_offsets(file);
  std::string bytes = bytes_of(file.path);
  const std::uint64_t begin = blocks[3];
  auto header = decode_block_header(std::string_view(bytes).substr(begin)).value();
  std::string stored = bytes.substr(begin + kBlockHeaderSize + header.table_size(), header.stored_size);
  const auto chain = header.chain;
  auto content = decompress(header, stored).value();
  content[content.find("10") + 1] = '7';
  header.codec = Codec::none;
  header.content_size = static_cast<std::uint32_t>(content.size());
  std::string forged = encode_block(header, content, {});
  header.chain = chain;  // the chain value as it was
  ::yagura::journal::encode(header, forged.data());
  bytes.replace(begin, blocks[4] - begin, forged);
  put_bytes(file.path, bytes);
  const auto report = prove();
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::broken_chain) << to_text(report);
  EXPECT_TRUE(names(report.faults[0], file.path, begin)) << to_text(report);
}

// ... and who computes the whole chain anew from there on, through the last segment, but has no key.
TEST_F(VerifyTest, FindsAChainComputedAnewByTheSignature) {
  auto writer = open();
  append_lines(*writer, 100);
  const Head anchor = writer->head();
  append_lines(*writer, 100);
  ASSERT_TRUE(writer->close({}));
  const SegmentFile file = segments().back();
  const std::string bytes = bytes_of(file.path);
  const auto blocks = block_offsets(file);
  std::string forged = bytes.substr(0, kSegmentHeaderSize);
  auto chain = chain_after_header(decode_segment_header(forged)->previous_chain, forged);
  for (std::size_t i = 0; i + 1 < blocks.size(); ++i) {
    const std::string_view block = std::string_view(bytes).substr(blocks[i], blocks[i + 1] - blocks[i]);
    auto header = decode_block_header(block).value();
    std::string stored(block.substr(kBlockHeaderSize + header.table_size()));
    if (i == 1) {
      stored = decompress(header, stored).value();
      stored[10] = '#';
      header.codec = Codec::none;
    }
    forged += encode_block(header, stored, chain);
    chain = header.chain;
  }
  put_bytes(file.path, forged);
  auto report = prove();
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::broken_chain) << to_text(report);
  EXPECT_TRUE(names(report.faults[0], file.path, blocks[1])) << to_text(report);
  report = prove(anchor);
  EXPECT_FALSE(report.anchor_reached);
  EXPECT_EQ(report.faults[0].kind, FaultKind::broken_chain);
}

TEST_F(VerifyTest, FindsATailCutTogetherWithAnOlderHeadOnlyByAnAnchor) {
  auto writer = open();
  append_lines(*writer, 500);
  ASSERT_TRUE(writer->close({}));
  save();
  writer = open();
  append_lines(*writer, 500);
  const Head anchor = writer->head();
  ASSERT_TRUE(writer->close({}));
  restore();  // everything after the first close is gone, the head file is the old one
  EXPECT_TRUE(prove().intact()) << "nothing in the folder can tell";
  const auto report = prove(anchor);
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::cut_tail) << to_text(report);
  EXPECT_EQ(report.faults[0].last, anchor.position);
}

TEST_F(VerifyTest, RemembersACutTailAfterTheWriterWentOn) {
  make_journal(1500);
  const SegmentFile file = segments().back();
  const auto blocks = block_offsets(file);
  fs::resize_file(file.path, blocks[blocks.size() - 3]);  // the seal and the last block
  auto writer = open();
  EXPECT_TRUE(writer->recovery().promise_broken);
  append_lines(*writer, 100);
  ASSERT_TRUE(writer->close({}));
  const auto report = prove();
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::cut_tail) << to_text(report);
  EXPECT_EQ(report.faults[0].last, Position(1500));
}

TEST_F(VerifyTest, FindsAMissingForgedOrForeignHead) {
  make_journal(500);
  save();
  fs::remove(options.folder / kHeadFile);
  EXPECT_EQ(prove().faults.at(0).kind, FaultKind::wrong_signature);
  restore();
  std::string head = bytes_of(options.folder / kHeadFile);
  head[head.size() - 10] = head[head.size() - 10] == 'A' ? 'B' : 'A';
  put_bytes(options.folder / kHeadFile, head);
  EXPECT_EQ(prove().faults.at(0).kind, FaultKind::wrong_signature);
  put_bytes(options.folder / kHeadFile, "rubbish");
  EXPECT_EQ(prove().faults.at(0).kind, FaultKind::wrong_signature);
  restore();

  VerifyOptions other;
  other.keys = PublicKeys::parse(SigningKey::load_or_create(temporary.path() / "other.pem")->public_pem()).value();
  const auto report = verify(options.folder, other).value();
  EXPECT_FALSE(report.intact()) << "signed by a key that was not given";
  EXPECT_EQ(report.faults[0].kind, FaultKind::wrong_signature);
}

TEST_F(VerifyTest, ToldWhatToDoWhenNothingIsThere) {
  const auto report = verify(temporary.path() / "nowhere");
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("nowhere"), std::string::npos);
}

TEST(ByteRepair, FindsTheByteInAnyPlace) {
  SampleLines random(5);
  std::string bytes;
  while (bytes.size() < 4096) bytes += random.next();
  bytes.resize(4096);
  const std::uint32_t right = crc32c(bytes);
  for (int round = 0; round < 300; ++round) {
    const auto at = random.number(bytes.size());
    const auto change = static_cast<unsigned char>(1 + random.number(255));
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ change);
    const auto fixes = find_byte_fixes(wrong, right);
    ASSERT_TRUE(
        std::ranges::any_of(fixes, [&](const ByteFix& fix) { return fix.offset == at && fix.flipped == change; }));
    ASSERT_LE(fixes.size(), 3U);
  }
  EXPECT_TRUE(find_byte_fixes(bytes, right).empty());
  EXPECT_EQ(find_byte_fixes(bytes, right ^ 0xAB00).at(0).offset, bytes.size() + 1);
}

}  // namespace
}  // namespace yagura::journal
