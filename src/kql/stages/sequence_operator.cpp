#include "kql/stages/sequence_operator.hpp"

#include <algorithm>
#include <map>
#include <set>

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

}  // namespace

std::shared_ptr<const LocalOperator> make_sequence_operator(SequenceSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<SequenceAtWork>(settings, std::move(result));
}
std::shared_ptr<const LocalOperator> make_funnel_operator(FunnelSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<FunnelAtWork>(std::move(settings), std::move(result));
}

}  // namespace yagura::kql
