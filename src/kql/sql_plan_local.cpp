// What has no SQL: stages. Their inputs are statements of their own; their rows come back as a source.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kql/sql_plan.hpp"
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct StageList {
  std::vector<LocalStage> stages;
  // One for each operator and choice of its columns.
  std::map<std::pair<const LocalPlan*, std::vector<ColumnId>>, std::size_t> numbers;
  struct About {
    std::vector<PlanColumn> columns;  // of the result
    bool ordered = false, natural = true;
  };
  std::vector<About> about;  // of each stage
  std::set<std::string> tables;
  std::vector<std::pair<Span, std::string>> unsupported;
};

SqlWriter::SqlWriter(const BoundQuery& query, const CompileOptions& options, const SqlWriter& parent)
    : query_(query), options_(options), references_(parent.references_), stages_(parent.stages_), is_input_(true) {}

Relation SqlWriter::local(const LocalPlan& p, const Needed& needed) {
  if (const auto refused = p.operation->refusal(); !refused.empty()) {
    names_.unsupported.push_back({p.span, std::string(refused)});
    ValuesPlan none;
    none.columns = p.columns;
    return values(none, needed);
  }
  if (!stages_) stages_ = std::make_shared<StageList>();
  auto narrowed = p.operation->narrow(needed);
  std::vector<ColumnId> key;
  if (narrowed) {
    for (const auto& c : narrowed->columns) key.push_back(c.id);
  }
  std::size_t number = 0;
  if (const auto known = stages_->numbers.find({&p, key}); known != stages_->numbers.end()) {
    number = known->second;
  } else {
    LocalStage stage;
    stage.what = p.what;
    stage.span = p.span;
    stage.operation = narrowed ? narrowed->operation : p.operation;
    StageList::About about;
    about.columns = narrowed ? narrowed->columns : p.columns;
    about.ordered = p.ordered;
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
      // As a table of just the columns that are read; the store wants one at least.
      auto project = std::make_shared<ProjectPlan>();
      project->input = p.inputs[i];
      for (const auto& c : narrowed ? narrowed->inputs[i] : p.inputs[i]->columns) {
        project->columns.push_back(c);
        project->values.push_back(make_column(c));
      }
      if (project->columns.empty()) {
        project->columns.push_back({0x3fffffff, "_", Type::int64});
        project->values.push_back(make_long(1));
      }
      BoundQuery query;
      query.plan = project;
      CompileOptions options = options_;
      options.max_rows = 0;
      SqlWriter writer(query, options, *this);
      auto statement = writer.statement();
      about.ordered = about.ordered || writer.ordered_;
      about.natural = about.natural && writer.natural_;
      stages_->tables.insert(statement.tables.begin(), statement.tables.end());
      std::ranges::move(statement.unsupported, std::back_inserter(stages_->unsupported));
      stage.inputs.push_back(std::make_shared<const SqlStatement>(std::move(statement)));
    }
    // Only now: the inputs may have stages, which come first.
    number = stages_->stages.size();
    for (const auto& c : about.columns) stage.columns.push_back({name_of(c.id), c.type, ""});
    if (about.ordered) stage.row_number = fmt::format("r{}", number);
    stages_->about.push_back(std::move(about));
    stages_->stages.push_back(std::move(stage));
    stages_->numbers[{&p, std::move(key)}] = number;
  }
  const auto& about = stages_->about[number];
  Relation r;
  r.from = fmt::format("{{stage_{}}}", number);
  for (const auto& c : about.columns) r.cells[c.id] = {{name_of(c.id), c.type != Type::string, true}, c.type, true};
  r.natural = about.natural;
  if (about.ordered) {
    const ColumnId row = hidden_++;
    r.cells[row] = {{stages_->stages[number].row_number, false, true}, Type::int64, true};
    r.order = {{row, false, false}};
  }
  return r;
}

void SqlWriter::finish_stages(SqlStatement& statement) const {
  if (!stages_) return;
  // Does the whole statement only hand a stage's result on?
  const Plan* top = query_.plan.get();
  const std::vector<PlanColumn>* wanted = &query_.plan->columns;
  if (const auto* project = as<ProjectPlan>(query_.plan)) {
    bool passes = true;
    for (std::size_t i = 0; i < project->columns.size(); ++i) {
      passes = passes && project->values[i]->kind == BoundExpression::Kind::column && project->values[i]->column == project->columns[i].id;
    }
    if (passes) top = project->input.get();
  }
  if (top->kind == Plan::Kind::local) {
    for (const auto& [key, number] : stages_->numbers) {
      if (key.first != top) continue;
      const auto& columns = stages_->about[number].columns;
      const bool same = columns.size() == wanted->size() && std::ranges::equal(columns, *wanted, [](const auto& a, const auto& b) { return a.id == b.id && a.type == b.type; });
      if (same && query_.truncation_max_records == 0) statement.result_stage = number;
    }
  }
  if (is_input_) return;
  // The first of all statements takes everything along.
  statement.stages = std::move(stages_->stages);
  std::set<std::string> tables = std::move(stages_->tables);
  tables.insert(statement.tables.begin(), statement.tables.end());
  statement.tables.assign(tables.begin(), tables.end());
  std::ranges::move(stages_->unsupported, std::back_inserter(statement.unsupported));
}

}  // namespace yagura::kql
