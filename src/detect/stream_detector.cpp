#include "detect/stream_detector.hpp"

#include "base/metrics.hpp"

namespace yagura::detect {

std::optional<event::TableBatch> StreamDetector::Worker::observe(const event::RecordBatch& records, ReceiveTime now,
                                                                 std::vector<CorrelationEvent>* events) {
  static Counter& alerts_total = metrics().counter("yagura_alerts_total", "Alerts raised by rules on the stream");
  static Counter& matches_total =
      metrics().counter("yagura_rule_matches_total", "Matches of rules on the stream, alerts or not");
  auto newest = detector_.library_.current();
  if (newest != snapshot_) {
    snapshot_ = std::move(newest);
    scratch_ = snapshot_->set->make_scratch();
  }
  matches_.clear();
  observations_.clear();
  snapshot_->set->match(records, *scratch_, matches_);
  if (matches_.empty()) return std::nullopt;
  matches_total.add(matches_.size());
  for (const auto& match : matches_) {
    const auto& rule = snapshot_->rules[match.rule];
    const auto record = records[match.record];
    rule.counters->matches.fetch_add(1, std::memory_order_relaxed);
    rule.counters->last_match_ticks.store(record.header().origin.received_at.time_since_epoch().count(),
                                          std::memory_order_relaxed);
    if (events) observations_.push_back({match.record, match.rule});
    if (!rule.enabled || !rule.standalone) continue;
    writer_.add(alert_of(rule.alert, record), now);
  }
  if (events) snapshot_->plan->collect(*snapshot_->set, records, observations_, *events);
  if (writer_.row_count() == 0) return std::nullopt;
  alerts_total.add(writer_.row_count());
  return writer_.finish();
}

}  // namespace yagura::detect
