#include "base/file.hpp"

#include <gtest/gtest.h>

#include "base/arena.hpp"
#include "base/metrics.hpp"

namespace yagura {
namespace {

TEST(File, WritesAtomicallyAndReadsBack) {
  TemporaryDirectory folder;
  const auto file = folder.path() / "f";
  ASSERT_TRUE(write_file_atomically(file, "old"));
  ASSERT_TRUE(write_file_atomically(file, std::string(100'000, 'x')));
  EXPECT_EQ(read_file(file)->size(), 100'000U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "no temporary file is left";
  const auto limited = read_file(file, 1_KiB);
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().kind(), ErrorKind::exhausted);
}

TEST(File, ErrorsNameThePathAndTheReason) {
  const auto missing = read_file("/nonexistent/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::not_found);
  EXPECT_EQ(missing.error().message(), "opening /nonexistent/file: No such file or directory (ENOENT)");
}

Result<int> inner() { return fail(ErrorKind::corrupt, "bad byte {}", 7); }
Result<int> outer() { return TRY(inner(), "reading segment {}", 3) + 1; }

TEST(Result, ContextGathersOnTheWayUp) {
  const auto result = outer();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "bad byte 7; while reading segment 3");
  EXPECT_EQ(result.error().kind(), ErrorKind::corrupt);
}

TEST(Arena, ViewsSurviveMovesAndGrowth) {
  Arena arena;
  std::vector<std::string_view> views;
  for (int i = 0; i < 10'000; ++i) views.push_back(arena.copy("text " + std::to_string(i)));
  const Arena moved = std::move(arena);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(views[static_cast<std::size_t>(i)], "text " + std::to_string(i));
}

TEST(Arena, AlignsAndServesLargePieces) {
  Arena arena;
  arena.allocate(1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(8, 64)) % 64, 0U);
  char* large = arena.allocate(10'000'000);
  large[9'999'999] = 'x';
  arena.clear();
  EXPECT_GE(arena.bytes_reserved(), 10'000'000U) << "the largest block is kept for reuse";
}

TEST(Metrics, TextFormatEscapesAndSharesObjects) {
  MetricRegistry registry;
  registry.counter("yagura_test_total", "Things", {{"peer", "a\"b\\c\nd"}}).add(3);
  registry.counter("yagura_test_total", "Things", {{"peer", "a\"b\\c\nd"}}).add(4);
  registry.gauge("yagura_level", "Level").set(1.5);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP yagura_level Level\n# TYPE yagura_level gauge\nyagura_level 1.5\n"
            "# HELP yagura_test_total Things\n# TYPE yagura_test_total counter\n"
            "yagura_test_total{peer=\"a\\\"b\\\\c\\nd\"} 7\n");
}

TEST(Metrics, LabelSetsAreBounded) {
  MetricRegistry registry;
  for (int i = 0; i < 10'500; ++i) registry.counter("c", "", {{"i", std::to_string(i)}}).add();
  EXPECT_EQ(registry.counter("c", "", {{"overflow", "true"}}).value(), 500U);
}

}  // namespace
}  // namespace yagura
