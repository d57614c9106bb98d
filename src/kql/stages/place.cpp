#include "kql/stages/place.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "kql/function.hpp"
#include "kql/inflight_expression.hpp"
#include "kql/operators/operators.hpp"
#include "kql/stages/external_operator.hpp"
#include "kql/stages/materialize.hpp"
#include "kql/stages/rows_operator.hpp"

namespace yagura::kql::stages {

namespace {

using Kind = BoundExpression::Kind;

bool is_local(const BoundExpression& e) {
  return e.kind == Kind::call && e.function != nullptr && !has_sql(e) && find_kernel(e.function->name) != nullptr;
}

bool reads_columns(const Expr& e) {
  return e->kind == Kind::column || e->kind == Kind::parameter || std::ranges::any_of(e->arguments, reads_columns);
}

bool is_volatile(const Expr& e) {
  if (e->kind == Kind::call) {
    if (const auto* kernel = find_kernel(e->function->name); kernel != nullptr && kernel->is_volatile) return true;
  }
  return std::ranges::any_of(e->arguments, is_volatile);
}

// Calls to be computed below a node, and the columns that stand for them.
struct Made {
  std::vector<std::pair<PlanColumn, Expr>> calls;
};

class Placer {
 public:
  using Kept = std::unordered_set<const SharedPlan*>;
  // The tables `kept` become stages of their own (materialize.hpp).
  explicit Placer(const CompileOptions& options, Kept kept = {}) : options_(options), kept_(std::move(kept)) {}

  // Tables, in a plan with stages, that several statements may read and that each would make anew.
  Kept to_keep() const {
    Kept out;
    if (!staged_) return out;
    for (const auto& [shared, reads] : reads_) {
      if (reads > 1 && gives_other_rows(shared->plan)) out.insert(shared);
    }
    return out;
  }

  PlanPtr root(const PlanPtr& old) {
    PlanPtr top = absorb(plan(old));
    // No more rows than the result may have.
    if (options_.max_rows > 0 && top != old) top = limit_below(top, make_long(static_cast<std::int64_t>(options_.max_rows + 1))).value_or(top);
    return top;
  }

 private:
  const CompileOptions& options_;
  std::unordered_map<const Plan*, PlanPtr> done_;
  std::unordered_map<const SharedPlan*, std::shared_ptr<const SharedPlan>> shared_;
  std::unordered_map<const BoundExpression*, Expr> expressions_;
  std::unordered_map<const BoundExpression*, bool> local_inside_;
  std::unordered_map<const SharedPlan*, std::size_t> reads_;  // of materialized ones
  Kept kept_;
  bool staged_ = false;
  ColumnId next_ = 0x20000000;  // no binder and no writer uses these

  // Without calls that can be folded, and with the plans inside rewritten.
  Expr expression(const Expr& e) {
    if (!e || (e->arguments.empty() && !e->plan && e->kind != Kind::call)) return e;
    if (const auto known = expressions_.find(e.get()); known != expressions_.end()) return known->second;
    Expr out = e;
    std::vector<Expr> arguments;
    bool changed = false;
    for (const auto& a : e->arguments) {
      arguments.push_back(expression(a));
      changed = changed || arguments.back() != a;
    }
    PlanPtr inner = e->plan ? plan(e->plan) : nullptr;
    if (changed || inner != e->plan) {
      auto copy = std::make_shared<BoundExpression>(*e);
      copy->arguments = std::move(arguments);
      copy->plan = std::move(inner);
      out = copy;
    }
    if (is_local(*out)) {
      if (Expr value = fold(out)) out = std::move(value);
    }
    return expressions_[e.get()] = out;
  }

  bool has_local(const Expr& e) {
    if (!e) return false;
    if (is_local(*e)) return true;
    if (e->arguments.empty()) return false;
    const auto [it, added] = local_inside_.try_emplace(e.get(), false);
    if (added) {
      const bool any = std::ranges::any_of(e->arguments, [&](const Expr& a) { return has_local(a); });
      return local_inside_[e.get()] = any;
    }
    return it->second;
  }

  // The expression with columns for its calls that have no SQL.
  Expr hoist(const Expr& e, Made& made) {
    if (!e || !has_local(e)) return e;
    if (is_local(*e)) {
      for (const auto& [c, call] : made.calls) {
        if (call == e) return make_column(c);
      }
      made.calls.push_back({{next_++, "", e->type}, e});
      return make_column(made.calls.back().first, e->span);
    }
    auto copy = std::make_shared<BoundExpression>(*e);
    for (auto& a : copy->arguments) a = hoist(a, made);
    return copy;
  }

  // `input` with the columns of `made`.
  PlanPtr with(PlanPtr input, Made made) {
    if (made.calls.empty()) return input;
    staged_ = true;
    // Arguments that only SQL can compute come first.
    auto sql = std::make_shared<ProjectPlan>();
    const auto prepare = [&](const Expr& a) -> Expr {
      if (has_kernels(a)) return a;
      sql->columns.push_back({next_++, "", a->type});
      sql->values.push_back(a);
      return make_column(sql->columns.back());
    };
    for (auto& [c, call] : made.calls) {
      auto copy = std::make_shared<BoundExpression>(*call);
      for (auto& a : copy->arguments) a = prepare(a);
      call = copy;
    }
    if (!sql->columns.empty()) {
      sql->input = input;
      for (const auto& c : input->columns) {
        sql->columns.push_back(c);
        sql->values.push_back(make_column(c));
      }
      input = project(*sql, sql);
    }
    auto columns = std::make_shared<ProjectPlan>();
    for (const auto& c : input->columns) {
      columns->columns.push_back(c);
      columns->values.push_back(make_column(c));
    }
    std::string what;
    for (const auto& [c, call] : made.calls) {
      columns->columns.push_back(c);
      columns->values.push_back(call);
      if (what.empty()) what = "the function '" + std::string(call->function->name) + "'";
    }
    return on_rows(std::move(input), what, made.calls.front().second->span, [&](PlanPtr chain) {
      columns->input = std::move(chain);
      return columns;
    });
  }

  // A stage over `input` with one more node, or that node on top of the stage that `input` is.
  template <class Make>
  PlanPtr on_rows(PlanPtr input, std::string what, Span span, Make make) {
    staged_ = true;
    std::shared_ptr<const ScanPlan> leaf;
    if (PlanPtr chain = rows_chain(*input, leaf)) {
      const auto& old = static_cast<const LocalPlan&>(*input);
      return make_rows_stage(make(std::move(chain)), leaf, old.inputs.front(), old.what, old.span);
    }
    leaf = rows_leaf(*input);
    return make_rows_stage(make(leaf), leaf, std::move(input), std::move(what), span);
  }

  static std::string what_of(const Expr& e) {
    if (is_local(*e)) return "the function '" + std::string(e->function->name) + "'";
    for (const auto& a : e->arguments) {
      if (auto what = what_of(a); !what.empty()) return what;
    }
    return "";
  }

  PlanPtr plan(const PlanPtr& old) {
    if (!old) return old;
    if (const auto known = done_.find(old.get()); known != done_.end()) return known->second;
    PlanPtr made = rebuilt(old);
    return done_[old.get()] = made;
  }

  PlanPtr rebuilt(const PlanPtr& old) {
    switch (old->kind) {
      case Plan::Kind::scan: return old;
      case Plan::Kind::external: staged_ = true; return make_external_stage(static_cast<const ExternalPlan&>(*old));
      case Plan::Kind::values: return values(static_cast<const ValuesPlan&>(*old), old);
      case Plan::Kind::sequence: {
        auto copy = std::make_shared<SequencePlan>(static_cast<const SequencePlan&>(*old));
        bool changed = false;
        for (Expr* e : {&copy->from, &copy->to, &copy->step}) {
          const Expr before = *e;
          *e = expression(before);
          changed = changed || *e != before;
        }
        return changed ? PlanPtr(copy) : old;
      }
      case Plan::Kind::filter: return filter(static_cast<const FilterPlan&>(*old), old);
      case Plan::Kind::project: return project(static_cast<const ProjectPlan&>(*old), old);
      case Plan::Kind::aggregate: {
        auto copy = std::make_shared<AggregatePlan>(static_cast<const AggregatePlan&>(*old));
        return one_input(old, copy, [&](auto each) {
          for (auto& k : copy->keys) each(k);
          for (auto& a : copy->aggregates) each(a);
        });
      }
      case Plan::Kind::sort: {
        auto copy = std::make_shared<SortPlan>(static_cast<const SortPlan&>(*old));
        return one_input(old, copy, [&](auto each) {
          for (auto& k : copy->keys) each(k.value);
        });
      }
      case Plan::Kind::limit: {
        auto copy = std::make_shared<LimitPlan>(static_cast<const LimitPlan&>(*old));
        PlanPtr out = one_input(old, copy, [&](auto each) {
          for (auto& k : copy->by) each(k);
        });
        const auto& limit = static_cast<const LimitPlan&>(*out);
        if (limit.by.empty()) {
          if (auto below = limit_below(limit.input, limit.count)) return *below;
        }
        return out;
      }
      case Plan::Kind::unnest: {
        auto copy = std::make_shared<UnnestPlan>(static_cast<const UnnestPlan&>(*old));
        return one_input(old, copy, [&](auto each) {
          for (auto& i : copy->items) each(i.array);
        });
      }
      case Plan::Kind::window: {
        auto copy = std::make_shared<WindowPlan>(static_cast<const WindowPlan&>(*old));
        return one_input(old, copy, [&](auto each) {
          for (auto& f : copy->functions) each(f);
          for (auto& k : copy->partition) each(k);
        });
      }
      case Plan::Kind::join: {
        auto copy = std::make_shared<JoinPlan>(static_cast<const JoinPlan&>(*old));
        bool changed = false;
        Made left, right;
        copy->left = plan(copy->left);
        copy->right = plan(copy->right);
        for (auto& [l, r] : copy->keys) {
          const auto before = std::pair(l, r);
          l = hoist(expression(l), left);
          r = hoist(expression(r), right);
          changed = changed || before != std::pair(l, r);
        }
        const auto& was = static_cast<const JoinPlan&>(*old);
        if (!changed && copy->left == was.left && copy->right == was.right) return old;
        copy->left = with(copy->left, std::move(left));
        copy->right = with(copy->right, std::move(right));
        return copy;
      }
      case Plan::Kind::union_: {
        // Most are unions of columns as they are; a copy of hundreds of branches of thousands of columns is not made for nothing.
        const auto plain = [&](const UnionPlan::Branch& branch) {
          return plan(branch.input) == branch.input && std::ranges::all_of(branch.values, [](const Expr& e) { return e->kind == Kind::column || e->kind == Kind::literal; });
        };
        if (std::ranges::all_of(static_cast<const UnionPlan&>(*old).branches, plain)) return old;
        auto copy = std::make_shared<UnionPlan>(static_cast<const UnionPlan&>(*old));
        bool changed = false;
        for (auto& branch : copy->branches) {
          const PlanPtr before = branch.input;
          Made made;
          branch.input = plan(before);
          for (auto& v : branch.values) {
            const Expr was = v;
            v = hoist(expression(v), made);
            changed = changed || v != was;
          }
          branch.input = with(branch.input, std::move(made));
          changed = changed || branch.input != before;
        }
        return changed ? PlanPtr(copy) : old;
      }
      case Plan::Kind::reference: {
        const auto& was = static_cast<const ReferencePlan&>(*old);
        if (was.target->materialized) ++reads_[was.target.get()];
        auto& target = shared_[was.target.get()];
        if (!target) {
          PlanPtr inner = plan(was.target->plan);
          if (kept_.contains(was.target.get())) inner = make_kept_stage(std::move(inner));
          target = inner == was.target->plan ? was.target
                                             : std::make_shared<const SharedPlan>(SharedPlan{was.target->name, inner, was.target->materialized});
        }
        if (target == was.target) return old;
        auto copy = std::make_shared<ReferencePlan>(was);
        copy->target = target;
        return copy;
      }
      case Plan::Kind::local: {
        staged_ = true;
        auto copy = std::make_shared<LocalPlan>(static_cast<const LocalPlan&>(*old));
        bool changed = false;
        for (auto& input : copy->inputs) {
          PlanPtr made = plan(input);
          changed = changed || made != input;
          input = std::move(made);
        }
        return changed ? PlanPtr(copy) : old;
      }
    }
    return old;
  }

  // A node with `input` and expressions over it, which `visit` shows.
  template <class Node, class Visit>
  PlanPtr one_input(const PlanPtr& old, const std::shared_ptr<Node>& copy, Visit visit) {
    const PlanPtr before = copy->input;
    copy->input = plan(before);
    bool changed = copy->input != before;
    Made made;
    visit([&](Expr& e) {
      const Expr was = e;
      e = hoist(expression(e), made);
      changed = changed || e != was;
    });
    if (!changed) return old;
    copy->input = with(copy->input, std::move(made));
    return copy;
  }

  PlanPtr values(const ValuesPlan& was, const PlanPtr& old) {
    auto copy = std::make_shared<ValuesPlan>(was);
    bool changed = false, local = false;
    for (auto& row : copy->rows) {
      for (auto& v : row) {
        const Expr before = v;
        v = expression(v);
        changed = changed || v != before;
        local = local || has_local(v);
      }
    }
    if (!local) return changed ? PlanPtr(copy) : old;
    // Expressions over a row without columns.
    auto all = std::make_shared<UnionPlan>();
    all->columns = copy->columns;
    for (auto& row : copy->rows) {
      auto one = std::make_shared<ValuesPlan>();
      one->rows.emplace_back();
      auto project = std::make_shared<ProjectPlan>();
      project->input = one;
      UnionPlan::Branch branch;
      for (std::size_t i = 0; i < row.size(); ++i) {
        PlanColumn c = copy->columns[i];
        if (copy->rows.size() > 1) c.id = next_++;
        project->columns.push_back(c);
        project->values.push_back(row[i]);
        branch.values.push_back(make_column(c));
      }
      branch.input = this->project(*project, project);
      if (copy->rows.size() == 1) return branch.input;
      all->branches.push_back(std::move(branch));
    }
    return all;
  }

  PlanPtr filter(const FilterPlan& was, const PlanPtr& old) {
    PlanPtr input = plan(was.input);
    const Expr condition = expression(was.condition);
    if (!has_local(condition)) {
      if (input == was.input && condition == was.condition) return old;
      auto copy = std::make_shared<FilterPlan>(was);
      copy->input = std::move(input);
      copy->condition = condition;
      return copy;
    }
    // What has SQL is asked of the store first: it needs fewer rows then.
    std::vector<Expr> first, then;
    split(condition, first, then);
    if (!first.empty()) input = make_filter(std::move(input), all_of(first));
    const Expr rest = all_of(then);
    if (has_kernels(rest)) {
      return on_rows(std::move(input), what_of(rest), rest->span, [&](PlanPtr chain) { return make_filter(std::move(chain), rest); });
    }
    Made made;
    auto copy = std::make_shared<FilterPlan>(was);
    copy->condition = hoist(rest, made);
    copy->input = with(std::move(input), std::move(made));
    return copy;
  }

  void split(const Expr& e, std::vector<Expr>& first, std::vector<Expr>& then) {
    if (e->kind == Kind::call && e->function != nullptr && e->function->name == "and") {
      for (const auto& a : e->arguments) split(a, first, then);
      return;
    }
    (has_local(e) ? then : first).push_back(e);
  }

  static Expr all_of(const std::vector<Expr>& terms) {
    Expr out = terms.front();
    for (std::size_t i = 1; i < terms.size(); ++i) out = make_call(find_scalar("and"), Type::boolean, {out, terms[i]}, out->span);
    return out;
  }

  PlanPtr project(const ProjectPlan& was, const PlanPtr& old) {
    auto copy = std::make_shared<ProjectPlan>(was);
    copy->input = plan(was.input);
    bool changed = copy->input != was.input, local = false, kernels = true;
    for (auto& v : copy->values) {
      const Expr before = v;
      v = expression(v);
      changed = changed || v != before;
      local = local || has_local(v);
      kernels = kernels && has_kernels(v);
    }
    if (!local) return changed ? PlanPtr(copy) : old;
    if (kernels) {
      std::string what;
      Span span;
      for (const auto& v : copy->values) {
        if (what.empty() && has_local(v)) {
          what = what_of(v);
          span = v->span;
        }
      }
      PlanPtr input = std::move(copy->input);
      return on_rows(std::move(input), what, span, [&](PlanPtr chain) {
        copy->input = std::move(chain);
        return copy;
      });
    }
    Made made;
    for (auto& v : copy->values) v = hoist(v, made);
    copy->input = with(copy->input, std::move(made));
    return copy;
  }

  // Nodes above a stage that can be computed with it: the result need not go through the store once more.
  PlanPtr absorb(const PlanPtr& top) {
    std::shared_ptr<const ScanPlan> leaf;
    if (top->kind == Plan::Kind::project) {
      const auto& p = static_cast<const ProjectPlan&>(*top);
      const PlanPtr input = absorb(p.input);
      if (rows_chain(*input, leaf) == nullptr || !std::ranges::all_of(p.values, has_kernels)) return top;
      return on_rows(input, "", {}, [&](PlanPtr chain) {
        auto copy = std::make_shared<ProjectPlan>(p);
        copy->input = std::move(chain);
        return copy;
      });
    }
    if (top->kind == Plan::Kind::filter) {
      const auto& p = static_cast<const FilterPlan&>(*top);
      const PlanPtr input = absorb(p.input);
      if (rows_chain(*input, leaf) == nullptr || !has_kernels(p.condition)) return top;
      return on_rows(input, "", {}, [&](PlanPtr chain) { return make_filter(std::move(chain), p.condition); });
    }
    return top;
  }

  // LIMIT under a stage that gives a row for each row.
  std::optional<PlanPtr> limit_below(const PlanPtr& input, const Expr& count) {
    if (input->kind != Plan::Kind::local) return std::nullopt;
    const auto& stage = static_cast<const LocalPlan&>(*input);
    if (!stage.operation->one_to_one()) return std::nullopt;
    auto copy = std::make_shared<LocalPlan>(stage);
    copy->inputs.front() = make_limit(stage.inputs.front(), count);
    return copy;
  }
};

}  // namespace

bool has_kernels(const Expr& e) {
  switch (e->kind) {
    case Kind::literal:
    case Kind::column: return true;
    case Kind::call: return e->function != nullptr && find_kernel(e->function->name) != nullptr && std::ranges::all_of(e->arguments, has_kernels);
    default: return false;
  }
}

Expr fold(const Expr& e) {
  if (!has_kernels(e) || reads_columns(e) || is_volatile(e)) return nullptr;
  ExpressionProgram program;
  if (!program.add(e)) return nullptr;
  Arena arena;
  const auto values = program.run(Rows{.count = 1, .columns = {}}, arena);
  if (!values || values->empty() || values->front().column->size() == 0) return nullptr;
  const event::Column& column = *values->front().column;
  LiteralValue out;
  out.is_null = e->type != Type::string && column.is_null(0);
  if (!out.is_null) {
    switch (column.type()) {
      case Type::boolean: out.boolean = column.booleans()[0] != 0; break;
      case Type::int32: out.integer = column.int32s()[0]; break;
      case Type::int64:
      case Type::datetime:
      case Type::timespan: out.integer = column.int64s()[0]; break;
      case Type::real: out.real = column.reals()[0]; break;
      case Type::guid: out.guid = column.guids()[0]; break;
      default: out.text = column.texts()[0];
    }
  }
  return make_literal(column.type(), std::move(out), e->span);
}

BoundQuery place(const BoundQuery& query, const CompileOptions& options) {
  BoundQuery out = query;
  if (!query.plan) return out;
  Placer placer(options);
  out.plan = placer.root(query.plan);
  if (auto kept = placer.to_keep(); !kept.empty()) out.plan = Placer(options, std::move(kept)).root(query.plan);
  return out;
}

}  // namespace yagura::kql::stages
