#include <gtest/gtest.h>

#include <thread>

#include "query/make_query_service.hpp"
#include "query/post_steps.hpp"
#include "testing/engine_process.hpp"

namespace yagura::query {
namespace {

class TextSink final : public RowSink {
 public:
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override {
    for (const auto& column : columns) text += column.name + ":" + std::string(event::to_string(column.type)) + " ";
    text += "\n";
    return {};
  }
  Result<> rows(const event::TableBatch& batch) override {
    for (std::size_t row = 0; row < batch.row_count(); ++row) {
      for (std::size_t c = 0; c < batch.column_count(); ++c) {
        event::append_cell_text(text, batch.column(c), row);
        text += c + 1 < batch.column_count() ? "|" : "\n";
      }
    }
    count += batch.row_count();
    return {};
  }
  std::string text;
  std::size_t count = 0;
};

constexpr std::int64_t kNow = 17'680'000'000'000'000;

class RealQuery : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why_not;
    engine_ = testing::EngineProcess::start(why_not);
    if (!engine_) GTEST_SKIP() << why_not;
    store::StoreOptions options;
    options.endpoint.unix_socket = engine_->socket();
    options.endpoint.password = engine_->secret();
    store_ = std::move(*store::Store::create(options));
    ASSERT_TRUE(store_->open(soon()));
    event::TableSchema syslog;
    syslog.name = "Syslog";
    using enum event::KqlType;
    syslog.columns = {{"TimeGenerated", datetime, ""}, {"Computer", string, ""}, {"SyslogMessage", string, ""}, {"ProcessID", int32, ""}};
    auto set = std::make_shared<event::SchemaSet>();
    set->put(syslog);
    auto unused = syslog;
    unused.name = "Unused_CL";
    set->put(unused);
    schemas_ = set;
    ASSERT_TRUE(store_->ensure_table(*set->find("Syslog"), soon()));
    event::TableBatch batch(*set->find("Syslog"));
    for (int i = 0; i < 100; ++i)
      for (std::size_t c = 0; c < batch.column_count(); ++c) {
        const auto& name = batch.schema()[c].name;
        auto& column = batch.column(c);
        if (name == "TimeGenerated" || name == "_TimeReceived" || name == "_TimeIngested") column.append_int64(kNow - i * kTicksPerSecond);
        else if (name == "_Position") column.append_int64(i);
        else if (name == "_ItemId") column.append_guid({0x8000, 2ULL << 62 | static_cast<std::uint64_t>(i)});
        else if (name == "Computer") column.append_text(i % 2 == 0 ? "even" : "odd");
        else if (name == "SyslogMessage") column.append_text(i == 42 ? "Failed password for root" : "session opened");
        else if (name == "ProcessID" && i % 10 != 0) column.append_int32(i);
        else column.append_null();
      }
    const auto inserted = store_->insert(batch, store::DedupToken("one"), soon());
    ASSERT_TRUE(inserted) << inserted.error().message();
    QueryServiceOptions service;
    service.max_concurrent = 2;
    service.schemas = [this] { return schemas_; };
    service_ = make_query_service(*store_, service);
  }
  static Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }
  std::string ask(std::string text, QueryLimits limits = {}) {
    TextSink sink;
    QueryRequest request;
    request.text = std::move(text);
    request.now_ticks = kNow + kTicksPerSecond;
    request.limits = limits;
    outcome_ = service_->run(request, sink);
    if (outcome_.failure) return sink.text + "FAILED " + outcome_.failure->error.message();
    return sink.text;
  }

  std::shared_ptr<const event::SchemaSet> schemas_;
  std::unique_ptr<testing::EngineProcess> engine_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<QueryService> service_;
  QueryOutcome outcome_;
};

TEST_F(RealQuery, AnswersKql) {
  EXPECT_EQ(ask("Syslog | where SyslogMessage has 'failed' | project Computer, ProcessID, TimeGenerated"),
            "Computer:string ProcessID:int TimeGenerated:datetime \neven|42|2026-01-09T23:05:58.0000000Z\n");
  EXPECT_EQ(outcome_.stats.rows_returned, 1U);
  EXPECT_GT(outcome_.stats.rows_read, 0U);
  EXPECT_EQ(ask("Syslog | summarize n = count() by Computer | sort by Computer asc"), "Computer:string n:long \neven|50\nodd|50\n");
  EXPECT_EQ(ask("Syslog | where TimeGenerated > ago(11s) and isnull(ProcessID) | count"), "Count:long \n1\n");
  EXPECT_EQ(ask("Syslog | take 1 | project Type, _Position"), "Type:string _Position:long \n" + ask("Syslog | take 1 | project Type, _Position").substr(28));
}

TEST_F(RealQuery, MakesADeclaredTableWhenItIsNamed) {
  EXPECT_EQ(ask("Unused_CL | count"), "Count:long \n0\n");
  EXPECT_TRUE(store_->has_table("Unused_CL"));
}

TEST_F(RealQuery, SaysWhereATextIsWrong) {
  const auto text = ask("Syslog\n| where Computr == 'a'");
  ASSERT_TRUE(outcome_.failure) << text;
  ASSERT_FALSE(outcome_.failure->diagnostics.empty());
  EXPECT_EQ(outcome_.failure->diagnostics[0].line, 2U);
  EXPECT_NE(outcome_.failure->error.message().find("Computer"), std::string::npos) << text;
}

TEST_F(RealQuery, KeepsItsLimits) {
  QueryLimits limits;
  limits.max_rows = 7;
  ask("Syslog | project Computer", limits);
  EXPECT_TRUE(outcome_.truncated);
  EXPECT_EQ(outcome_.stats.rows_returned, 7U);
  EXPECT_EQ(outcome_.notices.size(), 1U);
  limits = {};
  limits.timeout = std::chrono::milliseconds(700);
  const auto text = ask("range x from 1 to 100000000000 step 1 | where hash(x) == 1 | count", limits);
  ASSERT_TRUE(outcome_.failure) << text;
  EXPECT_EQ(outcome_.failure->error.kind(), ErrorKind::timeout) << text;
}

TEST_F(RealQuery, ComputesWhatHasNoSqlBesideTheStore) {
  // Of a table, before and after SQL; the result is the stage's own where nothing follows.
  const std::string rule = "where zlib_compress_to_base64_string(Computer) == zlib_compress_to_base64_string('even')";
  EXPECT_EQ(ask("Syslog | " + rule + " | summarize n = count() by Computer"), "Computer:string n:long \neven|50\n");
  EXPECT_EQ(outcome_.stats.rows_returned, 1U);
  EXPECT_EQ(ask("Syslog | where ProcessID == 42 | " + rule + " | project Computer, ProcessID"), "Computer:string ProcessID:int \neven|42\n");
  EXPECT_NE(outcome_.stats.sql.find("stage 0"), std::string::npos) << outcome_.stats.sql;
  // More rows than a stage may hold: each is looked at by itself.
  EXPECT_EQ(ask("range x from 1 to 2100000 step 1 | where zlib_compress_to_base64_string(tostring(x % 3)) == 'x' | count"), "Count:long \n0\n");
  // An operator that needs them all says so.
  const auto text = ask("range x from 1 to 3000000 step 1 | scan with (step s: true;) | count");
  ASSERT_TRUE(outcome_.failure) << text;
  EXPECT_EQ(outcome_.failure->error.kind(), ErrorKind::exhausted) << text;
  EXPECT_NE(text.find("the operator 'scan' at 1:36 would read more than its limit of 2000000 rows"), std::string::npos) << text;
  QueryLimits limits;
  limits.timeout = std::chrono::milliseconds(500);
  ask("range x from 0 to 143 step 1 | project a = tostring(x % 12), b = tostring(x / 12) | make-graph a --> b with_node_id=n | graph-match (p)-[e*900..900]->(q) project q.n | count", limits);
  ASSERT_TRUE(outcome_.failure);
  EXPECT_EQ(outcome_.failure->error.kind(), ErrorKind::timeout) << outcome_.failure->error.message();
  // Files elsewhere are closed to queries unless somebody opened them.
  EXPECT_NE(ask("externaldata(a: string)['https://host.test/a.csv'] | count").find("external data is switched off"), std::string::npos);
}

TEST_F(RealQuery, StopsWhenCancelled) {
  std::atomic<bool> cancelled{false};
  TextSink sink;
  QueryRequest request;
  request.text = "range x from 1 to 100000000000 step 1 | where hash(x) == 1 | count";
  request.cancelled = &cancelled;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    cancelled = true;
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = service_->run(request, sink);
  later.join();
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->error.kind(), ErrorKind::cancelled) << outcome.failure->error.message();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

TEST(PostSteps, CutsAtBytesWithoutLosingTheMemoryBehindViews) {
  event::TableBatch batch("", {{"text", event::KqlType::string, ""}});
  for (int i = 0; i < 10; ++i) batch.column(0).append_text(batch.arena().copy(std::string(96, static_cast<char>('a' + i))));
  PostSteps steps(1000, Bytes(250));
  const auto more = steps.apply(batch);
  ASSERT_TRUE(more);
  EXPECT_FALSE(*more);
  ASSERT_EQ(batch.row_count(), 2U);
  EXPECT_EQ(batch.column(0).texts()[1], std::string(96, 'b'));
  EXPECT_TRUE(steps.cut_by_bytes());
}

}  // namespace
}  // namespace yagura::query
