// How fast entries become durable, and what a line costs on disk. Run: journal_bench (folder from TMPDIR).
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "journal/reader.hpp"
#include "journal/sample_lines.hpp"
#include "journal/verify.hpp"
#include "journal/writer.hpp"

namespace yagura::journal {
namespace {

struct Lines {
  std::vector<std::string> text;
  std::vector<std::string> peers;
  std::vector<EntryView> views;
  std::uint64_t bytes = 0;
};

const Lines& lines() {
  static const Lines all = [] {
    Lines made;
    // YAGURA_BENCH_LINES names a file of lines, such as bench/syslog_load writes.
    if (const char* file = std::getenv("YAGURA_BENCH_LINES")) {
      const std::string text = read_file(file).value();
      for (const std::string_view line : split(text, '\n'))
        if (!line.empty()) made.text.emplace_back(line);
    } else {
      SampleLines sample(7);
      for (int i = 0; i < 500'000; ++i) made.text.push_back(sample.next());
    }
    for (int i = 0; i < 20; ++i) made.peers.push_back("192.0.2." + std::to_string(i) + ":514");
    for (std::size_t i = 0; i < made.text.size(); ++i) {
      made.bytes += made.text[i].size();
      made.views.push_back(
          {.source = "syslog-tcp",
           .peer = made.peers[i / 50 % 20],
           .hint = "syslog",
           .received_at = receive_time(17'000'000'000'000'000 + static_cast<std::int64_t>(i / 50) * 900),
           .read_at = std::nullopt,
           .payload = made.text[i],
           .item_id = {}});
    }
    return made;
  }();
  return all;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

WriterOptions options_in(const TemporaryDirectory& folder) {
  WriterOptions options;
  options.folder = folder.path() / "journal";
  options.signing_key = folder.path() / "key.pem";
  options.min_free = 0_B;
  return options;
}

// Arguments: zstd level, block size in KiB, entries per append.
void append_until_durable(benchmark::State& state) {
  const Lines& all = lines();
  const auto batch = static_cast<std::size_t>(state.range(2));
  std::uint64_t stored = 0;
  std::uint64_t count = 0;
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const TemporaryDirectory folder;
    auto options = options_in(folder);
    options.compression_level = static_cast<int>(state.range(0));
    options.block_size = Bytes(static_cast<std::uint64_t>(state.range(1)) << 10);
    auto writer = Writer::open(options).value();
    const double before = cpu_seconds();
    state.ResumeTiming();
    Position last;
    for (int round = 0; round < 4; ++round)
      for (std::size_t at = 0; at < all.views.size(); at += batch)
        last = writer->append(std::span(all.views).subspan(at, std::min(batch, all.views.size() - at)), {}).value();
    writer->wait_durable(last, {}).value();
    state.PauseTiming();
    cpu += cpu_seconds() - before;
    count += 4 * all.views.size();
    stored += writer->status().size.count();
    writer->close({}).value();
    state.ResumeTiming();
  }
  const auto lines_done = static_cast<double>(count);
  state.counters["lines/s"] = benchmark::Counter(lines_done, benchmark::Counter::kIsRate);
  state.counters["cpu_s_per_M"] = cpu / lines_done * 1e6;
  state.counters["B/line"] = static_cast<double>(stored) / lines_done;
  state.counters["raw_B/line"] = static_cast<double>(all.bytes) / static_cast<double>(all.views.size());
}
BENCHMARK(append_until_durable)
    ->Args({1, 512, 1000})
    ->Args({1, 256, 1000})
    ->Args({1, 1024, 1000})
    ->Args({2, 512, 1000})
    ->Args({3, 512, 1000})
    ->Args({-1, 512, 1000})
    ->Args({1, 512, 20})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// The same with a tail that touches every entry, as the pipeline does.
void append_and_follow(benchmark::State& state) {
  const Lines& all = lines();
  std::uint64_t count = 0;
  std::uint64_t from_memory = 0;
  std::uint64_t blocks = 0;
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const TemporaryDirectory folder;
    auto writer = Writer::open(options_in(folder)).value();
    const double before = cpu_seconds();
    state.ResumeTiming();
    std::jthread follower([&, tail = writer->tail(Position(1))] {
      std::uint64_t bytes = 0;
      std::uint64_t seen = 0;
      while (seen < 4 * all.views.size()) {
        const auto block = tail->next(Deadline::in(1s)).value();
        if (!block) continue;
        for (const Entry& entry : block->entries()) bytes += entry.payload.size();
        seen += block->size();
      }
      benchmark::DoNotOptimize(bytes);
      from_memory += tail->stats().from_memory;
      blocks += tail->stats().blocks;
    });
    for (int round = 0; round < 4; ++round)
      for (std::size_t at = 0; at < all.views.size(); at += 1000)
        (void)writer->append(std::span(all.views).subspan(at, std::min<std::size_t>(1000, all.views.size() - at)), {})
            .value();
    follower.join();
    state.PauseTiming();
    cpu += cpu_seconds() - before;
    count += 4 * all.views.size();
    writer.reset();
    state.ResumeTiming();
  }
  state.counters["lines/s"] = benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
  state.counters["cpu_s_per_M"] = cpu / static_cast<double>(count) * 1e6;
  state.counters["from_memory_%"] = 100.0 * static_cast<double>(from_memory) / static_cast<double>(blocks);
}
BENCHMARK(append_and_follow)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// From disk: a tail far behind, random access, and a whole proof.
struct Written {
  TemporaryDirectory folder;
  WriterOptions options = options_in(folder);
  Position last;
  Written() {
    auto writer = Writer::open(options).value();
    for (std::size_t at = 0; at < lines().views.size(); at += 1000)
      last = writer->append(std::span(lines().views).subspan(at, 1000), {}).value();
    writer->close({}).value();
  }
};
const Written& written() {
  static const Written one;
  return one;
}

void replay(benchmark::State& state) {
  std::uint64_t entries = 0;
  for (auto _ : state) {
    const auto tail = open_tail(written().options.folder, Position(1)).value();
    while (const auto block = tail->next(Deadline::in(0ms)).value()) entries += block->entries().size();
  }
  state.counters["lines/s"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate);
}
BENCHMARK(replay)->Unit(benchmark::kMillisecond);

void find_one_entry(benchmark::State& state) {
  const auto reader = Reader::open(written().options.folder).value();
  std::uint64_t at = 1;
  for (auto _ : state) {
    at = (at * 48271) % written().last.number() + 1;
    benchmark::DoNotOptimize(reader->find_entry(Position(at)).value());
  }
}
BENCHMARK(find_one_entry)->Unit(benchmark::kMicrosecond);

void verify_everything(benchmark::State& state) {
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto report = verify(written().options.folder).value();
    if (!report.intact()) state.SkipWithError("not intact");
    bytes += report.bytes.count();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(verify_everything)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yagura::journal

int main(int argc, char** argv) {
  yagura::set_log(yagura::LogLevel::error, yagura::LogFormat::text);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
