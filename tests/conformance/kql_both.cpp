// The suite kql-both: each scalar function and operator on both back ends over random values; they must agree.
//
// For every signature, and every example of the registry, values of each type (nulls, empty texts, borders, plain noise)
// stand as rows of a datatable, or as constants: SQL has other forms for those. A query that the binder or the in-flight
// compiler refuses does not count. The seed is fixed; YAGURA_DIFFERENTIAL=n makes n rounds with other seeds (default 1),
// KQL_ONLY=text takes the functions whose name holds the text, KQL_ALL also those that kKnown excuses.
#include <boost/json.hpp>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <set>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/inflight.hpp"
#include "kql/kernels/kernel.hpp"
#include "kql/parser.hpp"
#include "kql/signature.hpp"
#include "kql_both.hpp"
#include "kql_both_values.hpp"
#include "kql_compare.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {
namespace {

using kql::Type;
using Known = std::map<Type, std::vector<std::string>>;

constexpr std::size_t kRows = 20;

// Where the two are known to differ, and why that is left.
struct KnownDifference {
  std::string_view function, why;
  std::optional<Type> type = {};  // only where an argument is of this type
};
constexpr KnownDifference kKnown[] = {
    {"pow", "the engine's own pow() overflows to the other sign for huge odd powers"},
    {"min_of", "a NaN among the values"},
    {"max_of", "a NaN among the values"},
    {"indexof_regex", "an empty expression; a start that is null"},
    {"extract_all", "captures that are no array"},
    {"base64_decode_toarray", "blanks within base64"},
    {"parse_csv", "a quote within a field"},
    {"parse_path", "a stream's name without a folder"},
    {"datetime_utc_to_local", "the engine gives whole minutes before 1893, for a zone of each row"},
    {"datetime_local_to_utc", "likewise; the hour that comes twice"},
    {"array_split", "cuts that are no whole numbers"},
    {"array_index_of", "a search that begins or ends outside"},
    {"format_bytes", "a precision that is no number"},
    {"around", "types that it does not take"},
    {".negate", "datetimes"},
    {"bin_at", "decimals, reals of dates"},
    {"bag_pack", "names and values in turns; the operators' queries have it"},
    {"range", "datetimes and spans with reals", Type::real},
    {"*", "datetimes with decimals: the digits of doubles", Type::decimal},
    {"make_timespan", "texts with a plus"},
    {"series_dot_product", "an empty series and a number"},
    {"series_fit_line", "digits lost in squares of huge numbers"},
    {"series_fit_line_dynamic", "likewise"},
    {"series_iir", "a denominator that begins with no number"},
    {"series_fill_const", "elements that are no numbers: in flight they stay"},
    {"series_fill_forward", "likewise"},
    {"series_fill_backward", "likewise"},
    {"series_fill_linear", "likewise"},
};

// Functions that give another value each time, or promise no value at all.
bool is_compared(const kql::Function& f) {
  const bool everything = std::getenv("KQL_ALL") != nullptr;  // shows what kKnown excuses
  if (!everything && std::ranges::any_of(kKnown, [&](const auto& known) { return known.function == f.name && !known.type; })) return false;
  if (f.kind != kql::Function::Kind::scalar) return false;
  const auto* kernel = kql::find_kernel(f.name);
  return kernel != nullptr && !kernel->is_volatile && (f.emit != nullptr || !f.sql.empty()) && f.name != "assert";
}

// Arrays in no promised order.
bool is_set(std::string_view name) {
  static constexpr std::string_view kNames[] = {"set_union", "set_intersect", "set_difference", "bag_keys"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

bool is_infix(std::string_view name) {
  if (name == "and" || name == "or" || name == "between" || name == "in" || name == "has_any" || name == "has_all" || name == "matches regex") return true;
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") != std::string_view::npos) return !name.starts_with('.');
  static constexpr std::string_view kWords[] = {"has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "contains", "contains_cs",
                                                "startswith", "startswith_cs", "endswith", "endswith_cs", "like", "notlike", "likecs", "notlikecs"};
  return std::ranges::find(kWords, name) != std::end(kWords);
}

// Operators with a list on their right.
bool is_list(std::string_view name) {
  return name == "in" || name == "!in" || name == "in~" || name == "!in~" || name == "has_any" || name == "has_all";
}

// A call as text; empty when the function has no spelling.
std::string call_text(std::string_view name, const std::vector<std::string>& a) {
  std::string list;
  for (const auto& argument : a) list += (list.empty() ? "" : ", ") + argument;
  if (name == ".negate") return a.size() == 1 ? "-(" + a[0] + ")" : "";
  if (name == ".member") return a.size() == 2 ? a[0] + "['a']" : "";
  if (name == ".element") return a.size() == 2 ? a[0] + "[" + a[1] + "]" : "";
  if (name.starts_with('.')) return "";
  if (!is_infix(name)) return fmt::format("{}({})", name, list);
  if (a.size() < 2) return "";
  if (name.ends_with("between")) return a.size() == 3 ? fmt::format("{} {} ({} .. {})", a[0], name, a[1], a[2]) : "";
  if (is_list(name)) return fmt::format("{} {} ({})", a[0], name, list.substr(a[0].size() + 2));
  return a.size() == 2 ? fmt::format("{} {} {}", a[0], name, a[1]) : "";
}

constexpr Type kAllTypes[] = {Type::boolean, Type::int32, Type::int64, Type::real, Type::decimal, Type::string, Type::datetime, Type::timespan, Type::guid, Type::dynamic};

std::optional<Type> random_type(const kql::ParameterSpec& p, RandomValues& random) {
  if (p.family == kql::Family::exact) return p.type;
  if (p.family == kql::Family::text && random.chance(75)) return random.chance(85) ? Type::string : Type::dynamic;
  if (p.family == kql::Family::type || p.family == kql::Family::tabular) return std::nullopt;
  std::vector<Type> fitting;
  for (const Type t : kAllTypes) {
    if (kql::accepts(p, t)) fitting.push_back(t);
  }
  if (fitting.empty()) return std::nullopt;
  return fitting[random.below(fitting.size())];
}

void find_literals(const kql::Node& node, Known& out, std::string_view text) {
  if (const auto* literal = kql::as<kql::Literal>(&node)) {
    std::string source(text.substr(literal->span.start, literal->span.length));
    if (literal->type == Type::int64 && source.find('(') == std::string::npos) source = "long(" + source + ")";
    out[literal->type].push_back(std::move(source));
    return;
  }
  if (node.kind == kql::NodeKind::dynamic) {
    out[Type::dynamic].emplace_back(text.substr(node.span.start, node.span.length));
    return;
  }
  kql::for_each_child(node, [&](const kql::Node& child) { find_literals(child, out, text); });
}

Known known_values(const kql::Function& f) {
  Known out;
  for (const auto& example : f.examples) {
    if (example.expression.empty()) continue;
    const std::string query = "print v = " + std::string(example.expression);
    const auto parsed = kql::parse(query);
    if (!parsed.ok()) continue;
    for (const auto* statement : parsed.tree.statements) find_literals(*statement, out, query);
  }
  return out;
}

// One way to call the function: types of its arguments, and which of them are columns.
struct Shape {
  std::vector<Type> types;
  std::vector<bool> columns;
  std::vector<bool> constant_only;
};

std::optional<Shape> random_shape(std::string_view name, const kql::SignatureSpec& s, RandomValues& random) {
  std::size_t count = s.minimum;
  const std::size_t most = std::min<std::size_t>(s.maximum, s.minimum + 4);
  if (most > count) count += random.below(most - count + 1);
  if (is_infix(name)) count = name.ends_with("between") ? 3 : is_list(name) ? 2 + random.below(3) : 2;
  Shape shape;
  std::optional<Type> common;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* p = s.parameter(i, count);
    if (p == nullptr) return std::nullopt;
    auto type = random_type(*p, random);
    if (!type) return std::nullopt;
    const bool is_common = p->family == kql::Family::common || p->family == kql::Family::common_or_dynamic || p->family == kql::Family::common_orderable;
    if (is_common && common && random.chance(90)) type = common;
    if (is_common && !common) common = type;
    // Two operands of one type are the common case of operators.
    if (i > 0 && p->family == kql::Family::scalar && random.chance(60)) type = shape.types[0];
    if (std::getenv("KQL_ALL") == nullptr && std::ranges::any_of(kKnown, [&](const auto& known) { return known.function == name && known.type == type; })) return std::nullopt;
    shape.types.push_back(*type);
    shape.constant_only.push_back(p->constant);
    shape.columns.push_back(!p->constant && (i == 0 || random.chance(60)));
  }
  return shape;
}

std::string query_over(std::string_view name, const Shape& shape, const Known& known, RandomValues& random) {
  std::string schema, rows;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < shape.types.size(); ++i) {
    if (!shape.columns[i]) {
      arguments.push_back(random.literal(shape.types[i], known));
      continue;
    }
    arguments.push_back(fmt::format("a{}", i));
    schema += fmt::format("{}a{}:{}", schema.empty() ? "" : ", ", i, event::to_string(shape.types[i]));
  }
  const std::string call = call_text(name, arguments);
  if (call.empty()) return "";
  if (schema.empty()) return "print v = " + call;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < shape.types.size(); ++i) {
      if (shape.columns[i]) rows += (rows.empty() ? "" : ", ") + random.literal(shape.types[i], known);
    }
  }
  return fmt::format("datatable({})[{}] | extend v = {}", schema, rows, call);
}

bool same_number(double x, double y) {
  return x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= std::max(1e-9 * std::max(std::fabs(x), std::fabs(y)), 1e-12);
}

bool same(const json::value& a, const json::value& b, bool any_order) {
  if (a.is_int64() && b.is_int64()) return a.as_int64() == b.as_int64();
  if (a.is_number() && b.is_number()) return same_number(a.to_number<double>(), b.to_number<double>());
  if (a.is_array() && b.is_array()) {
    const auto &x = a.as_array(), &y = b.as_array();
    if (x.size() != y.size()) return false;
    if (any_order) {
      return std::ranges::is_permutation(x, y, [](const auto& one, const auto& other) { return same(one, other, false); });
    }
    return std::equal(x.begin(), x.end(), y.begin(), [](const auto& one, const auto& other) { return same(one, other, false); });
  }
  if (a.is_object() && b.is_object()) {
    const auto &x = a.as_object(), &y = b.as_object();
    return x.size() == y.size() && std::ranges::all_of(x, [&](const auto& m) { return y.contains(m.key()) && same(m.value(), y.at(m.key()), false); });
  }
  if (a.is_string() && b.is_number()) return same_number(std::strtod(a.as_string().c_str(), nullptr), b.to_number<double>());  // decimals
  return a == b;
}

std::string short_text(const json::value& v) {
  auto text = json::serialize(v);
  if (text.size() > 160) text = text.substr(0, 160) + "...";
  return text;
}

}  // namespace

std::optional<std::string> compare_back_ends(Engine& engine, const kql::Catalog& catalog, const std::string& query, bool any_order) {
  if (std::getenv("KQL_TRACE") != nullptr) std::cerr << query << std::endl;  // the last one is the culprit of a crash
  const auto compiled = kql::compile(query, catalog, {.now_ticks = 17'000'000'000'000'000});
  if (!compiled.ok() || compiled.bound.plan == nullptr) return std::nullopt;
  const auto program = kql::InFlightProgram::compile(compiled.bound);
  if (!program) return std::nullopt;
  const auto rows = program->run();
  std::string out;
  const bool answered = engine.query(compiled.statement, out);
  if (!answered || !rows) {
    if (answered == rows.has_value()) return "";  // both refuse
    if (!answered && (out.find("re2") != std::string::npos || out.find("Substitution") != std::string::npos)) return std::nullopt;  // a bad expression in the data
    return answered ? "in flight: " + rows.error().message() : "engine: " + out.substr(0, 400) + (std::getenv("KQL_SQL") != nullptr ? " SQL: " + compiled.statement.sql : "");
  }
  std::vector<std::string> lines;
  for (const auto line : split(trim(out), '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  if (lines.size() != rows->row_count()) return fmt::format("in flight {} rows, engine {}", rows->row_count(), lines.size());
  std::string first;
  std::size_t different = 0;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    boost::system::error_code error;
    const auto line = json::parse(lines[row], error);
    if (error || !line.is_array()) return std::nullopt;  // bytes that are no UTF-8: an empty expression matches between them
    for (std::size_t column = 0; column < rows->column_count(); ++column) {
      const auto theirs = actual_cell(line.as_array().at(column), rows->column(column).type());
      const auto ours = cell_in_flight(rows->column(column), row);
      if (same(ours, theirs, any_order)) continue;
      if (different++ > 0) break;
      first = fmt::format("row {}", row);
      for (std::size_t i = 0; i < column && rows->row_count() > 1; ++i) first += " " + short_text(cell_in_flight(rows->column(i), row));
      first += fmt::format(": in flight {}, engine {}", short_text(ours), short_text(theirs));
      break;
    }
  }
  if (different == 0) return "";
  return fmt::format("{} ({} rows){}", first, different, std::getenv("KQL_SQL") != nullptr ? " SQL: " + compiled.statement.sql : "");
}

void run_kql_both(KqlRun& run) {
  Engine engine(run.library);
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  const char* wanted = std::getenv("YAGURA_DIFFERENTIAL");
  const int rounds = wanted != nullptr ? std::max(1, std::atoi(wanted)) : 1;
  const auto check = [&](const std::string& query, std::string_view name) {
    const auto reason = compare_back_ends(engine, catalog, query, is_set(name));
    if (reason) run.record({"kql-both"}, fmt::format("{}: {}", name, query.size() > 260 && query.starts_with("datatable") ? "..." + query.substr(query.size() - 100) : query.substr(0, 500)), *reason);
    return reason.has_value();
  };
  for (int round = 0; round < rounds; ++round) {
    std::size_t seed = 1000 + static_cast<std::size_t>(round) * 100'000;
    for (const auto family : kql::function_families()) {
      for (const auto& function : family) {
        ++seed;
        if (!is_compared(function) || std::string(function.name).find(run.only) == std::string::npos) continue;
        RandomValues random(seed);
        const Known known = known_values(function);
        int compared = 0;
        for (const auto& signature : kql::signatures_of(function)) {
          for (int turn = 0; turn < (is_infix(function.name) ? 5 : 2) || (compared == 0 && turn < 40); ++turn) {
            const auto shape = random_shape(function.name, signature, random);
            if (!shape) continue;
            // What is not taken as a column may be as a constant.
            auto form = *shape;
            for (int attempt = 0; attempt < 3; ++attempt) {
              const auto query = query_over(function.name, form, known, random);
              if (!query.empty() && check(query, function.name)) {
                ++compared;
                break;
              }
              for (std::size_t i = attempt == 0 ? 1 : 0; i < form.columns.size(); ++i) form.columns[i] = false;
            }
            form = *shape;
            std::fill(form.columns.begin(), form.columns.end(), false);
            const auto query = query_over(function.name, form, known, random);
            if (!query.empty() && check(query, function.name)) ++compared;
          }
        }
        if (compared == 0 && !function.name.starts_with('.')) run.failures.push_back("kql-both " + std::string(function.name) + ": no query could be made");
      }
    }
    run_kql_both_operators(run, engine, catalog, seed);
  }
  const auto& tally = run.tallies["kql-both"];
  if (tally.passed != tally.total) std::cout << tally.total - tally.passed << " differences between the back ends\n";
}

}  // namespace yagura::conformance
