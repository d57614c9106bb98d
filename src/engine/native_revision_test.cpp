#include "engine/native_revision.hpp"

#include <gtest/gtest.h>

namespace yagura::engine {
namespace {

using namespace std::string_literals;
const std::string kInfo = "\x01\x00\x02\xff\xff\xff\xff\x00"s;

TEST(NativeRevision, AddsWhatNewerClientsRead) {
  const std::string block = "\x02\x01\x01" "a\x05UInt8\x07\x01" "s\x06String\x02hi"s;
  std::string out;
  ASSERT_TRUE(append_native_revision(out, block, 54460));
  EXPECT_EQ(out, kInfo + "\x02\x01\x01" "a\x05UInt8"s + '\0' + "\x07\x01" "s\x06String"s + '\0' + "\x02hi");
  out.clear();
  ASSERT_TRUE(append_native_revision(out, block, 54405));
  EXPECT_EQ(out, kInfo + block);
}

TEST(NativeRevision, KnowsWhereColumnsEnd) {
  for (const auto& [type, values] : std::vector<std::pair<std::string, std::string>>{
           {"Nullable(Int16)", "\x01" "ab"}, {"Array(String)", "\x02\0\0\0\0\0\0\0\x01x\x01y"s}, {"Tuple(n Int8, `s t` Nullable(String))", "\x05\0\x01z"s},
           {"Map(String, Array(UInt8))", "\x01\0\0\0\0\0\0\0\x01k\x02\0\0\0\0\0\0\0\x01\x02"s}, {"DateTime64(7, 'UTC')", "12345678"}, {"Decimal(76, 20)", std::string(32, 'd')},
           {"Enum8('a,)' = 1, 'b' = 2)", "\x01"}, {"FixedString(3)", "abc"}, {"Array(Tuple(Enum8('(' = 1), String))", "\x01\0\0\0\0\0\0\0\x01\x01q"s}, {"IntervalSecond", "12345678"},
           {"LowCardinality(Nullable(String))", "\x01\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0\x01v\x01\0\0\0\0\0\0\0\x01"s}}) {
    const std::string block = "\x01\x01\x01" "c" + std::string(1, static_cast<char>(type.size())) + type + values;
    std::string out;
    const auto done = append_native_revision(out, block + block, 54460);
    ASSERT_TRUE(done) << type << ": " << done.error().message();
    EXPECT_EQ(out.size(), 2 * (kInfo.size() + block.size() + 1)) << type;
    for (std::size_t cut = 1; cut < block.size(); ++cut) EXPECT_FALSE(append_native_revision(out, block.substr(0, cut), 54460)) << type << " cut at " << cut;
  }
  std::string out;
  EXPECT_FALSE(append_native_revision(out, "\x01\x01\x01" "c\x07" "Dynamic" "xxxx", 54460));
  EXPECT_FALSE(append_native_revision(out, std::string(30, '\xff'), 54460));
}

}  // namespace
}  // namespace yagura::engine
