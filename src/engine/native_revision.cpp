#include "engine/native_revision.hpp"

#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace yagura::engine {

namespace {

constexpr std::uint64_t kCustomSerialization = 54'454;
constexpr int kMostLevels = 24;

// Steps over a block's parts; an Error instead of a step beyond the end.
class Walker {
 public:
  explicit Walker(std::string_view bytes) : bytes_(bytes) {}
  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == bytes_.size(); }

  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return corrupt();
  }
  Result<std::string_view> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) return corrupt();
    const auto taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  Result<std::string_view> text() { return take(TRY(varint())); }

  Result<> column(std::string_view type, std::uint64_t rows) {
    TRY(prefix(type, 0));
    return values(type, rows, 0);
  }

 private:
  static std::unexpected<Error> corrupt() { return fail(ErrorKind::corrupt, "the engine's result is no Native block"); }
  static std::unexpected<Error> unknown(std::string_view type) { return fail(ErrorKind::not_supported, "the type {} cannot be sent in this protocol version", type.substr(0, 200)); }

  // "Array(T)" and "Array" give "T".
  static std::optional<std::string_view> inside(std::string_view type, std::string_view name) {
    if (!type.starts_with(name) || type.size() < name.size() + 2 || type[name.size()] != '(' || type.back() != ')') return std::nullopt;
    return type.substr(name.size() + 1, type.size() - name.size() - 2);
  }

  // The types in "a Int8, `b c` Array(String)"; names are cut off.
  static std::vector<std::string_view> elements(std::string_view list) {
    std::vector<std::string_view> out;
    std::size_t begin = 0;
    int depth = 0;
    char quote = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
      const char c = i < list.size() ? list[i] : ',';
      if (quote != 0) {
        if (c == '\\') ++i;
        else if (c == quote) quote = 0;
        continue;
      }
      if (c == '\'' || c == '`') quote = c;
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c != ',' || depth != 0) continue;
      std::string_view element = trim(list.substr(begin, i - begin));
      begin = i + 1;
      if (element.starts_with('`')) {
        std::size_t end = 1;
        while (end < element.size() && element[end] != '`') end += element[end] == '\\' ? 2 : 1;
        element = trim(element.substr(std::min(end + 1, element.size())));
      } else if (const std::size_t blank = element.find(' '); blank != std::string_view::npos && blank < element.find_first_of("('")) {
        element = trim(element.substr(blank));
      }
      out.push_back(element);
    }
    return out;
  }

  static std::vector<std::string_view> parts_of(std::string_view type) {
    for (const std::string_view name : {"Nullable", "Array", "LowCardinality"})
      if (const auto inner = inside(type, name)) return {*inner};
    for (const std::string_view name : {"Tuple", "Map", "Nested"})
      if (const auto inner = inside(type, name)) return elements(*inner);
    return {};
  }

  static std::optional<std::uint64_t> fixed_width(std::string_view type) {
    static constexpr std::pair<std::string_view, std::uint64_t> kWidths[] = {
        {"Nothing", 1}, {"Bool", 1}, {"Int8", 1}, {"UInt8", 1}, {"Int16", 2}, {"UInt16", 2}, {"Int32", 4}, {"UInt32", 4}, {"Int64", 8}, {"UInt64", 8}, {"Int128", 16},
        {"UInt128", 16}, {"Int256", 32}, {"UInt256", 32}, {"Float32", 4}, {"Float64", 8}, {"BFloat16", 2}, {"Date", 2}, {"Date32", 4}, {"DateTime", 4}, {"DateTime64", 8},
        {"UUID", 16}, {"IPv4", 4}, {"IPv6", 16}, {"Enum8", 1}, {"Enum16", 2}, {"Decimal32", 4}, {"Decimal64", 8}, {"Decimal128", 16}, {"Decimal256", 32}};
    const std::string_view name = type.substr(0, type.find('('));
    for (const auto& [known, width] : kWidths)
      if (known == name) return width;
    if (name.starts_with("Interval")) return 8;
    const auto number = [&](std::string_view text) { return parse_uint64(trim(text.substr(0, text.find(',')))); };
    if (const auto inner = inside(type, "FixedString")) return number(*inner);
    if (const auto inner = inside(type, "Decimal"))
      if (const auto precision = number(*inner)) return *precision <= 9 ? 4 : *precision <= 18 ? 8 : *precision <= 38 ? 16 : 32;
    return std::nullopt;
  }

  // What a type writes once, before its values.
  Result<> prefix(std::string_view type, int level) {
    if (level > kMostLevels) return unknown(type);
    if (inside(type, "LowCardinality")) TRY(take(8));
    for (const auto part : parts_of(type)) TRY(prefix(part, level + 1));
    return {};
  }

  Result<> values(std::string_view type, std::uint64_t rows, int level) {
    if (level > kMostLevels) return unknown(type);
    if (const auto width = fixed_width(type)) {
      if (rows > bytes_.size()) return corrupt();
      TRY(take(rows * *width));
      return {};
    }
    if (type == "String") {
      for (std::uint64_t row = 0; row < rows; ++row) TRY(text());
      return {};
    }
    const auto parts = parts_of(type);
    if (parts.empty()) return unknown(type);
    if (type.starts_with("Nullable(")) {
      TRY(take(rows));
      return values(parts[0], rows, level + 1);
    }
    if (type.starts_with("LowCardinality(")) {
      if (rows == 0) return {};
      const auto flags = TRY(number64());
      const auto keys = TRY(number64());
      TRY(values(inside(parts[0], "Nullable").value_or(parts[0]), keys, level + 1));
      if (TRY(number64()) != rows || (flags & 0xff) > 3 || rows > bytes_.size()) return corrupt();
      TRY(take(rows << (flags & 0xff)));
      return {};
    }
    std::uint64_t inner_rows = rows;
    if (!type.starts_with("Tuple(")) {  // Array, Map and Nested: offsets first
      if (rows > bytes_.size()) return corrupt();
      const auto offsets = TRY(take(rows * 8));
      inner_rows = 0;
      if (rows > 0) std::memcpy(&inner_rows, offsets.data() + (rows - 1) * 8, 8);
    }
    for (const auto part : parts) TRY(values(part, inner_rows, level + 1));
    return {};
  }

  Result<std::uint64_t> number64() {
    const auto bytes = TRY(take(8));
    std::uint64_t value;
    std::memcpy(&value, bytes.data(), 8);
    return value;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<> append_native_revision(std::string& out, std::string_view blocks, std::uint64_t revision) {
  // is_overflows (field 1) false, bucket_num (field 2) -1, end of fields.
  static constexpr std::string_view kBlockInfo("\x01\x00\x02\xff\xff\xff\xff\x00", 8);
  Walker walker(blocks);
  out.reserve(out.size() + blocks.size() + 64);
  while (!walker.at_end()) {
    std::size_t from = walker.at();
    out += kBlockInfo;
    const auto columns = TRY(walker.varint());
    const auto rows = TRY(walker.varint());
    for (std::uint64_t i = 0; i < columns; ++i) {
      TRY(walker.text());
      const auto type = TRY(walker.text());
      if (revision >= kCustomSerialization) {
        out += blocks.substr(from, walker.at() - from);
        from = walker.at();
        out += '\0';
      }
      if (rows > 0) TRY(walker.column(type, rows));
    }
    out += blocks.substr(from, walker.at() - from);
  }
  return {};
}

}  // namespace yagura::engine
