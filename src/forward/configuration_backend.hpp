// Where the forwarder's configuration is kept and who carries a change of it to the hosts.
//
//   backend->apply({.kind = ChangeKind::Set, .settings = s}, false, Requester::current())  -> an action plan's id
//   backend->get(ConfigurationScope::per_node)
//
// LocalBackend is a cluster of one: this host's files, no network. A cluster's backend (room fleet) keeps the same
// document on every host and carries plans between them; commands know this interface only. Errors: permission_denied
// (not an administrator), invalid_input (the state machine refuses), unavailable.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "forward/action_plan.hpp"
#include "forward/administrator.hpp"
#include "forward/agent_files.hpp"
#include "forward/forwarder_configuration.hpp"

namespace yagura::forward {

enum class ConfigurationScope : std::uint8_t { local, per_node, cluster };

// One host's view: what its agent uses.
struct HostConfiguration {
  std::string host;
  std::optional<ForwarderConfiguration> configuration;  // nullopt: none, or it cannot be read
  std::string digest;                                   // of the local copy's content as it stands
  bool drifted = false;                                 // the local copy is not the cluster's
  std::string drift;                                    // how, for people
  std::string agent_state;                              // "running", "not running", or what the agent says is wrong
  std::string status_json;                              // the agent's own status document, "" when there is none
  bool reached = true;                                  // false: another host that did not answer; agent_state says why
};

struct ConfigurationView {
  ForwarderConfiguration global;
  std::string digest;                    // of `global`
  std::vector<HostConfiguration> hosts;  // none for the scope cluster
};

struct ChangeResult {
  std::optional<std::string> action_plan_id;  // nullopt: the target state is the current one, nothing was done
  ForwarderConfiguration now;
};

class ConfigurationBackend {
 public:
  virtual ~ConfigurationBackend() = default;
  virtual Result<ConfigurationView> get(ConfigurationScope scope) = 0;
  virtual Result<ChangeResult> apply(const ConfigurationChange& change, bool force, const Requester& who) = 0;
  // With the hosts' states as they are now.
  virtual Result<ActionPlan> action_plan(std::string_view id) = 0;
  virtual Result<std::vector<ActionPlan>> action_plans() = 0;
};

// One host. Any thread; several processes may apply at once, one after the other.
class LocalBackend final : public ConfigurationBackend {
 public:
  explicit LocalBackend(AgentFiles files) : files_(std::move(files)), plans_(files_.action_plans()) {}
  Result<ConfigurationView> get(ConfigurationScope scope) override;
  Result<ChangeResult> apply(const ConfigurationChange& change, bool force, const Requester& who) override;
  Result<ActionPlan> action_plan(std::string_view id) override;
  Result<std::vector<ActionPlan>> action_plans() override;

 private:
  Result<ForwarderConfiguration> global() const;
  Result<ChangeResult> carry_out(const ConfigurationChange& change, bool force, const Requester& who);
  Result<> refresh(ActionPlan& plan) const;
  const AgentFiles files_;
  const ActionPlanStore plans_;
};

// This host's name as messages and plans call it.
std::string this_host_name();

// This host's copy and agent as they are now, beside what the cluster has.
HostConfiguration describe_host(const AgentFiles& files, const ForwarderConfiguration& global, std::string name);
// The two steps of a plan for one host.
PlanHost plan_host(std::string name);
// Brings this host's steps of a plan up to date, and does what is left to do: the copy, when `global` (written as
// `document`) is what the plan carries. Nothing for steps of another kind.
void refresh_plan_host(const AgentFiles& files, const ForwarderConfiguration& global, std::string_view document,
                       const ActionPlan& plan, PlanHost& host);

// What the running agent writes beside its data (AgentFiles::status()): which configuration it uses and how it fares.
struct AgentReport {
  bool running = false;  // the process that wrote it is there, and wrote it lately
  std::uint64_t generation = 0;
  std::string digest;
  std::string error;  // why it does not use the local copy, "" when it does
  std::string json;   // the whole document
};
// A file that is not there: not running.
AgentReport read_agent_report(const std::filesystem::path& status_file);

}  // namespace yagura::forward
