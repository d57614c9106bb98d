#include "intake/agent_positions.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "journal/transfer.hpp"
#include "journal/writer.hpp"

namespace yagura::intake {
namespace {

// A real journal that can be closed, killed (opened again without closing) and read.
class AgentPositionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = FileCheckpointStore::open(folder_.path() / "checkpoints");
    ASSERT_TRUE(store);
    checkpoints_ = std::move(*store);
    open();
  }
  void open() {
    auto writer = journal::Writer::open({.folder = folder_.path() / "journal", .signing_key = folder_.path() / "key.pem", .min_free = 1_MiB});
    ASSERT_TRUE(writer) << writer.error().message();
    writer_ = std::move(*writer);
    sink_ = std::make_unique<JournalSink>(*writer_);
    auto opened = AgentPositions::open(*sink_, *checkpoints_, [this](Position from) { return writer_->tail(from); });
    ASSERT_TRUE(opened) << opened.error().message();
    positions_ = std::move(*opened);
  }
  void restart() {
    positions_.reset();
    sink_.reset();
    writer_.reset();
    open();
  }
  static std::vector<std::shared_ptr<const journal::Block>> batch(std::uint64_t first, std::uint64_t last, std::string_view source = "files") {
    const journal::Origin origin{.source = source, .peer = "/var/log/x", .hint = "auto"};
    journal::TransferBuilder builder;
    std::vector<std::string> lines;
    for (std::uint64_t i = first; i <= last; ++i) lines.push_back(fmt::format("line {}", i));
    for (std::uint64_t i = first; i <= last; ++i) {
      journal::Entry entry;
      entry.position = Position(i);
      entry.payload = lines[i - first];
      entry.origin = &origin;
      builder.add(entry);
    }
    return *journal::decode_transfer(builder.finish());
  }
  Result<AgentTaken> take(std::uint64_t first, std::uint64_t last, std::uint64_t after) {
    return positions_->take({.agent = "a1", .host = "web1", .spool = spool_, .after = Position(after), .runs = batch(first, last)}, Deadline::in(10s));
  }
  std::vector<std::string> journaled() {
    std::vector<std::string> out;
    const auto tail = writer_->tail(Position(1));
    while (auto block = *tail->next(Deadline::in(0ms)))
      for (const auto& entry : block->entries())
        if (entry.hint() != journal::kTransferHint) out.emplace_back(entry.payload);
    return out;
  }

  TemporaryDirectory folder_;
  const Guid spool_{7, 8};
  std::unique_ptr<FileCheckpointStore> checkpoints_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<JournalSink> sink_;
  std::unique_ptr<AgentPositions> positions_;
};

TEST_F(AgentPositionsTest, WhatComesAgainIsTakenOnce) {
  EXPECT_EQ(take(1, 5, 0)->acked, Position(5));
  EXPECT_EQ(take(1, 5, 0)->entries, 0U);
  const auto overlapping = take(4, 8, 3);
  EXPECT_EQ(overlapping->entries, 3U);
  EXPECT_EQ(overlapping->acked, Position(8));
  EXPECT_EQ(journaled().size(), 8U);
  const auto progress = positions_->progress("a1", spool_);
  EXPECT_EQ(progress->journaled, (std::map<std::string, std::uint64_t>{{"files", 8}}));
}

TEST_F(AgentPositionsTest, EntriesSayWhichAgentAndHostTheyAreOf) {
  ASSERT_TRUE(take(1, 1, 0));
  const auto tail = writer_->tail(Position(1));
  const auto block = *tail->next(Deadline::in(1s));
  ASSERT_EQ(block->entries().size(), 2U);
  EXPECT_EQ(block->entries()[0].payload, "yagura-transfer:1:a1:00000000-0000-0007-0000-000000000008:1+1");
  EXPECT_EQ(block->entries()[1].source(), "agent:a1/files");
  EXPECT_EQ(block->entries()[1].hint(), "auto?host=web1");
  EXPECT_EQ(block->entries()[1].peer(), "/var/log/x");
  EXPECT_TRUE(block->entries()[1].read_at);
}

TEST_F(AgentPositionsTest, TheJournalItselfTellsAfterARestartWithoutCheckpoint) {
  ASSERT_TRUE(take(1, 5, 0));
  ASSERT_TRUE(take(6, 9, 5));
  restart();  // nothing was checkpointed but that the journal is to be read
  EXPECT_EQ(positions_->progress("a1", spool_)->acked, Position(9));
  EXPECT_EQ(positions_->progress("a1", spool_)->journaled.at("files"), 9U);
  EXPECT_EQ(take(6, 10, 5)->entries, 1U);
  EXPECT_EQ(journaled().size(), 10U);
}

TEST_F(AgentPositionsTest, CheckpointsSpareTheReadingAndCountNothingTwice) {
  ASSERT_TRUE(take(1, 5, 0));
  ASSERT_TRUE(positions_->checkpoint(0s));
  ASSERT_TRUE(take(6, 9, 5));
  restart();
  EXPECT_EQ(positions_->progress("a1", spool_)->journaled.at("files"), 9U);
  ASSERT_TRUE(positions_->checkpoint(0s));
  restart();
  EXPECT_EQ(positions_->progress("a1", spool_)->acked, Position(9));
}

TEST_F(AgentPositionsTest, HalfABatchOnDiskIsKnownAsThatHalf) {
  // As a crash leaves it: the statement and the first two of its five entries.
  const std::string said = journal::to_text(journal::TransferStatement{"a1", spool_, {{Position(3), 1}, {Position(4'194'310), 4}}});
  const std::string source = agent_source("a1", "files");
  const std::vector<journal::EntryView> entries{{.source = "agents", .hint = journal::kTransferHint, .payload = said},
                                                {.source = source, .hint = "auto", .payload = "one"},
                                                {.source = source, .hint = "auto", .payload = "two"}};
  ASSERT_TRUE(writer_->wait_durable(*writer_->append(entries, Deadline::in(5s)), Deadline::in(5s)));
  restart();
  EXPECT_EQ(positions_->progress("a1", spool_)->acked, Position(4'194'310));
  EXPECT_EQ(positions_->progress("a1", spool_)->journaled.at("files"), 2U);
}

TEST_F(AgentPositionsTest, AnAgentThatIsAheadIsSentBack) {
  ASSERT_TRUE(take(1, 5, 0));
  const auto taken = take(100, 101, 99);
  EXPECT_TRUE(taken->conflict);
  EXPECT_EQ(taken->acked, Position(5));
  EXPECT_EQ(journaled().size(), 5U);
  EXPECT_EQ(take(100, 101, 5)->acked, Position(101)) << "its spool jumped";
}

TEST_F(AgentPositionsTest, AFullJournalTakesNothingAndSaysSo) {
  auto full = journal::Writer::open({.folder = folder_.path() / "full", .signing_key = folder_.path() / "full.pem", .min_free = Bytes(1ULL << 60)});
  ASSERT_TRUE(full);
  JournalSink sink(**full);
  auto checkpoints = FileCheckpointStore::open(folder_.path() / "c2");
  auto positions = AgentPositions::open(sink, **checkpoints, [&](Position from) { return (*full)->tail(from); });
  ASSERT_TRUE(positions);
  const auto taken = (*positions)->take({.agent = "a1", .host = "web1", .spool = spool_, .after = {}, .runs = batch(1, 5)}, Deadline::in(2s));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind(), ErrorKind::exhausted);
  EXPECT_EQ((*positions)->progress("a1", spool_)->acked, Position(0));
}

}  // namespace
}  // namespace yagura::intake
