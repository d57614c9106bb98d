#include "journal/evidence.hpp"

#include "journal/journal_fixture.hpp"

namespace yagura::journal {
namespace {

using EvidenceTest = JournalTest;

TEST_F(EvidenceTest, ProvesAnEntryByPositionAndByIdentity) {
  const auto written = make_journal(2000);
  for (const std::size_t i : {0U, 777U, 1999U}) {
    const auto proof = prove_entry(options.folder, std::to_string(written[i].position.number()));
    ASSERT_TRUE(proof) << proof.error().message();
    EXPECT_TRUE(proof->proven()) << to_text(*proof);
    EXPECT_EQ(proof->found->payload, written[i].payload);
    EXPECT_EQ(proof->payload_digest, sha256(written[i].payload));
    EXPECT_TRUE(proof->keys_from_folder);
    const auto again = prove_entry(options.folder, to_string(item_id_of(*proof->found.entry)));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->found->position, written[i].position);
  }
}

TEST_F(EvidenceTest, ProvesAnEntryOfARunningWriterByTheHeadFile) {
  options.head_interval = 1ms;
  auto writer = open();
  append_lines(*writer, 100);
  Result<EntryProof> proof = prove_entry(options.folder, "60");
  for (int tries = 0; tries < 200 && proof && !proof->proven(); ++tries) {
    std::this_thread::sleep_for(10ms);
    proof = prove_entry(options.folder, "60");
  }
  ASSERT_TRUE(proof) << proof.error().message();
  EXPECT_TRUE(proof->proven()) << to_text(*proof);
}

TEST_F(EvidenceTest, SaysWhatSpeaksAgainstAnEntry) {
  const auto written = make_journal(2000);
  const SegmentFile file = segments()[1];
  const auto blocks = block_offsets(file);
  std::string bytes = bytes_of(file.path);
  bytes[blocks[6] + 120] = static_cast<char>(bytes[blocks[6] + 120] ^ 1);  // behind the entry, before the signature
  put_bytes(file.path, bytes);
  const auto proof = prove_entry(options.folder, std::to_string(file.first.number() + 1));
  ASSERT_TRUE(proof) << proof.error().message();
  EXPECT_FALSE(proof->proven());
  EXPECT_NE(to_text(*proof).find(fmt::format("damaged at byte {}", blocks[6])), std::string::npos) << to_text(*proof);

  const auto other = SigningKey::load_or_create(temporary.path() / "other.pem").value();
  const auto stranger = prove_entry(options.folder, "1", PublicKeys::parse(other.public_pem()).value());
  ASSERT_TRUE(stranger);
  EXPECT_FALSE(stranger->proven());
}

TEST_F(EvidenceTest, RefusesWhatIsNotThere) {
  make_journal(20);
  EXPECT_EQ(prove_entry(options.folder, "21").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(prove_entry(options.folder, "0").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(prove_entry(options.folder, "no-id").error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(prove_entry(options.folder, to_string(Guid::random())).error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace yagura::journal
