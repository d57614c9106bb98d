#include "detect/stream_detector.hpp"

#include "base/metrics.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/field_values.hpp"

namespace yagura::detect {

namespace {

// The text of the field's first value, as groups and conditions compare it.
std::optional<std::string> text_of(const sigma::RuleSet& set, const event::Record& record, std::string_view field) {
  std::vector<event::Value> leaves;
  set.field_values(record, field, leaves);
  char buffer[sigma::kNumberTextSize];
  const auto text = leaves.empty() ? std::nullopt : sigma::leaf_text(leaves.front(), buffer);
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

}  // namespace

bool StreamDetector::Worker::supply(const RecordSupplier* supplier, event::RecordBatch& records, std::size_t record) {
  if (supplier == nullptr || records[record].header().added_field_count != 0) return false;
  const event::RecordHeader before = records[record].header();
  if (!(*supplier)(records, record)) return false;
  supplied_.emplace_back(record, before);
  return true;
}

bool StreamDetector::Worker::suppressed(const RunningRule& rule, const event::Record& record) const {
  for (const auto* one : rule.suppressions) {
    const auto received = record.header().origin.received_at;
    if (received < one->from || received >= one->until) continue;
    const bool all = std::ranges::all_of(one->conditions, [&](const auto& condition) {
      const auto text = text_of(*snapshot_->set, record, condition.first);
      return text && condition.second.matches(sigma::folded(*text));
    });
    if (all) return true;
  }
  return false;
}

void StreamDetector::Worker::count_costs() {
  costs_.resize(snapshot_->rules.size());
  scratch_->drain_costs(costs_);
  for (std::size_t i = 0; i < costs_.size(); ++i) {
    auto& cost = costs_[i];
    if (cost.considered == 0 && cost.evaluated == 0) continue;
    auto& counters = *snapshot_->rules[i].counters;
    counters.considered.fetch_add(cost.considered, std::memory_order_relaxed);
    if (cost.evaluated != 0) counters.evaluated.fetch_add(cost.evaluated, std::memory_order_relaxed);
    if (cost.samples != 0) {
      counters.samples.fetch_add(cost.samples, std::memory_order_relaxed);
      counters.nanoseconds.fetch_add(cost.nanoseconds, std::memory_order_relaxed);
    }
    cost = {};
  }
}

void StreamDetector::Worker::observe(event::RecordBatch& records, const RecordSupplier* supplier, BlockFindings& out) {
  static Counter& matches_total = metrics().counter("yagura_rule_matches_total", "Matches of rules on the stream, alerts or not");
  static Counter& suppressed_total =
      metrics().counter("yagura_alerts_suppressed_total", "Alerts that an operator's suppression did not want");
  auto newest = detector_.library_.current();
  if (newest != snapshot_) {
    if (scratch_ && snapshot_) count_costs();
    costs_.clear();
    snapshot_ = std::move(newest);
    scratch_ = snapshot_->set->make_scratch();
    batches_ = 0;
  }
  out.snapshot = snapshot_;
  matches_.clear();
  observations_.clear();
  supplied_.clear();
  const sigma::FieldSupplier add_fields = [&](std::size_t record) { return supply(supplier, records, record); };
  snapshot_->set->match(records, *scratch_, matches_, supplier != nullptr ? &add_fields : nullptr);
  // Thousands of rules are considered for each block: a small block is not made to pay for that.
  if (records.size() >= 1'000 || ++batches_ % 64 == 0) count_costs();
  if (!matches_.empty()) matches_total.add(matches_.size());
  for (const auto& match : matches_) {
    const auto& rule = snapshot_->rules[match.rule];
    rule.counters->matches.fetch_add(1, std::memory_order_relaxed);
    rule.counters->last_match_ticks.store(records[match.record].header().origin.received_at.time_since_epoch().count(),
                                          std::memory_order_relaxed);
    if (rule.switched_off) continue;
    const bool counted = snapshot_->plan->wants(match.rule), alerts = rule.enabled && rule.standalone;
    if (!counted && !alerts) continue;
    if (rule.wants_supplied || !rule.suppressions.empty() || (rule.throttle && !rule.throttle->by.empty()))
      supply(supplier, records, match.record);
    const auto record = records[match.record];
    if (!rule.suppressions.empty() && suppressed(rule, record)) {
      rule.counters->suppressed.fetch_add(1, std::memory_order_relaxed);
      suppressed_total.add();
      continue;
    }
    if (counted) observations_.push_back({match.record, match.rule});
    if (!alerts) continue;
    Alert alert = alert_of(rule.alert, record);
    if (rule.throttle)
      for (const auto& field : rule.throttle->by) {
        const auto text = text_of(*snapshot_->set, record, field);
        alert.throttle_key += text ? "\1" + text->substr(0, 256) : std::string(1, '\2');
      }
    out.alerts.push_back(std::move(alert));
  }
  snapshot_->plan->collect(*snapshot_->set, records, observations_, out.events);
  // What is stored does not depend on which rules there are.
  for (const auto& [record, before] : supplied_) records.header(record) = before;
}

std::optional<event::TableBatch> StreamDetector::Worker::observe(const event::RecordBatch& records, ReceiveTime now,
                                                                 std::vector<CorrelationEvent>* events) {
  BlockFindings findings;
  observe(const_cast<event::RecordBatch&>(records), nullptr, findings);  // without a supplier nothing is added
  if (events) std::ranges::move(findings.events, std::back_inserter(*events));
  for (const auto& alert : findings.alerts) writer_.add(alert, now);
  if (writer_.row_count() == 0) return std::nullopt;
  return writer_.finish();
}

}  // namespace yagura::detect
