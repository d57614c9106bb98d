#include "store/store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/file.hpp"
#include "store/retention.hpp"
#include "testing/engine_process.hpp"

namespace yagura::store {
namespace {

event::TableSchema syslog_schema() {
  event::TableSchema schema;
  schema.name = "Syslog";
  using enum event::KqlType;
  schema.columns = {{"TimeGenerated", datetime, ""}, {"Computer", string, ""}, {"Facility", string, ""}, {"SyslogMessage", string, ""},
                    {"ProcessID", int32, ""}, {"ProcessName", string, ""}, {"Extra", dynamic, ""}, {"Price", decimal, ""}, {"Took", timespan, ""},
                    {"Ratio", real, ""}, {"Good", boolean, ""}, {"Key", guid, ""}, {"EventTime", datetime, ""}};
  event::add_standard_columns(schema);
  return schema;
}

constexpr std::int64_t kNow = 17'680'000'000'000'000;

event::TableBatch batch_of(const event::TableSchema& schema, std::uint64_t first, std::size_t rows) {
  event::TableBatch batch(schema);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t position = first + i;
    for (std::size_t c = 0; c < batch.column_count(); ++c) {
      auto& column = batch.column(c);
      const auto& name = schema.columns[c].name;
      if (name == "TimeGenerated" || name == "_TimeReceived" || name == "_TimeIngested") column.append_int64(kNow + static_cast<std::int64_t>(position) * 1000);
      else if (name == "_Position") column.append_int64(static_cast<std::int64_t>(position));
      else if (name == "_ItemId") column.append_guid({0x8000, (2ULL << 62) | position});
      else if (name == "Computer") column.append_text("host1");
      else if (name == "SyslogMessage") column.append_text(batch.arena().copy(fmt::format("Accepted password for user{}", position)));
      else if (name == "Type") column.append_text("Syslog");
      else column.append_null();
    }
  }
  batch.first_position = Position(first);
  batch.last_position = Position(first + rows - 1);
  return batch;
}

class RealStore : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why_not;
    engine_ = testing::EngineProcess::start(why_not);
    if (!engine_) GTEST_SKIP() << why_not;
    StoreOptions options;
    options.endpoint.unix_socket = engine_->socket();
    options.endpoint.password = engine_->secret();
    store_ = std::move(*Store::create(options));
    const auto opened = store_->open(soon());
    ASSERT_TRUE(opened) << opened.error().message();
    const auto made = store_->ensure_table(schema_, soon());
    ASSERT_TRUE(made) << made.error().message();
  }
  static Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

  // All rows as text, tab-separated.
  std::string rows(const std::string& sql, std::vector<event::ColumnSchema> columns = {}) {
    SelectRequest request;
    request.sql = sql;
    request.columns = std::move(columns);
    auto stream = store_->select(request, soon());
    if (!stream) return "ERROR " + stream.error().message();
    std::string out;
    while (true) {
      auto batch = (*stream)->next();
      if (!batch) return out + "ERROR " + batch.error().message();
      if (!*batch) return out;
      for (std::size_t row = 0; row < (*batch)->row_count(); ++row)
        for (std::size_t c = 0; c < (*batch)->column_count(); ++c) {
          if ((*batch)->column(c).is_null(row)) out += "NULL";
          event::append_cell_text(out, (*batch)->column(c), row);
          out += c + 1 < (*batch)->column_count() ? '\t' : '\n';
        }
    }
  }

  event::TableSchema schema_ = syslog_schema();
  std::unique_ptr<testing::EngineProcess> engine_;
  std::unique_ptr<Store> store_;
};

TEST_F(RealStore, KeepsWhatItIsGivenOnce) {
  auto batch = batch_of(schema_, 100, 1000);
  const auto token = DedupToken::of_range("Syslog", Position(100), Position(1099));
  for (int i = 0; i < 3; ++i) {
    const auto inserted = store_->insert(batch, token, soon());
    ASSERT_TRUE(inserted) << inserted.error().message();
  }
  EXPECT_EQ(rows("SELECT count() FROM Syslog"), "1000\n");
  EXPECT_EQ(rows("SELECT TimeGenerated, Computer, ProcessID, _ItemId, _Position, Type FROM Syslog ORDER BY _Position LIMIT 1"),
            "2026-01-09T23:06:40.0100000Z\thost1\tNULL\t00000000-0000-8000-8000-000000000064\t100\tSyslog\n");
}

TEST_F(RealStore, KeepsEveryTypeAndGivenIdentities) {
  event::TableBatch batch(schema_);
  const auto add = [&](std::string_view name, auto&& put) {
    auto& column = batch.column(*batch.find(name));
    column.append_null();
    put(column);
  };
  add("TimeGenerated", [](auto& c) { c.append_int64(-1); });
  add("_TimeReceived", [](auto& c) { c.append_int64(kNow); });
  add("_TimeIngested", [](auto& c) { c.append_int64(kNow); });
  add("_TimeRead", [](auto& c) { c.append_int64(kNow); });
  add("_Position", [](auto& c) { c.append_int64(7); });
  add("_ItemId", [](auto& c) { c.append_guid({1, 2}); });
  add("Type", [](auto& c) { c.append_text("Syslog"); });
  add("Computer", [](auto& c) { c.append_text("\xC3\xA9'\t\\"); });
  add("Facility", [](auto& c) { c.append_text("auth"); });
  add("SyslogMessage", [](auto& c) { c.append_text(""); });
  add("ProcessID", [](auto& c) { c.append_int32(-5); });
  add("ProcessName", [](auto& c) { c.append_text("sshd"); });
  add("Extra", [](auto& c) { c.append_text(R"({"a":[1,null]})"); });
  add("Price", [](auto& c) { c.append_text("-12.50"); });
  add("Took", [](auto& c) { c.append_int64(-36'000'000'001); });
  add("Ratio", [](auto& c) { c.append_real(0.1); });
  add("Good", [](auto& c) { c.append_boolean(true); });
  add("Key", [](auto& c) { c.append_guid({0x0123456789abcdef, 0xfedcba9876543210}); });
  add("EventTime", [](auto& c) { c.append_int64(621'355'968'000'000'000); });
  // The first row is all null but for what cannot be: times, and the identity that follows from position 0.
  batch.column(*batch.find("_ItemId")).guids()[0] = {0x8000, 2ULL << 62};
  const auto inserted = store_->insert(batch, DedupToken("types"), soon());
  ASSERT_TRUE(inserted) << inserted.error().message();
  EXPECT_EQ(rows("SELECT Computer, Facility, ProcessID, Extra, Price, Took, Ratio, Good, Key, EventTime, _ItemId, TimeGenerated FROM Syslog ORDER BY _Position DESC",
                 {{"Computer", event::KqlType::string, ""}, {"Facility", event::KqlType::string, ""}, {"ProcessID", event::KqlType::int32, ""},
                  {"Extra", event::KqlType::dynamic, ""}, {"Price", event::KqlType::decimal, ""}, {"Took", event::KqlType::timespan, ""},
                  {"Ratio", event::KqlType::real, ""}, {"Good", event::KqlType::boolean, ""}, {"Key", event::KqlType::guid, ""},
                  {"EventTime", event::KqlType::datetime, ""}, {"_ItemId", event::KqlType::guid, ""}, {"TimeGenerated", event::KqlType::datetime, ""}}),
            "\xC3\xA9'\t\\\tauth\t-5\t{\"a\":[1,null]}\t-12.5\t-01:00:00.0000001\t0.1\ttrue\t01234567-89ab-cdef-fedc-ba9876543210\t3939-01-01T00:00:00.0000000Z\t"
            "00000000-0000-0001-0000-000000000002\t1969-12-31T23:59:59.9999999Z\n"
            "\t\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\t00000000-0000-8000-8000-000000000000\t1970-01-01T00:00:00.0000000Z\n");
}

TEST_F(RealStore, ReadsEveryClickHouseType) {
  EXPECT_EQ(rows("SELECT toInt8(-1), toUInt64(5), toInt128('-170141183460469231731687303715884105728'), 1.5::Float32, toDecimal64(-1.25, 4), 'x', toFixedString('ab', 4)"),
            "-1\t5\t-170141183460469231731687303715884105728\t1.5\t-1.25\tx\tab\n");
  EXPECT_EQ(rows("SELECT toDate('2024-02-29'), toDate32('1925-01-01'), toDateTime('2024-02-29 01:02:03', 'UTC'), toDateTime64('2024-02-29 01:02:03.123', 3, 'UTC')"),
            "2024-02-29T00:00:00.0000000Z\t1925-01-01T00:00:00.0000000Z\t2024-02-29T01:02:03.0000000Z\t2024-02-29T01:02:03.1230000Z\n");
  EXPECT_EQ(rows("SELECT [1, 2], map('a', [NULL, 'b']), tuple(1, 'x'), CAST((1, 'y') AS Tuple(n Int8, `s t` String)), toIPv4('10.1.2.3'), toIPv6('2001:db8::1'), CAST('b' AS Enum8('a' = 1, 'b' = 2))"),
            "[1,2]\t{\"a\":[null,\"b\"]}\t[1,\"x\"]\t{\"n\":1,\"s t\":\"y\"}\t10.1.2.3\t2001:db8::1\tb\n");
  EXPECT_EQ(rows("SELECT toLowCardinality('lc'), CAST(NULL AS LowCardinality(Nullable(String))), [toLowCardinality('z')], NULL, INTERVAL 90 SECOND, true, now64(3) > 0"),
            "lc\t\t[\"z\"]\t\t00:01:30\ttrue\t1\n");
  EXPECT_EQ(rows("SELECT CAST('{\"a\":{\"b\":[1,2]}}' AS JSON)", {{"j", event::KqlType::dynamic, ""}}), "{\"a\":{\"b\":[1,2]}}\n");
  EXPECT_EQ(rows("SELECT 17680000000000000::Int64", {{"t", event::KqlType::datetime, ""}}), "2026-01-09T23:06:40.0000000Z\n");
}

TEST_F(RealStore, StreamsAndReportsErrors) {
  EXPECT_EQ(rows("SELECT sum(n) FROM (SELECT number n FROM numbers(10))"), "45\n");
  SelectRequest request;
  request.sql = "SELECT number, toString(number) FROM numbers(1000000)";
  auto stream = store_->select(request, soon());
  ASSERT_TRUE(stream) << stream.error().message();
  std::uint64_t sum = 0, count = 0;
  while (true) {
    auto batch = (*stream)->next();
    ASSERT_TRUE(batch) << batch.error().message();
    if (!*batch) break;
    for (const auto value : (*batch)->column(0).int64s()) sum += static_cast<std::uint64_t>(value);
    for (const auto text : (*batch)->column(1).texts()) count += text.size();
  }
  EXPECT_EQ(sum, 499999500000U);
  EXPECT_EQ(count, 5888890U);
  const auto late = rows("SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_threads = 1");
  EXPECT_NE(late.find("READONLY"), std::string::npos) << "settings come with the request, not in the text";
  request.sql = "SELECT throwIf(number = 900000), number FROM numbers(1000000)";
  request.settings = {{"max_threads", "1"}};
  stream = store_->select(request, soon());
  ASSERT_TRUE(stream);
  Result<std::optional<event::TableBatch>> batch = std::nullopt;
  do batch = (*stream)->next();
  while (batch && *batch);
  ASSERT_FALSE(batch);
  EXPECT_NE(batch.error().message().find("throwIf"), std::string::npos) << batch.error().message();
  EXPECT_TRUE(rows("SELECT * FROM nosuch").starts_with("ERROR the store answers: Code: 60")) << rows("SELECT * FROM nosuch");
}

TEST_F(RealStore, ReadsSchemasBack) {
  const auto set = store_->read_schemas(soon());
  ASSERT_TRUE(set) << set.error().message();
  const auto* table = set->find("Syslog");
  ASSERT_NE(table, nullptr);
  for (const auto& column : schema_.columns) {
    const auto found = table->find(column.name);
    ASSERT_TRUE(found) << column.name;
    EXPECT_EQ(table->columns[*found].type, column.type) << column.name;
  }
  EXPECT_EQ(table->columns.size(), schema_.columns.size());
}

TEST_F(RealStore, DropsWhatIsOld) {
  auto batch = batch_of(schema_, 1, 10);
  for (std::size_t row = 0; row < 10; ++row) batch.column(*batch.find("_TimeReceived")).int64s()[row] = kNow - static_cast<std::int64_t>(row) * kTicksPerDay;
  for (auto& time : batch.column(*batch.find("TimeGenerated")).int64s()) time = kNow;
  // Ten days are ten partitions; the repeat is dropped in each.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store_->insert(batch, DedupToken("a"), soon()));
  EXPECT_EQ(rows("SELECT count(), uniqExact(_partition_id) FROM Syslog"), "10\t10\n");
  schema_.retention = "4d";
  const auto changed = store_->ensure_table(schema_, soon());
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_NE(rows("SELECT create_table_query FROM system.tables WHERE name = 'Syslog'").find("toIntervalDay(4)"), std::string::npos);
  event::SchemaSet schemas;
  schemas.put(schema_);
  Retention retention(*store_, {});
  auto report = retention.sweep(schemas, kNow, soon());
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->dropped.size(), 5U);
  EXPECT_EQ(report->dropped.front(), "Syslog 2025-12-31");
  EXPECT_EQ(rows("SELECT count() FROM Syslog"), "5\n");
  // A disk that is always too full: all but today and yesterday go, and intake is told to stop.
  Retention full(*store_, {"/", Bytes(1ULL << 62), true});
  report = full.sweep(schemas, kNow, soon());
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(rows("SELECT count() FROM Syslog"), "2\n");
  EXPECT_TRUE(report->below_mark);
}

// Kills the engine while it inserts; what is repeated under its token must be there once, and nothing may be missing.
TEST_F(RealStore, KeepsEachBatchOnceThroughKills) {
  constexpr std::size_t kRows = 2000;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> acknowledged{0};
  std::thread writer([&] {
    Inserter inserter(*store_);
    for (std::uint64_t i = 0; !stop; ++i) {
      const std::uint64_t first = 1 + i * kRows;
      auto batch = batch_of(schema_, first, kRows);
      const auto token = DedupToken::of_range("Syslog", batch.first_position, batch.last_position);
      const auto inserted = inserter.insert(batch, token, Deadline::in(std::chrono::seconds(60)));
      ASSERT_TRUE(inserted) << inserted.error().message();
      acknowledged = i + 1;
    }
  });
  std::mt19937 random(4711);
  for (int kill = 0; kill < 10; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 250));
    ASSERT_TRUE(engine_->restart());
  }
  stop = true;
  writer.join();
  const auto expected = acknowledged.load() * kRows;
  EXPECT_GT(acknowledged.load(), 4U);
  EXPECT_EQ(rows("SELECT count(), uniqExact(_Position), min(_Position), max(_Position) FROM Syslog"), fmt::format("{0}\t{0}\t1\t{0}\n", expected));
}

TEST_F(RealStore, AddsColumnsLater) {
  auto first = batch_of(schema_, 1, 10);
  ASSERT_TRUE(store_->insert(first, DedupToken("a"), soon()));
  schema_.columns.push_back({"Later", event::KqlType::string, ""});
  const auto altered = store_->ensure_table(schema_, soon());
  ASSERT_TRUE(altered) << altered.error().message();
  auto second = batch_of(schema_, 11, 10);
  for (auto& text : second.column(*second.find("Later")).texts()) text = "there";
  const auto inserted = store_->insert(second, DedupToken("b"), soon());
  ASSERT_TRUE(inserted) << inserted.error().message();
  EXPECT_EQ(rows("SELECT Later, count() FROM Syslog GROUP BY Later ORDER BY Later"), "\t10\nthere\t10\n");
  schema_.columns.back().type = event::KqlType::int64;
  const auto conflict = store_->ensure_table(schema_, soon());
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().kind(), ErrorKind::conflict);
}

}  // namespace
}  // namespace yagura::store
