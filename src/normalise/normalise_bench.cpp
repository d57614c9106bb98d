// What a record costs on its way to a row: asking the device packs, and filling the columns.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "base/time.hpp"
#include "normalise/pack.hpp"
#include "normalise/router.hpp"

namespace yagura::normalise {
namespace {

using event::RecordBatch;

const event::FieldId kFacility = event::intern_field("Facility");
const event::FieldId kSeverity = event::intern_field("Severity");
const event::FieldId kHostName = event::intern_field("HostName");
const event::FieldId kAppName = event::intern_field("AppName");
const event::FieldId kProcId = event::intern_field("ProcID");
const event::FieldId kMessage = event::intern_field("Message");

constexpr std::string_view kCron = "(root) CMD (cd / && run-parts --report /etc/cron.hourly)";
constexpr std::string_view kSshd =
    "Accepted publickey for deploy from 198.51.100.7 port 50514 ssh2: ED25519 SHA256:abcdefghijklmnop";
constexpr std::string_view kAsa =
    "%ASA-6-302013: Built outbound TCP connection 9 for outside:10.1.2.1/22 (10.1.2.1/22) to inside:10.1.1.2/53496 "
    "(10.1.1.2/53496)";

void fill(RecordBatch& batch, std::string_view app, std::string_view message) {
  for (std::size_t i = 0; i < 4096; ++i) {
    auto& header = batch.begin_record(
        {.raw = message, .peer = "192.0.2.1", .received_at = receive_time(0), .position = Position(i + 1)});
    header.format = "rfc3164";
    batch.set(kFacility, "auth");
    batch.set(kSeverity, "info");
    batch.set(kHostName, "web01");
    if (!app.empty()) batch.set(kAppName, app);
    batch.set(kProcId, "4711");
    batch.set(kMessage, message);
    batch.end_record();
  }
}

// Run it in the checkout.
std::filesystem::path content() { return "content"; }

const PackSet& packs() {
  static const auto loaded = PackSet::load(content() / "packs");
  if (!loaded) std::abort();
  return *loaded;
}

void run_packs(benchmark::State& state, std::string_view app, std::string_view message) {
  packs();
  RecordBatch batch;
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    fill(batch, app, message);
    state.ResumeTiming();
    packs().apply(batch, PackSet::Use::all);
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}
void packs_that_know_nothing(benchmark::State& state) { run_packs(state, "CRON", kCron); }
void pack_of_sshd(benchmark::State& state) { run_packs(state, "sshd", kSshd); }
void pack_of_asa(benchmark::State& state) { run_packs(state, "", kAsa); }
BENCHMARK(packs_that_know_nothing);
BENCHMARK(pack_of_sshd);
BENCHMARK(pack_of_asa);

void syslog_rows(benchmark::State& state) {
  auto schemas = event::SchemaSet::load(content() / "tables");
  if (!schemas) std::abort();
  auto router = Router::create(std::make_shared<const event::SchemaSet>(std::move(*schemas)), {});
  if (!router) std::abort();
  auto records = std::make_shared<RecordBatch>();
  fill(*records, "sshd", kSshd);
  for (auto _ : state) benchmark::DoNotOptimize(router->rows(records, receive_time(0)));
  state.SetItemsProcessed(state.iterations() * 4096);
}
BENCHMARK(syslog_rows);

}  // namespace
}  // namespace yagura::normalise

BENCHMARK_MAIN();
