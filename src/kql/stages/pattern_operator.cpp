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

double rounded(double percent) { return std::round(percent * 100) / 100; }

// All values of `a` are in `b`.
bool within(const Pattern& a, const Pattern& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i] != kAny && a.values[i] != b.values[i]) return false;
  }
  return true;
}

// Of patterns, best first, a few that say different things: none that only adds to, or takes from, a better one.
Result<std::vector<Pattern>> without_likes(std::vector<Pattern> found, StageContext& context) {
  constexpr std::size_t kMostChosen = 50;
  std::vector<Pattern> chosen;
  for (auto& p : found) {
    TRY(context.work(chosen.size() + 1));
    if (chosen.size() >= kMostChosen) break;
    if (std::ranges::none_of(chosen, [&](const Pattern& c) { return within(c, p) || within(p, c); })) chosen.push_back(std::move(p));
  }
  return chosen;
}

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
    if (s_.kind != PatternSettings::Kind::basket) found = TRY(without_likes(std::move(found), context));
    return table(found, rows, totals, context);
  }

 private:
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

  const PatternSettings s_;
  const std::vector<PlanColumn> result_;
};

class TextPatternsAtWork final : public LocalOperator {
 public:
  TextPatternsAtWork(TextPatternSettings settings, std::vector<PlanColumn> result) : s_(settings), result_(std::move(result)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    const event::TableBatch& input = *inputs.at(0);
    // The texts' tokens as columns; side 0 is that of true.
    event::TableBatch rows;
    rows.add_column({"", Type::int64, ""}, event::Column(Type::int64));
    rows.add_column({"", Type::int64, ""}, event::Column(Type::int64));
    for (std::size_t i = 0; i < s_.max_tokens; ++i) rows.add_column({"", Type::string, ""}, event::Column(Type::string));
    for (std::size_t row = 0; row < input.row_count(); ++row) {
      TRY(context.work(1 + s_.max_tokens));
      const auto& side = input.column(0);
      rows.column(0).append_int64(1);
      rows.column(1).append_int64(!side.is_null(row) && side.int64s()[row] != 0 ? 0 : 1);
      std::string_view rest = input.column(1).texts()[row];
      for (std::size_t i = 0; i < s_.max_tokens; ++i) rows.column(2 + i).append_text(next_token(rest));
    }
    PatternSettings settings;
    settings.kind = PatternSettings::Kind::difference;
    settings.threshold = s_.threshold;
    settings.max_dimensions = s_.max_tokens;
    Mining mining(settings, rows, context);
    auto found = TRY(mining.run());
    const double* totals = mining.totals();
    const auto share = [&](const Pattern& p, int side) { return totals[side] > 0 ? p.count[side] / totals[side] : 0; };
    std::erase_if(found, [&](const Pattern& p) { return p.size() < s_.min_tokens || std::fabs(share(p, 0) - share(p, 1)) < s_.threshold; });
    std::ranges::stable_sort(found, [&](const Pattern& a, const Pattern& b) {
      const double x = std::fabs(share(a, 0) - share(a, 1)), y = std::fabs(share(b, 0) - share(b, 1));
      return x != y ? x > y : a.size() != b.size() ? a.size() > b.size() : a.values < b.values;
    });
    found = TRY(without_likes(std::move(found), context));
    TRY(context.room_for(found.size()));
    event::TableBatch out;
    for (const auto& c : result_) out.add_column({c.name, c.type, ""}, event::Column(c.type));
    for (const auto& p : found) {
      for (const int side : {0, 1}) out.column(static_cast<std::size_t>(side)).append_int64(std::llround(p.count[side]));
      for (const int side : {0, 1}) out.column(2 + static_cast<std::size_t>(side)).append_real(rounded(share(p, side) * 100));
      out.column(4).append_text(out.arena().copy(text_of(p, rows)));
    }
    return out;
  }

 private:
  // Up to the next white space; "" at the end.
  static std::string_view next_token(std::string_view& rest) {
    constexpr std::string_view kSpace = " \t\r\n\v\f";
    const auto from = rest.find_first_not_of(kSpace);
    if (from == rest.npos) return rest = {};
    rest.remove_prefix(from);
    const std::string_view token = rest.substr(0, rest.find_first_of(kSpace));
    rest.remove_prefix(token.size());
    return token;
  }

  // From the text's start to the pattern's last token; one wildcard says that texts may go on.
  std::string text_of(const Pattern& p, const event::TableBatch& rows) const {
    std::size_t size = p.values.size();
    while (size > 0 && p.values[size - 1] == kAny) --size;
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) out += ' ';
      if (p.values[i] == kAny) out += '*';
      else out += rows.column(2 + i).texts()[p.example];
    }
    return size < p.values.size() ? out + " *" : out;
  }

  const TextPatternSettings s_;
  const std::vector<PlanColumn> result_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_text_pattern_operator(TextPatternSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<TextPatternsAtWork>(settings, std::move(result));
}

std::shared_ptr<const LocalOperator> make_pattern_operator(PatternSettings settings, std::vector<PlanColumn> result) {
  return std::make_shared<PatternsAtWork>(std::move(settings), std::move(result));
}

}  // namespace yagura::kql
