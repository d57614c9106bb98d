#include "query/transformation.hpp"

#include <gtest/gtest.h>

#include "query/drop_sketch.hpp"

namespace yagura::query {
namespace {

using event::KqlType;

event::TableSchema trail() {
  event::TableSchema table;
  table.name = "AWSCloudTrail";
  table.columns = {{"TimeGenerated", KqlType::datetime, ""}, {"EventName", KqlType::string, ""}, {"SessionIssuerUserName", KqlType::string, ""},
                   {"ReadOnly", KqlType::boolean, ""},       {"Size", KqlType::int64, ""},       {"RequestParameters", KqlType::string, ""}};
  event::add_standard_columns(table);
  return table;
}

// Rows of name and size; an empty batch column for RequestParameters is left out, as the normaliser does.
event::TableBatch rows_of(const std::vector<std::pair<std::string, std::int64_t>>& all) {
  event::TableBatch rows(trail());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t c = 0; c < rows.column_count(); ++c) {
      const auto& name = rows.schema()[c].name;
      auto& column = rows.column(c);
      if (name == "TimeGenerated") column.append_int64(static_cast<std::int64_t>(i) + 1);
      else if (name == "EventName") column.append_text("Event");
      else if (name == "SessionIssuerUserName") column.append_text(rows.arena().copy(all[i].first));
      else if (name == "Size") column.append_int64(all[i].second);
      else if (name == "_Position") column.append_int64(static_cast<std::int64_t>(i) + 100);
      else if (name == "Type") column.append_text("AWSCloudTrail");
      else if (name != "RequestParameters") column.append_null();
    }
  }
  rows.drop_unfilled();
  rows.first_position = Position(100);
  rows.last_position = Position(99 + all.size());
  return rows;
}

std::vector<std::string> texts(const event::TableBatch& rows, std::string_view column) {
  std::vector<std::string> out;
  const auto at = rows.find(column);
  if (!at) return {"no column"};
  for (std::size_t i = 0; i < rows.row_count(); ++i) event::append_cell_text(out.emplace_back(), rows.column(*at), i);
  return out;
}

constexpr std::string_view kNoise =
    "source\n| where SessionIssuerUserName !in~ (\"CspmMonitorAws\", \"DefenderForCloud-OidcCiem\", \"DefenderForCloud-AgentlessScanner\", "
    "\"DefenderForCloud-DataSecurityPostureDB\")\n";

TEST(Transformation, DropsByNameInAnyCaseAndKeepsTheRest) {
  const auto checked = Transformation::make(trail(), kNoise);
  ASSERT_TRUE(checked.transformation) << checked.error(kNoise).message();
  EXPECT_EQ(checked.transformation->filter_columns(), std::vector<std::string>{"SessionIssuerUserName"});
  auto rows = rows_of({{"admin", 1}, {"cspmmonitoraws", 2}, {"", 3}, {"DEFENDERFORCLOUD-OIDCCIEM", 4}, {"DefenderForCloud", 5}});
  std::vector<std::uint32_t> gone;
  ASSERT_TRUE(checked.transformation->apply(rows, [&](const auto& before, auto dropped) {
    EXPECT_EQ(before.row_count(), 5U);
    gone.assign(dropped.begin(), dropped.end());
  }));
  EXPECT_EQ(gone, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(texts(rows, "SessionIssuerUserName"), (std::vector<std::string>{"admin", "", "DefenderForCloud"}));
  EXPECT_EQ(texts(rows, "_Position"), (std::vector<std::string>{"100", "102", "104"}));
  EXPECT_EQ(rows.table(), "AWSCloudTrail");
  EXPECT_EQ(rows.first_position, Position(100));
}

TEST(Transformation, LeavesRowsAloneThatAllPass) {
  const auto checked = Transformation::make(trail(), kNoise);
  auto rows = rows_of({{"a", 1}, {"b", 2}});
  const auto* before = rows.column(0).int64s().data();
  ASSERT_TRUE(checked.transformation->apply(rows, nullptr));
  EXPECT_EQ(rows.column(0).int64s().data(), before);
  event::TableBatch empty(trail());
  EXPECT_TRUE(checked.transformation->apply(empty, nullptr));
}

TEST(Transformation, ComputesRenamesAndLeavesOut) {
  const auto checked = Transformation::make(trail(),
                                            "source | extend Size = Size * 2, EventName = strcat(EventName, '-', SessionIssuerUserName) "
                                            "| where Size > 2 | project TimeGenerated, EventName, Size, RequestParameters = SessionIssuerUserName");
  ASSERT_TRUE(checked.transformation) << checked.error("").message();
  EXPECT_EQ(checked.transformation->filter_columns(), std::vector<std::string>{"Size"});
  auto rows = rows_of({{"a", 1}, {"b", 2}, {"c", 3}});
  ASSERT_TRUE(checked.transformation->apply(rows, nullptr));
  EXPECT_EQ(texts(rows, "Size"), (std::vector<std::string>{"4", "6"}));
  EXPECT_EQ(texts(rows, "EventName"), (std::vector<std::string>{"Event-b", "Event-c"}));
  EXPECT_EQ(texts(rows, "RequestParameters"), (std::vector<std::string>{"b", "c"}));
  EXPECT_FALSE(rows.find("SessionIssuerUserName"));
  // Who sent it and when it came stay, though the query does not name them.
  EXPECT_EQ(texts(rows, "_Position"), (std::vector<std::string>{"101", "102"}));
  EXPECT_EQ(texts(rows, "Type"), (std::vector<std::string>{"AWSCloudTrail", "AWSCloudTrail"}));
}

TEST(Transformation, KeepsTheTimeOfRowsThatWouldHaveNone) {
  const auto checked = Transformation::make(trail(), "source | extend TimeGenerated = todatetime(EventName)");
  ASSERT_TRUE(checked.transformation);
  auto rows = rows_of({{"a", 1}, {"b", 2}});
  const auto before = texts(rows, "TimeGenerated");
  ASSERT_TRUE(checked.transformation->apply(rows, nullptr));
  EXPECT_EQ(texts(rows, "TimeGenerated"), before);
}

struct Wrong {
  std::string_view text, expected;
};
class WrongTransformation : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongTransformation, IsRefusedWithItsPlace) {
  const auto [text, expected] = GetParam();
  const auto checked = Transformation::make(trail(), text);
  EXPECT_FALSE(checked.transformation);
  ASSERT_FALSE(checked.diagnostics.empty());
  EXPECT_NE(checked.error(text).message().find(expected), std::string::npos) << checked.error(text).message();
}
INSTANTIATE_TEST_SUITE_P(
    Each, WrongTransformation,
    ::testing::Values(Wrong{"source | where EventNam == 'x'", "1:16: error KS142"}, Wrong{"source\n| summarize count() by EventName", "2:3: error YK110: 'summarize'"},
                      Wrong{"source | take 5", "1:10: error YK110: 'take'"}, Wrong{"source | mv-expand x = todynamic(RequestParameters)", "YK110: 'mv-expand'"},
                      Wrong{"source | wher Size > 1", "did you mean 'where'"}, Wrong{"source | extend Size = tolong(now())", "1:31: error YK111"},
                      Wrong{"AWSCloudTrail | where Size > 1", "1:1: error YK112"}, Wrong{"print TimeGenerated = datetime(2026-01-01)", "YK110: the query reads no table"},
                      Wrong{"source | extend EvntName = 'x'", "1:17: error YK113: the table AWSCloudTrail has no column 'EvntName', did you mean 'EventName'?"},
                      Wrong{"source | extend Size = 'x'", "1:17: error YK114: 'Size' is string here, but long in the table AWSCloudTrail"},
                      Wrong{"source | extend _Position = 1", "YK115"}, Wrong{"source | project-away TimeGenerated", "1:23: error YK116"},
                      Wrong{"source | project-away _Position | project-rename _Position = Size", "YK115"}, Wrong{"source | join (source) on EventName", "YK110: 'join'"},
                      Wrong{"source | where EventName in ((source | distinct EventName))", "YK110: 'distinct'"}, Wrong{"", "error"}, Wrong{"source;source", "error"},
                      Wrong{"source | where", "error"}));

TEST(Transformation, IsBounded) {
  EXPECT_FALSE(Transformation::make(trail(), "source | where EventName == '" + std::string(70'000, 'x') + "'").transformation);
  // Neither a mistake nor a crash, whatever it is.
  std::string deep = "source | where ";
  for (int i = 0; i < 5'000; ++i) deep += "(";
  EXPECT_FALSE(Transformation::make(trail(), deep).transformation);
}

TEST(DropSketch, CountsByValueAndKeepsTheMostFrequent) {
  DropSketch sketch({"SessionIssuerUserName"});
  for (int round = 0; round < 10; ++round) {
    std::vector<std::pair<std::string, std::int64_t>> all{{"often", 1}, {"often", 1}, {"often", 1}};
    for (int i = 0; i < 50; ++i) all.emplace_back("rare" + std::to_string(round * 50 + i), 1);
    const auto rows = rows_of(all);
    std::vector<std::uint32_t> dropped;
    for (std::uint32_t i = 0; i < rows.row_count(); ++i) dropped.push_back(i);
    sketch.add(rows, dropped);
  }
  EXPECT_EQ(sketch.rows(), 530U);
  const auto text = sketch.to_json(1);
  EXPECT_NE(text.find(R"("columns":["SessionIssuerUserName"],"values":[{"key":["often"],"rows":30,"at_most_less":0)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("sample":{"TimeGenerated":)"), std::string::npos) << text;
  // All of it, and again from what was kept.
  DropSketch again({"SessionIssuerUserName"});
  again.restore(sketch.to_json(1'000));
  EXPECT_EQ(again.to_json(1), text);
  EXPECT_EQ(again.rows(), 530U);
  DropSketch other({"EventName"});
  other.restore(text);
  EXPECT_EQ(other.rows(), 0U);
  other.restore("{no json");
  EXPECT_EQ(other.rows(), 0U);
}

}  // namespace
}  // namespace yagura::query
