// top-nested: each level keeps the best groups within those of the level before; what is left out may be told of as "others".
// https://learn.microsoft.com/kusto/query/top-nested-operator
//
// The input is read once wherever its aggregates can be made of partial ones (count, sum, min, max): first a row for each combination
// of all levels' values, then every level works on those. Groups that drop out at a level are seen again by the first level from
// there on that has `with others`, with what the levels before kept; the levels between show nothing.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"

namespace yagura::kql {

namespace {

using Columns = std::vector<std::pair<PlanColumn, Expr>>;
using Moved = std::unordered_map<ColumnId, Expr>;

struct Level {
  Expr count;  // may be absent: all
  Expr value;  // over the source
  std::string name, score_name;
  Expr others;  // of the value's type; may be absent
  bool descending = true;
  Columns aggregates;  // over the source
  Expr score;          // over the aggregates
};

Expr aggregate_of(std::string_view name, Type type, std::vector<Expr> arguments) {
  auto out = std::make_shared<BoundExpression>();
  out->kind = BoundExpression::Kind::aggregate;
  out->type = type;
  out->function = find_aggregate(name);
  out->arguments = std::move(arguments);
  return out;
}

// The aggregate that makes a whole of parts; "" when parts don't tell.
std::string_view joined_by(const Expr& aggregate) {
  const std::string_view name = aggregate->function->name;
  if (name == "count" || name == "countif" || name == "sum" || name == "sumif") return "sum";
  if (name == "min" || name == "minif") return "min";
  if (name == "max" || name == "maxif") return "max";
  return "";
}

class TopNested {
 public:
  TopNested(Binder& b, std::vector<Level> levels) : b_(b), levels_(std::move(levels)) {}

  PlanPtr plan(PlanPtr input) {
    bool others = std::ranges::any_of(levels_, [](const Level& l) { return l.others != nullptr; });
    source_ = source(std::move(input), others);
    PlanPtr result;
    std::vector<PlanPtr> rest;
    for (std::size_t k = 0; k < levels_.size(); ++k) {
      std::shared_ptr<const SharedPlan> parents = others && k > 0 ? b_.share("", result, true) : nullptr;
      PlanPtr kept = keep(parents ? b_.reference(parents) : result, k);
      const bool told = std::ranges::any_of(levels_.begin() + static_cast<std::ptrdiff_t>(k), levels_.end(), [](const Level& l) { return l.others != nullptr; });
      if (told && levels_[k].count) {
        const auto shared = b_.share("", std::move(kept), true);
        rest.push_back(left_out(parents ? b_.reference(parents) : nullptr, b_.reference(shared), k));
        kept = b_.reference(shared);
      }
      result = std::move(kept);
    }
    if (rest.empty()) return result;
    auto all = std::make_shared<UnionPlan>();
    for (const auto& c : result->columns) all->columns.push_back(b_.new_column(c.name, c.type));
    rest.insert(rest.begin(), result);
    for (auto& part : rest) {
      UnionPlan::Branch branch;
      for (const auto& c : part->columns) branch.values.push_back(make_column(c));
      branch.input = std::move(part);
      all->branches.push_back(std::move(branch));
    }
    return all;
  }

 private:
  // The levels' values, and what their aggregates need.
  std::shared_ptr<const SharedPlan> source(PlanPtr input, bool others) {
    const bool several = levels_.size() > 1 || others;
    const bool parts = several && std::ranges::all_of(levels_, [](const Level& l) {
                         return std::ranges::all_of(l.aggregates, [](const auto& a) { return !joined_by(a.second).empty(); });
                       });
    Columns keys;
    for (auto& l : levels_) {
      keys.push_back({b_.new_column("", l.value->type), l.value});
      l.value = make_column(keys.back().first);
    }
    if (!parts) {
      for (const auto& c : input->columns) keys.push_back({c, make_column(c)});
      return b_.share("", b_.select(std::move(input), std::move(keys)));
    }
    auto plan = std::make_shared<AggregatePlan>();
    for (auto& [c, v] : keys) {
      plan->columns.push_back(c);
      plan->keys.push_back(v);
    }
    for (auto& l : levels_) {
      for (auto& [c, a] : l.aggregates) {
        const PlanColumn part = b_.new_column("", a->type);
        plan->columns.push_back(part);
        plan->aggregates.push_back(a);
        a = aggregate_of(joined_by(a), c.type, {make_column(part)});
      }
    }
    plan->input = std::move(input);
    return b_.share("", plan, true);
  }

  PlanPtr rows(Moved& moved) {
    PlanPtr plan = b_.reference(source_);
    for (std::size_t i = 0; i < plan->columns.size(); ++i) moved[source_->plan->columns[i].id] = make_column(plan->columns[i]);
    return plan;
  }

  // Level k's best groups within each of `parents` (whose columns are those of the levels before); columns: value and score of each level.
  PlanPtr keep(PlanPtr parents, std::size_t k) {
    const Level& level = levels_[k];
    Moved moved;
    auto groups = std::make_shared<AggregatePlan>();
    groups->input = rows(moved);
    for (std::size_t i = 0; i <= k; ++i) {
      groups->columns.push_back(b_.new_column(levels_[i].name, levels_[i].value->type));
      groups->keys.push_back(substitute(levels_[i].value, moved));
    }
    const std::vector<PlanColumn> keys = groups->columns;
    Moved scored;
    for (const auto& [c, a] : level.aggregates) {
      groups->columns.push_back(b_.new_column("", c.type));
      groups->aggregates.push_back(substitute(a, moved));
      scored[c.id] = make_column(groups->columns.back());
    }
    Columns columns;
    for (const auto& c : keys) columns.push_back({c, make_column(c)});
    const PlanColumn score = b_.new_column(level.score_name, level.score->type);
    columns.push_back({score, substitute(level.score, scored)});
    PlanPtr plan = b_.select(groups, std::move(columns));
    std::vector<Expr> within;
    if (parents) {
      auto join = std::make_shared<JoinPlan>();
      join->join = JoinKind::inner;
      join->null_safe = true;
      for (std::size_t i = 0; i < k; ++i) {
        within.push_back(make_column(parents->columns[2 * i]));
        join->keys.push_back({within.back(), make_column(keys[i])});
      }
      join->columns = parents->columns;
      join->columns.push_back(keys[k]);
      join->columns.push_back(score);
      join->left = std::move(parents);
      join->right = std::move(plan);
      plan = std::move(join);
    }
    if (level.count) {
      SortKey key;
      key.value = make_column(score);
      key.descending = level.descending;
      key.nulls_first = !level.descending;
      plan = make_limit(make_sort(std::move(plan), {key}), level.count, std::move(within));
    }
    return plan;
  }

  // One row for what `kept` leaves out of each of `parents`.
  PlanPtr left_out(PlanPtr parents, PlanPtr kept, std::size_t k) {
    Moved moved;
    PlanPtr dropped = rows(moved);
    if (parents) {
      auto within = std::make_shared<JoinPlan>();
      within->join = JoinKind::inner;
      within->null_safe = true;
      for (std::size_t i = 0; i < k; ++i) within->keys.push_back({substitute(levels_[i].value, moved), make_column(parents->columns[2 * i])});
      within->columns = dropped->columns;
      within->columns.insert(within->columns.end(), parents->columns.begin(), parents->columns.end());
      within->left = std::move(dropped);
      within->right = parents;
      dropped = std::move(within);
    }
    auto without = std::make_shared<JoinPlan>();
    without->join = JoinKind::left_anti;
    without->null_safe = true;
    for (std::size_t i = 0; i <= k; ++i) without->keys.push_back({substitute(levels_[i].value, moved), make_column(kept->columns[2 * i])});
    without->columns = dropped->columns;
    without->left = std::move(dropped);
    without->right = std::move(kept);
    auto groups = std::make_shared<AggregatePlan>();
    groups->input = std::move(without);
    Columns columns;
    if (parents) {
      for (const auto& c : parents->columns) {
        groups->columns.push_back(b_.new_column(c.name, c.type));
        groups->keys.push_back(make_column(c));
        columns.push_back({groups->columns.back(), make_column(groups->columns.back())});
      }
    }
    // Where there is no parent it is one row, also of nothing.
    const PlanColumn count = b_.new_column("", Type::int64);
    groups->columns.push_back(count);
    groups->aggregates.push_back(aggregate_of("count", Type::int64, {}));
    for (std::size_t i = k; i < levels_.size(); ++i) {
      const Level& level = levels_[i];
      Moved scored;
      if (level.others) {
        for (const auto& [c, a] : level.aggregates) {
          groups->columns.push_back(b_.new_column("", c.type));
          groups->aggregates.push_back(substitute(a, moved));
          scored[c.id] = make_column(groups->columns.back());
        }
      }
      columns.push_back({b_.new_column(level.name, level.value->type), level.others ? level.others : make_null(level.value->type)});
      columns.push_back({b_.new_column(level.score_name, level.score->type), level.others ? substitute(level.score, scored) : make_null(level.score->type)});
    }
    PlanPtr some = make_filter(groups, b_.binary(BinaryOperator::greater, make_column(count), make_long(0), {}, {}));
    return b_.select(std::move(some), std::move(columns));
  }

  Binder& b_;
  std::vector<Level> levels_;
  std::shared_ptr<const SharedPlan> source_;
};

}  // namespace

PlanPtr bind_top_nested(Binder& b, const TopNestedOperator& op, PlanPtr input) {
  std::vector<Level> levels;
  ColumnNames names(b);
  bool bad = false;
  for (const auto& l : op.levels) {
    Level level;
    if (l.count != nullptr) {
      level.count = row_count(b, *l.count);
      bad = bad || !level.count;
    }
    const Row row{.input = input.get()};
    bool is_explicit = false;
    auto values = b.items(*l.of, row, is_explicit);
    if (values.empty()) return nullptr;
    level.value = values[0].value;
    level.name = names.make(values[0].name);
    bad = bad || (level.value->type == kUnknown && !input->open);
    if (l.others != nullptr) {
      level.others = b.constant(*l.others, {});
      if (level.others->type != kUnknown && level.value->type != kUnknown) {
        // What does not fit the column is null in it, as "Others" is among numbers.
        if (level.others->type != level.value->type) level.others = b.convert(std::move(level.others), level.value->type);
      } else {
        bad = bad || !input->open;
      }
    }
    const auto* ordered = as<OrderedExpression>(l.by);
    const Expression* by = ordered != nullptr ? ordered->value : l.by;
    level.descending = ordered == nullptr || ordered->direction != OrderedExpression::Direction::ascending;
    const auto* named = as<NamedExpression>(by);
    Row aggregate_row{.input = input.get(), .aggregates = &level.aggregates};
    level.score = b.scalar(named != nullptr ? *named->value : *by, aggregate_row);
    level.score_name = names.make(named != nullptr ? std::string(named->names[0].text) : "aggregated_" + level.name);
    bad = bad || (level.score->type == kUnknown && !input->open);
    levels.push_back(std::move(level));
  }
  if (bad || levels.empty()) return nullptr;
  return TopNested(b, std::move(levels)).plan(std::move(input));
}

}  // namespace yagura::kql
