#include "store/table_layout.hpp"

#include <gtest/gtest.h>

#include "testing/case_files.hpp"

namespace yagura::store {
namespace {

class LayoutCases : public ::testing::TestWithParam<testing::Case> {};

TEST_P(LayoutCases, WritesTheStatement) {
  const auto& c = GetParam();
  auto schema = event::parse_table_schema(c["schema"], c.where);
  ASSERT_TRUE(schema) << schema.error().message();
  event::add_standard_columns(*schema);
  testing::expect_section(c, "sql", create_statement(layout_of(*schema), c.has("days") ? 30 : 0));
}
INSTANTIATE_TEST_SUITE_P(Files, LayoutCases, ::testing::ValuesIn(testing::read_cases("store/layout")), testing::case_name);

event::TableSchema small_schema() {
  event::TableSchema schema;
  schema.name = "T";
  schema.columns = {{"TimeGenerated", event::KqlType::datetime, ""}, {"Text", event::KqlType::string, ""}, {"Number", event::KqlType::int64, ""}};
  event::add_standard_columns(schema);
  return schema;
}

void add_row(event::TableBatch& batch, std::int64_t position, Guid item) {
  for (std::size_t c = 0; c < batch.column_count(); ++c) {
    auto& column = batch.column(c);
    const auto& name = batch.schema()[c].name;
    if (name == "_Position") column.append_int64(position);
    else if (name == "_ItemId") column.append_guid(item);
    else column.append_null();
  }
}

std::string names(const std::vector<SentColumn>& columns) {
  std::string out;
  for (const auto& column : columns) out += column.name + " ";
  return out;
}

TEST(PlanInsert, SendsWhatHoldsSomething) {
  const auto schema = small_schema();
  const auto layout = layout_of(schema);
  event::TableBatch batch(schema);
  add_row(batch, 5, {0x8000, 2ULL << 62 | 5});
  EXPECT_EQ(names(*plan_insert(batch, layout)), "TimeGenerated _TimeReceived _TimeIngested _Position ");
  add_row(batch, 6, {0x38000, 2ULL << 62 | 6});  // the fourth event of its entry
  batch.column(*batch.find("Text")).texts()[1] = "x";
  EXPECT_EQ(names(*plan_insert(batch, layout)), "_ItemIndex TimeGenerated Text _TimeReceived _TimeIngested _Position ");
  EXPECT_EQ(batch.column(*batch.find("_ItemIndex")).int64s(), (std::vector<std::int64_t>{0, 3}));
}

TEST(PlanInsert, KeepsIdentitiesOfTheirOwn) {
  const auto schema = small_schema();
  event::TableBatch batch(schema);
  const Guid own{0x1111222233334444, 0x8555666677778888};
  add_row(batch, 5, own);
  add_row(batch, 5, {0x8000, 2ULL << 62 | 6});  // looks derived, but of another position
  EXPECT_EQ(names(*plan_insert(batch, layout_of(schema))), "_ItemIdGiven TimeGenerated _TimeReceived _TimeIngested _Position ");
  EXPECT_EQ(batch.column(*batch.find("_ItemIdGiven")).guids()[0], own);
  EXPECT_NE(batch.column(*batch.find("_ItemIdGiven")).guids()[1], Guid{});
}

TEST(PlanInsert, MayBeRepeated) {
  const auto schema = small_schema();
  event::TableBatch batch(schema);
  add_row(batch, 5, {0x18000, 2ULL << 62 | 5});
  const auto first = names(*plan_insert(batch, layout_of(schema)));
  const auto columns = batch.column_count();
  EXPECT_EQ(names(*plan_insert(batch, layout_of(schema))), first);
  EXPECT_EQ(batch.column_count(), columns);
}

TEST(PlanInsert, RefusesUnknownColumns) {
  auto schema = small_schema();
  const auto layout = layout_of(schema);
  schema.columns.push_back({"New", event::KqlType::string, ""});
  event::TableBatch batch(schema);
  add_row(batch, 1, {});
  const auto planned = plan_insert(batch, layout);
  ASSERT_FALSE(planned);
  EXPECT_NE(planned.error().message().find("'New'"), std::string::npos);
}

TEST(Quoting, EscapesWhatEnds) {
  EXPECT_EQ(quoted_name("a`b\\c"), "`a\\`b\\\\c`");
  EXPECT_EQ(quoted_text("it's \\"), "'it\\'s \\\\'");
}

}  // namespace
}  // namespace yagura::store
