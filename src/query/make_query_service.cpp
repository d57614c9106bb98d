#include "query/make_query_service.hpp"

#include <condition_variable>
#include <limits>
#include <list>
#include <mutex>
#include <thread>

#include "base/annotations.hpp"
#include "base/guid.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "kql/compile.hpp"
#include "kql/stages/run_stages.hpp"
#include "query/parquet_reader.hpp"
#include "query/post_steps.hpp"
#include "query/store_catalog.hpp"

namespace yagura::query {

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::microseconds since(Clock::time_point begun) { return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun); }

// A place among the queries that may run at once.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  // False when the deadline passed, or the query was cancelled, before there was one.
  bool take(Deadline deadline, const std::atomic<bool>* cancelled) {
    std::unique_lock lock(mutex_);
    while (free_ == 0) {
      if (deadline.passed() || (cancelled != nullptr && cancelled->load())) return false;
      freed_.wait_for(lock, std::min(deadline.left(), std::chrono::milliseconds(50)));
    }
    --free_;
    return true;
  }
  void give() {
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

// Looks at the cancel flags of running queries, since a thread that waits for the store cannot. Asleep while none runs.
class CancelWatch {
 public:
  explicit CancelWatch(store::Store& store) : store_(store), thread_([this] { watch(); }) {}
  ~CancelWatch() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  struct Entry {
    std::string query_id;
    const std::atomic<bool>* cancelled;
  };
  class Scope {
   public:
    Scope(CancelWatch& watch, std::string query_id, const std::atomic<bool>* cancelled) : watch_(watch), active_(cancelled != nullptr) {
      if (!active_) return;
      const std::lock_guard lock(watch_.mutex_);
      entry_ = watch_.entries_.insert(watch_.entries_.end(), Entry{std::move(query_id), cancelled});
      if (watch_.entries_.size() == 1) watch_.changed_.notify_all();
    }
    ~Scope() {
      if (!active_) return;
      const std::lock_guard lock(watch_.mutex_);
      watch_.entries_.erase(entry_);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    CancelWatch& watch_;
    const bool active_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (entries_.empty()) {
        changed_.wait(lock);
        continue;
      }
      std::vector<std::string> cancelled;
      for (const auto& entry : entries_)
        if (entry.cancelled->load()) cancelled.push_back(entry.query_id);
      lock.unlock();
      // Again each round while it runs: the statement may not have reached the store yet.
      for (const auto& id : cancelled)
        if (auto done = store_.cancel(id, Deadline::in(std::chrono::seconds(5))); !done) log_warning("query", "{}", done.error().message());
      lock.lock();
      if (!stopping_) changed_.wait_for(lock, std::chrono::milliseconds(50));
    }
  }

  store::Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// What a batch of a stage's input takes, about.
std::uint64_t memory_of(const event::TableBatch& batch) {
  std::uint64_t bytes = 0;
  for (std::size_t c = 0; c < batch.column_count(); ++c) {
    bytes += batch.row_count() * 9;
    switch (batch.column(c).type()) {
      case event::KqlType::string:
      case event::KqlType::decimal:
      case event::KqlType::dynamic:
        for (const auto text : batch.column(c).texts()) bytes += text.size() + 8;
        break;
      default: break;
    }
  }
  return bytes;
}

QueryFailure failure_of(std::vector<kql::Diagnostic> diagnostics) {
  std::string text;
  for (const auto& d : diagnostics) {
    if (d.severity != kql::Diagnostic::Severity::error) continue;
    text += fmt::format("{}{}:{}: {}: {}", text.empty() ? "" : "\n", d.line, d.column, d.code, d.message);
  }
  return {Error(ErrorKind::invalid_input, std::move(text)), std::move(diagnostics)};
}

class ServiceImpl final : public QueryService {
 public:
  ServiceImpl(store::Store& store, QueryServiceOptions options) : store_(store), options_(std::move(options)), slots_(options_.max_concurrent), watch_(store) {}

  QueryOutcome run(const QueryRequest& request, RowSink& sink) override {
    static Counter& queries = metrics().counter("yagura_queries_total", "KQL queries run");
    static Counter& failures = metrics().counter("yagura_query_failures_total", "KQL queries that failed, wrong texts included");
    const auto begun = Clock::now();
    QueryOutcome outcome;
    queries.add();
    const Deadline deadline = Deadline::in(request.limits.timeout);
    if (auto failed = run_within(request, sink, deadline, outcome)) {
      outcome.failure = std::move(*failed);
      failures.add();
    }
    outcome.stats.total = since(begun);
    if (outcome.stats.total > options_.slow)
      log_info("query", "a query took {}, read {} rows and gave {}: {}", format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(outcome.stats.total)),
               outcome.stats.rows_read, outcome.stats.rows_returned, outcome.stats.sql.substr(0, 4096));
    return outcome;
  }

 private:
  // What stages ask of the store and may use up.
  kql::StageEnvironment stage_environment(const QueryRequest& request, Deadline deadline, QueryStats& stats) {
    kql::StageEnvironment environment;
    environment.limits.max_bytes = std::min(environment.limits.max_bytes, request.limits.max_memory);
    environment.alive = [&request, deadline]() -> Result<> {
      if (request.cancelled != nullptr && request.cancelled->load()) return fail(ErrorKind::cancelled, "the query was cancelled");
      if (deadline.passed()) return fail(ErrorKind::timeout, "the query ran out of time");
      return {};
    };
    environment.stream = [this, &request, deadline, &stats](const kql::SqlStatement& statement, const kql::StageEnvironment::TakeRows& take) -> Result<> {
      const auto select = select_request(statement, request, deadline);
      const CancelWatch::Scope scope(watch_, select.query_id, request.cancelled);
      auto stream = TRY(store_.select(select, Deadline::in(deadline.left() + std::chrono::seconds(5))));
      while (auto batch = TRY(stream->next())) TRY(take(std::move(*batch)));
      stats.rows_read += stream->stats().rows_read;
      stats.bytes_read += stream->stats().bytes_read;
      return {};
    };
    environment.select = [stream = environment.stream](const kql::SqlStatement& statement, const kql::StageLimits& limits, const std::string& what) -> Result<event::TableBatch> {
      event::TableBatch all;
      for (const auto& c : statement.columns) all.add_column(c, event::Column(c.type));
      std::uint64_t bytes = 0;
      TRY(stream(statement, [&](event::TableBatch&& batch) -> Result<> {
        bytes += memory_of(batch);
        if (all.row_count() + batch.row_count() > limits.max_rows)
          return fail(ErrorKind::exhausted, "{} would read more than its limit of {} rows; filter or summarize them first", what, limits.max_rows);
        if (bytes > limits.max_bytes.count())
          return fail(ErrorKind::exhausted, "{} would read more than its limit of {}; filter the rows or name fewer columns first", what, to_string(limits.max_bytes));
        all.append(std::move(batch));
        return {};
      }));
      return all;
    };
    if (options_.external.any()) {
      environment.fetch = [this, deadline](const std::string& address, Bytes most) { return fetch_external(options_.external, address, most, deadline); };
      environment.read_parquet = [this, deadline, &request, rows = environment.limits.max_rows](std::string_view bytes) {
        return parquet_as_json(store_, bytes, rows, request.limits.max_memory, deadline);
      };
    }
    return environment;
  }

  static store::SelectRequest select_request(const kql::SqlStatement& statement, const QueryRequest& request, Deadline deadline) {
    store::SelectRequest select;
    select.sql = statement.sql;
    select.columns = statement.columns;
    select.settings = statement.settings;
    select.max_time = deadline.left();
    select.max_memory = request.limits.max_memory;
    // Beyond half of it, sorting and grouping go to disk rather than fail.
    for (const char* name : {"max_bytes_before_external_group_by", "max_bytes_before_external_sort"})
      select.settings.emplace_back(name, std::to_string(request.limits.max_memory.count() / 2));
    select.query_id = to_string(Guid::random());
    return select;
  }

  // The cells of a small statement that decides what columns a query has; nothing when it failed.
  std::optional<std::vector<std::vector<std::string>>> probe(const kql::SqlStatement& asked, const event::SchemaSet& schemas, const QueryRequest& request, Deadline deadline) {
    constexpr std::size_t kMostRows = 10'000;
    for (const auto& table : asked.tables)
      if (const auto* schema = schemas.find(table); schema != nullptr && !store_.has_table(table))
        if (auto made = store_.ensure_table(*schema, deadline); !made) return std::nullopt;
    QueryStats unused;
    kql::SqlStatement with_rows = asked;
    with_rows.result_stage.reset();
    const auto staged = kql::run_stages(std::move(with_rows), stage_environment(request, deadline, unused));
    if (!staged) return std::nullopt;
    const auto& statement = staged->statement;
    store::SelectRequest select;
    select.sql = statement.sql;
    select.columns = statement.columns;
    select.settings = statement.settings;
    auto stream = store_.select(select, deadline);
    if (!stream) return std::nullopt;
    std::vector<std::vector<std::string>> cells;
    while (cells.size() < kMostRows) {
      const auto batch = (*stream)->next();
      if (!batch) return std::nullopt;
      if (!*batch) break;
      for (std::size_t row = 0; row < (*batch)->row_count(); ++row) {
        auto& line = cells.emplace_back();
        for (std::size_t i = 0; i < (*batch)->column_count(); ++i) event::append_cell_text(line.emplace_back(), (*batch)->column(i), row);
      }
    }
    return cells;
  }

  std::optional<QueryFailure> run_within(const QueryRequest& request, RowSink& sink, Deadline deadline, QueryOutcome& outcome) {
    const auto failed = [](Error error) { return QueryFailure{std::move(error), {}}; };
    const auto begun = Clock::now();
    const auto schemas = options_.schemas();
    const StoreCatalog catalog(store_, schemas, options_.functions ? options_.functions() : nullptr, options_.plain_tables);
    kql::CompileOptions compile;
    compile.now_ticks = request.now_ticks != 0 ? request.now_ticks : ReceiveClock::now().time_since_epoch().count();
    compile.from_ticks = request.from_ticks;
    compile.to_ticks = request.to_ticks;
    compile.max_rows = request.limits.max_rows;
    compile.parameters = request.parameters;
    compile.probe = [&](const kql::SqlStatement& statement) { return probe(statement, *schemas, request, deadline); };
    auto compiled = kql::compile(request.text, catalog, compile);
    outcome.stats.compile = since(begun);
    if (!compiled.ok()) return failure_of(std::move(compiled.diagnostics));
    outcome.stats.sql = kql::explain_text(compiled.statement);
    outcome.visualization = compiled.bound.visualization;
    for (const auto& d : compiled.diagnostics) outcome.notices.push_back(fmt::format("{}:{}: {}: {}", d.line, d.column, d.code, d.message));

    if (!slots_.take(deadline, request.cancelled)) return failed(no_slot(request));
    struct Slot {
      Slots& slots;
      ~Slot() { slots.give(); }
    } slot{slots_};
    ResultLimits limits{request.limits.max_rows, request.limits.max_result};
    if (request.limits.may_lift_truncation) {
      if (compiled.bound.truncation_max_records > 0) limits.rows = static_cast<std::uint64_t>(compiled.bound.truncation_max_records);
      if (compiled.bound.truncation_max_size > 0) limits.bytes = Bytes(static_cast<std::uint64_t>(compiled.bound.truncation_max_size));
      if (compiled.bound.no_truncation) limits = {std::numeric_limits<std::uint64_t>::max(), Bytes(std::numeric_limits<std::uint64_t>::max())};
    } else {
      if (compiled.bound.truncation_max_records > 0) limits.rows = std::min(limits.rows, static_cast<std::uint64_t>(compiled.bound.truncation_max_records));
      if (compiled.bound.truncation_max_size > 0) limits.bytes = std::min(limits.bytes, Bytes(static_cast<std::uint64_t>(compiled.bound.truncation_max_size)));
    }
    std::size_t number = 0;
    for (const auto& earlier : compiled.earlier) outcome.visualizations.push_back(earlier.visualization);
    outcome.visualizations.push_back(compiled.bound.visualization);
    const auto give = [&](const kql::SqlStatement& statement, std::string_view name) -> Result<bool> {
      if (!sink.begin({.number = number++, .name = name, .visualizations = outcome.visualizations})) {
        outcome.notices.push_back(fmt::format("The query gives {} results; only the first is shown here.", compiled.earlier.size() + 1));
        return false;
      }
      TRY(run_statement(statement, *schemas, request, limits, sink, deadline, outcome));
      return true;
    };
    for (const auto& earlier : compiled.earlier) {
      const auto more = give(earlier.statement, earlier.name);
      if (!more) return failed(more.error());
      if (!*more) return std::nullopt;
    }
    if (auto given = give(compiled.statement, compiled.bound.name); !given) return failed(given.error());
    return std::nullopt;
  }

  struct ResultLimits {
    std::uint64_t rows;
    Bytes bytes;
  };

  // One statement, its rows to the sink.
  Result<> run_statement(const kql::SqlStatement& asked, const event::SchemaSet& schemas, const QueryRequest& request, const ResultLimits& limits,
                         RowSink& sink, Deadline deadline, QueryOutcome& outcome) {
    for (const auto& table : asked.tables)
      if (const auto* schema = schemas.find(table); schema != nullptr && !store_.has_table(table))
        if (auto made = store_.ensure_table(*schema, deadline); !made) return std::unexpected(explain(std::move(made.error()), request));

    auto staged = kql::run_stages(asked, stage_environment(request, deadline, outcome.stats));
    if (!staged) return std::unexpected(explain(std::move(staged.error()), request));
    PostSteps steps(limits.rows, limits.bytes);
    if (staged->rows) {
      TRY(sink.columns(staged->statement.columns));
      TRY(steps.apply(*staged->rows));
      if (staged->rows->row_count() > 0) TRY(sink.rows(*staged->rows));
      finish(steps, limits, outcome);
      return {};
    }
    const auto& statement = staged->statement;
    const auto select = select_request(statement, request, deadline);
    const CancelWatch::Scope scope(watch_, select.query_id, request.cancelled);
    // The engine keeps the limit; ours is only there for an engine that does not answer.
    auto stream = store_.select(select, Deadline::in(deadline.left() + std::chrono::seconds(5)));
    if (!stream) return std::unexpected(explain(std::move(stream.error()), request));
    TRY(sink.columns(statement.columns));
    while (true) {
      if (request.cancelled != nullptr && request.cancelled->load()) return fail(ErrorKind::cancelled, "the query was cancelled");
      auto batch = (*stream)->next();
      if (!batch) return std::unexpected(explain(std::move(batch.error()), request));
      if (!*batch) break;
      const bool more = TRY(steps.apply(**batch));
      if ((*batch)->row_count() > 0) TRY(sink.rows(**batch));
      if (!more) break;
    }
    outcome.stats.rows_read += (*stream)->stats().rows_read;
    outcome.stats.bytes_read += (*stream)->stats().bytes_read;
    finish(steps, limits, outcome);
    return {};
  }

  static void finish(const PostSteps& steps, const ResultLimits& limits, QueryOutcome& outcome) {
    outcome.stats.rows_returned += steps.rows();
    outcome.truncated = outcome.truncated || steps.cut_by_rows() || steps.cut_by_bytes();
    if (steps.cut_by_rows()) outcome.notices.push_back(fmt::format("The result was cut at {} rows. Ask for fewer: summarize, take, or a shorter time.", limits.rows));
    if (steps.cut_by_bytes()) outcome.notices.push_back(fmt::format("The result was cut at {}. Ask for fewer rows or columns.", to_string(limits.bytes)));
  }

  Error no_slot(const QueryRequest& request) const {
    if (request.cancelled != nullptr && request.cancelled->load()) return Error(ErrorKind::cancelled, "the query was cancelled");
    return Error(ErrorKind::exhausted, fmt::format("{} queries run already, and none ended within {}; try again later", options_.max_concurrent, format_duration(request.limits.timeout)));
  }

  // What the store says, in the words of who asked.
  Error explain(Error error, const QueryRequest& request) const {
    const std::string& text = error.message();
    if (request.cancelled != nullptr && request.cancelled->load()) return Error(ErrorKind::cancelled, "the query was cancelled");
    switch (error.kind()) {
      case ErrorKind::timeout:
        return Error(ErrorKind::timeout, fmt::format("the query took longer than its limit of {}; ask for a shorter time, or filter earlier", format_duration(request.limits.timeout)));
      case ErrorKind::exhausted:
        if (text.find("MEMORY_LIMIT") != std::string::npos)
          return Error(ErrorKind::exhausted, fmt::format("the query needs more memory than its limit of {}; summarize or join fewer rows", to_string(request.limits.max_memory)));
        return error;
      case ErrorKind::internal:
      case ErrorKind::corrupt:
        // Some texts are the user's: a regular expression, a division of decimals, a number out of range.
        log_error("query", "the store refused generated SQL: {}", text);
        return error;
      default: return error;
    }
  }

  store::Store& store_;
  const QueryServiceOptions options_;
  Slots slots_;
  CancelWatch watch_;
};

}  // namespace

std::unique_ptr<QueryService> make_query_service(store::Store& store, QueryServiceOptions options) { return std::make_unique<ServiceImpl>(store, std::move(options)); }

}  // namespace yagura::query
