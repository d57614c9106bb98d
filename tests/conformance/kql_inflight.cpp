// The suite kql-inflight: the row-wise cases of the KQL suite on the in-flight back end.
//
// A case counts when its plan holds row-wise operators alone; a function without a kernel is then a failure.
#include <boost/json.hpp>
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "base/time.hpp"
#include "kql/inflight.hpp"
#include "kql_compare.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {
namespace {

std::string text(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : "";
}

}  // namespace

json::value cell_in_flight(const event::Column& column, std::size_t row) {
  using kql::Type;
  if (column.type() == Type::string) return json::value(json::string_view(column.texts()[row]));
  if (column.is_null(row)) return nullptr;
  switch (column.type()) {
    case Type::boolean: return column.booleans()[row] != 0;
    case Type::int32: return column.int32s()[row];
    case Type::int64: return column.int64s()[row];
    case Type::real: {
      const double value = column.reals()[row];
      if (std::isnan(value)) return "NaN";
      if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
      return value;
    }
    case Type::dynamic: {
      boost::system::error_code error;
      json::parse_options options;
      options.max_depth = 1000;
      auto value = json::parse(column.texts()[row], error, {}, options);
      return error ? json::value("unreadable: " + std::string(column.texts()[row])) : value;
    }
    default: {
      std::string out;
      event::append_cell_text(out, column, row);
      return json::value(out);
    }
  }
}

namespace {

std::vector<Cells> rows_of(const json::value& v) {
  std::vector<Cells> out;
  for (const auto& r : v.as_array()) {
    Cells row;
    for (const auto& c : r.as_array()) row.push_back(c);
    out.push_back(std::move(row));
  }
  return out;
}

// Nothing when the case needs more than rows one by one.
std::optional<std::string> run_case(const json::object& c, const kql::Catalog& catalog) {
  constexpr std::int64_t kNow = 17'000'000'000'000'000;
  const auto compiled = kql::check(text(c, "query"), catalog, {.now_ticks = kNow});
  if (!compiled.ok()) return std::nullopt;  // the kql suite tells
  const auto program = kql::InFlightProgram::compile(compiled.bound);
  if (!program) {
    const auto& why = program.error().message();
    const bool missing = why.starts_with("the function ");
    return missing ? std::optional(why) : std::nullopt;
  }
  const auto result = program->run();
  if (!result) return "run: " + result.error().message();
  std::vector<Cells> actual(result->row_count());
  std::vector<kql::Type> types;
  for (std::size_t i = 0; i < result->column_count(); ++i) {
    types.push_back(result->column(i).type());
    for (std::size_t row = 0; row < actual.size(); ++row) actual[row].push_back(cell_in_flight(result->column(i), row));
  }
  Expectation rules;
  if (const auto* o = c.if_contains("ordered"); o != nullptr && o->is_bool()) rules.ordered = o->as_bool();
  rules.any_array_order = text(c, "array_order") == "any";
  if (const auto* t = c.if_contains("abs_tol"); t != nullptr && t->is_number()) rules.absolute = t->to_number<double>();
  if (rows_equal(rows_of(c.at("rows")), actual, types, rules)) return "";
  if (const auto* alternatives = c.if_contains("alt_rows"); alternatives != nullptr && alternatives->is_array()) {
    for (const auto& a : alternatives->as_array()) {
      if (rows_equal(rows_of(a), actual, types, rules)) return "";
    }
  }
  json::array got;
  for (const auto& row : actual) got.push_back(json::array(row.begin(), row.end()));
  return "rows: got " + json::serialize(got).substr(0, 600) + " expected " +
         json::serialize(c.at("rows")).substr(0, 600) + " query " + json::serialize(c.at("query")).substr(0, 500);
}

}  // namespace

void run_kql_inflight(KqlRun& run) {
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  std::ifstream in(run.cases / "kql" / "conformance.jsonl");
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const auto c = json::parse(line).as_object();
    const std::string id = text(c, "id");
    if (id.find(run.only) == std::string::npos) continue;
    const auto* differs = c.if_contains("oracle_differs");
    if (differs != nullptr && !differs->is_null() && !(differs->is_bool() && !differs->as_bool())) continue;
    if (const auto reason = run_case(c, catalog))
      run.record({"kql-inflight", "kql-inflight." + text(c, "group")}, id, *reason);
  }
}

}  // namespace yagura::conformance
