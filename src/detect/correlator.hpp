// Sigma's correlation rules over the stream, by event time.
//
// An event waits `lateness` after it was received (or after its own time, if that is later) and is then worked on after all
// that wait with an earlier time of their own, so the alerts do not depend on the order of arrival within that bound;
// nor does it matter that a source delivers everything ten minutes late. Correlations that have nothing to do with each
// other wait in lanes of their own. An event that comes after a later one has been worked on is counted, and put where it
// belongs as far as possible.
//
// Memory is bounded: at most `max_groups` groups and `max_window_events` events in them (beyond that the group that has
// been quiet longest is forgotten, and counted), 100,000 events a group, `max_waiting` events and `max_waiting_size`
// of what they carry (beyond that the one that would go on next does, early). A group is forgotten when nothing came for
// its timespan and `keep_quiet` more.
//
// State can be written at a journal position and read back: reading it and replaying the journal from there gives the
// same alerts with the same ids, however the journal is cut into calls of add() and advance(), as long as advance() is
// called with each event's received_at before it is added. A correlation whose definition has changed begins anew. One
// thread at a time.
//
//   worker:   worker->observe(...)
//   in order: correlator.adopt(snapshot); for each event: correlator.advance(event.received_at, alerts); correlator.add({event});
#pragma once
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "detect/correlation_plan.hpp"
#include "detect/correlation_window.hpp"
#include "detect/rule_library.hpp"

namespace yagura::detect {

struct CorrelatorOptions {
  std::chrono::milliseconds lateness{10'000};     // how long an event waits for earlier ones
  std::chrono::milliseconds keep_quiet{900'000};  // a group after its timespan: for sources that deliver late
  std::size_t max_waiting = 500'000;
  Bytes max_waiting_size = 64_MiB;
  std::size_t max_groups = 200'000;  // of all correlations together
  std::size_t max_window_events = 2'000'000;
};

struct CorrelatorStatus {
  std::size_t waiting = 0, groups = 0, window_events = 0;
  std::uint64_t late = 0, ungrouped = 0, forgotten_groups = 0, alerts = 0;
};

class Correlator {
 public:
  explicit Correlator(CorrelatorOptions options = {}) : options_(options) {}

  // Goes over to the rules of a snapshot; correlations that are in both keep their state.
  void adopt(std::shared_ptr<const RuleSnapshot> snapshot);
  // Events of the adopted snapshot, or of another one (the workers may be a reload apart): then those that no correlation
  // wants as they are any more are left out.
  void add(std::vector<CorrelationEvent> events, const RuleSnapshot* of = nullptr);
  // Everything up to `received_up_to` has been added: works on what no earlier event can precede any more. Alerts point
  // into the snapshot's rules, which they do not keep alive.
  void advance(ReceiveTime received_up_to, std::vector<Alert>& alerts);
  // Works on everything that waits: at the end of a replay, for tests.
  void finish(std::vector<Alert>& alerts);

  std::string checkpoint() const;
  // Into a correlator that has adopted its snapshot and seen nothing.
  Result<> restore(std::string_view state);
  CorrelatorStatus status() const;
  // When the next event that waits is worked on, if nothing comes until then.
  std::optional<ReceiveTime> next_due() const;

 private:
  struct Group;
  // Which group: the correlation and the values.
  struct Quiet {  // in the order of their last event, the quietest first
    std::uint32_t correlation;
    std::string key;
  };
  struct Group {
    CorrelationWindow window;
    ReceiveTime last_received{};
    std::list<Quiet>::iterator quiet;
  };
  struct Order {  // of waiting events
    EventTime time;
    Position position;
    std::uint32_t index;
    std::uint32_t source;
    auto operator<=>(const Order&) const = default;
  };

  struct Lane {
    std::map<Order, CorrelationEvent> waiting;
    EventTime released = EventTime::min();
  };
  struct Due {
    ReceiveTime at;
    Order order;
    auto operator<=>(const Due&) const = default;
  };

  void enqueue(CorrelationEvent event);
  ReceiveTime due_of(const CorrelationEvent& event) const;
  static std::size_t size_of(const CorrelationEvent& event);
  void release(const Due& due, std::vector<Alert>& alerts);
  void work(const CorrelationEvent& event, std::vector<Alert>& alerts);
  void evict();
  void fire(std::uint32_t correlation, const CorrelationPlan::Consumer& consumer, const CorrelationEvent& event,
            const Completion& completion, std::vector<Alert>& alerts);
  void forget(std::uint32_t correlation, const std::string& key);
  std::string source_name(std::uint32_t source) const;

  const CorrelatorOptions options_;
  std::shared_ptr<const RuleSnapshot> snapshot_;
  std::vector<Lane> lanes_;
  std::set<Due> due_;  // of all that wait
  std::size_t waiting_size_ = 0, window_events_ = 0;
  std::vector<std::unordered_map<std::string, Group>> groups_;  // by correlation, then values
  std::list<Quiet> quiet_;
  ReceiveTime received_{};  // the newest that advance() was told
  CorrelatorStatus counts_;
};

}  // namespace yagura::detect
