// EVTX files to Records, one thread: records a second over all files below the folder YAGURA_EVTX, read into memory
// first.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "formats/evtx.hpp"

namespace yagura::formats {
namespace {

const std::vector<std::string>& files() {
  static const auto all = [] {
    std::vector<std::string> out;
    const char* folder = std::getenv("YAGURA_EVTX");
    if (folder == nullptr) return out;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".evtx") paths.push_back(entry.path());
    std::ranges::sort(paths);
    for (const auto& path : paths)
      if (auto bytes = read_file(path)) out.push_back(std::move(*bytes));
    return out;
  }();
  return all;
}

void evtx_to_records(benchmark::State& state) {
  if (files().empty()) return state.SkipWithError("set YAGURA_EVTX to a folder of .evtx files");
  EvtxChunkReader reader;
  event::RecordBatch batch;
  std::vector<EvtxDamage> damage;
  std::size_t records = 0, bytes = 0;
  for (auto _ : state)
    for (const auto& text : files()) {
      const EvtxFile file(text);
      for (const auto& chunk : file.chunks()) {
        batch.clear();
        reader.read(file, chunk, {}, batch, damage);
        records += batch.size();
      }
      bytes += text.size();
      damage.clear();
    }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(evtx_to_records)->Unit(benchmark::kMillisecond);

void evtx_to_json(benchmark::State& state) {
  if (files().empty()) return state.SkipWithError("set YAGURA_EVTX to a folder of .evtx files");
  EvtxChunkReader reader;
  std::vector<EvtxDamage> damage;
  std::size_t records = 0, size = 0;
  for (auto _ : state)
    for (const auto& text : files()) {
      const EvtxFile file(text);
      for (const auto& chunk : file.chunks())
        reader.visit(
            file, chunk, [&](const EvtxElement& event) { ++records, size += evtx_json(event).size(); }, damage);
      damage.clear();
    }
  benchmark::DoNotOptimize(size);
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
}
BENCHMARK(evtx_to_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yagura::formats
