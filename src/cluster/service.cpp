#include "cluster/service.hpp"

#include <boost/json.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cluster/peer.hpp"
#include "net/http_server.hpp"

namespace yagura::cluster {

namespace {

constexpr std::chrono::milliseconds kInterval = 3s, kLongest = 30s;

std::string_view part_of(std::string_view subject, std::string_view name) {
  for (const auto part : split(subject, ','))
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') return part.substr(name.size() + 1);
  return {};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input: return 400;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::permission_denied: return 403;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict: return 409;
    case ErrorKind::corrupt: return 400;
    default: return 503;
  }
}

net::HttpResponse answer_of(const Result<std::string>& result) {
  if (result) return net::json_response(200, *result);
  std::string out;
  JsonWriter(out).begin_object().key("error").text(result.error().message()).end_object();
  return net::json_response(status_of(result.error().kind()), out);
}

}  // namespace

class Service::Core {
 public:
  explicit Core(forward::AgentFiles files) : folder_(std::move(files)) {}
  ~Core() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  Result<> begin() {
    self_ = TRY(folder_.host());
    net::HttpServerOptions options;
    options.name = "cluster";
    options.address = self_.listen.host;
    options.port = self_.listen.port;
    options.tls = TRY(folder_.server_tls());
    options.threads = 2;
    options.max_connections = 128;
    options.max_body = 4_MiB;
    options.max_waiting = 32_MiB;
    server_ = TRY(net::HttpServer::start(std::move(options), [this](const net::HttpRequest& request) { return answer(request); }));
    log_info("cluster", "{} listens for the cluster's hosts on {}", self_.name, to_text(self_.listen));
    thread_ = std::thread([this] { run(); });
    return {};
  }

 private:
  net::HttpResponse answer(const net::HttpRequest& request) {
    const auto path = request.path();
    if (request.method == "GET" && path == "/cluster/v1/ca") {
      const auto pem = read_file(folder_.authority(), 64_KiB);
      return pem ? net::text_response(200, *pem, "application/x-pem-file") : answer_of(std::unexpected(pem.error()));
    }
    if (request.method == "POST" && path == "/cluster/v1/join") {
      auto joined = join(request);
      if (!joined) log_warning("cluster", "{} was not let in: {}", request.peer, joined.error().message());
      return answer_of(joined);
    }
    if (request.method == "POST" && path == "/cluster/v1/state") return answer_of(state(request));
    if (request.method == "POST" && path == "/cluster/v1/plan") return answer_of(plan(request));
    return answer_of(fail(ErrorKind::not_found, "there is no {} {}", request.method, utf8::repaired(path.substr(0, 200))));
  }

  Result<std::string> member_of(const net::HttpRequest& request) const {
    const auto name = part_of(request.client_subject, "CN"), serial = part_of(request.client_subject, "serialNumber");
    if (name.empty() || part_of(request.client_subject, "O") != "yagura-host")
      return fail(ErrorKind::unauthenticated, "this needs the certificate of a host of the cluster: join first");
    if (!TRY(folder_.members()).belongs(name, serial))
      return fail(ErrorKind::permission_denied, "the host {} does not belong to the cluster any more", name);
    return std::string(name);
  }

  Result<std::string> join(const net::HttpRequest& request) {
    if (!folder_.has_authority())
      return fail(ErrorKind::not_found, "hosts join by the host that made the cluster; this one ({}) cannot let anybody in", self_.name);
    return folder_.admit(request.body);
  }

  Result<std::string> state(const net::HttpRequest& request) {
    const auto from = TRY(member_of(request));
    const auto theirs = TRY(summary_from_json(request.body));
    if (theirs.name != from) return fail(ErrorKind::permission_denied, "the certificate is of {}, not of {}", from, theirs.name);
    TRY(folder_.take(theirs));
    return to_json(TRY(folder_.summary()));
  }

  Result<std::string> plan(const net::HttpRequest& request) {
    const auto from = TRY(member_of(request));
    boost::system::error_code error;
    const auto value = boost::json::parse(request.body, error);
    const auto* id = !error && value.is_object() ? value.get_object().if_contains("id") : nullptr;
    const auto* given = id != nullptr ? value.get_object().if_contains("plan") : nullptr;
    if (id == nullptr || !id->is_string()) return fail(ErrorKind::invalid_input, "expected an object with 'id' and 'plan'");
    if (given != nullptr && given->is_object())
      return TRY(folder_.take_plan(TRY(forward::ActionPlan::from_json(boost::json::serialize(*given))), from)).to_json();
    return TRY(folder_.plan(std::string_view(id->get_string()))).to_json();
  }

  struct Line {
    std::unique_ptr<Peer> peer;
    Deadline next = Deadline::in(0ms);
    std::chrono::milliseconds wait = kInterval;
    bool away = false;
  };

  void run() {
    std::map<std::string, Line> lines;  // by serial
    while (true) {
      if (auto done = folder_.refresh(); !done) log_error("cluster", "{}", done.error().message());
      const auto members = folder_.members();
      if (!members) log_error("cluster", "{}", members.error().message());
      for (const auto& member : members ? members->living() : std::vector<Member>()) {
        if (member.serial == self_.serial) continue;
        auto& line = lines[member.serial];
        if (!line.next.passed()) continue;
        tell(line, member);
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
      }
      if (members) std::erase_if(lines, [&](const auto& one) { return !one.second.peer || !members->belongs(one.second.peer->member().name, one.first); });
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, kInterval, [&] { return stopping_; })) return;
    }
  }

  void tell(Line& line, const Member& member) {
    if (!line.peer) {
      auto made = Peer::open(folder_, member);
      if (!made) {
        log_error("cluster", "{}: {}", member.name, made.error().message());
        return;
      }
      line.peer = std::move(*made);
    }
    const auto said = line.peer->exchange(Deadline::in(5s));
    if (said) {
      if (line.away) log_info("cluster", "{} is back", member.name);
      line.away = false;
      line.wait = kInterval;
      line.next = Deadline::in(0ms);
      return;
    }
    if (!line.away) log_warning("cluster", "{} at {} is not reached: {}", member.name, to_text(member.address), said.error().message());
    line.away = true;
    line.next = Deadline::in(line.wait);
    line.wait = std::min(kLongest, line.wait * 2);
  }

  HostFolder folder_;
  ThisHost self_;
  std::unique_ptr<net::HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Service::Service(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(forward::AgentFiles files) {
  auto core = std::make_unique<Core>(std::move(files));
  TRY(core->begin());
  return std::unique_ptr<Service>(new Service(std::move(core)));
}

}  // namespace yagura::cluster
