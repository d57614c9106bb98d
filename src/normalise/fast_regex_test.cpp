#include "normalise/fast_regex.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace yagura::normalise {
namespace {

using Answer = FastRegex::Answer;

TEST(FastRegex, SaysWhatRe2Says) {
  const char* const patterns[] = {
      R"(^Built (\w+) (\S+)(?: state-bypass)? connection (\d+) for ([^\s:/<>"]+):([^\s/(),<>]+)(?:/(\d+))? ?(?:\(([^\s/(),<>]+)/(\d+)\))?(?: ?\(([^()]*)\))?$)",
      R"((a*)(a|b)*?c$)", R"(x(.*?)y|z(.)$)", R"((?i:user) ?= ?(\S+))", R"(^$|end$)", R"(\bfrom\b(.*))", R"(([\x80-\xff]+))"};
  const std::string texts[] = {"Built outbound TCP connection 9 for outside:10.1.2.1/22 (10.1.2.1/22)",
                               "Built outbound TCP connection 9 for outside:10.1.2.1/22 (10.1.2.1/22)(who)",
                               "Built outbound TCP connection 9 for outside:10.1.2.1/22\n", "aaabc", "aabbbabac", "x1\n2yy", "z\n", "zz",
                               "USER=me", "end\n", "end", "it came from afar", "fromage", "\xc3\xa9t\xc3\xa9", std::string("x\0y", 3)};
  for (const char* pattern : patterns) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_dot_nl(true);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    const re2::RE2 expected(pattern, options);
    ASSERT_TRUE(expected.ok()) << pattern;
    const auto groups = static_cast<std::size_t>(expected.NumberOfCapturingGroups());
    const FastRegex fast(pattern);
    for (const std::string& text : texts) {
      re2::StringPiece theirs[16];
      std::string_view ours[16];
      const bool matches = expected.Match(text, 0, text.size(), re2::RE2::UNANCHORED, theirs, static_cast<int>(groups) + 1);
      ASSERT_EQ(fast.match(text, ours, groups), matches ? Answer::yes : Answer::no) << pattern << " on " << text;
      if (!matches) continue;
      for (std::size_t i = 0; i < groups; ++i) {
        EXPECT_EQ(ours[i].data(), theirs[i + 1].data()) << pattern << " on " << text << ", part " << i + 1;
        EXPECT_EQ(ours[i].size(), theirs[i + 1].size()) << pattern << " on " << text << ", part " << i + 1;
      }
    }
  }
}

TEST(FastRegex, GivesUpRatherThanTakeLong) {
  const FastRegex fast("^(?:a|aa|aaa)+b$");
  EXPECT_EQ(fast.match(std::string(200, 'a') + "cb", nullptr, 0), Answer::unknown);
}

TEST(FastRegex, LeavesWhatTheTwoReadDifferentlyToRe2) {
  EXPECT_EQ(FastRegex(R"(a\sb)").match("a\vb", nullptr, 0), Answer::unknown);
  EXPECT_EQ(FastRegex("^$").match("", nullptr, 0), Answer::unknown);
}

}  // namespace
}  // namespace yagura::normalise
