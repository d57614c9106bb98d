#include "kql/inflight.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kql/catalog.hpp"
#include "kql/compile.hpp"
#include "kql/function.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

using event::TableBatch;

std::shared_ptr<const event::SchemaSet> tables() {
  event::TableSchema events{.name = "Events",
                            .columns = {{.name = "TimeGenerated", .type = Type::datetime, .description = {}},
                                        {.name = "Computer", .type = Type::string, .description = {}},
                                        {.name = "EventID", .type = Type::int32, .description = {}},
                                        {.name = "Data", .type = Type::dynamic, .description = {}}},
                            .description = {},
                            .retention = {},
                            .order_by = {}};
  auto set = std::make_shared<event::SchemaSet>();
  set->put(std::move(events));
  return set;
}

Result<InFlightProgram> program(std::string_view query) {
  const SchemaCatalog catalog(tables());
  const auto compiled = check(query, catalog, {.now_ticks = 17'000'000'000'000'000});
  if (!compiled.ok()) return fail(ErrorKind::invalid_input, "{}", compiled.diagnostics.front().message);
  return InFlightProgram::compile(compiled.bound);
}

TableBatch some_events() {
  TableBatch batch(*tables()->find("Events"));
  const auto add = [&](std::int64_t time, std::string_view computer, int id, std::string_view data) {
    for (std::size_t i = 4; i < batch.column_count(); ++i) batch.column(i).append_null();
    batch.column(0).append_int64(time);
    batch.column(1).append_text(batch.arena().copy(computer));
    batch.column(2).append_int32(id);
    if (data.empty()) {
      batch.column(3).append_null();
    } else {
      batch.column(3).append_text(batch.arena().copy(data));
    }
  };
  add(0, "HOST-1", 4624, R"({"User":"anna","Groups":["a","b"]})");
  add(10'000'000, "host-2", 4625, R"({"User":"bert","Groups":[]})");
  add(20'000'000, "web", 1, "");
  return batch;
}

std::string as_text(const TableBatch& batch) {
  std::string out;
  Arena arena;
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    for (std::size_t i = 0; i < batch.column_count(); ++i) {
      if (i > 0) out += '|';
      out += text_of(Operand(batch.column(i), false), row, arena);
    }
    out += '\n';
  }
  return out;
}

std::string run(std::string_view query) {
  const auto made = program(query);
  if (!made) return "error: " + made.error().message();
  const auto result = made->table().empty() ? made->run() : made->run(some_events());
  return result ? as_text(*result) : "error: " + result.error().message();
}

TEST(InFlight, FiltersAndComputes) {
  EXPECT_EQ(
      run("Events | where Computer startswith 'host' and EventID in (4624, 4625) | extend User = tostring(Data.User) "
          "| project Computer = tolower(Computer), User, Next = EventID + 1"),
      "host-1|anna|4625\nhost-2|bert|4626\n");
  EXPECT_EQ(run("Events | where Data.User == 'bert' | project Computer"), "host-2\n");
  EXPECT_EQ(run("Events | where false | project Computer"), "");
  EXPECT_EQ(run("Events | take 1 | project Computer, Constant = 5"), "HOST-1|5\n");
}

TEST(InFlight, ExpandsArrays) {
  EXPECT_EQ(run("Events | mv-expand G = Data.Groups to typeof(string) | project Computer, G"),
            "HOST-1|a\nHOST-1|b\nhost-2|\nweb|\n");
}

TEST(InFlight, TakesTextsApart) {
  EXPECT_EQ(run("datatable(m:string) ['user=anna id=5', 'nothing'] | parse m with 'user=' u:string ' id=' id:long | "
                "project u, id"),
            "anna|5\n|\n");
  EXPECT_EQ(run("datatable(m:string) ['user=anna id=5', 'nothing'] | parse-where m with 'user=' u ' id=' id:long | "
                "project u, id"),
            "anna|5\n");
  EXPECT_EQ(run("print m = 'a=1;b=x y' | parse-kv m as (a:long, b:string) with (pair_delimiter=';', kv_delimiter='=') "
                "| project a, b"),
            "1|x y\n");
}

TEST(InFlight, KeepsThreeValuedLogic) {
  EXPECT_EQ(run("datatable(x:long) [1, long(null)] | extend a = x == 1, b = x != 1, c = x > 0, d = isnull(x)"),
            "1|true|false|true|false\n|false|true||true\n");
  EXPECT_EQ(run("datatable(x:bool) [true, false, bool(null)] | where x"), "true\n");
}

TEST(InFlight, RefusesWhatNeedsAllRows) {
  for (const auto query :
       {"Events | summarize count()", "Events | sort by EventID", "Events | join (Events) on EventID",
        "union Events, Events", "Events | where EventID in (Events | project EventID)"}) {
    const auto made = program(query);
    ASSERT_FALSE(made.has_value()) << query;
    EXPECT_EQ(made.error().kind(), ErrorKind::not_supported) << query << ": " << made.error().message();
  }
}

// What a query's rows or columns hang on has not been asked of the data: no table is not an empty table.
TEST(InFlight, RefusesWhatTheDataDecides) {
  for (const auto& [query, word] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Events | partition by Computer { Events | where Computer == 'a' | project Computer }", "partition"},
           {"datatable(k:string) ['a'] | partition by k { print x = k }", "partition"},
           {"Events | partition by Computer (top 1 by EventID | join (Events) on EventID)", ""},
           {"Events | evaluate bag_unpack(Data)", "columns that depend on the rows"},
           {"let T = Events | evaluate bag_unpack(Data); T | project Computer", "columns that depend on the rows"},
           {"Events | evaluate pivot(Computer)", ""},
           {"Events | mv-apply x = Data.Groups on (top 1 by tostring(x))", ""},
           {"Events | scan with (step s: true;)", "scan"},
           {"Events | evaluate autocluster()", "autocluster"},
           {"externaldata(a:string) ['https://example.com/a.csv']", "externaldata"},
           {"Events | fork (take 1) (take 2)", "2 results"},
           {"Events | take 1; Events | take 2", "2 results"}}) {
    const auto made = program(query);
    ASSERT_FALSE(made.has_value()) << query;
    EXPECT_EQ(made.error().kind(), ErrorKind::not_supported) << query << ": " << made.error().message();
    EXPECT_NE(made.error().message().find(word), std::string::npos) << query << ": " << made.error().message();
  }
}

TEST(InFlight, BoundsRows) {
  const SchemaCatalog catalog(tables());
  const auto compiled = check("range x from 1 to 100000 step 1", catalog, {.now_ticks = 0});
  const auto small = InFlightProgram::compile(compiled.bound, {.max_rows = 1000});
  ASSERT_TRUE(small.has_value());
  const auto result = small->run();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), ErrorKind::exhausted);
  EXPECT_EQ(run("range x from 1 to 9000000000000000000 step 1 | take 2"), "1\n2\n");
}

TEST(InFlight, FailsWhereTheQuerySaysSo) {
  EXPECT_EQ(run("print assert(1 == 2, 'no')"), "error: assert: no");
  EXPECT_TRUE(run("Events | where assert(EventID > 5, 'small')").starts_with("error: assert: small"));
}

TEST(InFlight, KeepsTheInputAliveAndItsPositions) {
  auto made = program("Events | project Computer");
  ASSERT_TRUE(made.has_value());
  auto input = some_events();
  const auto result = made->run(std::move(input));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(as_text(*result), "HOST-1\nhost-2\nweb\n");
}

TEST(InFlight, WantsTheColumnsItNames) {
  auto made = program("Events | project Computer");
  ASSERT_TRUE(made.has_value());
  const auto result = made->run(TableBatch("Events", {{.name = "Computer", .type = Type::int64, .description = {}}}));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), ErrorKind::invalid_input);
}

// The registry's examples are the tests of both back ends.
TEST(InFlight, GivesWhatTheRegistrysExamplesSay) {
  std::size_t examples = 0;
  for (const auto family : function_families()) {
    for (const auto& function : family) {
      if (function.kind != Function::Kind::scalar || find_kernel(function.name) == nullptr) continue;
      for (const auto& example : function.examples) {
        if (example.expression.empty()) continue;
        SCOPED_TRACE(example.expression);
        const auto got = run("print v = " + std::string(example.expression));
        if (got.starts_with("error: the function")) continue;  // an argument's function has no kernel
        EXPECT_EQ(got, std::string(example.expected) + "\n") << example.expression;
        ++examples;
      }
    }
  }
  EXPECT_GT(examples, 250u);
}

// What a detection or a transformation is made of.
TEST(InFlight, HasAKernelForTheFunctionsOfEveryDay) {
  for (const auto family :
       {operator_functions(), logic_functions(), conversion_functions(), string_functions(), text_search_functions(),
        datetime_functions(), ip_functions(), hash_functions(), math_functions()}) {
    for (const auto& function : family) {
      if (function.kind != Function::Kind::scalar || function.name == "datetime_list_timezones") continue;
      EXPECT_NE(find_kernel(function.name), nullptr) << function.name;
    }
  }
}

}  // namespace
}  // namespace yagura::kql
