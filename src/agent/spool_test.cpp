#include "agent/spool.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace yagura::agent {
namespace {

class SpoolTest : public ::testing::Test {
 protected:
  void open(Bytes most = 64_MiB, std::uint64_t limit = 0) {
    spool_.reset();  // without closing: as a crash leaves it, but for what is not durable
    auto opened = Spool::open({.folder = folder_.path(), .max_size = most, .min_free = 1_MiB, .keep_sent = 1_MiB, .events_per_second = limit});
    ASSERT_TRUE(opened) << opened.error().message();
    spool_ = std::move(*opened);
  }
  // Events first..last of a source, each with its identity, as a source gives them.
  Result<Position> give(std::uint64_t first, std::uint64_t last, const std::string& source = "files", Deadline deadline = Deadline::in(5s)) {
    std::vector<std::string> texts;
    std::vector<journal::EntryView> entries;
    for (auto i = first; i <= last; ++i) texts.push_back(fmt::format("{} line {}", source, i));
    for (auto i = first; i <= last; ++i) entries.push_back({.source = source, .hint = "auto", .payload = texts[i - first], .item_id = Guid{hash_of(source), i}});
    return spool_->of(source).append(entries, deadline);
  }
  static std::uint64_t hash_of(const std::string& source) { return std::hash<std::string>()(source) | 1; }
  void durable() { ASSERT_TRUE(spool_->journal().wait_durable(spool_->journal().appended_position(), Deadline::in(5s))); }
  std::vector<std::string> held() {
    std::vector<std::string> out;
    const auto tail = spool_->journal().tail(Position(1));
    while (auto block = *tail->next(Deadline::in(0ms)))
      for (const auto& entry : block->entries()) out.emplace_back(entry.payload);
    return out;
  }

  TemporaryDirectory folder_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, WhatASourceGivesAgainAfterACrashIsThereOnce) {
  open();
  ASSERT_EQ(*spool_->of("files").load("k"), std::nullopt);
  spool_->opened();
  ASSERT_TRUE(give(1, 10));
  durable();
  open();
  ASSERT_EQ(*spool_->of("files").load("k"), std::nullopt) << "it had saved nothing";
  ASSERT_TRUE(give(1, 6));
  ASSERT_TRUE(give(7, 15));
  durable();
  EXPECT_EQ(held().size(), 15U);
  EXPECT_EQ(spool_->accepted().at("files"), 15U);
}

TEST_F(SpoolTest, ACheckpointWhileItGivesAgainCoversOnlyWhatItGave) {
  open();
  (void)spool_->of("files").load("k");
  spool_->opened();
  ASSERT_TRUE(give(1, 10));
  durable();
  open();
  (void)spool_->of("files").load("k");
  spool_->opened();
  // It looks at what is durable, and saves, before it has come to where it was: then it crashes again.
  (void)spool_->of("files").durable_position();
  ASSERT_TRUE(spool_->of("files").save("k", "at 0"));
  ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {}, .damaged = 0, .agent = {}}));
  open();
  EXPECT_EQ(*spool_->of("files").load("k"), "at 0");
  ASSERT_TRUE(give(1, 12));
  durable();
  EXPECT_EQ(held().size(), 12U);
}

TEST_F(SpoolTest, NothingIsForgottenBeforeTheSourcesAreThere) {
  open();
  (void)spool_->of("files").load("k");
  spool_->opened();
  ASSERT_TRUE(give(1, 10));
  durable();
  open();
  // The uplink is quicker than the sources.
  ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {{"files", 10}}, .damaged = 0, .agent = {}}));
  (void)spool_->of("files").load("k");
  spool_->opened();
  ASSERT_TRUE(give(1, 10));
  durable();
  EXPECT_EQ(held().size(), 10U);
}

TEST_F(SpoolTest, ASavedCheckpointEndsTheRemembering) {
  open();
  auto& door = spool_->of("files");
  (void)door.load("k");
  spool_->opened();
  ASSERT_TRUE(give(1, 10));
  durable();
  (void)door.durable_position();
  ASSERT_TRUE(door.save("k", "at 10"));
  open();
  EXPECT_EQ(*spool_->of("files").load("k"), "at 10");
  ASSERT_TRUE(give(11, 12));
  // An event of the same identity is not one that is given again: the source says it has it behind itself.
  ASSERT_TRUE(give(3, 3));
  durable();
  EXPECT_EQ(held().size(), 13U);
}

TEST_F(SpoolTest, CountsGoOnAfterARestart) {
  open();
  ASSERT_TRUE(give(1, 10));
  ASSERT_TRUE(give(1, 3, "other"));
  durable();
  ASSERT_TRUE(spool_->keep({.through = Position(7), .sent = {{"files", 7}}, .damaged = 2, .agent = "a1"}));
  open();
  EXPECT_EQ(spool_->accepted(), (std::map<std::string, std::uint64_t>{{"files", 10}, {"other", 3}}));
  EXPECT_EQ(spool_->progress().through, Position(7));
  EXPECT_EQ(spool_->progress().damaged, 2U);
  EXPECT_EQ(spool_->progress().agent, "a1");
}

TEST_F(SpoolTest, AFullSpoolLetsNothingInUntilTheServerHasSome) {
  open(4_MiB);
  std::uint64_t i = 1;
  std::string noise(60'000, ' ');
  Result<Position> last;
  for (; i < 1'000; ++i) {
    const journal::EntryView entry{.source = "s", .payload = noise};
    last = spool_->of("s").append(std::span(&entry, 1), Deadline::in(200ms));
    if (!last) break;
    durable();
    if (i % 20 == 0) spool_->look();
    // A text that no compressor makes smaller.
    for (std::size_t k = 0; k < noise.size(); k += 8) {
      const auto value = hash64(std::string_view(reinterpret_cast<const char*>(&i), 8), k);
      std::memcpy(noise.data() + k, &value, 8);
    }
  }
  ASSERT_FALSE(last) << "it never was full";
  EXPECT_EQ(last.error().kind(), ErrorKind::exhausted);
  EXPECT_NE(last.error().message().find("the spool holds 4.0 MiB"), std::string::npos) << last.error().message();
  EXPECT_FALSE(spool_->status().trouble.empty());
  spool_->opened();
  ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {{"s", i}}, .damaged = 0, .agent = {}}));
  EXPECT_TRUE(give(1, 1, "s"));
}

TEST_F(SpoolTest, ASourceThatHasNotSavedItsPlaceDoesNotWaitForItself) {
  open(4_MiB);
  auto& door = spool_->of("s");
  (void)door.load("k");
  spool_->opened();
  std::string noise(60'000, ' ');
  for (std::uint64_t i = 1; i <= 90; ++i) {  // above the bound, all of it sent
    for (std::size_t k = 0; k < noise.size(); k += 8) {
      const auto value = hash64(std::string_view(reinterpret_cast<const char*>(&i), 8), k);
      std::memcpy(noise.data() + k, &value, 8);
    }
    const journal::EntryView entry{.source = "s", .payload = noise};
    ASSERT_TRUE(door.append(std::span(&entry, 1), Deadline::in(200ms))) << i;
    if (i % 10 != 0) continue;
    durable();
    ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {{"s", i}}, .damaged = 0, .agent = {}}));
  }
  (void)door.durable_position();
  ASSERT_TRUE(door.save("k", "at 90"));
  ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {{"s", 90}}, .damaged = 0, .agent = {}}));
  EXPECT_LT(spool_->status().size, 4_MiB);
}

TEST_F(SpoolTest, SomebodyElseWhoReadsItHoldsIt) {
  open(4_MiB);
  spool_->opened();
  spool_->hold([] { return std::optional(Position(1)); });
  ASSERT_TRUE(give(1, 100));
  durable();
  ASSERT_TRUE(spool_->keep({.through = spool_->journal().durable_position(), .sent = {{"files", 100}}, .damaged = 0, .agent = {}}));
  EXPECT_EQ(held().size(), 100U);
}

TEST_F(SpoolTest, ALimitIsKept) {
  open(64_MiB, 100);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 4; ++i)
    while (!give(i * 20 + 1, i * 20 + 20, "s", Deadline::in(100ms))) {
    }
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 400ms);
}

}  // namespace
}  // namespace yagura::agent
