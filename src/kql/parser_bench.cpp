#include <benchmark/benchmark.h>

#include "kql/lexer.hpp"
#include "kql/parser.hpp"
#include "kql/printer.hpp"

namespace {

constexpr std::string_view kRule = R"KQL(let lookback = 1d;
let suspicious = dynamic(["mimikatz", "procdump", "psexec"]);
let admins = SigninLogs | where ResultType == 0 and AppDisplayName has "Azure Portal" | distinct UserPrincipalName;
DeviceProcessEvents
| where TimeGenerated > ago(lookback)
| where FileName in~ ("powershell.exe", "cmd.exe", "wscript.exe") or ProcessCommandLine has_any (suspicious)
| extend Decoded = base64_decode_tostring(extract(@"-enc[a-z]*\s+([A-Za-z0-9+/=]+)", 1, ProcessCommandLine))
| where isnotempty(Decoded) and Decoded !contains "http://localhost" // noise
| parse Decoded with * "Uri=" Uri:string " " *
| join kind=leftouter (
    DeviceNetworkEvents
    | where RemoteIPType == "Public" and RemotePort !in (80, 443)
    | summarize Connections = count(), arg_max(TimeGenerated, RemoteIP) by DeviceId, bin(TimeGenerated, 1h)
) on DeviceId, $left.TimeGenerated == $right.TimeGenerated
| mv-expand Argument = split(ProcessCommandLine, " ") to typeof(string)
| summarize Count = count(), Hosts = make_set(DeviceName, 100), First = min(TimeGenerated) by AccountName, FileName
| where Count > 5 and AccountName !in (admins)
| project-reorder First, AccountName, *
| top 100 by Count desc
)KQL";

void BM_Lex(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(yagura::kql::lex(kRule, 100'000));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRule.size()));
}
BENCHMARK(BM_Lex);

void BM_ParseDetectionRule(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(yagura::kql::parse(kRule));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRule.size()));
}
BENCHMARK(BM_ParseDetectionRule);

void BM_Print(benchmark::State& state) {
  const auto parsed = yagura::kql::parse(kRule);
  for (auto _ : state) benchmark::DoNotOptimize(yagura::kql::print(parsed.tree));
}
BENCHMARK(BM_Print);

}  // namespace

BENCHMARK_MAIN();
