#include "query/store_query_service.hpp"

#include <condition_variable>
#include <mutex>

#include "base/metrics.hpp"
#include "kql/compile.hpp"

namespace yagura::query {

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::microseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

// At most so many at once; the others wait in no order that they could rely on.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  bool take(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_until(lock, deadline.at(), [&] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_ GUARDED_BY(mutex_);
};

class Slot {
 public:
  explicit Slot(Slots& slots) : slots_(slots) {}
  ~Slot() { slots_.give_back(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  Slots& slots_;
};

std::size_t size_of(const event::TableBatch& batch) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    const auto& column = batch.column(i);
    switch (column.type()) {
      case event::KqlType::string:
      case event::KqlType::dynamic:
      case event::KqlType::decimal:
        for (const auto text : column.texts()) bytes += text.size() + 2;
        break;
      default: bytes += column.size() * 8;
    }
  }
  return bytes;
}

// The first `rows` rows of `batch`; texts stay views into `batch`.
event::TableBatch head_of(const event::TableBatch& batch, std::size_t rows) {
  event::TableBatch head(batch.table(), batch.schema());
  for (std::size_t i = 0; i < batch.column_count(); ++i)
    for (std::size_t row = 0; row < rows; ++row) head.column(i).append_from(batch.column(i), row);
  return head;
}

class StoreQueryService final : public QueryService {
 public:
  StoreQueryService(store::Store& store, QueryServiceOptions options)
      : store_(store), options_(std::move(options)), slots_(std::max<std::size_t>(1, options_.max_concurrent)) {}

  QueryOutcome run(const QueryRequest& request, RowSink& sink) override {
    const auto start = Clock::now();
    static Counter& queries = metrics().counter("yagura_query_total", "Queries, finished or failed");
    static Counter& failures = metrics().counter("yagura_query_failures_total", "Queries that failed");
    queries.add();
    QueryOutcome outcome;
    if (auto done = run(request, sink, outcome); !done) {
      failures.add();
      if (!outcome.failure) outcome.failure = QueryFailure{done.error(), {}};
    }
    outcome.stats.total = since(start);
    return outcome;
  }

 private:
  Result<> run(const QueryRequest& request, RowSink& sink, QueryOutcome& outcome) {
    const auto start = Clock::now();
    const auto deadline = Deadline::in(request.limits.timeout);
    const auto catalog = options_.catalog();
    kql::CompileOptions options;
    options.now_ticks = request.now_ticks != 0 ? request.now_ticks : ReceiveClock::now().time_since_epoch().count();
    options.from_ticks = request.from_ticks;
    options.to_ticks = request.to_ticks;
    options.max_rows = request.limits.max_rows;
    auto compiled = kql::compile(request.text, *catalog, options);
    outcome.stats.compile = since(start);
    outcome.stats.sql = compiled.statement.sql;
    outcome.visualization = compiled.bound.visualization;
    if (!compiled.ok()) return refuse(request, std::move(compiled.diagnostics), outcome);
    for (const auto& diagnostic : compiled.diagnostics) outcome.notices.push_back(kql::to_text(diagnostic, request.text));

    if (options_.ensure_table)
      for (const auto& table : compiled.statement.tables) TRY(options_.ensure_table(table, deadline));
    if (!slots_.take(deadline))
      return fail(ErrorKind::timeout, "{} queries were running already and none ended within {}", options_.max_concurrent,
                  format_duration(request.limits.timeout));
    const Slot slot(slots_);

    store::SelectRequest select;
    select.sql = compiled.statement.sql;
    select.columns = compiled.statement.columns;
    select.settings = compiled.statement.settings;
    select.max_time = deadline.left();
    select.max_memory = request.limits.max_memory;
    auto stream = TRY(store_.select(select, deadline));
    TRY(sink.columns(compiled.statement.columns));
    return pass_rows(request, *stream, sink, outcome);
  }

  static Result<> refuse(const QueryRequest& request, std::vector<kql::Diagnostic> diagnostics, QueryOutcome& outcome) {
    std::string text;
    ErrorKind kind = ErrorKind::invalid_input;
    for (const auto& diagnostic : diagnostics) {
      if (diagnostic.severity != kql::Diagnostic::Severity::error) continue;
      if (text.empty() && diagnostic.message.find("not supported yet") != std::string::npos) kind = ErrorKind::not_supported;
      text += (text.empty() ? "" : "\n") + kql::to_text(diagnostic, request.text);
    }
    outcome.failure = QueryFailure{Error(kind, text), std::move(diagnostics)};
    return std::unexpected(outcome.failure->error);
  }

  static Result<> pass_rows(const QueryRequest& request, store::BlockStream& stream, RowSink& sink, QueryOutcome& outcome) {
    const auto& limits = request.limits;
    std::uint64_t bytes = 0;
    while (true) {
      if (request.cancelled != nullptr && request.cancelled->load(std::memory_order_relaxed))
        return fail(ErrorKind::cancelled, "the query was cancelled");
      auto batch = TRY(stream.next());
      if (!batch) break;
      bytes += size_of(*batch);
      const std::uint64_t left = limits.max_rows - outcome.stats.rows_returned;
      const bool too_many = batch->row_count() > left;
      if (too_many) *batch = keep_head(std::move(*batch), left);
      if (batch->row_count() > 0) TRY(sink.rows(*batch));
      outcome.stats.rows_returned += batch->row_count();
      if (too_many || bytes > limits.max_result.count()) {
        outcome.truncated = true;
        outcome.notices.push_back(fmt::format("The result was cut at {} (limits: {} rows, {}). Narrow the query, aggregate, or use take or top.",
                                              too_many ? fmt::format("{} rows", limits.max_rows) : fmt::format("{} rows, {}", outcome.stats.rows_returned, to_string(Bytes(bytes))),
                                              limits.max_rows, to_string(limits.max_result)));
        break;
      }
    }
    outcome.stats.rows_read = stream.stats().rows_read;
    outcome.stats.bytes_read = stream.stats().bytes_read;
    return {};
  }

  static event::TableBatch keep_head(event::TableBatch&& batch, std::size_t rows) {
    auto head = head_of(batch, rows);
    head.adopt(std::make_shared<event::TableBatch>(std::move(batch)));
    return head;
  }

  store::Store& store_;
  const QueryServiceOptions options_;
  Slots slots_;
};

}  // namespace

std::unique_ptr<QueryService> make_query_service(store::Store& store, QueryServiceOptions options) {
  return std::make_unique<StoreQueryService>(store, std::move(options));
}

}  // namespace yagura::query
