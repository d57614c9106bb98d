#include "engine/read_guard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "engine/clickhouse_error.hpp"

namespace yagura::engine {

namespace {

ClickHouseError readonly_error(std::string_view why) { return {164, error_text(164, why, "READONLY")}; }

bool is_plain_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.'; });
}

struct Cap {
  std::string_view name;
  std::uint64_t most;
};

// Accepted and without effect: transport, logging, cancellation.
constexpr std::string_view kIgnored[] = {"readonly",     "enable_http_compression",           "http_zlib_compression_level", "send_progress_in_http_headers",
                                         "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close", "log_queries",
                                         "log_comment", "http_write_exception_in_output_format", "session_timezone_hint", "async_insert", "wait_for_async_insert"};
constexpr std::string_view kHarmlessPrefixes[] = {"output_format_", "date_time_output_format", "format_csv_delimiter", "format_tsv_null_representation", "format_csv_null_representation"};
constexpr std::string_view kHarmless[] = {"session_timezone", "join_use_nulls", "group_by_use_nulls", "max_block_size", "extremes", "prefer_column_name_to_alias",
                                          "max_query_size", "max_ast_depth", "max_ast_elements", "aggregate_functions_null_for_empty", "cast_keep_nullable", "any_join_distinct_right_table_keys",
                                          "use_query_condition_cache", "optimize_read_in_order", "limit", "offset", "totals_mode"};

}  // namespace

std::optional<ClickHouseError> refuse_for_reader(const SqlShape& shape) {
  static constexpr std::string_view kReading[] = {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK"};
  if (shape.statements != 1) return readonly_error("Send one statement at a time.");
  if (std::ranges::find(kReading, shape.first_word) == std::end(kReading))
    return readonly_error(fmt::format("{} is not allowed here: this port is for reading.", shape.first_word.empty() ? "That" : shape.first_word));
  if (shape.into_outfile) return readonly_error("INTO OUTFILE is not allowed here.");
  return std::nullopt;
}

std::optional<ClickHouseError> refuse_tree_for_reader(std::string_view tree, const Storage& storage) {
  for (std::string_view line : split(tree, '\n')) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto rest_after = [&](std::string_view word) { return line.substr(word.size(), line.find(" (", word.size()) - word.size()); };
    if (line.starts_with("Function ")) {
      const std::string name = to_lower_ascii(rest_after("Function "));
      if (storage.reaches_outside(name)) return readonly_error(fmt::format("{}() is not allowed here: it reaches outside the tables.", name));
    }
    // A name such as `/etc/passwd` is a file to the engine, and DESCRIBE opens it even when reading is refused.
    if (line.starts_with("TableIdentifier ") && !is_plain_name(rest_after("TableIdentifier ")))
      return readonly_error("Names of tables have letters, digits and _ here.");
  }
  return std::nullopt;
}

ChdbResult<ChdbSettings> settings_for_reader(const ChdbSettings& asked, const EngineTcpOptions& options, const Storage& storage) {
  const Cap caps[] = {{"max_execution_time", static_cast<std::uint64_t>(options.max_execution_time.count())},
                      {"max_memory_usage", options.max_memory.count()},
                      {"max_result_rows", options.max_result_rows},
                      {"max_result_bytes", options.max_result.count()},
                      {"max_rows_to_read", 0},
                      {"max_bytes_to_read", 0},
                      {"max_threads", std::max(1U, std::thread::hardware_concurrency())}};
  ChdbSettings out;
  for (const auto& cap : caps) {
    std::uint64_t value = cap.most;
    for (const auto& [name, text] : asked) {
      if (name != cap.name) continue;
      const auto number = parse_uint64(text.substr(0, text.find('.')));
      if (!number) return std::unexpected(ClickHouseError{36, error_text(36, fmt::format("Bad value '{}' of the setting {}.", text, name), "BAD_ARGUMENTS")});
      if (*number != 0 && (value == 0 || *number < value)) value = *number;
    }
    if (value != 0) out.emplace_back(cap.name, std::to_string(value));
  }
  for (const auto& [name, text] : asked) {
    const bool capped = std::ranges::any_of(caps, [&](const Cap& cap) { return cap.name == name; });
    if (capped || std::ranges::find(kIgnored, name) != std::end(kIgnored)) continue;
    const bool harmless = std::ranges::find(kHarmless, name) != std::end(kHarmless) ||
                          std::ranges::any_of(kHarmlessPrefixes, [&](std::string_view prefix) { return std::string_view(name).starts_with(prefix); });
    if (!storage.knows_setting(name)) return std::unexpected(ClickHouseError{115, error_text(115, fmt::format("Unknown setting '{}'.", name), "UNKNOWN_SETTING")});
    if (!harmless || name.find("path") != std::string::npos || name.find("schema") != std::string::npos)
      return std::unexpected(readonly_error(fmt::format("Cannot modify '{}' setting in readonly mode.", name)));
    out.emplace_back(name, text);
  }
  out.emplace_back("result_overflow_mode", "throw");
  out.emplace_back("readonly", "1");
  return out;
}

}  // namespace yagura::engine
