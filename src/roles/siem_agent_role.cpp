#include "roles/siem_agent_role.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "fleet/siem_agent_settings.hpp"
#include "forward/certificate_store.hpp"
#include "forward/encoder.hpp"
#include "net/backoff.hpp"
#include "roles/siem_event.hpp"

namespace yagura::roles {

namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

struct PollAnswer {
  std::string state;  // "run", "disabled", "completed"
  std::int64_t settings_version = 0;
  std::optional<std::string> settings;
  std::string recovery_id;
  json::array events;
  std::string receipt;  // "" when there is nothing to give one for
  bool more = false;
};

// The part of a batch that the SIEM has not taken yet.
struct Batch {
  std::vector<std::string> messages;
  std::uint64_t first = 0;  // number of messages[0]
  std::uint64_t next = 0;   // the next to offer
  std::string receipt;
  std::uint64_t last() const { return first + messages.size() - 1; }
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

// Which run of the agent this is, for the server to tell two processes apart. A restart in the same folder is the same one, so
// that it need not wait until the one before is known to be gone; two processes in one folder are not.
std::string instance_of(const std::filesystem::path& folder, FileDescriptor& lock) {
  lock = FileDescriptor(::open((folder / "siem-agent.instance").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  std::array<char, 36> kept{};
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return to_string(Guid::random());
  if (::pread(lock.get(), kept.data(), kept.size(), 0) == static_cast<ssize_t>(kept.size())) return std::string(kept.data(), kept.size());
  auto made = to_string(Guid::random());
  (void)!::pwrite(lock.get(), made.data(), made.size(), 0);
  return made;
}

std::string text_or(const json::object& object, std::string_view name, std::string_view other = "") {
  const auto* value = object.if_contains(name);
  return std::string(value != nullptr && value->is_string() ? std::string_view(value->get_string()) : other);
}

Result<PollAnswer> read_answer(std::string_view body) {
  json::error_code error;
  json::value parsed = json::parse(body, error);
  if (error || !parsed.is_object()) return fail(ErrorKind::corrupt, "the server's answer is no JSON object");
  auto& object = parsed.get_object();
  PollAnswer answer;
  answer.state = text_or(object, "state");
  answer.recovery_id = text_or(object, "recovery_id");
  answer.receipt = text_or(object, "receipt");
  if (const auto* version = object.if_contains("settings_version"); version != nullptr && version->is_int64()) answer.settings_version = version->get_int64();
  if (const auto* settings = object.if_contains("settings"); settings != nullptr && settings->is_object()) answer.settings = json::serialize(*settings);
  if (auto* events = object.if_contains("events"); events != nullptr && events->is_array()) answer.events = std::move(events->get_array());
  if (const auto* more = object.if_contains("more"); more != nullptr && more->is_bool()) answer.more = more->get_bool();
  if (answer.state.empty()) return fail(ErrorKind::corrupt, "the server's answer has no state");
  return answer;
}

}  // namespace

struct SiemAgentRole::Impl {
  SiemAgentOptions options;
  std::unique_ptr<TraceLog> log;
  std::unique_ptr<net::HttpClient> client;
  std::shared_ptr<forward::Wakeup> wakeup;
  std::unique_ptr<forward::CertificateStore> certificates;
  std::atomic<bool> stopping = false;

  FileDescriptor instance_lock;
  std::string instance;
  const std::string host = host_name();
  std::int64_t settings_version = 0;
  fleet::SiemAgentSettings settings;
  std::string recovery_id;
  std::unique_ptr<forward::Encoder> encoder;
  std::unique_ptr<forward::Destination> destination;
  std::string trouble, trouble_detail;
  std::string receipt;  // to hand in with the next poll
  std::uint64_t next_number = 1;
  std::size_t critical = 0;
  net::Backoff server_backoff{500ms, 30s}, siem_backoff{500ms, 30s};
  Clock::time_point last_poll{};

  Result<> run();
  Result<PollAnswer> poll(std::size_t want);
  Result<std::optional<PollAnswer>> ask(std::size_t want);
  Result<> take_settings(const PollAnswer& answer);
  Result<bool> deliver(Batch& batch);
  Result<> keep_connected(std::uint64_t first);
  void set_trouble(std::string_view kind, std::string detail);
  void pause(std::chrono::milliseconds time);
  void say(std::string_view text) const {
    if (options.say) options.say(text);
  }
};

void SiemAgentRole::Impl::set_trouble(std::string_view kind, std::string detail) {
  if (trouble == kind && trouble_detail == detail) return;
  if (kind.empty() && !trouble.empty()) {
    log->info(fmt::format("the SIEM takes events again ({})", destination ? destination->name() : ""));
    say("the SIEM takes events again");
  } else if (!kind.empty()) {
    const std::string_view title = kind == "send" ? "Data server send error" : kind == "connect" ? "Data server connection error" : kind == "notification" ? "SIEM agent notification error" : "Internal error";
    log->error(fmt::format("{}: {}", title, detail));
    say(fmt::format("{}: {}", title, detail));
  }
  trouble = kind;
  trouble_detail = std::move(detail);
}

// Waits, but not on when stopped.
void SiemAgentRole::Impl::pause(std::chrono::milliseconds time) {
  pollfd entry{wakeup->fd(), POLLIN, 0};
  if (!stopping) (void)::poll(&entry, 1, static_cast<int>(time.count()));
}

Result<PollAnswer> SiemAgentRole::Impl::poll(std::size_t want) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/api/v1/siem-agent/poll";
  request.headers.push_back({"Authorization", "Bearer " + options.token});
  request.headers.push_back({"Content-Type", "application/json"});
  JsonWriter writer(request.body);
  writer.begin_object().key("version").text(kVersion).key("host").text(host).key("instance").text(instance);
  writer.key("settings_version").number(settings_version).key("want").number(static_cast<std::int64_t>(want));
  if (!trouble.empty()) writer.key("trouble").text(trouble).key("trouble_detail").text(trouble_detail.substr(0, 500));
  if (!receipt.empty()) writer.key("receipt").text(receipt);
  writer.end_object();
  last_poll = Clock::now();
  const auto response = TRY(client->send(request, Deadline::in(120s), 64_MiB), "asking {}:{}", options.server.host, options.server.port);
  if (response.status == 200) return read_answer(response.body);
  json::error_code error;
  const json::value parsed = json::parse(response.body, error);
  std::string reason;
  if (!error && parsed.is_object())
    if (const auto* inner = parsed.get_object().if_contains("error"); inner != nullptr && inner->is_object()) reason = text_or(inner->get_object(), "message");
  const auto kind = response.status == 401   ? ErrorKind::unauthenticated
                    : response.status == 409 ? ErrorKind::conflict
                    : response.status == 429 || response.status >= 500 ? ErrorKind::unavailable
                                                                       : ErrorKind::corrupt;
  return fail(kind, "the server answered {}{}{}", response.status, reason.empty() ? "" : ": ", reason);
}

// nullopt: it did not work this time, and that has been said; an Error ends the program.
Result<std::optional<PollAnswer>> SiemAgentRole::Impl::ask(std::size_t want) {
  auto answer = poll(want);
  if (answer) {
    critical = 0;
    receipt.clear();
    server_backoff.succeeded();
    TRY(take_settings(*answer));
    return std::optional(*std::move(answer));
  }
  const Error& error = answer.error();
  log->error(error.message());
  if (error.kind() == ErrorKind::unauthenticated) return fail(ErrorKind::unauthenticated, "Invalid token");
  // Down or busy is not critical: it comes again, and so do we.
  const bool passing = error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::conflict || error.kind() == ErrorKind::exhausted;
  critical = passing ? 0 : critical + 1;
  if (critical >= options.critical_errors) return fail(ErrorKind::internal, "Too many critical errors: the last was: {}", error.message());
  say(error.message());
  pause(server_backoff.next());
  return std::optional<PollAnswer>();
}

Result<> SiemAgentRole::Impl::take_settings(const PollAnswer& answer) {
  recovery_id = answer.recovery_id;
  if (!answer.settings || answer.settings_version == settings_version) return {};
  settings = TRY(fleet::read_siem_agent_settings(*answer.settings, forward::encoder_kinds()), "reading this agent's settings");
  settings_version = answer.settings_version;
  encoder = TRY(forward::make_encoder({.kind = settings.format, .vendor = "Yagura", .product = "SIEM_Agent", .version = std::string(kVersion)}));
  forward::DestinationSettings wanted{.host = settings.remote_host, .port = settings.remote_port};
  wanted.use_tls = settings.protocol == fleet::SiemProtocol::tls;
  wanted.protocol = settings.protocol == fleet::SiemProtocol::udp ? forward::DestinationProtocol::udp : forward::DestinationProtocol::syslog_stream;
  wanted.framing = settings.octet_counting ? forward::Framing::octet_counting : forward::Framing::line_feed;
  wanted.most_untaken = options.batch * 2;
  if (wanted.use_tls)
    wanted.tls_options = [this] {
      return certificates->tls_options({.thumbprint = settings.client_certificate_thumbprint,
                                        .verify = !settings.skip_server_certificate_check,
                                        .verify_name = !settings.skip_server_name_check});
    };
  if (destination) destination->close(Deadline::in(2s));
  destination = forward::make_destination(std::move(wanted));
  log->info(fmt::format("settings {}: {} over {} to {}:{}", settings_version, settings.format, to_string(settings.protocol), settings.remote_host, settings.remote_port));
  return {};
}

Result<> SiemAgentRole::Impl::keep_connected(std::uint64_t first) {
  if (destination->connected()) return {};
  auto made = destination->connect(first, *wakeup);
  if (made) {
    log->info(fmt::format("connected to {} at {}{}{}", destination->name(), made->address, made->tls_version.empty() ? "" : ", ", made->tls_version));
    siem_backoff.succeeded();
    return {};
  }
  if (stopping) return {};
  const Error error = made.error();
  const bool certificate = settings.protocol == fleet::SiemProtocol::tls && error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::timeout;
  std::string detail = fmt::format("{}:{}: {}", settings.remote_host, settings.remote_port, error.message());
  if (settings.protocol == fleet::SiemProtocol::tls) detail += " (TLS 1.2 or later is needed at both ends)";
  set_trouble(certificate ? "notification" : "connect", std::move(detail));
  return std::unexpected(error);
}

// True: the SIEM has taken all of it. False: the settings have changed, or stop(): the server gives the batch again.
Result<bool> SiemAgentRole::Impl::deliver(Batch& batch) {
  const std::int64_t version = settings_version;
  while (!stopping) {
    if (settings_version != version) return false;
    if (Clock::now() - last_poll >= options.heartbeat)
      if (const auto alive = TRY(ask(0)); alive && alive->state != "run") return false;
    if (!destination->connected()) {
      batch.next = std::max(batch.first, destination->taken() + 1);
      if (batch.next > batch.last()) return true;
      if (!keep_connected(batch.next)) {
        pause(siem_backoff.next());
        continue;
      }
      if (stopping) return false;
    }
    while (batch.next <= batch.last() && destination->ready_for_more()) {
      destination->offer(batch.next, batch.messages[batch.next - batch.first]);
      ++batch.next;
    }
    if (auto stepped = destination->step(); !stepped) {
      set_trouble("send", fmt::format("{}:{}: {}", settings.remote_host, settings.remote_port, stepped.error().message()));
      pause(siem_backoff.next());
      continue;
    }
    if (destination->taken() >= batch.last()) {
      set_trouble("", "");
      return true;
    }
    const auto waiting = destination->waiting();
    std::array<pollfd, 2> entries{{{wakeup->fd(), POLLIN, 0}, {waiting.fd, waiting.events, 0}}};
    (void)::poll(entries.data(), waiting.fd >= 0 ? 2 : 1, static_cast<int>(std::min<std::int64_t>(waiting.most.count(), 500)));
  }
  return false;
}

Result<> SiemAgentRole::Impl::run() {
  log->info("Initializing agent...");
  say("Initializing agent...");
  bool initialized = false;
  while (!stopping) {
    auto answer = TRY(ask(trouble.empty() && initialized ? options.batch : 0));
    if (!answer) continue;
    if (!initialized) {
      initialized = true;
      log->info("Initialization complete");
      say("Initialization complete");
      // Whether the SIEM can be reached is worth knowing before there is an event.
      if (answer->state == "run") (void)keep_connected(next_number);
    }
    if (answer->state == "completed") {
      log->info("the recovery is complete; this agent is disabled");
      say("the recovery is complete; this agent is disabled");
      break;
    }
    if (!trouble.empty() && answer->state == "run") {
      if (keep_connected(next_number)) set_trouble("", "");
      else pause(std::min<std::chrono::milliseconds>(options.heartbeat, siem_backoff.next()));
      continue;
    }
    if (answer->events.empty()) {
      if (destination && destination->connected())
        if (auto stepped = destination->step(); !stepped) log->warning(stepped.error().message());
      if (!answer->more || answer->state != "run") pause(answer->state == "run" ? options.idle : options.heartbeat);
      continue;
    }
    Batch made{.messages = encode_siem_events(answer->events, *encoder, host, recovery_id), .first = next_number, .next = next_number, .receipt = std::move(answer->receipt)};
    if (destination->connected() && destination->taken() + 1 != next_number) destination->close(Deadline::in(0ms));
    const std::size_t count = made.messages.size();
    if (TRY(deliver(made))) {
      receipt = std::move(made.receipt);
      next_number = made.last() + 1;
      log->info(fmt::format("sent {} events to {}", count, destination->name()));
    } else {
      // They come again from the server, with numbers of their own.
      destination->close(Deadline::in(0ms));
      next_number = made.last() + 1;
    }
  }
  if (!receipt.empty()) (void)poll(0);  // the next start would repeat what has been taken
  if (destination) destination->close(Deadline::in(5s));
  log->info("stopped");
  return {};
}

SiemAgentRole::SiemAgentRole(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SiemAgentRole::~SiemAgentRole() = default;

Result<std::unique_ptr<SiemAgentRole>> SiemAgentRole::create(SiemAgentOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->log = TRY(TraceLog::open(options.logs_directory, "siem-agent"), "General error during bootstrap");
  impl->instance = instance_of(options.logs_directory, impl->instance_lock);
  impl->wakeup = TRY(forward::Wakeup::create(), "General error during bootstrap");
  impl->certificates = std::make_unique<forward::CertificateStore>(options.certificates);
  impl->client = net::HttpClient::create(options.server);
  impl->options = std::move(options);
  return std::unique_ptr<SiemAgentRole>(new SiemAgentRole(std::move(impl)));
}

Result<> SiemAgentRole::run() {
  auto ended = impl_->run();
  if (!ended) impl_->log->error(ended.error().message());
  return ended;
}

void SiemAgentRole::stop() {
  impl_->stopping = true;
  impl_->wakeup->wake();
}

const std::filesystem::path& SiemAgentRole::log_file() const { return impl_->log->path(); }

}  // namespace yagura::roles
