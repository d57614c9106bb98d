#include "detect/alert_throttle.hpp"

#include "base/metrics.hpp"
#include "detect/correlation_window.hpp"

namespace yagura::detect {

namespace {

constexpr std::size_t kMostWindows = 50'000;
constexpr std::size_t kMostRecord = 4'096;  // bytes of a record that a window keeps
constexpr std::size_t kMostPositions = 100;
constexpr std::uint64_t kMostKept = 1'000'000;  // of anything in a state: more is damage

// A rule of which nobody knows any more: what was counted of it is still said.
const RunningRule* find_rule(const RuleSnapshot& rules, const std::string& id) {
  const auto known = rules.by_id.find(id);
  return known == rules.by_id.end() ? nullptr : known->second;
}

std::uint64_t ticks_of(auto time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

}  // namespace

void AlertThrottle::fold(Window& window, const Alert& alert) {
  if (window.folded++ == 0) {
    window.start = alert.start;
    window.last = alert.end;
    window.item_id = alert.item_id;
    if (alert.record_json.size() <= kMostRecord) window.record_json = alert.record_json;
    window.entities = alert.entities;
  }
  window.start = std::min(window.start, alert.start);
  window.last = std::max(window.last, alert.end);
  window.received_at = std::max(window.received_at, alert.received_at);
  window.position = std::max(window.position, alert.position);
  if (window.positions.size() < kMostPositions) window.positions.push_back(alert.position);
}

bool AlertThrottle::pass(const Alert& alert, const RunningRule& rule) {
  const auto& throttle = rule.throttle ? rule.throttle : usual_;
  if (!throttle || throttle->period.count() <= 0) return true;
  std::string key = rule.alert.id;
  key += '\0';
  key += alert.throttle_key;
  auto known = windows_.find(key);
  if (known == windows_.end()) {
    if (windows_.size() >= kMostWindows) return true;
    known = windows_.try_emplace(key).first;
    known->second.rule_id = rule.alert.id;
    known->second.end = alert.received_at + throttle->period;
    ends_.emplace(known->second.end, key);
  }
  Window& window = known->second;
  if (window.passed < throttle->most) {
    ++window.passed;
    return true;
  }
  fold(window, alert);
  return false;
}

void AlertThrottle::advance(ReceiveTime received_up_to, const RuleSnapshot& rules, std::vector<Alert>& alerts) {
  while (!ends_.empty() && ends_.begin()->first <= received_up_to) {
    const auto known = windows_.find(ends_.begin()->second);
    ends_.erase(ends_.begin());
    auto node = windows_.extract(known);
    Window& window = node.mapped();
    if (window.folded == 0) continue;
    const auto* rule = find_rule(rules, window.rule_id);
    if (rule == nullptr) {
      static Counter& lost = metrics().counter("yagura_alerts_of_gone_rules_total",
                                               "Alerts that were folded into one of a rule that was removed before it was written");
      lost.add(window.folded);
      continue;
    }
    Alert alert;
    alert.rule = &rule->alert;
    alert.id = alert_id(window.rule_id, fmt::format("folded {} {}", ticks_of(window.end), node.key()));
    alert.start = window.start;
    alert.end = window.last;
    alert.received_at = window.received_at;
    alert.position = window.position;
    alert.item_id = window.item_id;
    alert.record_json = std::move(window.record_json);
    alert.entities = std::move(window.entities);
    alert.event_count = window.folded;
    alert.positions = std::move(window.positions);
    alert.is_folded = true;
    alerts.push_back(std::move(alert));
  }
}

std::optional<ReceiveTime> AlertThrottle::next_due() const {
  for (const auto& [end, key] : ends_)
    if (windows_.find(key)->second.folded != 0) return end;
  return std::nullopt;
}

void AlertThrottle::write(std::string& out) const {
  StateWriter writer(out);
  writer.number(windows_.size());
  for (const auto& [key, window] : windows_) {
    writer.text(key);
    writer.text(window.rule_id);
    for (const auto number : {ticks_of(window.end), window.passed, window.folded, ticks_of(window.start), ticks_of(window.last),
                              ticks_of(window.received_at), window.position.number(), window.item_id.high, window.item_id.low})
      writer.number(number);
    writer.text(window.record_json);
    writer.number(window.entities.size());
    for (const auto& entity : window.entities) {
      writer.text(entity.type);
      writer.number(entity.properties.size());
      for (const auto& [name, value] : entity.properties) {
        writer.text(name);
        writer.text(value);
      }
    }
    writer.number(window.positions.size());
    for (const auto position : window.positions) writer.number(position.number());
  }
}

Result<> AlertThrottle::read(std::string_view state) {
  StateReader reader(state);
  const auto count_of = [&](std::uint64_t most) -> Result<std::uint64_t> {
    const auto count = TRY(reader.number());
    if (count > most) return fail(ErrorKind::corrupt, "the state of the alerts counts {} where {} are the most", count, most);
    return count;
  };
  const auto count = TRY(count_of(kMostWindows));
  for (std::uint64_t i = 0; i < count; ++i) {
    auto key = TRY(reader.text());
    Window window;
    window.rule_id = TRY(reader.text());
    window.end = receive_time(static_cast<std::int64_t>(TRY(reader.number())));
    window.passed = TRY(reader.number());
    window.folded = TRY(reader.number());
    window.start = TRY(reader.ticks());
    window.last = TRY(reader.ticks());
    window.received_at = receive_time(static_cast<std::int64_t>(TRY(reader.number())));
    window.position = Position(TRY(reader.number()));
    window.item_id.high = TRY(reader.number());
    window.item_id.low = TRY(reader.number());
    window.record_json = TRY(reader.text());
    const auto entities = TRY(count_of(kMostKept));
    for (std::uint64_t e = 0; e < entities; ++e) {
      Entity entity;
      entity.type = TRY(reader.text());
      const auto properties = TRY(count_of(kMostKept));
      for (std::uint64_t p = 0; p < properties; ++p) {
        auto name = TRY(reader.text());
        entity.properties.emplace_back(std::move(name), TRY(reader.text()));
      }
      window.entities.push_back(std::move(entity));
    }
    const auto positions = TRY(count_of(kMostPositions));
    for (std::uint64_t p = 0; p < positions; ++p) window.positions.emplace_back(TRY(reader.number()));
    ends_.emplace(window.end, key);
    windows_.insert_or_assign(std::move(key), std::move(window));
  }
  return {};
}

}  // namespace yagura::detect
