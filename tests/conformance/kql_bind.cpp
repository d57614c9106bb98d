// kql-bind: what the parser and the binder say of each {"q": "..."} line of the standard input, for
// tests/differential/kql_bind.py:
//   {"ok": true, "errors": [["KS142", start, length, "message"], ...], "result": "(a: long, b: string)"}
// Starts and lengths are in UTF-16 units, as Kusto's language service counts.
#include <boost/json.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {

namespace {

// Byte offset -> UTF-16 offset, walking forward only.
class Units {
 public:
  explicit Units(std::string_view text) : text_(text) {}
  std::uint32_t at(std::uint32_t offset) {
    if (offset < byte_) byte_ = units_ = 0;
    for (std::size_t i = byte_; i < offset && i < text_.size();) {
      const char32_t c = utf8::next(text_, i);
      units_ += c > 0xFFFF ? 2 : 1;
      byte_ = static_cast<std::uint32_t>(i);
    }
    return units_;
  }

 private:
  std::string_view text_;
  std::uint32_t byte_ = 0, units_ = 0;
};

// {"T": [["name", "type"], ...], ...}; under "functions": [["name", "(parameters)", "{ body }"], ...]. Tables as they
// are: a SchemaSet would add the columns that every stored table has.
class FileCatalog final : public kql::Catalog {
 public:
  explicit FileCatalog(const std::filesystem::path& file) {
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const json::value parsed = json::parse(text);
    for (const auto& [name, value] : parsed.as_object()) {
      if (name == "functions") {
        for (const auto& f : value.as_array()) {
          kql::StoredFunction function{std::string(f.at(0).as_string()), std::string(f.at(1).as_string()), std::string(f.at(2).as_string())};
          functions_.emplace(function.name, function);
        }
        continue;
      }
      event::TableSchema table;
      table.name = std::string(name);
      for (const auto& c : value.as_array()) {
        table.columns.push_back({std::string(c.at(0).as_string()),
                                 event::parse_kql_type(std::string_view(c.at(1).as_string())).value_or(event::KqlType::string), ""});
      }
      tables_.emplace(table.name, std::move(table));
    }
  }
  const event::TableSchema* find_table(std::string_view name) const override { return find(tables_, name); }
  const kql::StoredFunction* find_function(std::string_view name) const override { return find(functions_, name); }
  std::vector<std::string_view> table_names() const override { return names(tables_); }
  std::vector<std::string_view> function_names() const override { return names(functions_); }

 private:
  static auto find(const auto& map, std::string_view name) -> decltype(&map.begin()->second) {
    const auto it = map.find(name);
    return it == map.end() ? nullptr : &it->second;
  }
  static std::vector<std::string_view> names(const auto& map) {
    std::vector<std::string_view> out;
    for (const auto& [name, value] : map) out.push_back(name);
    return out;
  }
  std::map<std::string, event::TableSchema, std::less<>> tables_;
  std::map<std::string, kql::StoredFunction, std::less<>> functions_;
};

void print(const kql::Catalog& catalog) {
  for (std::string line; std::getline(std::cin, line);) {
    const std::string query(json::parse(line).at("q").as_string());
    const auto checked = kql::check(query, catalog, {.now_ticks = 17'000'000'000'000'000, .as_language_service = true});
    json::array errors;
    Units units(query);
    for (const auto& d : checked.diagnostics) {
      if (d.severity != kql::Diagnostic::Severity::error) continue;
      const auto start = units.at(d.start);
      errors.push_back(json::array{d.code, start, units.at(d.start + d.length) - start, d.message});
    }
    json::object out;
    out["ok"] = checked.ok();
    out["errors"] = std::move(errors);
    out["result"] = checked.bound.plan ? schema_text(checked.bound.columns()) : "";
    std::cout << json::serialize(out) << '\n';
  }
}

}  // namespace

void print_kql_bind(const std::filesystem::path& tables) {
  if (std::filesystem::is_directory(tables)) print(SentinelTables(tables));
  else print(FileCatalog(tables));
}

}  // namespace yagura::conformance
