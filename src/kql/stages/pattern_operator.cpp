#include "kql/stages/pattern_operator.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace yagura::kql {

namespace {

constexpr std::uint32_t kAny = ~std::uint32_t{0};

struct Pattern {
  std::vector<std::uint32_t> values;  // of each column; kAny
  std::uint32_t example = 0;          // a row that has them
  double count[2] = {0, 0};           // rows by weight, of each side
  std::size_t size() const { return values.size() - static_cast<std::size_t>(std::ranges::count(values, kAny)); }
};

class Mining {
 public:
  Mining(const PatternSettings& settings, const event::TableBatch& rows, StageContext& context)
      : s_(settings), rows_(rows), context_(context), sides_(settings.kind == PatternSettings::Kind::difference), first_(sides_ ? 2 : 1) {}

  Result<std::vector<Pattern>> run() {
    TRY(encode());
    std::vector<std::uint32_t> all;
    for (std::uint32_t r = 0; r < weights_.size(); ++r) {
      all.push_back(r);
      total_[side_[r]] += weights_[r];
    }
    Pattern empty;
    empty.values.assign(columns_.size(), kAny);
    TRY(extend(empty, all, 0));
    return std::move(found_);
  }

  const double* totals() const { return total_; }

 private:
  // Values as numbers, column by column.
  Result<> encode() {
    for (std::size_t row = 0; row < rows_.row_count(); ++row) {
      const auto& w = rows_.column(0);
      weights_.push_back(w.is_null(row) ? 0 : static_cast<double>(w.int64s()[row]));
      side_.push_back(sides_ ? static_cast<std::uint8_t>(rows_.column(1).int64s()[row] != 0) : 0);
    }
    std::string text;
    for (std::size_t c = first_; c < rows_.column_count(); ++c) {
      std::unordered_map<std::string, std::uint32_t> numbers;
      auto& column = columns_.emplace_back();
      for (std::size_t row = 0; row < rows_.row_count(); ++row) {
        TRY(context_.check());
        // Nothing is no value of a pattern.
        text.clear();
        event::append_cell_text(text, rows_.column(c), row);
        column.push_back(text.empty() ? kAny : numbers.try_emplace(text, static_cast<std::uint32_t>(numbers.size())).first->second);
      }
    }
    return {};
  }

  bool enough(const double count[2]) const {
    if (!sides_) return count[0] >= s_.threshold * total_[0] - 1e-9;
    return (total_[0] > 0 && count[0] >= s_.threshold * total_[0] - 1e-9) || (total_[1] > 0 && count[1] >= s_.threshold * total_[1] - 1e-9);
  }

  // Patterns that add values of columns from `from` on to this one, whose rows are `rows`.
  Result<> extend(const Pattern& pattern, const std::vector<std::uint32_t>& rows, std::size_t from) {
    if (pattern.size() >= s_.max_dimensions) return {};
    for (std::size_t c = from; c < columns_.size(); ++c) {
      if (pattern.values[c] != kAny) continue;
      std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_value;
      for (const auto r : rows) {
        if (columns_[c][r] != kAny) by_value[columns_[c][r]].push_back(r);
      }
      TRY(context_.work(rows.size() + 1));
      for (auto& [value, with] : by_value) {
        Pattern next = pattern;
        next.values[c] = value;
        next.example = with.front();
        next.count[0] = next.count[1] = 0;
        for (const auto r : with) next.count[side_[r]] += weights_[r];
        if (!enough(next.count)) continue;
        // All that these rows have in common belongs to the pattern. Where that is in a column before, it was found from there.
        bool known = false;
        for (std::size_t k = 0; k < columns_.size() && !known; ++k) {
          if (next.values[k] != kAny) continue;
          const std::uint32_t common = columns_[k][with.front()];
          if (common == kAny || !std::ranges::all_of(with, [&](std::uint32_t r) { return columns_[k][r] == common; })) continue;
          if (k < c) known = true;
          else next.values[k] = common;
        }
        TRY(context_.work(with.size()));
        if (known) continue;
        found_.push_back(next);
        if (found_.size() > kMostPatterns) return fail(ErrorKind::exhausted, "{} finds more than {} patterns; raise the threshold or name fewer columns", context_.what(), kMostPatterns);
        TRY(extend(next, with, c + 1));
      }
    }
    return {};
  }

  static constexpr std::size_t kMostPatterns = 200'000;
  const PatternSettings& s_;
  const event::TableBatch& rows_;
  StageContext& context_;
  const bool sides_;
  const std::size_t first_;
  std::vector<double> weights_;
  std::vector<std::uint8_t> side_;
  std::vector<std::vector<std::uint32_t>> columns_;
  double total_[2] = {0, 0};
  std::vector<Pattern> found_;
};

class PatternsAtWork final : public LocalOperator {
 public:
  PatternsAtWork(PatternSettings settings, std::vector<PlanColumn> result) : s_(std::move(settings)), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& rows = *inputs.at(0);
    Mining mining(s_, rows, context);
    auto found = TRY(mining.run());
    const double* totals = mining.totals();
    const auto share = [&](const Pattern& p, int side) { return totals[side] > 0 ? p.count[side] / totals[side] : 0; };
    const auto columns = static_cast<double>(rows.column_count() - (s_.kind == PatternSettings::Kind::difference ? 2 : 1));
    const auto score = [&](const Pattern& p) {
      switch (s_.kind) {
        case PatternSettings::Kind::basket: return p.count[0];
        case PatternSettings::Kind::autocluster: return std::pow(share(p, 0), s_.size_weight) * std::pow(static_cast<double>(p.size()) / columns, 1 - s_.size_weight);
        case PatternSettings::Kind::difference: return std::fabs(share(p, 0) - share(p, 1));
      }
      return 0.0;
    };
    if (s_.kind == PatternSettings::Kind::difference) std::erase_if(found, [&](const Pattern& p) { return score(p) < s_.threshold; });
    // One row is no cluster.
    if (s_.kind == PatternSettings::Kind::autocluster) std::erase_if(found, [](const Pattern& p) { return p.count[0] < 2; });
    std::ranges::stable_sort(found, [&](const Pattern& a, const Pattern& b) {
      const double x = score(a), y = score(b);
      return x != y ? x > y : a.size() != b.size() ? a.size() > b.size() : a.values < b.values;
    });
    if (s_.kind != PatternSettings::Kind::basket) {
      // A few that say different things: none that only adds to, or takes from, a better one.
      std::vector<Pattern> chosen;
      for (auto& p : found) {
        TRY(context.work(chosen.size() + 1));
        if (chosen.size() >= kMostChosen) break;
        if (std::ranges::none_of(chosen, [&](const Pattern& c) { return within(c, p) || within(p, c); })) chosen.push_back(std::move(p));
      }
      found = std::move(chosen);
    }
    return table(found, rows, totals, context);
  }

 private:
  // All values of `a` are in `b`.
  static bool within(const Pattern& a, const Pattern& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      if (a.values[i] != kAny && a.values[i] != b.values[i]) return false;
    }
    return true;
  }

  Result<event::TableBatch> table(const std::vector<Pattern>& patterns, const event::TableBatch& rows, const double* totals, StageContext& context) const {
    TRY(context.room_for(patterns.size()));
    event::TableBatch out;
    for (const auto& c : result_) out.add_column({c.name, c.type, ""}, event::Column(c.type));
    const bool difference = s_.kind == PatternSettings::Kind::difference;
    const std::size_t first = difference ? 2 : 1;
    std::int64_t segment = 0;
    for (const auto& p : patterns) {
      std::size_t c = 0;
      out.column(c++).append_int64(segment++);
      const auto percent = [&](int side) { return totals[side] > 0 ? p.count[side] / totals[side] * 100 : 0; };
      out.column(c++).append_int64(std::llround(p.count[0]));
      if (difference) out.column(c++).append_int64(std::llround(p.count[1]));
      out.column(c++).append_real(rounded(percent(0)));
      if (difference) {
        out.column(c++).append_real(rounded(percent(1)));
        out.column(c++).append_real(rounded(std::fabs(percent(0) - percent(1))));
      }
      for (std::size_t k = 0; k < p.values.size(); ++k, ++c) {
        if (p.values[k] != kAny) out.column(c).append_from(rows.column(first + k), p.example);
        else put_wildcard(out.column(c), out.arena());
      }
    }
    return out;
  }

  static double rounded(double percent) { return std::round(percent * 100) / 100; }

  void put_wildcard(event::Column& column, Arena& arena) const {
    for (const auto& [type, text] : s_.wildcards) {
      if (type != column.type()) continue;
      switch (type) {
        case Type::string:
        case Type::dynamic:
        case Type::decimal: column.append_text(arena.copy(text)); return;
        case Type::int32: column.append_int32(static_cast<std::int32_t>(std::strtol(text.c_str(), nullptr, 10))); return;
        case Type::int64:
        case Type::datetime:
        case Type::timespan: column.append_int64(std::strtoll(text.c_str(), nullptr, 10)); return;
        case Type::real: column.append_real(std::strtod(text.c_str(), nullptr)); return;
        default: break;
      }
    }
    column.append_null();
  }

  static constexpr std::size_t kMostChosen = 50;
  const PatternSettings s_;
  const std::vector<PlanColumn> result_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_pattern_operator(PatternSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<PatternsAtWork>(std::move(settings), std::move(result));
}

}  // namespace yagura::kql
