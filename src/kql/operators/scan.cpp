// scan: binds its steps; what does not look at their state becomes columns that SQL computes.
#include <fmt/format.h>

#include <algorithm>

#include "kql/operators/operators.hpp"
#include "kql/stages/place.hpp"
#include "kql/stages/scan_operator.hpp"

namespace yagura::kql {

namespace {

class StepNames final : public OperatorNames {
 public:
  StepNames(const Plan& input, ScanSteps& steps, std::vector<std::string> names) : input_(input), steps_(steps), names_(std::move(names)) {}

  Expr name(Binder& b, const NameExpression& e, const Row&) const override {
    if (b.find(input_, e.name.text) != nullptr) return nullptr;
    for (const auto& d : steps_.declarations) {
      if (d.column.name == e.name.text) return make_column({d.current, d.column.name, d.column.type}, e.span);
    }
    return nullptr;
  }

  Expr path(Binder& b, const PathExpression& e, const Row&) const override {
    const auto* target = as<NameExpression>(e.target);
    const auto* member = as<NameExpression>(e.selector);
    if (target == nullptr || member == nullptr) return nullptr;
    const auto step = std::ranges::find(names_, target->name.text);
    if (step == names_.end()) return nullptr;
    ScanSteps::StateColumn wanted;
    wanted.step = static_cast<std::size_t>(step - names_.begin());
    Type type = kUnknown;
    for (std::size_t i = 0; i < steps_.declarations.size(); ++i) {
      if (steps_.declarations[i].column.name != member->name.text) continue;
      wanted.declared = true;
      wanted.index = i;
      type = steps_.declarations[i].column.type;
    }
    if (!wanted.declared) {
      const PlanColumn* c = b.find(input_, member->name.text);
      if (c == nullptr) {
        Plan both(Plan::Kind::values);
        both.columns = input_.columns;
        for (const auto& d : steps_.declarations) both.columns.push_back(d.column);
        b.unknown_name(member->span, member->name.text, {.input = &both});
        auto unknown = std::make_shared<BoundExpression>();
        unknown->type = kUnknown;
        return unknown;
      }
      wanted.column = c->id;
      type = c->type;
    }
    for (const auto& s : steps_.state) {
      if (s.step == wanted.step && s.declared == wanted.declared && s.index == wanted.index && s.column == wanted.column) {
        return make_column({s.id, "", type}, e.span);
      }
    }
    wanted.id = b.fresh();
    steps_.state.push_back(wanted);
    return make_column({wanted.id, "", type}, e.span);
  }

 private:
  const Plan& input_;
  ScanSteps& steps_;
  const std::vector<std::string> names_;
};

class ScanBinder {
 public:
  ScanBinder(Binder& b, const ScanOperator& op) : b_(b), op_(op) {}

  PlanPtr bind(PlanPtr input) {
    if (!partition(input)) return nullptr;
    declare();
    std::vector<std::string> names;
    for (const auto& s : op_.steps) {
      if (std::ranges::find(names, s.name.text) != names.end()) b_.error("YK014", s.name.span, fmt::format("A step with the name '{}' is already there.", s.name.text));
      names.emplace_back(s.name.text);
    }
    const StepNames own(*input, steps_, std::move(names));
    const Row row{.input = input.get(), .windows = &windows_, .names = &own};
    for (const auto& s : op_.steps) {
      ScanSteps::Step step;
      step.optional = s.optional;
      if (s.output && s.output->text == "last") step.output = ScanSteps::Output::last;
      if (s.output && s.output->text == "none") step.output = ScanSteps::Output::none;
      if (Expr condition = b_.boolean(*s.condition, row, true); condition->type != kUnknown) split(condition, step);
      for (const auto& a : s.assignments) {
        const auto to = std::ranges::find_if(steps_.declarations, [&](const auto& d) { return d.column.name == a.name.text; });
        if (to == steps_.declarations.end()) {
          Plan declared(Plan::Kind::values);
          for (const auto& d : steps_.declarations) declared.columns.push_back(d.column);
          b_.unknown_name(a.name.span, a.name.text, {.input = &declared});
          continue;
        }
        Expr value = b_.scalar(*a.value, row);
        if (value->type == kUnknown) continue;
        if (value->type != to->column.type) value = b_.convert(std::move(value), to->column.type);
        step.assignments.push_back({static_cast<std::size_t>(to - steps_.declarations.begin()), on_state(value)});
      }
      steps_.steps.push_back(std::move(step));
    }
    std::string_view id = b_.parameter(op_.parameters, "with_match_id");
    if (id.empty() && b_.options().as_language_service) id = "match_id";  // which it shows whether or not it is asked for
    if (!id.empty()) steps_.match_id = b_.new_column(std::string(id), Type::int64);
    steps_.passing = input->columns;
    auto plan = std::make_shared<LocalPlan>();
    plan->what = "the operator 'scan'";
    plan->span = op_.keyword;
    plan->ordered = true;
    plan->columns = input->columns;
    for (const auto& d : steps_.declarations) plan->columns.push_back(d.column);
    if (steps_.match_id) plan->columns.push_back(*steps_.match_id);
    input = b_.with_windows(std::move(input), windows_);
    if (!computed_.empty()) {
      std::vector<std::pair<PlanColumn, Expr>> columns;
      for (const auto& c : input->columns) columns.push_back({c, make_column(c)});
      columns.insert(columns.end(), computed_.begin(), computed_.end());
      input = b_.select(std::move(input), std::move(columns));
    }
    plan->operation = make_scan_operator(steps_, input->columns);
    plan->inputs.push_back(std::move(input));
    return plan;
  }

 private:
  // Rows in the order that is asked for, and the columns that part them.
  bool partition(PlanPtr& input) {
    const Row row{.input = input.get()};
    bool bad = false;
    for (const auto* e : op_.partition_by) {
      const PlanColumn* c = b_.column(*e, *input);
      if (c == nullptr) bad = true;
      else steps_.partition.push_back(c->id);
    }
    if (op_.has_order_by) {
      auto keys = bind_sort_keys(b_, op_.order_by, row, bad);
      if (!bad && !keys.empty()) input = make_sort(std::move(input), std::move(keys));
    }
    return !bad;
  }

  void declare() {
    for (const auto& d : op_.declarations) {
      const Type type = d.type.type.value_or(Type::string);
      Expr initial = make_null(type);
      if (d.default_value != nullptr) {
        initial = b_.constant(*d.default_value, {});
        if (initial->type == kUnknown) initial = make_null(type);
        if (initial->type != type) initial = b_.convert(std::move(initial), type);
        if (!stages::has_kernels(initial)) {
          b_.error("KS210", d.default_value->span, "The default of a declared column must be a constant.");
          initial = make_null(type);
        }
      }
      steps_.declarations.push_back({b_.new_column(std::string(d.name.text), type), b_.fresh(), std::move(initial)});
    }
  }

  bool reads_state(const Expr& e) const {
    if (e->kind == BoundExpression::Kind::column) {
      return std::ranges::any_of(steps_.state, [&](const auto& s) { return s.id == e->column; }) ||
             std::ranges::any_of(steps_.declarations, [&](const auto& d) { return d.current == e->column; });
    }
    return std::ranges::any_of(e->arguments, [&](const Expr& a) { return reads_state(a); });
  }

  void split(const Expr& condition, ScanSteps::Step& step) {
    std::vector<Expr> of_row, of_state;
    const auto part = [&](const auto& self, const Expr& e) -> void {
      if (e->kind == BoundExpression::Kind::call && e->function->name == "and") {
        for (const auto& a : e->arguments) self(self, a);
      } else {
        (reads_state(e) ? of_state : of_row).push_back(e);
      }
    };
    part(part, condition);
    const auto all = [&](const std::vector<Expr>& terms) {
      Expr out = terms.front();
      for (std::size_t i = 1; i < terms.size(); ++i) out = make_call(find_scalar("and"), Type::boolean, {out, terms[i]}, condition->span);
      return out;
    };
    if (!of_row.empty()) step.row_condition = computed(all(of_row));
    if (!of_state.empty()) step.state_condition = on_state(all(of_state));
  }

  // The expression as a column of the input.
  Expr computed(const Expr& e) {
    if (e->kind == BoundExpression::Kind::column) return e;
    computed_.push_back({b_.new_column("", e->type), e});
    return make_column(computed_.back().first, e->span);
  }

  // The expression with all of it that is of the row alone as columns of the input.
  Expr on_state(const Expr& e) {
    if (is_literal(e)) return e;
    if (!reads_state(e)) return computed(e);
    if (e->kind == BoundExpression::Kind::column) return e;
    auto copy = std::make_shared<BoundExpression>(*e);
    for (auto& a : copy->arguments) a = on_state(a);
    if (e->kind != BoundExpression::Kind::call || find_kernel(e->function->name) == nullptr) {
      b_.not_supported(e->span, fmt::format("'{}' over the state of a step", e->function != nullptr ? e->function->name : "a sub-query"));
    }
    return copy;
  }

  Binder& b_;
  const ScanOperator& op_;
  ScanSteps steps_;
  std::vector<std::pair<PlanColumn, Expr>> windows_, computed_;
};

}  // namespace

PlanPtr bind_scan(Binder& b, const ScanOperator& op, PlanPtr input) { return ScanBinder(b, op).bind(std::move(input)); }

}  // namespace yagura::kql
