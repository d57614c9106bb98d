#include "kql/stages/activity_operator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/time.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

namespace {

using Kind = ActivitySettings::Kind;
using Calendar = ActivitySettings::Calendar;
using Point = ActivitySettings::Point;
constexpr Point kDay = 864e9;  // ticks

struct Event {
  Point at;
  std::uint32_t id;
  Point value;  // of rolling_percentile
};

struct Group {
  std::uint32_t first_row;  // for the dimensions' values
  std::vector<Event> events;
};

// Start of the week (Sunday), month or year that a time is in, by ticks since 1970.
Point calendar_start(Point ticks, Calendar calendar) {
  const auto days = std::chrono::sys_days(std::chrono::days(static_cast<std::int64_t>(std::floor(ticks / kDay))));
  std::chrono::sys_days start = days;
  if (calendar == Calendar::week) {
    start = days - (std::chrono::weekday(days) - std::chrono::Sunday);
  } else {
    const std::chrono::year_month_day date(days);
    start = calendar == Calendar::month ? std::chrono::sys_days(date.year() / date.month() / 1) : std::chrono::sys_days(date.year() / 1 / 1);
  }
  return static_cast<Point>(start.time_since_epoch().count()) * kDay;
}

class ActivityRun {
 public:
  ActivityRun(const ActivitySettings& settings, const std::vector<PlanColumn>& result, const StageInputs& inputs, StageContext& context)
      : s_(settings), rows_(*inputs.at(0)), known_(inputs.size() > 1 ? inputs[1].get() : nullptr), context_(context) {
    for (const auto& c : result) out_.add_column({c.name, c.type, ""}, event::Column(c.type));
  }

  Result<event::TableBatch> run() {
    TRY(read());
    for (auto& group : groups_) {
      std::ranges::sort(group.events, {}, &Event::at);
      switch (s_.kind) {
        case Kind::counts: TRY(counts(group)); break;
        case Kind::metrics: TRY(metrics(group)); break;
        case Kind::engagement: TRY(engagement(group)); break;
        case Kind::cohorts: TRY(cohorts(group)); break;
        case Kind::active_users: TRY(active_users(group)); break;
        case Kind::sessions: TRY(sessions(group)); break;
        case Kind::sliding: TRY(sliding(group)); break;
        case Kind::percentile: TRY(percentile(group)); break;
      }
      TRY(context_.room_for(out_.row_count()));
    }
    return std::move(out_);
  }

 private:
  Result<> read() {
    const Operand time(rows_.column(0), false), id(rows_.column(1), false);
    std::unordered_map<std::string, std::uint32_t> ids;
    // Those of the look back table have the first numbers.
    for (std::size_t row = 0; known_ != nullptr && row < known_->row_count(); ++row) {
      TRY(context_.check());
      std::string text;
      event::append_cell_text(text, known_->column(0), row);
      ids.try_emplace(std::move(text), static_cast<std::uint32_t>(ids.size()));
    }
    known_ids_ = static_cast<std::uint32_t>(ids.size());
    std::map<std::string, std::size_t> numbers;
    const bool real_time = rows_.column(0).type() == Type::real;
    for (std::size_t row = 0; row < rows_.row_count(); ++row) {
      TRY(context_.check());
      if (time.is_null(row)) continue;
      Event e{real_time ? time.real(row) : static_cast<Point>(time.integer(row)), 0, 0};
      if (s_.kind == Kind::percentile) {
        if (id.is_null(row)) continue;
        e.value = id.real(row);
      } else {
        std::string text;
        event::append_cell_text(text, rows_.column(1), row);
        e.id = ids.try_emplace(std::move(text), static_cast<std::uint32_t>(ids.size())).first->second;
      }
      std::string key;
      for (std::size_t c = 2; c < rows_.column_count(); ++c) {
        event::append_cell_text(key, rows_.column(c), row);
        key += '\0';
      }
      const auto [it, added] = numbers.try_emplace(std::move(key), groups_.size());
      if (added) groups_.push_back({static_cast<std::uint32_t>(row), {}});
      groups_[it->second].events.push_back(e);
    }
    return {};
  }

  // Where bins are counted from: the start, else multiples of the step.
  Point origin() const { return s_.start.value_or(0); }
  Point bin(Point at) const {
    if (s_.calendar != Calendar::none) return calendar_start(at, s_.calendar);
    return origin() + std::floor((at - origin()) / s_.step) * s_.step;
  }
  Point next(Point bin) const {
    switch (s_.calendar) {
      case Calendar::week: return bin + 7 * kDay;
      case Calendar::month: return calendar_start(bin + 32 * kDay, Calendar::month);
      case Calendar::year: return calendar_start(bin + 370 * kDay, Calendar::year);
      case Calendar::none: break;
    }
    return bin + s_.step;
  }
  bool inside(Point at) const { return (!s_.start || at >= *s_.start) && (!s_.end || at <= *s_.end); }

  // The bins from `from` to `to`, the latter included.
  Result<std::vector<Point>> bins(Point from, Point to) const {
    std::vector<Point> out;
    for (Point at = from; at <= to; at = next(at)) {
      out.push_back(at);
      TRY(context_.room_for(out.size()));
      if (!(next(at) > at)) return fail(ErrorKind::invalid_input, "{}: the step must be greater than 0", context_.what());
    }
    return out;
  }

  void begin_row(const Group& group, Point at, std::optional<Point> second = std::nullopt) {
    column_ = 0;
    put_time(at);
    if (second) put_time(*second);
    for (std::size_t c = 2; c < rows_.column_count(); ++c) out_.column(column_++).append_from(rows_.column(c), group.first_row);
  }
  void put_time(Point at) {
    event::Column& c = out_.column(column_++);
    if (c.type() == Type::real) c.append_real(static_cast<double>(at));
    else if (c.type() == Type::int32) c.append_int32(static_cast<std::int32_t>(at));
    else c.append_int64(static_cast<std::int64_t>(at));
  }
  void put(std::size_t count) { out_.column(column_++).append_int64(static_cast<std::int64_t>(count)); }
  void put_real(double value) { out_.column(column_++).append_real(value); }

  // The events of the analysis by bin.
  std::map<Point, std::vector<Event>> by_bin(const Group& group) const {
    std::map<Point, std::vector<Event>> out;
    for (const auto& e : group.events) {
      if (inside(e.at)) out[bin(e.at)].push_back(e);
    }
    return out;
  }
  static std::unordered_set<std::uint32_t> ids_of(const std::vector<Event>& events) {
    std::unordered_set<std::uint32_t> out;
    for (const auto& e : events) out.insert(e.id);
    return out;
  }

  Result<> counts(const Group& group) {
    std::unordered_set<std::uint32_t> seen;
    for (const auto& [at, events] : by_bin(group)) {
      TRY(context_.work(events.size()));
      const auto ids = ids_of(events);
      const std::size_t before = seen.size();
      seen.insert(ids.begin(), ids.end());
      begin_row(group, at);
      put(events.size());
      put(ids.size());
      put(seen.size() - before);
      put(seen.size());
    }
    return {};
  }

  Result<> metrics(const Group& group) {
    std::unordered_set<std::uint32_t> seen, previous;
    bool first = true;
    for (const auto& [at, events] : by_bin(group)) {
      TRY(context_.work(events.size()));
      auto ids = ids_of(events);
      std::size_t fresh = 0, returned = 0;
      for (const auto id : ids) {
        fresh += seen.contains(id) ? 0 : 1;
        returned += previous.contains(id) ? 1 : 0;
      }
      begin_row(group, at);
      put(ids.size());
      put(fresh);
      const double rate = first || previous.empty() ? std::nan("") : static_cast<double>(returned) / static_cast<double>(previous.size());
      put_real(rate);
      put_real(1 - rate);
      seen.insert(ids.begin(), ids.end());
      previous = std::move(ids);
      first = false;
    }
    return {};
  }

  Result<> engagement(const Group& group) {
    for (const auto& [at, events] : by_bin(group)) {
      const Point end = next(at);
      std::unordered_set<std::uint32_t> outer;
      for (auto e = std::ranges::lower_bound(group.events, end - s_.window, {}, &Event::at); e != group.events.end() && e->at < end; ++e) {
        TRY(context_.check());
        outer.insert(e->id);
      }
      const auto inner = ids_of(events);
      begin_row(group, at);
      put(inner.size());
      put(outer.size());
      put_real(outer.empty() ? std::nan("") : static_cast<double>(inner.size()) / static_cast<double>(outer.size()));
    }
    return {};
  }

  Result<> cohorts(const Group& group) {
    const auto binned = by_bin(group);
    if (binned.empty()) return {};
    const auto all = TRY(bins(s_.start ? bin(*s_.start) : binned.begin()->first, s_.end ? *s_.end : binned.rbegin()->first));
    std::map<Point, std::unordered_set<std::uint32_t>> active, fresh;
    std::unordered_map<std::uint32_t, Point> first_seen;
    for (const auto& [at, events] : binned) {
      active[at] = ids_of(events);
      for (const auto id : active[at]) {
        if (id < known_ids_) first_seen.try_emplace(id, -std::numeric_limits<Point>::infinity());
        else if (first_seen.try_emplace(id, at).second) fresh[at].insert(id);
      }
    }
    for (const Point from : all) {
      const auto& cohort = fresh[from];
      if (cohort.empty() || (s_.cohort && bin(*s_.cohort) != from)) continue;
      for (const Point to : all) {
        if (to < from) continue;
        TRY(context_.work(active[to].size() + 1));
        // New there: first seen in `to`, and all of the cohort in its own period.
        std::size_t unseen = 0, retained = 0;
        for (const auto id : active[to]) {
          unseen += first_seen[id] > from || (from == to && first_seen[id] == from) ? 1 : 0;
          retained += cohort.contains(id) ? 1 : 0;
        }
        begin_row(group, from, to);
        put(unseen);
        put(retained);
        put(cohort.size() - retained);
        put_real(static_cast<double>(retained) / static_cast<double>(cohort.size()));
        put_real(static_cast<double>(cohort.size() - retained) / static_cast<double>(cohort.size()));
      }
    }
    return {};
  }

  Result<> active_users(const Group& group) {
    std::unordered_map<std::uint32_t, std::vector<Point>> of_id;
    for (const auto& e : group.events) of_id[e.id].push_back(e.at);
    std::map<Point, std::unordered_set<std::uint32_t>> active;
    for (const auto& [id, times] : of_id) {
      for (std::size_t i = 0; i < times.size(); ++i) {
        if (!inside(times[i])) continue;
        std::set<Point> periods;
        for (std::size_t k = i + 1; k-- > 0 && times[k] > times[i] - s_.window;) {
          TRY(context_.check());
          periods.insert(std::floor((times[k] - origin()) / s_.period));
        }
        if (static_cast<Point>(periods.size()) >= s_.periods) active[bin(times[i])].insert(id);
      }
    }
    for (const auto& [at, ids] : active) {
      begin_row(group, at);
      put(ids.size());
    }
    return {};
  }

  // An id's appearance begins a session when it was not there within the look back window before.
  Result<> sessions(const Group& group) {
    std::unordered_map<std::uint32_t, Point> last;
    std::map<Point, std::size_t> begun;
    for (const auto& e : group.events) {
      TRY(context_.check());
      const auto [it, fresh] = last.try_emplace(e.id, e.at);
      const bool session = fresh || e.at - it->second > s_.window;
      it->second = e.at;
      if (!inside(e.at)) continue;
      begun[bin(e.at)] += session ? 1 : 0;
    }
    for (const auto& [at, count] : begun) {
      begin_row(group, at);
      put(count);
    }
    return {};
  }

  Result<> sliding(const Group& group) {
    if (group.events.empty()) return {};
    const auto all = TRY(bins(bin(s_.start.value_or(group.events.front().at)), s_.end.value_or(group.events.back().at)));
    const Point window = s_.calendar != Calendar::none ? s_.window : std::max(Point(1), std::floor(s_.window / s_.step)) * s_.step;
    for (const Point at : all) {
      const Point end = next(at);
      std::unordered_set<std::uint32_t> ids;
      std::size_t count = 0;
      for (auto e = std::ranges::lower_bound(group.events, end - window, {}, &Event::at); e != group.events.end() && e->at < end; ++e) {
        TRY(context_.check());
        if (!inside(e->at)) continue;
        ids.insert(e->id);
        ++count;
      }
      if (count == 0) continue;
      begin_row(group, at);
      put(count);
      put(ids.size());
    }
    return {};
  }

  // The percentile of the values in the bins that end with this one; as percentile(), the nearest rank.
  Result<> percentile(const Group& group) {
    const auto binned = by_bin(group);
    std::vector<Point> values;
    for (const auto& [at, _] : binned) {
      const Point first = at - (s_.periods - 1) * s_.step;
      values.clear();
      for (auto it = binned.lower_bound(first - s_.step / 2); it != binned.end() && it->first <= at; ++it) {
        for (const auto& e : it->second) values.push_back(e.value);
      }
      TRY(context_.work(values.size()));
      const auto rank = static_cast<std::size_t>(std::clamp(std::ceil(s_.percentile / 100 * static_cast<Point>(values.size())) - 1, Point(0), static_cast<Point>(values.size() - 1)));
      std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
      begin_row(group, at);
      event::Column& out = out_.column(column_++);
      if (out.type() == Type::real) out.append_real(static_cast<double>(values[rank]));
      else if (out.type() == Type::int32) out.append_int32(static_cast<std::int32_t>(values[rank]));
      else out.append_int64(static_cast<std::int64_t>(values[rank]));
    }
    return {};
  }

  const ActivitySettings& s_;
  const event::TableBatch& rows_;
  const event::TableBatch* known_;  // ids that are not new; may be absent
  std::uint32_t known_ids_ = 0;
  StageContext& context_;
  std::vector<Group> groups_;
  event::TableBatch out_;
  std::size_t column_ = 0;
};

class ActivityAtWork final : public LocalOperator {
 public:
  ActivityAtWork(ActivitySettings settings, std::vector<PlanColumn> result) : settings_(std::move(settings)), result_(std::move(result)) {}
  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    if (!(settings_.step > 0) || !(settings_.period > 0)) return fail(ErrorKind::invalid_input, "{}: the step must be greater than 0", context.what());
    return ActivityRun(settings_, result_, inputs, context).run();
  }

 private:
  const ActivitySettings settings_;
  const std::vector<PlanColumn> result_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_activity_operator(ActivitySettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<ActivityAtWork>(std::move(settings), std::move(result));
}

}  // namespace yagura::kql
