#include "detect/alert_desk.hpp"

#include "base/metrics.hpp"
#include "sigma/case_fold.hpp"

namespace yagura::detect {

namespace {

constexpr std::string_view kMagic = "YGDESK1";

// A correlation's alert is about its group: a condition on another field says nothing of it.
bool suppressed(const Alert& alert, const RunningRule& rule) {
  return std::ranges::any_of(rule.suppressions, [&](const AlertSuppression* one) {
    if (alert.received_at < one->from || alert.received_at >= one->until) return false;
    return std::ranges::all_of(one->conditions, [&](const auto& condition) {
      const auto value = std::ranges::find(alert.group, condition.first, [](const auto& entry) -> const std::string& { return entry.first; });
      return value != alert.group.end() && condition.second.matches(sigma::folded(value->second));
    });
  });
}

}  // namespace

std::size_t BlockFindings::bytes() const {
  std::size_t bytes = 0;
  for (const auto& alert : alerts) bytes += sizeof alert + alert.record_json.size() + alert.entities.size() * 200;
  for (const auto& event : events) bytes += sizeof event + event.record_json.size() + event.entities.size() * 200 + event.values.size() * 60;
  return bytes;
}

AlertDesk::AlertDesk(event::TableSchema alert_schema, AlertDeskOptions options, std::shared_ptr<const RuleSnapshot> snapshot)
    : schema_(std::move(alert_schema)), correlator_(options.correlation), throttle_(std::move(options.throttle)), writer_(schema_) {
  adopt(std::move(snapshot));
}

void AlertDesk::adopt(std::shared_ptr<const RuleSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  correlator_.adopt(snapshot_);
}

void AlertDesk::write(const Alert& alert) {
  if (stored_before_) return;
  static Counter& written = metrics().counter("yagura_alerts_total", "Alerts raised by rules on the stream");
  written.add();
  writer_.add(alert, now_);
}

void AlertDesk::raise(Alert& alert, const RunningRule& rule) {
  if (!throttle_.pass(alert, rule)) {
    static Counter& folded =
        metrics().counter("yagura_alerts_throttled_total", "Alerts that were counted in another one because a rule raised too many");
    folded.add();
    rule.counters->throttled.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  rule.counters->alerts.fetch_add(1, std::memory_order_relaxed);
  write(alert);
}

void AlertDesk::advance(ReceiveTime received_up_to) {
  raised_.clear();
  throttle_.advance(received_up_to, *snapshot_, raised_);
  for (const auto& alert : raised_) write(alert);
  raised_.clear();
  correlator_.advance(received_up_to, raised_);
  for (auto& alert : raised_) {
    const auto rule = snapshot_->by_id.find(alert.rule->id);
    if (rule == snapshot_->by_id.end()) continue;
    if (suppressed(alert, *rule->second)) {
      rule->second->counters->suppressed.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    raise(alert, *rule->second);
  }
}

void AlertDesk::see(BlockFindings findings, bool stored_before, ReceiveTime now) {
  stored_before_ = stored_before;
  now_ = now;
  // Workers may be a reload apart: never back to older rules.
  if (findings.snapshot && findings.snapshot->generation > snapshot_->generation) adopt(findings.snapshot);
  auto alert = findings.alerts.begin();
  const auto raise_up_to = [&](Position position) {
    for (; alert != findings.alerts.end() && alert->position <= position; ++alert) {
      advance(alert->received_at);
      const auto& rules = findings.snapshot->by_id;
      if (const auto rule = rules.find(alert->rule->id); rule != rules.end()) raise(*alert, *rule->second);
    }
  };
  for (auto& event : findings.events) {
    raise_up_to(event.position);
    advance(event.received_at);
    std::vector<CorrelationEvent> one;
    one.push_back(std::move(event));
    correlator_.add(std::move(one), findings.snapshot.get());
  }
  raise_up_to(Position(std::numeric_limits<std::uint64_t>::max()));
  advance(findings.received_up_to);
  stored_before_ = false;
}

event::TableBatch AlertDesk::finish_cut() { return writer_.finish(); }

std::optional<ReceiveTime> AlertDesk::next_due() const {
  const auto correlation = correlator_.next_due(), throttle = throttle_.next_due();
  if (!correlation || !throttle) return correlation ? correlation : throttle;
  return std::min(*correlation, *throttle);
}

std::string AlertDesk::checkpoint() const {
  std::string out(kMagic);
  StateWriter writer(out);
  std::string part;
  throttle_.write(part);
  writer.text(part);
  writer.text(correlator_.checkpoint());
  return out;
}

Result<> AlertDesk::restore(std::string_view state) {
  if (!state.starts_with(kMagic)) return fail(ErrorKind::corrupt, "this is not the state of alerts and correlations");
  StateReader reader(state.substr(kMagic.size()));
  const auto throttle = TRY(reader.text());
  const auto correlation = TRY(reader.text());
  TRY(throttle_.read(throttle));
  return correlator_.restore(correlation);
}

}  // namespace yagura::detect
