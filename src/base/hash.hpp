// Digests and comparisons.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace yagura {

using Sha256Digest = std::array<unsigned char, 32>;

Sha256Digest sha256(std::string_view bytes);
inline std::string_view as_text(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Incremental SHA-256. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256& update(std::string_view bytes);
  Sha256Digest finish();  // and starts afresh

 private:
  void* context_;
};

std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Time depends on the lengths only: for secrets.
bool equal_constant_time(std::string_view a, std::string_view b);

// Fast, not for security: FNV-1a mixed. Stable across machines and releases (checkpoints use it).
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);
// Both at once, which takes as long as one.
std::pair<std::uint64_t, std::uint64_t> hash64_twice(std::string_view bytes, std::uint64_t seed_a,
                                                     std::uint64_t seed_b);
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace yagura
