#include "kql/parser.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "kql/lexer.hpp"
#include "kql/printer.hpp"
#include "testing/case_files.hpp"

namespace yagura::kql {
namespace {

using testing::Case;
using testing::expect_section;
using testing::read_cases;

std::string first_error(const ParseResult& result) {
  return result.ok() ? "" : to_text(result.diagnostics.front(), result.tree.text);
}

class SyntaxCases : public ::testing::TestWithParam<Case> {};

TEST_P(SyntaxCases, ParsesAndPrintsAsWritten) {
  const Case& c = GetParam();
  const auto result = parse(c["input"]);
  if (c.has("errors")) {
    std::string errors;
    for (const auto& d : result.diagnostics) {
      errors += std::to_string(d.line) + ':' + std::to_string(d.column) + '+' + std::to_string(d.length) + ' ' +
                d.code + ' ' + d.message + '\n';
    }
    if (!errors.empty()) errors.pop_back();
    EXPECT_FALSE(result.ok());
    expect_section(c, "errors", errors);
    return;
  }
  ASSERT_TRUE(result.ok()) << c.where << '\n' << first_error(result);
  auto printed = print(result.tree);
  const auto again = parse(printed);
  ASSERT_TRUE(again.ok()) << c.where << '\n' << first_error(again);
  EXPECT_TRUE(equal(result.tree, again.tree)) << c.where << '\n' << printed;
  EXPECT_EQ(print(again.tree), printed) << c.where << ": printing must settle";
  printed.pop_back();
  expect_section(c, "printed", printed);
  auto tree = to_text(result.tree);
  tree.pop_back();
  expect_section(c, "tree", tree);
}
INSTANTIATE_TEST_SUITE_P(Files, SyntaxCases, ::testing::ValuesIn(read_cases("kql/syntax")), testing::case_name);

TEST(Parser, GivesTheKeywordsOfTheLexerAPlaceInTheText) {
  const std::string_view query = "Täble | where a == 'ü' and";
  const auto result = parse(query);
  ASSERT_EQ(result.diagnostics.size(), 2u);  // ä is no letter of a name
  EXPECT_EQ(result.diagnostics[0].code, "KS002");
  EXPECT_EQ(result.diagnostics[0].column, 2u);
  const auto unfinished = parse("T | where a == 'ü' and");
  ASSERT_EQ(unfinished.diagnostics.size(), 1u);
  EXPECT_EQ(unfinished.diagnostics[0].column, 23u) << "columns count characters, not bytes";
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

// Whatever nests must be refused or read, quickly and without running out of stack.
TEST(ParserLimits, NestingIsBounded) {
  const int n = 50'000;
  const std::vector<std::string> hostile = {
      "print " + repeated("(", n),
      "print " + repeated("(", n) + "1" + repeated(")", n),
      "print " + repeated("f(", n),
      "print " + repeated("-", n) + "1",
      "print dynamic(" + repeated("[", n),
      "print dynamic(" + repeated("{\"a\":", n),
      "print " + repeated("dynamic(", n),
      "print a" + repeated(".b", n),
      "print a" + repeated("[0]", n),
      "print a" + repeated("[b", n),
      "print 1" + repeated(" + 1", n),
      "print 1" + repeated(" * (1", n),
      repeated("T | join (", n),
      repeated("union (", n),
      repeated("let f = () { ", n),
      repeated("T | mv-apply a on (", n),
      repeated("T | where a in (", n),
      repeated("toscalar(", n),
      repeated("T | partition by a {", n),
      repeated("macro-expand G as X (", n),
      "datatable(a:(" + repeated("a:(", n),
      repeated("T | fork (", n),
      repeated("a between (1 .. ", n),
      repeated("find in (f(", n),
      repeated("union f((", n),
  };
  for (const auto& query : hostile) {
    const auto start = std::chrono::steady_clock::now();
    {
      const auto result = parse(query);
      EXPECT_FALSE(result.ok()) << query.substr(0, 40);
      EXPECT_LE(result.diagnostics.size(), ParseOptions{}.max_diagnostics);
      (void)print(result.tree);
      (void)to_text(result.tree);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(150)) << query.substr(0, 40);
  }
}

TEST(ParserLimits, WideQueriesAreRead) {
  const int n = 20'000;
  EXPECT_TRUE(parse("T | where a == 1" + repeated(" or a == 1", n)).ok());
  EXPECT_TRUE(parse("T | where a == 1" + repeated(" and a == 1", n)).ok());
  EXPECT_TRUE(parse("T" + repeated(" | where a == 1", n)).ok());
  EXPECT_TRUE(parse("T | where a in ('x'" + repeated(", 'x'", n) + ")").ok());
  EXPECT_TRUE(parse(repeated("let a = 1;\n", n) + "T").ok());
  EXPECT_TRUE(parse("print " + repeated("(", 140) + "1" + repeated(")", 140)).ok());
  EXPECT_TRUE(parse("print 1" + repeated(" + 1", 500)).ok());
}

TEST(ParserLimits, SizeIsBounded) {
  const auto long_text = parse(std::string(5 << 20, ' '));
  ASSERT_EQ(long_text.diagnostics.size(), 1u);
  EXPECT_EQ(long_text.diagnostics[0].code, "YK001");
  ParseOptions few_words;
  few_words.max_tokens = 3;
  EXPECT_EQ(parse("a b c d e", few_words).diagnostics.at(0).code, "YK001");
  const auto mistakes = parse("print " + repeated("1 2 ", 5000));
  EXPECT_EQ(mistakes.diagnostics.size(), ParseOptions{}.max_diagnostics);
}

TEST(Parser, FragmentsBeginWithAPipeWhereAllowed) {
  EXPECT_FALSE(parse("| where a == 1").ok());
  ParseOptions options;
  options.allow_fragment = true;
  const auto result = parse("| where a == 1 | take 2", options);
  ASSERT_TRUE(result.ok());
  const auto* pipe = as<PipeExpression>(as<ExpressionStatement>(result.tree.statements[0])->value);
  ASSERT_NE(pipe, nullptr);
  EXPECT_EQ(pipe->source, nullptr);
  EXPECT_EQ(pipe->operators.size(), 2u);
}

TEST(Parser, TreesMoveWithTheirText) {
  auto result = parse("T | where a == 'x'");
  const SyntaxTree moved = std::move(result.tree);
  EXPECT_EQ(print(moved), "T\n| where a == 'x'\n");
}

TEST(Printer, WritesOneNodeOnOneLine) {
  const auto result = parse("T | extend x = /* no comment */ 1");
  EXPECT_FALSE(result.ok()) << "KQL has no block comments";
  const auto good = parse("T\n| extend\n  x = a\n    + 1");
  ASSERT_TRUE(good.ok());
  const auto* pipe = as<PipeExpression>(as<ExpressionStatement>(good.tree.statements[0])->value);
  EXPECT_EQ(print_flat(good.tree, *pipe->operators[0]), "extend x = a + 1");
  EXPECT_EQ(print_flat(good.tree, *pipe), "T | extend x = a + 1");
}

TEST(Lexer, EndsEveryTextWithItsEnd) {
  for (const std::string_view text :
       {"", " ", "a", "'", "\"\\", "h", "@", "!", "datetime(", "```", "\xff\xfe", "\xe3\x80"}) {
    const auto lexed = lex(text, 100);
    ASSERT_FALSE(lexed.tokens.empty());
    EXPECT_EQ(lexed.tokens.back().kind, TokenKind::end_of_text);
    EXPECT_EQ(lexed.tokens.back().span.start, text.size());
  }
}

TEST(Lexer, KnowsTheLongestKeyword) {
  const auto kinds = [](std::string_view text) {
    std::vector<TokenKind> out;
    for (const auto& token : lex(text, 100).tokens) out.push_back(token.kind);
    return out;
  };
  using enum TokenKind;
  EXPECT_EQ(kinds("project-away"), (std::vector{kw_project_away, end_of_text}));
  EXPECT_EQ(kinds("project-aw"), (std::vector{kw_project, minus, identifier, end_of_text}));
  EXPECT_EQ(kinds("!has_cs"), (std::vector{kw_not_has_cs, end_of_text}));
  EXPECT_EQ(kinds("in~ in"), (std::vector{kw_in_tilde, kw_in, end_of_text}));
  EXPECT_EQ(kinds("1..2"), (std::vector{long_literal, dot_dot, long_literal, end_of_text}));
  EXPECT_EQ(kinds("5xyz"), (std::vector{identifier, end_of_text}));
  EXPECT_TRUE(is_plain_name("count"));
  EXPECT_FALSE(is_plain_name("where"));
  EXPECT_FALSE(is_plain_name("a b"));
}

}  // namespace
}  // namespace yagura::kql
