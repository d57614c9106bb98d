#include "kql/kernels/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace yagura::kql {
namespace {

TEST(Spectrum, ComesBackFromItsInverse) {
  std::mt19937 random(1);
  std::normal_distribution<double> values;
  for (const std::size_t n : {1, 2, 3, 5, 8, 13, 60, 128, 1000, 4096}) {
    Spectrum x(n);
    for (auto& v : x) v = {values(random), values(random)};
    const auto back = fourier(fourier(x, false), true);
    for (std::size_t i = 0; i < n; ++i) EXPECT_LT(std::abs(back[i] - x[i]), 1e-9) << n << " at " << i;
  }
}

TEST(Spectrum, IsTheSumThatDefinesIt) {
  const Spectrum x = {{1, 0}, {2, -1}, {0, 3}, {-4, 0}, {0.5, 0.5}};
  const auto y = fourier(x, false);
  for (std::size_t j = 0; j < x.size(); ++j) {
    std::complex<double> sum;
    for (std::size_t k = 0; k < x.size(); ++k) sum += x[k] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j * k) / 5);
    EXPECT_LT(std::abs(y[j] - sum), 1e-12);
  }
}

std::vector<double> wave(std::size_t n, double period, double noise) {
  std::mt19937 random(2);
  std::normal_distribution<double> values(0, noise);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(10 + std::sin(2 * std::numbers::pi * static_cast<double>(i) / period) + values(random));
  return out;
}

TEST(Periodicity, FindsThePeriodAndNotItsMultiples) {
  const auto found = Periodicity(wave(240, 24, 0.2)).find(0, 1000, 5);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].period, 24, 1);
  EXPECT_GT(found[0].score, 0.8);
}

TEST(Periodicity, FindsTwoPeriods) {
  auto series = wave(24 * 7 * 4, 24, 0.1);
  const auto weekly = wave(series.size(), 168, 0.1);
  for (std::size_t i = 0; i < series.size(); ++i) series[i] += weekly[i];
  const auto found = Periodicity(series).find(0, 1e9, 5);
  ASSERT_GE(found.size(), 2u);
  EXPECT_NEAR(std::max(found[0].period, found[1].period), 168, 2);
  EXPECT_NEAR(std::min(found[0].period, found[1].period), 24, 1);
}

TEST(Periodicity, FindsNothingWhereThereIsNothing) {
  EXPECT_TRUE(Periodicity(std::vector<double>(100, 5.0)).find(0, 50, 3).empty());
  EXPECT_TRUE(Periodicity(std::vector<double>{1, 2, 3}).find(0, 50, 3).empty());
  EXPECT_EQ(Periodicity(wave(240, 24, 0.2)).score(3), 0);
  EXPECT_EQ(Periodicity(wave(240, 24, 0.2)).score(121), 0);
}

}  // namespace
}  // namespace yagura::kql
