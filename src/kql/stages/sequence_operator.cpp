#include "kql/stages/sequence_operator.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "kql/kernels/conversion.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

namespace {

event::TableBatch empty_result(const std::vector<PlanColumn>& result) {
  event::TableBatch out;
  for (const auto& c : result) out.add_column({c.name, c.type, ""}, event::Column(c.type));
  return out;
}

std::int64_t time_of(const event::Column& column, std::size_t row) {
  return column.type() == Type::int32 ? column.int32s()[row] : column.int64s()[row];
}

void put_time(event::Column& column, std::int64_t value) {
  if (column.type() == Type::int32) column.append_int32(static_cast<std::int32_t>(value));
  else column.append_int64(value);
}

class SequenceAtWork final : public LocalOperator {
 public:
  SequenceAtWork(SequenceSettings settings, std::vector<PlanColumn> result) : settings_(settings), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    const event::Column& times = rows.column(0);
    // Per group and step: the rows that match it, by time.
    using Steps = std::vector<std::vector<std::pair<std::int64_t, std::uint32_t>>>;
    std::map<std::string, Steps> groups;
    std::string key;
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.check());
      if (times.is_null(row)) continue;
      key.clear();
      for (std::size_t c = settings_.steps + 1; c < rows.column_count(); ++c) {
        event::append_cell_text(key, rows.column(c), row);
        key += '\0';
      }
      auto& steps = groups.try_emplace(key, Steps(settings_.steps)).first->second;
      for (std::size_t s = 0; s < settings_.steps; ++s) {
        const event::Column& matches = rows.column(s + 1);
        if (!matches.is_null(row) && matches.booleans()[row] != 0) steps[s].push_back({time_of(times, row), static_cast<std::uint32_t>(row)});
      }
    }
    event::TableBatch out = empty_result(result_);
    const std::size_t dimensions = rows.column_count() - settings_.steps - 1;
    for (auto& [_, steps] : groups) {
      for (auto& s : steps) std::ranges::sort(s);
      std::vector<std::pair<std::int64_t, std::uint32_t>> chain;
      const auto extend = [&](const auto& self) -> Result<> {
        TRY(context.check());
        if (chain.size() == settings_.steps) {
          for (std::size_t d = 0; d < dimensions; ++d) out.column(d).append_from(rows.column(settings_.steps + 1 + d), chain.front().second);
          for (std::size_t s = 0; s < chain.size(); ++s) put_time(out.column(dimensions + s), chain[s].first);
          out.column(dimensions + chain.size()).append_int64(chain.back().first - chain.front().first);
          return context.room_for(out.row_count());
        }
        const auto& candidates = steps[chain.size()];
        auto it = chain.empty() ? candidates.begin() : std::ranges::upper_bound(candidates, std::pair(chain.back().first, ~std::uint32_t{0}));
        for (; it != candidates.end(); ++it) {
          if (!chain.empty() && (it->first - chain.back().first > settings_.max_step || it->first - chain.front().first > settings_.max_span)) break;
          chain.push_back(*it);
          TRY(self(self));
          chain.pop_back();
        }
        return {};
      };
      TRY(extend(extend));
    }
    return out;
  }

 private:
  const SequenceSettings settings_;
  const std::vector<PlanColumn> result_;
};

class FunnelAtWork final : public LocalOperator {
 public:
  FunnelAtWork(FunnelSettings settings, std::vector<PlanColumn> result) : settings_(std::move(settings)), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    const auto& s = settings_;
    if (s.bin <= 0) return fail(ErrorKind::invalid_input, "{}: the bin must be greater than 0", context.what());
    struct Event {
      std::int64_t at;
      std::size_t state;
    };
    std::map<std::int64_t, std::map<std::string, std::vector<Event>>> bins;
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.check());
      if (rows.column(0).is_null(row)) continue;
      const std::int64_t at = time_of(rows.column(0), row);
      const auto state = std::ranges::find(s.sequence, rows.column(2).texts()[row]);
      if (at < s.start || at > s.end || state == s.sequence.end()) continue;
      std::string id;
      event::append_cell_text(id, rows.column(1), row);
      bins[s.start + (at - s.start) / s.bin * s.bin][id].push_back({at, static_cast<std::size_t>(state - s.sequence.begin())});
    }
    event::TableBatch out = empty_result(result_);
    for (auto& [bin, ids] : bins) {
      for (auto& [_, events] : ids) std::ranges::stable_sort(events, {}, &Event::at);
      for (const auto period : s.periods) {
        std::vector<std::int64_t> reached(s.sequence.size(), 0);
        for (const auto& [_, events] : ids) {
          std::size_t best = 0;
          for (std::size_t i = 0; i < events.size() && best < s.sequence.size(); ++i) {
            if (events[i].state != 0) continue;
            std::size_t step = 1;
            for (std::size_t k = i + 1; k < events.size() && step < s.sequence.size() && events[k].at - events[i].at <= period; ++k) {
              TRY(context.check());
              if (events[k].state == step) ++step;
            }
            best = std::max(best, step);
          }
          for (std::size_t k = 0; k < best; ++k) ++reached[k];
        }
        for (std::size_t k = 0; k < s.sequence.size(); ++k) {
          put_time(out.column(0), bin);
          out.column(1).append_text(out.arena().copy(s.sequence[k]));
          put_time(out.column(2), period);
          out.column(3).append_int64(reached[k]);
        }
      }
      TRY(context.room_for(out.row_count()));
    }
    return out;
  }

 private:
  const FunnelSettings settings_;
  const std::vector<PlanColumn> result_;
};

class TransitionsAtWork final : public LocalOperator {
 public:
  TransitionsAtWork(TransitionSettings settings, std::vector<PlanColumn> result) : settings_(std::move(settings)), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    const auto& s = settings_;
    if (s.bin <= 0) return fail(ErrorKind::invalid_input, "{}: the step must be greater than 0", context.what());
    struct Event {
      std::int64_t at;
      std::uint32_t row;
    };
    std::map<std::int64_t, std::map<std::string, std::vector<Event>>> bins;
    const auto& states = rows.column(2).texts();
    std::string id;
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      TRY(context.check());
      if (rows.column(0).is_null(row)) continue;
      const std::int64_t at = time_of(rows.column(0), row);
      if (at < s.start || at > s.end) continue;
      id.clear();
      event::append_cell_text(id, rows.column(1), row);
      bins[s.start + (at - s.start) / s.bin * s.bin][id].push_back({at, static_cast<std::uint32_t>(row)});
    }
    event::TableBatch out = empty_result(result_);
    const Operand id_values(rows.column(1), false);
    for (auto& [bin, ids] : bins) {
      // Of each transition: how many ids, the first of them, and a row that has the state before and after (none: kNone).
      struct Count {
        std::uint32_t before = kNone, after = kNone;
        std::vector<std::uint32_t> examples;  // a row of each id
        std::int64_t ids = 0;
      };
      std::map<std::pair<std::string, std::string>, Count> counts;
      for (auto& [_, events] : ids) {
        std::ranges::stable_sort(events, {}, &Event::at);
        TRY(context.work(events.size()));
        std::vector<Event> path;
        for (const auto& e : events) {
          if (path.empty() || states[path.back().row] != states[e.row]) path.push_back(e);
        }
        std::set<std::pair<std::string, std::string>> seen;
        for (std::size_t i = 0; i < path.size(); ++i) {
          if (states[path[i].row] != s.sequence.front()) continue;
          std::size_t step = 1, last = i;
          for (std::size_t k = i + 1; k < path.size() && step < s.sequence.size() && path[k].at - path[last].at <= s.max_step; ++k) {
            TRY(context.check());
            if (states[path[k].row] != s.sequence[step]) continue;
            ++step;
            last = k;
          }
          if (step < s.sequence.size()) continue;
          const std::uint32_t before = i > 0 && s.table != TransitionSettings::Table::after ? path[i - 1].row : kNone;
          const std::uint32_t after = last + 1 < path.size() && s.table != TransitionSettings::Table::before ? path[last + 1].row : kNone;
          std::pair key(before == kNone ? "" : std::string(states[before]), after == kNone ? "" : std::string(states[after]));
          if (!seen.insert(key).second) continue;
          Count& count = counts[std::move(key)];
          if (count.ids == 0) count.before = before, count.after = after;
          if (++count.ids <= kMostSamples) count.examples.push_back(path[i].row);
        }
      }
      std::vector<const Count*> ordered;
      for (const auto& [_, c] : counts) ordered.push_back(&c);
      std::ranges::stable_sort(ordered, [](const Count* a, const Count* b) { return a->ids > b->ids; });
      for (const Count* c : ordered) {
        std::size_t column = 0;
        put_time(out.column(column++), bin);
        const auto state = [&](std::uint32_t row) {
          if (row == kNone) out.column(column++).append_null();
          else out.column(column++).append_from(rows.column(3), row);
        };
        if (s.table != TransitionSettings::Table::after) state(c->before);
        if (s.table != TransitionSettings::Table::before) state(c->after);
        out.column(column++).append_int64(c->ids);
        std::string samples = "[";
        for (const auto row : c->examples) {
          if (samples.size() > 1) samples += ',';
          append_json_of(samples, id_values, row);
        }
        out.column(column).append_text(out.arena().copy(samples + "]"));
      }
      TRY(context.room_for(out.row_count()));
    }
    return out;
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::int64_t kMostSamples = 128;
  const TransitionSettings settings_;
  const std::vector<PlanColumn> result_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_sequence_operator(SequenceSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<SequenceAtWork>(settings, std::move(result));
}
std::shared_ptr<const LocalOperator> make_funnel_operator(FunnelSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<FunnelAtWork>(std::move(settings), std::move(result));
}
std::shared_ptr<const LocalOperator> make_transition_operator(TransitionSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<TransitionsAtWork>(std::move(settings), std::move(result));
}

}  // namespace yagura::kql
