// What matching costs. Without YAGURA_SIGMA_RULES (a folder of rule files, such as SigmaHQ's) 3,000 rules are made up.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_set.hpp"

namespace yagura::sigma {
namespace {

std::string made_up_rules() {
  std::string text;
  for (int i = 0; i < 3'000; ++i) {
    const auto word = [&](int salt) {
      return fmt::format("{:010x}", hash64(std::to_string(i * 16 + salt)) & 0xFFFFFFFFFF);
    };
    text += fmt::format("---\ntitle: Rule {0}\nid: 00000000-0000-4000-8000-{0:012}\n", i);
    if (i % 10 < 7)
      text += fmt::format(
          "logsource: {{product: windows, category: process_creation}}\ndetection:\n  s:\n    Image|endswith: "
          "'\\{}.exe'\n    CommandLine|contains|all: ['{}', '{}']\n"
          "  f:\n    ParentImage|startswith: 'C:\\{}\\'\n  condition: s and not f\n",
          word(1), word(2), word(3), word(4));
    else if (i % 10 < 9)
      text += fmt::format(
          "logsource: {{product: linux, service: {}}}\ndetection:\n  k: ['{}', '{} failed', 'user {}']\n  condition: "
          "k\n",
          i % 3 == 0   ? "sshd"
          : i % 3 == 1 ? "syslog"
                       : "auth",
          word(1), word(2), word(3));
    else
      text += fmt::format(
          "logsource: {{product: windows, service: security}}\ndetection:\n  s:\n    EventID: {}\n    "
          "ServiceName|contains: '{}'\n  condition: s\n",
          4000 + i % 900, word(1));
  }
  return text;
}

std::shared_ptr<const RuleSet> rule_set() {
  static const auto set = [] {
    RuleCollection rules;
    Problems problems;
    if (const char* folder = std::getenv("YAGURA_SIGMA_RULES")) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".yml")
          load_rules(*read_file(entry.path()), entry.path().string(), {}, rules, problems);
    } else {
      load_rules(made_up_rules(), "made up", {}, rules, problems);
    }
    check_references(rules, problems);
    auto map = std::make_shared<LogSourceMap>();
    map->add(
        "product: linux\nservices:\n  syslog: {'@format': [rfc3164, rfc5424]}\n  auth: {AppName: [sshd, sudo, su]}\n",
        "linux", problems);
    map->add(
        "product: windows\nservices:\n  security: {Channel: Security}\ncategories:\n  process_creation:\n    - "
        "{Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1}\n",
        "windows", problems);
    return RuleSet::compile(std::move(rules), {.log_sources = std::move(map)}, problems);
  }();
  return set;
}

event::RecordBatch syslog_batch(std::size_t count) {
  event::RecordBatch batch;
  for (std::size_t i = 0; i < count; ++i) {
    auto& header = batch.begin_record({});
    header.format = "rfc3164";
    header.log_source = {"linux", "", "sshd"};
    auto& arena = batch.arena();
    batch.set(event::intern_field("Facility"), "auth");
    batch.set(event::intern_field("Severity"), "info");
    batch.set(event::intern_field("HostName"), "bastion-01.example.net");
    batch.set(event::intern_field("AppName"), "sshd");
    batch.set(event::intern_field("ProcID"), arena.copy(std::to_string(1000 + i)));
    batch.set(event::intern_field("Message"),
              arena.copy(fmt::format("Accepted publickey for deploy{} from 203.0.113.{} port {} ssh2: ED25519 "
                                     "SHA256:Zq3vR8tY1uI5oP7aS2dF4gH6jK9lX0cV",
                                     i % 50, i % 250, 30000 + i)));
    batch.end_record();
  }
  return batch;
}

event::RecordBatch process_batch(std::size_t count) {
  event::RecordBatch batch;
  for (std::size_t i = 0; i < count; ++i) {
    auto& header = batch.begin_record({});
    header.log_source = {"windows", "", ""};
    auto& arena = batch.arena();
    const auto set = [&](std::string_view name, std::string value) {
      batch.set(event::intern_field(name), arena.copy(value));
    };
    set("Channel", "Microsoft-Windows-Sysmon/Operational");
    batch.set(event::intern_field("EventID"), event::Value::int64(1));
    set("Computer", "WS-042.corp.example.net");
    set("Image", fmt::format("C:\\Program Files\\Vendor\\App{}\\service{}.exe", i % 20, i));
    set("CommandLine", fmt::format("\"C:\\Program Files\\Vendor\\App{}\\service{}.exe\" --config "
                                   "C:\\ProgramData\\Vendor\\config.json --instance {}",
                                   i % 20, i, i));
    set("CurrentDirectory", "C:\\Windows\\system32\\");
    set("User", "CORP\\svc_app");
    set("IntegrityLevel", "Medium");
    set("Hashes",
        "SHA256=9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08,IMPHASH="
        "F34D5F2D4577ED6D9CEEC516C1F5A744");
    set("ParentImage", "C:\\Windows\\System32\\services.exe");
    set("ParentCommandLine", "C:\\Windows\\system32\\services.exe");
    set("OriginalFileName", "service.exe");
    set("Description", "Vendor background service");
    set("Product", "Vendor suite");
    set("Company", "Vendor Inc.");
    batch.end_record();
  }
  return batch;
}

void match(benchmark::State& state, const event::RecordBatch& batch) {
  const auto set = rule_set();
  const auto scratch = set->make_scratch();
  std::vector<Match> matches;
  for (auto _ : state) {
    matches.clear();
    set->match(batch, *scratch, matches);
    benchmark::DoNotOptimize(matches.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(batch.size()));
  state.counters["ns/record"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(batch.size()) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["evaluated/record"] = static_cast<double>(scratch->evaluated) / static_cast<double>(scratch->records);
  state.counters["matches/record"] = static_cast<double>(scratch->matched) / static_cast<double>(scratch->records);
}

void syslog_that_matches_nothing(benchmark::State& state) { match(state, syslog_batch(1'000)); }
BENCHMARK(syslog_that_matches_nothing);
void process_creation_that_matches_nothing(benchmark::State& state) { match(state, process_batch(1'000)); }
BENCHMARK(process_creation_that_matches_nothing);

void compile_rules(benchmark::State& state) {
  const std::string text = made_up_rules();
  for (auto _ : state) {
    RuleCollection rules;
    Problems problems;
    load_rules(text, "made up", {}, rules, problems);
    benchmark::DoNotOptimize(RuleSet::compile(std::move(rules), {}, problems));
  }
}
BENCHMARK(compile_rules)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace yagura::sigma

BENCHMARK_MAIN();
