#include "roles/agent_gate.hpp"

namespace yagura::roles {

namespace {

std::string ip_of(const net::HttpRequest& request) { return request.peer.substr(0, request.peer.rfind(':')); }

}  // namespace

Result<intake::KnownAgent> AgentDeskGate::admit(const net::HttpRequest& request) {
  auto agent = TRY(desk_.admit(request.client_subject));
  return intake::KnownAgent{std::move(agent.id), std::move(agent.name), agent.generation};
}

Result<std::string> AgentDeskGate::enrol(const net::HttpRequest& request) {
  return fleet::to_json(TRY(desk_.enrol(request.body, ip_of(request))));
}

Result<std::string> AgentDeskGate::renew(const intake::KnownAgent& agent, const net::HttpRequest& request) {
  return fleet::to_json(TRY(desk_.renew({agent.id, agent.host, agent.generation}, request.body, ip_of(request))));
}

Result<std::string> AgentDeskGate::heartbeat(const intake::KnownAgent& agent, const net::HttpRequest& request, const Progress& progress) {
  const auto said = TRY(fleet::parse_heartbeat(request.body));
  const auto spool = Guid::parse(said.spool);
  if (!spool) return fail(ErrorKind::invalid_input, "'spool' must be a UUID");
  auto known = TRY(progress(*spool));
  const fleet::AgentStanding standing{known.acked.number(), std::move(known.journaled)};
  return fleet::to_json(TRY(desk_.heartbeat({agent.id, agent.host, agent.generation}, said, ip_of(request), standing)));
}

}  // namespace yagura::roles
