#include "store/native_block.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "store/wide_integer.hpp"
#include "testing/case_files.hpp"

namespace yagura::store {
namespace {

using event::KqlType;

// Gives `bytes` in pieces of that size.
ByteSource in_pieces(std::string bytes, std::size_t size) {
  return [bytes = std::move(bytes), size, at = std::size_t{0}](std::string& buffer) mutable -> Result<bool> {
    if (at >= bytes.size()) return false;
    buffer += std::string_view(bytes).substr(at, size);
    at += size;
    return true;
  };
}

std::string text_of(NativeReader& reader) {
  std::string out;
  while (true) {
    auto batch = reader.next();
    if (!batch) return out + "error: " + batch.error().message() + "\n";
    if (!*batch) return out;
    for (const auto& column : (*batch)->schema()) out += column.name + ":" + std::string(event::to_string(column.type)) + " ";
    out.back() = '\n';
    for (std::size_t row = 0; row < (*batch)->row_count(); ++row)
      for (std::size_t c = 0; c < (*batch)->column_count(); ++c) {
        if ((*batch)->column(c).is_null(row)) out += "NULL";
        else event::append_cell_text(out, (*batch)->column(c), row);
        out += c + 1 < (*batch)->column_count() ? '|' : '\n';
      }
  }
}

// Blocks as ClickHouse 26.7 wrote them, in hex.
class NativeCases : public ::testing::TestWithParam<testing::Case> {};

TEST_P(NativeCases, ReadsWhatClickHouseWrote) {
  const auto& c = GetParam();
  std::string hex;
  for (const char digit : c["hex"])
    if (!is_ascii_space(digit)) hex += digit;
  const auto bytes = from_hex(hex);
  ASSERT_TRUE(bytes) << c.where;
  std::vector<event::ColumnSchema> asked;
  for (const auto word : split(c["asked"], ' ')) {
    if (word.empty()) continue;
    const auto colon = word.find(':');
    const auto type = event::parse_kql_type(word.substr(colon + 1));
    ASSERT_TRUE(type) << word;
    asked.push_back({std::string(word.substr(0, colon)), *type, ""});
  }
  std::string whole;
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{7}, std::size_t{1}}) {
    NativeReader reader(in_pieces(*bytes, size), asked);
    const auto text = text_of(reader);
    if (whole.empty()) whole = text;
    EXPECT_EQ(text, whole) << "in pieces of " << size;
  }
  testing::expect_section(c, "expected", whole);
}
INSTANTIATE_TEST_SUITE_P(Files, NativeCases, ::testing::ValuesIn(testing::read_cases("store/native")), testing::case_name);

TEST(NativeBlock, ReadsBackWhatItWrote) {
  event::TableBatch batch("t", {{"b", KqlType::boolean, ""}, {"i", KqlType::int32, ""}, {"l", KqlType::int64, ""}, {"r", KqlType::real, ""}, {"d", KqlType::decimal, ""},
                                {"s", KqlType::string, ""}, {"t", KqlType::datetime, ""}, {"k", KqlType::timespan, ""}, {"g", KqlType::guid, ""}, {"j", KqlType::dynamic, ""}});
  for (int i = 0; i < 300; ++i) {
    batch.column(0).append_boolean(i % 2 == 0);
    batch.column(1).append_int32(i - 150);
    batch.column(2).append_int64(std::int64_t{i} << 50);
    batch.column(3).append_real(i / 7.0);
    batch.column(4).append_text(batch.arena().copy(fmt::format("{}.25", i - 5)));
    batch.column(5).append_text(batch.arena().copy(std::string(static_cast<std::size_t>(i), 'x')));
    batch.column(6).append_int64(-i);
    batch.column(7).append_int64(i * 1000);
    batch.column(8).append_guid({static_cast<std::uint64_t>(i), ~0ULL});
    batch.column(9).append_text("[1,2]");
  }
  for (std::size_t c = 0; c < batch.column_count(); ++c) batch.column(c).append_null();
  std::vector<SentColumn> sent;
  for (std::size_t c = 0; c < batch.column_count(); ++c) sent.push_back({c, batch.schema()[c].name, true});
  std::string bytes;
  write_native_block(bytes, batch, sent);
  write_native_block(bytes, batch, sent);
  NativeReader reader(in_pieces(bytes, 1000), batch.schema());
  for (int block = 0; block < 2; ++block) {
    auto back = reader.next();
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_TRUE(*back);
    ASSERT_EQ((*back)->row_count(), batch.row_count());
    for (std::size_t c = 0; c < batch.column_count(); ++c)
      for (std::size_t row = 0; row < batch.row_count(); ++row) {
        std::string before, after;
        event::append_cell_text(before, batch.column(c), row);
        event::append_cell_text(after, (*back)->column(c), row);
        ASSERT_EQ(after, before) << batch.schema()[c].name << " row " << row;
        ASSERT_EQ((*back)->column(c).is_null(row), batch.column(c).is_null(row)) << batch.schema()[c].name << " row " << row;
      }
  }
  EXPECT_FALSE(*reader.next());
}

// A batch stays whole while later blocks are read, and after the reader is gone.
TEST(NativeBlock, KeepsItsBytes) {
  event::TableBatch batch("t", {{"s", KqlType::string, ""}});
  for (int i = 0; i < 100; ++i) batch.column(0).append_text("some text that lies in the block");
  std::string bytes;
  for (int i = 0; i < 50; ++i) write_native_block(bytes, batch, {{0, "s", true}});
  std::vector<event::TableBatch> kept;
  {
    NativeReader reader(in_pieces(bytes, 333), {});
    while (true) {
      auto next = reader.next();
      ASSERT_TRUE(next);
      if (!*next) break;
      kept.push_back(std::move(**next));
    }
  }
  ASSERT_EQ(kept.size(), 50U);
  for (const auto& one : kept)
    for (const auto text : one.column(0).texts()) ASSERT_EQ(text, "some text that lies in the block");
}

TEST(NativeBlock, RefusesWhatIsNone) {
  for (const auto& bytes : {std::string("\x01"), std::string("\x01\x01\x01" "a"), std::string("\x01\x05\x01" "a\x05Int64" "12345678"), std::string(20, '\xff'),
                                  std::string("\x01\x01\x01" "a\x08Whatever"), std::string("\x01\x02\x01" "a\x0c" "Array(Int64)" "\x05\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0", 32)}) {
    NativeReader reader(in_pieces(bytes, 5), {});
    EXPECT_FALSE(reader.next()) << to_hex(bytes);
  }
}

// Found by the fuzzer: a day that no 64 bits of ticks can say.
TEST(NativeBlock, ADayBeyondAllTicksIsNull) {
  NativeReader reader(in_pieces(std::string("\x01\x01\x01" "d\x06" "Date32" "\xff\xff\xff\x7f"), 5), {});
  const auto batch = reader.next();
  ASSERT_TRUE(batch) << batch.error().message();
  ASSERT_TRUE(*batch);
  EXPECT_TRUE((*batch)->column(0).is_null(0));
}

TEST(Decimal, GoesThroughAndBack) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"0", "0"}, {"-0", "0"}, {"1", "1"}, {"-1.5", "-1.5"}, {"0.00000000000000000001", "0.00000000000000000001"}, {"1e3", "1000"}, {"12.5E-2", "0.125"}, {".5", "0.5"},
           {"99999999999999999999999999999999999999999999999999999999", "99999999999999999999999999999999999999999999999999999999"}, {"1.000000000000000000009", "1"}, {"007", "7"}}) {
    const auto value = parse_decimal(text, kDecimalScale);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(decimal_text(*value, kDecimalScale), expected) << text;
  }
  for (const std::string text : {"", "-", ".", "1.2.3", "abc", "1e999", "0x10", "1e", "999999999999999999999999999999999999999999999999999999999"})
    EXPECT_FALSE(parse_decimal(text, kDecimalScale)) << text;
}

}  // namespace
}  // namespace yagura::store
