// XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), what Kusto's hash() gives.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace yagura::kql {

inline std::uint64_t xxhash64(std::string_view bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t kP1 = 0x9E3779B185EBCA87, kP2 = 0xC2B2AE3D27D4EB4F, kP3 = 0x165667B19E3779F9,
                          kP4 = 0x85EBCA77C2B2AE63, kP5 = 0x27D4EB2F165667C5;
  const auto read = [](const char* at, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, size);
    return value;
  };
  const auto round = [](std::uint64_t acc, std::uint64_t lane) { return std::rotl(acc + lane * kP2, 31) * kP1; };
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::uint64_t hash = seed + kP5;
  if (bytes.size() >= 32) {
    std::uint64_t acc[4] = {seed + kP1 + kP2, seed + kP2, seed, seed - kP1};
    for (; end - at >= 32; at += 32) {
      for (int i = 0; i < 4; ++i) acc[i] = round(acc[i], read(at + 8 * i, 8));
    }
    hash = std::rotl(acc[0], 1) + std::rotl(acc[1], 7) + std::rotl(acc[2], 12) + std::rotl(acc[3], 18);
    for (const auto a : acc) hash = (hash ^ round(0, a)) * kP1 + kP4;
  }
  hash += bytes.size();
  for (; end - at >= 8; at += 8) hash = std::rotl(hash ^ round(0, read(at, 8)), 27) * kP1 + kP4;
  if (end - at >= 4) {
    hash = std::rotl(hash ^ read(at, 4) * kP1, 23) * kP2 + kP3;
    at += 4;
  }
  for (; at < end; ++at) hash = std::rotl(hash ^ read(at, 1) * kP5, 11) * kP1;
  hash = (hash ^ hash >> 33) * kP2;
  hash = (hash ^ hash >> 29) * kP3;
  return hash ^ hash >> 32;
}

}  // namespace yagura::kql
