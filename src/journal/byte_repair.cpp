#include "journal/byte_repair.hpp"

#include <array>

#include "base/hash.hpp"

namespace yagura::journal {

namespace {

struct Tables {
  std::array<std::uint32_t, 256> forward{};
  std::array<std::uint8_t, 256> by_top{};  // the index of the entry with this top byte: they are all different
  Tables() {
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78U : 0U);
      forward[i] = value;
      by_top[value >> 24] = static_cast<std::uint8_t>(i);
    }
  }
};

}  // namespace

std::vector<ByteFix> find_byte_fixes(std::string_view bytes, std::uint32_t stored) {
  static const Tables tables;
  std::vector<ByteFix> fixes;
  std::uint32_t state = crc32c(bytes) ^ stored;
  if (state == 0) return fixes;
  // The CRC's own bytes: then the difference is within one of them.
  for (std::size_t i = 0; i < 4; ++i)
    if ((state & ~(0xFFU << (8 * i))) == 0)
      fixes.push_back({bytes.size() + i, static_cast<unsigned char>(state >> (8 * i))});
  for (std::size_t at = bytes.size(); at-- > 0;) {
    const std::uint8_t index = tables.by_top[state >> 24];
    if (tables.forward[index] == state) fixes.push_back({at, index});
    state = (state ^ tables.forward[index]) << 8 | index;  // one byte back
  }
  return fixes;
}

}  // namespace yagura::journal
