#include "intake/hec_source.hpp"

#include "base/encoding.hpp"
#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "intake/hec_acks.hpp"
#include "intake/hec_protocol.hpp"
#include "intake/rate_limiter.hpp"
#include "intake/source_counters.hpp"
#include "net/http_server.hpp"

namespace yagura::intake {

namespace {

using net::HttpRequest;
using net::HttpResponse;

// Handlers wait for the disk most of their time; threads are made when needed.
constexpr std::size_t kThreads = 64;
constexpr std::size_t kMostAcksAsked = 10'000;
constexpr std::size_t kMostMetadata = 1024;  // bytes of one value in the query

HttpResponse answer(HecCode code) { return hec_response({code, std::nullopt, std::nullopt}); }

class HecImpl final : public HecSource {
 public:
  HecImpl(HecSettings settings, EntrySink& sink)
      : settings_(std::move(settings)),
        sink_(sink),
        counters_(settings_.name, "hec"),
        limiter_(settings_.rate_per_peer) {}
  ~HecImpl() override { stop(); }

  Result<> start() override {
    net::HttpServerOptions options;
    options.name = settings_.name;
    options.address = settings_.address;
    options.port = settings_.port;
    options.threads = kThreads;
    options.max_connections = settings_.max_connections;
    options.max_connections_per_peer = settings_.max_connections_per_peer;
    options.max_body = settings_.max_body;
    options.max_waiting = settings_.max_waiting;
    if (settings_.tls_enabled)
      options.tls = TRY(net::TlsContext::server(settings_.tls), "starting source '{}'", settings_.name);
    server_ = TRY(net::HttpServer::start(options, [this](const HttpRequest& request) { return handle(request); }),
                  "starting source '{}'", settings_.name);
    port_ = server_->port();
    counters_.set_state("listening");
    return {};
  }

  void stop() override {
    if (!server_) return;
    server_->stop();
    server_.reset();
    counters_.set_state("stopped");
  }

  SourceStatus status() const override {
    return counters_.status(
        fmt::format("{}://{}:{}", settings_.tls_enabled ? "https" : "http", settings_.address, port_.load()));
  }
  std::uint16_t port() const override { return port_.load(); }

 private:
  HttpResponse handle(const HttpRequest& request) {
    std::string path = request.path();
    // Versions of one protocol: ".../event/1.0" is ".../event".
    if (path.ends_with("/1.0")) path.resize(path.size() - 4);
    static constexpr std::string_view kBase = "/services/collector";
    const bool ours = path == kBase || (path.starts_with(kBase) && path[kBase.size()] == '/');
    const std::string_view what = ours ? std::string_view(path).substr(std::min(path.size(), kBase.size() + 1)) : "?";
    if (what == "health") return health();
    if (what != "" && what != "event" && what != "raw" && what != "ack")
      return net::json_response(404, R"({"text":"The requested URL was not found on this server.","code":404})");
    if (request.method != "POST") {
      HttpResponse response = net::json_response(405, R"({"text":"Method Not Allowed","code":405})");
      response.set("Allow", "POST");
      return response;
    }
    const HecToken* token = nullptr;
    if (const HecCode code = authenticate(request, token); code != HecCode::success) {
      counters_.refused("token");
      HttpResponse response = answer(code);
      if (response.status == 401) response.set("WWW-Authenticate", "Splunk");
      return response;
    }
    std::string channel(request.header("x-splunk-request-channel"));
    if (channel.empty()) channel = request.query_parameter("channel");
    if (!channel.empty() && !Guid::parse(channel)) return refuse(HecCode::invalid_channel);
    if (what == "ack") return tell_acks(request, *token, channel);
    if (token->acks && channel.empty()) return refuse(HecCode::channel_missing);
    if (request.body.empty()) return refuse(HecCode::no_data);
    return take(request, *token, channel, what == "raw");
  }

  HttpResponse refuse(HecCode code, std::optional<std::size_t> event = std::nullopt) {
    counters_.refused(code == HecCode::busy ? "busy" : "invalid_request");
    return hec_response({code, event, std::nullopt});
  }

  HttpResponse health() const {
    return answer(sink_.trouble().empty() ? HecCode::healthy : HecCode::unhealthy_queues_full);
  }

  // "Splunk <token>", or Basic with the token as password, or ?token= where that is allowed.
  HecCode authenticate(const HttpRequest& request, const HecToken*& token) const {
    const std::string_view header = trim(request.header("authorization"));
    std::string text;
    if (header.empty()) {
      text = request.query_parameter("token");
      if (text.empty()) return HecCode::token_required;
      if (!settings_.query_token) return HecCode::query_token_disabled;
    } else {
      const auto blank = header.find(' ');
      if (blank == std::string_view::npos) return HecCode::invalid_authorization;
      const std::string_view scheme = header.substr(0, blank);
      const std::string_view rest = trim(header.substr(blank));
      if (equal_ignoring_ascii_case(scheme, "splunk")) {
        text = rest;
      } else if (equal_ignoring_ascii_case(scheme, "basic")) {
        const auto pair = from_base64(rest);
        const auto colon = pair ? pair->find(':') : std::string::npos;
        if (colon == std::string::npos) return HecCode::invalid_authorization;
        text = pair->substr(colon + 1);
      } else {
        return HecCode::invalid_authorization;
      }
    }
    const Sha256Digest digest = sha256(text);
    // All are compared, so that the time tells nothing.
    for (const auto& known : settings_.tokens)
      if (equal_constant_time(as_text(digest), as_text(known.sha256)) && token == nullptr) token = &known;
    if (token == nullptr) return HecCode::invalid_token;
    return token->enabled ? HecCode::success : HecCode::token_disabled;
  }

  HttpResponse take(const HttpRequest& request, const HecToken& token, const std::string& channel, bool raw) {
    thread_local HecParser parser;
    thread_local std::vector<std::string_view> events;
    thread_local std::vector<journal::EntryView> entries;
    const auto most = static_cast<std::size_t>(settings_.max_message.count());
    if (raw) {
      split_raw(request.body, most, events);
      if (events.empty()) return refuse(HecCode::no_data);
    } else {
      const HecAnswer checked = parser.parse_events(request.body, token.indexes, events);
      if (checked.code != HecCode::success) return refuse(checked.code, checked.invalid_event);
      for (std::size_t i = 0; i < events.size(); ++i)
        if (events[i].size() > most) return refuse(HecCode::invalid_data_format, i);
    }
    const auto now = HecAcks::Clock::now();
    if (token.acks && !acks_.has_room(token.name + channel, now)) return refuse(HecCode::busy);

    if (too_fast(request.peer, events.size())) return refuse(HecCode::busy);

    const std::string hint = hint_of(request, raw);
    const ReceiveTime received = ReceiveClock::now();
    entries.clear();
    std::uint64_t bytes = 0;
    for (const auto event : events) {
      entries.push_back({.source = settings_.name,
                         .peer = request.peer,
                         .hint = hint,
                         .received_at = received,
                         .read_at = {},
                         .payload = event});
      bytes += event.size();
    }
    const Deadline deadline = Deadline::in(settings_.durable_timeout);
    const auto position = sink_.append(entries, token.acks ? Deadline::in(1s) : deadline);
    if (!position) return not_taken(position.error());
    if (token.acks) {
      counters_.received(events.size(), bytes, received);
      return hec_response({HecCode::success, std::nullopt, acks_.add(token.name + channel, *position, now)});
    }
    // Not durable in time: the sender will send again, and gets duplicates rather than a loss.
    if (auto durable = sink_.wait_durable(*position, deadline); !durable) return not_taken(durable.error());
    counters_.received(events.size(), bytes, received);
    if (waiting_.exchange(false)) counters_.set_state("listening");
    return answer(HecCode::success);
  }

  // A request is let in while its peer's bucket has anything at all, so that large ones have their turn.
  bool too_fast(std::string_view peer, std::size_t events) {
    if (settings_.rate_per_peer == 0) return false;
    const std::string_view ip = peer.substr(0, peer.rfind(':'));
    const auto now = RateLimiter::Clock::now();
    const std::lock_guard lock(limiter_mutex_);
    if (limiter_.take(ip, 1, now) == 0) return true;
    limiter_.charge(ip, events - 1, now);
    return false;
  }

  HttpResponse not_taken(const Error& error) {
    if (error.kind() == ErrorKind::invalid_input) return refuse(HecCode::invalid_data_format);
    counters_.set_state("waiting", error.message());
    waiting_ = true;
    return refuse(HecCode::busy);
  }

  // An event says its own metadata; of a raw line only the query can.
  static std::string hint_of(const HttpRequest& request, bool raw) {
    if (!raw) return "hec-event";
    std::string hint = "hec-raw";
    char separator = '?';
    for (const auto& [key, value] : request.query_parameters()) {
      if (key != "host" && key != "source" && key != "sourcetype" && key != "index" && key != "time") continue;
      if (value.empty() || value.size() > kMostMetadata) continue;
      hint += separator;
      hint += key + "=" + percent_encode(value);
      separator = '&';
      if (hint.size() > 4 * kMostMetadata) break;
    }
    return hint;
  }

  HttpResponse tell_acks(const HttpRequest& request, const HecToken& token, const std::string& channel) {
    if (!token.acks) return refuse(HecCode::ack_disabled);
    if (channel.empty()) return refuse(HecCode::channel_missing);
    if (request.body.empty()) return refuse(HecCode::no_data);
    thread_local HecParser parser;
    const auto numbers = parser.parse_acks(request.body, kMostAcksAsked);
    if (!numbers) return refuse(HecCode::invalid_data_format);
    const auto answers = acks_.ask(token.name + channel, *numbers, sink_.durable_position(), HecAcks::Clock::now());
    std::string json;
    JsonWriter writer(json);
    writer.begin_object().key("acks").begin_object();
    for (std::size_t i = 0; i < answers.size(); ++i) writer.key(std::to_string((*numbers)[i])).boolean(answers[i]);
    writer.end_object().end_object();
    return net::json_response(200, std::move(json));
  }

  const HecSettings settings_;
  EntrySink& sink_;
  SourceCounters counters_;
  HecAcks acks_;
  std::mutex limiter_mutex_;
  RateLimiter limiter_ GUARDED_BY(limiter_mutex_);
  std::atomic<bool> waiting_{false};
  std::atomic<std::uint16_t> port_{0};
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

std::unique_ptr<HecSource> HecSource::create(HecSettings settings, EntrySink& sink) {
  return std::make_unique<HecImpl>(std::move(settings), sink);
}

}  // namespace yagura::intake
