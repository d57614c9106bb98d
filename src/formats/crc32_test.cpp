#include "formats/crc32.hpp"

#include <gtest/gtest.h>

#include <string>

namespace yagura::formats {
namespace {

std::uint32_t bit_by_bit(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int k = 0; k < 8; ++k) crc = crc & 1 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
  }
  return ~crc;
}

TEST(Crc32, IsThatOfTheStandard) { EXPECT_EQ(crc32("123456789"), 0xCBF43926U); }

TEST(Crc32, IsTheSameForEveryLengthAndCut) {
  std::string bytes;
  for (int i = 0; i < 700; ++i) bytes += static_cast<char>(i * i * 31 + i / 3);
  for (std::size_t size = 0; size <= bytes.size(); size += size < 200 ? 1 : 37) {
    const auto part = std::string_view(bytes).substr(0, size);
    EXPECT_EQ(crc32(part), bit_by_bit(part)) << size;
    EXPECT_EQ(crc32(part.substr(size / 3), crc32(part.substr(0, size / 3))), bit_by_bit(part)) << size;
  }
}

}  // namespace
}  // namespace yagura::formats
