// Rules over evidence: all cores, bounded memory, the same report whatever the number of threads.
//
//   auto report = TRY(hunt(std::move(evidence), snapshot, {.threads = 0}, [](const Progress& p) { ... }));
//
// Threads take pieces of the evidence in turn, decode and match them by themselves, and hand in what they found; it is
// put in order by the pieces' numbers. Nobody runs ahead of the slowest by more than a few pieces. Correlation rules
// work on all events at once, in the order of the events' times.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detect/rule_library.hpp"
#include "hunt/evidence.hpp"
#include "hunt/report.hpp"
#include "normalise/pack.hpp"

namespace yagura::hunt {

struct HuntOptions {
  std::size_t threads = 0;                // 0: one for each core
  std::optional<EventTime> since, until;  // events of [since, until)
  sigma::Level least_level = sigma::Level::none;
  std::vector<std::string>
      tags;  // rules with one of them: "attack.t1059", "t1059" (with what is below), "attack.execution"
  std::vector<std::string> rules;         // rules of that id, name or title, or whose title has that in it
  bool checks = true;                     // of the logs themselves
  bool with_slack = false;                // EVTX records that are left over behind newer ones
  std::size_t most_findings = 2'000'000;  // more are counted only
  // Device packs: log sources and fields (source.ip ...) of lines and JSON; nullptr for none.
  std::shared_ptr<const normalise::PackSet> packs;
};

struct Progress {
  std::uint64_t bytes_done = 0, bytes_total = 0;
  std::uint64_t events = 0, findings = 0;
  bool finished = false;
};

// Whether the options choose the rule.
bool chooses(const HuntOptions& options, const ReportRule& rule);

// An Error when the temporary file cannot be written; what is wrong with single files is in the report.
Result<Report> hunt(Evidence& evidence, std::shared_ptr<const detect::RuleSnapshot> snapshot,
                    const HuntOptions& options, const std::function<void(const Progress&)>& progress);

}  // namespace yagura::hunt
