#include "formats/evtx_binxml.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::formats {

using event::Value;

namespace {

constexpr int kMaxDepth = 64;    // elements inside elements
constexpr int kMaxNesting = 16;  // fragments inside values
constexpr std::size_t kMaxSubstitutions = 4'096;
constexpr std::size_t kMaxArray = 4'096;
constexpr std::size_t kMaxEvents = 50'000;       // steps of one record
constexpr std::size_t kMaxChunkText = 64 << 20;  // bytes that the records of one chunk may become
constexpr std::size_t kMaxNameSize = 4'096;

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

// UTF-16LE to UTF-8; lone surrogates become U+FFFD.
std::string_view utf16_text(std::string_view bytes, Arena& arena) {
  const std::size_t units = bytes.size() / 2;
  if (units == 0) return {};
  std::size_t i = 0;
#ifdef __SSE2__
  // Nearly all of it is ASCII. Room for that only, to begin with: a text that is not is taken anew.
  char* const ascii = arena.allocate(units + 8);
  const __m128i beyond = _mm_set1_epi16(static_cast<short>(0xFF80));
  for (; i < units; i += 8) {
    __m128i eight;
    if (i + 8 <= units) {
      eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + 2 * i));
    } else {
      char last[16] = {};
      std::memcpy(last, bytes.data() + 2 * i, 2 * (units - i));
      eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(last));
    }
    if (_mm_movemask_epi8(_mm_cmpeq_epi16(_mm_and_si128(eight, beyond), _mm_setzero_si128())) != 0xFFFF) break;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(ascii + i), _mm_packus_epi16(eight, eight));
  }
  if (i >= units) return {ascii, units};
  char* const out = arena.allocate(units * 3);
  std::memcpy(out, ascii, i);
  char* to = out + i;
#else
  char* const out = arena.allocate(units * 3);
  char* to = out;
#endif
  for (; i < units; ++i) {
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
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr int kOrder[] = {3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};
  char* const out = arena.allocate(38);
  char* to = out;
  *to++ = '{';
  for (const int i : kOrder) {
    if (i < 0) {
      *to++ = '-';
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    *to++ = kDigits[byte >> 4];
    *to++ = kDigits[byte & 15];
  }
  *to++ = '}';
  return {out, 38};
}

std::string_view sid_text(std::string_view bytes, Arena& arena) {
  if (bytes.size() < 8) return {};
  std::uint64_t authority = 0;
  for (std::size_t i = 2; i < 8; ++i) authority = authority << 8 | static_cast<unsigned char>(bytes[i]);
  std::string text = fmt::format("S-{}-{}", static_cast<unsigned char>(bytes[0]), authority);
  std::size_t count = static_cast<unsigned char>(bytes[1]);
  for (bytes.remove_prefix(8); bytes.size() >= 4 && count > 0; bytes.remove_prefix(4), --count)
    fmt::format_to(std::back_inserter(text), "-{}", number_at<std::uint32_t>(bytes));
  return arena.copy(text);
}

// FILETIME counts 100 ns from 1601.
constexpr std::int64_t kFileTimeEpoch = -116'444'736'000'000'000;

std::string_view time_text(std::int64_t ticks, Arena& arena) {
  if (ticks < kMinTicks || ticks > kMaxTicks) return {};
  std::string text;
  append_datetime(text, ticks);
  return arena.copy(text);
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

// [MS-EVEN6] 2.2.18: value types; 0x80 marks an array.
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

// The size of one value of a type; 0 when it varies.
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

Value unsigned_value(std::uint64_t number, Arena& arena) {
  if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return Value::int64(static_cast<std::int64_t>(number));
  return Value::string(arena.copy(std::to_string(number)));
}

// A scalar; too few bytes give null, so that one broken value does not cost the record.
Value scalar(std::uint8_t type, std::string_view bytes, Arena& arena) {
  if (const auto size = fixed_size(type); size != 0 && bytes.size() < size) return Value::null();
  switch (type) {
    case kString: return Value::string(utf16_text(until_nul(bytes), arena));
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

struct Substitution {
  std::uint8_t type = kNull;
  std::uint32_t at = 0;  // in the chunk
  std::uint32_t size = 0;
};

// The items of an array value, as bytes.
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

}  // namespace

// A token stream, ready to run.
struct BinXml::Program {
  struct Step {
    enum class Kind : std::uint8_t { begin, attribute, end, text, substitution, instance };
    Kind kind = Kind::text;
    bool optional = false;
    std::uint16_t index = 0;  // of a substitution
    std::uint32_t end = 0;    // begin: the step of its end; attribute: behind its value
    std::string_view name;    // begin, attribute
    Value value;              // text
    std::uint32_t at = 0;     // instance: where it stands in the chunk
    bool may_repeat = false;  // begin: has a substitution as a child, which may be an array
    // begin: 1: nothing inside but one piece of text; 2: and one attribute, whose value is one literal.
    std::uint8_t leaf = 0;
  };
  std::vector<Step> steps;
  Arena arena;
  bool of_template = true;  // kept with the chunk; else gone when it has run
};

struct BinXml::Instance {
  const Program* program = nullptr;
  std::vector<Substitution> values;
};

struct BinXml::Compiler {
  BinXml& xml;
  Program& program;
  Cursor cursor;
  bool has_dependency;

  std::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorKind::corrupt, "{} at byte {} of the chunk", what, cursor.at());
  }

  Result<std::string_view> name() {
    const auto offset = cursor.number<std::uint32_t>();
    // A name that is used for the first time stands right here; it is its own definition.
    if (cursor.ok() && offset == cursor.at()) {
      cursor.skip(6);
      const auto size = cursor.number<std::uint16_t>();
      cursor.skip(std::size_t{size} * 2 + 2);
    }
    if (!cursor.ok()) return error("a name is cut off");
    return xml.name_at(offset);
  }

  Result<> compile() {
    using Kind = Program::Step::Kind;
    std::vector<std::uint32_t> open;  // begin steps
    std::int64_t attribute = -1;      // the attribute whose value comes
    bool in_start = false;
    const auto close_attribute = [&] {
      if (attribute >= 0)
        program.steps[static_cast<std::size_t>(attribute)].end = static_cast<std::uint32_t>(program.steps.size());
      attribute = -1;
    };
    const auto add = [&](Program::Step step) { program.steps.push_back(std::move(step)); };
    for (bool done = false; !done && !cursor.at_end();) {
      if (program.steps.size() > kMaxEvents) return error("too many tokens");
      const auto token = cursor.number<std::uint8_t>();
      switch (token & 0x3F) {
        case 0x00: done = true; break;
        case 0x01: {
          if (open.size() >= kMaxDepth) return error("elements are nested too deep");
          if (has_dependency) cursor.skip(2);
          cursor.skip(4);  // size of the element
          Program::Step step{.kind = Kind::begin};
          step.name = TRY(name());
          if (token & 0x40) cursor.skip(4);  // size of the attributes
          close_attribute();
          open.push_back(static_cast<std::uint32_t>(program.steps.size()));
          add(step);
          in_start = true;
          break;
        }
        case 0x02:  // the start tag ends
          close_attribute();
          in_start = false;
          break;
        case 0x03:  // "/>"
        case 0x04:  // the end tag
          close_attribute();
          in_start = false;
          if (open.empty()) return error("an element ends that has not begun");
          program.steps[open.back()].end = static_cast<std::uint32_t>(program.steps.size());
          mark_leaf(open.back());
          open.pop_back();
          add({.kind = Kind::end});
          break;
        case 0x05: {
          const auto type = cursor.number<std::uint8_t>();
          if (!cursor.ok()) return error("a value is cut off");
          Program::Step step{.kind = Kind::text};
          if (type == kString) {
            const auto size = cursor.number<std::uint16_t>();
            step.value = scalar(type, cursor.take(std::size_t{size} * 2), program.arena);
          } else if (const auto size = fixed_size(type); size != 0) {
            step.value = scalar(type, cursor.take(size), program.arena);
          } else {
            const auto length = cursor.number<std::uint16_t>();
            step.value = scalar(type, cursor.take(length), program.arena);
          }
          add(step);
          break;
        }
        case 0x06: {
          if (!in_start) return error("an attribute outside of a start tag");
          close_attribute();
          Program::Step step{.kind = Kind::attribute};
          step.name = TRY(name());
          attribute = static_cast<std::int64_t>(program.steps.size());
          add(step);
          break;
        }
        case 0x07: {  // CDATA
          const auto size = cursor.number<std::uint16_t>();
          add({.kind = Kind::text, .value = scalar(kString, cursor.take(std::size_t{size} * 2), program.arena)});
          break;
        }
        case 0x08: {  // character reference
          std::string text;
          utf8::append(text, cursor.number<std::uint16_t>());
          add({.kind = Kind::text, .value = Value::string(program.arena.copy(text))});
          break;
        }
        case 0x09: {  // entity reference
          const auto entity = TRY(name());
          const std::string_view text = entity == "amp"    ? "&"
                                        : entity == "lt"   ? "<"
                                        : entity == "gt"   ? ">"
                                        : entity == "quot" ? "\""
                                        : entity == "apos" ? "'"
                                                           : "";
          add({.kind = Kind::text,
               .value = Value::string(text.empty() ? program.arena.concat("&", entity, ";") : text)});
          break;
        }
        case 0x0A:  // processing instruction: its target, then
          TRY(name());
          break;
        case 0x0B: {  // its data
          const auto size = cursor.number<std::uint16_t>();
          cursor.skip(std::size_t{size} * 2);
          break;
        }
        case 0x0C: {  // a template instance
          Program::Step step{.kind = Kind::instance, .at = static_cast<std::uint32_t>(cursor.at())};
          std::size_t end = 0;
          TRY(xml_read_instance(cursor.at(), end));
          cursor.skip(end - cursor.at());
          add(step);
          break;
        }
        case 0x0D:
        case 0x0E: {
          Program::Step step{.kind = Kind::substitution, .optional = (token & 0x3F) == 0x0E};
          step.index = cursor.number<std::uint16_t>();
          cursor.skip(1);  // the type that the template expects; the value has its own
          if (attribute < 0 && !open.empty()) program.steps[open.back()].may_repeat = true;
          add(step);
          break;
        }
        case 0x0F: cursor.skip(3); break;  // version and flags of the fragment
        default: return error(fmt::format("an unknown token 0x{:02x}", token));
      }
      if (!cursor.ok()) return error("a token is cut off");
    }
    close_attribute();
    // A fragment that is cut off still has its elements closed.
    while (!open.empty()) {
      program.steps[open.back()].end = static_cast<std::uint32_t>(program.steps.size());
      open.pop_back();
      add({.kind = Kind::end});
    }
    return {};
  }

  // Nearly every element of an event: <EventID>4624</EventID>, <Data Name="X">v</Data>.
  void mark_leaf(std::size_t begin) {
    using Kind = Program::Step::Kind;
    auto& steps = program.steps;
    const std::size_t end = steps[begin].end;
    const auto is_piece = [&](std::size_t i) {
      return steps[i].kind == Kind::text || steps[i].kind == Kind::substitution;
    };
    if (end == begin + 2 && is_piece(begin + 1)) steps[begin].leaf = 1;
    if (end == begin + 4 && steps[begin + 1].kind == Kind::attribute && steps[begin + 1].end == begin + 3 &&
        steps[begin + 2].kind == Kind::text && is_piece(begin + 3))
      steps[begin].leaf = 2;
  }

  // Where the instance at `at` ends.
  Result<> xml_read_instance(std::size_t at, std::size_t& end);
};

struct BinXml::Runner {
  BinXml& xml;
  Arena& arena;
  BinXmlSink& sink;
  std::size_t events = 0;

  // Reads the values of the template instance at `at` (behind its token).
  static Result<Instance> read_instance(BinXml& xml, std::size_t at, std::size_t limit, std::size_t& end,
                                        bool with_program) {
    Cursor cursor(xml.chunk_, at, limit);
    cursor.skip(5);  // unknown, template id
    const auto definition = cursor.number<std::uint32_t>();
    if (cursor.ok() && definition == cursor.at()) {
      cursor.skip(20);
      const auto size = cursor.number<std::uint32_t>();
      cursor.skip(size);
    }
    const auto count = cursor.number<std::uint32_t>();
    if (!cursor.ok() || count > kMaxSubstitutions)
      return fail(ErrorKind::corrupt, "a template instance is cut off at byte {} of the chunk", cursor.at());
    Instance instance;
    instance.values.resize(count);
    for (auto& value : instance.values) {
      value.size = cursor.number<std::uint16_t>();
      value.type = cursor.number<std::uint8_t>();
      cursor.skip(1);
    }
    for (auto& value : instance.values) {
      value.at = static_cast<std::uint32_t>(cursor.at());
      cursor.skip(value.size);
    }
    if (!cursor.ok())
      return fail(ErrorKind::corrupt, "the values of a template instance are cut off at byte {} of the chunk",
                  cursor.at());
    end = cursor.at();
    if (with_program) instance.program = TRY(xml.program_at(definition));
    return instance;
  }

  // One more step; false when there were too many.
  bool count() { return xml.text_left_ != 0 && ++events <= kMaxEvents; }
  [[gnu::cold]] std::unexpected<Error> too_much() const {
    if (xml.text_left_ == 0)
      return fail(ErrorKind::exhausted, "the records of the chunk have more than {} bytes of text", kMaxChunkText);
    return fail(ErrorKind::exhausted, "the record has more than {} pieces", kMaxEvents);
  }

  // A text that the sink may keep as long as the record.
  Value literal(const Program& program, const Value& value) const {
    return program.of_template || !value.is_string() ? value : Value::string(arena.copy(value.as_string()));
  }

  std::string_view bytes_of(const Substitution& value) const { return xml.chunk_.substr(value.at, value.size); }

  Value value_of(const Substitution& value, std::size_t item) {
    // One value may stand in many places of a template, so what it costs is counted each time.
    xml.text_left_ -= std::min<std::size_t>(xml.text_left_, value.size);
    if (!(value.type & kArray)) return scalar(value.type, bytes_of(value), arena);
    const auto items = array_items(value.type, bytes_of(value));
    events += items.size() / 16;
    if (item < items.size()) return scalar(value.type & 0x7F, items[item], arena);
    return Value::null();
  }

  Result<> run(const Program& program, const std::vector<Substitution>& values, int nesting) {
    return run(program, values, 0, program.steps.size(), 0, nesting);
  }

  // Steps [begin, end); `item` is the element of arrays that is being shown.
  Result<> run(const Program& program, const std::vector<Substitution>& values, std::size_t begin, std::size_t end,
               std::size_t item, int nesting) {
    using Kind = Program::Step::Kind;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& step = program.steps[i];
      if (!count()) [[unlikely]]
        return too_much();
      switch (step.kind) {
        case Kind::begin: {
          if (step.leaf != 0 && run_leaf(program, values, i)) {
            i = step.end;
            break;
          }
          // An array repeats the element that it stands in, once for each of its items.
          const std::size_t repeat = step.may_repeat ? repetitions(program, values, i) : 1;
          for (std::size_t r = 0; r < repeat; ++r) {
            sink.begin_element(step.name);
            TRY(run(program, values, i + 1, step.end, repeat > 1 ? r : item, nesting));
            sink.end_element();
          }
          i = step.end;
          break;
        }
        case Kind::attribute: {
          TRY(run_attribute(program, values, i, item));
          i = step.end - 1;
          break;
        }
        case Kind::text: sink.text(literal(program, step.value), program.of_template); break;
        case Kind::substitution: {
          if (step.index >= values.size()) break;
          const auto& value = values[step.index];
          if (value.type == kBinXml) {
            if (value.size != 0) TRY(run_fragment(value.at, value.at + value.size, nesting + 1));
          } else if (const auto shown = value_of(value, item); !shown.is_null()) {
            sink.text(shown, false);
          }
          break;
        }
        case Kind::instance: {
          std::size_t behind = 0;
          const auto instance = TRY(read_instance(xml, step.at, xml.chunk_.size(), behind, true));
          if (nesting >= kMaxNesting) return fail(ErrorKind::corrupt, "templates are nested too deep");
          TRY(run(*instance.program, instance.values, nesting + 1));
          break;
        }
        case Kind::end: break;  // of the element whose steps these are
      }
    }
    return {};
  }

  // False when the element is more than it looks: an array, or XML inside.
  bool run_leaf(const Program& program, const std::vector<Substitution>& values, std::size_t begin) {
    using Kind = Program::Step::Kind;
    const auto& step = program.steps[begin];
    const auto& piece = program.steps[step.end - 1];
    Value value;
    bool of_template = false;
    if (piece.kind == Kind::text) {
      value = literal(program, piece.value);
      of_template = program.of_template && step.leaf == 1;
      // Beside an attribute it is not told that it is the template's: then it must be the record's.
      if (program.of_template && step.leaf == 2 && value.is_string())
        value = Value::string(arena.copy(value.as_string()));
    } else if (piece.index < values.size()) {
      const auto& substitution = values[piece.index];
      if (substitution.type == kBinXml || (substitution.type & kArray)) return false;
      value = value_of(substitution, 0);
    }
    events += 2;
    if (step.leaf == 1) {
      sink.leaf(step.name, {}, Value::null(), value, of_template);
      return true;
    }
    const auto written = literal(program, program.steps[begin + 2].value);
    // What is of the template is so with its attribute; a text of the record stays for itself.
    sink.leaf(step.name, program.steps[begin + 1].name, written.is_null() ? Value::string("") : written, value,
              program.of_template);
    return true;
  }

  std::size_t repetitions(const Program& program, const std::vector<Substitution>& values, std::size_t begin) const {
    using Kind = Program::Step::Kind;
    for (std::size_t i = begin + 1; i < program.steps[begin].end; ++i) {
      const auto& step = program.steps[i];
      if (step.kind == Kind::begin)
        i = step.end;
      else if (step.kind == Kind::attribute)
        i = step.end - 1;
      else if (step.kind == Kind::substitution && step.index < values.size() && (values[step.index].type & kArray))
        return std::max<std::size_t>(1, array_items(values[step.index].type, bytes_of(values[step.index])).size());
    }
    return 1;
  }

  Result<> run_attribute(const Program& program, const std::vector<Substitution>& values, std::size_t at,
                         std::size_t item) {
    using Kind = Program::Step::Kind;
    const auto& attribute = program.steps[at];
    Value whole;
    bool there = false;
    std::size_t literals = 0, pieces = 0;
    for (std::size_t i = at + 1; i < attribute.end; ++i) {
      const auto& step = program.steps[i];
      Value piece;
      if (step.kind == Kind::text) {
        piece = literal(program, step.value);
        literals += 1;
      } else if (step.kind == Kind::substitution && step.index < values.size()) {
        const auto& value = values[step.index];
        if (step.optional &&
            (value.type == kNull || (value.size == 0 && (value.type == kString || value.type == kAnsiString))))
          continue;
        piece = value_of(value, item);
        if (piece.is_null() && step.optional) continue;
      } else {
        continue;
      }
      ++pieces;
      if (!there) {
        whole = piece;
        there = true;
        continue;
      }
      std::string text;
      append_text(text, whole);
      append_text(text, piece);
      whole = Value::string(arena.copy(text));
    }
    if (there)
      sink.attribute(attribute.name, whole.is_null() ? Value::string("") : whole,
                     literals == 1 && pieces == 1 && program.of_template);
    return {};
  }

  Result<> run_fragment(std::size_t begin, std::size_t end, int nesting) {
    if (nesting > kMaxNesting) return fail(ErrorKind::corrupt, "fragments are nested too deep");
    // Nearly every fragment is a header and one template instance.
    std::size_t at = begin;
    const auto byte = [&](std::size_t i) {
      return i < end && i < xml.chunk_.size() ? static_cast<unsigned char>(xml.chunk_[i]) : 0U;
    };
    if (byte(at) == 0x0F) at += 4;
    if (byte(at) == 0x0C) {
      std::size_t behind = 0;
      const auto instance = TRY(read_instance(xml, at + 1, end, behind, true));
      return run(*instance.program, instance.values, nesting + 1);
    }
    Program program;
    program.of_template = false;
    Compiler compiler{xml, program, Cursor(xml.chunk_, begin, end), false};
    TRY(compiler.compile());
    return run(program, {}, nesting);
  }
};

Result<> BinXml::Compiler::xml_read_instance(std::size_t at, std::size_t& end) {
  TRY(Runner::read_instance(xml, at, xml.chunk_.size(), end, false));
  return {};
}

BinXml::BinXml() = default;
BinXml::~BinXml() = default;

void BinXml::set_chunk(std::string_view chunk) {
  chunk_ = chunk;
  programs_.clear();
  names_.clear();
  names_arena_.clear();
  text_left_ = kMaxChunkText;
}

Result<std::string_view> BinXml::name_at(std::size_t offset) {
  const auto [known, fresh] = names_.try_emplace(static_cast<std::uint32_t>(offset));
  if (!fresh) return known->second;
  Cursor cursor(chunk_, offset, chunk_.size());
  cursor.skip(6);  // the next of the same hash, the hash
  const auto size = cursor.number<std::uint16_t>();
  const auto bytes = cursor.take(std::size_t{size} * 2);
  if (!cursor.ok() || size > kMaxNameSize) {
    names_.erase(known);
    return fail(ErrorKind::corrupt, "a name at byte {} of the chunk is cut off", offset);
  }
  known->second = utf16_text(bytes, names_arena_);
  return known->second;
}

Result<const BinXml::Program*> BinXml::program_at(std::size_t definition) {
  const auto [known, fresh] = programs_.try_emplace(static_cast<std::uint32_t>(definition));
  if (!fresh) {
    if (!known->second) return fail(ErrorKind::corrupt, "the template at byte {} of the chunk is damaged", definition);
    return known->second.get();
  }
  Cursor header(chunk_, definition, chunk_.size());
  header.skip(20);  // the next of the same hash, its GUID
  const auto size = header.number<std::uint32_t>();
  if (!header.ok() || size > chunk_.size() - header.at())
    return fail(ErrorKind::corrupt, "the template at byte {} of the chunk is cut off", definition);
  auto program = std::make_unique<Program>();
  Compiler compiler{*this, *program, Cursor(chunk_, header.at(), header.at() + size), true};
  TRY(compiler.compile(), "reading the template at byte {} of the chunk", definition);
  auto& place = programs_[static_cast<std::uint32_t>(definition)];
  place = std::move(program);
  return place.get();
}

Result<> BinXml::run(std::size_t begin, std::size_t end, Arena& arena, BinXmlSink& sink) {
  return Runner{*this, arena, sink}.run_fragment(begin, std::min(end, chunk_.size()), 0);
}

}  // namespace yagura::formats
