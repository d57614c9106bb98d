#include "roles/rule_desk.hpp"

#include <mutex>

#include "base/file.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "detect/archive.hpp"

namespace yagura::roles {

namespace {

constexpr std::size_t kMostSeries = 200;

// A name that stays inside the folder whatever it says.
Result<> check_pack_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 120 && name.front() != '.' &&
                    std::ranges::all_of(name, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.'; });
  if (!good) return fail(ErrorKind::invalid_input, "a pack's name has letters, digits, '-', '_' and '.', at most 120, and does not begin with a '.'");
  if (!detect::is_archive_name(name)) return fail(ErrorKind::invalid_input, "a pack's name ends in .zip, .tar, .tar.gz or .tgz, not '{}'", name);
  return {};
}

Result<serve::RulePackReport> put_pack(detect::RuleLibrary& library, const std::string& name, std::string_view bytes) {
  TRY(check_pack_name(name));
  const auto files = TRY(detect::read_archive(bytes, [](std::string_view file) { return file.ends_with(".yml") || file.ends_with(".yaml"); }));
  if (files.empty()) return fail(ErrorKind::invalid_input, "there is no *.yml or *.yaml in it");
  sigma::RuleCollection rules;
  sigma::Problems problems;
  for (const auto& file : files) sigma::load_rules(file.content, utf8::repaired(file.name), {}, rules, problems);
  if (rules.rules.empty() && rules.correlations.empty() && rules.filters.empty())
    return fail(ErrorKind::invalid_input, "none of its {} files holds a rule that can be loaded{}", files.size(),
                problems.all().empty() ? "" : ": " + problems.all().front().to_text());
  std::error_code error;
  std::filesystem::create_directories(library.pack_folder(), error);
  TRY(write_file_atomically(library.pack_folder() / name, bytes));
  TRY(library.reload());
  for (const auto& pack : library.packs())
    if (pack.name == name) return serve::RulePackReport{pack.name, pack.path.string(), pack.rules, pack.problems};
  return fail(ErrorKind::internal, "the pack was kept but not found again");
}

Result<> remove_pack(detect::RuleLibrary& library, const std::string& name) {
  TRY(check_pack_name(name));
  std::error_code error;
  if (!std::filesystem::remove(library.pack_folder() / name, error)) return fail(ErrorKind::not_found, "there is no pack '{}'", name);
  return library.reload();
}

}  // namespace

std::vector<serve::RuleReport> rule_reports(const detect::RuleSnapshot& snapshot) {
  std::vector<serve::RuleReport> out;
  const auto number = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  for (const auto* rules : {&snapshot.rules, &snapshot.correlations}) {
    for (const auto& rule : *rules) {
      serve::RuleReport report;
      report.id = rule.alert.id;
      report.title = rule.alert.title;
      report.kind = "sigma";
      report.severity = rule.alert.severity;
      report.enabled = rule.enabled;
      report.file = rule.file;
      report.tags = rule.alert.tags;
      if (!rule.never.empty()) report.error = "can never match: " + rule.never;
      if (rule.counters) {
        const auto& counters = *rule.counters;
        report.matches = number(counters.matches);
        report.alerts = number(counters.alerts);
        report.suppressed = number(counters.suppressed);
        report.throttled = number(counters.throttled);
        report.considered = number(counters.considered);
        report.evaluated = number(counters.evaluated);
        if (const auto samples = number(counters.samples); samples != 0)
          report.nanoseconds = static_cast<double>(number(counters.nanoseconds)) / static_cast<double>(samples);
        if (const auto ticks = counters.last_match_ticks.load(std::memory_order_relaxed); ticks != 0) report.last_match_ticks = ticks;
      }
      out.push_back(std::move(report));
    }
  }
  return out;
}

serve::RuleServices rule_services(detect::RuleLibrary& library) {
  serve::RuleServices services;
  services.problems = [&library] {
    std::vector<serve::RuleProblemReport> out;
    for (const auto& problem : library.current()->problems)
      out.push_back({problem.place.to_text(), problem.rule, problem.message, problem.severity == sigma::Problem::Severity::error});
    return out;
  };
  services.check_exclusion = [](std::string_view detection) {
    std::vector<std::string> out;
    for (const auto& problem : detect::RuleLibrary::check_exclusion(detection))
      if (problem.severity == sigma::Problem::Severity::error) out.push_back(problem.to_text());
    return out;
  };
  services.check_suppression = [](std::string_view conditions) -> Result<> {
    TRY(detect::parse_suppressions(0, "", conditions, {}, {}));
    return {};
  };
  services.packs = [&library] {
    std::vector<serve::RulePackReport> out;
    for (const auto& pack : library.packs()) out.push_back({pack.name, pack.path.string(), pack.rules, pack.problems});
    return out;
  };
  services.put_pack = [&library](const std::string& name, std::string_view bytes) { return put_pack(library, name, bytes); };
  services.remove_pack = [&library](const std::string& name) { return remove_pack(library, name); };
  services.reload = [&library] { return library.reload(); };
  return services;
}

void publish_rule_metrics(const detect::RuleSnapshot& snapshot) {
  struct Series {
    Counter *matches, *alerts, *evaluated;
    std::uint64_t seen_matches = 0, seen_alerts = 0, seen_evaluated = 0;
  };
  static std::mutex mutex;
  static std::map<std::string, Series, std::less<>> series;
  const std::lock_guard lock(mutex);
  const auto number = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  for (const auto* rules : {&snapshot.rules, &snapshot.correlations})
    for (const auto& rule : *rules) {
      const auto& counters = *rule.counters;
      if (number(counters.matches) == 0) continue;
      auto known = series.find(rule.alert.id);
      if (known == series.end()) {
        const Labels labels = {{"rule", series.size() < kMostSeries ? rule.alert.id : "other"}};
        known = series.emplace(rule.alert.id, Series{&metrics().counter("yagura_rule_hits_total", "Matches by rule; rules beyond the first 200 share one series", labels),
                                                     &metrics().counter("yagura_rule_alerts_total", "Alerts by rule, likewise", labels),
                                                     &metrics().counter("yagura_rule_evaluations_total", "Events that a rule's prefilter let through, likewise", labels)})
                    .first;
      }
      auto& one = known->second;
      const auto add = [](Counter& counter, std::uint64_t now, std::uint64_t& seen) {
        if (now > seen) counter.add(now - seen);
        seen = now;
      };
      add(*one.matches, number(counters.matches), one.seen_matches);
      add(*one.alerts, number(counters.alerts), one.seen_alerts);
      add(*one.evaluated, number(counters.evaluated), one.seen_evaluated);
    }
}

}  // namespace yagura::roles
