// Cases below tests/cases/normalise/packs: a pack (YAML) or the name of a shipped one, a record, and the fields that
// are added. Sections: pack (a text) or use (a name of content/packs), record, expected; error instead of expected for
// packs that must not load.
#include "normalise/pack.hpp"

#include "base/time.hpp"
#include "normalise/record_text.hpp"
#include "testing/case_files.hpp"

namespace yagura::normalise {
namespace {

using event::RecordBatch;
using testing::Case;

const PackSet& shipped() {
  static const auto loaded = [] {
    auto packs = PackSet::load(testing::project_root() / "content" / "packs");
    if (!packs) ADD_FAILURE() << packs.error().message();
    return packs ? std::move(*packs) : PackSet();
  }();
  return loaded;
}

class PackCases : public ::testing::TestWithParam<Case> {};

TEST_P(PackCases, AddFieldsAsWritten) {
  const Case& c = GetParam();
  std::optional<PackSet> own;
  if (c.has("pack")) {
    auto parsed = PackSet::parse(c["pack"], "pack.yaml");
    if (c.has("error")) {
      ASSERT_FALSE(parsed) << c.where;
      expect_section(c, "error", parsed.error().message());
      return;
    }
    ASSERT_TRUE(parsed) << c.where << ": " << parsed.error().message();
    own = std::move(*parsed);
  }
  const PackSet& packs = own ? *own : shipped();
  RecordBatch batch;
  testing_support::add_record(batch, c["record"]);
  if (c.has("use")) {
    ASSERT_TRUE(packs.apply(batch, 0, trim(c["use"]))) << c.where << ": no such pack";
  } else {
    packs.apply(batch, PackSet::Use::all);
  }
  std::string text;
  const auto record = batch[0];
  if (record.header().has_own_time)
    text += "@time: " + format_datetime(record.header().time.time_since_epoch().count()) + "\n";
  for (const auto& f : record.added_fields()) {
    text += fmt::format("{}: ", f.name);
    append_json(text, f.value);
    text += '\n';
  }
  if (!text.empty()) text.pop_back();
  expect_section(c, "expected", text);
}
INSTANTIATE_TEST_SUITE_P(Files, PackCases, ::testing::ValuesIn(testing::read_cases("normalise/packs")),
                         testing::case_name);

TEST(Packs, AllOfThoseShippedLoad) { EXPECT_GT(shipped().names().size(), 150u); }

TEST(Packs, LeaveRecordsAloneWhoseFieldsNobodyStores) {
  RecordBatch batch;
  testing_support::add_record(
      batch, "@format: rfc3164\nAppName: \"sshd\"\nMessage: \"Accepted password for bob from 192.0.2.1 port 22 ssh2\"");
  shipped().apply(batch);
  EXPECT_TRUE(batch[0].added_fields().empty());
  shipped().apply(batch, PackSet::Use::all);
  EXPECT_FALSE(batch[0].added_fields().empty());
}

TEST(Packs, KeepTheRecordsOwnFields) {
  RecordBatch batch;
  for (int i = 0; i < 3; ++i)
    testing_support::add_record(
        batch,
        "@format: rfc3164\nAppName: \"sshd\"\nMessage: \"Accepted password for bob from 192.0.2.1 port 22 ssh2\"");
  shipped().apply(batch, PackSet::Use::all);
  for (int i = 0; i < 3; ++i) {
    const auto record = batch[static_cast<std::size_t>(i)];
    EXPECT_EQ(record.own_fields().size(), 2u);
    EXPECT_EQ(record.text(event::intern_field("source.ip")), "192.0.2.1");
    EXPECT_EQ(record.text(event::intern_field("AppName")), "sshd");
  }
}

TEST(Packs, AreFoundByTheirNames) {
  RecordBatch batch;
  testing_support::add_record(batch, "Message: \"x\"");
  EXPECT_FALSE(shipped().apply(batch, 0, "no_such_pack"));
  EXPECT_TRUE(shipped().apply(batch, 0, "cisco_nx_os"));  // an alias
}

}  // namespace
}  // namespace yagura::normalise
