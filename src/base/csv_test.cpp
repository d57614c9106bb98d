#include "base/csv.hpp"

#include <gtest/gtest.h>

namespace yagura {
namespace {

std::string cell(std::string_view text, CsvCells cells = CsvCells::exact) {
  std::string out;
  append_csv_cell(out, text, cells);
  return out;
}

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(cell(""), "");
  EXPECT_EQ(cell("plain text"), "plain text");
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(cell("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(cell("=1+1"), "=1+1");
}

TEST(Csv, MakesNoFormulas) {
  const auto safe = [](std::string_view text) { return cell(text, CsvCells::for_spreadsheets); };
  EXPECT_EQ(safe("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
  EXPECT_EQ(safe("+1"), "\"'+1\"");
  EXPECT_EQ(safe("@SUM(1)"), "\"'@SUM(1)\"");
  EXPECT_EQ(safe("\t=1"), "\"'\t=1\"");
  EXPECT_EQ(safe("-2+3+cmd"), "\"'-2+3+cmd\"");
  EXPECT_EQ(safe("-"), "-");
  EXPECT_EQ(safe("-12.5"), "-12.5");
  EXPECT_EQ(safe("a=b"), "a=b");
}

}  // namespace
}  // namespace yagura
