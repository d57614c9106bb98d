#include "fleet/agent_desk.hpp"

#include "base/encoding.hpp"
#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::fleet {

namespace {

// "CN=<id>,serialNumber=<hex>,O=yagura-agent" as RFC 4514 prints it; none of our values needs an escape.
std::string_view part_of(std::string_view subject, std::string_view name) {
  for (const auto part : split(subject, ','))
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') return part.substr(name.size() + 1);
  return {};
}

bool good_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

void gauge(std::string_view name, std::string_view help, const AdmittedAgent& agent, double value) {
  metrics().gauge(name, help, {{"agent", agent.name}, {"id", agent.id}}).set(value);
}

}  // namespace

AgentDesk::AgentDesk(control::ControlDb& control, const CertificateAuthority& authority, AgentDeskOptions options)
    : control_(control), authority_(authority), options_(std::move(options)) {}

Result<AdmittedAgent> AgentDesk::admit(std::string_view subject) {
  const auto id = part_of(subject, "CN"), serial = part_of(subject, "serialNumber");
  if (id.empty() || part_of(subject, "O") != "yagura-agent")
    return fail(ErrorKind::unauthenticated, "this needs an agent's certificate: join first (yagura agent enrol)");
  auto found = control_.agents().get(id);
  if (!found) {
    if (found.error().kind() != ErrorKind::not_found) return std::unexpected(std::move(found).error());
    return fail(ErrorKind::permission_denied, "this server knows no agent {}: join again (yagura agent enrol)", id);
  }
  if (found->removed_ticks)
    return fail(ErrorKind::permission_denied, "the agent was removed from this server at {}", format_datetime(*found->removed_ticks));
  if (found->pending_serial == serial) {
    TRY(control_.agents().accept_certificate(id));
  } else if (found->serial != serial) {
    return fail(ErrorKind::permission_denied, "a newer certificate has replaced this one (a copied data folder?): join again (yagura agent enrol)");
  }
  const auto configuration = TRY(control_.agents().configuration(found->configuration));
  return AdmittedAgent{found->id, found->name, configuration.generation};
}

Result<EnrolAnswer> AgentDesk::enrol(std::string_view body, std::string_view address) {
  const auto request = TRY(parse_enrol_request(body));
  if (!good_host(request.host)) return fail(ErrorKind::invalid_input, "'host' must be a host name of letters, digits, '-', '_' and '.'");
  const auto key_hash = TRY(request_key_hash(request.request_pem));
  const auto joined = TRY(control_.agents().check_token(request.token, key_hash));
  const std::string id = joined ? joined->id : to_string(Guid::random());
  const auto issued = TRY(authority_.sign_agent(request.request_pem, id, options_.certificate_validity));
  TRY(control_.agents().enrol(request.token, {.id = id, .name = request.host, .serial = issued.serial, .address = std::string(address), .key_hash = key_hash,
                                              .certificate_expires_ticks = issued.expires_ticks}));
  log_info("fleet", "agent {} of {} has joined", id, request.host);
  return EnrolAnswer{id, issued.pem};
}

Result<EnrolAnswer> AgentDesk::renew(const AdmittedAgent& agent, std::string_view body, std::string_view address) {
  const auto request = TRY(parse_enrol_request(body));
  const auto issued = TRY(authority_.sign_agent(request.request_pem, agent.id, options_.certificate_validity));
  TRY(control_.agents().offer_certificate(agent.id, issued.serial, issued.expires_ticks, {.name = "agent:" + agent.name, .peer = std::string(address)}));
  return EnrolAnswer{agent.id, issued.pem};
}

Result<HeartbeatAnswer> AgentDesk::heartbeat(const AdmittedAgent& agent, const Heartbeat& heartbeat, std::string_view address, const AgentStanding& standing) {
  const auto known = TRY(control_.agents().get(agent.id));
  const auto gaps = balance(heartbeat, standing.journaled, standing.acked);
  const bool outdated = !options_.minimum_version.empty() && version_less(heartbeat.version, options_.minimum_version);

  std::string status;
  JsonWriter json(status);
  json.begin_object().key("heartbeat").raw(to_json(heartbeat)).key("acked").number(standing.acked).key("outdated").boolean(outdated);
  json.key("journaled").begin_object();
  for (const auto& [source, count] : standing.journaled) json.key(source).number(count);
  json.end_object().key("gaps").begin_array();
  std::uint64_t missing = 0;
  for (const auto& gap : gaps) {
    json.begin_object().key("source").text(gap.source).key("stream").text(gap.stream).key("reason").text(gap.reason).key("count").number(gap.count).end_object();
    missing += gap.count;
    metrics()
        .gauge("yagura_agent_missing_events", "Events that agents know of and the server does not have",
               {{"agent", agent.name}, {"source", gap.source}, {"reason", gap.reason}})
        .set(static_cast<double>(gap.count));
  }
  json.end_array().key("missing").number(missing).end_object();

  gauge("yagura_agent_cpu_percent", "CPU of an agent, in percent of a core", agent, heartbeat.cpu_percent);
  gauge("yagura_agent_resident_bytes", "Memory of an agent", agent, static_cast<double>(heartbeat.resident_bytes));
  gauge("yagura_agent_spool_bytes", "Size of an agent's spool", agent, static_cast<double>(heartbeat.spool_bytes));
  gauge("yagura_agent_unsent", "Entries in an agent's spool that the server has not", agent, static_cast<double>(heartbeat.unsent));
  gauge("yagura_agent_lag_seconds", "Age of the oldest of these", agent, heartbeat.lag_seconds);
  gauge("yagura_agent_outdated", "1: the agent is older than agents.minimum_version", agent, outdated ? 1 : 0);
  gauge("yagura_agent_silent_seconds", "Since an agent's last heartbeat", agent, 0);
  TRY(control_.agents().report(agent.id, {.version = heartbeat.version, .address = std::string(address), .status = status,
                                          .configuration_error = heartbeat.configuration_error, .applied_generation = heartbeat.generation}));

  HeartbeatAnswer answer{.acked = standing.acked, .generation = agent.generation};
  if (agent.generation != 0 && heartbeat.generation != agent.generation)
    answer.configuration = TRY(control_.agents().configuration(known.configuration)).text;
  answer.interval_seconds = options_.heartbeat.count();
  if (outdated)
    answer.notice = fmt::format("this agent has version {}, the server wants {} and later: upgrade its package", heartbeat.version, options_.minimum_version);
  return answer;
}

void AgentDesk::watch_silence() {
  const auto agents = control_.agents().list();
  if (!agents) return;
  const auto now = control_.now();
  for (const auto& agent : *agents)
    if (agent.last_seen_ticks)
      gauge("yagura_agent_silent_seconds", "Since an agent's last heartbeat", {agent.id, agent.name, 0},
            static_cast<double>(now - *agent.last_seen_ticks) / kTicksPerSecond);
}

std::string_view state_of(const control::Agent& agent, std::int64_t now_ticks, std::chrono::seconds heartbeat) {
  if (agent.removed_ticks) return "removed";
  if (!agent.last_seen_ticks) return "never seen";
  // Two heartbeats may be late, or one lost.
  return now_ticks - *agent.last_seen_ticks > (3 * heartbeat.count() + 5) * kTicksPerSecond ? "silent" : "connected";
}

}  // namespace yagura::fleet
