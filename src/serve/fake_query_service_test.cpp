#include "serve/fake_query_service.hpp"

#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::serve {

using event::KqlType;

event::TableBatch every_type_batch(std::size_t rows) {
  std::vector<event::ColumnSchema> columns{{"TimeGenerated", KqlType::datetime, ""},
                                           {"Flag", KqlType::boolean, ""},
                                           {"Small", KqlType::int32, ""},
                                           {"Big", KqlType::int64, ""},
                                           {"Ratio", KqlType::real, ""},
                                           {"Money", KqlType::decimal, ""},
                                           {"Text", KqlType::string, ""},
                                           {"Took", KqlType::timespan, ""},
                                           {"Id", KqlType::guid, ""},
                                           {"Bag", KqlType::dynamic, ""}};
  event::TableBatch batch("Syslog", columns);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool null_row = i % 3 == 2;
    if (null_row) {
      for (std::size_t c = 0; c < batch.column_count(); ++c) batch.column(c).append_null();
      continue;
    }
    batch.column(0).append_int64(from_civil({.year = 2026, .month = 3, .day = 1, .hour = 12, .ticks = 1'200'000}));
    batch.column(1).append_boolean(i % 2 == 0);
    batch.column(2).append_int32(-7);
    batch.column(3).append_int64(i == 0 ? 42 : std::numeric_limits<std::int64_t>::max());
    batch.column(4).append_real(i == 0 ? 1.0 : std::numeric_limits<double>::quiet_NaN());
    batch.column(5).append_text("12.50");
    batch.column(6).append_text(i == 0 ? "a \"quoted\", line\n" : "=cmd()");
    batch.column(7).append_int64(93'784'5'000'000);
    batch.column(8).append_guid(*Guid::parse("01234567-89ab-cdef-0123-456789abcdef"));
    batch.column(9).append_text(R"({"a":[1,2]})");
  }
  return batch;
}

query::QueryOutcome FakeQueryService::run(const query::QueryRequest& request, query::RowSink& sink) {
  {
    const std::lock_guard lock(mutex_);
    last_ = request;
  }
  query::QueryOutcome outcome;
  outcome.stats.total = std::chrono::microseconds(1500);
  outcome.stats.rows_read = 1000;
  const auto fail_with = [&](ErrorKind kind, std::string message, std::vector<kql::Diagnostic> diagnostics = {}) {
    outcome.failure =
        query::QueryFailure{.error = Error(kind, std::move(message)), .diagnostics = std::move(diagnostics)};
  };
  const auto send = [&](std::size_t rows) {
    const auto batch = every_type_batch(rows);
    if (auto done = sink.columns(batch.schema()); !done) return fail_with(done.error().kind(), done.error().message());
    if (auto done = sink.rows(batch); !done) return fail_with(done.error().kind(), done.error().message());
    outcome.stats.rows_returned += rows;
  };
  const std::string& text = request.text;
  if (text.starts_with("rows ")) {
    send(parse_uint64(std::string_view(text).substr(5)).value_or(0));
  } else if (text.starts_with("SecurityAlert")) {
    send(1);
  } else if (text == "syntax") {
    fail_with(ErrorKind::invalid_input, "Expected: )",
              {{.code = "KS005", .message = "Expected: )", .start = 1, .length = 3, .line = 2, .column = 5}});
  } else if (text == "semantic") {
    fail_with(ErrorKind::invalid_input, "no column",
              {{.code = "KS142",
                .message = "The name 'EventIDD' does not refer to any known column",
                .start = 0,
                .length = 8,
                .line = 1,
                .column = 1}});
  } else if (text == "truncate") {
    send(2);
    outcome.truncated = true;
    outcome.notices.push_back("The result was cut after 2 rows");
  } else if (text == "render") {
    send(1);
    outcome.visualization = R"({"Visualization":"timechart","Title":"Volume"})";
  } else if (text == "slow") {
    const auto deadline = std::chrono::steady_clock::now() + request.limits.timeout;
    while (!request.cancelled->load()) {
      if (std::chrono::steady_clock::now() > deadline) {
        fail_with(ErrorKind::timeout, "out of time");
        return outcome;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    fail_with(ErrorKind::cancelled, "cancelled");
  } else if (text == "break") {
    send(1);
    fail_with(ErrorKind::unavailable, "the store went away");
  } else if (text == "down") {
    fail_with(ErrorKind::unavailable, "the store is down");
  } else {
    fail_with(ErrorKind::not_supported, "unknown: " + text);
  }
  return outcome;
}

}  // namespace yagura::serve
