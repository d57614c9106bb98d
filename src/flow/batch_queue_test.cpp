#include "flow/batch_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace yagura::flow {
namespace {

TEST(BatchQueue, KeepsOrderAndIsBoundedByWeight) {
  BatchQueue<std::string> queue(10);
  EXPECT_TRUE(queue.push("a", 6));
  EXPECT_FALSE(queue.push("b", 5, Deadline::in(10ms))) << "6 + 5 is above the bound";
  EXPECT_TRUE(queue.push("c", 4));
  EXPECT_EQ(queue.weight(), 10U);
  EXPECT_EQ(queue.pop(), "a");
  EXPECT_EQ(queue.pop(), "c");
  EXPECT_FALSE(queue.pop(Deadline::in(5ms)));
}

TEST(BatchQueue, AnItemHeavierThanTheBoundGetsInAlone) {
  BatchQueue<std::string> queue(10);
  EXPECT_TRUE(queue.push("huge", 1000, Deadline::in(5ms)));
  EXPECT_FALSE(queue.push("next", 1, Deadline::in(5ms)));
}

TEST(BatchQueue, ARefusedItemIsStillTheCallers) {
  BatchQueue<std::string> queue(1);
  queue.push("x", 1);
  std::string item = "a text that is long enough not to be stored in place";
  EXPECT_FALSE(queue.push(std::move(item), 1, Deadline::in(1ms)));
  EXPECT_EQ(item, "a text that is long enough not to be stored in place");
}

TEST(BatchQueue, CloseWakesBothEndsAndLetsTheRestOut) {
  BatchQueue<int> queue(1);
  queue.push(7, 1);
  std::thread blocked([&] { EXPECT_FALSE(queue.push(8, 1)); });
  queue.close();
  blocked.join();
  EXPECT_EQ(queue.pop(), 7);
  EXPECT_FALSE(queue.pop());
}

TEST(BatchQueue, ManyThreadsLoseNothing) {
  BatchQueue<int> queue(16);
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> threads;
  for (int consumer = 0; consumer < 3; ++consumer)
    threads.emplace_back([&] {
      while (const auto item = queue.pop()) sum += *item;
    });
  std::vector<std::thread> producers;
  for (int producer = 0; producer < 3; ++producer)
    producers.emplace_back([&] {
      for (int i = 1; i <= 1000; ++i) queue.push(int(i), 1);
    });
  for (auto& thread : producers) thread.join();
  queue.close();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sum, 3 * 500'500);
}

}  // namespace
}  // namespace yagura::flow
