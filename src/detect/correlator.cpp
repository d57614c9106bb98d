#include "detect/correlator.hpp"

#include <cmath>

#include "base/text.hpp"

namespace yagura::detect {

namespace {

constexpr std::string_view kMagic = "YGCOR1";

// The values of one group as text that can be taken apart again.
std::string group_key(const std::vector<std::string_view>& values) {
  std::string key;
  StateWriter writer(key);
  for (const auto value : values) writer.text(value);
  return key;
}

}  // namespace

void Correlator::adopt(std::shared_ptr<const RuleSnapshot> snapshot) {
  if (snapshot == snapshot_) return;
  const auto before = std::exchange(snapshot_, std::move(snapshot));
  const auto& plan = *snapshot_->plan;
  if (!before) {
    groups_.resize(plan.correlations().size());
    return;
  }
  // Groups of correlations that are still there as they were.
  const auto& old_plan = *before->plan;
  std::map<std::string, std::uint32_t> numbers;
  for (std::uint32_t c = 0; c < plan.correlations().size(); ++c)
    numbers.emplace(plan.correlations()[c].rule.metadata.identity(), c);
  std::vector<std::unordered_map<std::string, Group>> groups(plan.correlations().size());
  for (auto quiet = quiet_.begin(); quiet != quiet_.end();) {
    const auto& old = old_plan.correlations()[quiet->correlation];
    const auto now = numbers.find(old.rule.metadata.identity());
    if (now == numbers.end() || plan.correlations()[now->second].definition != old.definition) {
      quiet = quiet_.erase(quiet);
      continue;
    }
    groups[now->second].insert(groups_[quiet->correlation].extract(quiet->key));
    quiet->correlation = now->second;
    ++quiet;
  }
  groups_ = std::move(groups);
  // Waiting events of sources that are still wanted with the same fields.
  std::multimap<Order, CorrelationEvent> waiting;
  for (auto& [order, event] : waiting_) {
    const auto& old = old_plan.sources()[event.source];
    const auto now = std::ranges::find(plan.sources(), old.reference, &CorrelationPlan::Source::reference);
    if (now == plan.sources().end() || now->fields != old.fields) continue;
    event.source = static_cast<std::uint32_t>(now - plan.sources().begin());
    Order moved = order;
    moved.source = event.source;
    waiting.emplace(moved, std::move(event));
  }
  waiting_ = std::move(waiting);
}

void Correlator::add(std::vector<CorrelationEvent> events) {
  for (auto& event : events) {
    // A clock that runs ahead must not make its events wait for ever.
    const EventTime latest = assume_event_time(event.received_at) + options_.lateness;
    if (event.received_at.time_since_epoch().count() != 0 && event.time > latest) event.time = latest;
    if (event.time < watermark_) ++counts_.late;
    waiting_.emplace(Order{event.time, event.position, event.index_in_entry, event.source}, std::move(event));
  }
}

void Correlator::work_until(EventTime watermark, std::vector<Alert>& alerts) {
  while (!waiting_.empty() && (waiting_.begin()->first.time <= watermark || waiting_.size() > options_.max_waiting)) {
    const auto node = waiting_.extract(waiting_.begin());
    watermark_ = std::max(watermark_, node.mapped().time);
    work(node.mapped(), alerts);
  }
}

void Correlator::advance(ReceiveTime received_up_to, std::vector<Alert>& alerts) {
  const EventTime watermark = assume_event_time(received_up_to) - options_.lateness;
  work_until(watermark, alerts);
  watermark_ = std::max(watermark_, watermark);
  // Groups that nothing can complete any more.
  const auto& correlations = snapshot_->plan->correlations();
  while (!quiet_.empty()) {
    const Quiet& quietest = quiet_.front();
    const auto& group = groups_[quietest.correlation].at(quietest.key);
    if (watermark_ - group.window.last_time() <= correlations[quietest.correlation].rule.timespan) break;
    forget(quietest.correlation, std::string(quietest.key));
  }
}

void Correlator::finish(std::vector<Alert>& alerts) { work_until(EventTime::max(), alerts); }

void Correlator::forget(std::uint32_t correlation, const std::string& key) {
  const auto known = groups_[correlation].find(key);
  quiet_.erase(known->second.quiet);
  groups_[correlation].erase(known);
}

void Correlator::work(const CorrelationEvent& event, std::vector<Alert>& alerts) {
  const auto& plan = *snapshot_->plan;
  for (const auto& consumer : plan.sources()[event.source].consumers) {
    const auto& correlation = plan.correlations()[consumer.correlation];
    std::vector<std::string_view> values;
    for (const auto field : consumer.group_by)
      if (event.values[field]) values.push_back(*event.values[field]);
    if (values.size() != consumer.group_by.size()) {  // without the field it belongs to no group
      ++counts_.ungrouped;
      continue;
    }
    WindowEvent one;
    one.time = event.time;
    one.position = event.position;
    one.index = event.index_in_entry;
    std::vector<std::string_view> parts;
    for (const auto field : consumer.values)
      if (event.values[field]) parts.push_back(*event.values[field]);
    if (!parts.empty() && parts.size() == consumer.values.size()) {
      one.value = group_key(parts);
      if (parts.size() == 1) one.number = parse_double(trim(parts.front()));
      if (one.number && !std::isfinite(*one.number)) one.number.reset();
    }
    std::string key = group_key(values);
    auto& groups = groups_[consumer.correlation];
    auto [group, fresh] = groups.try_emplace(key);
    if (fresh) {
      group->second.quiet = quiet_.insert(quiet_.end(), {consumer.correlation, key});
      if (quiet_.size() > options_.max_groups) {
        ++counts_.forgotten_groups;
        forget(quiet_.front().correlation, std::string(quiet_.front().key));
      }
    } else {
      quiet_.splice(quiet_.end(), quiet_, group->second.quiet);
    }
    const auto completion = group->second.window.add(correlation.rule, std::move(one), consumer.places);
    if (group->second.window.size() == 0) forget(consumer.correlation, key);
    if (completion) fire(consumer.correlation, consumer, event, *completion, alerts);
  }
}

void Correlator::fire(std::uint32_t number, const CorrelationPlan::Consumer& consumer, const CorrelationEvent& event,
                      const Completion& completion, std::vector<Alert>& alerts) {
  const auto& plan = *snapshot_->plan;
  const auto& correlation = plan.correlations()[number];
  const auto& running = snapshot_->correlations[number];
  running.counters->matches.fetch_add(1, std::memory_order_relaxed);
  running.counters->last_match_ticks.store(event.received_at.time_since_epoch().count(), std::memory_order_relaxed);
  if (running.enabled && correlation.standalone) {
    Alert alert;
    alert.rule = &running.alert;
    std::string identity;
    StateWriter writer(identity);
    writer.ticks(event.time);
    identity += to_string(event.item_id);
    for (std::size_t i = 0; i < consumer.group_by.size(); ++i) {
      const auto& value = *event.values[consumer.group_by[i]];
      alert.group.emplace_back(correlation.rule.group_by[i], value);
      writer.text(value);
    }
    alert.id = alert_id(running.alert.id, identity);
    alert.start = completion.start;
    alert.end = event.time;
    alert.received_at = event.received_at;
    alert.position = event.position;
    alert.index_in_entry = event.index_in_entry;
    alert.item_id = event.item_id;
    alert.record_json = event.record_json;
    alert.entities = event.entities;
    alert.event_count = completion.count;
    alert.positions = completion.positions;
    alerts.push_back(std::move(alert));
    ++counts_.alerts;
  }
  if (!correlation.as_source) return;
  // For the correlations above: an event of its own, with the group's values and those of the event that completed it.
  const auto& below = plan.sources()[event.source];
  CorrelationEvent made;
  made.time = event.time;
  made.received_at = event.received_at;
  made.position = event.position;
  made.index_in_entry = event.index_in_entry;
  made.item_id = event.item_id;
  made.source = *correlation.as_source;
  made.record_json = event.record_json;
  made.entities = event.entities;
  for (const auto& field : plan.sources()[made.source].fields) {
    const auto group_field = std::ranges::find(correlation.rule.group_by, field);
    std::optional<std::string> value;
    if (group_field != correlation.rule.group_by.end()) {
      value =
          event.values[consumer.group_by[static_cast<std::size_t>(group_field - correlation.rule.group_by.begin())]];
    } else if (const auto known = std::ranges::find(below.fields, field); known != below.fields.end()) {
      value = event.values[static_cast<std::size_t>(known - below.fields.begin())];
    }
    made.values.push_back(std::move(value));
  }
  work(made, alerts);  // as deep as the chain, which has no circle
}

std::string Correlator::source_name(std::uint32_t source) const { return snapshot_->plan->sources()[source].reference; }

std::string Correlator::checkpoint() const {
  std::string out(kMagic);
  StateWriter writer(out);
  writer.ticks(watermark_);
  for (const auto count : {counts_.late, counts_.ungrouped, counts_.forgotten_groups, counts_.alerts})
    writer.number(count);
  writer.number(waiting_.size());
  for (const auto& [order, event] : waiting_) {
    writer.text(source_name(event.source));
    writer.ticks(event.time);
    writer.number(static_cast<std::uint64_t>(event.received_at.time_since_epoch().count()));
    writer.number(event.position.number());
    writer.number(event.index_in_entry);
    writer.number(event.item_id.high);
    writer.number(event.item_id.low);
    const auto& fields = snapshot_->plan->sources()[event.source].fields;
    writer.number(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      writer.text(fields[i]);
      writer.number(event.values[i] ? 1 : 0);
      if (event.values[i]) writer.text(*event.values[i]);
    }
    writer.text(event.record_json);
    writer.number(event.entities.size());
    for (const auto& entity : event.entities) {
      writer.text(entity.type);
      writer.number(entity.properties.size());
      for (const auto& [name, value] : entity.properties) {
        writer.text(name);
        writer.text(value);
      }
    }
  }
  writer.number(quiet_.size());
  for (const auto& quiet : quiet_) {
    const auto& correlation = snapshot_->plan->correlations()[quiet.correlation];
    writer.text(correlation.rule.metadata.identity());
    writer.number(correlation.definition);
    writer.text(quiet.key);
    std::string window;
    StateWriter window_writer(window);
    groups_[quiet.correlation].at(quiet.key).window.write(window_writer);
    writer.text(window);
  }
  return out;
}

Result<> Correlator::restore(std::string_view state) {
  if (!state.starts_with(kMagic)) return fail(ErrorKind::corrupt, "this is not the state of correlations");
  StateReader reader(state.substr(kMagic.size()));
  const auto& plan = *snapshot_->plan;
  watermark_ = TRY(reader.ticks());
  for (auto* count : {&counts_.late, &counts_.ungrouped, &counts_.forgotten_groups, &counts_.alerts})
    *count = TRY(reader.number());
  const auto waiting = TRY(reader.number());
  for (std::uint64_t i = 0; i < waiting; ++i) {
    CorrelationEvent event;
    const auto name = TRY(reader.text());
    event.time = TRY(reader.ticks());
    event.received_at = receive_time(static_cast<std::int64_t>(TRY(reader.number())));
    event.position = Position(TRY(reader.number()));
    event.index_in_entry = static_cast<std::uint32_t>(TRY(reader.number()));
    event.item_id.high = TRY(reader.number());
    event.item_id.low = TRY(reader.number());
    std::map<std::string, std::optional<std::string>> values;
    const auto fields = TRY(reader.number());
    for (std::uint64_t f = 0; f < fields; ++f) {
      auto field = TRY(reader.text());
      auto& value = values[std::move(field)];
      if (TRY(reader.number()) != 0) value = TRY(reader.text());
    }
    event.record_json = TRY(reader.text());
    const auto entities = TRY(reader.number());
    for (std::uint64_t e = 0; e < entities; ++e) {
      Entity entity;
      entity.type = TRY(reader.text());
      const auto properties = TRY(reader.number());
      for (std::uint64_t p = 0; p < properties; ++p) {
        auto property = TRY(reader.text());
        entity.properties.emplace_back(std::move(property), TRY(reader.text()));
      }
      event.entities.push_back(std::move(entity));
    }
    const auto source = std::ranges::find(plan.sources(), name, &CorrelationPlan::Source::reference);
    if (source == plan.sources().end()) continue;
    event.source = static_cast<std::uint32_t>(source - plan.sources().begin());
    for (const auto& field : source->fields) event.values.push_back(values[field]);
    waiting_.emplace(Order{event.time, event.position, event.index_in_entry, event.source}, std::move(event));
  }
  const auto groups = TRY(reader.number());
  for (std::uint64_t i = 0; i < groups; ++i) {
    const auto name = TRY(reader.text());
    const auto definition = TRY(reader.number());
    auto key = TRY(reader.text());
    const auto window = TRY(reader.text());
    const auto known = std::ranges::find_if(plan.correlations(), [&](const auto& c) {
      return c.rule.metadata.identity() == name && c.definition == definition;
    });
    if (known == plan.correlations().end()) continue;
    const auto number = static_cast<std::uint32_t>(known - plan.correlations().begin());
    const auto [group, fresh] = groups_[number].try_emplace(key);
    if (!fresh) return fail(ErrorKind::corrupt, "the state of the correlations has a group twice");
    StateReader window_reader(window);
    TRY(group->second.window.read(window_reader));
    group->second.quiet = quiet_.insert(quiet_.end(), {number, std::move(key)});
  }
  return {};
}

CorrelatorStatus Correlator::status() const {
  CorrelatorStatus status = counts_;
  status.waiting = waiting_.size();
  status.groups = quiet_.size();
  return status;
}

}  // namespace yagura::detect
