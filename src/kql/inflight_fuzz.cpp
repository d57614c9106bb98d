// Any query either does not compile for rows in flight, or runs: to rows of the promised columns, or to an error.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kql/catalog.hpp"
#include "kql/compile.hpp"
#include "kql/inflight.hpp"

namespace {

using namespace yagura;

void check(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", law);
  std::abort();
}

std::shared_ptr<const event::SchemaSet> tables() {
  static const auto all = [] {
    event::TableSchema t{.name = "T",
                         .columns = {{.name = "b", .type = event::KqlType::boolean, .description = {}},
                                     {.name = "i", .type = event::KqlType::int32, .description = {}},
                                     {.name = "l", .type = event::KqlType::int64, .description = {}},
                                     {.name = "r", .type = event::KqlType::real, .description = {}},
                                     {.name = "c", .type = event::KqlType::decimal, .description = {}},
                                     {.name = "s", .type = event::KqlType::string, .description = {}},
                                     {.name = "t", .type = event::KqlType::datetime, .description = {}},
                                     {.name = "p", .type = event::KqlType::timespan, .description = {}},
                                     {.name = "g", .type = event::KqlType::guid, .description = {}},
                                     {.name = "d", .type = event::KqlType::dynamic, .description = {}}},
                         .description = {},
                         .retention = {},
                         .order_by = {}};
    auto set = std::make_shared<event::SchemaSet>();
    set->put(std::move(t));
    return set;
  }();
  return all;
}

event::TableBatch rows() {
  event::TableBatch batch(*tables()->find("T"));
  constexpr std::string_view kTexts[] = {"", "Abc 1.2.3.4 x=1", "\xC3\xA4"};
  constexpr std::string_view kJson[] = {R"({"a":[1,"x",null],"b":{"c":1.5}})", "[1,2,\"y\"]", "\"text\""};
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t i = 0; i < batch.column_count(); ++i) {
      auto& column = batch.column(i);
      if (row == 3) {
        column.append_null();
        continue;
      }
      switch (column.type()) {
        case event::KqlType::boolean: column.append_boolean(row % 2 == 0); break;
        case event::KqlType::int32: column.append_int32(static_cast<int>(row) - 1); break;
        case event::KqlType::real: column.append_real(static_cast<double>(row) * 1.5 - 1); break;
        case event::KqlType::guid: column.append_guid({row, 7}); break;
        case event::KqlType::string: column.append_text(kTexts[row]); break;
        case event::KqlType::decimal: column.append_text("1.25"); break;
        case event::KqlType::dynamic: column.append_text(kJson[row]); break;
        default: column.append_int64((static_cast<std::int64_t>(row) - 1) * 1'000'000'007);
      }
    }
  }
  return batch;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const kql::SchemaCatalog catalog(tables());
  const auto compiled = kql::check(text, catalog, {.now_ticks = 17'000'000'000'000'000});
  if (!compiled.ok() || compiled.bound.plan == nullptr) return 0;
  const auto program = kql::InFlightProgram::compile(compiled.bound, {.max_rows = 10'000});
  if (!program) return 0;
  const auto result = program->table().empty() ? program->run() : program->run(rows());
  if (!result) return 0;
  check(result->column_count() == program->columns().size(), "the promised columns");
  for (std::size_t i = 0; i < result->column_count(); ++i) {
    const auto& column = result->column(i);
    check(column.type() == program->columns()[i].type, "of the promised types");
    check(column.size() == result->row_count(), "of one length");
    std::string out;
    for (std::size_t row = 0; row < column.size(); ++row) event::append_cell_text(out, column, row);
  }
  return 0;
}
