#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kql/kernels/kernel_testing.hpp"

namespace yagura::kql {
namespace {

constexpr auto kDynamic = Type::dynamic;

// A sketch of so many values as functions/sketches.cpp collects it: registers of 14 bits.
std::string sketch_of(std::size_t values, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int> ranks(1 << 14);
  for (std::size_t i = 0; i < values; ++i) {
    const std::uint64_t hash = random(), rest = hash >> 14;
    auto& rank = ranks[hash & 0x3FFF];
    rank = std::max(rank, rest == 0 ? 51 : 1 + __builtin_ctzll(rest));
  }
  std::string out = "[[1024,14],[],[";
  for (std::size_t b = 0; b < ranks.size(); ++b) {
    if (ranks[b] > 0) out += fmt::format("{}{}", out.back() == '[' ? "" : ",", b * 64 + static_cast<std::size_t>(ranks[b]));
  }
  return out + "]]";
}

TEST(Hll, EstimatesWithinTwoPercent) {
  for (const std::size_t values : {2000, 30000, 60000, 1'000'000, 5'000'000}) {
    const double count = std::stod(call_kernel("dcount_hll", {{kDynamic, sketch_of(values, values)}}, Type::int64));
    EXPECT_NEAR(count, static_cast<double>(values), 0.02 * static_cast<double>(values)) << values;
  }
}

TEST(Hll, MergesWhatItHasSeen) {
  const auto a = sketch_of(100000, 1), b = sketch_of(100000, 2);
  const auto merged = call_kernel("hll_merge", {{kDynamic, a}, {kDynamic, b}}, kDynamic);
  EXPECT_NEAR(std::stod(call_kernel("dcount_hll", {{kDynamic, merged}}, Type::int64)), 200000, 4000);
  EXPECT_EQ(call_kernel("hll_merge", {{kDynamic, a}, {kDynamic, a}}, kDynamic), a);
  // Hashes go into registers; another accuracy does not.
  EXPECT_EQ(call_kernel("hll_merge", {{kDynamic, R"([[1024,14],["16384"],[]])"}, {kDynamic, R"([[1024,14],[],[65]])"}}, kDynamic), "[[1024,14],[],[1,65]]");
  EXPECT_EQ(call_kernel("hll_merge", {{kDynamic, R"([[1024,14],["1"],[]])"}, {kDynamic, R"([[1024,16],["1"],[]])"}}, kDynamic), "");
  for (const auto bad : {"[]", "[[1024,40],[],[]]", "[[1024,14],[],[99999999]]", "{}", "[[1024,14],[\"x\"],[]]"}) {
    EXPECT_EQ(call_kernel("dcount_hll", {{kDynamic, bad}}, Type::int64), "") << bad;
  }
}

TEST(TDigest, KeepsAtMostItsShareOfValues) {
  std::string values, weights;
  for (int i = 0; i < 10000; ++i) {
    values += fmt::format("{}{}", i == 0 ? "" : ",", i);
    weights += i == 0 ? "1" : ",1";
  }
  const std::string digest = fmt::format("[[7],[{}],[{}]]", values, weights);
  const auto merged = call_kernel("tdigest_merge", {{kDynamic, digest}, {kDynamic, digest}}, kDynamic);
  EXPECT_LE(std::ranges::count(merged, ','), 2 * 2049 + 2);
  for (const int p : {0, 1, 25, 50, 99, 100}) {
    event::Column percent(Type::real);
    const auto got = std::stod(call_kernel("percentiles_array_tdigest", {{kDynamic, merged}, {kDynamic, fmt::format("[{}]", p)}}, kDynamic).substr(1));
    EXPECT_NEAR(got, p * 100, 10) << p;
  }
}

TEST(Schema, MergesTypesOfMembersAndElements) {
  EXPECT_EQ(call_kernel(".schema_of", {{kDynamic, R"([{"x":1,"y":3.5},{"x":"somevalue","z":[1,2,3]},{"y":{"w":"zzz"},"t":["aa","bb"],"z":["foo"]}])"}}, kDynamic),
            R"({"x":["long","string"],"y":["double",{"w":"string"}],"z":{"`indexer`":["long","string"]},"t":{"`indexer`":"string"}})");
  EXPECT_EQ(call_kernel(".schema_of", {{kDynamic, "[1,true]"}}, kDynamic), R"(["bool","long"])");
  EXPECT_EQ(call_kernel(".schema_of", {{kDynamic, "[]"}}, kDynamic), "");
}

}  // namespace
}  // namespace yagura::kql
