// Any bytes as a file of externaldata: read or refused, and what is read is a whole table.
#include <cstdlib>

#include "kql/stages/external_operator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura::kql;
  if (size < 1) return 0;
  static const std::vector<PlanColumn> columns{{1, "text", Type::string},   {2, "number", Type::int64}, {3, "small", Type::int32},
                                               {4, "time", Type::datetime}, {5, "bag", Type::dynamic},  {6, "guid", Type::guid},
                                               {7, "exact", Type::decimal}, {8, "flag", Type::boolean}, {9, "span", Type::timespan},
                                               {10, "real", Type::real}};
  static constexpr const char* kFormats[] = {"csv", "tsv", "psv", "txt", "raw", "json", "multijson"};
  // The first byte chooses the format; up to a zero byte comes a mapping.
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::pair<std::string, std::string>> properties{{"format", kFormats[data[0] % 7]}};
  if ((data[0] & 0x80) != 0) {
    const auto end = bytes.find('\0');
    properties.emplace_back("ingestionMapping", bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
  if ((data[0] & 0x40) != 0) properties.emplace_back("ignoreFirstRecord", "true");
  StageContext context("a file", {.max_rows = 10'000, .max_bytes = yagura::Bytes(1 << 20), .max_steps = 10'000'000}, {});
  const auto rows = read_external(bytes, "https://host/file", properties, columns, context);
  if (!rows) return 0;
  if (rows->column_count() != columns.size()) std::abort();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (rows->column(c).size() != rows->row_count() || rows->column(c).type() != columns[c].type) std::abort();
  }
  return 0;
}
