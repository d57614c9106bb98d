#include "agent/loss_book.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"

namespace yagura::agent {
namespace {

using Counts = LossBook::Counts;

TEST(LossBook, CountsOnOverRestartsOfSourceAndAgent) {
  TemporaryDirectory folder;
  const auto file = folder.path() / "losses";
  {
    LossBook book(file);
    ASSERT_TRUE(book.load());
    EXPECT_EQ(book.of("udp"), Counts());
    book.note("udp", {{"kernel", 5}});
    book.note("udp", {{"kernel", 7}, {"rate", 1}});
    book.note("udp", {{"kernel", 7}, {"rate", 1}});  // told twice, counted once
    book.ended("udp");
    book.note("udp", {{"kernel", 9}});  // another source of this name: it has lost nine, not two more
    EXPECT_EQ(book.of("udp"), (Counts{{"kernel", 16}, {"rate", 1}}));
    ASSERT_TRUE(book.keep());
  }
  LossBook book(file);
  ASSERT_TRUE(book.load());
  EXPECT_EQ(book.of("udp"), (Counts{{"kernel", 16}, {"rate", 1}}));
  book.note("udp", {{"kernel", 3}});
  book.note("a name, with\nall", {{"re ason", 2}});
  ASSERT_TRUE(book.keep());
  LossBook again(file);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.of("udp"), (Counts{{"kernel", 19}, {"rate", 1}}));
  EXPECT_EQ(again.of("a name, with\nall"), (Counts{{"re ason", 2}}));
}

TEST(LossBook, LeavesOutWhatIsNoLine) {
  TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "losses", "udp kernel 5\nudp\nudp rate many\n\nudp full 2 3\n"));
  LossBook book(folder.path() / "losses");
  ASSERT_TRUE(book.load());
  EXPECT_EQ(book.of("udp"), (Counts{{"kernel", 5}}));
}

}  // namespace
}  // namespace yagura::agent
