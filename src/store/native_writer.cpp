#include <bit>
#include <charconv>
#include <cstring>

#include "base/text.hpp"
#include "store/native_block.hpp"
#include "store/wide_integer.hpp"

namespace yagura::store {

static_assert(std::endian::native == std::endian::little, "Native blocks are little-endian; so are the machines we build for");

namespace {

using event::Column;
using event::KqlType;

char* put_varint(char* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

void append_varint(std::string& out, std::uint64_t value) {
  char buffer[10];
  out.append(buffer, put_varint(buffer, value));
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

template <class T>
void append_array(std::string& out, const T* values, std::size_t count) {
  out.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

void append_texts(std::string& out, const std::vector<std::string_view>& texts) {
  std::size_t size = 0;
  for (const auto text : texts) size += text.size() + (text.size() < 128 ? 1 : 10);
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
    char* to = data + before;
    for (const auto text : texts) {
      to = put_varint(to, text.size());
      if (!text.empty()) std::memcpy(to, text.data(), text.size());
      to += text.size();
    }
    return static_cast<std::size_t>(to - data);
  });
}

// Decimal text to a Decimal(76, 20): what does not fit becomes 0 with its null bit set by the caller.
void append_decimals(std::string& out, const Column& column) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    WideInteger value;
    if (!column.is_null(row))
      if (const auto parsed = parse_decimal(column.texts()[row], kDecimalScale)) value = *parsed;
    append_array(out, value.words.data(), value.words.size());
  }
}

// At most, so that the block grows in one piece: it has up to a hundred megabytes.
std::size_t size_of(const event::TableBatch& batch, const std::vector<SentColumn>& columns) {
  std::size_t size = 32;
  for (const auto& sent : columns) {
    const Column& column = batch.column(sent.index);
    size += sent.name.size() + 64 + batch.row_count();
    switch (column.type()) {
      case KqlType::string:
      case KqlType::dynamic:
        for (const auto text : column.texts()) size += text.size() + (text.size() < 128 ? 0 : 9);
        break;
      case KqlType::decimal: size += batch.row_count() * sizeof(WideInteger); break;
      default: size += batch.row_count() * 16;
    }
  }
  return size;
}

}  // namespace

std::string native_type_name(KqlType type, bool nullable) {
  const auto name = [&]() -> std::string_view {
    switch (type) {
      case KqlType::boolean: return "Bool";
      case KqlType::int32: return "Int32";
      case KqlType::int64:
      case KqlType::timespan: return "Int64";
      case KqlType::real: return "Float64";
      case KqlType::decimal: return "Decimal(76, 20)";
      case KqlType::datetime: return "DateTime64(7, 'UTC')";
      case KqlType::guid: return "UUID";
      case KqlType::string:
      case KqlType::dynamic: return "String";
    }
    return "String";
  }();
  if (!nullable || name == "String") return std::string(name);
  return "Nullable(" + std::string(name) + ")";
}

void write_native_block(std::string& out, const event::TableBatch& batch, const std::vector<SentColumn>& columns) {
  const std::size_t rows = batch.row_count();
  out.reserve(out.size() + size_of(batch, columns));
  append_varint(out, columns.size());
  append_varint(out, rows);
  for (const auto& sent : columns) {
    const Column& column = batch.column(sent.index);
    const bool nullable = sent.nullable && column.type() != KqlType::string && column.type() != KqlType::dynamic;
    append_text(out, sent.name);
    append_text(out, native_type_name(column.type(), sent.nullable));
    if (nullable) {
      const std::size_t nulls_at = out.size();
      append_array(out, column.nulls().data(), rows);
      if (column.type() == KqlType::decimal)  // text that is no decimal is null in the store
        for (std::size_t row = 0; row < rows; ++row)
          if (!column.is_null(row) && !parse_decimal(column.texts()[row], kDecimalScale)) out[nulls_at + row] = 1;
    }
    switch (column.type()) {
      case KqlType::boolean: append_array(out, column.booleans().data(), rows); break;
      case KqlType::int32: append_array(out, column.int32s().data(), rows); break;
      case KqlType::int64:
      case KqlType::timespan:
      case KqlType::datetime: append_array(out, column.int64s().data(), rows); break;
      case KqlType::real: append_array(out, column.reals().data(), rows); break;
      case KqlType::guid: append_array(out, column.guids().data(), rows); break;  // high word first, each little-endian
      case KqlType::decimal: append_decimals(out, column); break;
      case KqlType::string: append_texts(out, column.texts()); break;
      case KqlType::dynamic: {
        // A null is the empty text: the word null in each row would cost disk for nothing.
        std::vector<std::string_view> texts(column.texts());
        for (std::size_t row = 0; row < rows; ++row)
          if (column.is_null(row) || texts[row] == "null") texts[row] = {};
        append_texts(out, texts);
        break;
      }
    }
  }
}

}  // namespace yagura::store
