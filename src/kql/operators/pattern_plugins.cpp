// basket, autocluster, diffpatterns, diffpatterns_text: their arguments. '~' leaves one at its default.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/plugins.hpp"
#include "kql/stages/pattern_operator.hpp"

namespace yagura::kql {

namespace {

class Arguments {
 public:
  Arguments(Binder& b, const CallExpression& call, const Plan& input) : b_(b), call_(call), input_(input) {}

  // The next argument; null when there is none, or it is '~'.
  const Expression* next() {
    if (at_ >= call_.arguments.size()) return nullptr;
    const Expression* e = call_.arguments[at_++];
    const auto* literal = as<Literal>(e);
    return literal != nullptr && literal->type == Type::string && literal->text == "~" ? nullptr : e;
  }
  bool more() const { return at_ < call_.arguments.size(); }

  // The documentation names 0.015 as the least threshold; published rules ask for 0.001.
  static constexpr double kLeastShare = 0.001;

  double number(double otherwise, double low, double high) {
    const Expression* e = next();
    if (e == nullptr) return otherwise;
    const Expr value = b_.constant(*e, {});
    if (!is_literal(value) || !is_number(value->type)) {
      bad = true;
      if (value->type != kUnknown) b_.error("KS107", e->span, "A number is expected, or '~' for the default.");
      return otherwise;
    }
    const double v = value->type == Type::real ? value->value.real : value->type == Type::decimal ? std::strtod(value->value.text.c_str(), nullptr) : static_cast<double>(value->value.integer);
    if (v >= low && v <= high) return v;
    bad = true;
    b_.error("YK022", e->span, fmt::format("A number from {} to {} is expected.", low, high));
    return otherwise;
  }

  const PlanColumn* column() {
    const Expression* e = next();
    if (e == nullptr) return nullptr;
    const PlanColumn* c = b_.column(*e, input_);
    bad = bad || c == nullptr;
    return c;
  }

  std::string text() {
    const Expression* e = next();
    const Expr value = e != nullptr ? b_.constant(*e, {}) : nullptr;
    if (value && is_literal(value) && value->type == Type::string) return value->value.text;
    bad = true;
    b_.error("KS118", e != nullptr ? e->span : call_.name.span, "The expression must be a string literal.");
    return "";
  }

  void wildcards(PatternSettings& settings) {
    while (more()) {
      const Expression* e = next();
      if (e == nullptr) continue;
      const Expr value = b_.constant(*e, {});
      if (!is_literal(value)) continue;
      const Type t = value->type;
      const bool ticks = t == Type::datetime || t == Type::timespan || is_integer(t);
      settings.wildcards.push_back({t, t == Type::real ? fmt::format("{}", value->value.real) : ticks ? std::to_string(value->value.integer) : value->value.text});
    }
  }

  bool bad = false;

 private:
  Binder& b_;
  const CallExpression& call_;
  const Plan& input_;
  std::size_t at_ = 0;
};

PlanPtr bind_text_patterns(Binder& b, const CallExpression& call, PlanPtr input) {
  Arguments arguments(b, call, *input);
  const PlanColumn* text = arguments.column();
  const Expression* condition = arguments.next();
  if (text == nullptr || condition == nullptr) {
    if (!arguments.bad) b.error("KS119", call.name.span, "diffpatterns_text takes a column of texts, and a condition that splits the rows.");
    return nullptr;
  }
  const Expr side = b.boolean(*condition, {.input = input.get()});
  TextPatternSettings s;
  s.min_tokens = static_cast<std::size_t>(arguments.number(1, 0, 200));
  s.threshold = arguments.number(0.05, Arguments::kLeastShare, 1);
  s.max_tokens = static_cast<std::size_t>(arguments.number(20, 1, 20));
  if (arguments.bad || side->type == kUnknown) return nullptr;
  auto plan = std::make_shared<LocalPlan>();
  plan->what = "the plugin 'diffpatterns_text'";
  plan->span = call.name.span;
  plan->ordered = true;
  plan->columns = {b.new_column("Count_of_True", Type::int64), b.new_column("Count_of_False", Type::int64), b.new_column("Percent_of_True", Type::real),
                   b.new_column("Percent_of_False", Type::real), b.new_column("Pattern", Type::string)};
  plan->operation = make_text_pattern_operator(s, plan->columns);
  const Expr sides = b.call("iff", {side, make_long(1), make_long(0)}, condition->span);
  plan->inputs.push_back(b.select(std::move(input), {{b.new_column("", Type::int64), sides}, {b.new_column("", Type::string), b.convert(make_column(*text), Type::string)}}));
  return plan;
}

}  // namespace

PlanPtr bind_pattern_plugin(Binder& b, const CallExpression& call, PlanPtr input, bool& known) {
  const std::string_view name = call.name.text;
  const bool basket = name == "basket", clusters = name == "autocluster", difference = name == "diffpatterns";
  const bool texts = name == "diffpatterns_text";
  known = basket || clusters || difference || texts;
  if (!known) return nullptr;
  if (texts) return bind_text_patterns(b, call, std::move(input));
  Arguments arguments(b, call, *input);
  PatternSettings s;
  const PlanColumn* weight = nullptr;
  const PlanColumn* split = nullptr;
  std::string side_a, side_b;
  if (basket) {
    s.kind = PatternSettings::Kind::basket;
    s.threshold = arguments.number(0.05, Arguments::kLeastShare, 1);
    weight = arguments.column();
    s.max_dimensions = static_cast<std::size_t>(arguments.number(5, 1, 1'000));
  } else if (clusters) {
    s.kind = PatternSettings::Kind::autocluster;
    s.threshold = 0.05;
    s.size_weight = arguments.number(0.5, 0, 1);
    weight = arguments.column();
    arguments.number(25, 1, 1'000'000);  // seeds: all patterns are looked at here
    s.max_dimensions = 20;
  } else {
    s.kind = PatternSettings::Kind::difference;
    split = arguments.column();
    if (split == nullptr) {
      if (!arguments.bad) b.error("KS119", call.name.span, "diffpatterns takes a column to split by, and the two values to compare.");
      return nullptr;
    }
    side_a = arguments.text();
    side_b = arguments.text();
    weight = arguments.column();
    s.threshold = arguments.number(0.05, Arguments::kLeastShare, 1);
    s.max_dimensions = static_cast<std::size_t>(arguments.number(20, 1, 1'000));
  }
  arguments.wildcards(s);
  if (arguments.bad) return nullptr;
  if (weight != nullptr && !is_number(weight->type)) {
    b.error("KS141", call.name.span, fmt::format("The weight '{}' must be a number.", weight->name));
    return nullptr;
  }
  auto plan = std::make_shared<LocalPlan>();
  plan->what = fmt::format("the plugin '{}'", name);
  plan->span = call.name.span;
  plan->ordered = true;
  const auto add = [&](std::string column, Type type) { plan->columns.push_back(b.new_column(std::move(column), type)); };
  add("SegmentId", Type::int64);
  if (difference) {
    for (const auto* c : {"CountA", "CountB"}) add(c, Type::int64);
    for (const auto* c : {"PercentA", "PercentB", "PercentDiffAB"}) add(c, Type::real);
  } else {
    add("Count", Type::int64);
    add("Percent", Type::real);
  }
  std::vector<std::pair<PlanColumn, Expr>> read;
  read.push_back({b.new_column("", Type::int64), weight != nullptr ? b.convert(make_column(*weight), Type::int64) : make_long(1)});
  if (difference) {
    const Expr text = b.convert(make_column(*split), Type::string);
    const auto is = [&](const std::string& value) { return b.binary(BinaryOperator::equal, text, make_string(value), call.span, call.name.span); };
    input = make_filter(std::move(input), make_call(find_scalar("or"), Type::boolean, {is(side_a), is(side_b)}, call.span));
    read.push_back({b.new_column("", Type::int64), b.call("iff", {is(side_b), make_long(1), make_long(0)}, call.span)});
  }
  for (const auto& c : input->columns) {
    // The weight and the split column are in the schema, but in no pattern.
    const bool silent = (weight != nullptr && c.id == weight->id) || (split != nullptr && c.id == split->id);
    read.push_back({b.new_column(c.name, c.type), silent ? make_null(c.type) : make_column(c)});
    add(c.name, c.type);
  }
  plan->inputs.push_back(b.select(std::move(input), std::move(read)));
  plan->operation = make_pattern_operator(std::move(s), plan->columns);
  return plan;
}

}  // namespace yagura::kql
