#include <benchmark/benchmark.h>

#include "kql/catalog.hpp"
#include "kql/compile.hpp"
#include "kql/inflight.hpp"

namespace {

using namespace yagura;

std::shared_ptr<const event::SchemaSet> tables() {
  event::TableSchema syslog{.name = "Syslog",
                            .columns = {{.name = "Computer", .type = event::KqlType::string, .description = {}},
                                        {.name = "ProcessName", .type = event::KqlType::string, .description = {}},
                                        {.name = "SeverityNumber", .type = event::KqlType::int32, .description = {}},
                                        {.name = "SyslogMessage", .type = event::KqlType::string, .description = {}},
                                        {.name = "Extra", .type = event::KqlType::dynamic, .description = {}}},
                            .description = {},
                            .retention = {},
                            .order_by = {}};
  auto set = std::make_shared<event::SchemaSet>();
  set->put(std::move(syslog));
  return set;
}

constexpr std::size_t kRows = 10'000;

event::TableBatch batch() {
  event::TableBatch out(*tables()->find("Syslog"));
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t c = 5; c < out.column_count(); ++c) out.column(c).append_null();
    out.column(0).append_text(out.arena().copy("host-" + std::to_string(i % 50)));
    out.column(1).append_text(i % 3 == 0 ? "sshd" : "cron");
    out.column(2).append_int32(static_cast<int>(i % 8));
    out.column(3).append_text(out.arena().copy("Failed password for invalid user admin from 203.0.113." +
                                               std::to_string(i % 256) + " port " + std::to_string(1024 + i % 60000) +
                                               " ssh2"));
    out.column(4).append_text(R"({"unit":"sshd.service","pid":4711,"tags":["auth","remote"]})");
  }
  return out;
}

void run(benchmark::State& state, std::string_view query) {
  const kql::SchemaCatalog catalog(tables());
  const auto compiled = kql::check(query, catalog, {});
  if (!compiled.ok()) return state.SkipWithError(compiled.diagnostics.front().message.c_str());
  const auto program = kql::InFlightProgram::compile(compiled.bound);
  if (!program) return state.SkipWithError(program.error().message().c_str());
  for (auto _ : state) {
    state.PauseTiming();
    auto input = batch();
    state.ResumeTiming();
    auto result = program->run(std::move(input));
    benchmark::DoNotOptimize(result);
    state.PauseTiming();
    result = {};
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kRows));
}

void BM_Compare(benchmark::State& state) { run(state, "Syslog | where SeverityNumber <= 4 and ProcessName == 'sshd'"); }
void BM_Has(benchmark::State& state) {
  run(state, "Syslog | where SyslogMessage has 'password' and SyslogMessage !has 'root'");
}
void BM_Parse(benchmark::State& state) {
  run(state,
      "Syslog | parse SyslogMessage with * 'user ' User ' from ' Address ' port ' Port:int * | project User, Address, "
      "Port");
}
void BM_Dynamic(benchmark::State& state) {
  run(state,
      "Syslog | extend Unit = tostring(Extra.unit), Pid = tolong(Extra.pid), First = tostring(Extra.tags[0]) | project "
      "Unit, Pid, First");
}
void BM_Transformation(benchmark::State& state) {
  run(state,
      "Syslog | where SeverityNumber < 7 | extend Computer = tolower(Computer), Level = case(SeverityNumber < 3, "
      "'high', SeverityNumber < 5, "
      "'medium', 'low') | extend Key = strcat(Computer, ':', ProcessName) | project-away Extra");
}
BENCHMARK(BM_Compare)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Has)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Parse)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Dynamic)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Transformation)->Unit(benchmark::kMicrosecond);

}  // namespace
