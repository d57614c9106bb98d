// Which matches feed which correlations, and which values of an event they need: worked out once per rule snapshot.
//
// A *source* is what a correlation refers to: a rule, or another correlation (chains). A correlation groups the events
// of its sources by fields; an alias names another field per source. Immutable, so any thread may collect.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guid.hpp"
#include "base/position.hpp"
#include "base/time.hpp"
#include "detect/alert.hpp"
#include "event/record.hpp"
#include "sigma/rule_set.hpp"

namespace yagura::detect {

// A match that a correlation wants, with the values that it needs; owns everything.
struct CorrelationEvent {
  EventTime time{};
  ReceiveTime received_at{};
  Position position{};
  std::uint32_t index_in_entry = 0;
  Guid item_id{};
  std::uint32_t source = 0;                        // of the plan
  std::vector<std::optional<std::string>> values;  // by the source's fields
  std::string record_json;                         // for the alert that it may complete
  std::vector<Entity> entities;
};

// What one match of a rule is, in a batch; see StreamDetector.
struct Observation {
  std::uint32_t record = 0;  // index in the batch
  std::uint32_t rule = 0;    // index in the snapshot
};

class CorrelationPlan {
 public:
  struct Consumer {
    std::uint32_t correlation = 0;
    std::vector<std::uint32_t> places;    // of the source in the correlation's `rules`
    std::vector<std::uint32_t> group_by;  // indices into the source's fields
    std::vector<std::uint32_t> values;    // of condition.fields
  };
  struct Source {
    std::string reference;                     // id or title
    std::optional<std::uint32_t> correlation;  // when it is one
    std::vector<std::string> fields;
    std::vector<Consumer> consumers;
    std::uint32_t lane = 0;  // sources of correlations that have to do with each other share one
  };
  struct Correlation {
    sigma::CorrelationRule rule;
    std::uint64_t definition = 0;            // hash: state of a changed rule is not taken over
    std::optional<std::uint32_t> as_source;  // when another correlation refers to it
    bool standalone = true;                  // raises alerts by itself
  };

  static std::shared_ptr<const CorrelationPlan> make(const sigma::RuleSet& set);

  const std::vector<Source>& sources() const { return sources_; }
  const std::vector<Correlation>& correlations() const { return correlations_; }
  bool empty() const { return correlations_.empty(); }
  std::uint32_t lane_count() const { return lane_count_; }
  // Whether some correlation wants the matches of the rule.
  bool wants(std::uint32_t rule) const { return rule < source_of_rule_.size() && source_of_rule_[rule].has_value(); }
  // The fields of the rule's events that correlations want.
  std::span<const std::string> fields_wanted(std::uint32_t rule) const {
    return wants(rule) ? std::span<const std::string>(sources_[*source_of_rule_[rule]].fields) : std::span<const std::string>();
  }

  // Appends an event for each observation that some correlation wants.
  void collect(const sigma::RuleSet& set, const event::RecordBatch& records, std::span<const Observation> observations,
               std::vector<CorrelationEvent>& events) const;

 private:
  std::vector<Source> sources_;
  std::vector<Correlation> correlations_;
  std::vector<std::optional<std::uint32_t>> source_of_rule_;
  std::uint32_t lane_count_ = 0;
  void number_lanes();
};

}  // namespace yagura::detect
