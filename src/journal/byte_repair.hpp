// Which single byte was changed, told from a CRC-32C alone.
//
// A CRC is linear: the difference between the right and the wrong one depends only on what was changed and how
// far from the end. Running it backwards from the end finds every place and value that explains it. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace yagura::journal {

struct ByteFix {
  std::size_t offset = 0;     // in `bytes`; bytes.size() + i is byte i of the stored CRC itself
  unsigned char flipped = 0;  // bits to turn back
};

// All single-byte changes that explain why crc32c(bytes) is not `stored`. Nearly always at most one when `bytes`
// has some thousand; confirm with something stronger.
std::vector<ByteFix> find_byte_fixes(std::string_view bytes, std::uint32_t stored);

}  // namespace yagura::journal
