#include "kql/stages/rows_operator.hpp"

#include <algorithm>

#include "kql/inflight.hpp"

namespace yagura::kql {

namespace {

constexpr std::string_view kLeaf = "rows of a stage";

std::string leaf_name(ColumnId id) { return "c" + std::to_string(id); }

void reads(const Expr& e, std::set<ColumnId>& out) {
  if (!e) return;
  if (e->kind == BoundExpression::Kind::column) out.insert(e->column);
  for (const auto& a : e->arguments) reads(a, out);
}

// Columns of the leaf that `plan` reads when `wanted` are read of it.
void trace(const Plan& plan, const Plan* leaf, std::set<ColumnId>& wanted) {
  if (&plan == leaf) return;
  switch (plan.kind) {
    case Plan::Kind::filter: {
      const auto& p = static_cast<const FilterPlan&>(plan);
      reads(p.condition, wanted);
      return trace(*p.input, leaf, wanted);
    }
    case Plan::Kind::project: {
      const auto& p = static_cast<const ProjectPlan&>(plan);
      std::set<ColumnId> below;
      for (const auto& v : p.values) reads(v, below);
      wanted = std::move(below);
      return trace(*p.input, leaf, wanted);
    }
    case Plan::Kind::limit: return trace(*static_cast<const LimitPlan&>(plan).input, leaf, wanted);
    case Plan::Kind::unnest: {
      const auto& p = static_cast<const UnnestPlan&>(plan);
      for (const auto& i : p.items) wanted.erase(i.column);
      if (p.index) wanted.erase(*p.index);
      for (const auto& i : p.items) reads(i.array, wanted);
      return trace(*p.input, leaf, wanted);
    }
    default: return;
  }
}

class RowsOperator final : public LocalOperator {
 public:
  RowsOperator(PlanPtr chain, std::shared_ptr<const ScanPlan> leaf) : chain_(std::move(chain)), leaf_(std::move(leaf)), input_(leaf_->columns) {}
  // Of the leaf's columns only `input` are given.
  RowsOperator(PlanPtr chain, std::shared_ptr<const ScanPlan> leaf, std::vector<PlanColumn> input)
      : chain_(std::move(chain)), leaf_(std::move(leaf)), input_(std::move(input)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    BoundQuery query;
    query.plan = chain_;
    const auto program = TRY(InFlightProgram::compile(query, {.max_rows = static_cast<std::size_t>(context.limits().max_rows)}), "running {}", context.what());
    TRY(context.check());
    event::TableBatch rows{std::string(kLeaf), {}};
    const event::TableBatch& input = *inputs.at(0);
    for (std::size_t i = 0; i < input.column_count(); ++i) {
      event::Column copy(input.column(i).type());
      copy.append_all(input.column(i));
      rows.add_column({i < input_.size() ? leaf_name(input_[i].id) : "_", copy.type(), ""}, std::move(copy));
    }
    return TRY(program.run(std::move(rows)), "running {}", context.what());
  }

  std::optional<Narrowed> narrow(const std::set<ColumnId>& wanted) const override {
    Narrowed out;
    auto top = std::make_shared<ProjectPlan>();
    top->input = chain_;
    for (const auto& c : chain_->columns) {
      if (!wanted.contains(c.id)) continue;
      top->columns.push_back(c);
      top->values.push_back(make_column(c));
    }
    if (top->columns.empty() && !chain_->columns.empty()) {  // only their number counts
      top->columns.push_back(chain_->columns.front());
      top->values.push_back(make_column(chain_->columns.front()));
    }
    out.columns = top->columns;
    std::set<ColumnId> read;
    trace(*top, leaf_.get(), read);
    auto& input = out.inputs.emplace_back();
    for (const auto& c : leaf_->columns) {
      if (read.contains(c.id)) input.push_back({c.id, leaf_name(c.id), c.type});
    }
    out.operation = std::make_shared<RowsOperator>(top, leaf_, input);
    return out;
  }

  bool one_to_one() const override {
    const Plan* plan = chain_.get();
    while (plan->kind == Plan::Kind::project) plan = static_cast<const ProjectPlan*>(plan)->input.get();
    return plan == leaf_.get();
  }

  bool row_by_row() const override {
    for (const Plan* plan = chain_.get(); plan != leaf_.get();) {
      switch (plan->kind) {
        case Plan::Kind::project: plan = static_cast<const ProjectPlan*>(plan)->input.get(); break;
        case Plan::Kind::filter: plan = static_cast<const FilterPlan*>(plan)->input.get(); break;
        case Plan::Kind::unnest: plan = static_cast<const UnnestPlan*>(plan)->input.get(); break;
        default: return false;
      }
    }
    return true;
  }

  const PlanPtr& chain() const { return chain_; }
  const std::shared_ptr<const ScanPlan>& leaf() const { return leaf_; }

 private:
  PlanPtr chain_;
  std::shared_ptr<const ScanPlan> leaf_;
  std::vector<PlanColumn> input_;
};

}  // namespace

std::shared_ptr<const ScanPlan> rows_leaf(const Plan& input) {
  auto leaf = std::make_shared<ScanPlan>();
  leaf->table = kLeaf;
  leaf->columns = input.columns;
  for (const auto& c : input.columns) leaf->stored.push_back(leaf_name(c.id));
  return leaf;
}

PlanPtr make_rows_stage(PlanPtr chain, std::shared_ptr<const ScanPlan> leaf, PlanPtr input, std::string what, Span span) {
  auto plan = std::make_shared<LocalPlan>();
  plan->columns = chain->columns;
  plan->what = std::move(what);
  plan->span = span;
  plan->inputs.push_back(std::move(input));
  plan->operation = std::make_shared<RowsOperator>(std::move(chain), std::move(leaf));
  return plan;
}

PlanPtr rows_chain(const Plan& plan, std::shared_ptr<const ScanPlan>& leaf) {
  if (plan.kind != Plan::Kind::local) return nullptr;
  const auto* rows = dynamic_cast<const RowsOperator*>(static_cast<const LocalPlan&>(plan).operation.get());
  if (rows == nullptr) return nullptr;
  leaf = rows->leaf();
  return rows->chain();
}

}  // namespace yagura::kql
