// `yagura agent`: wires sources, spool, uplink and forwarder into one running agent. No logic of its own; no engine.
//
// Until the host has joined a server or a forwarder is configured, it reads and sends nothing. start() and stop() are called by
// one thread.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/settings.hpp"
#include "base/time.hpp"
#include "roles/agent_settings.hpp"

namespace yagura::roles {

class AgentRole {
 public:
  // `file` is the configuration's root node (its `sources` are used until the server says others); it is not kept.
  static Result<std::unique_ptr<AgentRole>> start(const AgentSettings& settings, const SettingsNode& file);
  ~AgentRole();
  AgentRole(const AgentRole&) = delete;
  AgentRole& operator=(const AgentRole&) = delete;

  // Sources stop first; what is in the spool is sent until the deadline, the rest stays.
  void stop(Deadline deadline);

 private:
  struct Impl;
  explicit AgentRole(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One agent on a data folder at a time writes this file there every few seconds.
inline constexpr const char* kAgentStatusFile = "agent-status.json";

}  // namespace yagura::roles
