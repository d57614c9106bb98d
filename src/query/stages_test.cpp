// Operators without SQL, through the query service and a real engine: tests/cases/query/stages.
#include <gtest/gtest.h>

#include "query/make_query_service.hpp"
#include "testing/case_files.hpp"
#include "testing/engine_process.hpp"

namespace yagura::query {
namespace {

using testing::Case;

// Every result as a line of its columns and a line for each row.
class Lines final : public RowSink {
 public:
  bool begin(const ResultInfo& info) override {
    if (info.number > 0) text += "-- result " + std::to_string(info.number + 1) + (info.name.empty() ? "" : " " + std::string(info.name)) + "\n";
    return true;
  }
  Result<> columns(const std::vector<event::ColumnSchema>& columns) override {
    for (const auto& column : columns) text += (text.empty() || text.back() == '\n' ? "" : " ") + column.name + ":" + std::string(event::to_string(column.type));
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
    return {};
  }
  std::string text;
};

class Stages : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    engine_ = testing::EngineProcess::start(why_not_);
    if (!engine_) return;
    store::StoreOptions options;
    options.endpoint.unix_socket = engine_->socket();
    options.endpoint.password = engine_->secret();
    store_ = std::move(*store::Store::create(options));
    ASSERT_TRUE(store_->open(Deadline::in(std::chrono::seconds(20))));
    QueryServiceOptions service;
    service.schemas = [] { return std::make_shared<const event::SchemaSet>(); };
    service_ = make_query_service(*store_, service);
  }
  static void TearDownTestSuite() {
    service_.reset();
    store_.reset();
    engine_.reset();
  }
  void SetUp() override {
    if (!engine_) GTEST_SKIP() << why_not_;
  }
  static inline std::string why_not_;
  static inline std::unique_ptr<testing::EngineProcess> engine_;
  static inline std::unique_ptr<store::Store> store_;
  static inline std::unique_ptr<QueryService> service_;
};

TEST_P(Stages, AnswerAsWritten) {
  const Case& c = GetParam();
  Lines sink;
  QueryRequest request;
  request.text = c["query"];
  request.now_ticks = 17'680'000'000'000'000;
  request.limits.timeout = std::chrono::seconds(60);
  const auto outcome = service_->run(request, sink);
  std::string text = sink.text;
  if (outcome.failure) text = "FAILED " + outcome.failure->error.message();
  while (text.ends_with('\n')) text.pop_back();
  testing::expect_section(c, "expected", text);
}

INSTANTIATE_TEST_SUITE_P(Files, Stages, ::testing::ValuesIn(testing::read_cases("query/stages")), testing::case_name);

}  // namespace
}  // namespace yagura::query
