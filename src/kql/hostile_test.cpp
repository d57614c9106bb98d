// Queries made to hurt: text to SQL ends soon, with an answer or a message that says what is too much.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "kql/compile.hpp"

namespace yagura::kql {
namespace {

std::string repeated(std::string_view part, int times) {
  std::string text;
  text.reserve(part.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

// A hundred tables of a hundred columns, no two alike, beside T.
const Catalog& store_of_tables() {
  static const SchemaCatalog instance = [] {
    auto set = std::make_shared<event::SchemaSet>();
    event::TableSchema t;
    t.name = "T";
    t.columns = {{"a", event::KqlType::int64, ""}, {"s", event::KqlType::string, ""}, {"d", event::KqlType::dynamic, ""}};
    set->put(t);
    for (int i = 0; i < 100; ++i) {
      event::TableSchema table;
      table.name = fmt::format("Wide{}", i);
      table.columns = {{"TimeGenerated", event::KqlType::datetime, ""}};
      for (int c = 0; c < 100; ++c) table.columns.push_back({fmt::format("Column_{}_{}", i, c), event::KqlType::string, ""});
      set->put(std::move(table));
    }
    return SchemaCatalog(set);
  }();
  return instance;
}

struct Hostile {
  std::string what, text;
  std::string code;  // of the first mistake; "" when the query is fine
};

std::vector<Hostile> hostile() {
  std::vector<Hostile> out = {
      {"parentheses", "print " + repeated("(", 10'000) + "1" + repeated(")", 10'000), "YK002"},
      {"parentheses in a filter", "T | where " + repeated("(", 10'000) + "a > 1" + repeated(")", 10'000), "YK002"},
      {"calls in calls", "print " + repeated("tolower(", 10'000) + "'x'" + repeated(")", 10'000), "YK002"},
      {"brackets", "print dynamic(" + repeated("[", 10'000) + repeated("]", 10'000) + ")", "YK002"},
      {"members", "T | project x = d" + repeated(".x", 10'000), "YK002"},
      {"a megabyte of bars", repeated("|", 1 << 20), "YK001"},
      {"a megabyte of pipes without operators", "T" + repeated(" |", 1 << 19), "KS176"},
      {"too many words", repeated("a ", 1'100'000), "YK001"},
      {"five megabytes", "T | where s == '" + std::string(5 << 20, 'x') + "'", "YK001"},
      {"a function that calls itself", "let f = () { f() }; f()", "KS211"},
      {"a wide union", "union T" + repeated(", T", 10'000) + " | count", ""},
      {"a wide union of what nobody knows", "union isfuzzy=true T" + repeated(", Nope", 10'000), ""},
      {"all tables", "union *", ""},
      {"a word in all tables", "search 'x' | take 10", ""},
      {"a long list", "T | where a in (1" + repeated(", 1", 100'000) + ") | count", ""},
      {"many terms", "T | where s has 'x'" + repeated(" or s has 'x'", 20'000) + " | count", ""},
  };
  std::string lets;
  for (int i = 0; i < 100'000; ++i) lets += fmt::format("let v{} = {};\n", i, i);
  out.push_back({"a hundred thousand lets", lets + "print v99999", "YK003"});
  std::string inside;
  for (int i = 0; i < 3'000; ++i) inside += fmt::format("let v{} = {}; ", i, i);
  out.push_back({"lets inside of a function", "let f = () { " + inside + "v2999 }; print f()", "YK003"});
  std::string doubling = "let f0 = (x:long) { x + 1 };\n";
  for (int i = 1; i <= 60; ++i) doubling += fmt::format("let f{0} = (x:long) {{ f{1}(x) + f{1}(x) }};\n", i, i - 1);
  out.push_back({"functions that double", doubling + "print f60(1)", "YK003"});
  std::string tables = "let t0 = () { T };\n";
  for (int i = 1; i <= 60; ++i) tables += fmt::format("let t{0} = () {{ union t{1}(), t{1}() }};\n", i, i - 1);
  out.push_back({"tables that double", tables + "t60() | count", "YK003"});
  std::string chain = "let g0 = (x:long) { x };\n";
  for (int i = 1; i <= 1'500; ++i) chain += fmt::format("let g{0} = (x:long) {{ g{1}(x) }};\n", i, i - 1);
  out.push_back({"functions that call the one before", chain + "print g1500(1)", "YK004"});
  return out;
}

TEST(Hostile, QueriesEndSoon) {
  // Each takes less than 0.4 s of an idle processor; the bound leaves room for sanitizers.
  constexpr auto kSoon = std::chrono::seconds(5);
  for (const auto& [what, text, code] : hostile()) {
    const auto begin = std::clock();
    const auto compiled = compile(text, store_of_tables(), {.now_ticks = 17'000'000'000'000'000});
    const std::chrono::duration<double> spent(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    EXPECT_LT(spent, kSoon) << what;
    if (code.empty()) {
      EXPECT_TRUE(compiled.ok()) << what << ": " << (compiled.diagnostics.empty() ? "" : compiled.diagnostics[0].code + " " + compiled.diagnostics[0].message);
    } else {
      ASSERT_FALSE(compiled.diagnostics.empty()) << what;
      EXPECT_EQ(compiled.diagnostics[0].code, code) << what << ": " << compiled.diagnostics[0].message;
      EXPECT_LT(compiled.diagnostics[0].message.size(), 300u) << what;
      EXPECT_LE(compiled.diagnostics.size(), 200u) << what;
    }
  }
}

}  // namespace
}  // namespace yagura::kql
