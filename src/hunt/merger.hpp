// Puts what the threads found in order and makes the report of it. One thread at a time, pieces by their numbers.
#pragma once
#include "detect/correlator.hpp"
#include "hunt/hunter.hpp"
#include "hunt/log_checks.hpp"

namespace yagura::hunt {

// An event in which something was found, with everything that the report needs.
struct FoundEvent {
  EventTime time{};
  std::string host, channel, provider, details, json;
  std::int64_t event_id = -1, record_id = -1;
  std::vector<std::uint32_t> rules;  // of the report; empty when only correlations want it
  std::vector<detect::CorrelationEvent> for_correlation;
};

struct PieceResult {
  std::uint64_t number = 0;
  std::uint32_t file = 0;
  Kind kind = Kind::unknown;
  bool last_of_file = false;
  std::uint64_t events = 0, malformed = 0, bytes = 0;
  EventTime first = EventTime::max(), last = EventTime::min();
  std::vector<FoundEvent> found;
  std::vector<LogRun> runs;
  std::vector<FileProblem> problems;
};

// The rules of a report: the snapshot's, its correlations, then the checks.
struct RuleNumbers {
  std::size_t correlations = 0, checks = 0;  // where they begin
};

class Merger {
 public:
  Merger(Report& report, std::shared_ptr<const detect::RuleSnapshot> snapshot, const HuntOptions& options,
         RuleNumbers numbers);
  Result<> add(PieceResult&& result);
  // Correlations, order.
  Result<> finish();

 private:
  Result<std::uint32_t> keep_event(std::uint32_t file, const FoundEvent& found);
  void keep_finding(Finding finding);
  Result<> finish_file(std::uint32_t file);

  Report& report_;
  std::shared_ptr<const detect::RuleSnapshot> snapshot_;
  const HuntOptions& options_;
  const RuleNumbers numbers_;
  std::vector<bool> chosen_;  // by rule of the report
  LogHistory history_;
  detect::Correlator correlator_;
};

}  // namespace yagura::hunt
