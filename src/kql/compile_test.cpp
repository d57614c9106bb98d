// Binding and SQL: tests/cases/kql/bind and tests/cases/kql/sql; laws of the door.
#include "kql/compile.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "kql/function.hpp"
#include "kql/signature.hpp"
#include "kql/stages/run_stages.hpp"
#include "kql/sql_text.hpp"
#include "testing/case_files.hpp"

namespace yagura::kql {
namespace {

using testing::Case;

class Tables final : public Catalog {
 public:
  Tables() {
    add("T", "a:long s:string d:dynamic ts:datetime r:real b:bool i:int");
    add("T2", "a:long TimeGenerated:datetime");
    add("U", "a:long s:string z:real");
    functions_["Recent"] = {"Recent", "(days:long)", "T | where ts > ago(days * 1d)"};
    functions_["Loop"] = {"Loop", "()", "{ Loop() | count }"};
  }
  const event::TableSchema* find_table(std::string_view name) const override {
    const auto it = tables_.find(name);
    return it == tables_.end() ? nullptr : &it->second;
  }
  const StoredFunction* find_function(std::string_view name) const override {
    const auto it = functions_.find(name);
    return it == functions_.end() ? nullptr : &it->second;
  }
  std::vector<std::string_view> table_names() const override {
    std::vector<std::string_view> names;
    for (const auto& [name, table] : tables_) names.push_back(name);
    return names;
  }
  std::vector<std::string_view> function_names() const override {
    std::vector<std::string_view> names;
    for (const auto& [name, f] : functions_) names.push_back(name);
    return names;
  }

 private:
  void add(const std::string& name, std::string_view columns) {
    event::TableSchema table;
    table.name = name;
    while (!columns.empty()) {
      const auto blank = columns.find(' ');
      const auto one = columns.substr(0, blank);
      const auto colon = one.find(':');
      table.columns.push_back({std::string(one.substr(0, colon)), *event::parse_kql_type(one.substr(colon + 1)), ""});
      columns = blank == std::string_view::npos ? "" : columns.substr(blank + 1);
    }
    tables_[name] = std::move(table);
  }
  std::map<std::string, event::TableSchema, std::less<>> tables_;
  std::map<std::string, StoredFunction, std::less<>> functions_;
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

CompileOptions options() { return {.now_ticks = 17'000'000'000'000'000}; }

// The mistakes, or the columns.
std::string told(const CompiledQuery& checked) {
  std::string text;
  for (const auto& d : checked.diagnostics) text += fmt::format("{}{}:{}+{} {}: {}", text.empty() ? "" : "\n", d.line, d.column, d.length, d.code, d.message);
  if (checked.ok()) {
    std::string schema;
    for (const auto& column : checked.bound.columns()) schema += fmt::format("{}{}: {}", schema.empty() ? "" : ", ", column.name, type_name(column.type));
    text += fmt::format("{}({})", text.empty() ? "" : "\n", schema);
  }
  return text;
}

class Bind : public ::testing::TestWithParam<Case> {};
TEST_P(Bind, GivesSchemaOrMistakes) {
  const Case& c = GetParam();
  testing::expect_section(c, "result", told(check(c["query"], tables(), options())));
}
INSTANTIATE_TEST_SUITE_P(Files, Bind, ::testing::ValuesIn(testing::read_cases("kql/bind")), testing::case_name);

// check() as the language service tells it.
class Service : public ::testing::TestWithParam<Case> {};
TEST_P(Service, GivesSchemaOrMistakes) {
  const Case& c = GetParam();
  CompileOptions as_service = options();
  as_service.as_language_service = true;
  testing::expect_section(c, "result", told(check(c["query"], tables(), as_service)));
}
INSTANTIATE_TEST_SUITE_P(Files, Service, ::testing::ValuesIn(testing::read_cases("kql/service")), testing::case_name);

class Sql : public ::testing::TestWithParam<Case> {};
TEST_P(Sql, IsWritten) {
  const Case& c = GetParam();
  CompileOptions with_range = options();
  with_range.from_ticks = 16'999'000'000'000'000;
  with_range.to_ticks = 17'000'000'000'000'000;
  const auto compiled = compile(c["query"], tables(), with_range);
  ASSERT_TRUE(compiled.ok()) << to_text(compiled.diagnostics[0], c["query"]);
  testing::expect_section(c, "sql", compiled.statement.sql);
}
INSTANTIATE_TEST_SUITE_P(Files, Sql, ::testing::ValuesIn(testing::read_cases("kql/sql")), testing::case_name);

TEST(Compile, SaysWhatItCannotRun) {
  const auto compiled = compile("T | make-graph s --> s", tables(), options());
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.diagnostics[0].code, "YK010");
  EXPECT_EQ(compiled.diagnostics[0].column, 5u);
  EXPECT_TRUE(compiled.statement.sql.empty());
  EXPECT_TRUE(check("T | make-graph s --> s", tables(), options()).ok());
}

TEST(Compile, PutsStagesWhereSqlEnds) {
  // Two statements: the rows that the function is computed on, already filtered and cut to what is read, and the rest.
  const auto compiled = compile("T | where a > 1 and parse_user_agent(s, 'browser').Browser.Family == 'x' | summarize count() by i", tables(), options());
  ASSERT_TRUE(compiled.ok());
  ASSERT_EQ(compiled.statement.stages.size(), 1u);
  const auto& stage = compiled.statement.stages[0];
  EXPECT_EQ(stage.what, "the function 'parse_user_agent' at 1:21");
  ASSERT_EQ(stage.inputs.size(), 1u);
  EXPECT_NE(stage.inputs[0]->sql.find("`a` > toInt64(1)"), std::string::npos) << stage.inputs[0]->sql;
  EXPECT_EQ(stage.inputs[0]->columns.size(), 2u) << stage.inputs[0]->sql;  // s and i
  EXPECT_NE(compiled.statement.sql.find("{stage_0}"), std::string::npos) << compiled.statement.sql;
  EXPECT_EQ(compiled.statement.tables, std::vector<std::string>{"T"});
  // A text of the query that looks like a place for rows is none.
  const auto text = compile("T | scan with (step x: true;) | where s == '{stage_0}'", tables(), options());
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(fill_in(text.statement.sql, {"ROWS"}).find("= 'ROWS'"), std::string::npos);
  EXPECT_NE(fill_in(text.statement.sql, {"ROWS"}).find("FROM ROWS"), std::string::npos) << text.statement.sql;
}

TEST(Compile, AsksTheDataForColumns) {
  CompileOptions o = options();
  int asked = 0;
  o.probe = [&](const SqlStatement& statement) -> std::optional<std::vector<std::vector<std::string>>> {
    ++asked;
    EXPECT_EQ(statement.columns.size(), 2u);
    return std::vector<std::vector<std::string>>{{"size", "long"}, {"name", "string"}, {"size", "real"}, {"sub", "dictionary"}};
  };
  const auto compiled = compile("T | project a, d | evaluate bag_unpack(d)", tables(), o);
  ASSERT_TRUE(compiled.ok());
  EXPECT_EQ(asked, 1);
  ASSERT_EQ(compiled.statement.columns.size(), 4u);
  EXPECT_EQ(compiled.statement.columns[1].name, "name");
  EXPECT_EQ(compiled.statement.columns[1].type, Type::string);
  EXPECT_EQ(compiled.statement.columns[2].type, Type::real);
  EXPECT_EQ(compiled.statement.columns[3].type, Type::dynamic);
  const auto without = compile("T | project a, d | evaluate bag_unpack(d)", tables(), options());
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.diagnostics[0].code, "YK011");
}

TEST(Compile, BoundsWhatFunctionsExpandTo) {
  // Each function calls the one before twice: 2^40 expressions if nobody counted.
  std::string text = "let f0 = (x:long) { x + 1 };\n";
  for (int i = 1; i <= 40; ++i) text += fmt::format("let f{} = (x:long) {{ f{}(x) + f{}(x) }};\n", i, i - 1, i - 1);
  const auto compiled = compile(text + "print f40(1)", tables(), options());
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.diagnostics[0].code, "YK003");
}

TEST(Compile, TableUsedOftenStaysShort) {
  // A chain of lets that each use the one before twice is bound once each.
  std::string text = "let t0 = T;\n";
  for (int i = 1; i <= 20; ++i) text += fmt::format("let t{} = union t{}, t{};\n", i, i - 1, i - 1);
  const auto compiled = compile(text + "t20 | count", tables(), options());
  ASSERT_TRUE(compiled.ok());
  EXPECT_LT(compiled.statement.sql.size(), 20'000u);
}

TEST(Compile, CutsTheResult) {
  CompileOptions o = options();
  o.max_rows = 10;
  EXPECT_NE(compile("T | project a", tables(), o).statement.sql.find("LIMIT 11"), std::string::npos);
  EXPECT_EQ(compile("set notruncation; T | project a", tables(), o).statement.sql.find("LIMIT"), std::string::npos);
  EXPECT_TRUE(compile("set query_take_max_records=5; T | project a", tables(), o).statement.sql.ends_with("LIMIT 5"));
}

TEST(SqlText, KeepsUserTextInside) {
  EXPECT_EQ(sql::text("a'b\\c\nd"), "'a\\'b\\\\c\\nd'");
  EXPECT_EQ(sql::identifier("a`b"), "`a\\`b`");
  EXPECT_EQ(sql::text(std::string_view("\0", 1)), "'\\0'");
}

TEST(Registry, EntriesAreWhole) {
  std::set<std::pair<std::string_view, Function::Kind>> seen;
  for (const auto family : function_families()) {
    for (const Function& f : family) {
      EXPECT_FALSE(f.summary.empty()) << f.name;
      EXPECT_FALSE(signatures_of(f).empty()) << f.name;
      // An aggregate and a scalar function may share a name.
      EXPECT_TRUE(seen.insert({f.name, f.kind}).second) << f.name << " is there twice";
      for (const auto& example : f.examples) {
        if (example.expression.empty()) continue;
        const auto compiled = compile(fmt::format("print x = tostring({})", example.expression), tables(), options());
        EXPECT_TRUE(compiled.ok()) << example.expression << ": " << (compiled.ok() ? "" : compiled.diagnostics[0].message);
      }
    }
  }
  EXPECT_GT(seen.size(), 300u);
}

}  // namespace
}  // namespace yagura::kql
