#include "flow/cut_log.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace yagura::flow {
namespace {

CutRange range(std::uint64_t first, std::uint64_t last) { return {Position(first), Position(last)}; }

void overwrite(const std::filesystem::path& file, std::streamoff at, char byte) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(at);
  stream.put(byte);
}

TEST(CutLog, StartsEmpty) {
  TemporaryDirectory folder;
  auto log = CutLog::open(folder.path() / "cuts");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->done(), Position());
  EXPECT_FALSE(log->unfinished());
}

TEST(CutLog, APlannedCutIsUnfinishedAfterACrash) {
  TemporaryDirectory folder;
  {
    auto log = CutLog::open(folder.path() / "cuts");
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->plan(range(1, 10)));
    ASSERT_TRUE(log->finish(false));
    ASSERT_TRUE(log->plan(range(11, 25)));
  }
  auto log = CutLog::open(folder.path() / "cuts");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->done(), Position(10)) << "the second plan says that the first is done";
  EXPECT_EQ(log->unfinished(), range(11, 25));
}

TEST(CutLog, NothingIsUnfinishedAfterADurableFinish) {
  TemporaryDirectory folder;
  {
    auto log = CutLog::open(folder.path() / "cuts");
    ASSERT_TRUE(log->plan(range(1, 10)));
    ASSERT_TRUE(log->finish(true));
  }
  auto log = CutLog::open(folder.path() / "cuts");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->done(), Position(10));
  EXPECT_FALSE(log->unfinished());
}

TEST(CutLog, ATornWriteLosesTheNewerSlotOnly) {
  TemporaryDirectory folder;
  const auto file = folder.path() / "cuts";
  {
    auto log = CutLog::open(file);          // generation 1: slot 1
    ASSERT_TRUE(log->plan(range(1, 10)));   // generation 2: slot 0
    ASSERT_TRUE(log->finish(false));
    ASSERT_TRUE(log->plan(range(11, 25)));  // generation 3: slot 1
  }
  overwrite(file, 4096 + 20, 'x');
  auto log = CutLog::open(file);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->unfinished(), range(1, 10));
}

TEST(CutLog, RefusesAFileWithoutAWholeSlot) {
  TemporaryDirectory folder;
  const auto file = folder.path() / "cuts";
  {
    auto log = CutLog::open(file);
    ASSERT_TRUE(log->plan(range(1, 10)));
  }
  overwrite(file, 9, 'x');
  overwrite(file, 4096 + 9, 'x');
  auto log = CutLog::open(file);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(log.error().message().find("both slots are damaged"), std::string::npos);
}

}  // namespace
}  // namespace yagura::flow
