#include "net/backoff.hpp"

#include <gtest/gtest.h>

namespace yagura::net {
namespace {
using namespace std::chrono_literals;

TEST(Backoff, DoublesWithJitterUpToTheMost) {
  Backoff backoff(100ms, 1s);
  for (const auto step : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, step / 2);
    EXPECT_LE(wait, step);
  }
  backoff.succeeded();
  EXPECT_LE(backoff.next(), 100ms);
}
}  // namespace
}  // namespace yagura::net
