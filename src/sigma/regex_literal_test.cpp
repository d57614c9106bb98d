#include "sigma/regex_literal.hpp"

#include <gtest/gtest.h>

namespace yagura::sigma {
namespace {

using Texts = std::vector<std::string>;

TEST(RequiredLiterals, AreWhatEveryMatchContains) {
  EXPECT_EQ(regex_needs("hello").literals, (Texts{"hello"}));
  EXPECT_EQ(regex_needs("^abc.*defg$").literals, (Texts{"defg", "abc"}));
  EXPECT_EQ(regex_needs("(?i)(set).*&&\\s?(?:environment|invoke)").literals, (Texts{"set", "&&"}));
  EXPECT_EQ(regex_needs("C:\\\\Win\\.ini").literals, (Texts{"C:\\Win.ini"}));
  EXPECT_EQ(regex_needs("abc+de").literals, (Texts{"abc", "de"}));
  EXPECT_EQ(regex_needs("abcd?ef").literals, (Texts{"abc", "ef"}));
  EXPECT_EQ(regex_needs("ab{2,3}cd").literals, (Texts{"ab", "cd"}));
  EXPECT_EQ(regex_needs("x[0-9]{2}yz").literals, (Texts{"yz"}));
  EXPECT_EQ(regex_needs("(abc)+(?P<name>def)(?i:GHI)").literals, (Texts{"abc", "def", "GHI"}));
}

TEST(RequiredLiterals, LeaveOutWhatMayBeMissing) {
  EXPECT_EQ(regex_needs("abc|def").literals, Texts());
  EXPECT_EQ(regex_needs("(abc|def)gh").literals, (Texts{"gh"}));
  EXPECT_EQ(regex_needs("(abc)?de").literals, (Texts{"de"}));
  EXPECT_EQ(regex_needs("(abc)*").literals, Texts());
  EXPECT_EQ(regex_needs("(abc){0,2}").literals, Texts());
  EXPECT_EQ(regex_needs("abc{|def").literals, Texts());
  EXPECT_EQ(regex_needs("ab\\pLcd|ef").literals, Texts());
  EXPECT_EQ(regex_needs("[abc]+").literals, Texts());
  EXPECT_EQ(regex_needs("[]abc]def").literals, (Texts{"def"}));
  EXPECT_EQ(regex_needs("été").literals, Texts());
  EXPECT_EQ(regex_needs(".*").literals, Texts());
  EXPECT_EQ(regex_needs("(?:a(?:bc|de)|f)gh").literals, (Texts{"gh"}));
}

TEST(LeastSize, IsWhatNoMatchIsShorterThan) {
  EXPECT_EQ(regex_needs(".{1000,}").least_size, 1000u);
  EXPECT_EQ(regex_needs("^a[bc]{3}d+e?(fg)*(hi){2}$").least_size, 9u);
  EXPECT_EQ(regex_needs("abc|d").least_size, 0u);
  EXPECT_EQ(regex_needs("(abc|d)efg").least_size, 3u);
  EXPECT_EQ(regex_needs("été").least_size, 3u);
}

}  // namespace
}  // namespace yagura::sigma
