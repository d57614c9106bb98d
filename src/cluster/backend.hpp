// The forwarder's configuration of a cluster: any host takes a change and carries it to all.
//
// A change is made on top of what the hosts that answer know; it is kept here with its plan, then told to all at once. Hosts
// that do not answer take it when they are back (cluster/service.hpp). Blocking, for commands; one thread.
#pragma once
#include "cluster/host_folder.hpp"

namespace yagura::cluster {

class ClusterBackend final : public forward::ConfigurationBackend {
 public:
  explicit ClusterBackend(forward::AgentFiles files) : folder_(std::move(files)) {}
  Result<forward::ConfigurationView> get(forward::ConfigurationScope scope) override;
  Result<forward::ChangeResult> apply(const forward::ConfigurationChange& change, bool force,
                                      const forward::Requester& who) override;
  Result<forward::ActionPlan> action_plan(std::string_view id) override;
  Result<std::vector<forward::ActionPlan>> action_plans() override;

 private:
  Result<forward::ChangeResult> carry_out(const forward::ConfigurationChange& change, bool force, const forward::Requester& who);
  HostFolder folder_;
};

}  // namespace yagura::cluster
