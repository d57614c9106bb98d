#include "detect/archive.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace yagura::detect {
namespace {

const auto everything = [](std::string_view) { return true; };

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }

// A zip of a.yml ("title: A\n", stored) and b/c.yml ("x" 200 times, deflated), as Python's zipfile writes it.
const std::string kZip = bytes_of(
    "504b03041400000000000000215cbc374d1c090000000900000005000000612e796d6c7469746c653a20410a504b030414000000080000"
    "00215ca66bcb7e06000000c800000007000000622f632e796d6caba8181e0000504b010214031400000000000000215cbc374d1c090000"
    "0009000000050000000000000000000000800100000000612e796d6c504b010214031400000008000000215ca66bcb7e06000000c80000"
    "0007000000000000000000000080012c000000622f632e796d6c504b0506000000000200020068000000570000000000");
// The same as tar.gz, as GNU tar and gzip write it.
const std::string kTarGz = bytes_of(
    "1f8b0800000000000203edd4310e83300c4051cf3d454e008e08a9c4d6a3a41503122c6d2a95db83b254cac21406f2df62cbfb7768d665"
    "96b274e79d4b73974f556bff7bba7bef548cca09be9f18dec648a5e214e771308f9ba046cff655fc031cf5df59cdfabfabefe9ff0cbf8b"
    "a064000000000000000000000050ab0d9367767200280000");

TEST(Archive, ReadsZip) {
  const auto files = read_archive(kZip, everything);
  ASSERT_TRUE(files) << files.error().message();
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "a.yml");
  EXPECT_EQ((*files)[0].content, "title: A\n");
  EXPECT_EQ((*files)[1].name, "b/c.yml");
  EXPECT_EQ((*files)[1].content, std::string(200, 'x'));
}

TEST(Archive, ReadsTarGz) {
  const auto files = read_archive(kTarGz, everything);
  ASSERT_TRUE(files) << files.error().message();
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "a.yml");
  EXPECT_EQ((*files)[1].content, std::string(200, 'x'));
}

TEST(Archive, GivesOnlyWhatIsWanted) {
  const auto files = read_archive(kZip, [](std::string_view name) { return name.starts_with("b/"); });
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1u);
}

TEST(Archive, KeepsToItsLimits) {
  EXPECT_EQ(read_archive(kZip, everything, {.max_file = Bytes(100)}).error().kind(), ErrorKind::exhausted);
  EXPECT_EQ(read_archive(kTarGz, everything, {.max_file = Bytes(100)}).error().kind(), ErrorKind::exhausted);
  EXPECT_EQ(read_archive(kTarGz, everything, {.max_total = Bytes(1'000)}).error().kind(), ErrorKind::exhausted);
  EXPECT_EQ(read_archive(kZip, everything, {.max_files = 1}).error().kind(), ErrorKind::exhausted);
}

TEST(Archive, SaysWhatIsDamaged) {
  for (std::size_t size = 0; size < kZip.size(); ++size) EXPECT_FALSE(read_archive(kZip.substr(0, size), everything)) << size;
  for (std::size_t i = 30; i < 40; ++i) {
    std::string damaged = kZip;
    damaged[i + 6] = static_cast<char>(damaged[i + 6] ^ 1);
    const auto files = read_archive(damaged, everything);
    if (files) {
      EXPECT_EQ((*files)[0].content, "title: A\n") << "a checksum was not looked at";
    }
  }
  EXPECT_FALSE(read_archive("just text", everything));
}

}  // namespace
}  // namespace yagura::detect
