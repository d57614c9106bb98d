#include "formats/evtx_values.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::formats::evtx {

using event::Value;

namespace {

constexpr std::size_t kMaxArray = 4'096;

#ifdef __SSE2__
// Sixteen UTF-16 units as bytes; those that are neither ASCII nor more than NUL are marked, a bit each.
struct Narrow {
  __m128i bytes;
  unsigned odd = 0;
  Narrow(__m128i low, __m128i high) : bytes(_mm_packus_epi16(low, high)) {
    // What does not fit becomes 0 or 255, which is negative.
    odd = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmplt_epi8(bytes, _mm_set1_epi8(1))));
  }
};

// Where the text ends, given the first unit that is odd; npos when it is beyond ASCII.
constexpr std::size_t kBeyond = static_cast<std::size_t>(-1);
template <bool kToNul>
std::size_t end_at(const char* bytes, std::size_t at) {
  return kToNul && bytes[2 * at] == 0 && bytes[2 * at + 1] == 0 ? at : kBeyond;
}

// Nearly all text is ASCII. Nothing when this one is not; "" is a text, too. kToNul: up to the first NUL; else a NUL is
// no text of this kind.
template <bool kToNul>
std::optional<std::string_view> ascii_text(const char* bytes, std::size_t units, Arena& arena) {
  char* const out = arena.allocate(units);
  const auto load = [&](std::size_t at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 2 * at));
  };
  const auto ended = [&](std::size_t at) -> std::optional<std::string_view> {
    if (end_at<kToNul>(bytes, at) == kBeyond) return std::nullopt;
    return std::string_view(out, at);
  };
  const auto first_of = [](unsigned odd) { return static_cast<std::size_t>(std::countr_zero(odd)); };
  if (units >= 16) {
    for (std::size_t i = 0;; i += 16) {
      if (i + 16 > units) i = units - 16;  // once more what is there already
      const Narrow sixteen(load(i), load(i + 8));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), sixteen.bytes);
      if (sixteen.odd != 0) return ended(i + first_of(sixteen.odd));
      if (i + 16 == units) return std::string_view(out, units);
    }
  }
  if (units >= 8) {
    const __m128i low = load(0), high = load(units - 8);
    const Narrow both(low, high);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), both.bytes);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + units - 8), _mm_srli_si128(both.bytes, 8));
    if (both.odd == 0) return std::string_view(out, units);
    const std::size_t first = first_of(both.odd);
    return ended(first < 8 ? first : units - 16 + first);
  }
  if (units >= 4) {
    const auto four = [&](std::size_t at) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + 2 * at)); };
    const Narrow both(_mm_unpacklo_epi64(four(0), four(units - 4)), _mm_set1_epi16(1));
    const auto packed = static_cast<std::uint64_t>(_mm_cvtsi128_si64(both.bytes));
    const auto low = static_cast<std::uint32_t>(packed), high = static_cast<std::uint32_t>(packed >> 32);
    std::memcpy(out, &low, 4);
    std::memcpy(out + units - 4, &high, 4);
    if (both.odd == 0) return std::string_view(out, units);
    const std::size_t first = first_of(both.odd);
    return ended(first < 4 ? first : units - 8 + first);
  }
  for (std::size_t i = 0; i < units; ++i) {
    const auto unit = number_at<std::uint16_t>(std::string_view(bytes + 2 * i, 2));
    if (unit == 0 || unit >= 0x80) return ended(i);
    out[i] = static_cast<char>(unit);
  }
  return std::string_view(out, units);
}
#endif

// Up to the first NUL, as Windows shows a string of fixed size.
std::string_view until_nul(std::string_view utf16) {
  std::size_t i = 0;
#ifdef __SSE2__
  for (; i + 16 <= utf16.size(); i += 16) {
    const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(utf16.data() + i));
    if (_mm_movemask_epi8(_mm_cmpeq_epi16(eight, _mm_setzero_si128())) != 0) break;
  }
#endif
  for (; i + 1 < utf16.size(); i += 2)
    if (utf16[i] == 0 && utf16[i + 1] == 0) return utf16.substr(0, i);
  return utf16;
}

// Windows-1252, which is what ANSI strings are on most systems; the five holes become U+FFFD.
std::string_view ansi_text(std::string_view bytes, Arena& arena) {
  static constexpr char16_t kHigh[32] = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                         0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                         0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                         0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) continue;
    utf8::append(text, byte >= 0x80 && byte < 0xA0 ? kHigh[byte - 0x80] : byte);
  }
  return arena.copy(text);
}

std::string_view hex_number(std::uint64_t value, Arena& arena) {
  char* const out = arena.allocate(18);
  out[0] = '0';
  out[1] = 'x';
  const auto end = std::to_chars(out + 2, out + 18, value, 16).ptr;
  return {out, static_cast<std::size_t>(end - out)};
}

std::string_view hex_bytes(std::string_view bytes, Arena& arena) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  char* const out = arena.allocate(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = kDigits[byte >> 4];
    out[2 * i + 1] = kDigits[byte & 15];
  }
  return {out, bytes.size() * 2};
}

// "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}": the first three parts are little-endian numbers.
std::string_view guid_text(std::string_view bytes, Arena& arena) {
  // "00", "01" ... "ff"
  static constexpr auto kPairs = [] {
    std::array<char, 512> pairs{};
    for (std::size_t i = 0; i < 256; ++i) {
      pairs[2 * i] = "0123456789abcdef"[i >> 4];
      pairs[2 * i + 1] = "0123456789abcdef"[i & 15];
    }
    return pairs;
  }();
  char* const out = arena.allocate(38);
  const auto put = [&](std::size_t at, std::size_t i) {
    std::memcpy(out + at, kPairs.data() + 2 * std::size_t{static_cast<unsigned char>(bytes[i])}, 2);
  };
  out[0] = '{';
  put(1, 3), put(3, 2), put(5, 1), put(7, 0);
  out[9] = '-';
  put(10, 5), put(12, 4);
  out[14] = '-';
  put(15, 7), put(17, 6);
  out[19] = '-';
  put(20, 8), put(22, 9);
  out[24] = '-';
  for (std::size_t i = 10; i < 16; ++i) put(25 + 2 * (i - 10), i);
  out[37] = '}';
  return {out, 38};
}

[[gnu::noinline]] std::string_view sid_text(std::string_view bytes, Arena& arena) {
  if (bytes.size() < 8) return {};
  std::uint64_t authority = 0;
  for (std::size_t i = 2; i < 8; ++i) authority = authority << 8 | static_cast<unsigned char>(bytes[i]);
  char text[3 + 4 + 16 + 255 * 11];
  char* to = text;
  const auto put = [&](std::uint64_t number) {
    *to++ = '-';
    to = std::to_chars(to, text + sizeof text, number).ptr;
  };
  *to++ = 'S';
  put(static_cast<unsigned char>(bytes[0]));
  put(authority);
  std::size_t count = static_cast<unsigned char>(bytes[1]);
  for (bytes.remove_prefix(8); bytes.size() >= 4 && count > 0; bytes.remove_prefix(4), --count)
    put(number_at<std::uint32_t>(bytes));
  return arena.copy({text, static_cast<std::size_t>(to - text)});
}

std::string_view time_text(std::int64_t ticks, Arena& arena) {
  if (ticks < kMinTicks || ticks > kMaxTicks) return {};
  // A chunk's events are mostly of one day.
  thread_local std::int64_t day = kMinTicks - 1;
  thread_local char date[11] = {};
  const std::int64_t in_day = ((ticks % kTicksPerDay) + kTicksPerDay) % kTicksPerDay;
  if (day != ticks - in_day) {
    std::string text;
    append_datetime(text, ticks);
    std::memcpy(date, text.data(), sizeof date);
    day = ticks - in_day;
  }
  char* const out = arena.allocate(28);
  std::memcpy(out, date, sizeof date);
  const auto two = [&](std::size_t at, std::uint32_t number) {
    out[at] = static_cast<char>('0' + number / 10);
    out[at + 1] = static_cast<char>('0' + number % 10);
  };
  const auto second = static_cast<std::uint32_t>(in_day / kTicksPerSecond);
  const auto fraction = static_cast<std::uint32_t>(in_day % kTicksPerSecond);
  two(11, second / 3'600);
  out[13] = ':';
  two(14, second / 60 % 60);
  out[16] = ':';
  two(17, second % 60);
  out[19] = '.';
  out[20] = static_cast<char>('0' + fraction / 1'000'000);
  two(21, fraction / 10'000 % 100);
  two(23, fraction / 100 % 100);
  two(25, fraction % 100);
  out[27] = 'Z';
  return {out, 28};
}
std::string_view filetime_text(std::uint64_t filetime, Arena& arena) {
  if (filetime > static_cast<std::uint64_t>(kMaxTicks - kFileTimeEpoch)) return {};
  return time_text(static_cast<std::int64_t>(filetime) + kFileTimeEpoch, arena);
}
std::string_view systemtime_text(std::string_view bytes, Arena& arena) {
  const auto part = [&](std::size_t i) { return number_at<std::uint16_t>(bytes.substr(2 * i, 2)); };
  const unsigned month = part(1), day = part(3);
  if (month < 1 || month > 12 || day < 1 || day > 31 || part(0) < 1 || part(0) > 9999) return {};
  const std::int64_t days = days_from_civil(part(0), month, day);
  return time_text(
      days * kTicksPerDay + ((part(4) * 60LL + part(5)) * 60 + part(6)) * kTicksPerSecond + part(7) * 10'000LL, arena);
}

Value unsigned_value(std::uint64_t number, Arena& arena) {
  if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return Value::int64(static_cast<std::int64_t>(number));
  return Value::string(arena.copy(std::to_string(number)));
}

}  // namespace

std::string_view utf16_text(std::string_view bytes, Arena& arena) {
  const std::size_t units = bytes.size() / 2;
  if (units == 0) return {};
#ifdef __SSE2__
  if (const auto text = ascii_text<false>(bytes.data(), units, arena)) return *text;
#endif
  char* const out = arena.allocate(units * 3);
  char* to = out;
  for (std::size_t i = 0; i < units; ++i) {
    const auto unit = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[2 * i]) |
                                                 static_cast<unsigned char>(bytes[2 * i + 1]) << 8);
    if (unit < 0x80) {
      *to++ = static_cast<char>(unit);
    } else if (unit < 0x800) {
      *to++ = static_cast<char>(0xC0 | unit >> 6);
      *to++ = static_cast<char>(0x80 | (unit & 0x3F));
    } else {
      char32_t code = unit;
      if (unit >= 0xD800 && unit < 0xE000) {
        const std::uint16_t next = i + 1 < units ? number_at<std::uint16_t>(bytes.substr(2 * i + 2, 2)) : 0;
        if (unit < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
          code = 0x10000 + ((unit - 0xD800U) << 10) + (next - 0xDC00U);
          *to++ = static_cast<char>(0xF0 | code >> 18);
          *to++ = static_cast<char>(0x80 | (code >> 12 & 0x3F));
          *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
          *to++ = static_cast<char>(0x80 | (code & 0x3F));
          ++i;
          continue;
        }
        code = 0xFFFD;
      }
      *to++ = static_cast<char>(0xE0 | code >> 12);
      *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
      *to++ = static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return {out, static_cast<std::size_t>(to - out)};
}

std::size_t fixed_size(std::uint8_t type) {
  switch (type) {
    case kInt8:
    case kUInt8: return 1;
    case kInt16:
    case kUInt16: return 2;
    case kInt32:
    case kUInt32:
    case kReal32:
    case kBool:
    case kHexInt32: return 4;
    case kInt64:
    case kUInt64:
    case kReal64:
    case kFileTime:
    case kHexInt64: return 8;
    case kGuid:
    case kSystemTime: return 16;
    default: return 0;
  }
}

Value scalar(std::uint8_t type, std::string_view bytes, Arena& arena) {
  if (const auto size = fixed_size(type); size != 0 && bytes.size() < size) return Value::null();
  switch (type) {
    case kString: {
#ifdef __SSE2__
      if (const auto text = ascii_text<true>(bytes.data(), bytes.size() / 2, arena)) return Value::string(*text);
#endif
      return Value::string(utf16_text(until_nul(bytes), arena));
    }
    case kAnsiString: return Value::string(ansi_text(bytes, arena));
    case kInt8: return Value::int64(number_at<std::int8_t>(bytes));
    case kUInt8: return Value::int64(number_at<std::uint8_t>(bytes));
    case kInt16: return Value::int64(number_at<std::int16_t>(bytes));
    case kUInt16: return Value::int64(number_at<std::uint16_t>(bytes));
    case kInt32: return Value::int64(number_at<std::int32_t>(bytes));
    case kUInt32: return Value::int64(number_at<std::uint32_t>(bytes));
    case kInt64: return Value::int64(number_at<std::int64_t>(bytes));
    case kUInt64: return unsigned_value(number_at<std::uint64_t>(bytes), arena);
    case kReal32: return Value::real(number_at<float>(bytes));
    case kReal64: return Value::real(number_at<double>(bytes));
    case kBool: return Value::boolean(number_at<std::uint32_t>(bytes) != 0);
    case kBinary: return Value::string(hex_bytes(bytes, arena));
    case kGuid: return Value::string(guid_text(bytes, arena));
    case kSizeT:
      return bytes.size() >= 8   ? Value::string(hex_number(number_at<std::uint64_t>(bytes), arena))
             : bytes.size() >= 4 ? Value::string(hex_number(number_at<std::uint32_t>(bytes), arena))
                                 : Value::null();
    case kFileTime: return Value::string(filetime_text(number_at<std::uint64_t>(bytes), arena));
    case kSystemTime: return Value::string(systemtime_text(bytes, arena));
    case kSid: return Value::string(sid_text(bytes, arena));
    case kHexInt32: return Value::string(hex_number(number_at<std::uint32_t>(bytes), arena));
    case kHexInt64: return Value::string(hex_number(number_at<std::uint64_t>(bytes), arena));
    default: return Value::null();
  }
}


std::vector<std::string_view> array_items(std::uint8_t type, std::string_view bytes) {
  std::vector<std::string_view> items;
  const std::uint8_t base = type & 0x7F;
  if (base == kString) {
    while (!bytes.empty() && items.size() < kMaxArray) {
      const auto item = until_nul(bytes);
      items.push_back(item);
      bytes.remove_prefix(std::min(bytes.size(), item.size() + 2));
    }
  } else if (base == kAnsiString) {
    while (!bytes.empty() && items.size() < kMaxArray) {
      const auto item = bytes.substr(0, bytes.find('\0'));
      items.push_back(item);
      bytes.remove_prefix(std::min(bytes.size(), item.size() + 1));
    }
  } else if (base == kSid) {
    while (bytes.size() >= 8 && items.size() < kMaxArray) {
      const std::size_t size =
          std::min<std::size_t>(bytes.size(), 8 + 4 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])));
      items.push_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
  } else if (const auto size = fixed_size(base); size != 0) {
    for (; bytes.size() >= size && items.size() < kMaxArray; bytes.remove_prefix(size))
      items.push_back(bytes.substr(0, size));
  } else if (!bytes.empty()) {
    items.push_back(bytes);
  }
  return items;
}

}  // namespace yagura::formats::evtx
