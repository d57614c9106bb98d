#include "store/native_values.hpp"

#include <cmath>
#include <cstring>

#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "store/wide_integer.hpp"

namespace yagura::store {

namespace {

using event::Column;
using event::KqlType;
using Kind = NativeType::Kind;

template <class T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

constexpr std::int64_t kPowersOfTen[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0); }

// Rows seen through Nullable and LowCardinality.
class Cells {
 public:
  Cells(const NativeValues& values, const char* bytes) : values_(&values), bytes_(bytes) {
    if (values_->type->kind == Kind::low_cardinality) {
      keys_ = bytes_ + values_->fixed_at;
      key_width_ = values_->key_width;
      null_is_key_zero_ = values_->type->parts[0].kind == Kind::nullable;
      values_ = &values_->parts[0];
    }
    if (values_->type->kind == Kind::nullable) {
      nulls_ = bytes_ + values_->fixed_at;
      values_ = &values_->parts[0];
    }
  }
  const NativeValues& values() const { return *values_; }
  const NativeType& type() const { return *values_->type; }
  const char* bytes() const { return bytes_; }
  std::size_t at(std::size_t row) const {
    if (keys_ == nullptr) return row;
    std::uint64_t key = 0;
    std::memcpy(&key, keys_ + row * key_width_, key_width_);
    return static_cast<std::size_t>(key);  // checked against the dictionary when it was read
  }
  bool is_null(std::size_t row) const {
    if (keys_ != nullptr) return null_is_key_zero_ && at(row) == 0;
    return (nulls_ != nullptr && nulls_[row] != 0) || type().kind == Kind::nothing;
  }
  const char* fixed(std::size_t row) const { return bytes_ + values_->fixed_at + at(row) * type().width; }
  std::string_view text(std::size_t row) const {
    if (type().kind == Kind::fixed_string) {
      std::string_view all(fixed(row), type().width);
      return all.substr(0, all.find_last_not_of('\0') + 1);
    }
    const auto& text = values_->texts[at(row)];
    return {bytes_ + text.at, text.size};
  }

 private:
  const NativeValues* values_;
  const char* bytes_;
  const char* nulls_ = nullptr;
  const char* keys_ = nullptr;
  std::size_t key_width_ = 0;
  bool null_is_key_zero_ = false;
};

bool is_time(Kind kind) { return kind == Kind::date || kind == Kind::date32 || kind == Kind::datetime || kind == Kind::datetime64; }

// 100 ns since 1970.
std::optional<std::int64_t> ticks_of(const NativeType& type, const char* from) {
  switch (type.kind) {
    case Kind::date: return load<std::uint16_t>(from) * kTicksPerDay;
    case Kind::date32: {
      std::int64_t ticks = 0;  // a broken block may name any day
      if (__builtin_mul_overflow(static_cast<std::int64_t>(load<std::int32_t>(from)), kTicksPerDay, &ticks)) return std::nullopt;
      return ticks;
    }
    case Kind::datetime: return load<std::uint32_t>(from) * kTicksPerSecond;
    case Kind::datetime64: {
      const auto value = load<std::int64_t>(from);
      if (type.scale >= 7) return floor_divide(value, kPowersOfTen[type.scale - 7]);
      std::int64_t scaled = 0;
      if (__builtin_mul_overflow(value, kPowersOfTen[7 - type.scale], &scaled)) return std::nullopt;
      return scaled;
    }
    default: return std::nullopt;
  }
}

std::optional<std::int64_t> integer_of(const NativeType& type, const char* from) {
  switch (type.kind) {
    case Kind::boolean: return *from != 0;
    case Kind::signed_integer:
    case Kind::enumeration:
    case Kind::interval:
      switch (type.width) {
        case 1: return load<std::int8_t>(from);
        case 2: return load<std::int16_t>(from);
        case 4: return load<std::int32_t>(from);
        case 8: return load<std::int64_t>(from);
        default: break;
      }
      break;
    case Kind::unsigned_integer:
      switch (type.width) {
        case 1: return load<std::uint8_t>(from);
        case 2: return load<std::uint16_t>(from);
        case 4: return load<std::uint32_t>(from);
        case 8: {
          const auto value = load<std::uint64_t>(from);
          if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
          return static_cast<std::int64_t>(value);
        }
        default: break;
      }
      break;
    case Kind::floating: {
      const double value = type.width == 4 ? static_cast<double>(load<float>(from)) : load<double>(from);
      if (!(value > -9.2e18 && value < 9.2e18)) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    case Kind::decimal: {
      const std::string text = decimal_text(wide_from_bytes(from, type.width, true), type.scale);
      return parse_int64(std::string_view(text).substr(0, text.find('.')));
    }
    default: return ticks_of(type, from);
  }
  // 128 and 256 bits.
  const WideInteger wide = wide_from_bytes(from, type.width, type.kind == Kind::signed_integer);
  return parse_int64(decimal_text(wide, 0, type.kind == Kind::signed_integer));
}

std::string_view enumeration_name(const NativeType& type, const char* from) {
  const std::int64_t value = type.width == 1 ? load<std::int8_t>(from) : load<std::int16_t>(from);
  const auto found = std::ranges::lower_bound(type.values, value, {}, [](const auto& entry) { return entry.first; });
  return found != type.values.end() && found->first == value ? std::string_view(found->second) : std::string_view();
}

void append_ipv4(std::string& out, const char* from) {
  const auto address = load<std::uint32_t>(from);
  fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

// RFC 5952: the longest run of zero groups becomes "::"; IPv4-mapped addresses end in dotted form.
void append_ipv6(std::string& out, const char* from) {
  std::uint16_t groups[8];
  for (int i = 0; i < 8; ++i)
    groups[i] = static_cast<std::uint16_t>(static_cast<unsigned char>(from[2 * i]) << 8 | static_cast<unsigned char>(from[2 * i + 1]));
  const bool mapped = std::all_of(groups, groups + 5, [](auto g) { return g == 0; }) && groups[5] == 0xffff;
  if (mapped) {
    fmt::format_to(std::back_inserter(out), "::ffff:{}.{}.{}.{}", groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255);
    return;
  }
  int best = -1, best_length = 1;
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > best_length) best = i, best_length = length;
  }
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (i > 0 && out.back() != ':') out += ':';
    fmt::format_to(std::back_inserter(out), "{:x}", groups[i]);
  }
}

// One scalar as plain text; false for arrays, tuples and maps.
bool append_scalar_text(std::string& out, const Cells& cells, std::size_t row) {
  const NativeType& type = cells.type();
  switch (type.kind) {
    case Kind::string:
    case Kind::json:
    case Kind::fixed_string: out += cells.text(row); return true;
    case Kind::boolean: out += *cells.fixed(row) != 0 ? "true" : "false"; return true;
    case Kind::signed_integer:
    case Kind::unsigned_integer:
      out += decimal_text(wide_from_bytes(cells.fixed(row), type.width, type.kind == Kind::signed_integer), 0, type.kind == Kind::signed_integer);
      return true;
    case Kind::decimal: out += decimal_text(wide_from_bytes(cells.fixed(row), type.width, true), type.scale); return true;
    case Kind::floating: {
      const double value = type.width == 4 ? static_cast<double>(load<float>(cells.fixed(row))) : load<double>(cells.fixed(row));
      if (std::isnan(value)) out += "NaN";
      else if (std::isinf(value)) out += value > 0 ? "Infinity" : "-Infinity";
      else if (type.width == 4) fmt::format_to(std::back_inserter(out), "{}", load<float>(cells.fixed(row)));
      else fmt::format_to(std::back_inserter(out), "{}", value);
      return true;
    }
    case Kind::date:
    case Kind::date32:
    case Kind::datetime:
    case Kind::datetime64: {
      const auto ticks = ticks_of(type, cells.fixed(row));
      if (ticks && *ticks >= kMinTicks && *ticks <= kMaxTicks) append_datetime(out, *ticks);
      return true;
    }
    case Kind::uuid: append_guid(out, {load<std::uint64_t>(cells.fixed(row)), load<std::uint64_t>(cells.fixed(row) + 8)}); return true;
    case Kind::ipv4: append_ipv4(out, cells.fixed(row)); return true;
    case Kind::ipv6: append_ipv6(out, cells.fixed(row)); return true;
    case Kind::enumeration: out += enumeration_name(type, cells.fixed(row)); return true;
    case Kind::interval:
      if (type.ticks != 0) {
        std::int64_t ticks = 0;
        if (!__builtin_mul_overflow(load<std::int64_t>(cells.fixed(row)), type.ticks, &ticks)) out += event::format_timespan(ticks);
      } else {
        fmt::format_to(std::back_inserter(out), "{}", load<std::int64_t>(cells.fixed(row)));
      }
      return true;
    default: return false;
  }
}

void append_json_value(std::string& out, const NativeValues& values, std::size_t row, const char* bytes);

void append_json_items(std::string& out, const NativeValues& values, std::size_t from, std::size_t to, const char* bytes) {
  out += '[';
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) out += ',';
    append_json_value(out, values, i, bytes);
  }
  out += ']';
}

// Depth is bounded by the type's.
void append_json_value(std::string& out, const NativeValues& values, std::size_t row, const char* bytes) {
  const Cells cells(values, bytes);
  if (cells.is_null(row)) {
    out += "null";
    return;
  }
  const NativeType& type = cells.type();
  const NativeValues& inner = cells.values();
  const auto bounds = [&](std::size_t at) {
    const char* offsets = bytes + inner.fixed_at;
    return std::pair(at == 0 ? 0 : load<std::uint64_t>(offsets + 8 * (at - 1)), load<std::uint64_t>(offsets + 8 * at));
  };
  switch (type.kind) {
    case Kind::array: {
      const auto [from, to] = bounds(cells.at(row));
      append_json_items(out, inner.parts[0], from, to, bytes);
      return;
    }
    case Kind::map: {
      const auto [from, to] = bounds(cells.at(row));
      out += '{';
      for (std::uint64_t i = from; i < to; ++i) {
        if (i > from) out += ',';
        std::string key;
        const Cells keys(inner.parts[0], bytes);
        if (!keys.is_null(i) && !append_scalar_text(key, keys, i)) append_json_value(key, inner.parts[0], i, bytes);
        append_json_string(out, key);
        out += ':';
        append_json_value(out, inner.parts[1], i, bytes);
      }
      out += '}';
      return;
    }
    case Kind::tuple: {
      const bool named = std::ranges::all_of(type.names, [](const std::string& name) { return !name.empty(); });
      out += named ? '{' : '[';
      for (std::size_t i = 0; i < inner.parts.size(); ++i) {
        if (i > 0) out += ',';
        if (named) {
          append_json_string(out, type.names[i]);
          out += ':';
        }
        append_json_value(out, inner.parts[i], cells.at(row), bytes);
      }
      out += named ? '}' : ']';
      return;
    }
    case Kind::json:
      if (const auto text = cells.text(row); !text.empty()) out += text;
      else out += "null";
      return;
    case Kind::boolean:
    case Kind::signed_integer:
    case Kind::unsigned_integer:
    case Kind::decimal: append_scalar_text(out, cells, row); return;
    case Kind::floating:
      append_json_double(out, type.width == 4 ? static_cast<double>(load<float>(cells.fixed(row))) : load<double>(cells.fixed(row)));
      return;
    default: {
      std::string text;
      append_scalar_text(text, cells, row);
      append_json_string(out, text);
    }
  }
}

// The common case, a copy of whole columns: Int64, DateTime64(7) and Float64, Nullable or not.
bool append_as_they_lie(Column& out, const NativeValues& values, const char* bytes) {
  const NativeType* type = values.type;
  const char* nulls = nullptr;
  const NativeValues* inner = &values;
  if (type->kind == Kind::nullable) {
    nulls = bytes + values.fixed_at;
    inner = &values.parts[0];
    type = inner->type;
  }
  const bool ticks = out.type() == KqlType::datetime;
  const bool same64 = (out.type() == KqlType::int64 || out.type() == KqlType::timespan || ticks) && type->width == 8 &&
                      (type->kind == Kind::signed_integer || (ticks && type->kind == Kind::datetime64 && type->scale == 7));
  const bool same_real = out.type() == KqlType::real && type->kind == Kind::floating && type->width == 8;
  if (!same64 && !same_real) return false;
  const std::size_t rows = values.rows, before = out.size();
  const auto copy = [&](auto& to) {
    to.resize(before + rows);
    if (rows > 0) std::memcpy(to.data() + before, bytes + inner->fixed_at, rows * 8);
  };
  if (same_real) copy(out.reals());
  else copy(out.int64s());
  out.nulls().resize(before + rows);
  if (nulls == nullptr) return true;
  for (std::size_t row = 0; row < rows; ++row) {
    out.nulls()[before + row] = nulls[row] != 0;
    if (nulls[row] == 0) continue;
    if (same_real) out.reals()[before + row] = 0;
    else out.int64s()[before + row] = 0;
  }
  return true;
}

}  // namespace

void append_values(Column& out, const NativeValues& values, const char* bytes, Arena& arena) {
  if (append_as_they_lie(out, values, bytes)) return;
  const Cells cells(values, bytes);
  const NativeType& type = cells.type();
  const bool is_text = type.kind == Kind::string || type.kind == Kind::json || type.kind == Kind::fixed_string;
  const bool is_nested = type.kind == Kind::array || type.kind == Kind::tuple || type.kind == Kind::map;
  out.reserve(out.size() + values.rows);
  std::string scratch;
  for (std::size_t row = 0; row < values.rows; ++row) {
    if (cells.is_null(row)) {
      out.append_null();
      continue;
    }
    switch (out.type()) {
      case KqlType::string:
        if (is_text) {
          out.append_text(cells.text(row));
        } else {
          scratch.clear();
          if (!append_scalar_text(scratch, cells, row)) append_json_value(scratch, values, row, bytes);
          out.append_text(arena.copy(scratch));
        }
        break;
      case KqlType::dynamic:
        if (is_text) {
          const auto text = cells.text(row);
          if (text.empty() || text == "null") out.append_null();
          else out.append_text(text);
        } else {
          scratch.clear();
          append_json_value(scratch, values, row, bytes);
          if (scratch == "null") out.append_null();  // a NaN has no JSON
          else out.append_text(arena.copy(scratch));
        }
        break;
      case KqlType::decimal:
        scratch.clear();
        if (is_nested || is_time(type.kind) || !append_scalar_text(scratch, cells, row) || !parse_decimal(scratch, kDecimalScale)) out.append_null();
        else out.append_text(arena.copy(scratch));
        break;
      case KqlType::guid:
        if (type.kind == Kind::uuid) {
          out.append_guid({load<std::uint64_t>(cells.fixed(row)), load<std::uint64_t>(cells.fixed(row) + 8)});
        } else if (const auto guid = is_text ? Guid::parse(cells.text(row)) : std::nullopt) {
          out.append_guid(*guid);
        } else {
          out.append_null();
        }
        break;
      case KqlType::real:
        if (type.kind == Kind::floating) {
          out.append_real(type.width == 4 ? static_cast<double>(load<float>(cells.fixed(row))) : load<double>(cells.fixed(row)));
        } else {
          scratch.clear();
          const auto real = is_nested || is_time(type.kind) || type.kind == Kind::boolean || !append_scalar_text(scratch, cells, row) ? std::nullopt : parse_double(scratch);
          if (real) out.append_real(*real);
          else out.append_null();
        }
        break;
      case KqlType::boolean:
      case KqlType::int32:
      case KqlType::int64:
      case KqlType::datetime:
      case KqlType::timespan: {
        std::optional<std::int64_t> value;
        if (is_text) value = out.type() == KqlType::datetime ? parse_iso8601(cells.text(row)) : parse_int64(cells.text(row));
        else if (!is_nested && type.kind != Kind::uuid && type.kind != Kind::ipv6) value = integer_of(type, cells.fixed(row));
        if (value && type.kind == Kind::interval && out.type() == KqlType::timespan) {
          std::int64_t ticks = 0;
          if (type.ticks == 0 || __builtin_mul_overflow(*value, type.ticks, &ticks)) value.reset();
          else value = ticks;
        }
        if (value && out.type() == KqlType::int32 && (*value < std::numeric_limits<std::int32_t>::min() || *value > std::numeric_limits<std::int32_t>::max())) value.reset();
        if (value && out.type() == KqlType::datetime && (*value < kMinTicks || *value > kMaxTicks)) value.reset();
        if (!value) out.append_null();
        else if (out.type() == KqlType::boolean) out.append_boolean(*value != 0);
        else if (out.type() == KqlType::int32) out.append_int32(static_cast<std::int32_t>(*value));
        else out.append_int64(*value);
        break;
      }
    }
  }
}

KqlType natural_type(const NativeType& type) {
  switch (type.kind) {
    case Kind::nullable:
    case Kind::low_cardinality: return natural_type(type.parts[0]);
    case Kind::boolean: return KqlType::boolean;
    case Kind::signed_integer: return type.width <= 4 ? KqlType::int32 : type.width == 8 ? KqlType::int64 : KqlType::decimal;
    case Kind::unsigned_integer: return type.width <= 2 ? KqlType::int32 : type.width <= 8 ? KqlType::int64 : KqlType::decimal;
    case Kind::floating: return KqlType::real;
    case Kind::decimal: return KqlType::decimal;
    case Kind::date:
    case Kind::date32:
    case Kind::datetime:
    case Kind::datetime64: return KqlType::datetime;
    case Kind::uuid: return KqlType::guid;
    case Kind::interval: return type.ticks != 0 ? KqlType::timespan : KqlType::int64;
    case Kind::json:
    case Kind::array:
    case Kind::tuple:
    case Kind::map: return KqlType::dynamic;
    case Kind::nothing:
    case Kind::string:
    case Kind::fixed_string:
    case Kind::ipv4:
    case Kind::ipv6:
    case Kind::enumeration: return KqlType::string;
  }
  return KqlType::string;
}

}  // namespace yagura::store
