#include "base/guid.hpp"

#include "base/random.hpp"

namespace yagura {

Guid Guid::random() {
  Guid guid{random_u64(), random_u64()};
  guid.high = (guid.high & ~0xF000ULL) | 0x4000ULL;
  guid.low = (guid.low & ~(3ULL << 62)) | (2ULL << 62);
  return guid;
}

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() == 38 && ((text.front() == '{' && text.back() == '}') || (text.front() == '(' && text.back() == ')')))
    text = text.substr(1, 36);
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return std::nullopt;
  Guid guid;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (dashed && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (c != '-') return std::nullopt;
      continue;
    }
    unsigned value = 0;
    if (c >= '0' && c <= '9') value = static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A') + 10;
    else return std::nullopt;
    auto& half = digits < 16 ? guid.high : guid.low;
    half = half << 4 | value;
    ++digits;
  }
  return guid;
}

void append_guid(std::string& out, const Guid& guid) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    const std::uint64_t half = i < 16 ? guid.high : guid.low;
    out += hex[half >> (60 - 4 * (i % 16)) & 15];
  }
}

std::string to_string(const Guid& guid) {
  std::string out;
  out.reserve(36);
  append_guid(out, guid);
  return out;
}

}  // namespace yagura
