#include "intake/file_tail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "base/file.hpp"
#include "intake/followed_file.hpp"
#include "intake/recording_sink.hpp"

namespace yagura::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class FileTailTest : public ::testing::Test {
 protected:
  void SetUp() override { checkpoints_ = std::move(*FileCheckpointStore::open(folder_.path() / "checkpoints")); }
  void start(FileTailSettings settings = {}) {
    settings.name = "files";
    if (settings.paths.empty()) settings.paths = {path("*.log*")};
    settings.poll_interval = 10ms;
    settings.rescan_interval = 20ms;
    tail_ = FileTail::create(settings, sink_, *checkpoints_);
    auto started = tail_->start();
    ASSERT_TRUE(started) << started.error().message();
  }
  void stop() { tail_.reset(); }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void append(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::app | std::ios::binary) << text;
  }
  void settle() const { std::this_thread::sleep_for(100ms); }

  TemporaryDirectory folder_;
  RecordingSink sink_;
  std::unique_ptr<FileCheckpointStore> checkpoints_;
  std::unique_ptr<FileTail> tail_;
};

TEST_F(FileTailTest, FollowsWhatIsThereAndWhatComes) {
  append("a.log", "one\ntwo\r\n\n");
  start();
  ASSERT_TRUE(sink_.wait_for(2));
  append("a.log", "thr");
  settle();
  EXPECT_EQ(sink_.count(), 2U);  // a line without its end is kept back
  append("a.log", "ee\n");
  append("b.log", "other\n");
  ASSERT_TRUE(sink_.wait_for(4));
  EXPECT_THAT(sink_.payloads(), UnorderedElementsAre("one", "two", "three", "other"));
  EXPECT_EQ(sink_.kept()[0].peer, path("a.log"));
  EXPECT_EQ(sink_.kept()[0].hint, "auto");
  EXPECT_EQ(tail_->status().connections, 2U);
}

TEST_F(FileTailTest, GoesOnWhereItStoodAfterARestart) {
  append("a.log", "one\ntwo\n");
  start();
  ASSERT_TRUE(sink_.wait_for(2));
  stop();
  append("a.log", "three\n");
  start();
  ASSERT_TRUE(sink_.wait_for(3));
  settle();
  EXPECT_THAT(sink_.payloads(), ElementsAre("one", "two", "three"));
}

TEST_F(FileTailTest, WhatWasNotDurableIsReadAgainWithTheSameIdentity) {
  append("a.log", "one\ntwo\n");
  sink_.set_durable(0);
  start();
  ASSERT_TRUE(sink_.wait_for(2));
  stop();  // waits for the disk in vain
  sink_.set_durable(1000);
  start();
  ASSERT_TRUE(sink_.wait_for(4));
  const auto kept = sink_.kept();
  EXPECT_EQ(kept[0].item_id, kept[2].item_id);
  EXPECT_EQ(kept[1].item_id, kept[3].item_id);
  EXPECT_NE(kept[0].item_id, kept[1].item_id);
}

TEST_F(FileTailTest, RotationByRename) {
  append("a.log", "one\n");
  start();
  ASSERT_TRUE(sink_.wait_for(1));
  std::filesystem::rename(path("a.log"), path("a.log.1"));
  append("a.log.1", "late to the old\n");
  append("a.log", "first of the new\n");
  ASSERT_TRUE(sink_.wait_for(3));
  settle();
  EXPECT_THAT(sink_.payloads(), UnorderedElementsAre("one", "late to the old", "first of the new"));
}

TEST_F(FileTailTest, RotationByRenameOutOfThePattern) {
  append("a.log", "one\n");
  start({.paths = {path("a.log")}});
  ASSERT_TRUE(sink_.wait_for(1));
  append("a.log", "two\n");
  std::filesystem::rename(path("a.log"), path("old"));
  append("old", "three\n");
  append("a.log", "four\n");
  ASSERT_TRUE(sink_.wait_for(4));
  EXPECT_THAT(sink_.payloads(), UnorderedElementsAre("one", "two", "three", "four"));
}

TEST_F(FileTailTest, CopyAndTruncate) {
  append("a.log", "one\ntwo\nthree\n");
  start();
  ASSERT_TRUE(sink_.wait_for(3));
  settle();
  ASSERT_EQ(::truncate(path("a.log").c_str(), 0), 0);
  settle();
  append("a.log", "one\n");  // the same text at the same place is another line
  ASSERT_TRUE(sink_.wait_for(4));
  const auto kept = sink_.kept();
  EXPECT_EQ(kept[3].payload, "one");
  EXPECT_NE(kept[3].item_id, kept[0].item_id);
}

TEST_F(FileTailTest, TruncatedAndGrownBetweenTwoLooks) {
  append("a.log", "one\ntwo\n");
  start();
  ASSERT_TRUE(sink_.wait_for(2));
  settle();
  {
    std::ofstream(path("a.log"), std::ios::trunc) << "NEW content that is longer than before\nand more\n";
  }
  ASSERT_TRUE(sink_.wait_for(4));
  EXPECT_EQ(sink_.payloads()[2], "NEW content that is longer than before");
}

TEST_F(FileTailTest, AHoleAfterATruncationIsNoText) {
  append("a.log", "0123456789\n");
  start();
  ASSERT_TRUE(sink_.wait_for(1));
  settle();
  ASSERT_EQ(::truncate(path("a.log").c_str(), 0), 0);
  settle();
  const FileDescriptor fd(::open(path("a.log").c_str(), O_WRONLY));
  ASSERT_EQ(::pwrite(fd.get(), "next\n", 5, 11), 5);  // a writer that kept its offset
  ASSERT_TRUE(sink_.wait_for(2));
  EXPECT_EQ(sink_.payloads()[1], "next");
}

TEST_F(FileTailTest, StartAtTheEndCountsOnlyAtTheVeryFirstStart) {
  append("a.log", "old\n");
  start({.from_beginning = false});
  settle();
  append("a.log", "new\n");
  append("b.log", "came later\n");
  ASSERT_TRUE(sink_.wait_for(2));
  stop();
  append("c.log", "while away\n");
  start({.from_beginning = false});
  ASSERT_TRUE(sink_.wait_for(3));
  EXPECT_THAT(sink_.payloads(), UnorderedElementsAre("new", "came later", "while away"));
}

TEST_F(FileTailTest, LongLinesComeInPieces) {
  append("a.log", std::string(2500, 'x') + "\nnext\n");
  start({.max_message = 1000_B});
  ASSERT_TRUE(sink_.wait_for(4));
  const auto kept = sink_.kept();
  EXPECT_EQ(kept[0].payload + kept[1].payload + kept[2].payload, std::string(2500, 'x'));
  EXPECT_EQ(kept[0].hint, "auto");
  EXPECT_EQ(kept[1].hint, "text");
  EXPECT_EQ(kept[3].hint, "auto");
}

TEST_F(FileTailTest, LeavesOutWhatIsExcludedOrCompressed) {
  append("a.log", "one\n");
  append("a.log.2.gz", "zipped\n");
  append("secret.log", "secret\n");
  std::filesystem::create_directory(path("folder.log"));
  start({.exclude = {"secret*"}});
  ASSERT_TRUE(sink_.wait_for(1));
  settle();
  EXPECT_THAT(sink_.payloads(), ElementsAre("one"));
}

TEST_F(FileTailTest, BoundsTheNumberOfFilesAndSaysSo) {
  for (int i = 0; i < 5; ++i) append(std::to_string(i) + ".log", "x\n");
  start({.max_files = 3});
  ASSERT_TRUE(sink_.wait_for(3));
  settle();
  EXPECT_EQ(sink_.count(), 3U);
  EXPECT_THAT(tail_->status().detail, HasSubstr("more than 3 files"));
}

TEST_F(FileTailTest, NothingLostAndNothingDoubledOverManyRotations) {
  start({.paths = {path("r.log*")}});
  std::mt19937 random(7);
  int written = 0;
  for (int cycle = 0; cycle < 40; ++cycle) {
    const int lines = static_cast<int>(random() % 50);
    for (int i = 0; i < lines; ++i) append("r.log", fmt::format("line {}\n", written++));
    for (int n = 8; n > 0; --n)
      if (std::filesystem::exists(path("r.log." + std::to_string(n))))
        std::filesystem::rename(path("r.log." + std::to_string(n)), path("r.log." + std::to_string(n + 1)));
    if (std::filesystem::exists(path("r.log"))) std::filesystem::rename(path("r.log"), path("r.log.1"));
    if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    if (cycle == 20) {
      stop();
      start({.paths = {path("r.log*")}});
    }
    // The oldest goes only when it has surely been seen.
    if (cycle % 8 == 7) {
      ASSERT_TRUE(sink_.wait_for(static_cast<std::uint64_t>(written)));
      for (int n = 1; n < 10; ++n) std::filesystem::remove(path("r.log." + std::to_string(n)));
    }
  }
  ASSERT_TRUE(sink_.wait_for(static_cast<std::uint64_t>(written)));
  settle();
  std::set<std::string> distinct;
  for (const auto& payload : sink_.payloads()) distinct.insert(payload);
  EXPECT_EQ(distinct.size(), static_cast<std::size_t>(written));
  EXPECT_EQ(sink_.count(), static_cast<std::uint64_t>(written));
}

TEST(FileProgress, ReadsBackWhatItWrote) {
  const std::vector<FileProgress> progress{{{1, 2}, 3, 4, 5, 6}, {{7, 8}, 18446744073709551615ULL, 10, 11, 12}};
  const auto text = to_text(progress);
  EXPECT_EQ(to_text(parse_progress(text)), text);
  EXPECT_EQ(parse_progress("1 2 3\nnonsense\n1 2 3 4 5 x\n").size(), 0U);
}

TEST(FileCheckpointStore, KeepsValues) {
  TemporaryDirectory folder;
  {
    auto store = FileCheckpointStore::open(folder.path() / "new" / "deep");
    ASSERT_TRUE(store);
    EXPECT_EQ(*(*store)->load("a/b"), std::nullopt);
    ASSERT_TRUE((*store)->save("a/b", "value"));
  }
  auto again = FileCheckpointStore::open(folder.path() / "new" / "deep");
  EXPECT_EQ(*(*again)->load("a/b"), "value");
}

}  // namespace
}  // namespace yagura::intake
