// The server's side of its agents: who may join, who may speak, what they are told, what they say.
//
// Stateless but for what the control database holds, so that another process (`yagura admin agents remove`) takes effect
// with the next request. Any thread. Errors: unauthenticated (no certificate, a wrong token), permission_denied (removed,
// or a certificate that a newer one has replaced), invalid_input (a body that is wrong).
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "control/control_db.hpp"
#include "fleet/certificate_authority.hpp"
#include "fleet/ledger.hpp"
#include "fleet/messages.hpp"

namespace yagura::fleet {

struct AgentDeskOptions {
  std::chrono::seconds certificate_validity = std::chrono::days(30);
  std::chrono::seconds heartbeat{30};
  std::string minimum_version;  // older agents are flagged; "" none
};

// Who a request comes from.
struct AdmittedAgent {
  std::string id, name;
  std::int64_t generation = 0;  // of the configuration that it should have; 0: none
};

// How far the server's journal has come with the agent's spool.
struct AgentStanding {
  std::uint64_t acked = 0;
  std::map<std::string, std::uint64_t> journaled;  // entries by source
};

class AgentDesk {
 public:
  AgentDesk(control::ControlDb& control, const CertificateAuthority& authority, AgentDeskOptions options);

  // `subject` is the verified certificate's (RFC 4514).
  Result<AdmittedAgent> admit(std::string_view subject);
  Result<EnrolAnswer> enrol(std::string_view body, std::string_view address);
  Result<EnrolAnswer> renew(const AdmittedAgent& agent, std::string_view body, std::string_view address);
  Result<HeartbeatAnswer> heartbeat(const AdmittedAgent& agent, const Heartbeat& heartbeat, std::string_view address, const AgentStanding& standing);
  // Gauges of agents that say nothing: how long not. Now and then.
  void watch_silence();

  const CertificateAuthority& authority() const { return authority_; }
  const AgentDeskOptions& options() const { return options_; }

 private:
  control::ControlDb& control_;
  const CertificateAuthority& authority_;
  const AgentDeskOptions options_;
};

// For people, of what the control database keeps: "connected", "silent", "never seen", "removed".
std::string_view state_of(const control::Agent& agent, std::int64_t now_ticks, std::chrono::seconds heartbeat);

}  // namespace yagura::fleet
