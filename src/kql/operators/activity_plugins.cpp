// activity_counts_metrics and its neighbours, sequence_detect, funnel_sequence, funnel_sequence_completion: their arguments.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kql/operators/plugins.hpp"
#include "kql/stages/activity_operator.hpp"
#include "kql/stages/place.hpp"
#include "kql/stages/sequence_operator.hpp"

namespace yagura::kql {

namespace {

using Kind = ActivitySettings::Kind;
using Point = ActivitySettings::Point;

bool reads_columns(const Expr& e) {
  return e->kind == BoundExpression::Kind::column || std::ranges::any_of(e->arguments, reads_columns);
}

// The arguments one after the other: columns, and constants.
class Arguments {
 public:
  Arguments(Binder& b, const CallExpression& call, const Plan& input) : b_(b), call_(call), input_(input), count_(call.arguments.size()) {}

  // The last argument, when it is a table: it is none of those that are read here then.
  const Expression* last_table() {
    if (count_ == 0 || !b_.is_table(*call_.arguments[count_ - 1], {.input = &input_})) return nullptr;
    return call_.arguments[--count_];
  }

  const PlanColumn* column() {
    const Expression* e = next("a column");
    const PlanColumn* c = e != nullptr ? b_.column(*e, input_) : nullptr;
    bad_ = bad_ || c == nullptr;
    return c;
  }

  Expr constant() {
    const Expression* e = next("a constant");
    if (e == nullptr) return nullptr;
    Expr value = value_of(*e);
    if (value && !is_literal(value)) {
      b_.error("KS210", e->span, "The argument must be a constant.");
      value = nullptr;
    }
    bad_ = bad_ || !value;
    return value;
  }

  Point point() {
    const Expr value = constant();
    if (!value) return 0;
    switch (value->type) {
      case Type::int32:
      case Type::int64:
      case Type::datetime:
      case Type::timespan: return static_cast<Point>(value->value.integer);
      case Type::real: return value->value.real;
      default: break;
    }
    b_.error("KS107", call_.arguments[at_ - 1]->span, "A number, datetime or timespan is expected.");
    bad_ = true;
    return 0;
  }

  // A step: also 'week', 'month' or 'year'.
  void step(ActivitySettings& settings) {
    if (more()) {
      const Expr value = value_of(*call_.arguments[at_]);
      if (value && is_literal(value) && value->type == Type::string) {
        const std::string& text = value->value.text;
        settings.calendar = text == "week"    ? ActivitySettings::Calendar::week
                            : text == "month" ? ActivitySettings::Calendar::month
                            : text == "year"  ? ActivitySettings::Calendar::year
                                              : ActivitySettings::Calendar::none;
        if (settings.calendar == ActivitySettings::Calendar::none) {
          b_.error("YK020", call_.arguments[at_]->span, "The step is a length, or one of 'week', 'month' and 'year'.");
          bad_ = true;
        }
        ++at_;
        return;
      }
    }
    settings.step = point();
  }

  // How many of the next arguments are constants.
  std::size_t constants_ahead() {
    std::size_t n = 0;
    while (at_ + n < count_) {
      const Expr value = value_of(*call_.arguments[at_ + n]);
      if (!value || !is_literal(value)) break;
      ++n;
    }
    return n;
  }

  bool more() const { return at_ < count_; }
  bool bad() const { return bad_; }
  const Expression* peek() const { return more() ? call_.arguments[at_] : nullptr; }
  void skip() { ++at_; }

  // What is left: columns.
  std::vector<PlanColumn> dimensions() {
    std::vector<PlanColumn> out;
    while (more()) {
      if (const PlanColumn* c = column()) out.push_back(*c);
    }
    return out;
  }

 private:
  const Expression* next(std::string_view what) {
    if (more()) return call_.arguments[at_++];
    if (!bad_) b_.error("KS119", call_.name.span, fmt::format("The plugin '{}' takes more arguments: {} is expected next.", call_.name.text, what));
    bad_ = true;
    return nullptr;
  }

  Expr value_of(const Expression& e) {
    Expr value = b_.scalar(e, {.input = &input_});
    if (value->type == kUnknown) {
      bad_ = true;
      return nullptr;
    }
    if (is_literal(value) || reads_columns(value)) return value;
    Expr folded = stages::fold(value);
    return folded ? folded : value;
  }

  Binder& b_;
  const CallExpression& call_;
  const Plan& input_;
  std::size_t count_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

std::shared_ptr<LocalPlan> stage(const CallExpression& call) {
  auto plan = std::make_shared<LocalPlan>();
  plan->what = fmt::format("the plugin '{}'", call.name.text);
  plan->span = call.name.span;
  plan->ordered = true;
  return plan;
}

PlanPtr read_columns(Binder& b, PlanPtr input, const std::vector<PlanColumn>& columns) {
  std::vector<std::pair<PlanColumn, Expr>> out;
  for (const auto& c : columns) out.push_back({b.new_column(c.name, c.type), make_column(c)});
  return b.select(std::move(input), std::move(out));
}

// Lookback: a table of ids, in the column that is called like the input's or in its only one.
PlanPtr bind_lookback(Binder& b, const Expression& e, const PlanColumn& id) {
  PlanPtr table = b.table(e);
  if (table == nullptr) return nullptr;
  const PlanColumn* own = b.find(*table, id.name);
  if (own == nullptr && table->columns.size() == 1) own = &table->columns.front();
  if (own == nullptr) {
    b.error("KS142", e.span, fmt::format("The look back table has no column '{}', by which its ids are found.", id.name));
    return nullptr;
  }
  Expr value = b.convert(make_column(*own), id.type);
  std::vector<std::pair<PlanColumn, Expr>> columns{{b.new_column(id.name, id.type), std::move(value)}};
  auto distinct = std::make_shared<AggregatePlan>();
  distinct->columns = {columns[0].first};
  distinct->keys = {columns[0].second};
  distinct->input = std::move(table);
  return distinct;
}

std::optional<Kind> kind_of(std::string_view name) {
  if (name == "activity_counts_metrics") return Kind::counts;
  if (name == "activity_metrics") return Kind::metrics;
  if (name == "activity_engagement") return Kind::engagement;
  if (name == "new_activity_metrics") return Kind::cohorts;
  if (name == "active_users_count") return Kind::active_users;
  if (name == "session_count") return Kind::sessions;
  if (name == "sliding_window_counts") return Kind::sliding;
  if (name == "rolling_percentile") return Kind::percentile;
  return std::nullopt;
}

}  // namespace

PlanPtr bind_activity_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known) {
  const auto kind = kind_of(call.name.text);
  known = kind.has_value();
  if (!kind) return nullptr;
  Arguments arguments(b, call, *input);
  ActivitySettings s;
  s.kind = *kind;
  const Expression* lookback = *kind == Kind::cohorts ? arguments.last_table() : nullptr;
  const PlanColumn* value = arguments.column();
  std::string percentile_name;
  if (*kind == Kind::percentile) {
    const Expression* percent = arguments.peek();
    s.percentile = arguments.point();
    if (percent != nullptr) percentile_name = b.text_of(percent->span);
  }
  const PlanColumn* time = arguments.column();
  if (value == nullptr || time == nullptr || arguments.bad()) return nullptr;
  if (time->type != Type::datetime && time->type != Type::timespan && !is_integer(time->type) && time->type != Type::real) {
    b.error("KS141", call.name.span, fmt::format("The timeline '{}' must be a datetime, timespan or number.", time->name));
    return nullptr;
  }
  const auto bounds = [&] {
    s.start = arguments.point();
    s.end = arguments.point();
  };
  switch (*kind) {
    case Kind::counts:
      bounds();
      arguments.step(s);
      break;
    case Kind::metrics:
      if (arguments.constants_ahead() >= 3) bounds();
      arguments.step(s);
      break;
    case Kind::engagement:
      if (arguments.constants_ahead() >= 4) bounds();
      arguments.step(s);
      s.window = arguments.point();
      break;
    case Kind::cohorts:
      bounds();
      arguments.step(s);
      if (arguments.constants_ahead() >= 1) s.cohort = arguments.point();
      break;
    case Kind::active_users:
      bounds();
      s.window = arguments.point();
      s.period = arguments.point();
      s.periods = arguments.point();
      arguments.step(s);
      break;
    case Kind::sessions:
      bounds();
      arguments.step(s);
      s.window = arguments.point();
      break;
    case Kind::sliding:
      bounds();
      s.window = arguments.point();
      arguments.step(s);
      break;
    case Kind::percentile:
      arguments.step(s);
      s.periods = arguments.point();
      break;
  }
  s.timeline = time->type;
  if (arguments.bad()) return nullptr;
  auto dimensions = arguments.dimensions();
  if (arguments.bad()) return nullptr;
  auto plan = stage(call);
  const auto add = [&](std::string name, Type type) { plan->columns.push_back(b.new_column(std::move(name), type)); };
  if (*kind == Kind::cohorts) {
    add("from_" + time->name, time->type);
    add("to_" + time->name, time->type);
  } else {
    add(time->name, time->type);
  }
  for (const auto& d : dimensions) add(d.name, d.type);
  const auto counts = [&](std::initializer_list<const char*> names) {
    for (const auto* name : names) add(name, Type::int64);
  };
  const auto rates = [&](std::initializer_list<const char*> names) {
    for (const auto* name : names) add(name, Type::real);
  };
  switch (*kind) {
    case Kind::counts: counts({"count", "dcount", "new_dcount", "aggregated_dcount"}); break;
    case Kind::metrics:
      counts({"dcount_values", "dcount_newvalues"});
      rates({"retention_rate", "churn_rate"});
      break;
    case Kind::engagement:
      counts({"dcount_activities_inner", "dcount_activities_outer"});
      rates({"activity_ratio"});
      break;
    case Kind::cohorts:
      counts({"dcount_new_values", "dcount_retained_values", "dcount_churn_values"});
      rates({"retention_rate", "churn_rate"});
      break;
    case Kind::active_users: counts({"dcount"}); break;
    case Kind::sessions: counts({"count_sessions"}); break;
    case Kind::sliding: counts({"Count", "Dcount"}); break;
    case Kind::percentile:
      if (!is_number(value->type) || value->type == Type::decimal) {
        b.error("KS141", call.arguments[0]->span, "The values must be numbers.");
        return nullptr;
      }
      add(fmt::format("rolling_{}_percentile_{}_{}", static_cast<std::int64_t>(s.periods), value->name, percentile_name), value->type);
      break;
  }
  std::vector<PlanColumn> read{*time, *value};
  read.insert(read.end(), dimensions.begin(), dimensions.end());
  if (lookback != nullptr) {
    PlanPtr known_before = bind_lookback(b, *lookback, *value);
    if (known_before == nullptr) return nullptr;
    plan->inputs.push_back(read_columns(b, std::move(input), read));
    plan->inputs.push_back(std::move(known_before));
  } else {
    plan->inputs.push_back(read_columns(b, std::move(input), read));
  }
  plan->operation = make_activity_operator(s, plan->columns);
  return plan;
}

namespace {

bool is_timeline(Binder& b, const PlanColumn& time, Span span) {
  if (time.type == Type::datetime || time.type == Type::timespan || is_integer(time.type)) return true;
  b.error("KS141", span, "The timeline must be a datetime, timespan or integer.");
  return false;
}

// Three tables: states before and after, states before, states after. The first one is what operators after it read.
PlanPtr bind_funnel_sequence(Binder& b, const CallExpression& call, PlanPtr input) {
  Arguments arguments(b, call, *input);
  const PlanColumn* id = arguments.column();
  const PlanColumn* time = arguments.column();
  TransitionSettings s;
  s.start = static_cast<std::int64_t>(arguments.point());
  s.end = static_cast<std::int64_t>(arguments.point());
  s.max_step = static_cast<std::int64_t>(arguments.point());
  s.bin = static_cast<std::int64_t>(arguments.point());
  const PlanColumn* state = arguments.column();
  const Expr sequence = arguments.constant();
  if (arguments.bad() || !is_timeline(b, *time, call.arguments[1]->span)) return nullptr;
  const auto states = literal_texts(sequence);
  if (!states || states->empty()) {
    b.error("KS210", call.name.span, "The sequence is an array of states: dynamic(['a', 'b']).");
    return nullptr;
  }
  s.sequence = *states;
  std::vector<std::pair<PlanColumn, Expr>> read{{b.new_column("", time->type), make_column(*time)},
                                                {b.new_column("", id->type), make_column(*id)},
                                                {b.new_column("", Type::string), b.convert(make_column(*state), Type::string)},
                                                {b.new_column("", state->type), make_column(*state)}};
  const std::string time_name = time->name;
  const Type time_type = time->type, state_type = state->type;
  const PlanPtr rows = b.select(std::move(input), std::move(read));
  std::vector<NamedResult> results;
  using Table = TransitionSettings::Table;
  for (const Table table : {Table::both, Table::before, Table::after}) {
    auto plan = stage(call);
    plan->inputs.push_back(rows);
    plan->columns.push_back(b.new_column(time_name, time_type));
    if (table != Table::after) plan->columns.push_back(b.new_column("prev", state_type));
    if (table != Table::before) plan->columns.push_back(b.new_column("next", state_type));
    plan->columns.push_back(b.new_column("dcount", Type::int64));
    plan->columns.push_back(b.new_column("samples", Type::dynamic));
    s.table = table;
    plan->operation = make_transition_operator(s, plan->columns);
    results.push_back({"", std::move(plan), {}});
  }
  PlanPtr first = std::move(results.front().plan);
  results.erase(results.begin());
  b.query().later = std::move(results);
  return first;
}

}  // namespace

PlanPtr bind_sequence_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known) {
  const bool detect = call.name.text == "sequence_detect";
  const bool transitions = call.name.text == "funnel_sequence";
  known = detect || transitions || call.name.text == "funnel_sequence_completion";
  if (!known) return nullptr;
  if (transitions) return bind_funnel_sequence(b, call, std::move(input));
  Arguments arguments(b, call, *input);
  auto plan = stage(call);
  if (detect) {
    const PlanColumn* time = arguments.column();
    SequenceSettings s;
    s.max_step = static_cast<std::int64_t>(arguments.point());
    s.max_span = static_cast<std::int64_t>(arguments.point());
    if (arguments.bad()) return nullptr;
    if (!is_timeline(b, *time, call.arguments[0]->span)) return nullptr;
    std::vector<std::pair<PlanColumn, Expr>> steps, dimensions;
    while (const Expression* e = arguments.peek()) {
      const auto* named = as<NamedExpression>(e);
      const Expr value = b.scalar(named != nullptr ? *named->value : *e, {.input = input.get()});
      if (value->type == kUnknown) return nullptr;
      std::string name = named != nullptr && !named->names.empty() ? std::string(named->names[0].text) : b.name_of(*e, value);
      const bool step = value->type == Type::boolean && (named != nullptr || !is<NameExpression>(*e));
      if (step && name.empty()) name = fmt::format("Expr{}", steps.size() + 1);
      (step ? steps : dimensions).push_back({b.new_column(name, value->type), value});
      arguments.skip();
    }
    if (steps.empty()) {
      b.error("KS119", call.name.span, "sequence_detect takes one boolean expression at least, as in start=(Event == 'a').");
      return nullptr;
    }
    s.steps = steps.size();
    for (const auto& [c, _] : dimensions) plan->columns.push_back(b.new_column(c.name, c.type));
    for (const auto& [c, _] : steps) plan->columns.push_back(b.new_column(c.name + "_" + time->name, time->type));
    plan->columns.push_back(b.new_column("Duration", time->type == Type::datetime ? Type::timespan : time->type == Type::int32 ? Type::int64 : time->type));
    std::vector<std::pair<PlanColumn, Expr>> read{{b.new_column("", time->type), make_column(*time)}};
    read.insert(read.end(), steps.begin(), steps.end());
    read.insert(read.end(), dimensions.begin(), dimensions.end());
    plan->inputs.push_back(b.select(std::move(input), std::move(read)));
    plan->operation = make_sequence_operator(s, plan->columns);
    return plan;
  }
  const PlanColumn* id = arguments.column();
  const PlanColumn* time = arguments.column();
  FunnelSettings s;
  s.start = static_cast<std::int64_t>(arguments.point());
  s.end = static_cast<std::int64_t>(arguments.point());
  s.bin = static_cast<std::int64_t>(arguments.point());
  const PlanColumn* state = arguments.column();
  const Expr sequence = arguments.constant();
  const Expr periods = arguments.constant();
  if (arguments.bad() || !is_timeline(b, *time, call.arguments[1]->span)) return nullptr;
  const auto states = literal_texts(sequence);
  const auto lengths = literal_texts(periods);
  if (!states || !lengths || states->empty()) {
    b.error("KS210", call.name.span, "The sequence is an array of states, the periods are an array of timespans: dynamic(['a', 'b']), dynamic([1h, 1d]).");
    return nullptr;
  }
  s.sequence = *states;
  for (const auto& text : *lengths) {
    // On a timeline of numbers periods are numbers.
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = is_integer(time->type) && failure == std::errc() && end == text.data() + text.size();
    const auto ticks = is_number ? std::optional(number) : parse_timespan(text);
    if (!ticks) {
      b.error("KS210", call.name.span, fmt::format("'{}' is no timespan.", text));
      return nullptr;
    }
    s.periods.push_back(*ticks);
  }
  plan->columns = {b.new_column(time->name, time->type), b.new_column(state->name, Type::string), b.new_column("Period", Type::timespan), b.new_column("dcount", Type::int64)};
  std::vector<std::pair<PlanColumn, Expr>> read{{b.new_column("", time->type), make_column(*time)},
                                                {b.new_column("", id->type), make_column(*id)},
                                                {b.new_column("", Type::string), b.convert(make_column(*state), Type::string)}};
  plan->inputs.push_back(b.select(std::move(input), std::move(read)));
  plan->operation = make_funnel_operator(std::move(s), plan->columns);
  return plan;
}

}  // namespace yagura::kql
