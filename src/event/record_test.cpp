#include "event/record.hpp"

#include <gtest/gtest.h>

#include "event/table_batch.hpp"

namespace yagura::event {
namespace {

template <class T>
concept CanSet = requires(RecordBatch batch, FieldId id, T text) { batch.set(id, std::forward<T>(text)); };
// A temporary string would dangle; a view or a literal does not.
static_assert(CanSet<std::string_view>);
static_assert(CanSet<const char*>);
static_assert(!CanSet<std::string&&>);

TEST(Record, FieldsAreFoundByIdAndByNameLastWins) {
  RecordBatch batch;
  batch.begin_record({.raw = "raw", .position = Position(7)});
  batch.set(intern_field("user"), "root");
  batch.set_foreign("port", Value::int64(22));
  batch.set(intern_field("user"), "admin");
  batch.begin_record({.raw = "second"});
  batch.set(intern_field("user"), "eve");
  batch.end_record();

  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].text(intern_field("user")), "admin");
  EXPECT_EQ(batch[0].find("port")->as_int64(), 22);
  EXPECT_EQ(batch[0].find("nothing"), nullptr);
  EXPECT_EQ(batch[1].fields().size(), 1U);
  EXPECT_EQ(batch[1].text(intern_field("user")), "eve");
}

TEST(Record, IdentityComesFromThePositionUnlessTheSourceHasOne) {
  RecordBatch batch;
  batch.begin_record({.position = Position(7), .index_in_entry = 2});
  batch.begin_record({.position = Position(7), .index_in_entry = 3});
  batch.begin_record({.position = Position(8), .item_id = {1, 2}});
  batch.end_record();
  EXPECT_NE(batch[0].item_id(), batch[1].item_id());
  EXPECT_EQ(batch[2].item_id(), (Guid{1, 2}));
}

TEST(Record, MalformedIsSaidWithItsPlace) {
  RecordBatch batch;
  batch.begin_record({.raw = "<999>x"});
  batch.mark_malformed("PRI is above 191", 1);
  batch.set(intern_field("Message"), "<999>x");
  batch.end_record();
  EXPECT_EQ(to_text(batch[0]), "@malformed: PRI is above 191 at byte 1\nMessage: \"<999>x\"");
}

TEST(Value, JsonOfEveryKind) {
  const std::array<Value, 3> items{Value::int64(-1), Value::null(), Value::boolean(true)};
  const std::array<Member, 2> members{Member{"a", Value::list(items)}, Member{"b\"", Value::real(0.5)}};
  std::string out;
  append_json(out, Value::object(members));
  EXPECT_EQ(out, R"({"a":[-1,null,true],"b\"":0.5})");
  EXPECT_EQ(Value::object(members), Value::object(members));
  EXPECT_NE(Value::int64(1), Value::real(1));
}

TEST(FieldId, ForeignNamesThatAreTooLongStayUnlisted) {
  const std::string name(600, 'x');
  EXPECT_FALSE(field_of_foreign_name(name).is_listed());
  EXPECT_EQ(field_of_foreign_name("short.name"), intern_field("short.name"));
  EXPECT_EQ(name_of(intern_field("short.name")), "short.name");
}

TEST(TableBatch, AppendKeepsBothMemories) {
  const std::vector<ColumnSchema> columns{{"t", KqlType::string, ""}, {"n", KqlType::int64, ""}};
  TableBatch a("T", columns);
  {
    TableBatch b("T", columns);
    b.column(0).append_text(b.arena().copy(std::string(5000, 'b')));
    b.column(1).append_null();
    b.last_position = Position(9);
    a.column(0).append_text(a.arena().copy("a"));
    a.column(1).append_int64(1);
    a.append(std::move(b));
  }
  ASSERT_EQ(a.row_count(), 2U);
  EXPECT_EQ(a.column(0).texts()[1], std::string(5000, 'b'));
  EXPECT_TRUE(a.column(1).is_null(1));
  EXPECT_EQ(a.last_position, Position(9));
}

TEST(TableBatch, CellsPrintAsKustoPrintsThem) {
  const auto cell = [](KqlType type, auto fill) {
    Column column(type);
    fill(column);
    std::string out;
    append_cell_text(out, column, 0);
    return out;
  };
  EXPECT_EQ(cell(KqlType::datetime, [](Column& c) { c.append_int64(0); }), "1970-01-01T00:00:00.0000000Z");
  EXPECT_EQ(cell(KqlType::timespan, [](Column& c) { c.append_int64(-(kTicksPerDay + 15'000'000)); }), "-1.00:00:01.5000000");
  EXPECT_EQ(cell(KqlType::real, [](Column& c) { c.append_real(std::numeric_limits<double>::infinity()); }), "Infinity");
  EXPECT_EQ(cell(KqlType::boolean, [](Column& c) { c.append_boolean(true); }), "true");
  EXPECT_EQ(cell(KqlType::int32, [](Column& c) { c.append_null(); }), "");
}

TEST(TableSchema, MistakesNameFileColumnAndWhatWasExpected) {
  const auto bad = parse_table_schema(R"({"Name":"T_CL","Properties":[{"Name":"a","Type":"text"}]})", "t.json");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message().substr(0, 52), "t.json: column 'a' has unknown type 'text'; expected");
  EXPECT_FALSE(parse_table_schema(R"({"Name":"T;DROP","Properties":[]})", "t.json"));
  EXPECT_FALSE(parse_table_schema(R"({"Name":"T","Properties":[{"Name":"a","Type":"int"},{"Name":"a","Type":"int"}]})", "t.json"));
}

TEST(TableSchema, EveryTableHasTheStandardColumns) {
  SchemaSet set;
  auto schema = parse_table_schema(R"({"Name":"T_CL","Properties":[{"Name":"TimeGenerated","Type":"datetime"}]})", "t.json");
  ASSERT_TRUE(schema);
  set.put(std::move(*schema));
  for (const char* name : {"TimeGenerated", "_TimeReceived", "_TimeIngested", "_ItemId", "_Position", "Type"})
    EXPECT_TRUE(set.find("T_CL")->find(name)) << name;
  EXPECT_EQ(set.find("t_cl"), nullptr);
}

}  // namespace
}  // namespace yagura::event
