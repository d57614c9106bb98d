#include "net/syslog_framer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/text.hpp"
#include "testing/case_files.hpp"

namespace yagura::net {
namespace {

using testing::Case;

std::string_view name_of(FrameKind kind) {
  switch (kind) {
    case FrameKind::whole: return "whole";
    case FrameKind::first_piece: return "first_piece";
    case FrameKind::later_piece: return "later_piece";
    case FrameKind::cut_short: return "cut_short";
  }
  return "?";
}

struct Kept {
  std::string bytes;
  FrameKind kind;
  bool operator==(const Kept&) const = default;
};

// The frames of `stream` when it comes in reads of these sizes (the last one repeats).
std::vector<Kept> frames_of(std::string_view stream, Bytes max, const std::function<std::size_t()>& read_size) {
  SyslogFramer framer(max);
  std::vector<Kept> out;
  std::string buffer;
  const auto take = [&](bool at_end) {
    std::string_view input = buffer;
    while (auto frame = at_end ? framer.finish(input) : framer.next(input))
      out.push_back({std::string(frame->bytes), frame->kind});
    buffer.erase(0, buffer.size() - input.size());
  };
  while (!stream.empty()) {
    const auto size = std::min(read_size(), stream.size());
    buffer.append(stream.substr(0, size));
    stream.remove_prefix(size);
    take(false);
    EXPECT_LE(buffer.size(), framer.room_needed());
  }
  take(true);
  EXPECT_TRUE(buffer.empty());
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (byte < 0x20)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return utf8::valid(out) ? out : [&] {
    std::string hex;
    for (const char c : out)
      hex += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c)
                                                  : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return hex;
  }();
}

class SyslogFraming : public ::testing::TestWithParam<Case> {};

TEST_P(SyslogFraming, CutsAsWrittenHoweverItComes) {
  const Case& c = GetParam();
  const Bytes max(c.has("max") ? *parse_uint64(trim(c["max"])) : 65536);
  const auto whole = frames_of(c["stream"], max, [] { return std::size_t{1} << 20; });
  std::string text;
  for (const auto& frame : whole) {
    if (!text.empty()) text += '\n';
    if (frame.kind != FrameKind::whole) text += std::string(name_of(frame.kind)) + " ";
    text += escaped(frame.bytes);
  }
  std::string_view expected = c["frames"];
  while (expected.ends_with('\n')) expected.remove_suffix(1);
  EXPECT_EQ(text, expected) << c.where;
  for (std::size_t size = 1; size < 9; ++size)
    EXPECT_EQ(frames_of(c["stream"], max, [&] { return size; }), whole) << c.where << " in reads of " << size;
}
INSTANTIATE_TEST_SUITE_P(Files, SyslogFraming, ::testing::ValuesIn(testing::read_cases("net/syslog_framing")),
                         testing::case_name);

// Seeded noise out of the pieces that framing is made of.
TEST(SyslogFramer, AnySplitGivesTheSameFramesAndNothingIsLost) {
  std::mt19937 random(20261122);
  const std::vector<std::string> pieces{"<13>", "hello", " ", "\n", "\r\n",      std::string(1, '\0'), "7 <13>two",
                                        "12 ",  "9",     "<", ">",  "48 <34>1 ", "99999999 <1>",       "x"};
  for (int round = 0; round < 3000; ++round) {
    std::string stream;
    std::size_t payload = 0;
    for (std::size_t n = random() % 30; n > 0; --n) stream += pieces[random() % pieces.size()];
    const Bytes max(4 + random() % 40);
    const auto whole = frames_of(stream, max, [] { return std::size_t{1} << 20; });
    const auto split = frames_of(stream, max, [&] { return 1 + random() % 7; });
    ASSERT_EQ(whole, split) << escaped(stream) << " max " << max.count();
    for (const auto& frame : whole) {
      ASSERT_LE(frame.bytes.size(), max.count());
      ASSERT_FALSE(frame.bytes.empty());
      payload += frame.bytes.size();
    }
    ASSERT_LE(payload, stream.size());
  }
}

TEST(SyslogFramer, ADrippedLineIsNotScannedAgainAndAgain) {
  // 64 KiB byte by byte: quadratic scanning would take many seconds under sanitizers.
  std::string stream(65'000, 'x');
  stream += '\n';
  EXPECT_EQ(frames_of(stream, 64_KiB, [] { return std::size_t{1}; }).size(), 1U);
}

}  // namespace
}  // namespace yagura::net
