#include "detect/correlation_window.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "sigma/field_values.hpp"

namespace yagura::detect {

using sigma::CorrelationRule;
using sigma::CorrelationType;

namespace {

constexpr std::size_t kMostEvents = 100'000;  // of one group; the oldest go first
constexpr std::size_t kMostRanked = 10'000;   // when each event means sorting them
constexpr std::size_t kMostPositions = 100;

bool all_hold(const std::vector<std::pair<sigma::Comparison, sigma::Number>>& bounds, const sigma::Number& value) {
  return std::ranges::all_of(
      bounds, [&](const auto& bound) { return sigma::holds(bound.first, compare(value, bound.second)); });
}

// Linear interpolation between the closest ranks, as most query languages have it.
double percentile(std::vector<double> values, double wanted) {
  std::ranges::sort(values);
  const double rank = wanted / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (values[below + 1] - values[below]) * (rank - static_cast<double>(below));
}

// An "extended" condition: names of rules, true when the rule has matched within the timespan.
bool expression_holds(const sigma::Condition& condition, const CorrelationRule& rule, const std::vector<bool>& seen) {
  using Kind = sigma::Condition::Kind;
  switch (condition.kind) {
    case Kind::identifier: {
      for (std::size_t i = 0; i < rule.rules.size(); ++i)
        if (rule.rules[i] == condition.name && seen[i]) return true;
      return false;
    }
    case Kind::selector: {
      std::vector<sigma::SearchIdentifier> names;
      for (const auto& name : rule.rules) names.push_back({.name = name});
      const auto chosen = selected(condition, names);
      std::size_t count = 0;
      for (const auto* one : chosen) count += seen[static_cast<std::size_t>(one - names.data())];
      return count >= (condition.least == 0 ? chosen.size() : condition.least);
    }
    case Kind::negation: return !expression_holds(condition.children.front(), rule, seen);
    case Kind::all_of:
      return std::ranges::all_of(condition.children,
                                 [&](const auto& child) { return expression_holds(child, rule, seen); });
    case Kind::any_of:
      return std::ranges::any_of(condition.children,
                                 [&](const auto& child) { return expression_holds(child, rule, seen); });
  }
  return false;
}

}  // namespace

void StateWriter::number(std::uint64_t value) {
  while (value >= 0x80) {
    out_ += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
}
void StateWriter::text(std::string_view text) {
  number(text.size());
  out_ += text;
}
Result<std::uint64_t> StateReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes_.empty()) return fail(ErrorKind::corrupt, "the state of the correlations ends too early");
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return fail(ErrorKind::corrupt, "the state of the correlations has a number of more than 64 bits");
}
Result<std::string> StateReader::text() {
  const auto size = TRY(number());
  if (size > bytes_.size()) return fail(ErrorKind::corrupt, "the state of the correlations ends too early");
  std::string text(bytes_.substr(0, size));
  bytes_.remove_prefix(size);
  return text;
}

std::optional<Completion> CorrelationWindow::add(const CorrelationRule& rule, WindowEvent event,
                                                 const std::vector<std::uint32_t>& places) {
  last_time_ = std::max(last_time_, event.time);
  const bool temporal = rule.type == CorrelationType::temporal || rule.type == CorrelationType::temporal_ordered;
  return temporal ? add_temporal(rule, event, places) : add_counted(rule, std::move(event));
}

std::optional<Completion> CorrelationWindow::add_temporal(const CorrelationRule& rule, const WindowEvent& event,
                                                          const std::vector<std::uint32_t>& places) {
  const Ticks span = rule.timespan;
  marks_.resize(rule.rules.size());
  const bool ordered = rule.type == CorrelationType::temporal_ordered;
  // From the back, so that one event does not stand for two places of the chain.
  for (std::size_t p = places.size(); p-- > 0;) {
    const auto place = places[p];
    Mark& mark = marks_[place];
    if (!ordered || place == 0) {
      if (mark.set && mark.time > event.time) continue;  // a straggler: the newer one is nearer to what comes
      mark = {true, event.time, event.time, event.position};
      continue;
    }
    const Mark& before = marks_[place - 1];
    if (!before.set || event.time < before.time || event.time - before.chain_start > span) continue;
    if (mark.set && mark.chain_start > before.chain_start) continue;
    mark = {true, event.time, before.chain_start, event.position};
  }
  std::vector<bool> seen(rule.rules.size());
  std::size_t count = 0;
  EventTime start = event.time;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    const Mark& mark = marks_[i];
    if (!mark.set) {
      if (ordered) break;  // what stands behind cannot be of this chain
      continue;
    }
    const EventTime begin = ordered ? mark.chain_start : mark.time;
    if (event.time - begin > span || mark.time - event.time > span) continue;
    seen[i] = true;
    ++count;
    start = std::min(start, begin);
  }
  bool complete;
  if (!rule.condition)
    complete = ordered ? seen.back() : count == rule.rules.size();
  else if (rule.condition->expression)
    complete = expression_holds(*rule.condition->expression, rule, seen);
  else
    complete = all_hold(rule.condition->bounds, sigma::Number{static_cast<std::int64_t>(count)});
  if (!complete) return std::nullopt;
  Completion completion{start, count, {}};
  for (std::size_t i = 0; i < marks_.size() && completion.positions.size() < kMostPositions; ++i)
    if (seen[i]) completion.positions.push_back(marks_[i].position);
  marks_.clear();
  return completion;
}

bool CorrelationWindow::holds(const CorrelationRule& rule) const {
  const auto& condition = *rule.condition;
  switch (rule.type) {
    case CorrelationType::event_count:
      return all_hold(condition.bounds, sigma::Number{static_cast<std::int64_t>(events_.size())});
    case CorrelationType::value_count:
      return all_hold(condition.bounds, sigma::Number{static_cast<std::int64_t>(distinct_.size())});
    case CorrelationType::value_sum:
    case CorrelationType::value_avg: {
      if (numbers_ == 0) return false;
      const long double value =
          rule.type == CorrelationType::value_sum ? sum_ : sum_ / static_cast<long double>(numbers_);
      return all_hold(condition.bounds, sigma::Number{static_cast<double>(value)});
    }
    default: {
      if (numbers_ == 0) return false;
      std::vector<double> numbers;
      numbers.reserve(numbers_);
      for (const auto& event : events_)
        if (event.number) numbers.push_back(*event.number);
      const double rank = rule.type == CorrelationType::value_median ? 50 : condition.percentile;
      return all_hold(condition.bounds, sigma::Number{percentile(std::move(numbers), rank)});
    }
  }
}

void CorrelationWindow::count(const WindowEvent& event) {
  if (!event.value.empty()) ++distinct_[event.value];
  if (event.number) {
    ++numbers_;
    sum_ += *event.number;
  }
}

void CorrelationWindow::discount_front() {
  const WindowEvent& event = events_.front();
  if (!event.value.empty())
    if (const auto known = distinct_.find(event.value); known != distinct_.end() && --known->second == 0)
      distinct_.erase(known);
  if (event.number) {
    --numbers_;
    sum_ -= *event.number;
  }
  events_.pop_front();
  // Taking away what was added leaves the rounding behind.
  if (++discounted_ == 1'000) recount();
}

void CorrelationWindow::recount() {
  distinct_.clear();
  numbers_ = 0;
  sum_ = 0;
  discounted_ = 0;
  for (const auto& event : events_) count(event);
}

std::optional<Completion> CorrelationWindow::add_counted(const CorrelationRule& rule, WindowEvent event) {
  const Ticks span = rule.timespan;
  // One that is too old to count together with the newest cannot complete anything any more.
  if (!events_.empty() && events_.back().time - event.time > span) return std::nullopt;
  count(event);
  const auto earlier = [](const WindowEvent& a, const WindowEvent& b) {
    return std::tie(a.time, a.position, a.index) < std::tie(b.time, b.position, b.index);
  };
  if (events_.empty() || !earlier(event, events_.back()))
    events_.push_back(std::move(event));
  else
    events_.insert(std::upper_bound(events_.begin(), events_.end(), event, earlier), std::move(event));
  const bool ranked = rule.type == CorrelationType::value_median || rule.type == CorrelationType::value_percentile;
  while (events_.back().time - events_.front().time > span || events_.size() > (ranked ? kMostRanked : kMostEvents))
    discount_front();
  if (!holds(rule)) return std::nullopt;
  Completion completion{events_.front().time, events_.size(), {}};
  for (const auto& one : events_) {
    if (completion.positions.size() == kMostPositions) break;
    completion.positions.push_back(one.position);
  }
  events_.clear();
  recount();
  return completion;
}

void CorrelationWindow::write(StateWriter& out) const {
  out.ticks(last_time_);
  out.number(events_.size());
  for (const auto& event : events_) {
    out.ticks(event.time);
    out.number(event.position.number());
    out.number(event.index);
    out.text(event.value);
    out.number(event.number ? 1 : 0);
    if (event.number) out.number(std::bit_cast<std::uint64_t>(*event.number));
  }
  out.number(marks_.size());
  for (const auto& mark : marks_) {
    out.number(mark.set ? 1 : 0);
    out.ticks(mark.time);
    out.ticks(mark.chain_start);
    out.number(mark.position.number());
  }
}

Result<> CorrelationWindow::read(StateReader& in) {
  last_time_ = TRY(in.ticks());
  const auto count = TRY(in.number());
  if (count > kMostEvents)
    return fail(ErrorKind::corrupt, "the state of the correlations has a group of {} events", count);
  for (std::uint64_t i = 0; i < count; ++i) {
    WindowEvent event;
    event.time = TRY(in.ticks());
    event.position = Position(TRY(in.number()));
    event.index = static_cast<std::uint32_t>(TRY(in.number()));
    event.value = TRY(in.text());
    if (TRY(in.number()) != 0) event.number = std::bit_cast<double>(TRY(in.number()));
    events_.push_back(std::move(event));
  }
  const auto marks = TRY(in.number());
  if (marks > 10'000) return fail(ErrorKind::corrupt, "the state of the correlations has a chain of {} rules", marks);
  for (std::uint64_t i = 0; i < marks; ++i) {
    Mark mark;
    mark.set = TRY(in.number()) != 0;
    mark.time = TRY(in.ticks());
    mark.chain_start = TRY(in.ticks());
    mark.position = Position(TRY(in.number()));
    marks_.push_back(mark);
  }
  recount();
  return {};
}

}  // namespace yagura::detect
