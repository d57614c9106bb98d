#include "intake/agent_source.hpp"

#include <atomic>
#include <mutex>

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "intake/rate_limiter.hpp"
#include "intake/source_counters.hpp"
#include "journal/transfer.hpp"
#include "net/http_server.hpp"

namespace yagura::intake {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr int kProtocol = 1;

std::string_view ip_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

HttpResponse refusal(int status, std::string_view code, std::string_view message) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("error").begin_object().key("code").text(code).key("message").text(message).end_object().end_object();
  return net::json_response(status, std::move(text));
}

HttpResponse refusal(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::unauthenticated: return refusal(401, "unauthenticated", error.message());
    case ErrorKind::permission_denied: return refusal(403, "permission_denied", error.message());
    case ErrorKind::invalid_input:
    case ErrorKind::corrupt: return refusal(400, "invalid_input", error.message());
    default: break;
  }
  HttpResponse response = refusal(503, "unavailable", error.message());
  response.set("Retry-After", "2");
  return response;
}

class AgentSourceImpl final : public AgentSource {
 public:
  AgentSourceImpl(AgentSourceSettings settings, EntrySink& sink, CheckpointStore& checkpoints, AgentPositions::TailMaker tail, AgentGate& gate)
      : settings_(std::move(settings)),
        sink_(sink),
        checkpoints_(checkpoints),
        tail_(std::move(tail)),
        gate_(gate),
        counters_(settings_.name, "agents"),
        enrolments_(settings_.enrol_rate) {}
  ~AgentSourceImpl() override { stop(); }

  Result<> start() override {
    positions_ = TRY(AgentPositions::open(sink_, checkpoints_, tail_), "starting source '{}'", settings_.name);
    net::HttpServerOptions options;
    options.name = settings_.name;
    options.address = settings_.address;
    options.port = settings_.port;
    options.threads = settings_.threads;
    options.max_connections = settings_.max_connections;
    options.max_connections_per_peer = settings_.max_connections_per_peer;
    options.max_body = settings_.max_body;
    options.max_waiting = settings_.max_waiting;
    options.idle_timeout = std::chrono::minutes(5);  // longer than between two heartbeats: a handshake costs more than a socket
    options.header_timeout = options.idle_timeout;
    options.tls = TRY(net::TlsContext::server(settings_.tls), "starting source '{}'", settings_.name);
    server_ = TRY(net::HttpServer::start(options, [this](const HttpRequest& request) { return handle(request); }), "starting source '{}'", settings_.name);
    port_ = server_->port();
    counters_.set_state("listening");
    return {};
  }

  void stop() override {
    if (!server_) return;
    server_->stop();
    server_.reset();
    if (auto kept = positions_->checkpoint(0s); !kept) log_warning("intake", "how far agents have come was not kept: {}", kept.error().message());
    counters_.set_state("stopped");
  }

  SourceStatus status() const override { return counters_.status(fmt::format("https://{}:{}", settings_.address, port_.load())); }
  std::uint16_t port() const override { return port_.load(); }

 private:
  HttpResponse handle(const HttpRequest& request) {
    const std::string path = request.path();
    if (path == "/agent/v1/ca") return net::text_response(200, gate_.authority_pem(), "application/x-pem-file");
    if (path == "/agent/v1/enrol") return enrol(request);
    const bool batch = path == "/agent/v1/batch", heartbeat = path == "/agent/v1/heartbeat", renew = path == "/agent/v1/renew";
    if (!batch && !heartbeat && !renew) return refusal(404, "not_found", "there is nothing at this path");
    if (request.method != "POST") return refusal(405, "invalid_input", "POST is wanted here");
    if (const auto protocol = parse_int64(request.header("x-yagura-protocol")); protocol != kProtocol) {
      counters_.refused("protocol");
      return refusal(426, "protocol", fmt::format("this server speaks protocol {} with agents: upgrade the {} one", kProtocol, protocol.value_or(0) > kProtocol ? "server, the older" : "agent, the older"));
    }
    const auto agent = gate_.admit(request);
    if (!agent) {
      counters_.refused("agent");
      return refusal(agent.error());
    }
    if (batch) return take(request, *agent);
    auto body = renew ? gate_.renew(*agent, request)
                      : gate_.heartbeat(*agent, request, [&](const Guid& spool) { return positions_->progress(agent->id, spool); });
    if (!body) return refusal(body.error());
    return net::json_response(200, std::move(*body));
  }

  HttpResponse enrol(const HttpRequest& request) {
    if (request.method != "POST") return refusal(405, "invalid_input", "POST is wanted here");
    {
      const std::lock_guard lock(enrolments_mutex_);
      if (enrolments_.take(ip_of(request.peer), 1, RateLimiter::Clock::now()) == 0) {
        counters_.refused("rate");
        HttpResponse response = refusal(429, "exhausted", "too many attempts to join from this address");
        response.set("Retry-After", "1");
        return response;
      }
    }
    auto body = gate_.enrol(request);
    if (!body) {
      counters_.refused("enrol");
      log_warning("intake", "{} could not join: {}", ip_of(request.peer), body.error().message());
      return refusal(body.error());
    }
    return net::json_response(200, std::move(*body));
  }

  HttpResponse take(const HttpRequest& request, const KnownAgent& agent) {
    const auto spool = Guid::parse(request.header("x-yagura-spool"));
    const auto after = parse_uint64(request.header("x-yagura-after"));
    if (!spool || !after) return refusal(400, "invalid_input", "X-Yagura-Spool and X-Yagura-After are needed");
    const auto runs = journal::decode_transfer(request.body);
    if (!runs) {
      counters_.refused("invalid_request");
      return refusal(runs.error());
    }
    if (const auto trouble = sink_.trouble(); !trouble.empty()) return push_back(trouble);
    const auto taken = positions_->take({.agent = agent.id, .host = agent.host, .spool = *spool, .after = Position(*after),
                                         .begins = request.header("x-yagura-begin") == "1", .runs = *runs},
                                        Deadline::in(settings_.durable_timeout));
    if (!taken) {
      if (taken.error().kind() == ErrorKind::corrupt) {
        counters_.refused("invalid_request");
        return refusal(taken.error());
      }
      return push_back(taken.error().message());
    }
    if (waiting_.exchange(false)) counters_.set_state("listening");
    if (taken->entries > 0) counters_.received(taken->entries, taken->bytes, ReceiveClock::now());
    if (auto kept = positions_->checkpoint(); !kept) log_warning("intake", "how far agents have come was not kept: {}", kept.error().message());
    std::string text;
    JsonWriter json(text);
    json.begin_object().key("acked").number(taken->acked.number()).key("generation").number(agent.generation).end_object();
    if (taken->conflict) counters_.noted("rewound");
    return net::json_response(taken->conflict ? 409 : 200, std::move(text));
  }

  HttpResponse push_back(std::string_view why) {
    counters_.set_state("waiting", why);
    counters_.refused("busy");
    waiting_ = true;
    HttpResponse response = refusal(503, "unavailable", why);
    response.set("Retry-After", "2");
    return response;
  }

  const AgentSourceSettings settings_;
  EntrySink& sink_;
  CheckpointStore& checkpoints_;
  const AgentPositions::TailMaker tail_;
  AgentGate& gate_;
  SourceCounters counters_;
  std::mutex enrolments_mutex_;
  RateLimiter enrolments_ GUARDED_BY(enrolments_mutex_);
  std::unique_ptr<AgentPositions> positions_;
  std::unique_ptr<net::HttpServer> server_;
  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> waiting_{false};
};

}  // namespace

std::unique_ptr<AgentSource> AgentSource::create(AgentSourceSettings settings, EntrySink& sink, CheckpointStore& checkpoints, AgentPositions::TailMaker tail,
                                                 AgentGate& gate) {
  return std::make_unique<AgentSourceImpl>(std::move(settings), sink, checkpoints, std::move(tail), gate);
}

}  // namespace yagura::intake
