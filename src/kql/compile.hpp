// KQL text to something that runs: the one door of this room for the query room, rules and tools.
//
//   const auto compiled = compile("Syslog | where Computer == 'a' | count", catalog, {.now_ticks = now});
//   if (!compiled.ok()) show(compiled.diagnostics);
//   else store.select(compiled.statement.sql, compiled.statement.settings);
//
// Stateless, any thread. Bounded: a text that nests, expands or calls too much gives a diagnostic.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kql/catalog.hpp"
#include "kql/diagnostic.hpp"
#include "kql/plan.hpp"

namespace yagura::kql {

struct SqlStatement;

struct CompileOptions {
  std::int64_t now_ticks = 0;  // what now() is, ticks since 1970
  // Every stored table that has TimeGenerated is cut to [from, to).
  std::optional<std::int64_t> from_ticks, to_ticks;
  // Values for declare query_parameters, by name, as KQL literals.
  std::map<std::string, std::string> parameters;
  // Runs a statement whose result shapes the query (the keys of bag_unpack, the values of pivot) and gives its cells as
  // text; nothing when it failed. Without it such plugins need their output schema written out.
  std::function<std::optional<std::vector<std::vector<std::string>>>(const SqlStatement&)> probe;
  std::uint64_t max_rows = 0;           // LIMIT max_rows + 1, so that the reader sees that there was more; 0: none
  // Columns and types as Kusto's language service tells them, also where that is not what a run gives
  // (docs/kql-language-service.md): a table that a fuzzy union names and nobody knows has the columns it is asked for, of
  // unknown type; a union forgets a column's second type; parse leaves two columns of one name. For check() only.
  bool as_language_service = false;
  std::size_t max_bound_nodes = 400'000;  // expressions after functions are put in place
};

// A step between two statements: what its inputs give, an operator of ours works on (stages/run_stages.hpp runs it).
struct LocalStage {
  std::string what;  // "scan"
  Span span;
  std::shared_ptr<const LocalOperator> operation;
  // Statements without stages of their own; they may read those before this one.
  std::vector<std::shared_ptr<const SqlStatement>> inputs;
  std::vector<event::ColumnSchema> columns;  // of its result, called as in the SQL
  std::string row_number;                    // name of the column that keeps the order; "" when there is none to keep
};

// All cells of a probe are text.
struct SqlStatement {
  // Where the rows of stages[i] enter stands {stage_i}, outside of quotes: run_stages() puts them there.
  std::string sql;
  std::vector<std::pair<std::string, std::string>> settings;  // to be given with the query
  // The result's columns in order: what Native blocks hold for each type is in docs/decisions/kql-on-clickhouse.md.
  std::vector<event::ColumnSchema> columns;
  std::vector<std::string> tables;  // stored tables that are read
  // What has no SQL: then `sql` is no use. compile() makes diagnostics of it.
  std::vector<std::pair<Span, std::string>> unsupported;
  std::vector<LocalStage> stages;           // to be run first, in this order
  std::optional<std::size_t> result_stage;  // the statement gives just what this stage does: no need to send it
};

// A result before the last one (BoundQuery::earlier).
struct EarlierStatement {
  std::string name;
  SqlStatement statement;
  Visualization visualization;
};

struct CompiledQuery {
  std::vector<Diagnostic> diagnostics;  // in the order of the text; errors and warnings
  BoundQuery bound;
  std::vector<EarlierStatement> earlier;  // to be run before `statement`, each a result of its own
  SqlStatement statement;                 // of the last result, or the only one
  bool ok() const;
};

// Parse and bind only.
CompiledQuery check(std::string_view text, const Catalog& catalog, const CompileOptions& options);
// All the way to SQL.
CompiledQuery compile(std::string_view text, const Catalog& catalog, const CompileOptions& options);

// The plan as one ClickHouse statement.
SqlStatement to_sql(const BoundQuery& query, const CompileOptions& options);

}  // namespace yagura::kql
