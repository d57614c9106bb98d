#include <cstring>

#include "base/text.hpp"
#include "store/native_block.hpp"
#include "store/native_values.hpp"

namespace yagura::store {

namespace {

using Kind = NativeType::Kind;
constexpr std::uint64_t kMostColumns = 20'000;
constexpr std::uint64_t kMostRows = 1ULL << 26;
constexpr std::size_t kMostBlock = std::size_t{1} << 30;
constexpr std::uint64_t kMostText = 1ULL << 29;

std::unexpected<Error> corrupt(std::string_view what) { return fail(ErrorKind::corrupt, "the store's answer is no Native block: {}", what); }

}  // namespace

struct NativeReader::State {
  ByteSource source;
  std::vector<event::ColumnSchema> asked;
  // Batches given out point into the buffer, so it grows in place only while nobody shares it.
  std::shared_ptr<std::string> buffer = std::make_shared<std::string>();
  std::size_t begin = 0;  // of the current block
  std::size_t at = 0;     // relative to begin
  bool ended = false;

  const char* bytes() const { return buffer->data() + begin; }

  // Makes `count` more bytes there, from `at` on.
  Result<bool> have(std::size_t count) {
    if (count > kMostBlock || at + count > kMostBlock) return corrupt("a block larger than 1 GiB");
    while (buffer->size() - begin < at + count) {
      if (ended) return false;
      if (buffer.use_count() > 1) {
        buffer = std::make_shared<std::string>(buffer->substr(begin));
        begin = 0;
      } else if (begin > 0 && begin >= buffer->size() / 2) {
        buffer->erase(0, begin);
        begin = 0;
      }
      if (!TRY(source(*buffer))) ended = true;
    }
    return true;
  }
  Result<> need(std::size_t count) {
    if (!TRY(have(count))) return corrupt("it ends within a block");
    return {};
  }

  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (buffer->size() - begin <= at) TRY(need(1));
      const auto byte = static_cast<unsigned char>(bytes()[at++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return corrupt("an endless number");
  }
  Result<std::uint64_t> fixed64() {
    TRY(need(8));
    std::uint64_t value;
    std::memcpy(&value, bytes() + at, 8);
    at += 8;
    return value;
  }
  Result<NativeValues::Text> text() {
    const auto size = TRY(varint());
    if (size > kMostText) return corrupt("a text larger than 512 MiB");
    TRY(need(size));
    const NativeValues::Text out{at, size};
    at += size;
    return out;
  }

  // What a type writes once before its values.
  Result<> prefix(const NativeType& type) {
    if (type.kind == Kind::low_cardinality && TRY(fixed64()) != 1) return corrupt("an unknown version of LowCardinality");
    // JSON as text is what we ask for with output_format_native_write_json_as_string.
    if (type.kind == Kind::json && TRY(fixed64()) != 1) return fail(ErrorKind::not_supported, "cannot read JSON columns that are not sent as text");
    for (const auto& part : type.parts) TRY(prefix(part));
    return {};
  }

  // Depth is bounded by the type's.
  Result<NativeValues> values(const NativeType& type, std::uint64_t rows) {
    NativeValues out;
    out.type = &type;
    out.rows = rows;
    switch (type.kind) {
      case Kind::json:
      case Kind::string:
        out.texts.reserve(std::min<std::uint64_t>(rows, buffer->size() - begin - std::min(at, buffer->size() - begin)));
        for (std::uint64_t row = 0; row < rows; ++row) out.texts.push_back(TRY(text()));
        return out;
      case Kind::nullable:
        TRY(need(rows));
        out.fixed_at = at;
        at += rows;
        out.parts.push_back(TRY(values(type.parts[0], rows)));
        return out;
      case Kind::array:
      case Kind::map: {
        TRY(need(rows * 8));
        out.fixed_at = at;
        at += rows * 8;
        std::uint64_t items = 0;
        for (std::uint64_t row = 0; row < rows; ++row) {
          std::uint64_t offset;
          std::memcpy(&offset, bytes() + out.fixed_at + row * 8, 8);
          if (offset < items || offset > kMostRows) return corrupt("offsets of an array out of order");
          items = offset;
        }
        for (const auto& part : type.parts) out.parts.push_back(TRY(values(part, items)));
        return out;
      }
      case Kind::tuple:
        for (const auto& part : type.parts) out.parts.push_back(TRY(values(part, rows)));
        return out;
      case Kind::low_cardinality: return low_cardinality(std::move(out), rows);
      default:
        TRY(need(rows * type.width));
        out.fixed_at = at;
        at += rows * type.width;
        return out;
    }
  }

  Result<NativeValues> low_cardinality(NativeValues out, std::uint64_t rows) {
    if (rows == 0) {
      out.key_width = 1;
      out.fixed_at = at;
      out.parts.push_back(TRY(values(out.type->parts[0], 0)));
      return out;
    }
    const auto flags = TRY(fixed64());
    constexpr std::uint64_t kGlobalDictionary = 1 << 8, kKeysFollow = 1 << 9;
    if ((flags & kGlobalDictionary) != 0 || (flags & kKeysFollow) == 0 || (flags & 0xff) > 3) return corrupt("a LowCardinality of an unknown kind");
    out.key_width = std::size_t{1} << (flags & 0xff);
    const auto keys = TRY(fixed64());
    if (keys > kMostRows) return corrupt("a dictionary too large");
    // The dictionary of Nullable(T) is of T: key 0 stands for null.
    const NativeType& inner = out.type->parts[0];
    out.parts.push_back(TRY(values(inner.kind == Kind::nullable ? inner.parts[0] : inner, keys)));
    if (TRY(fixed64()) != rows) return corrupt("a LowCardinality with another number of rows");
    TRY(need(rows * out.key_width));
    out.fixed_at = at;
    at += rows * out.key_width;
    for (std::uint64_t row = 0; row < rows; ++row) {
      std::uint64_t key = 0;
      std::memcpy(&key, bytes() + out.fixed_at + row * out.key_width, out.key_width);
      if (key >= keys) return corrupt("a key outside its dictionary");
    }
    return out;
  }
};

NativeReader::NativeReader(ByteSource source, std::vector<event::ColumnSchema> asked) : state_(std::make_unique<State>()) {
  state_->source = std::move(source);
  state_->asked = std::move(asked);
}

NativeReader::~NativeReader() = default;

std::string_view NativeReader::unread() const { return std::string_view(*state_->buffer).substr(state_->begin); }

Result<std::optional<event::TableBatch>> NativeReader::next() {
  State& s = *state_;
  while (true) {
    if (s.at > 0) {
      s.begin += s.at;
      s.at = 0;
    }
    if (!TRY(s.have(1))) return std::nullopt;
    const auto columns = TRY(s.varint());
    const auto rows = TRY(s.varint());
    if (columns > kMostColumns || rows > kMostRows) return corrupt("too many columns or rows");
    if (!s.asked.empty() && columns != 0 && columns != s.asked.size())
      return fail(ErrorKind::corrupt, "the store's answer has {} columns where {} were asked for", columns, s.asked.size());
    std::vector<std::string> names;
    std::vector<std::unique_ptr<NativeType>> types;
    std::vector<NativeValues> decoded;
    for (std::uint64_t i = 0; i < columns; ++i) {
      const auto name = TRY(s.text());
      names.emplace_back(s.bytes() + name.at, name.size);
      const auto type_text = TRY(s.text());
      types.push_back(std::make_unique<NativeType>(TRY(parse_native_type({s.bytes() + type_text.at, type_text.size}), "reading the column '{}'", names.back())));
      if (rows == 0) continue;
      TRY(s.prefix(*types.back()));
      decoded.push_back(TRY(s.values(*types.back(), rows), "reading the column '{}'", names.back()));
    }
    if (rows == 0 || columns == 0) continue;
    std::vector<event::ColumnSchema> schema = s.asked;
    if (schema.empty())
      for (std::uint64_t i = 0; i < columns; ++i) schema.push_back({names[i], natural_type(*types[i]), ""});
    event::TableBatch batch("", std::move(schema));
    batch.adopt(s.buffer);
    for (std::size_t i = 0; i < decoded.size(); ++i) append_values(batch.column(i), decoded[i], s.bytes(), batch.arena());
    return batch;
  }
}

}  // namespace yagura::store
