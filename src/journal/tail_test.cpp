#include "journal/tail.hpp"

#include <thread>

#include "journal/journal_fixture.hpp"

namespace yagura::journal {
namespace {

using TailTest = JournalTest;

TEST_F(TailTest, FollowsAWriterFromMemory) {
  auto writer = open();
  auto tail = writer->tail(Position(1));
  std::map<Position, std::string> read;
  std::thread follower([&] {
    while (read.size() < 2000) {
      const auto block = tail->next(Deadline::in(5s)).value();
      ASSERT_NE(block, nullptr);
      for (const Entry& entry : block->entries()) read[entry.position] = entry.payload;
    }
  });
  const auto written = append_lines(*writer, 2000);
  follower.join();
  expect_same(written, read);
  EXPECT_GT(tail->stats().from_memory, tail->stats().blocks * 9 / 10);
  EXPECT_EQ(tail->position(), Position(2001));
}

TEST_F(TailTest, BeginsOnDiskAndChangesOverToMemory) {
  options.cache = 16_KiB;
  auto written = make_journal(1000);
  auto writer = open();
  const auto more = append_lines(*writer, 500);
  written.insert(written.end(), more.begin(), more.end());
  auto tail = writer->tail(Position());
  std::map<Position, std::string> read;
  while (read.size() < written.size()) {
    const auto block = tail->next(Deadline::in(1s)).value();
    ASSERT_NE(block, nullptr);
    for (const Entry& entry : block->entries()) read[entry.position] = entry.payload;
  }
  expect_same(written, read);
  EXPECT_GT(tail->stats().from_memory, 0U);
  EXPECT_LT(tail->stats().from_memory, tail->stats().blocks);
  const auto last = append_lines(*writer, 1);
  EXPECT_EQ(tail->next(Deadline::in(1s)).value()->entries().back().payload, last[0].payload);
}

TEST_F(TailTest, BeginsInTheMiddleOfABlock) {
  make_journal(1000);
  for (const auto from : {Position(7), Position(333), Position(1000)}) {
    const auto tail = open_tail(options.folder, from).value();
    const auto block = tail->next(Deadline::in(0ms)).value();
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(block->entries_from(from).front().position, from);
  }
}

TEST_F(TailTest, WaitsAtTheEndUntilTheDeadlineOrACancel) {
  auto writer = open();
  append_lines(*writer, 10);
  std::vector<std::unique_ptr<Tail>> tails;
  tails.push_back(writer->tail(Position(11)));
  tails.push_back(open_tail(options.folder, Position(11)).value());
  for (const auto& tail : tails) {
    EXPECT_EQ(*tail->next(Deadline::in(20ms)), nullptr);
    std::thread canceller([&] {
      std::this_thread::sleep_for(30ms);
      tail->cancel();
    });
    EXPECT_EQ(*tail->next(Deadline::in(60s)), nullptr);
    canceller.join();
  }
}

TEST_F(TailTest, EndsWhenTheWriterCloses) {
  auto writer = open();
  append_lines(*writer, 10);
  auto tail = writer->tail(Position(1));
  std::thread closer([&] {
    std::this_thread::sleep_for(30ms);
    EXPECT_TRUE(writer->close({}));
  });
  std::size_t seen = 0;
  while (const auto block = tail->next(Deadline::never()).value()) seen += block->size();
  closer.join();
  EXPECT_EQ(seen, 10U);
}

TEST_F(TailTest, FollowsFromAnotherProcessOverSegmentBorders) {
  auto writer = open();
  auto tail = open_tail(options.folder, Position(1)).value();
  EXPECT_EQ(*tail->next(Deadline::in(0ms)), nullptr) << "the journal is empty";
  std::vector<Written> written;
  std::map<Position, std::string> read;
  for (int round = 0; round < 30; ++round) {
    const auto some = append_lines(*writer, 100);
    written.insert(written.end(), some.begin(), some.end());
    while (read.size() < written.size()) {
      const auto block = tail->next(Deadline::in(5s)).value();
      ASSERT_NE(block, nullptr) << "round " << round;
      for (const Entry& entry : block->entries()) read[entry.position] = entry.payload;
    }
  }
  EXPECT_GT(segments().size(), 3U);
  expect_same(written, read);
}

TEST_F(TailTest, RefusesAFolderThatIsNotThere) { EXPECT_FALSE(open_tail(temporary.path() / "nowhere", Position(1))); }

TEST_F(TailTest, IsNotDisturbedByRetention) {
  auto writer = open();
  const auto written = append_lines(*writer, 3000);
  auto tail = open_tail(options.folder, Position(1)).value();
  ASSERT_NE(*tail->next(Deadline::in(0ms)), nullptr);
  RetentionPolicy policy;
  policy.max_size = 1_B;
  policy.keep_from = Position(3001);
  const auto report = writer->retain(policy).value();
  ASSERT_GT(report.segments_deleted, 1U);
  Position last;
  while (const auto block = tail->next(Deadline::in(0ms)).value()) {
    EXPECT_GT(block->first(), last);
    last = block->last();
  }
  EXPECT_EQ(last, written.back().position);
}

}  // namespace
}  // namespace yagura::journal
