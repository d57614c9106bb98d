// The configuration of `yagura agent`: what the YAML file may say, with defaults, and every mistake listed at once.
//
// conf/agent.yaml is the commented default, which `yagura agent install` puts on a host. Values; no threads.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/settings.hpp"
#include "intake/settings.hpp"
#include "winlog/settings.hpp"

namespace yagura::roles {

struct AgentSettings {
  std::filesystem::path data = "/var/lib/yagura-agent";
  std::string host;                  // as the server is told; empty: this machine's name
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  Bytes spool_max_size = 1_GiB;
  Bytes spool_min_free = 256_MiB;
  Bytes spool_keep_sent = 64_MiB;
  std::uint64_t events_per_second = 0;  // 0: no limit
  Bytes max_batch = 1_MiB;
  std::chrono::milliseconds flush{1'000};
  bool remote_configuration = true;  // take sources from the server
};

struct AgentSources {
  std::vector<intake::SourceSettings> plain;
  std::vector<winlog::LogSettings> windows;
};

// All but `sources`. Mistakes go to the node's SettingsErrors.
AgentSettings read_agent_settings(const SettingsNode& file);
// The key `sources` of `file`; without it this host's own logs: systemd's journal, or text files of /var/log, and the audit log.
AgentSources read_agent_sources(const SettingsNode& file);

}  // namespace yagura::roles
