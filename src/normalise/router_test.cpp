// Cases below tests/cases/normalise/rows: records and the rows they become. Sections: record (record2 ... for more),
// expected.
#include "normalise/router.hpp"

#include "base/time.hpp"
#include "normalise/record_text.hpp"
#include "testing/case_files.hpp"

namespace yagura::normalise {
namespace {

using event::RecordBatch;
using event::SchemaSet;
using event::TableBatch;
using testing::Case;

std::shared_ptr<const SchemaSet> schemas() {
  static const std::shared_ptr<const SchemaSet> loaded = [] {
    auto set = SchemaSet::load(testing::project_root() / "content" / "tables");
    if (!set) ADD_FAILURE() << set.error().message();
    auto out = set ? std::move(*set) : SchemaSet();
    auto custom = event::parse_table_schema(
        R"({"Name":"App_CL","Properties":[{"Name":"TimeGenerated","Type":"datetime"},{"Name":"action","Type":"string"},{"Name":"count","Type":"int"},{"Name":"user","Type":"dynamic"},{"Name":"ok","Type":"bool"},{"Name":"took","Type":"timespan"},{"Name":"AdditionalFields","Type":"dynamic"}]})",
        "App_CL");
    out.put(std::move(*custom));
    return std::make_shared<const SchemaSet>(std::move(out));
  }();
  return loaded;
}

std::string to_text(const TableBatch& batch) {
  std::string out;
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    out += batch.table() + "\n";
    for (std::size_t i = 0; i < batch.column_count(); ++i) {
      const auto& name = batch.schema()[i].name;
      if (name == "_TimeReceived" || name == "_TimeIngested" || name == "_ItemId") continue;
      std::string cell;
      append_cell_text(cell, batch.column(i), row);
      if (!cell.empty() && !batch.column(i).is_null(row)) out += fmt::format("  {}: {}\n", name, cell);
    }
  }
  return out;
}

class RowCases : public ::testing::TestWithParam<Case> {};

TEST_P(RowCases, AreMadeAsWritten) {
  const Case& c = GetParam();
  auto records = std::make_shared<RecordBatch>();
  for (const char* section : {"record", "record2", "record3"})
    if (c.has(section)) testing_support::add_record(*records, c[section]);
  RouterSettings settings;
  settings.routes.push_back({.sourcetype = "app:json", .table = "App_CL"});
  const auto router = Router::create(schemas(), settings);
  ASSERT_TRUE(router) << router.error().message();
  std::string text;
  for (const auto& batch : router->rows(records, receive_time(*parse_iso8601("2026-11-22T08:00:01Z"))))
    text += to_text(batch);
  if (!text.empty()) text.pop_back();
  expect_section(c, "expected", text);
}
INSTANTIATE_TEST_SUITE_P(Files, RowCases, ::testing::ValuesIn(testing::read_cases("normalise/rows")),
                         testing::case_name);

TEST(Router, KeepsTheRecordsAliveAndTheirPositions) {
  auto records = std::make_shared<RecordBatch>();
  testing_support::add_record(*records, "@format: rfc3164\nMessage: \"one\"");
  testing_support::add_record(*records, "@format: rfc3164\nMessage: \"two\"");
  const auto router = Router::create(schemas(), {});
  ASSERT_TRUE(router);
  auto batches = router->rows(std::move(records), receive_time(0));
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].first_position, Position(7));
  EXPECT_EQ(batches[0].last_position, Position(8));
  const auto message = *batches[0].find("SyslogMessage");
  EXPECT_EQ(batches[0].column(message).texts()[1], "two");
  for (std::size_t i = 0; i < batches[0].column_count(); ++i) EXPECT_EQ(batches[0].column(i).size(), 2u);
}

TEST(Router, NamesTheTablesThatAreNotThere) {
  const auto router =
      Router::create(schemas(), {.routes = {{.index = "x", .table = "App_CLL"}}, .json_table = "Nothing_At_All"});
  ASSERT_FALSE(router);
  EXPECT_NE(router.error().message().find("'App_CLL', did you mean 'App_CL'?"), std::string::npos)
      << router.error().message();
  EXPECT_NE(router.error().message().find("Nothing_At_All"), std::string::npos);
}

}  // namespace
}  // namespace yagura::normalise
