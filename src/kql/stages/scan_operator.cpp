#include "kql/stages/scan_operator.hpp"

#include <algorithm>
#include <unordered_set>

namespace yagura::kql {

namespace {

using event::Column;
constexpr std::int64_t kNone = -1;

// What a step holds of the row that matched it: rows of the input and of the assigned values.
struct Record {
  std::int64_t row = kNone, assigned = kNone;
};

struct State {
  bool active = false;
  std::int64_t match = 0;
  std::vector<Record> records;  // of each step
  std::optional<Record> waiting;  // output=last: to be given when the series of matches ends
};

struct Expression {
  ExpressionProgram program;
  std::vector<ColumnId> reads;
};

Result<Expression> prepared(const Expr& e) {
  Expression out;
  TRY(out.program.add(e));
  std::unordered_set<ColumnId> ids;
  out.program.add_columns(ids);
  out.reads.assign(ids.begin(), ids.end());
  return out;
}

class ScanRun {
 public:
  ScanRun(const ScanSteps& steps, const std::vector<PlanColumn>& input, const event::TableBatch& rows, StageContext& context)
      : steps_(steps), rows_(rows), context_(context) {
    for (std::size_t i = 0; i < input.size(); ++i) input_[input[i].id] = &rows.column(i);
    for (std::size_t i = 0; i < steps.state.size(); ++i) state_columns_[steps.state[i].id] = &steps.state[i];
    for (std::size_t i = 0; i < steps.declarations.size(); ++i) current_columns_[steps.declarations[i].current] = i;
  }

  Result<event::TableBatch> run() {
    for (const auto& d : steps_.declarations) {
      Expression e = TRY(prepared(d.initial));
      const auto values = TRY(e.program.run(Rows{.count = 1, .columns = {}}, result_.arena()));
      initial_.push_back(values.front().column);
      assigned_.emplace_back(d.column.type);
    }
    for (const auto& s : steps_.steps) {
      auto& p = programs_.emplace_back();
      if (s.state_condition) p.condition = TRY(prepared(s.state_condition));
      for (const auto& [to, value] : s.assignments) p.assignments.push_back(TRY(prepared(value)));
    }
    std::map<std::string, Partition> partitions;
    std::string key;
    for (std::size_t row = 0; row < rows_.row_count(); ++row) {
      TRY(context_.check());
      if (row % 4096 == 0) scratch_.clear();
      key.clear();
      for (const auto id : steps_.partition) {
        event::append_cell_text(key, *input_.at(id), row);
        key += '\0';
      }
      auto& partition = partitions[key];
      if (partition.states.empty()) {
        partition.states.resize(steps_.steps.size());
        for (auto& s : partition.states) s.records.resize(steps_.steps.size());
      }
      TRY(take(partition, static_cast<std::int64_t>(row)));
    }
    for (auto& [_, partition] : partitions) {
      for (auto& s : partition.states) flush(s);
    }
    return finish();
  }

 private:
  struct Partition {
    std::vector<State> states;  // of each step
    std::int64_t next_match = 0;
  };

  Result<> take(Partition& partition, std::int64_t row) {
    auto& states = partition.states;
    for (std::size_t k = steps_.steps.size(); k-- > 0;) {
      State& own = states[k];
      if (State* before = previous(states, k)) {
        if (TRY(holds(k, row, before->records))) {
          flush(own);
          flush(*before);
          own.records = before->records;
          own.match = before->match;
          own.active = true;
          clear(*before);
          TRY(record(k, own, row));
          continue;
        }
      }
      if ((own.active || k == 0) && TRY(holds(k, row, own.records))) {
        if (!own.active) own.match = partition.next_match++;
        own.active = true;
        TRY(record(k, own, row));
      }
    }
    return {};
  }

  // The state that a match of step k goes on from: that of the step before, or of one further back where those between may
  // be left out.
  State* previous(std::vector<State>& states, std::size_t k) const {
    while (k > 0) {
      --k;
      if (states[k].active) return &states[k];
      if (!steps_.steps[k].optional) return nullptr;
    }
    return nullptr;
  }

  void clear(State& s) const {
    s.active = false;
    std::ranges::fill(s.records, Record{});
    s.waiting.reset();
  }

  void flush(State& s) {
    if (s.waiting) emit(*s.waiting, s.match);
    s.waiting.reset();
  }

  // A match: what the step assigns, seen from the state before it.
  Result<> record(std::size_t k, State& state, std::int64_t row) {
    const Record made{row, steps_.declarations.empty() ? kNone : static_cast<std::int64_t>(assigned_.front().size())};
    std::vector<ColumnPtr> values = initial_;
    const auto& step = steps_.steps[k];
    for (std::size_t i = 0; i < step.assignments.size(); ++i) {
      const auto value = TRY(evaluate(programs_[k].assignments[i], row, before_, &values, result_.arena()));
      values[step.assignments[i].first] = value;
    }
    for (std::size_t i = 0; i < values.size(); ++i) assigned_[i].append_from(*values[i], 0);
    state.records[k] = made;
    switch (step.output) {
      case ScanSteps::Output::all: emit(made, state.match); break;
      case ScanSteps::Output::last: state.waiting = made; break;
      case ScanSteps::Output::none: break;
    }
    return context_.room_for(output_.size());
  }

  void emit(const Record& record, std::int64_t match) { output_.push_back({record, match}); }

  Result<bool> holds(std::size_t k, std::int64_t row, const std::vector<Record>& records) {
    const auto& step = steps_.steps[k];
    const auto at = static_cast<std::size_t>(row);
    if (step.row_condition) {
      const Column& c = *input_.at(step.row_condition->column);
      if (c.is_null(at) || c.booleans()[at] == 0) return false;
    }
    before_ = records;  // what the assignments of this match see
    if (!step.state_condition) return true;
    const auto value = TRY(evaluate(*programs_[k].condition, row, records, nullptr, scratch_));
    return !value->is_null(0) && value->booleans()[0] != 0;
  }

  Result<ColumnPtr> evaluate(const Expression& e, std::int64_t row, const std::vector<Record>& records, const std::vector<ColumnPtr>* current,
                             Arena& arena) {
    TRY(context_.work(e.reads.size() + 1));
    Rows one{.count = 1, .columns = {}};
    for (const auto id : e.reads) {
      ColumnPtr cell;
      if (const auto at = state_columns_.find(id); at != state_columns_.end()) {
        const auto& s = *at->second;
        const Record& record = records[s.step];
        if (s.declared) {
          cell = record.assigned == kNone ? initial_[s.index] : cell_of(assigned_[s.index], record.assigned);
        } else {
          cell = cell_of(*input_.at(s.column), record.row);
        }
      } else if (const auto own = current_columns_.find(id); own != current_columns_.end()) {
        cell = current != nullptr ? (*current)[own->second] : initial_[own->second];
      } else {
        cell = cell_of(*input_.at(id), row);
      }
      one.columns[id] = std::move(cell);
    }
    const auto values = TRY(e.program.run(one, arena));
    return values.front().column;
  }

  static ColumnPtr cell_of(const Column& from, std::int64_t row) {
    auto out = std::make_shared<Column>(from.type());
    if (row == kNone) out->append_null();
    else out->append_from(from, static_cast<std::size_t>(row));
    return out;
  }

  Result<event::TableBatch> finish() {
    std::vector<std::uint32_t> rows, assigned;
    for (const auto& [record, _] : output_) {
      rows.push_back(static_cast<std::uint32_t>(record.row));
      if (record.assigned != kNone) assigned.push_back(static_cast<std::uint32_t>(record.assigned));
    }
    for (const auto& c : steps_.passing) result_.add_column({c.name, c.type, ""}, std::move(*gather(*input_.at(c.id), rows)));
    for (std::size_t i = 0; i < assigned_.size(); ++i) {
      const auto& c = steps_.declarations[i].column;
      result_.add_column({c.name, c.type, ""}, std::move(*gather(assigned_[i], assigned)));
    }
    if (steps_.match_id) {
      Column ids(Type::int64);
      for (const auto& [_, match] : output_) ids.append_int64(match);
      result_.add_column({steps_.match_id->name, Type::int64, ""}, std::move(ids));
    }
    return std::move(result_);
  }

  struct Programs {
    std::optional<Expression> condition;
    std::vector<Expression> assignments;
  };

  const ScanSteps& steps_;
  const event::TableBatch& rows_;
  StageContext& context_;
  std::unordered_map<ColumnId, const Column*> input_;
  std::unordered_map<ColumnId, const ScanSteps::StateColumn*> state_columns_;
  std::unordered_map<ColumnId, std::size_t> current_columns_;
  std::vector<Programs> programs_;
  std::vector<ColumnPtr> initial_;  // of the declarations
  std::vector<Column> assigned_;    // values of all matches
  std::vector<Record> before_;
  std::vector<std::pair<Record, std::int64_t>> output_;
  event::TableBatch result_;
  Arena scratch_;  // of conditions
};

class ScanOperatorAtWork final : public LocalOperator {
 public:
  ScanOperatorAtWork(ScanSteps steps, std::vector<PlanColumn> input) : steps_(std::move(steps)), input_(std::move(input)) {}

  Result<event::TableBatch> run(const StageInputs& inputs, StageContext& context) const override {
    return ScanRun(steps_, input_, *inputs.at(0), context).run();
  }

  std::optional<Narrowed> narrow(const std::set<ColumnId>& wanted) const override {
    Narrowed out;
    ScanSteps less = steps_;
    std::erase_if(less.passing, [&](const auto& c) { return !wanted.contains(c.id); });
    if (less.passing.empty() && less.declarations.empty() && !less.match_id && !steps_.passing.empty()) less.passing.push_back(steps_.passing.front());
    out.columns = less.passing;
    for (const auto& d : less.declarations) out.columns.push_back(d.column);
    if (less.match_id) out.columns.push_back(*less.match_id);
    std::unordered_set<ColumnId> read(less.partition.begin(), less.partition.end());
    for (const auto& c : less.passing) read.insert(c.id);
    const auto add = [&](const Expr& e) {
      const auto visit = [&](const auto& self, const Expr& x) -> void {
        if (!x) return;
        if (x->kind == BoundExpression::Kind::column) read.insert(x->column);
        for (const auto& a : x->arguments) self(self, a);
      };
      visit(visit, e);
    };
    for (const auto& s : less.steps) {
      add(s.row_condition);
      add(s.state_condition);
      for (const auto& [_, value] : s.assignments) add(value);
    }
    for (const auto& s : less.state) {
      if (!s.declared && read.contains(s.id)) read.insert(s.column);
    }
    std::vector<PlanColumn> input;
    for (const auto& c : input_) {
      if (read.contains(c.id)) input.push_back(c);
    }
    out.inputs.push_back(input);
    out.operation = make_scan_operator(std::move(less), std::move(input));
    return out;
  }

 private:
  const ScanSteps steps_;
  const std::vector<PlanColumn> input_;
};

}  // namespace

std::shared_ptr<const LocalOperator> make_scan_operator(ScanSteps steps, std::vector<PlanColumn> input) {
  return std::make_shared<ScanOperatorAtWork>(std::move(steps), std::move(input));
}

}  // namespace yagura::kql
