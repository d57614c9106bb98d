// How long a text takes to become SQL: parse, bind, plan. Without arguments over our own case files; a file of JSON lines
// with "query" (KQL_BENCH_QUERIES) gives other texts. Prints the median and the 99th percentile beside the benchmark.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "kql/compile.hpp"

namespace {

using namespace yagura;

std::vector<std::string> texts() {
  std::vector<std::string> out;
  if (const char* file = std::getenv("KQL_BENCH_QUERIES")) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      const auto value = boost::json::parse(line);
      if (const auto* q = value.as_object().if_contains("query"); q != nullptr && q->is_string()) out.emplace_back(q->as_string());
    }
    return out;
  }
  return {"T | where s has 'a' and a > 5 | summarize count(), arg_max(TimeGenerated, *) by s | top 10 by count_",
          "let recent = T | where TimeGenerated > ago(1d); recent | join kind=inner (recent | summarize n = count() by s) on s | where n > 3"};
}

// SchemaSet tables: a directory of schemas in KQL_BENCH_TABLES (as content/tables), or T alone.
const kql::Catalog& catalog() {
  static const kql::SchemaCatalog instance = [] {
    auto set = std::make_shared<event::SchemaSet>();
    if (const char* folder = std::getenv("KQL_BENCH_TABLES")) {
      if (auto loaded = event::SchemaSet::load(folder)) *set = std::move(*loaded);
    }
    event::TableSchema table;
    table.name = "T";
    table.columns = {{"a", event::KqlType::int64, ""}, {"s", event::KqlType::string, ""}, {"TimeGenerated", event::KqlType::datetime, ""}};
    set->put(std::move(table));
    return kql::SchemaCatalog(set);
  }();
  return instance;
}

void BM_CompileEach(benchmark::State& state) {
  const auto queries = texts();
  std::vector<double> microseconds;
  for (auto _ : state) {
    for (const auto& q : queries) {
      const auto begin = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(kql::compile(q, catalog(), {.now_ticks = 17'000'000'000'000'000}));
      microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
  }
  std::ranges::sort(microseconds);
  state.counters["queries"] = static_cast<double>(queries.size());
  state.counters["median_us"] = microseconds[microseconds.size() / 2];
  state.counters["p99_us"] = microseconds[microseconds.size() * 99 / 100];
}
BENCHMARK(BM_CompileEach)->Unit(benchmark::kMillisecond);

}  // namespace

