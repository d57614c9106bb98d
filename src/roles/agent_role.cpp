#include "roles/agent_role.hpp"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/enrolment.hpp"
#include "agent/loss_book.hpp"
#include "agent/self_report.hpp"
#include "agent/spool.hpp"
#include "agent/uplink.hpp"
#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cluster/service.hpp"
#include "forward/forwarder_service.hpp"
#include "roles/server_parts.hpp"

namespace yagura::roles {

namespace {

constexpr auto kStatusInterval = std::chrono::seconds(10);
constexpr std::string_view kRemoteFile = "server-configuration.yaml";

// What a stop leaves unread is read at the next start: no loss.
bool reads_again(std::string_view kind) { return kind != "syslog" && kind != "hec"; }

}  // namespace

struct AgentRole::Impl {
  explicit Impl(AgentSettings given) : settings(std::move(given)) {}
  ~Impl() { stop(Deadline::in(0ms)); }

  Result<> start(const SettingsNode& file);
  void load_remote();
  std::string configure(std::int64_t number, const std::string& text);
  void start_sources();
  void stop_sources();
  void describe(fleet::Heartbeat& heartbeat, agent::SelfReport& meter);
  void maintain();
  void write_status();
  void follow_cluster();
  void stop(Deadline deadline);

  AgentSettings settings;
  std::string host;
  FileDescriptor lock;
  std::unique_ptr<agent::Spool> spool;
  std::unique_ptr<forward::ForwarderService> forwarder;
  std::unique_ptr<cluster::Service> cluster;  // of the maintenance thread
  std::string cluster_error;
  std::unique_ptr<agent::Uplink> uplink;
  agent::SelfReport self, self_for_file;
  const std::int64_t started = ReceiveClock::now().time_since_epoch().count();

  std::mutex change_mutex;  // sources are stopped and started by one thread at a time
  std::mutex mutex;
  AgentSources wanted GUARDED_BY(mutex);
  std::vector<std::unique_ptr<intake::Source>> sources GUARDED_BY(mutex);
  agent::LossBook losses GUARDED_BY(mutex){settings.data / "losses"};
  bool running GUARDED_BY(mutex) = false;
  std::int64_t generation GUARDED_BY(mutex) = 0;  // of the server's configuration in force; 0: the host's own
  std::string configuration_error GUARDED_BY(mutex);

  std::mutex maintenance_mutex;
  std::condition_variable maintenance_wake;
  bool stopping GUARDED_BY(maintenance_mutex) = false;
  std::thread maintenance;
};

Result<> AgentRole::Impl::start(const SettingsNode& file) {
  host = settings.host.empty() ? agent::host_name() : settings.host;
  TRY(make_private_folder(settings.data));
  lock = TRY(lock_folder(settings.data));
  spool = TRY(agent::Spool::open({.folder = settings.data / "spool", .max_size = settings.spool_max_size, .min_free = settings.spool_min_free,
                                  .keep_sent = settings.spool_keep_sent, .events_per_second = settings.events_per_second}));
  {
    const std::lock_guard guard(mutex);
    wanted = read_agent_sources(file);
    if (auto known = losses.load(); !known) log_warning("agent", "losses before this start are not known: {}", known.error().message());
  }
  if (settings.remote_configuration) load_remote();
  forward::ForwarderServiceOptions options;
  options.files = {settings.data};
  options.open_tail = [this](Position from) -> Result<std::unique_ptr<journal::Tail>> { return spool->journal().tail(from); };
  options.head = [this] { return spool->journal().durable_position(); };
  options.host = host;
  forwarder = TRY(forward::ForwarderService::start(std::move(options)), "starting the forwarder");
  spool->hold([this] { return forwarder->bookmark(); });
  uplink = std::make_unique<agent::Uplink>(
      agent::UplinkSettings{.folder = settings.data, .host = host, .max_batch = settings.max_batch, .flush = settings.flush}, *spool,
      [this](fleet::Heartbeat& heartbeat) { describe(heartbeat, self); },
      settings.remote_configuration ? [this](std::int64_t number, const std::string& text) { return configure(number, text); } : agent::Uplink::Configure());
  uplink->start();
  maintenance = std::thread([this] { maintain(); });
  return {};
}

// The copy of what the server said last: an agent that starts while the server is away goes on with it.
void AgentRole::Impl::load_remote() {
  const auto text = read_file(settings.data / kRemoteFile, 1_MiB);
  if (!text) return;
  const auto end = text->find('\n');
  const auto number = end != std::string::npos && text->starts_with("# generation ") ? parse_int64(std::string_view(*text).substr(13, end - 13)) : std::nullopt;
  SettingsErrors errors;
  auto read = read_agent_sources(SettingsNode::parse(*text, std::string(kRemoteFile), errors));
  if (!number || !errors.empty()) {
    log_error("agent", "{} is not used: {}", (settings.data / kRemoteFile).string(), errors.empty() ? "it names no generation" : errors.to_error().message());
    return;
  }
  const std::lock_guard guard(mutex);
  wanted = std::move(read);
  generation = *number;
}

// On the uplink's thread. Nothing changes when there is a mistake.
std::string AgentRole::Impl::configure(std::int64_t number, const std::string& text) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse(text, fmt::format("configuration {} of the server", number), errors);
  auto next = read_agent_sources(file);
  file.report_unknown_keys();
  std::string mistake;
  if (!errors.empty()) mistake = errors.to_error().message();
  else if (!file.child("sources").exists()) mistake = "it has no 'sources'";
  else if (auto kept = write_file_atomically(settings.data / kRemoteFile, fmt::format("# generation {}\n{}\n", number, text), 0640); !kept) mistake = kept.error().message();
  if (!mistake.empty()) {
    const std::lock_guard guard(mutex);
    configuration_error = fmt::format("generation {}: {}", number, mistake);
    return mistake;
  }
  const std::lock_guard one_at_a_time(change_mutex);
  {
    const std::lock_guard guard(mutex);
    wanted = std::move(next);
    generation = number;
    configuration_error.clear();
  }
  stop_sources();
  start_sources();
  const std::lock_guard guard(mutex);
  return configuration_error;
}

void AgentRole::Impl::start_sources() {
  const std::lock_guard guard(mutex);
  if (running) return;
  running = true;
  const auto add = [&](std::unique_ptr<intake::Source> source, const std::string& name) {
    // One that cannot start (a port in use) stops no other; it is tried again at the next change or start.
    if (auto begun = source->start(); !begun) {
      log_error("agent", "the source '{}' did not start: {}", name, begun.error().message());
      if (!configuration_error.empty()) configuration_error += "; ";
      configuration_error += begun.error().message();
    }
    sources.push_back(std::move(source));
  };
  for (const auto& one : wanted.plain) {
    const auto& name = intake::name_of(one);
    add(intake::make_source(one, spool->of(name), spool->of(name)), name);
  }
  for (const auto& one : wanted.windows) add(winlog::make_source(one, spool->of(one.name), spool->of(one.name)), one.name);
  spool->opened();
  log_info("agent", "{} sources are read", sources.size());
}

void AgentRole::Impl::stop_sources() {
  std::vector<std::unique_ptr<intake::Source>> ending;
  {
    const std::lock_guard guard(mutex);
    ending = std::exchange(sources, {});
    running = false;
  }
  for (auto& source : ending) source->stop();
  const std::lock_guard guard(mutex);
  for (const auto& source : ending) {
    const auto status = source->status();
    if (reads_again(status.kind)) continue;
    losses.note(status.name, status.dropped_why);
    losses.ended(status.name);
  }
  if (auto kept = losses.keep(); !kept) log_warning("agent", "{}", kept.error().message());
}

void AgentRole::Impl::describe(fleet::Heartbeat& heartbeat, agent::SelfReport& meter) {
  const auto use = meter.use();
  heartbeat.host = host;
  heartbeat.system = agent::system_name();
  heartbeat.started_ticks = started;
  heartbeat.cpu_percent = use.cpu_percent;
  heartbeat.resident_bytes = use.resident_bytes;
  heartbeat.spool_limit = settings.spool_max_size.count();
  const auto accepted = spool->accepted();
  const std::lock_guard guard(mutex);
  heartbeat.generation = generation;
  heartbeat.configuration_error = configuration_error;
  for (const auto& source : sources) {
    const auto status = source->status();
    fleet::SourceReport report{.name = status.name, .kind = status.kind, .state = status.state, .detail = status.detail};
    if (const auto found = accepted.find(status.name); found != accepted.end()) report.accepted = found->second;
    if (reads_again(status.kind)) {
      for (const auto& [reason, count] : status.dropped_why)
        if (reason != "stop") report.lost[reason] = count;
    } else {
      losses.note(status.name, status.dropped_why);
      report.lost = losses.of(status.name);
    }
    for (auto& stream : source->streams()) report.streams.push_back({stream.stream, stream.first, stream.last, stream.sent, stream.filtered, stream.lost});
    heartbeat.sources.push_back(std::move(report));
  }
}

// The host joins and leaves by commands, while the agent runs.
void AgentRole::Impl::follow_cluster() {
  const bool joined = cluster::HostFolder({settings.data}).joined();
  if (!joined) cluster.reset(), cluster_error.clear();
  if (!joined || cluster) return;
  auto started = cluster::Service::start({settings.data});
  if (started) cluster = std::move(*started), cluster_error.clear();
  else if (started.error().message() != cluster_error) log_error("agent", "the cluster's listener did not start: {}", cluster_error = started.error().message());
}

void AgentRole::Impl::maintain() {
  ::pthread_setname_np(::pthread_self(), "agent");
  auto next_status = std::chrono::steady_clock::now();
  while (true) {
    follow_cluster();
    const bool has_somewhere = agent::joined_server(settings.data).has_value() || forwarder->bookmark().has_value();
    bool is_running = false;
    {
      const std::lock_guard guard(mutex);
      is_running = running;
    }
    if (has_somewhere && !is_running) {
      {
        const std::lock_guard one_at_a_time(change_mutex);
        start_sources();
      }
      uplink->wake();
      next_status = {};
    }
    if (std::chrono::steady_clock::now() >= next_status) {
      write_status();
      next_status = std::chrono::steady_clock::now() + kStatusInterval;
    }
    std::unique_lock guard(maintenance_mutex);
    if (maintenance_wake.wait_for(guard, 2s, [&] { return stopping; })) return;
  }
}

void AgentRole::Impl::write_status() {
  fleet::Heartbeat now;
  describe(now, self_for_file);
  {
    const std::lock_guard guard(mutex);
    if (auto kept = losses.keep(); !kept) log_debug("agent", "{}", kept.error().message());
  }
  const auto link = uplink->status();
  const auto state = spool->status();
  now.version = kVersion;
  now.spool = to_string(spool->id());
  now.spool_bytes = state.size.count();
  now.through = link.acked;
  now.unsent = state.accepted - std::min(state.accepted, link.sent);
  now.damaged = link.damaged;
  now.lag_seconds = link.lag_seconds;
  std::string text;
  JsonWriter json(text);
  const auto server = agent::joined_server(settings.data);
  json.begin_object().key("at").text(format_datetime(ReceiveClock::now().time_since_epoch().count()));
  json.key("server").text(server ? agent::to_text(*server) : std::string());
  json.key("state").text(link.state).key("detail").text(link.detail).key("spool_trouble").text(state.trouble);
  json.key("sent").number(link.sent).key("batches").number(link.batches).key("sent_bytes").number(link.bytes);
  json.key("certificate_expires").text(link.certificate_expires_ticks == 0 ? std::string() : format_datetime(link.certificate_expires_ticks));
  json.key("heartbeat").raw(fleet::to_json(now)).end_object();
  if (auto written = write_file_atomically(settings.data / kAgentStatusFile, text + "\n", 0640); !written) log_debug("agent", "{}", written.error().message());
}

void AgentRole::Impl::stop(Deadline deadline) {
  {
    const std::lock_guard guard(maintenance_mutex);
    if (stopping) return;
    stopping = true;
  }
  maintenance_wake.notify_all();
  if (maintenance.joinable()) maintenance.join();
  cluster.reset();
  stop_sources();
  if (spool && uplink) {
    [[maybe_unused]] const auto durable = spool->journal().wait_durable(spool->journal().appended_position(), deadline);
    uplink->stop(deadline);
  }
  if (forwarder) forwarder->stop(deadline);
  if (uplink) write_status();
  uplink.reset();
  if (spool) spool->hold({});
  forwarder.reset();
  if (spool)
    if (auto closed = spool->close(Deadline::in(5s)); !closed) log_error("agent", "{}", closed.error().message());
}

AgentRole::AgentRole(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AgentRole::~AgentRole() = default;

Result<std::unique_ptr<AgentRole>> AgentRole::start(const AgentSettings& settings, const SettingsNode& file) {
  auto impl = std::make_unique<Impl>(settings);
  TRY(impl->start(file));
  return std::unique_ptr<AgentRole>(new AgentRole(std::move(impl)));
}

void AgentRole::stop(Deadline deadline) { impl_->stop(deadline); }

}  // namespace yagura::roles
