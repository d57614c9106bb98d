// Sigma's correlation rules over the stream, by event time.
//
// Events wait until the watermark has passed them (received time minus `lateness`) and are then worked on in the order
// of their own time, so the alerts do not depend on the order of arrival within that bound. An event that is later
// still is put where it belongs as far as possible, and counted. Memory is bounded: when there are too many groups the
// one that has been quiet longest is forgotten (counted), and a group keeps at most 100,000 events.
//
// State can be written at a journal position and read back: reading it and replaying the journal from there gives the
// same alerts with the same ids. A correlation whose definition has changed begins anew. One thread at a time.
//
//   worker:   worker->observe(records, now, &events);
//   in order: correlator.adopt(snapshot); correlator.add(std::move(events)); correlator.advance(received_at, alerts);
#pragma once
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "detect/correlation_plan.hpp"
#include "detect/correlation_window.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

struct CorrelatorOptions {
  std::chrono::milliseconds lateness{10'000};  // how long an event waits for earlier ones
  std::size_t max_waiting = 500'000;           // events that wait; more go on without waiting
  std::size_t max_groups = 200'000;            // of all correlations together
};

struct CorrelatorStatus {
  std::size_t waiting = 0, groups = 0;
  std::uint64_t late = 0, ungrouped = 0, forgotten_groups = 0, alerts = 0;
};

class Correlator {
 public:
  explicit Correlator(CorrelatorOptions options = {}) : options_(options) {}

  // Goes over to the rules of a snapshot; correlations that are in both keep their state.
  void adopt(std::shared_ptr<const RuleSnapshot> snapshot);
  void add(std::vector<CorrelationEvent> events);
  // Everything up to `received_up_to` has been added: works on what no earlier event can precede any more. Alerts point
  // into the snapshot's rules, which they do not keep alive.
  void advance(ReceiveTime received_up_to, std::vector<Alert>& alerts);
  // Works on everything that waits: at the end of a replay, for tests.
  void finish(std::vector<Alert>& alerts);

  std::string checkpoint() const;
  // Into a correlator that has adopted its snapshot and seen nothing.
  Result<> restore(std::string_view state);
  CorrelatorStatus status() const;

 private:
  struct Group;
  // Which group: the correlation and the values.
  struct Quiet {  // in the order of their last event, the quietest first
    std::uint32_t correlation;
    std::string key;
  };
  struct Group {
    CorrelationWindow window;
    std::list<Quiet>::iterator quiet;
  };
  struct Order {  // of waiting events
    EventTime time;
    Position position;
    std::uint32_t index;
    std::uint32_t source;
    auto operator<=>(const Order&) const = default;
  };

  void work(const CorrelationEvent& event, std::vector<Alert>& alerts);
  void work_until(EventTime watermark, std::vector<Alert>& alerts);
  void fire(std::uint32_t correlation, const CorrelationPlan::Consumer& consumer, const CorrelationEvent& event,
            const Completion& completion, std::vector<Alert>& alerts);
  void forget(std::uint32_t correlation, const std::string& key);
  std::string source_name(std::uint32_t source) const;

  const CorrelatorOptions options_;
  std::shared_ptr<const RuleSnapshot> snapshot_;
  std::multimap<Order, CorrelationEvent> waiting_;
  std::vector<std::unordered_map<std::string, Group>> groups_;  // by correlation, then values
  std::list<Quiet> quiet_;
  EventTime watermark_ = EventTime::min();
  CorrelatorStatus counts_;
};

}  // namespace yagura::detect
