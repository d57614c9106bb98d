// The suite kql-both: the registry's examples with other values in them, on both back ends; they must agree.
//
// The literals of each example are replaced by values of the same type (nulls, empty texts, borders among them) by a
// fixed seed. A query that either back end refuses does not count.
#include <boost/json.hpp>
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/inflight.hpp"
#include "kql/kernels/kernel.hpp"
#include "kql/parser.hpp"
#include "kql_compare.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {
namespace {

using kql::Type;

std::span<const std::string_view> pool(Type type) {
  static constexpr std::string_view kStrings[] = {"''",
                                                  "'a'",
                                                  "'Hello World'",
                                                  "'a,b;c'",
                                                  "'\xC3\x84\xC3\x96 \xC3\xBC'",
                                                  "'123'",
                                                  "'-4.5'",
                                                  "'10.1.2.3/24'",
                                                  "'2020-02-29 12:34:56'",
                                                  "'https://u:p@h.com:80/p?a=1#f'",
                                                  "'{\"a\":[1,\"x\"]}'",
                                                  "'x=1 y=2'",
                                                  "'TRUE'"};
  static constexpr std::string_view kLongs[] = {"0", "1", "2", "7", "100", "-5", "long(null)", "1234567890123"};
  static constexpr std::string_view kReals[] = {"0.0", "1.5", "-2.25", "10000000000.5", "real(null)", "0.1"};
  static constexpr std::string_view kTimes[] = {"datetime(2020-02-29 12:34:56.789)",
                                                "datetime(1999-12-31 23:59:59.9999999)", "datetime(2021-01-01)",
                                                "datetime(null)"};
  static constexpr std::string_view kSpans[] = {"1h", "-1d", "timespan(1.02:03:04.5)", "0s", "timespan(null)", "15min"};
  static constexpr std::string_view kBools[] = {"true", "false", "bool(null)"};
  static constexpr std::string_view kGuids[] = {"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"};
  static constexpr std::string_view kDynamics[] = {"dynamic([1, 2, 3])",
                                                   "dynamic([])",
                                                   "dynamic(['b', 'a', null])",
                                                   "dynamic({\"a\": 1, \"b\": {\"c\": [1]}})",
                                                   "dynamic(null)",
                                                   "dynamic('text')",
                                                   "dynamic(5)",
                                                   "dynamic([3, 1.5, 2])"};
  switch (type) {
    case Type::string: return kStrings;
    case Type::int32:
    case Type::int64: return kLongs;
    case Type::real: return kReals;
    case Type::datetime: return kTimes;
    case Type::timespan: return kSpans;
    case Type::boolean: return kBools;
    case Type::guid: return kGuids;
    case Type::dynamic: return kDynamics;
    default: return {};
  }
}

struct Place {
  kql::Span span;
  Type type;
};

void find_literals(const kql::Node& node, std::vector<Place>& out) {
  if (const auto* literal = kql::as<kql::Literal>(&node)) return out.push_back({literal->span, literal->type});
  if (node.kind == kql::NodeKind::dynamic) return out.push_back({node.span, Type::dynamic});
  kql::for_each_child(node, [&](const kql::Node& child) { find_literals(child, out); });
}

std::string varied(std::string_view expression, std::mt19937& random) {
  const std::string query = "print v = " + std::string(expression);
  const auto parsed = kql::parse(query);
  if (!parsed.ok()) return query;
  std::vector<Place> places;
  for (const auto* statement : parsed.tree.statements) find_literals(*statement, places);
  std::string out;
  std::size_t from = 0;
  for (const auto& place : places) {
    const auto values = pool(place.type);
    if (values.empty() || random() % 5 < 2) continue;
    out += query.substr(from, place.span.start - from);
    out += values[random() % values.size()];
    from = place.span.end();
  }
  return out + query.substr(from);
}

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.to_number<double>(), y = b.to_number<double>();
    return x == y || std::fabs(x - y) <= 1e-9 * std::max(std::fabs(x), std::fabs(y));
  }
  if (a.is_array() && b.is_array()) {
    const auto &x = a.as_array(), &y = b.as_array();
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), same);
  }
  if (a.is_object() && b.is_object()) {
    const auto &x = a.as_object(), &y = b.as_object();
    return x.size() == y.size() &&
           std::ranges::all_of(x, [&](const auto& m) { return y.contains(m.key()) && same(m.value(), y.at(m.key())); });
  }
  if (a.is_string() && b.is_number())
    return std::strtod(a.as_string().c_str(), nullptr) == b.to_number<double>();  // decimals
  return a == b;
}

}  // namespace

void run_kql_both(KqlRun& run) {
  Engine engine(run.library);
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  std::mt19937 random(20);
  for (const auto family : kql::function_families()) {
    for (const auto& function : family) {
      if (function.kind != kql::Function::Kind::scalar || kql::find_kernel(function.name) == nullptr ||
          kql::find_kernel(function.name)->is_volatile)
        continue;
      if (std::string(function.name).find(run.only) == std::string::npos) continue;
      for (const auto& example : function.examples) {
        if (example.expression.empty()) continue;
        for (int i = 0; i < 6; ++i) {
          const auto query = varied(example.expression, random);
          const auto compiled = kql::compile(query, catalog, {.now_ticks = 17'000'000'000'000'000});
          if (!compiled.ok() || compiled.bound.plan == nullptr) continue;
          const auto program = kql::InFlightProgram::compile(compiled.bound);
          if (!program) continue;
          const auto rows = program->run();
          std::string out;
          const bool answered = engine.query(compiled.statement.sql, compiled.statement.settings, out);
          if (!answered || !rows) {
            if (answered != rows.has_value() && rows.has_value())
              run.record({"kql-both"}, query, "engine: " + out.substr(0, 200));
            continue;
          }
          boost::system::error_code error;
          const auto line = json::parse(trim(out), error);
          if (error || !line.is_array() || line.as_array().empty() || rows->row_count() != 1) {
            run.record({"kql-both"}, query, "rows: engine " + out.substr(0, 200));
            continue;
          }
          const auto theirs = actual_cell(line.as_array().front(), rows->column(0).type());
          const auto ours = cell_in_flight(rows->column(0), 0);
          run.record(
              {"kql-both"}, query,
              same(ours, theirs) ? "" : "in flight " + json::serialize(ours) + ", engine " + json::serialize(theirs));
        }
      }
    }
  }
}

}  // namespace yagura::conformance
