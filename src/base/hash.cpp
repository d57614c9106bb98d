#include "base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace yagura {

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) std::abort();
}
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
Sha256& Sha256::operator=(Sha256&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}
Sha256& Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) != 1) std::abort();
  return *this;
}
Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  if (EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1 ||
      EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
    std::abort();
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string out(32, '\0');
  unsigned size = 32;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
    std::abort();
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

namespace {

struct Mixing {
  static constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15ULL;
  std::uint64_t hash;
  Mixing(std::size_t size, std::uint64_t seed) : hash(seed ^ (size * kPrime)) {}
  void add(std::uint64_t word) {
    hash ^= word;
    hash *= kPrime;
    hash ^= hash >> 29;
  }
  std::uint64_t finish() const {
    std::uint64_t out = hash ^ hash >> 32;
    out *= 0xD6E8FEB86659FD93ULL;
    return out ^ out >> 32;
  }
};

// Calls add() for each word of the bytes, the last one filled up with zeros.
template <class Add>
void each_word(std::string_view bytes, Add add) {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    add(word);
  }
  std::uint64_t tail = 0;
  if (at < bytes.size()) std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  add(tail);
}

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  Mixing mixing(bytes.size(), seed);
  each_word(bytes, [&](std::uint64_t word) { mixing.add(word); });
  return mixing.finish();
}

std::pair<std::uint64_t, std::uint64_t> hash64_twice(std::string_view bytes, std::uint64_t seed_a,
                                                     std::uint64_t seed_b) {
  Mixing a(bytes.size(), seed_a), b(bytes.size(), seed_b);
  each_word(bytes, [&](std::uint64_t word) {
    a.add(word);
    b.add(word);
  });
  return {a.finish(), b.finish()};
}

namespace {

std::uint32_t crc32c_table(std::string_view bytes, std::uint32_t crc) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> values{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78U : 0U);
      values[i] = value;
    }
    return values;
  }();
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 255] ^ crc >> 8;
  return crc;
}

#if defined(__x86_64__)
// The CPU's own instruction: the program is built for the oldest x86-64, so it is chosen when it runs.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view bytes, std::uint32_t crc) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = crc;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; left > 0; ++at, --left) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~crc32c_sse42(bytes, ~seed);
#endif
  return ~crc32c_table(bytes, ~seed);
}

}  // namespace yagura
