#include "base/random.hpp"

#include <openssl/rand.h>

#include <cstdlib>

#include "base/encoding.hpp"

namespace yagura {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  // Without randomness no secret of ours is one: there is nothing sensible to go on with.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) std::abort();
  return bytes;
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) std::abort();
  return value;
}

std::string random_token(std::size_t bits) { return to_base64url(random_bytes((bits + 7) / 8)); }

}  // namespace yagura
