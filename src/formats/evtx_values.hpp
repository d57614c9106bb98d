// Values of binary XML: MS-EVEN6 section 2.2.18, as they stand among the substitutions of a template instance.
//
// Any thread. Views that go in must live as long as the call; texts that come out live in the arena. Total for hostile
// bytes: too few of them give null. Private to the EVTX reader.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "event/value.hpp"

namespace yagura::formats::evtx {

// Reads little-endian numbers within a view; what lies outside is an error once and for all.
class Cursor {
 public:
  Cursor(std::string_view bytes, std::size_t at, std::size_t end)
      : bytes_(bytes), at_(at), end_(std::min(end, bytes.size())) {}
  std::size_t at() const { return at_; }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ >= end_; }
  template <class T>
  T number() {
    T value{};
    if (!ok_ || end_ - std::min(at_, end_) < sizeof value) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || end_ - std::min(at_, end_) < size) {
      ok_ = false;
      return {};
    }
    const auto view = bytes_.substr(at_, size);
    at_ += size;
    return view;
  }
  void skip(std::size_t size) { take(size); }

 private:
  std::string_view bytes_;
  std::size_t at_, end_;
  bool ok_ = true;
};

template <class T>
T number_at(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

// Value types; 0x80 marks an array.
enum Type : std::uint8_t {
  kNull = 0x00,
  kString = 0x01,
  kAnsiString = 0x02,
  kInt8 = 0x03,
  kUInt8 = 0x04,
  kInt16 = 0x05,
  kUInt16 = 0x06,
  kInt32 = 0x07,
  kUInt32 = 0x08,
  kInt64 = 0x09,
  kUInt64 = 0x0A,
  kReal32 = 0x0B,
  kReal64 = 0x0C,
  kBool = 0x0D,
  kBinary = 0x0E,
  kGuid = 0x0F,
  kSizeT = 0x10,
  kFileTime = 0x11,
  kSystemTime = 0x12,
  kSid = 0x13,
  kHexInt32 = 0x14,
  kHexInt64 = 0x15,
  kBinXml = 0x21,
  kArray = 0x80,
};

struct Substitution {
  std::uint8_t type = kNull;
  std::uint32_t at = 0;  // in the chunk
  std::uint32_t size = 0;
};

// FILETIME counts 100 ns from 1601.
inline constexpr std::int64_t kFileTimeEpoch = -116'444'736'000'000'000;

// The size of one value of a type; 0 when it varies.
std::size_t fixed_size(std::uint8_t type);

// A scalar; too few bytes give null, so that one broken value does not cost the record.
event::Value scalar(std::uint8_t type, std::string_view bytes, Arena& arena);

// The items of an array value, as bytes.
std::vector<std::string_view> array_items(std::uint8_t type, std::string_view bytes);

// UTF-16LE to UTF-8; lone surrogates become U+FFFD.
std::string_view utf16_text(std::string_view bytes, Arena& arena);

}  // namespace yagura::formats::evtx
