// What the listener for agents asks, answered by the fleet's desk. Any thread.
#pragma once
#include "fleet/agent_desk.hpp"
#include "intake/agent_source.hpp"

namespace yagura::roles {

class AgentDeskGate final : public intake::AgentGate {
 public:
  explicit AgentDeskGate(fleet::AgentDesk& desk) : desk_(desk) {}
  std::string authority_pem() const override { return desk_.authority().certificate_pem(); }
  Result<intake::KnownAgent> admit(const net::HttpRequest& request) override;
  Result<std::string> enrol(const net::HttpRequest& request) override;
  Result<std::string> renew(const intake::KnownAgent& agent, const net::HttpRequest& request) override;
  Result<std::string> heartbeat(const intake::KnownAgent& agent, const net::HttpRequest& request, const Progress& progress) override;

 private:
  fleet::AgentDesk& desk_;
};

}  // namespace yagura::roles
