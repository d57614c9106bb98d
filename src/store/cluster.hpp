// How tables lie in a ClickHouse cluster: a replicated table on each shard, and a distributed table above that readers
// and inserts name. Pure text, no connection: the statements are checked by a parser in tests.
//
// Why a repeated insert has no effect there: the rows of a block go to shards by a key that depends on the rows alone,
// each shard keeps the tokens of its blocks in Keeper, and the insert waits for the shards (and a quorum of their
// replicas) before it is acknowledged.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/table_layout.hpp"

namespace yagura::store {

struct ClusterOptions {
  std::string name;  // of <remote_servers>; "": one server, plain tables
  std::string path = "/clickhouse/tables/{shard}/{database}/{table}";  // in Keeper; macros as the servers define them
  std::string replica = "{replica}";
  std::string insert_quorum = "auto";  // replicas that must have a block; auto: the majority, 0: one

  bool replicated() const { return !name.empty(); }
};

// The table that holds a shard's rows; the plain name is the distributed table's.
std::string local_name(std::string_view table);
bool is_local_name(std::string_view table);
std::string_view shown_name(std::string_view table);  // of either, the plain name

// " ON CLUSTER `name`", or nothing for one server.
std::string on_cluster(const ClusterOptions& options);

// The statements that make a table, in order: the local one first.
std::vector<std::string> create_statements(const TableLayout& layout, unsigned retention_days,
                                           std::string_view database, const ClusterOptions& options);

// Settings of an insert and of a select, by name and value; none for one server.
std::vector<std::pair<std::string, std::string>> insert_settings(const ClusterOptions& options);
std::vector<std::pair<std::string, std::string>> select_settings(const ClusterOptions& options);

// "system.parts", or that of each replica of the cluster.
std::string system_table(std::string_view name, const ClusterOptions& options);

}  // namespace yagura::store
