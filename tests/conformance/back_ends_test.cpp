// Both back ends of KQL give the same: the suite kql-both as a test. YAGURA_DIFFERENTIAL=n makes n rounds with other values.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "kql_suites.hpp"

namespace yagura::conformance {
namespace {

TEST(KqlBackEnds, GiveTheSame) {
  KqlRun run;
  if (const char* library = std::getenv("YAGURA_ENGINE_LIBRARY")) run.library = library;
  if (const char* only = std::getenv("KQL_ONLY")) run.only = only;
  if (!std::filesystem::exists(run.library)) GTEST_SKIP() << "no engine at " << run.library << "; ./dev setup fetches it";
  run_kql_both(run);
  for (std::size_t i = 0; i < run.failures.size() && i < 40; ++i) ADD_FAILURE() << run.failures[i];
  EXPECT_EQ(run.failures.size(), 0u);
  if (run.only.empty()) {
    EXPECT_GT(run.tallies["kql-both"].total, 1000);
  }
}

}  // namespace
}  // namespace yagura::conformance

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  const int result = RUN_ALL_TESTS();
  std::fflush(nullptr);
  std::_Exit(result);  // the engine's threads are not waited for
}
