// Where agents of other hosts send what they read: HTTPS with mutual TLS, docs/formats/agent-protocol.md.
//
//   GET  /agent/v1/ca         the authority's certificate; anybody
//   POST /agent/v1/enrol      join with a token; anybody, a few a second and address
//   POST /agent/v1/heartbeat, /agent/v1/renew      with an agent's certificate
//   POST /agent/v1/batch      entries of its spool; answered when they are durable here
//
// Who an agent is and what it is told is for the AgentGate to say. Handlers run on the HTTP server's threads.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "intake/agent_positions.hpp"
#include "intake/source.hpp"
#include "net/http.hpp"
#include "net/tls.hpp"

namespace yagura::intake {

struct KnownAgent {
  std::string id, host;
  std::int64_t generation = 0;  // of the configuration that it should have
};

// Calls come from many threads. Errors: unauthenticated 401, permission_denied 403, invalid_input 400, others 503.
class AgentGate {
 public:
  virtual ~AgentGate() = default;
  virtual std::string authority_pem() const = 0;
  virtual Result<KnownAgent> admit(const net::HttpRequest& request) = 0;
  // Each gives a JSON body.
  virtual Result<std::string> enrol(const net::HttpRequest& request) = 0;
  virtual Result<std::string> renew(const KnownAgent& agent, const net::HttpRequest& request) = 0;
  // Asks `progress` for the spool that the heartbeat names.
  using Progress = std::function<Result<AgentProgress>(const Guid& spool)>;
  virtual Result<std::string> heartbeat(const KnownAgent& agent, const net::HttpRequest& request, const Progress& progress) = 0;
};

struct AgentSourceSettings {
  std::string name = "agents";
  std::string address = "0.0.0.0";
  std::uint16_t port = 6443;
  net::TlsServerOptions tls;  // client_ca and client_optional must be set
  Bytes max_body = 16_MiB;
  Bytes max_waiting = 256_MiB;
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_peer = 1'000;  // hosts behind one address
  std::size_t threads = 32;                      // handlers wait for the disk most of their time
  std::uint64_t enrol_rate = 5;                  // a second and address, twice that at once
  std::chrono::milliseconds durable_timeout{15'000};
};

class AgentSource : public Source {
 public:
  // `sink` is the journal's; all must outlive the source.
  static std::unique_ptr<AgentSource> create(AgentSourceSettings settings, EntrySink& sink, CheckpointStore& checkpoints, AgentPositions::TailMaker tail,
                                             AgentGate& gate);
  virtual std::uint16_t port() const = 0;
};

}  // namespace yagura::intake
