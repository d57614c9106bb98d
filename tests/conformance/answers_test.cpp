// What queries give, as the documentation says: the cases of tests/cases/kql/answers on both back ends.
//
//     === array_index_of
//     --- values
//     array_index_of(dynamic(['a']), 'a', 0, -2) => null
//
//     === bin_auto
//     --- query
//     set query_bin_auto_size=1h; print bin_auto(90m)
//     --- rows
//     ["01:00:00"]
//
// `values` holds an expression a line, printed one by one. `rows` holds a JSON array a row. A query that rows in flight
// cannot be computed by is one of the store's alone.
#include <boost/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/text.hpp"
#include "kql/inflight.hpp"
#include "kql_compare.hpp"
#include "kql_suites.hpp"
#include "testing/case_files.hpp"

namespace yagura::conformance {
namespace {

namespace json = boost::json;

struct Asked {
  std::string query;
  std::vector<Cells> rows;
};

Cells cells_of(std::string_view line) {
  Cells out;
  const json::value parsed = json::parse(line);  // a case that is no JSON fails the run
  for (const auto& cell : parsed.as_array()) out.push_back(cell);
  return out;
}

std::vector<Asked> asked_of(const testing::Case& c) {
  std::vector<Asked> out;
  for (const auto line : split(c["values"], '\n')) {
    const auto arrow = line.rfind(" => ");
    if (arrow == std::string_view::npos) continue;
    out.push_back({"print v = " + std::string(line.substr(0, arrow)), {cells_of("[" + std::string(line.substr(arrow + 4)) + "]")}});
  }
  if (c.has("query")) {
    Asked one{c["query"], {}};
    for (const auto line : split(c["rows"], '\n')) {
      if (!line.empty()) one.rows.push_back(cells_of(line));
    }
    out.push_back(std::move(one));
  }
  return out;
}

Engine* engine() {
  static const std::unique_ptr<Engine> made = [] {
    const char* given = std::getenv("YAGURA_ENGINE_LIBRARY");
    const std::string library = given != nullptr ? given : KqlRun().library;
    return std::filesystem::exists(library) ? std::make_unique<Engine>(library) : nullptr;
  }();
  return made.get();
}

std::string text_of(const std::vector<Cells>& rows) {
  std::string out;
  for (const auto& row : rows) out += json::serialize(json::array(row.begin(), row.end())) + "\n";
  return out;
}

class Answers : public ::testing::TestWithParam<testing::Case> {};

TEST_P(Answers, AreTheDocumentations) {
  const kql::SchemaCatalog catalog(std::make_shared<const event::SchemaSet>());
  Expectation rules;
  rules.ordered = true;
  for (const auto& asked : asked_of(GetParam())) {
    SCOPED_TRACE(asked.query);
    const auto compiled = kql::compile(asked.query, catalog, {.now_ticks = 17'000'000'000'000'000});
    ASSERT_TRUE(compiled.ok()) << GetParam().where;
    if (const auto program = kql::InFlightProgram::compile(compiled.bound)) {
      const auto result = program->run();
      ASSERT_TRUE(result) << result.error().message();
      std::vector<Cells> rows(result->row_count());
      std::vector<kql::Type> types;
      for (std::size_t i = 0; i < result->column_count(); ++i) {
        types.push_back(result->column(i).type());
        for (std::size_t row = 0; row < rows.size(); ++row) rows[row].push_back(cell_in_flight(result->column(i), row));
      }
      EXPECT_TRUE(rows_equal(asked.rows, rows, types, rules)) << "in flight:\n" << text_of(rows);
    }
    if (engine() == nullptr) continue;
    std::string answer;
    ASSERT_TRUE(engine()->query(compiled.statement, answer)) << answer;
    std::vector<kql::Type> types;
    for (const auto& column : compiled.statement.columns) types.push_back(column.type);
    std::vector<Cells> rows;
    for (const auto line : split(trim(answer), '\n')) {
      if (line.empty()) continue;
      rows.push_back(cells_of(line));
      for (std::size_t i = 0; i < rows.back().size(); ++i) rows.back()[i] = actual_cell(rows.back()[i], types.at(i));
    }
    EXPECT_TRUE(rows_equal(asked.rows, rows, types, rules)) << "in the store:\n" << answer;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Answers, ::testing::ValuesIn(testing::read_cases("kql/answers")), testing::case_name);

}  // namespace
}  // namespace yagura::conformance

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  const int result = RUN_ALL_TESTS();
  std::fflush(nullptr);
  std::_Exit(result);  // the engine's threads are not waited for
}
