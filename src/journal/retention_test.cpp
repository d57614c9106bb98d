#include "journal/retention.hpp"

#include "journal/journal_fixture.hpp"
#include "journal/reader.hpp"
#include "journal/recovery.hpp"
#include "journal/verify.hpp"
#include "testing/case_files.hpp"

namespace yagura::journal {
namespace {

namespace fs = std::filesystem;

class RetentionTest : public JournalTest {
 protected:
  static RetentionPolicy by_size(Bytes size, Position keep_from) {
    RetentionPolicy policy;
    policy.max_size = size;
    policy.keep_from = keep_from;
    return policy;
  }
};

TEST_F(RetentionTest, DeletesTheOldestAndLeavesAProof) {
  auto writer = open();
  append_lines(*writer, 6000);
  const auto before = segments();
  ASSERT_GT(before.size(), 4U);
  const auto report = writer->retain(by_size(200_KiB, Position(6001))).value();
  EXPECT_GT(report.segments_deleted, 0U);
  EXPECT_FALSE(report.held_by_keep_from);
  const auto after = segments();
  EXPECT_EQ(after.size() + report.segments_deleted, before.size());
  EXPECT_EQ(report.first_kept, after.front().first);
  Bytes size;
  for (const SegmentFile& file : after) size += Bytes(file.size);
  EXPECT_LE(size, 200_KiB);
  const auto proof = verify(options.folder).value();
  EXPECT_TRUE(proof.intact()) << to_text(proof);
  const auto gone = Reader::open(options.folder).value()->find_entry(Position(1));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind(), ErrorKind::not_found);
  EXPECT_NE(gone.error().message().find("retention"), std::string::npos);

  append_lines(*writer, 2000);
  ASSERT_TRUE(writer->retain(by_size(200_KiB, Position(8001))));
  ASSERT_TRUE(writer->close({}));
  EXPECT_TRUE(verify(options.folder).value().intact());
  writer = open();
  EXPECT_TRUE(writer->recovery().clean);
}

TEST_F(RetentionTest, NeverGoesBeyondTheCheckpoint) {
  auto writer = open();
  append_lines(*writer, 4000);
  const auto second = segments()[1].first;
  EXPECT_EQ(writer->retain(by_size(1_B, Position())).value().segments_deleted, 0U);
  const auto report = writer->retain(by_size(1_B, second)).value();
  EXPECT_EQ(report.segments_deleted, 1U);
  EXPECT_TRUE(report.held_by_keep_from);
  EXPECT_EQ(segments().front().first, second);
}

TEST_F(RetentionTest, KeepsTheNewestWhateverThePolicySays) {
  auto writer = open();
  append_lines(*writer, 3000);
  ASSERT_TRUE(writer->retain(by_size(0_B, Position(100'000))));
  EXPECT_EQ(segments().size(), 1U);
  EXPECT_EQ(writer->retain(by_size(0_B, Position(100'000))).value().segments_deleted, 0U);
  append_lines(*writer, 10);
  ASSERT_TRUE(writer->close({}));
  EXPECT_TRUE(verify(options.folder).value().intact());
}

TEST_F(RetentionTest, DeletesByAge) {
  auto writer = open();
  append_lines(*writer, 3000);
  RetentionPolicy policy;
  policy.max_age = std::chrono::days(1);
  policy.keep_from = Position(100'000);
  EXPECT_EQ(writer->retain(policy).value().segments_deleted, 0U);
  policy.max_age = std::chrono::days(0);
  EXPECT_GT(writer->retain(policy).value().segments_deleted, 1U);
}

TEST_F(RetentionTest, AQuietJournalBeginsNewSegmentsByAge) {
  options.segment_age = std::chrono::hours(0);
  auto writer = open();
  append_lines(*writer, 60);
  EXPECT_EQ(segments().size(), 3U);
  ASSERT_TRUE(writer->close({}));
  EXPECT_TRUE(verify(options.folder).value().intact());
}

TEST_F(RetentionTest, TheftIsNotRetention) {
  auto writer = open();
  append_lines(*writer, 4000);
  ASSERT_TRUE(writer->retain(by_size(200_KiB, Position(4001))));
  ASSERT_TRUE(writer->close({}));
  const auto stolen = segments().front();
  fs::remove(stolen.path);
  auto report = verify(options.folder).value();
  ASSERT_FALSE(report.intact());
  EXPECT_EQ(report.faults[0].kind, FaultKind::missing_segment) << to_text(report);
  EXPECT_EQ(report.faults[0].file, stolen.path);

  // Nor does a tombstone help that was written without the key, or with the file of tombstones gone.
  std::string text = bytes_of(options.folder / kTombstoneFile);
  auto tombstone = parse_tombstone(text).value();
  tombstone.last = Position(segments().front().first.number() - 1);
  tombstone.last_segment += 1;
  put_bytes(options.folder / kTombstoneFile, to_text(tombstone) + "\n");
  report = verify(options.folder).value();
  EXPECT_EQ(report.faults.at(0).kind, FaultKind::wrong_signature) << to_text(report);
  fs::remove(options.folder / kTombstoneFile);
  EXPECT_EQ(verify(options.folder).value().faults.at(0).kind, FaultKind::missing_segment);
}

TEST_F(RetentionTest, FinishesWhatACrashInterrupted) {
  auto writer = open();
  append_lines(*writer, 4000);
  std::map<fs::path, std::string> saved;
  for (const SegmentFile& file : segments()) saved[file.path] = bytes_of(file.path);
  const auto first = writer->retain(by_size(200_KiB, Position(4001))).value();
  ASSERT_GT(first.segments_deleted, 0U);
  for (const auto& [path, bytes] : saved)
    if (!fs::exists(path)) put_bytes(path, bytes);  // the tombstone was written, the files are still there
  EXPECT_TRUE(verify(options.folder).value().intact());
  const auto again = writer->retain(by_size(10_MiB, Position(4001))).value();
  EXPECT_EQ(again.segments_deleted, first.segments_deleted);
  ASSERT_TRUE(writer->close({}));
  EXPECT_TRUE(verify(options.folder).value().intact());
}

// Signed lines: what is read is what was written, and nothing else is accepted.
class SignedLineCases : public ::testing::TestWithParam<testing::Case> {};

TEST_P(SignedLineCases, ReadAsWritten) {
  const testing::Case& c = GetParam();
  const auto head = parse_head(c["line"]);
  const auto tombstone = parse_tombstone(c["line"]);
  std::string got = "refused";
  if (head)
    got = fmt::format("head of {} at {} signed {}", to_string(head->journal), head->position.number(),
                      format_datetime(head->signed_at.time_since_epoch().count()));
  if (tombstone)
    got = fmt::format("tombstone of segments {} to {}, entries {} to {}, {} bytes, {}", tombstone->first_segment,
                      tombstone->last_segment, tombstone->first.number(), tombstone->last.number(),
                      tombstone->bytes.count(), tombstone->reason);
  testing::expect_section(c, "expected", got);
  if (head) {
    EXPECT_EQ(to_text(*head), c["line"]);
  }
  if (tombstone) {
    EXPECT_EQ(to_text(*tombstone), c["line"]);
  }
}
INSTANTIATE_TEST_SUITE_P(Files, SignedLineCases, ::testing::ValuesIn(testing::read_cases("journal/signed_lines")),
                         testing::case_name);

TEST(SignedText, HoldsOnlyForTheKeyThatSignedIt) {
  const TemporaryDirectory folder;
  const auto key = SigningKey::load_or_create(folder.path() / "a.pem").value();
  const auto other = SigningKey::load_or_create(folder.path() / "b.pem").value();
  const auto keys = PublicKeys::parse(key.public_pem()).value();
  Head head = sign_head(key, Guid::random(), Position(77), sha256("x"), receive_time(5));
  EXPECT_TRUE(signature_holds(head, keys));
  EXPECT_TRUE(signature_holds(head, PublicKeys::parse(other.public_pem() + key.public_pem()).value()));
  EXPECT_FALSE(signature_holds(head, PublicKeys::parse(other.public_pem()).value()));
  head.position = Position(78);
  EXPECT_FALSE(signature_holds(head, keys));
  EXPECT_FALSE(PublicKeys::parse("no key"));
  const auto again = SigningKey::load_or_create(folder.path() / "a.pem").value();
  EXPECT_FALSE(again.created());
  EXPECT_EQ(again.public_raw(), key.public_raw());
}

}  // namespace
}  // namespace yagura::journal
