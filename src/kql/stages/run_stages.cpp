#include "kql/stages/run_stages.hpp"

#include <fmt/format.h>

namespace yagura::kql {

namespace {

bool reads(std::string_view sql, std::size_t stage) { return sql.find("{stage_" + std::to_string(stage) + "}") != std::string_view::npos; }

std::unexpected<Error> too_large(const LocalStage& stage, const StageEnvironment& environment) {
  return fail(ErrorKind::exhausted, "{} gives more than its limit of {}; filter or summarize its rows first", stage.what, to_string(environment.limits.max_bytes));
}

// A statement that holds rows is as long as they are.
void let_be_long(SqlStatement& statement) {
  for (auto& [name, value] : statement.settings) {
    if (name == "max_query_size") value = "1073741824";
  }
}

std::uint64_t bytes_of(const event::TableBatch& batch) {
  std::uint64_t bytes = 0;
  for (std::size_t c = 0; c < batch.column_count(); ++c) {
    switch (batch.column(c).type()) {
      case Type::string:
      case Type::dynamic:
      case Type::decimal:
        for (const auto text : batch.column(c).texts()) bytes += text.size() + 8;
        break;
      default: bytes += batch.row_count() * 9;
    }
  }
  return bytes;
}

// A stage that looks at each row by itself: what it leaves is bounded, not what it reads.
Result<event::TableBatch> in_pieces(const LocalStage& stage, const SqlStatement& input, const StageEnvironment& environment, StageContext& context) {
  event::TableBatch all;
  for (const auto& c : stage.columns) all.add_column(c, event::Column(c.type));
  std::uint64_t bytes = 0;
  TRY(environment.stream(input,
                         [&](event::TableBatch&& rows) -> Result<> {
                           if (environment.alive) TRY(environment.alive());
                           auto given = std::make_shared<event::TableBatch>(std::move(rows));
                           auto made = TRY(stage.operation->run({given}, context));
                           if (made.row_count() == 0) return {};
                           TRY(context.room_for(all.row_count() + made.row_count()));
                           bytes += bytes_of(made);
                           if (bytes > environment.limits.max_bytes.count()) return too_large(stage, environment);
                           for (std::size_t i = 0; i < all.column_count(); ++i) all.column(i).append_all(made.column(i));
                           made.adopt(given);
                           all.adopt(std::make_shared<event::TableBatch>(std::move(made)));
                           return {};
                         }),
      "reading the rows of {}", stage.what);
  return all;
}

}  // namespace

std::string explain_text(const SqlStatement& statement) {
  std::string out;
  for (std::size_t i = 0; i < statement.stages.size(); ++i) {
    const auto& stage = statement.stages[i];
    out += fmt::format("-- stage {}: {}, on the rows of\n", i, stage.what);
    for (const auto& input : stage.inputs) {
      out += input->result_stage ? fmt::format("--   stage {}\n", *input->result_stage) : input->sql + ";\n";
    }
    if (stage.inputs.empty()) out += "--   no statement\n";
  }
  if (statement.result_stage) return out + fmt::format("-- the result is that of stage {}\n", *statement.result_stage);
  return out + statement.sql;
}

Result<StagedStatement> run_stages(SqlStatement statement, const StageEnvironment& environment) {
  if (statement.stages.empty()) return StagedStatement{std::move(statement), std::nullopt};
  const std::vector<LocalStage> stages = std::move(statement.stages);
  statement.stages.clear();
  std::vector<std::shared_ptr<event::TableBatch>> results;
  // The text of a result is only made when a statement reads it.
  std::vector<std::string> texts(stages.size());
  const auto filled = [&](SqlStatement s) {
    bool any = false;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!reads(s.sql, i)) continue;
      if (texts[i].empty()) texts[i] = source_text(*results[i], stages[i].columns, stages[i].row_number);
      any = true;
    }
    if (any) {
      s.sql = fill_in(s.sql, texts);
      let_be_long(s);
    }
    return s;
  };
  for (const auto& stage : stages) {
    StageContext context(stage.what, environment.limits, environment.alive, environment.fetch, environment.read_parquet);
    StageInputs inputs;
    if (environment.stream && stage.inputs.size() == 1 && !stage.inputs.front()->result_stage && stage.operation->row_by_row()) {
      results.push_back(std::make_shared<event::TableBatch>(TRY(in_pieces(stage, filled(*stage.inputs.front()), environment, context))));
      continue;
    }
    for (const auto& input : stage.inputs) {
      if (environment.alive) TRY(environment.alive());
      if (input->result_stage) {
        inputs.push_back(results[*input->result_stage]);
        continue;
      }
      auto rows = TRY(environment.select(filled(*input), environment.limits, stage.what), "reading the rows of {}", stage.what);
      inputs.push_back(std::make_shared<event::TableBatch>(std::move(rows)));
    }
    auto rows = TRY(stage.operation->run(inputs, context));
    TRY(context.room_for(rows.row_count()));
    if (bytes_of(rows) > environment.limits.max_bytes.count()) return too_large(stage, environment);
    for (const auto& input : inputs) rows.adopt(input);
    results.push_back(std::make_shared<event::TableBatch>(std::move(rows)));
  }
  StagedStatement out;
  if (statement.result_stage) {
    const auto& made = results[*statement.result_stage];
    event::TableBatch named;
    for (std::size_t i = 0; i < statement.columns.size(); ++i) {
      event::Column copy(made->column(i).type());
      copy.append_all(made->column(i));
      named.add_column(statement.columns[i], std::move(copy));
    }
    named.adopt(made);
    out.rows = std::move(named);
    out.statement = std::move(statement);
    return out;
  }
  out.statement = filled(std::move(statement));
  return out;
}

}  // namespace yagura::kql
