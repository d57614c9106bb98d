// The suites kql, kql-errors, kql-community and sentinel.
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql_compare.hpp"
#include "kql/function.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {

namespace {

std::vector<json::object> read_lines(const std::filesystem::path& path) {
  std::vector<json::object> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) out.push_back(json::parse(line).as_object());
  }
  return out;
}

std::string text(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : "";
}

constexpr std::int64_t kNow = 17'000'000'000'000'000;  // a fixed clock

std::vector<Cells> rows_of(const json::value& v) {
  std::vector<Cells> out;
  for (const auto& r : v.as_array()) {
    Cells row;
    for (const auto& c : r.as_array()) row.push_back(c);
    out.push_back(std::move(row));
  }
  return out;
}

std::string clip(std::string s, std::size_t n) {
  std::ranges::replace(s, '\n', ' ');
  return s.size() <= n ? s : s.substr(0, n) + "...";
}

std::string run_case(Engine& engine, const json::object& c, const kql::Catalog& catalog) {
  kql::CompileOptions options{.now_ticks = kNow};
  options.probe = [&](const kql::SqlStatement& statement) -> std::optional<std::vector<std::vector<std::string>>> {
    std::string out;
    if (!engine.query(statement, out)) return std::nullopt;
    std::vector<std::vector<std::string>> rows;
    for (const auto line : split(out, '\n')) {
      if (line.empty()) continue;
      std::vector<std::string> row;
      const json::value parsed = json::parse(line);
      for (const auto& cell : parsed.as_array()) row.push_back(cell.is_string() ? std::string(cell.as_string()) : json::serialize(cell));
      rows.push_back(std::move(row));
    }
    return rows;
  };
  const auto compiled = kql::compile(text(c, "query"), catalog, options);
  if (!compiled.ok()) return "refused: " + first_error(compiled);
  std::string out;
  if (!engine.query(compiled.statement, out)) {
    return "engine: " + clip(out, 500) + " SQL: " + clip(compiled.statement.sql, 1500);
  }
  const auto& columns = compiled.statement.columns;
  std::vector<kql::Type> types;
  for (const auto& col : columns) types.push_back(col.type);
  if (const auto* expected = c.if_contains("columns"); expected != nullptr && expected->is_array()) {
    const auto& list = expected->as_array();
    if (list.size() != columns.size()) return fmt::format("{} columns, expected {}", columns.size(), list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& o = list[i].as_object();
      if (o.at("name").is_string() && std::string(o.at("name").as_string()) != columns[i].name) {
        return fmt::format("column {} is called {}, expected {}", i, columns[i].name, std::string(o.at("name").as_string()));
      }
      if (o.at("type").is_string() && std::string(o.at("type").as_string()) != kql::type_name(columns[i].type)) {
        return fmt::format("column {} is a {}, expected {}", columns[i].name, kql::type_name(columns[i].type), std::string(o.at("type").as_string()));
      }
    }
  }
  std::vector<Cells> actual;
  for (const auto line : split(out, '\n')) {
    if (line.empty()) continue;
    Cells row;
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 100;
    const json::value parsed = json::parse(line, error, {}, options);
    if (error) return "unreadable row: " + clip(std::string(line), 200);
    std::size_t i = 0;
    for (const auto& cell : parsed.as_array()) {
      if (i < types.size()) row.push_back(actual_cell(cell, types[i]));
      ++i;
    }
    actual.push_back(std::move(row));
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
  return "rows: got " + clip(out, 500) + " expected " + clip(json::serialize(c.at("rows")), 500);
}

}  // namespace

std::string first_error(const kql::CompiledQuery& compiled) {
  for (const auto& d : compiled.diagnostics) {
    if (d.severity == kql::Diagnostic::Severity::error) return fmt::format("{} at {}:{} {}", d.code, d.line, d.column, d.message);
  }
  return "";
}

std::string schema_text(const std::vector<kql::PlanColumn>& columns) {
  std::string out = "(";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ", ";
    out += columns[i].name + ": " + std::string(kql::type_name(columns[i].type));
  }
  return out + ")";
}

SentinelTables::SentinelTables(const std::filesystem::path& cases) {
  for (const auto& entry : std::filesystem::directory_iterator(cases / "sentinel" / "tables")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path());
    const std::string content((std::istreambuf_iterator<char>(in)), {});
    boost::system::error_code error;
    const json::value v = json::parse(content, error);
    if (error || !v.is_object() || v.as_object().if_contains("Properties") == nullptr) continue;
    event::TableSchema table;
    table.name = text(v.as_object(), "Name");
    for (const auto& p : v.at("Properties").as_array()) {
      table.columns.push_back({text(p.as_object(), "Name"), event::parse_kql_type(text(p.as_object(), "Type")).value_or(event::KqlType::string), ""});
    }
    tables_.insert_or_assign(table.name, std::move(table));
  }
}

const event::TableSchema* SentinelTables::find_table(std::string_view name) const {
  const auto it = tables_.find(name);
  return it == tables_.end() ? nullptr : &it->second;
}

std::vector<std::string_view> SentinelTables::table_names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

void run_kql(KqlRun& run) {
  Engine engine(run.library);
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  for (const auto& c : read_lines(run.cases / "kql" / "conformance.jsonl")) {
    const std::string id = text(c, "id");
    if (id.find(run.only) == std::string::npos) continue;
    const auto* differs = c.if_contains("oracle_differs");
    const bool disputed = differs != nullptr && !differs->is_null() && !(differs->is_bool() && !differs->as_bool());
    const std::string reason = run_case(engine, c, catalog);
    if (disputed) run.record({"kql.disputed"}, id, reason);
    else run.record({"kql", "kql." + text(c, "group")}, id, reason);
  }
}

// The registry's own examples on the SQL back end.
void run_kql_examples(KqlRun& run) {
  Engine engine(run.library);
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  for (const auto family : kql::function_families()) {
    for (const auto& f : family) {
      for (const auto& example : f.examples) {
        if (example.expression.empty()) continue;
        const std::string id = fmt::format("{}: {}", f.name, example.expression);
        if (id.find(run.only) == std::string::npos) continue;
        const auto compiled = kql::compile(fmt::format("print x = tostring({})", example.expression), catalog, {.now_ticks = kNow});
        std::string reason, out;
        if (!compiled.ok()) reason = "refused: " + first_error(compiled);
        else if (!engine.query(compiled.statement, out)) reason = "engine: " + clip(out, 300) + " SQL: " + clip(compiled.statement.sql, 600);
        else {
          const json::value row = json::parse(split(out, '\n')[0]);
          const std::string got(row.as_array()[0].as_string());
          if (got != example.expected) reason = fmt::format("got '{}' expected '{}'", got, example.expected);
        }
        run.record({"kql-examples"}, id, reason);
      }
    }
  }
}

void run_kql_errors(KqlRun& run) {
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  for (const auto& c : read_lines(run.cases / "kql" / "errors.jsonl")) {
    const std::string id = text(c, "id");
    if (id.find(run.only) == std::string::npos) continue;
    std::string query = text(c, "query");
    if (const auto* parts = c.if_contains("query_gen"); parts != nullptr && parts->is_array()) {
      query.clear();
      for (const auto& p : parts->as_array()) {
        const std::string piece(p.as_array()[0].as_string());
        for (std::int64_t n = p.as_array()[1].to_number<std::int64_t>(); n > 0; --n) query += piece;
      }
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto compiled = kql::compile(query, catalog, {.now_ticks = kNow});
    const auto took = std::chrono::steady_clock::now() - begin;
    std::string reason;
    if (text(c, "expect") == "no_crash") {
      if (took > 5s) reason = "took longer than 5 s";
    } else if (compiled.ok()) {
      reason = "accepted";
    } else {
      const auto line = c.at("line").to_number<std::uint32_t>(), column = c.at("column").to_number<std::uint32_t>();
      const auto length = c.at("length").to_number<std::uint32_t>();
      const std::string wanted = to_lower_ascii(text(c, "expect_error_contains"));
      reason = "no error at the place: " + first_error(compiled);
      for (const auto& d : compiled.diagnostics) {
        if (to_lower_ascii(d.message).find(wanted) == std::string::npos) continue;
        bool inside = d.line == line && d.column >= column && d.column <= column + length;
        if (length == 0) {
          // The last token or the end of the text both count.
          std::size_t last = query.find_last_not_of(" \t\r\n");
          while (last > 0 && last != std::string::npos && (std::isalnum(static_cast<unsigned char>(query[last - 1])) != 0) == (std::isalnum(static_cast<unsigned char>(query[last])) != 0) && query[last - 1] != ' ') --last;
          inside = inside || d.start + d.length >= last;
        }
        if (inside) reason.clear();
      }
    }
    run.record({"kql-errors"}, id, reason);
  }
}

namespace {

// As the language service: what it binds has the same columns here; what it refuses is refused at the same place.
std::string against_oracle(const std::string& query, const json::object& oracle, const kql::Catalog& catalog, Engine* engine) {
  const auto compiled = kql::check(query, catalog, {.now_ticks = kNow, .as_language_service = true});
  if (oracle.at("ok").as_bool()) {
    if (!compiled.ok()) return "refused: " + first_error(compiled);
    const std::string wanted = text(oracle, "result"), got = compiled.bound.plan ? schema_text(compiled.bound.columns()) : "";
    if (wanted != got) return "schema " + clip(got, 1500) + " expected " + clip(wanted, 1500);
    (void)engine;
    return "";
  }
  if (compiled.ok()) {
    const auto& errors = oracle.at("errors").as_array();
    return "accepted, expected " + clip(json::serialize(errors), 300);
  }
  const auto& errors = oracle.at("errors").as_array();
  if (errors.size() != 1) return "";
  const auto& e = errors[0].as_array();
  // Offsets there are in UTF-16 units.
  const auto units = [&](std::uint32_t offset) {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < offset && i < query.size();) {
      const char32_t c = utf8::next(query, i);
      n += c > 0xFFFF ? 2 : 1;
    }
    return n;
  };
  const auto start = e[1].to_number<std::uint32_t>(), length = e[2].to_number<std::uint32_t>();
  for (const auto& d : compiled.diagnostics) {
    const std::uint32_t at = units(d.start);
    if (at >= start && at <= start + length) return "";
  }
  return "other place: " + first_error(compiled) + " expected " + json::serialize(e);
}

}  // namespace

void run_kql_community(KqlRun& run) {
  const SentinelTables catalog(run.cases);
  for (const auto& c : read_lines(run.cases / "kql" / "community.jsonl")) {
    const std::string id = text(c, "id"), kind = text(c, "class");
    if (id.find(run.only) == std::string::npos) continue;
    const std::string query = text(c, "query");
    std::string reason;
    if (kind == "query") {
      const auto* oracle = c.if_contains("oracle");
      if (oracle != nullptr && oracle->is_object()) reason = against_oracle(query, oracle->as_object(), catalog, nullptr);
    } else {
      const auto compiled = kql::compile(query, catalog, {.now_ticks = kNow});
      if (kind == "suspect" && compiled.ok()) reason = "accepted";
      if (kind == "cross_service" && compiled.ok()) reason = "accepted";
    }
    run.record({"kql-community", "kql-community." + kind}, id, reason);
  }
}

namespace {

// An empty table as the store makes it.
bool make_table(Engine& engine, const event::TableSchema& schema, std::string& problem) {
  std::string columns;
  for (const auto& c : schema.columns) {
    std::string_view type = "String";
    switch (c.type) {
      case event::KqlType::boolean: type = "Nullable(Bool)"; break;
      case event::KqlType::int32: type = "Nullable(Int32)"; break;
      case event::KqlType::int64:
      case event::KqlType::timespan: type = "Nullable(Int64)"; break;
      case event::KqlType::real: type = "Nullable(Float64)"; break;
      case event::KqlType::decimal: type = "Nullable(Decimal(76, 20))"; break;
      case event::KqlType::datetime: type = c.name == "TimeGenerated" ? "DateTime64(7, 'UTC')" : "Nullable(DateTime64(7, 'UTC'))"; break;
      case event::KqlType::guid: type = "Nullable(UUID)"; break;
      default: type = c.name == "Computer" ? "LowCardinality(String)" : "String";
    }
    columns += fmt::format("{}`{}` {}", columns.empty() ? "" : ", ", c.name, type);
  }
  return engine.query(fmt::format("CREATE TABLE IF NOT EXISTS `{}` ({}) ENGINE = Memory", schema.name, columns), {}, problem);
}

}  // namespace

// Every published query that compiles is run on empty tables: the engine must take its SQL.
void run_kql_accepted(KqlRun& run) {
  Engine engine(run.library);
  const SentinelTables catalog(run.cases);
  const auto one = [&](const std::string& id, const std::string& query) {
    if (id.find(run.only) == std::string::npos) return;
    kql::CompileOptions options{.now_ticks = kNow};
    options.probe = [](const kql::SqlStatement&) { return std::vector<std::vector<std::string>>{}; };
    const auto compiled = kql::compile(query, catalog, options);
    if (!compiled.ok()) return;
    std::string out;
    for (const auto& t : compiled.statement.tables) {
      if (!make_table(engine, *catalog.find_table(t), out)) {
        run.record({"kql-accepted"}, id, "table: " + clip(out, 300));
        return;
      }
    }
    const bool good = engine.query(compiled.statement, out);
    run.record({"kql-accepted"}, id, good ? "" : "engine: " + clip(out, 500) + " SQL: " + clip(compiled.statement.sql, 1500));
  };
  for (const auto& c : read_lines(run.cases / "kql" / "community.jsonl")) one(text(c, "id"), text(c, "query"));
  for (const auto& c : read_lines(run.cases / "sentinel" / "oracle.jsonl")) {
    const std::string query = sentinel_query(run.cases / "sentinel" / text(c, "file"));
    if (!query.empty()) one(text(c, "file"), query);
  }
}

void run_sentinel_bind(KqlRun& run) {
  const SentinelTables catalog(run.cases);
  for (const auto& c : read_lines(run.cases / "sentinel" / "oracle.jsonl")) {
    const std::string file = text(c, "file");
    if (file.find(run.only) == std::string::npos) continue;
    const std::string query = sentinel_query(run.cases / "sentinel" / file);
    if (query.empty()) continue;
    run.record({"sentinel", file.starts_with("analytic") ? "sentinel.analytic" : "sentinel.hunting"}, file, against_oracle(query, c, catalog, nullptr));
  }
}

}  // namespace yagura::conformance
