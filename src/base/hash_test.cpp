#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace yagura {
namespace {

std::uint32_t crc32c_bit_by_bit(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

// RFC 3720, B.4.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, IsTheSameForEveryLengthAlignmentAndCut) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes.push_back(static_cast<char>(i * 37 + 11));
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t size = 0; size + from < 290; size += 7) {
      const auto piece = std::string_view(bytes).substr(from, size);
      ASSERT_EQ(crc32c(piece), crc32c_bit_by_bit(piece)) << from << ' ' << size;
      ASSERT_EQ(crc32c(piece.substr(size / 3), crc32c(piece.substr(0, size / 3))), crc32c(piece));
    }
  }
}

}  // namespace
}  // namespace yagura
