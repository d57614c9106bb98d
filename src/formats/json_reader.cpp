#include "formats/json_reader.hpp"

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.hpp"

namespace yagura::formats {

using event::Member;
using event::RecordBatch;
using event::Value;

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxFields = 4'096;
constexpr std::size_t kMaxListValues = 65'536;
constexpr std::size_t kMaxNumberSize = 4'096;
constexpr std::size_t kKeptCapacity = 4 << 20;

// A string right behind a number has no token of its own.
bool ends_token(char c) { return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// The first quote or backslash at or behind `at`. There is one, and 64 readable bytes behind the text.
const char* end_of_plain(const char* at) {
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
  for (;; at += 16) {
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto found = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(sixteen, quote), _mm_cmpeq_epi8(sixteen, slash))));
    if (found != 0) return at + std::countr_zero(found);
  }
#else
  while (*at != '"' && *at != '\\') ++at;
  return at;
#endif
}

}  // namespace

class JsonReader::Walk {
 public:
  // `text` is padded, its tokens begin at the `count` places.
  Walk(JsonReader& reader, RecordBatch& batch, const char* text, const std::uint32_t* tokens, std::size_t count)
      : reader_(reader), names_(reader.names_), batch_(batch), text_(text), at_(tokens), end_(tokens + count) {}

  std::string_view run() {
    if (at_ == end_) return "not valid JSON";
    const char first = *next();
    if (first != '{') {
      const bool is_json = first == '[' || first == '"' || first == 'n' || first == 't' || first == 'f' ||
                           first == '-' || is_ascii_digit(first);
      return is_json ? "JSON, but no object" : "not valid JSON";
    }
    if (text_[end_[-1]] != '}') return "not valid JSON";  // cut off: nothing of it is read
    if (!read_fields(JsonNames::kRoot, 0)) return why_;
    return at_ == end_ ? std::string_view() : "text after the JSON object";
  }

 private:
  bool stop(std::string_view why) {
    if (why_.empty()) why_ = why;
    return false;
  }
  bool broken() { return stop("not valid JSON"); }

  // The next token; behind the last one stands a NUL.
  const char* next() { return at_ == end_ ? "" : text_ + *at_++; }
  char peek() const { return at_ == end_ ? '\0' : text_[*at_]; }

  // The fields of an object whose brace has been read.
  bool read_fields(JsonNames::Node parent, int depth) {
    if (peek() == '}') {
      ++at_;
      return true;
    }
    for (JsonNames::Node before = JsonNames::kRoot;;) {
      std::string_view key;
      if (!read_key(key)) return broken();
      const auto node = names_.child(parent, before, key);
      if (node == JsonNames::kTooLong) return stop("a JSON name is longer than 1,024 bytes");
      before = node;
      const char* const token = next();
      if (*token == '{' && depth < kMaxDepth) {
        if (peek() == '}') {
          ++at_;
          if (!set(node, Value::object({}))) return false;
        } else if (!read_fields(node, depth + 1)) {
          return false;
        }
      } else {
        Value value;
        if (!read_value(token, depth, value) || !set(node, value)) return false;
      }
      const char behind = *next();
      if (behind == '}') return true;
      if (behind != ',') return broken();
    }
  }

  bool read_value(const char* token, int depth, Value& out) {
    switch (*token) {
      case '"': {
        std::string_view text;
        if (!read_string(token, text)) return broken();
        out = Value::string(text);
        return true;
      }
      case '{': return depth >= kMaxDepth ? read_raw(token, out) : read_object(depth, out);
      case '[': return depth >= kMaxDepth ? read_raw(token, out) : read_list(depth, out);
      case 't':
        if (std::memcmp(token, "true", 4) != 0 || !ends_token(token[4])) return broken();
        out = Value::boolean(true);
        return true;
      case 'f':
        if (std::memcmp(token, "false", 5) != 0 || !ends_token(token[5])) return broken();
        out = Value::boolean(false);
        return true;
      case 'n':
        if (std::memcmp(token, "null", 4) != 0 || !ends_token(token[4])) return broken();
        out = Value::null();
        return true;
      default: return read_number(token, out);
    }
  }

  bool read_list(int depth, Value& out) {
    auto& values = reader_.values_;
    const std::size_t first = values.size();
    if (peek() == ']') {
      ++at_;
    } else {
      for (;;) {
        Value value;
        if (!read_value(next(), depth + 1, value)) return false;
        if (++list_values_ > kMaxListValues) return stop("more than 65,536 values in JSON lists");
        values.push_back(value);
        const char behind = *next();
        if (behind == ']') break;
        if (behind != ',') return broken();
      }
    }
    out = Value::list(batch_.arena().copy_array<Value>(std::span<const Value>(values).subspan(first)));
    values.resize(first);
    return true;
  }

  // An object inside of a list.
  bool read_object(int depth, Value& out) {
    auto& members = reader_.members_;
    const std::size_t first = members.size();
    if (peek() == '}') {
      ++at_;
    } else {
      for (;;) {
        std::string_view key;
        Value value;
        if (!read_key(key)) return broken();
        if (!read_value(next(), depth + 1, value)) return false;
        if (++list_values_ > kMaxListValues) return stop("more than 65,536 values in JSON lists");
        members.push_back({key, value});
        const char behind = *next();
        if (behind == '}') break;
        if (behind != ',') return broken();
      }
    }
    out = Value::object(batch_.arena().copy_array<Member>(std::span<const Member>(members).subspan(first)));
    members.resize(first);
    return true;
  }

  // A key and its colon.
  bool read_key(std::string_view& key) {
    const char* const token = next();
    if (*token != '"') return false;
    const char* const end = end_of_plain(token + 1);
    if (*end == '"')
      key = {token + 1, static_cast<std::size_t>(end - token - 1)};
    else if (!unescape(token, key))
      return false;
    return *next() == ':';
  }

  // The text lies in our arena, so what has no escapes is where it belongs already.
  bool read_string(const char* token, std::string_view& out) {
    const char* const end = end_of_plain(token + 1);
    if (*end == '"') {
      out = {token + 1, static_cast<std::size_t>(end - token - 1)};
      return true;
    }
    if (unescape(token, out)) return true;
    // An escape that is none, such as half a surrogate pair: the text as it was sent.
    const char* at = end;
    while (*at == '\\') at = end_of_plain(at + 2);
    out = {token + 1, static_cast<std::size_t>(at - token - 1)};
    return true;
  }

  bool unescape(const char* token, std::string_view& out) {
    const char* at = end_of_plain(token + 1);
    bool simple = true;
    while (*at == '\\') {
      simple = simple && at[1] != 'u';
      at = end_of_plain(at + 2);
    }
    const auto size = static_cast<std::size_t>(at - token - 1);
    if (simple) return unescape_simple({token + 1, size}, out);
    auto& scratch = reader_.scratch_;
    if (scratch.size() < size + simdjson::SIMDJSON_PADDING) scratch.resize(2 * size + simdjson::SIMDJSON_PADDING);
    auto* const to = reinterpret_cast<std::uint8_t*>(scratch.data());
    const auto* const end = reader_.parser_->parse_string(reinterpret_cast<const std::uint8_t*>(token + 1), to);
    if (end == nullptr) return false;
    out = batch_.arena().copy({scratch.data(), static_cast<std::size_t>(end - to)});
    return true;
  }

  // Without \u: the paths of Windows, mostly.
  bool unescape_simple(std::string_view raw, std::string_view& out) {
    char* const begin = batch_.arena().allocate(raw.size());
    char* to = begin;
    const char* at = raw.data();
    const char* const end = at + raw.size();
    while (at < end) {
      const auto* const slash = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
      const auto plain = static_cast<std::size_t>((slash ? slash : end) - at);
      std::memcpy(to, at, plain);
      to += plain;
      if (slash == nullptr) break;
      switch (slash[1]) {
        case '\\':
        case '"':
        case '/': *to++ = slash[1]; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        default: return false;
      }
      at = slash + 2;
    }
    out = {begin, static_cast<std::size_t>(to - begin)};
    return true;
  }

  bool read_number(const char* token, Value& out) {
    const char* at = token;
    const bool negative = *at == '-';
    at += negative;
    const char* const digits = at;
    std::uint64_t number = 0;
    for (; is_ascii_digit(*at); ++at) number = number * 10 + static_cast<unsigned>(*at - '0');  // may wrap round
    const auto count = static_cast<std::size_t>(at - digits);
    if (count == 0) return broken();
    const bool is_padded = count > 1 && *digits == '0';
    if (ends_token(*at)) {
      if (count < 19 && !is_padded) {
        out = Value::int64(negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number));
        return true;
      }
      std::int64_t fits = 0;
      const auto [end, error] = std::from_chars(token, at, fits);
      if (!is_padded && error == std::errc() && end == at) {
        out = Value::int64(fits);
        return true;
      }
      // Beyond 64 bits: the digits are worth more than a rounded double.
      if (count < 19 || count > kMaxNumberSize) return broken();
      out = Value::string({token, static_cast<std::size_t>(at - token)});
      return true;
    }
    if (is_padded) return broken();
    if (*at == '.') {
      const char* const fraction = ++at;
      while (is_ascii_digit(*at)) ++at;
      if (at == fraction) return broken();
    }
    if (*at == 'e' || *at == 'E') {
      ++at;
      at += *at == '+' || *at == '-';
      const char* const exponent = at;
      while (is_ascii_digit(*at)) ++at;
      if (at == exponent) return broken();
    }
    if (!ends_token(*at)) return broken();
    double real = 0;
    if (std::from_chars(token, at, real).ec != std::errc()) {
      real = std::strtod(std::string(token, at).c_str(), nullptr);  // too small is 0
      if (!(real < HUGE_VAL && real > -HUGE_VAL)) return broken();
    }
    out = Value::real(real);
    return true;
  }

  // What is nested too deep stays text.
  bool read_raw(const char* token, Value& out) {
    std::size_t open = 1;
    while (at_ != end_) {
      const char* const one = next();
      if (*one == '{' || *one == '[') ++open;
      if ((*one == '}' || *one == ']') && --open == 0) {
        out = Value::string({token, static_cast<std::size_t>(one + 1 - token)});
        return true;
      }
    }
    return broken();
  }

  bool set(JsonNames::Node node, Value value) {
    if (++fields_ > kMaxFields) return stop("more than 4,096 fields in a JSON object");
    if (const auto id = names_.field(node); id.is_listed())
      batch_.set_named(id, names_.listed_name(node), value);
    else
      batch_.set_named(id, batch_.arena().copy(names_.name(node)), value);
    return true;
  }

  JsonReader& reader_;
  JsonNames& names_;
  RecordBatch& batch_;
  const char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
  std::string_view why_;
  std::size_t fields_ = 0;
  std::size_t list_values_ = 0;
};

JsonReader::JsonReader() = default;
JsonReader::~JsonReader() = default;

std::string_view JsonReader::read(std::string_view text, RecordBatch& out) {
  constexpr std::string_view kNoJson = "not valid JSON";
  constexpr std::size_t kLargest = 0xFFFF'FFFF - 1'024;
  const auto* const implementation = static_cast<const simdjson::implementation*>(simdjson::get_active_implementation());
  const auto find_tokens = [&](std::string_view json, const char*& padded) -> simdjson::error_code {
    char* const to = out.arena().allocate(json.size() + simdjson::SIMDJSON_PADDING);
    if (!json.empty()) std::memcpy(to, json.data(), json.size());
    std::memset(to + json.size(), ' ', simdjson::SIMDJSON_PADDING);
    padded = to;
    if (!parser_ || parser_->capacity() < json.size() ||
        (parser_->capacity() > kKeptCapacity && json.size() < kKeptCapacity)) {
      parser_.reset();
      const std::size_t capacity = std::max<std::size_t>(std::bit_ceil(json.size() + 1), 16'384);
      if (const auto error = implementation->create_dom_parser_implementation(capacity, kMaxDepth, parser_)) {
        parser_.reset();
        return error;
      }
    }
    return parser_->stage1(reinterpret_cast<const std::uint8_t*>(to), json.size(), simdjson::stage1_mode::regular);
  };
  if (text.size() > kLargest) return kNoJson;
  names_.begin();
  values_.clear();
  members_.clear();
  const char* padded = nullptr;
  auto error = find_tokens(text, padded);
  if (error == simdjson::UTF8_ERROR) {
    const std::string repaired = utf8::repaired(text);
    if (repaired.size() > kLargest) return kNoJson;
    error = find_tokens(repaired, padded);
  }
  if (error != simdjson::SUCCESS) return kNoJson;
  return Walk(*this, out, padded, parser_->structural_indexes.get(), parser_->n_structural_indexes).run();
}

}  // namespace yagura::formats
