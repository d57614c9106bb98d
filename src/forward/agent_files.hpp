// Where the forwarder's files lie in an agent's data folder: the agent reads, commands write.
#pragma once
#include <filesystem>

namespace yagura::forward {

struct AgentFiles {
  std::filesystem::path data;  // "/var/lib/yagura-agent"

  std::filesystem::path local_copy() const { return data / "forwarder.json"; }         // what this host's agent uses
  std::filesystem::path global() const { return data / "forwarder" / "global.json"; }  // what the cluster has agreed on
  std::filesystem::path lock() const { return data / "forwarder" / "lock"; }
  std::filesystem::path status() const {
    return data / "forwarder-status.json";
  }  // what the running agent says of itself
  std::filesystem::path ledger(const std::string& name) const { return data / "ledger" / (name + ".json"); }
  std::filesystem::path certificates() const { return data / "certs"; }
  std::filesystem::path action_plans() const { return data / "actionplans"; }
  std::filesystem::path audit() const { return data / "audit.jsonl"; }
};

// $YAGURA_AGENT_DATA, else /var/lib/yagura-agent.
std::filesystem::path default_agent_folder();

}  // namespace yagura::forward
