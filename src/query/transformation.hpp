// One ingest-time transformation: KQL over the virtual table `source`, checked against a table and run on its rows before they
// are stored.
//
//   auto checked = Transformation::make(*schemas->find("AWSCloudTrail"), "source | where EventName != 'x'");
//   if (!checked.transformation) return checked.error(text);
//   TRY(checked.transformation->apply(rows, [](const auto& before, auto dropped) { ... }));
//
// What it says must depend on the row alone, so that the journal, read again, gives the same rows: operators that look at
// several rows or make several of one, functions of the clock and of chance are refused. Immutable; any thread.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/table_batch.hpp"
#include "kql/diagnostic.hpp"
#include "kql/inflight.hpp"

namespace yagura::query {

class Transformation;

struct CheckedTransformation {
  std::vector<kql::Diagnostic> diagnostics;                // in the order of the text
  std::shared_ptr<const Transformation> transformation;    // null when one of them is an error
  // All of them, each with its place and the line.
  Error error(std::string_view text) const;
};

class Transformation {
 public:
  static constexpr std::size_t kMostText = 65'536;
  static CheckedTransformation make(const event::TableSchema& table, std::string_view text);

  // Rows of the table's batch before, and which of them go.
  using Dropped = std::function<void(const event::TableBatch& before, std::span<const std::uint32_t> dropped)>;
  // Makes of `rows` what is to be stored. On an Error they are as they were.
  Result<> apply(event::TableBatch& rows, const Dropped& dropped) const;

  // Columns of the table that its conditions look at, in the table's order.
  const std::vector<std::string>& filter_columns() const { return filter_columns_; }

 private:
  Transformation(event::TableSchema table, kql::InFlightProgram program);
  event::TableBatch result(event::TableBatch&& before, kql::RowChanges&& changes) const;

  const event::TableSchema table_;
  const kql::InFlightProgram program_;
  std::vector<std::string> filter_columns_;
};

}  // namespace yagura::query
