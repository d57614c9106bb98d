// Runs what a statement needs before it can be sent: its stages, in order. Their rows enter its text as a source.
//
// The store is the caller's: this asks it through `select`. One thread. What a stage made is kept until all are done.
#pragma once
#include <functional>
#include <optional>

#include "kql/compile.hpp"
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

struct StageEnvironment {
  // All rows of a statement with no stages of its own, its columns by position. An Error beyond `limits`, which names
  // `what`.
  std::function<Result<event::TableBatch>(const SqlStatement& statement, const StageLimits& limits, const std::string& what)> select;
  // The same rows batch by batch, however many there are; may be empty.
  using TakeRows = std::function<Result<>(event::TableBatch&& rows)>;
  std::function<Result<>(const SqlStatement& statement, const TakeRows& take)> stream;
  std::function<Result<>()> alive;  // an Error when the query was cancelled or is out of time; may be empty
  StageLimits limits;
  StageContext::Fetch fetch;  // for externaldata; may be empty
  StageContext::ReadParquet read_parquet;  // likewise
};

struct StagedStatement {
  SqlStatement statement;                  // ready to be sent, unless there are
  std::optional<event::TableBatch> rows;   // the whole result, named as the statement's columns
};

// A statement without stages comes back as it is. Errors name the operator and its place in the text of the query.
Result<StagedStatement> run_stages(SqlStatement statement, const StageEnvironment& environment);

// The statement with what comes before it, for people: `yagura kql explain` and the log of slow queries.
std::string explain_text(const SqlStatement& statement);

// The rows as a sub-query: (SELECT ... AS c1, number AS r1 FROM numbers(n)).
std::string source_text(const event::TableBatch& rows, const std::vector<event::ColumnSchema>& columns, std::string_view row_number);
// `sql` with texts[i] for every {stage_i} that stands outside of quotes.
std::string fill_in(std::string_view sql, const std::vector<std::string>& texts);

}  // namespace yagura::kql
