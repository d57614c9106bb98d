#include "formats/crc32.hpp"

#include <array>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace yagura::formats {

namespace {

// Eight bytes at a time through eight tables ("slicing by 8").
std::uint32_t by_tables(const char* at, std::size_t left, std::uint32_t crc) {
  static const auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
      t[0][i] = c;
    }
    for (std::size_t n = 1; n < 8; ++n)
      for (std::uint32_t i = 0; i < 256; ++i) t[n][i] = t[0][t[n - 1][i] & 0xFF] ^ (t[n - 1][i] >> 8);
    return t;
  }();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    low ^= crc;
    crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^ tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
  }
  for (; left > 0; --left, ++at) crc = tables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xFF] ^ (crc >> 8);
  return crc;
}

#ifdef __x86_64__
// "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009), bit-reflected. `left` is a
// multiple of 16 and at least 64.
__attribute__((target("pclmul,sse4.1"))) std::uint32_t by_multiplication(const char* at, std::size_t left,
                                                                         std::uint32_t crc) {
  const auto load = [](const char* from) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto fold = [](__m128i value, __m128i constants, __m128i next) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_xor_si128(
        _mm_xor_si128(_mm_clmulepi64_si128(value, constants, 0x00), _mm_clmulepi64_si128(value, constants, 0x11)),
        next);
  };
  const __m128i by_four = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4),
                by_one = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  __m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128(static_cast<int>(crc))), b = load(at + 16), c = load(at + 32),
          d = load(at + 48);
  for (at += 64, left -= 64; left >= 64; at += 64, left -= 64) {
    a = fold(a, by_four, load(at));
    b = fold(b, by_four, load(at + 16));
    c = fold(c, by_four, load(at + 32));
    d = fold(d, by_four, load(at + 48));
  }
  a = fold(a, by_one, b);
  a = fold(a, by_one, c);
  a = fold(a, by_one, d);
  for (; left >= 16; at += 16, left -= 16) a = fold(a, by_one, load(at));
  // 128 bits to 64, to 32 (Barrett).
  const __m128i low_32 = _mm_setr_epi32(-1, 0, -1, 0);
  __m128i x = _mm_xor_si128(_mm_clmulepi64_si128(a, by_one, 0x10), _mm_srli_si128(a, 8));
  x = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low_32), _mm_set_epi64x(0, 0x0163cd6124), 0x00),
                    _mm_srli_si128(x, 4));
  const __m128i polynomial = _mm_set_epi64x(0x01f7011641, 0x01db710641);
  __m128i y = _mm_clmulepi64_si128(_mm_and_si128(x, low_32), polynomial, 0x10);
  y = _mm_clmulepi64_si128(_mm_and_si128(y, low_32), polynomial, 0x00);
  return static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(x, y), 1));
}
#endif

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
#ifdef __x86_64__
  static const bool multiplies = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (multiplies && left >= 64) {
    const std::size_t whole = left & ~std::size_t{15};
    crc = by_multiplication(at, whole, crc);
    at += whole;
    left -= whole;
  }
#endif
  return ~by_tables(at, left, crc);
}

}  // namespace yagura::formats
