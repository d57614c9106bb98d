#include "store/cluster.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace yagura::store {

namespace {

constexpr std::string_view kLocalSuffix = "__local";

std::string full_name(std::string_view database, std::string_view table) {
  return quoted_name(database) + "." + quoted_name(table);
}

// "CREATE TABLE IF NOT EXISTS `T` (" with the database and the cluster, or another name, in place of `T`.
std::string renamed(std::string statement, std::string_view table, const std::string& name) {
  const std::string head = "CREATE TABLE IF NOT EXISTS " + quoted_name(table);
  statement.replace(0, head.size(), "CREATE TABLE IF NOT EXISTS " + name);
  return statement;
}

}  // namespace

std::string local_name(std::string_view table) { return std::string(table) + std::string(kLocalSuffix); }
bool is_local_name(std::string_view table) { return table.ends_with(kLocalSuffix); }
std::string_view shown_name(std::string_view table) {
  return is_local_name(table) ? table.substr(0, table.size() - kLocalSuffix.size()) : table;
}

std::string on_cluster(const ClusterOptions& options) {
  return options.replicated() ? " ON CLUSTER " + quoted_name(options.name) : std::string();
}

std::vector<std::string> create_statements(const TableLayout& layout, unsigned retention_days,
                                           std::string_view database, const ClusterOptions& options) {
  const std::string plain = create_statement(layout, retention_days);
  if (!options.replicated()) return {renamed(plain, layout.table, full_name(database, layout.table))};
  std::string local = renamed(plain, layout.table, full_name(database, local_name(layout.table)) + on_cluster(options));
  constexpr std::string_view engine = "ENGINE = MergeTree ", window = "non_replicated_deduplication_window = ";
  local.replace(
      local.find(engine), engine.size(),
      fmt::format("ENGINE = ReplicatedMergeTree({}, {}) ", quoted_text(options.path), quoted_text(options.replica)));
  // By number alone and not by age: a batch may be repeated after a stop of weeks. Keeper holds one node for each.
  if (const auto at = local.find(window); at != std::string::npos)
    local.replace(at, window.size(),
                  "replicated_deduplication_window_seconds = 31536000, replicated_deduplication_window = ");
  // The rows of one journal position stay together; the same block is cut into the same pieces each time.
  std::string distributed = fmt::format(
      "CREATE TABLE IF NOT EXISTS {}{} AS {} ENGINE = Distributed({}, {}, {}, "
      "intHash64(reinterpretAsUInt64(`_Position`)))",
      full_name(database, layout.table), on_cluster(options), full_name(database, local_name(layout.table)),
      quoted_text(options.name), quoted_text(database), quoted_text(local_name(layout.table)));
  return {std::move(local), std::move(distributed)};
}

std::vector<std::pair<std::string, std::string>> insert_settings(const ClusterOptions& options) {
  if (!options.replicated()) return {};
  // Without the first an insert is acknowledged when one server has it in a spool of its own.
  std::vector<std::pair<std::string, std::string>> out{{"insert_distributed_sync", "1"},
                                                       {"prefer_localhost_replica", "1"}};
  if (options.insert_quorum != "0") {
    out.emplace_back("insert_quorum", options.insert_quorum);
    out.emplace_back("insert_quorum_parallel", "1");
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> select_settings(const ClusterOptions& options) {
  if (!options.replicated()) return {};
  // A join or IN over two distributed tables must see all shards of both; a missing shard is an error, never fewer
  // rows.
  return {{"distributed_product_mode", "global"},
          {"skip_unavailable_shards", "0"},
          {"max_replica_delay_for_distributed_queries", "30"}};
}

std::string system_table(std::string_view name, const ClusterOptions& options) {
  if (!options.replicated()) return "system." + std::string(name);
  return fmt::format("clusterAllReplicas({}, system.{})", quoted_text(options.name), name);
}

}  // namespace yagura::store
