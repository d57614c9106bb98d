// KQL on batches in memory: ingest-time transformations and near-real-time rules.
//
// Takes the row-wise operators (where, extend, project and kin, parse, parse-where, parse-kv, mv-expand, take, print,
// datatable, range) with every scalar function that has a kernel; compile() refuses others by name. Same semantics as
// the SQL back end, by the same bound plan.
// A program is immutable: any number of threads may run one. Bounded: mv-expand and range by max_rows, an Error beyond.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "event/table_batch.hpp"
#include "kql/plan.hpp"

namespace yagura::kql {

struct InFlightOptions {
  std::size_t max_rows = 10'000'000;  // that one run may produce
  bool by_row = false;                // for change(): columns that only pass are not touched
};

// A column of the result that is one of the table's, under this or another name.
struct PassedColumn {
  std::string name, stored;
};

// What a query makes of a batch, told by the batch's own rows.
struct RowChanges {
  std::vector<std::uint32_t> rows;  // of the input, one for each row of the result
  event::TableBatch computed;       // columns that are not passed; their texts may point into the input
};

class InFlightProgram {
 public:
  // The plan stays as it is; the program keeps what it needs of it alive.
  static Result<InFlightProgram> compile(const BoundQuery& query, const InFlightOptions& options = {});
  InFlightProgram(InFlightProgram&&) noexcept;
  InFlightProgram& operator=(InFlightProgram&&) noexcept;
  ~InFlightProgram();

  // The table whose rows it takes; "" when it makes its own (print, datatable, range).
  const std::string& table() const;
  const std::vector<event::ColumnSchema>& columns() const;

  // The result for the rows of `input`, a batch of table() with at least the columns that the query names. The result
  // keeps the input alive, for its texts may point into it; positions are taken over.
  Result<event::TableBatch> run(event::TableBatch input) const;
  // For programs that make their own rows.
  Result<event::TableBatch> run() const;

  // Of programs compiled with by_row: the result is passed()'s columns at `rows` of the input, and the computed ones. A column
  // that the input lacks is null.
  const std::vector<PassedColumn>& passed() const;
  Result<RowChanges> change(const event::TableBatch& input) const;

 private:
  struct Impl;
  explicit InFlightProgram(std::unique_ptr<Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace yagura::kql
