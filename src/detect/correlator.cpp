#include "detect/correlator.hpp"

#include <cmath>

#include "base/text.hpp"

namespace yagura::detect {

namespace {

constexpr std::string_view kMagic = "YGCOR2";

// The values of one group as text that can be taken apart again.
std::string group_key(const std::vector<std::string_view>& values) {
  std::string key;
  StateWriter writer(key);
  for (const auto value : values) writer.text(value);
  return key;
}

// The source in another plan that is the same rule and brings the same fields.
std::optional<std::uint32_t> same_source(const CorrelationPlan& from, std::uint32_t source, const CorrelationPlan& to) {
  const auto& old = from.sources()[source];
  const auto now = std::ranges::find(to.sources(), old.reference, &CorrelationPlan::Source::reference);
  if (now == to.sources().end() || now->fields != old.fields) return std::nullopt;
  return static_cast<std::uint32_t>(now - to.sources().begin());
}

}  // namespace

void Correlator::adopt(std::shared_ptr<const RuleSnapshot> snapshot) {
  if (snapshot == snapshot_) return;
  const auto before = std::exchange(snapshot_, std::move(snapshot));
  const auto& plan = *snapshot_->plan;
  if (!before) {
    groups_.resize(plan.correlations().size());
    lanes_.resize(plan.lane_count());
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
      window_events_ -= groups_[quiet->correlation].at(quiet->key).window.size();
      quiet = quiet_.erase(quiet);
      continue;
    }
    groups[now->second].insert(groups_[quiet->correlation].extract(quiet->key));
    quiet->correlation = now->second;
    ++quiet;
  }
  groups_ = std::move(groups);
  // Events that wait, as far as they are still wanted.
  auto lanes = std::exchange(lanes_, std::vector<Lane>(plan.lane_count()));
  due_.clear();
  waiting_size_ = 0;
  for (auto& lane : lanes)
    for (auto& [order, event] : lane.waiting)
      if (const auto source = same_source(old_plan, event.source, plan)) {
        event.source = *source;
        enqueue(std::move(event));
      }
}

std::size_t Correlator::size_of(const CorrelationEvent& event) {
  std::size_t size = sizeof event + 200 + event.record_json.size();
  for (const auto& value : event.values) size += sizeof value + (value ? value->size() : 0);
  for (const auto& entity : event.entities)
    for (const auto& [name, value] : entity.properties) size += 100 + value.size();
  return size;
}

ReceiveTime Correlator::due_of(const CorrelationEvent& event) const {
  return std::max(event.received_at, receive_time(event.time.time_since_epoch().count())) + options_.lateness;
}

void Correlator::enqueue(CorrelationEvent event) {
  const Order order{event.time, event.position, event.index_in_entry, event.source};
  const ReceiveTime due = due_of(event);
  const std::size_t size = size_of(event);
  if (!lanes_[snapshot_->plan->sources()[event.source].lane].waiting.try_emplace(order, std::move(event)).second) return;
  due_.insert({due, order});
  waiting_size_ += size;
}

void Correlator::add(std::vector<CorrelationEvent> events, const RuleSnapshot* of) {
  for (auto& event : events) {
    if (of != nullptr && of != snapshot_.get()) {
      const auto source = same_source(*of->plan, event.source, *snapshot_->plan);
      if (!source) continue;
      event.source = *source;
    }
    // A clock that runs ahead must not make its events wait for ever.
    const EventTime latest = assume_event_time(event.received_at) + options_.lateness;
    if (event.received_at.time_since_epoch().count() != 0 && event.time > latest) event.time = latest;
    enqueue(std::move(event));
  }
}

// Works on an event that is due, and before it on all of its lane that are earlier.
void Correlator::release(const Due& due, std::vector<Alert>& alerts) {
  auto& lane = lanes_[snapshot_->plan->sources()[due.order.source].lane];
  const Order until = due.order;
  while (!lane.waiting.empty() && lane.waiting.begin()->first <= until) {
    auto node = lane.waiting.extract(lane.waiting.begin());
    const auto& event = node.mapped();
    due_.erase({due_of(event), node.key()});
    waiting_size_ -= size_of(event);
    if (event.time < lane.released) ++counts_.late;
    lane.released = std::max(lane.released, event.time);
    work(event, alerts);
  }
}

void Correlator::advance(ReceiveTime received_up_to, std::vector<Alert>& alerts) {
  received_ = std::max(received_, received_up_to);
  while (!due_.empty() && (due_.begin()->at <= received_ || due_.size() > options_.max_waiting ||
                           waiting_size_ > options_.max_waiting_size.count()))
    release(Due(*due_.begin()), alerts);
  // Groups that nothing can complete any more.
  const auto& correlations = snapshot_->plan->correlations();
  while (!quiet_.empty()) {
    const Quiet& quietest = quiet_.front();
    const auto& group = groups_[quietest.correlation].at(quietest.key);
    const Ticks keep = Ticks(correlations[quietest.correlation].rule.timespan) + 2 * Ticks(options_.lateness) + Ticks(options_.keep_quiet);
    if (received_ - group.last_received <= keep) break;
    forget(quietest.correlation, std::string(quietest.key));
  }
}

void Correlator::finish(std::vector<Alert>& alerts) {
  while (!due_.empty()) release(Due(*due_.begin()), alerts);
}

std::optional<ReceiveTime> Correlator::next_due() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->at);
}

// Too many groups, or too much in them.
void Correlator::evict() {
  while (quiet_.size() > options_.max_groups || (window_events_ > options_.max_window_events && quiet_.size() > 1)) {
    ++counts_.forgotten_groups;
    forget(quiet_.front().correlation, std::string(quiet_.front().key));
  }
}

void Correlator::forget(std::uint32_t correlation, const std::string& key) {
  const auto known = groups_[correlation].find(key);
  window_events_ -= known->second.window.size();
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
    } else {
      quiet_.splice(quiet_.end(), quiet_, group->second.quiet);
    }
    group->second.last_received = std::max(group->second.last_received, event.received_at);
    window_events_ -= group->second.window.size();
    const auto completion = group->second.window.add(correlation.rule, std::move(one), consumer.places);
    window_events_ += group->second.window.size();
    if (group->second.window.size() == 0) forget(consumer.correlation, key);
    evict();
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
  writer.number(static_cast<std::uint64_t>(received_.time_since_epoch().count()));
  for (const auto count : {counts_.late, counts_.ungrouped, counts_.forgotten_groups, counts_.alerts})
    writer.number(count);
  writer.number(due_.size());
  for (const auto& lane : lanes_)
  for (const auto& [order, event] : lane.waiting) {
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
    writer.number(static_cast<std::uint64_t>(groups_[quiet.correlation].at(quiet.key).last_received.time_since_epoch().count()));
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
  received_ = receive_time(static_cast<std::int64_t>(TRY(reader.number())));
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
    enqueue(std::move(event));
  }
  const auto groups = TRY(reader.number());
  for (std::uint64_t i = 0; i < groups; ++i) {
    const auto name = TRY(reader.text());
    const auto definition = TRY(reader.number());
    auto key = TRY(reader.text());
    const auto last_received = receive_time(static_cast<std::int64_t>(TRY(reader.number())));
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
    group->second.last_received = last_received;
    window_events_ += group->second.window.size();
    group->second.quiet = quiet_.insert(quiet_.end(), {number, std::move(key)});
  }
  return {};
}

CorrelatorStatus Correlator::status() const {
  CorrelatorStatus status = counts_;
  status.waiting = due_.size();
  status.window_events = window_events_;
  status.groups = quiet_.size();
  return status;
}

}  // namespace yagura::detect
