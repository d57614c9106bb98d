// Randomness good enough for secrets, from the system.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace yagura {
std::uint64_t random_u64();
std::string random_bytes(std::size_t count);
// URL-safe text with `bits` bits of entropy, for tokens and passwords.
std::string random_token(std::size_t bits = 192);
}  // namespace yagura
