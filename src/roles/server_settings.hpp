// The configuration of `yagura serve`: what the YAML file may say, with defaults, and every mistake listed at once.
//
// conf/yagura.yaml is the commented default; a test keeps the two equal. Values; no threads.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/settings.hpp"

namespace yagura::roles {

// "127.0.0.1:8080" taken apart; an IPv6 address stands in brackets.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};
std::optional<ListenAddress> parse_listen_address(std::string_view text);

struct JournalSettings {
  Bytes segment_size = 128_MiB;
  std::chrono::milliseconds max_age = std::chrono::days(90);
  Bytes max_size{0};            // 0: no bound
  Bytes min_free = 1_GiB;       // intake pushes back below this
};

struct EngineSettings {
  std::filesystem::path library;      // libchdb.so; empty: found beside the program
  Bytes memory = 2_GiB;               // of the engine's process
  std::optional<ListenAddress> listen;  // ClickHouse HTTP for other programs, read-only
  std::string user = "reader";
  std::string password;
};

struct ClusterSettings {              // in place of the embedded engine
  std::string host;
  std::uint16_t port = 8443;
  bool tls = true;
  std::filesystem::path ca;           // empty: the system's
  std::filesystem::path certificate, private_key;  // for servers that ask for one
  std::string user = "default";
  std::string password;
  std::filesystem::path password_file;  // read at the start, so that the password is in no configuration
  std::string cluster;                // of the server's <remote_servers>; empty: plain tables on that one server
  std::string path = "/clickhouse/tables/{shard}/{database}/{table}";  // of replicated tables in Keeper
  std::string replica = "{replica}";
  std::string insert_quorum = "auto";  // a number of replicas, or auto for the majority
};

struct StoreSettings {
  std::string kind = "embedded";      // or "clickhouse"
  EngineSettings engine;
  ClusterSettings cluster;
  std::chrono::milliseconds retention = std::chrono::days(90);
};

struct ApiSettings {
  std::optional<ListenAddress> http = ListenAddress{"127.0.0.1", 8080};
  std::optional<ListenAddress> https = ListenAddress{"127.0.0.1", 8443};
  std::filesystem::path certificate, private_key;   // empty: self-signed, in the keys folder
  std::vector<std::string> names;                   // further names of this server, for the self-signed certificate
};

struct PipelineSettings {
  std::size_t workers = 0;                          // 0: one less than cores, at least one
  std::chrono::milliseconds flush = std::chrono::milliseconds(500);
};

struct QuerySettings {
  std::chrono::milliseconds timeout = std::chrono::minutes(4);
  std::int64_t max_rows = 500'000;
  Bytes max_memory = 1_GiB;
  std::int64_t max_concurrent = 8;
  std::vector<std::filesystem::path> functions;     // folders of function files besides content/functions
  std::filesystem::path external_mirror;            // files for externaldata, as host/path
  std::vector<std::string> external_allow;          // hosts or addresses that externaldata may fetch
};

struct DetectionSettings {
  std::chrono::milliseconds lateness{10'000};       // how long events of correlations wait for earlier ones
  std::int64_t alerts_per_minute = 500;             // of one rule; what is more is counted in one alert. 0: no bound
  std::vector<std::filesystem::path> pipelines;     // Sigma processing pipelines: folders or files
};

struct AgentListenerSettings {
  std::optional<ListenAddress> listen;              // off: no agents
  std::chrono::milliseconds certificate_validity = std::chrono::days(30);
  std::chrono::milliseconds heartbeat{30'000};
  std::string minimum_version;                      // older agents are flagged
};

struct ServerSettings {
  std::filesystem::path data = "data";
  std::filesystem::path keys;                       // empty: "<data>-keys"
  std::filesystem::path content;                    // empty: found beside the program
  std::string workspace = "default";
  std::string timezone = "UTC";                     // of RFC 3164 timestamps without one: "UTC" or "+09:00"
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  JournalSettings journal;
  StoreSettings store;
  ApiSettings api;
  AgentListenerSettings agents;
  PipelineSettings pipeline;
  QuerySettings query;
  std::vector<std::filesystem::path> rules;         // folders, files or archives of Sigma rules besides content/rules
  DetectionSettings detection;
  bool follow_local_logs = false;                   // also follow /var/log and journald
};

// Reads everything but `sources` (intake::read_settings does that from the same node) from `file`; mistakes go to the node's
// SettingsErrors. `file` may be an empty node: all defaults.
ServerSettings read_server_settings(const SettingsNode& file);

}  // namespace yagura::roles
