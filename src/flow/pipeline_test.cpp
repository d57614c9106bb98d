#include "flow/pipeline.hpp"

#include <gtest/gtest.h>

#include <map>

#include "journal/block.hpp"

namespace yagura::flow {
namespace {

std::shared_ptr<const journal::Block> block_of(std::uint64_t first, std::uint32_t count) {
  return journal::Block::trusted(std::string(100, 'x'), 100, Position(first), count, {});
}

// Gives the blocks after `from`, then nothing.
Pipeline::BlockSource source_of(std::vector<std::shared_ptr<const journal::Block>> blocks, Position from) {
  auto next = std::make_shared<std::size_t>(0);
  while (*next < blocks.size() && blocks[*next]->last() < from) ++*next;
  return [=](Deadline deadline) -> Result<std::shared_ptr<const journal::Block>> {
    if (*next < blocks.size()) return blocks[(*next)++];
    std::this_thread::sleep_for(std::min(deadline.left(), std::chrono::milliseconds(5)));
    return nullptr;
  };
}

// One row per position. Later blocks finish first, so that the order has to be put right.
class CountingProcessor : public BlockProcessor {
 public:
  Result<ProcessedBlock> process(std::shared_ptr<const journal::Block> block) override {
    std::this_thread::sleep_for(std::chrono::microseconds(block->first().number() % 7 * 100));
    ProcessedBlock out{{block->first(), block->last()}, {}, block->size(), 100};
    event::TableBatch rows("T", {{"position", event::KqlType::int64, ""}});
    for (std::uint32_t i = 0; i < block->size(); ++i) rows.column(0).append_int64(static_cast<std::int64_t>(block->first().number() + i));
    out.tables.push_back(std::move(rows));
    return out;
  }
};

// A store with the property that exactly-once needs: a token is taken once.
class TokenStore : public CutSink {
 public:
  Result<> store(Cut& cut) override {
    ++calls;
    const auto token = std::pair(cut.range.first.number(), cut.range.last.number());
    if (fail_after_writing && calls == *fail_after_writing) {
      write(token, cut);
      return fail(ErrorKind::unavailable, "the answer was lost");
    }
    if (failures_left > 0) {
      --failures_left;
      return fail(ErrorKind::unavailable, "the store is not there");
    }
    write(token, cut);
    return {};
  }
  void write(std::pair<std::uint64_t, std::uint64_t> token, const Cut& cut) {
    if (!tokens.emplace(token, true).second) return;
    for (const auto& table : cut.tables)
      for (const auto position : table.column(0).int64s()) rows.push_back(position);
  }
  std::vector<std::int64_t> rows;
  std::map<std::pair<std::uint64_t, std::uint64_t>, bool> tokens;
  int failures_left = 0;
  std::atomic<int> calls{0};
  std::optional<int> fail_after_writing;
};

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() {
    for (std::uint64_t first = 1; first <= 1000; first += 10) blocks_.push_back(block_of(first, 10));
    options_.max_cut_age = std::chrono::milliseconds(5);
    options_.max_cut_rows = 70;
    options_.first_retry = std::chrono::milliseconds(1);
  }
  std::unique_ptr<Pipeline> start(std::vector<std::shared_ptr<const journal::Block>> blocks, std::size_t workers = 3) {
    auto log = CutLog::open(folder_.path() / "cuts");
    EXPECT_TRUE(log);
    const Position from(log->done().number() + 1);
    std::vector<std::unique_ptr<BlockProcessor>> processors;
    for (std::size_t i = 0; i < workers; ++i) processors.push_back(std::make_unique<CountingProcessor>());
    return Pipeline::start(options_, std::move(*log), source_of(std::move(blocks), from), std::move(processors), store_);
  }
  void expect_rows(std::int64_t last) {
    ASSERT_EQ(store_.rows.size(), static_cast<std::size_t>(last));
    for (std::int64_t i = 0; i < last; ++i) ASSERT_EQ(store_.rows[static_cast<std::size_t>(i)], i + 1);
  }

  TemporaryDirectory folder_;
  std::vector<std::shared_ptr<const journal::Block>> blocks_;
  PipelineOptions options_;
  TokenStore store_;
};

TEST_F(PipelineTest, StoresEverythingInOrderOnce) {
  auto pipeline = start(blocks_);
  EXPECT_TRUE(pipeline->wait_stored(Position(1000), Deadline::in(10s)));
  pipeline->stop(Deadline::in(5s));
  expect_rows(1000);
  EXPECT_EQ(pipeline->status().rows_stored, 1000U);
  EXPECT_EQ(CutLog::open(folder_.path() / "cuts")->done(), Position(1000));
}

TEST_F(PipelineTest, AStoreThatFailsIsTriedAgainUntilItWorks) {
  store_.failures_left = 25;
  options_.last_retry = std::chrono::milliseconds(2);
  auto pipeline = start(blocks_);
  EXPECT_TRUE(pipeline->wait_stored(Position(1000), Deadline::in(10s)));
  pipeline->stop(Deadline::in(5s));
  expect_rows(1000);
  EXPECT_EQ(pipeline->status().failures, 25U);
  EXPECT_EQ(pipeline->status().last_error, "");
}

TEST_F(PipelineTest, ACutThatReachedTheStoreBeforeTheCrashIsRepeatedWithTheSameBounds) {
  options_.first_retry = std::chrono::seconds(60);  // so that the first run ends inside of the third cut
  store_.fail_after_writing = 3;
  {
    auto pipeline = start(blocks_);
    while (store_.calls < 3) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(pipeline->wait_stored(Position(1000), Deadline::in(20ms)));
  }  // the destructor does not wait for the store: as a crash
  const auto tokens_before = store_.tokens.size();
  store_.fail_after_writing.reset();
  options_.max_cut_rows = 30;  // other bounds for what comes, the same for what was planned
  auto pipeline = start(blocks_);
  EXPECT_TRUE(pipeline->wait_stored(Position(1000), Deadline::in(10s)));
  pipeline->stop(Deadline::in(5s));
  EXPECT_GT(store_.tokens.size(), tokens_before);
  expect_rows(1000);
}

TEST_F(PipelineTest, ADamagedBlockInsideOfARepeatedCutDoesNotStopTheRest) {
  options_.first_retry = std::chrono::seconds(60);
  store_.failures_left = 1;
  {
    auto pipeline = start(blocks_);
    while (store_.calls < 1) std::this_thread::sleep_for(1ms);
  }
  const auto planned = CutLog::open(folder_.path() / "cuts")->unfinished();
  ASSERT_TRUE(planned);
  auto damaged = blocks_;
  std::erase_if(damaged, [&](const auto& block) { return block->last() == planned->last; });
  auto pipeline = start(damaged);
  EXPECT_TRUE(pipeline->wait_stored(Position(1000), Deadline::in(10s)));
  pipeline->stop(Deadline::in(5s));
  EXPECT_EQ(store_.rows.size(), 990U);
}

TEST_F(PipelineTest, StopStoresWhatHasBeenRead) {
  auto pipeline = start(blocks_);
  std::this_thread::sleep_for(2ms);
  pipeline->stop(Deadline::in(5s));
  const auto done = CutLog::open(folder_.path() / "cuts");
  EXPECT_FALSE(done->unfinished());
  expect_rows(static_cast<std::int64_t>(done->done().number()));
}

TEST_F(PipelineTest, AnErrorOfAWorkerStopsAndIsSaid) {
  class Failing : public BlockProcessor {
    Result<ProcessedBlock> process(std::shared_ptr<const journal::Block>) override { return fail(ErrorKind::internal, "broken"); }
  };
  auto log = CutLog::open(folder_.path() / "cuts");
  std::vector<std::unique_ptr<BlockProcessor>> processors;
  processors.push_back(std::make_unique<Failing>());
  auto pipeline = Pipeline::start(options_, std::move(*log), source_of(blocks_, Position(1)), std::move(processors), store_);
  EXPECT_FALSE(pipeline->wait_stored(Position(1000), Deadline::in(5s)));
  EXPECT_TRUE(pipeline->status().stopped_by_error);
  EXPECT_EQ(pipeline->status().last_error, "broken");
}

}  // namespace
}  // namespace yagura::flow
