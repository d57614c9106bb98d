#include "query/function_files.hpp"

#include <gtest/gtest.h>

#include "query/command_reader.hpp"
#include "query/csv_reader.hpp"
#include "query/watchlist_file.hpp"

namespace yagura::query {
namespace {

TEST(FunctionFiles, ReadsSentinelsParser) {
  const auto read = parse_function_file(
      "\xEF\xBB\xBFParserName: vimX\r\nEquivalentBuiltInParser: _Im_X \r\nParserParams:\r\n  - Name: starttime\r\n    "
      "Type: datetime\r\n    Default: datetime(null)\r\n"
      "  - Name: result\r\n    Type: string\r\n    Default: '*'\r\n  - Name: disabled\r\n    Type: bool\r\n    "
      "Default: false\r\nParserQuery: |\r\n  X | where 1 == 1\r\n",
      "dir/vimX.yaml");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].name, "vimX");
  EXPECT_EQ((*read)[1].name, "_Im_X");
  EXPECT_EQ((*read)[0].parameters, "(starttime:datetime=datetime(null), result:string='*', disabled:bool=false)");
  EXPECT_EQ((*read)[0].body, "X | where 1 == 1");
}

TEST(FunctionFiles, ReadsFunctionsWithTablesAndSecondNames) {
  const auto read = parse_function_file(
      "FunctionName: F\nEquivalentBuiltInFunction: _F\nFunctionParams:\n  - Name: T:(a:long)\n    Type: table\n  - "
      "Name: x\n    Type: string\nFunctionQuery: T\n",
      "F.yml");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].parameters, "(T:(a:long), x:string)");
}

TEST(FunctionFiles, ReadsSavedSearchesOfATemplate) {
  const auto read = parse_function_file(
      R"({"resources":[{"type":"savedSearches","properties":{"functionAlias":"G","query":"print a","functionParameters":"a:long=1","category":"C"}}, {"x":1}]})",
      "t.json");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ((*read)[0].parameters, "(a:long=1)");
  EXPECT_EQ((*read)[0].folder, "C");
}

TEST(FunctionFiles, CallsAQueryAsItsFile) {
  const auto read = parse_function_file("Syslog | count", "a b/Failed logons.kql");
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0].name, "Failed_logons");
  EXPECT_TRUE(parse_function_file("id: 1\nquery: print 1\n", "rule.yaml")->empty());
  EXPECT_FALSE(parse_function_file("ParserQuery: x\n", "p.yaml"));
  EXPECT_FALSE(parse_function_file("{", "p.json"));
}

TEST(FunctionCommand, IsReadOrToldWhere) {
  const auto read = parse_function_command(
      ".create function ifnotexists with (docstring = @'it''s', folder=\"a\\\\b\", skipvalidation=true)\n "
      "['F'](x:string=')') { // }\n print '}' }");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->kind, FunctionCommand::Kind::create_if_missing);
  EXPECT_EQ(read->function.name, "F");
  EXPECT_EQ(read->function.folder, "a\\b");
  EXPECT_EQ(read->function.parameters, "(x:string=')')");
  EXPECT_TRUE(read->skip_validation);
  const auto wrong = parse_function_command(".create function F\n (x:long)");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("expected the body in braces at line 2, position 10, found the end"),
            std::string::npos)
      << wrong.error().message();
  EXPECT_EQ(find_pipe(".show f { a | b } '|' | count"), 22U);
}

TEST(CsvReader, ReadsAsRfc4180Says) {
  const std::string_view text = "a,\"b \"\"x\"\"\",c\r\n\r\n1,\"two\nlines\",\n\"open";
  CsvReader reader;
  std::size_t at = 0;
  std::vector<std::string> fields;
  ASSERT_TRUE(reader.next(text, at, true, fields));
  EXPECT_EQ(fields, (std::vector<std::string>{"a", "b \"x\"", "c"}));
  ASSERT_TRUE(reader.next(text, at, true, fields));
  EXPECT_EQ(fields, (std::vector<std::string>{"1", "two\nlines", ""}));
  EXPECT_EQ(reader.line(), 3U);
  ASSERT_TRUE(reader.next(text, at, true, fields));
  EXPECT_TRUE(reader.unclosed_quote());
  EXPECT_EQ(reader.line(), 5U);
  EXPECT_FALSE(reader.next(text, at, true, fields));
}

TEST(CsvReader, WaitsForTheRestOfARecord) {
  CsvReader reader;
  std::vector<std::string> fields;
  std::size_t at = 0;
  EXPECT_FALSE(reader.next("a,\"b\"", at, false, fields));
  EXPECT_EQ(at, 0U);
  EXPECT_TRUE(reader.next("a,\"b\"\n", at, false, fields));
}

TEST(WatchlistFile, NamesTheLine) {
  const auto good = parse_watchlist_csv("# note\nUser,Room\nmaki,1\nken\n", "User", 1);
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->rows[1].json, R"({"User":"ken","Room":""})");
  EXPECT_NE(parse_watchlist_csv("User\nmaki,1\n", "User").error().message().find("line 2"), std::string::npos);
  EXPECT_NE(parse_watchlist_csv("User,Room\n", "Usr").error().message().find("'User'"), std::string::npos);
}

}  // namespace
}  // namespace yagura::query
