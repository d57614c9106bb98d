// Little-endian numbers and varints in byte strings, as docs/formats/journal.md uses them.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace yagura::journal {

static_assert(std::endian::native == std::endian::little, "the journal's numbers are stored as they lie in memory");

template <class Number>
void store(char* at, Number number) {
  std::memcpy(at, &number, sizeof number);
}
template <class Number>
Number load(const char* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

inline void append_varint(std::string& out, std::uint64_t number) {
  char buffer[10];
  std::size_t size = 0;
  while (number >= 0x80) {
    buffer[size++] = static_cast<char>(number | 0x80);
    number >>= 7;
  }
  buffer[size++] = static_cast<char>(number);
  out.append(buffer, size);
}

constexpr std::uint64_t zigzag(std::int64_t number) {
  return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1 ^ (0 - (number & 1)));
}

// Takes numbers and bytes off the front of foreign bytes; after the first thing that is not there, failed() stays true
// and everything taken is zero or empty.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) break;
      number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
    fail();
    return 0;
  }
  std::string_view bytes(std::uint64_t size) {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view taken(at_, static_cast<std::size_t>(size));
    at_ += size;
    return taken;
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace yagura::journal
