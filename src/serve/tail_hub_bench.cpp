// What showing rows to live tails costs the pipeline: a batch of 4,096 syslog rows, with nobody watching, one watcher
// of everything (most rows are counted, not sent), and one with words that hardly ever match.
#include <benchmark/benchmark.h>

#include "base/time.hpp"
#include "serve/tail_hub.hpp"

namespace yagura::serve {
namespace {

event::TableBatch syslog_batch(std::size_t rows) {
  using event::KqlType;
  event::TableBatch batch("Syslog", {{"TimeGenerated", KqlType::datetime, ""},
                                     {"Computer", KqlType::string, ""},
                                     {"ProcessName", KqlType::string, ""},
                                     {"SyslogMessage", KqlType::string, ""}});
  for (std::size_t i = 0; i < rows; ++i) {
    batch.column(0).append_int64(from_civil({.year = 2026}) + static_cast<std::int64_t>(i));
    batch.column(1).append_text("web01.example.org");
    batch.column(2).append_text("sshd");
    batch.column(3).append_text(
        "Failed password for invalid user oracle from 203.0.113.77 port 51122 ssh2: maximum authentication attempts "
        "exceeded");
  }
  return batch;
}

void publish(benchmark::State& state, std::optional<TailFilter> filter) {
  const auto batch = syslog_batch(4096);
  TailHub hub;
  std::shared_ptr<TailHub::Watch> watch;
  if (filter) watch = *hub.watch(*filter);
  for (auto _ : state) {
    hub.publish(batch);
    if (watch) benchmark::DoNotOptimize(watch->take(std::chrono::milliseconds(0)));
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}

BENCHMARK_CAPTURE(publish, nobody, std::nullopt);
BENCHMARK_CAPTURE(publish, everything, TailFilter{});
BENCHMARK_CAPTURE(publish, rare_word, TailFilter{.table = "", .words = {"no such word"}});

}  // namespace
}  // namespace yagura::serve

BENCHMARK_MAIN();
