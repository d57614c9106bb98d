// Expected against actual rows, by the rules of cases/kql/README.md.
#pragma once
#include <boost/json.hpp>

#include <string>
#include <vector>

#include "event/table_batch.hpp"
#include "kql/plan.hpp"

namespace yagura::conformance {

using Cells = std::vector<boost::json::value>;

struct Expectation {
  bool ordered = false;
  bool any_array_order = false;
  double absolute = 0;
  std::vector<std::optional<kql::Type>> types;
};

// The engine's JSON value of a column of this type as the comparison wants it: text for datetime, timespan, guid.
boost::json::value actual_cell(const boost::json::value& raw, kql::Type type);
// The same for a cell of a batch (kql_inflight.cpp).
boost::json::value cell_in_flight(const event::Column& column, std::size_t row);
bool rows_equal(const std::vector<Cells>& expected, const std::vector<Cells>& actual, const std::vector<kql::Type>& types,
                const Expectation& rules);

}  // namespace yagura::conformance
