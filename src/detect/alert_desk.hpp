// What becomes of the workers' findings in the order of the journal: correlation, throttling, rows of SecurityAlert.
//
//   worker:    worker->observe(records, supply, findings);
//   in order:  desk.see(std::move(findings), stored_before, now);
//   each cut:  auto rows = desk.finish_cut();   // empty when there are none
//
// What it gives is a function of the findings alone: after a crash the state of a checkpoint is restored, what was stored
// since is seen again without giving rows (`stored_before`), and what follows gives the rows that it gave before. One thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "detect/alert.hpp"
#include "detect/alert_throttle.hpp"
#include "detect/correlator.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

// What a worker found in one run of journal entries.
struct BlockFindings {
  std::shared_ptr<const RuleSnapshot> snapshot;  // the rules that were used; alerts point into it
  std::vector<Alert> alerts;                     // of single events, in the order of the journal
  std::vector<CorrelationEvent> events;          // likewise
  ReceiveTime received_up_to{};                  // the newest of all entries, with findings or not
  // Memory held, roughly.
  std::size_t bytes() const;
};

struct AlertDeskOptions {
  CorrelatorOptions correlation;
  // Of rules that have none of their own: a rule that matches everything must not fill the store.
  std::optional<Throttle> throttle = Throttle{std::chrono::minutes(1), 500, {}};
};

class AlertDesk {
 public:
  AlertDesk(event::TableSchema alert_schema, AlertDeskOptions options, std::shared_ptr<const RuleSnapshot> snapshot);

  // `now` is for _TimeIngested only.
  void see(BlockFindings findings, bool stored_before, ReceiveTime now);
  // Rows since the last call.
  event::TableBatch finish_cut();

  std::string checkpoint() const;
  // Into a desk that has seen nothing.
  Result<> restore(std::string_view state);

  CorrelatorStatus correlation() const { return correlator_.status(); }
  // When something waits that will be said without any further event: an entry of the journal received then brings it out.
  std::optional<ReceiveTime> next_due() const;

 private:
  void adopt(std::shared_ptr<const RuleSnapshot> snapshot);
  void advance(ReceiveTime received_up_to);
  void raise(Alert& alert, const RunningRule& rule);
  void write(const Alert& alert);

  const event::TableSchema schema_;
  std::shared_ptr<const RuleSnapshot> snapshot_;
  Correlator correlator_;
  AlertThrottle throttle_;
  AlertWriter writer_;
  bool stored_before_ = false;
  ReceiveTime now_{};
  std::vector<Alert> raised_;  // scratch
};

}  // namespace yagura::detect
