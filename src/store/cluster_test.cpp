#include "store/cluster.hpp"

#include <gtest/gtest.h>

#include "store/store.hpp"
#include "testing/engine_process.hpp"

namespace yagura::store {
namespace {

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

TableLayout small_layout() {
  event::TableSchema schema;
  schema.name = "Sys`log";
  schema.columns = {{"TimeGenerated", event::KqlType::datetime, ""}, {"Computer", event::KqlType::string, ""}};
  event::add_standard_columns(schema);
  return layout_of(schema);
}

ClusterOptions cluster() { return {.name = "ma'in"}; }

TEST(Cluster, OneServerHasPlainTables) {
  const auto statements = create_statements(small_layout(), 30, "w_x", {});
  ASSERT_EQ(statements.size(), 1U);
  EXPECT_TRUE(statements[0].starts_with("CREATE TABLE IF NOT EXISTS `w_x`.`Sys\\`log` (")) << statements[0];
  EXPECT_NE(statements[0].find("ENGINE = MergeTree "), std::string::npos);
  EXPECT_TRUE(insert_settings({}).empty() && select_settings({}).empty());
  EXPECT_EQ(on_cluster({}), "");
}

TEST(Cluster, AReplicatedTableKeepsTokensLonger) {
  const auto statements = create_statements(small_layout(), 30, "w_x", cluster());
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_TRUE(statements[0].starts_with("CREATE TABLE IF NOT EXISTS `w_x`.`Sys\\`log__local` ON CLUSTER `ma'in` ("))
      << statements[0];
  EXPECT_NE(
      statements[0].find("ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') "),
      std::string::npos);
  // An hour, ClickHouse's default, is less than a server may be down between an insert and its repetition.
  EXPECT_NE(
      statements[0].find("replicated_deduplication_window_seconds = 31536000, replicated_deduplication_window = 10000"),
      std::string::npos);
  EXPECT_EQ(statements[0].find("non_replicated_deduplication_window"), std::string::npos);
  EXPECT_NE(statements[1].find("ENGINE = Distributed('ma\\'in', 'w_x', 'Sys`log__local', "), std::string::npos)
      << statements[1];
}

TEST(Cluster, NamesOfTables) {
  EXPECT_EQ(shown_name(local_name("Syslog")), "Syslog");
  EXPECT_EQ(shown_name("Syslog"), "Syslog");
  EXPECT_TRUE(is_local_name("A_CL__local"));
  EXPECT_EQ(system_table("parts", {}), "system.parts");
  EXPECT_EQ(system_table("parts", {.name = "c"}), "clusterAllReplicas('c', system.parts)");
}

TEST(Cluster, QuorumCanBeSwitchedOff) {
  auto options = cluster();
  options.insert_quorum = "0";
  for (const auto& [name, value] : insert_settings(options)) EXPECT_NE(name, "insert_quorum");
}

// No ClickHouse server with a cluster is at hand: its own parser is, in the embedded engine.
TEST(Cluster, ClickHousesParserTakesTheStatements) {
  std::string why_not;
  const auto engine = testing::EngineProcess::start(why_not);
  if (!engine) GTEST_SKIP() << why_not;
  StoreOptions options;
  options.endpoint.unix_socket = engine->socket();
  options.endpoint.password = engine->secret();
  const auto store = std::move(*Store::create(options));
  auto statements = create_statements(small_layout(), 30, "w_x", cluster());
  for (const std::string& what : std::vector<std::string>{" ADD COLUMN IF NOT EXISTS `b` String", " REMOVE TTL",
                                                          " MODIFY TTL " + ttl_of(7), " DROP PARTITION ID 'x'"})
    statements.push_back("ALTER TABLE `w_x`.`T__local`" + on_cluster(cluster()) + what);
  statements.push_back("CREATE DATABASE IF NOT EXISTS `w_x`" + on_cluster(cluster()) + " COMMENT 'whose'");
  statements.push_back("SELECT table FROM " + system_table("parts", cluster()));
  for (const auto& statement : statements) {
    const auto parsed = store->command("EXPLAIN AST " + statement, soon());
    EXPECT_TRUE(parsed) << statement << "\n" << parsed.error().message();
  }
  // Their settings exist.
  for (const auto& settings : {insert_settings(cluster()), select_settings(cluster())}) {
    const auto answer = store->command("SELECT 1", soon(), {}, settings);
    EXPECT_TRUE(answer) << answer.error().message();
  }
}

TEST(Cluster, AnUnknownClusterAndAnothersWorkspaceAreRefused) {
  std::string why_not;
  const auto engine = testing::EngineProcess::start(why_not);
  if (!engine) GTEST_SKIP() << why_not;
  StoreOptions options;
  options.endpoint.unix_socket = engine->socket();
  options.endpoint.password = engine->secret();
  options.cluster = {.name = "no_such"};
  auto refused = (*Store::create(options))->open(soon());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("knows no cluster 'no_such'"), std::string::npos)
      << refused.error().message();

  options.cluster = {};
  options.owner = "journal one";
  EXPECT_TRUE((*Store::create(options))->open(soon()));
  EXPECT_TRUE((*Store::create(options))->open(soon()));
  options.owner = "journal two";
  refused = (*Store::create(options))->open(soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_NE(refused.error().message().find("journal one"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace yagura::store
