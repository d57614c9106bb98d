// The reflected CRC-32 of IEEE 802.3, as zlib and EVTX have it. Any thread.
#pragma once
#include <cstdint>
#include <string_view>

namespace yagura::formats {

// `crc` is that of what stands before.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace yagura::formats
