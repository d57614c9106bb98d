#include "store/native_type.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace yagura::store {

namespace {

using Kind = NativeType::Kind;
constexpr int kMostLevels = 24;
constexpr std::size_t kMostText = 64 << 10;

class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<NativeType> whole() {
    auto type = TRY(type_at(0));
    skip_blanks();
    if (at_ != text_.size()) return fail(ErrorKind::invalid_input, "column type '{}': text after the type", text_);
    return type;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_ascii_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_ascii_alpha(text_[at_]) || is_ascii_digit(text_[at_]) || text_[at_] == '_')) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  Result<std::int64_t> number() {
    skip_blanks();
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    while (at_ < text_.size() && is_ascii_digit(text_[at_])) ++at_;
    const auto value = parse_int64(text_.substr(begin, at_ - begin));
    if (!value) return malformed("a number");
    return *value;
  }
  Result<std::string> quoted(char quote) {
    if (!take(quote)) return malformed("a quote");
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c == '\\' && at_ < text_.size()) out += text_[at_++];
      else out += c;
    }
    return malformed("a closing quote");
  }
  std::unexpected<Error> malformed(std::string_view expected) const {
    return fail(ErrorKind::invalid_input, "column type '{}': expected {} at {}", text_.substr(0, 200), expected, at_);
  }
  Result<> close() {
    if (!take(')')) return malformed("')'");
    return {};
  }

  static std::optional<std::uint32_t> integer_width(std::string_view bits) {
    static constexpr std::pair<std::string_view, std::uint32_t> kWidths[] = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}, {"128", 16}, {"256", 32}};
    for (const auto& [name, width] : kWidths)
      if (name == bits) return width;
    return std::nullopt;
  }

  Result<NativeType> type_at(int level) {
    if (level > kMostLevels) return fail(ErrorKind::invalid_input, "column type '{}' nests too deep", text_.substr(0, 200));
    const std::string_view name = word();
    NativeType out;
    const auto plain = [&](Kind kind, std::uint32_t width) {
      out.kind = kind;
      out.width = width;
      return out;
    };
    if (name == "Nothing") return plain(Kind::nothing, 1);
    if (name == "Bool") return plain(Kind::boolean, 1);
    if (name == "String") return plain(Kind::string, 0);
    if (name == "JSON") {
      if (take('(')) skip_arguments();
      return plain(Kind::json, 0);
    }
    if (name == "UUID") return plain(Kind::uuid, 16);
    if (name == "IPv4") return plain(Kind::ipv4, 4);
    if (name == "IPv6") return plain(Kind::ipv6, 16);
    if (name == "Date") return plain(Kind::date, 2);
    if (name == "Date32") return plain(Kind::date32, 4);
    if (name == "Float32") return plain(Kind::floating, 4);
    if (name == "Float64") return plain(Kind::floating, 8);
    if (name == "DateTime") {
      if (take('(')) {
        TRY(quoted('\''));
        TRY(close());
      }
      return plain(Kind::datetime, 4);
    }
    if (name == "DateTime64") {
      if (!take('(')) return malformed("'('");
      const auto scale = TRY(number());
      if (scale < 0 || scale > 9) return malformed("a scale from 0 to 9");
      if (take(',')) TRY(quoted('\''));
      TRY(close());
      out.scale = static_cast<std::uint32_t>(scale);
      return plain(Kind::datetime64, 8);
    }
    if (name == "FixedString") {
      if (!take('(')) return malformed("'('");
      const auto width = TRY(number());
      if (width < 1 || width > 1 << 20) return malformed("a length from 1 to 1048576");
      TRY(close());
      return plain(Kind::fixed_string, static_cast<std::uint32_t>(width));
    }
    if (name == "Decimal") {
      if (!take('(')) return malformed("'('");
      const auto precision = TRY(number());
      const auto scale = take(',') ? TRY(number()) : 0;
      TRY(close());
      if (precision < 1 || precision > 76 || scale < 0 || scale > precision) return malformed("a precision up to 76 and a scale below it");
      out.scale = static_cast<std::uint32_t>(scale);
      return plain(Kind::decimal, precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32);
    }
    if (name == "Enum8" || name == "Enum16") return enumeration(name == "Enum8" ? 1 : 2);
    if (name.starts_with("UInt"))
      if (const auto width = integer_width(name.substr(4))) return plain(Kind::unsigned_integer, *width);
    if (name.starts_with("Interval")) {
      static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
          {"Microsecond", 10}, {"Millisecond", 10'000}, {"Second", 10'000'000}, {"Minute", 600'000'000}, {"Hour", 36'000'000'000}, {"Day", 864'000'000'000}, {"Week", 6'048'000'000'000}};
      for (const auto& [unit, ticks] : kUnits)
        if (name.substr(8) == unit) out.ticks = ticks;
      return plain(Kind::interval, 8);
    }
    if (name.starts_with("Int"))
      if (const auto width = integer_width(name.substr(3))) return plain(Kind::signed_integer, *width);
    if (name == "Nullable" || name == "LowCardinality" || name == "Array") {
      if (!take('(')) return malformed("'('");
      out.kind = name == "Nullable" ? Kind::nullable : name == "Array" ? Kind::array : Kind::low_cardinality;
      out.parts.push_back(TRY(type_at(level + 1)));
      TRY(close());
      return out;
    }
    if (name == "Map") {
      if (!take('(')) return malformed("'('");
      out.kind = Kind::map;
      out.parts.push_back(TRY(type_at(level + 1)));
      if (!take(',')) return malformed("','");
      out.parts.push_back(TRY(type_at(level + 1)));
      TRY(close());
      return out;
    }
    if (name == "Tuple" || name == "Nested") return tuple(level, name == "Nested");
    return fail(ErrorKind::not_supported, "cannot read the column type '{}'", name.empty() ? text_.substr(at_, 100) : name);
  }

  void skip_arguments() {
    for (int depth = 1; depth > 0 && at_ < text_.size();) {
      const char c = text_[at_++];
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
  }

  Result<NativeType> enumeration(std::uint32_t width) {
    NativeType out;
    out.kind = Kind::enumeration;
    out.width = width;
    if (!take('(')) return malformed("'('");
    do {
      auto name = TRY(quoted('\''));
      if (!take('=')) return malformed("'='");
      out.values.emplace_back(TRY(number()), std::move(name));
    } while (take(','));
    TRY(close());
    std::ranges::sort(out.values);
    return out;
  }

  // Tuple(Int8, String), Tuple(a Int8, `b c` String), Nested(a Int8): an Array of a Tuple.
  Result<NativeType> tuple(int level, bool nested) {
    NativeType out;
    out.kind = Kind::tuple;
    if (!take('(')) return malformed("'('");
    do {
      skip_blanks();
      const std::size_t begin = at_;
      std::string name;
      if (at_ < text_.size() && text_[at_] == '`') {
        name = TRY(quoted('`'));
      } else {
        name = std::string(word());
        skip_blanks();
        // A word followed by another word is an element's name; otherwise it was the type.
        if (at_ >= text_.size() || !(is_ascii_alpha(text_[at_]) || text_[at_] == '_')) {
          name.clear();
          at_ = begin;
        }
      }
      out.names.push_back(std::move(name));
      out.parts.push_back(TRY(type_at(level + 1)));
    } while (take(','));
    TRY(close());
    if (!nested) return out;
    NativeType array;
    array.kind = Kind::array;
    array.parts.push_back(std::move(out));
    return array;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<NativeType> parse_native_type(std::string_view text) {
  if (text.size() > kMostText) return fail(ErrorKind::invalid_input, "a column type of {} bytes", text.size());
  return TypeParser(text).whole();
}

}  // namespace yagura::store
