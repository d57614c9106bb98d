// The registry: one entry for each scalar function, operator, aggregate and window function.
//
// An entry says everything about its function: names, signatures, how its column is called, what it means (docs/kql.md
// is printed from it), its ClickHouse SQL, its in-flight kernel and examples that are its tests. Entries are constant
// tables, one file a family in functions/; registry.cpp names the families. Adding one: docs/adding/kql-function.md.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kql/plan.hpp"

namespace yagura::kql {

struct Sql;
struct SqlCall;
class ColumnKernel;

// How a result column gets its name when the query gives none.
enum class ResultName : std::uint8_t {
  none,                      // Column1, print_0
  first_argument,            // tostring(x) -> x
  only_argument,             // likewise, when it is the only one
  name_and_first_argument,   // strlen(x) -> strlen_x
  prefix_and_first_argument, // sum(x) -> sum_x, count() -> count_
  prefix_only,               // ingestion_time() -> $IngestionTime
};

struct Example {
  std::string_view expression;  // "strlen('hello')"
  std::string_view expected;    // as Kusto prints it: "5"; "" for null
};

struct Function {
  enum class Kind : std::uint8_t { scalar, aggregate, window };

  std::string_view name;
  std::string_view aliases = {};  // old spellings, separated by blanks
  Kind kind = Kind::scalar;
  std::string_view summary;
  // "substring(source:text, start:integer, length:integer?) -> string"; several are separated by ";".
  // Parameters: a type, or a family (see signature.hpp); ? optional, + once or more, * any number.
  // Result: a type, or same (as the first argument), widest, common, array ...
  std::string_view signatures;
  ResultName naming = ResultName::none;
  std::string_view prefix = {};  // of the column's name, where it isn't the function's own
  bool takes_null = false;    // gives a value for null arguments as well (isnull, coalesce, and, iff)
  bool may_be_null = false;   // also when no argument is
  // SQL: {0}, {1} ... are the arguments, {*} all of them; {0} is computed once however often it stands there.
  std::string_view sql = {};
  Sql (*emit)(SqlCall& call) = nullptr;  // where a template is not enough
  // Whether this call of it has SQL, where that goes by the arguments (a time zone that differs by row). Absent: all have.
  bool (*emits)(const BoundExpression& call) = nullptr;
  std::string_view finish = {};  // of an aggregate: the scalar function that makes its value of what the store has collected
  std::array<Example, 4> examples = {};
};

// The families.
std::span<const Function> operator_functions();
std::span<const Function> conversion_functions();
std::span<const Function> logic_functions();
std::span<const Function> math_functions();
std::span<const Function> string_functions();
std::span<const Function> text_search_functions();
std::span<const Function> parse_functions();
std::span<const Function> encoding_functions();
std::span<const Function> hash_functions();
std::span<const Function> datetime_functions();
std::span<const Function> array_functions();
std::span<const Function> bag_functions();
std::span<const Function> ip_functions();
std::span<const Function> unit_functions();
std::span<const Function> series_functions();
std::span<const Function> geo_functions();
std::span<const Function> sketch_functions();
std::span<const Function> aggregate_functions();
std::span<const Function> statistics_functions();
std::span<const Function> window_functions();
std::span<const Function> declared_functions();

std::span<const std::span<const Function>> function_families();

// What computes a function: the store, rows in memory (kernels/kernel.hpp), or neither - then a query that calls it is refused.
struct BackEnds {
  bool sql = false;
  bool in_flight = false;
};
BackEnds back_ends(const Function& function);
// Those that neither computes.
std::vector<const Function*> not_computed();
// Whether the store computes this call. One that it doesn't but that has a kernel is computed on rows between two statements.
bool has_sql(const BoundExpression& call);

// By name or old spelling; exact case. Null when there is none.
const Function* find_scalar(std::string_view name);
const Function* find_aggregate(std::string_view name);
const Function* find_window(std::string_view name);
// Names for "did you mean".
const std::vector<std::string_view>& scalar_names();
const std::vector<std::string_view>& aggregate_names();
// docs/kql.md
std::string functions_as_markdown();

}  // namespace yagura::kql
