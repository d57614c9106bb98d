#include "query/parquet_reader.hpp"

#include <fmt/format.h>

namespace yagura::query {

namespace {

std::string quoted(std::string_view bytes) {
  std::string out = "'";
  out.reserve(bytes.size() + bytes.size() / 16);
  for (const char c : bytes) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\'': out += "\\'"; break;
      case '\0': out += "\\0"; break;
      default: out += c;
    }
  }
  return out + "'";
}

}  // namespace

Result<std::string> parquet_as_json(store::Store& store, std::string_view bytes, std::uint64_t most_rows, Bytes memory, Deadline deadline) {
  if (bytes.size() > kMostParquet.count()) return fail(ErrorKind::exhausted, "a Parquet file may have {} here; this one has {}", to_string(kMostParquet), to_string(Bytes(bytes.size())));
  // Both ends carry the mark: what lacks one is no file, or half of one.
  if (bytes.size() < 12 || !bytes.starts_with("PAR1") || !bytes.ends_with("PAR1")) return fail(ErrorKind::invalid_input, "it is no whole Parquet file: PAR1 is missing at its start or end");
  const std::string sql = fmt::format("SELECT * FROM format(Parquet, {}) LIMIT {} FORMAT JSONEachRow", quoted(bytes), most_rows + 1);
  const store::SqlSettings settings{{"max_query_size", std::to_string(sql.size() + 1024)},
                                    {"max_memory_usage", std::to_string(memory.count())},
                                    {"max_execution_time", std::to_string(std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(deadline.left()).count()))},
                                    {"output_format_json_quote_64bit_integers", "0"},
                                    {"output_format_json_quote_denormals", "1"},
                                    {"output_format_json_quote_decimals", "1"},
                                    {"output_format_json_named_tuples_as_objects", "1"},
                                    {"date_time_output_format", "iso"},
                                    {"session_timezone", "UTC"}};
  auto text = store.command(sql, deadline, {}, settings);
  if (text) return text;
  // The store's own words hold the literal.
  const Error& error = text.error();
  switch (error.kind()) {
    case ErrorKind::timeout:
    case ErrorKind::unavailable:
    case ErrorKind::exhausted: return std::unexpected(Error(error.kind(), "the store cannot read it within the query's limits"));
    default: return fail(ErrorKind::invalid_input, "it is no Parquet file that the store can read");
  }
}

}  // namespace yagura::query
