#include "event/table_batch.hpp"

#include <gtest/gtest.h>

namespace yagura::event {
namespace {

TableBatch batch_of(std::vector<ColumnSchema> columns) { return TableBatch("T", std::move(columns)); }

TEST(TableBatch, DropsColumnsThatNoRowHasAValueIn) {
  auto batch = batch_of({{"a", KqlType::int64, ""}, {"empty", KqlType::string, ""}, {"b", KqlType::string, ""}});
  batch.column(0).append_int64(1);
  batch.column(2).append_text("x");
  batch.drop_unfilled();
  ASSERT_EQ(batch.column_count(), 2u);
  EXPECT_EQ(batch.schema()[1].name, "b");
  EXPECT_EQ(batch.column(1).texts()[0], "x");
  EXPECT_FALSE(batch.find("empty"));
}

TEST(TableBatch, KeepsItsColumnsWhenThereAreNoRows) {
  auto batch = batch_of({{"a", KqlType::int64, ""}, {"b", KqlType::string, ""}});
  batch.drop_unfilled();
  EXPECT_EQ(batch.column_count(), 2u);
}

TEST(TableBatch, AppendPadsColumnsThatOnlyOneOfTheTwoHas) {
  auto first = batch_of({{"a", KqlType::int64, ""}, {"left", KqlType::string, ""}});
  first.column(0).append_int64(1);
  first.column(1).append_text("l");
  auto second = batch_of({{"a", KqlType::int64, ""}, {"number", KqlType::int32, ""}, {"object", KqlType::dynamic, ""}});
  second.column(0).append_int64(2);
  second.column(1).append_int32(7);
  second.column(2).append_text("{}");
  first.append(std::move(second));
  ASSERT_EQ(first.column_count(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(first.column(i).size(), 2u) << i;
  EXPECT_EQ(first.column(*first.find("a")).int64s(), (Column::Int64s{1, 2}));
  const auto& left = first.column(*first.find("left"));
  EXPECT_EQ(left.texts()[1], "");
  EXPECT_FALSE(left.is_null(1)) << "a string is never null";
  const auto& number = first.column(*first.find("number"));
  EXPECT_TRUE(number.is_null(0));
  EXPECT_EQ(number.int32s()[1], 7);
  const auto& object = first.column(*first.find("object"));
  EXPECT_TRUE(object.is_null(0));
  EXPECT_EQ(object.texts()[0], "null");
}

TEST(TableBatch, AppendFindsColumnsThatStandElsewhere) {
  auto first = batch_of({{"a", KqlType::int64, ""}, {"b", KqlType::int64, ""}});
  first.column(0).append_int64(1);
  first.column(1).append_int64(2);
  auto second = batch_of({{"b", KqlType::int64, ""}, {"a", KqlType::int64, ""}});
  second.column(0).append_int64(4);
  second.column(1).append_int64(3);
  first.append(std::move(second));
  EXPECT_EQ(first.column(0).int64s(), (Column::Int64s{1, 3}));
  EXPECT_EQ(first.column(1).int64s(), (Column::Int64s{2, 4}));
}

}  // namespace
}  // namespace yagura::event
