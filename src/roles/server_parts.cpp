#include "roles/server_parts.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <ctime>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "formats/registry.hpp"
#include "roles/server_role.hpp"

namespace yagura::roles {

Result<std::filesystem::path> find_content(const std::filesystem::path& setting) {
  std::vector<std::filesystem::path> places;
  if (!setting.empty()) {
    places.push_back(setting);
  } else {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    places = {program.parent_path() / "share/yagura/content", program.parent_path().parent_path() / "content", "content"};
  }
  std::string tried;
  for (const auto& place : places) {
    std::error_code error;
    if (std::filesystem::is_directory(place / "tables", error)) return std::filesystem::absolute(place);
    tried += (tried.empty() ? "" : ", ") + place.string();
  }
  return fail(ErrorKind::not_found, "no folder 'content' with table schemas and rules; looked at {}. Set 'content' in the configuration", tried);
}

std::filesystem::path keys_folder(const ServerSettings& settings) {
  if (!settings.keys.empty()) return std::filesystem::absolute(settings.keys);
  auto data = std::filesystem::absolute(settings.data).lexically_normal();
  if (data.filename().empty()) data = data.parent_path();
  return data.parent_path() / (data.filename().string() + "-keys");
}

Result<> make_private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::create_directories(folder, error))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all | std::filesystem::perms::group_read | std::filesystem::perms::group_exec, error);
  if (error) return fail(ErrorKind::permission_denied, "making the folder {}: {}", folder.string(), error.message());
  return {};
}

Result<FileDescriptor> lock_folder(const std::filesystem::path& folder) {
  auto file = TRY(open_file(folder / "lock", O_RDWR | O_CREAT));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::conflict, "another Yagura is running on the data folder {}; stop it, or use another with --data", folder.string());
  return file;
}

std::vector<std::string> certificate_names(const ServerSettings& settings) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') names.emplace_back(host);
  for (const auto& name : settings.api.names) names.push_back(name);
  return names;
}

formats::SyslogContext syslog_context(const ServerSettings& settings) {
  formats::SyslogContext context;
  if (settings.timezone == "local") {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    context.utc_offset = std::chrono::minutes(local.tm_gmtoff / 60);
  } else if (settings.timezone.size() == 6) {
    const auto hours = parse_int64(settings.timezone.substr(1, 2)).value_or(0), minutes = parse_int64(settings.timezone.substr(4, 2)).value_or(0);
    context.utc_offset = std::chrono::minutes((hours * 60 + minutes) * (settings.timezone[0] == '-' ? -1 : 1));
  }
  return context;
}

Result<std::shared_ptr<const normalise::Router>> make_router(std::shared_ptr<const event::SchemaSet> schemas, const normalise::RouterSettings& settings) {
  return std::make_shared<const normalise::Router>(TRY(normalise::Router::create(std::move(schemas), settings)));
}

Result<std::shared_ptr<const normalise::PackSet>> load_packs(const std::filesystem::path& content) {
  std::error_code error;
  if (!std::filesystem::is_directory(content / "packs", error)) return std::make_shared<const normalise::PackSet>();
  return std::make_shared<const normalise::PackSet>(TRY(normalise::PackSet::load(content / "packs"), "reading device packs"));
}

detect::Supplied supplied_by(const normalise::PackSet& packs) {
  detect::Supplied supplied;
  supplied.fields = std::make_shared<const std::set<std::string, std::less<>>>(packs.field_names());
  for (auto& source : packs.log_sources())
    supplied.sources.push_back({to_lower_ascii(source.product), to_lower_ascii(source.category), to_lower_ascii(source.service)});
  return supplied;
}

detect::RuleLibraryOptions rule_options(const ServerSettings& settings, const std::filesystem::path& content, const normalise::PackSet* packs) {
  detect::RuleLibraryOptions options;
  options.pack_folder = std::filesystem::absolute(settings.data) / "rule-packs";
  if (packs != nullptr) options.supplied = supplied_by(*packs);
  std::error_code error;
  if (std::filesystem::is_directory(content / "rules", error)) options.rule_folders.push_back(content / "rules");
  for (const auto& folder : settings.rules) options.rule_folders.push_back(folder);
  if (std::filesystem::is_directory(content / "sigma", error)) options.mapping_folders.push_back(content / "sigma");
  for (const auto& folder : settings.detection.pipelines) options.pipeline_folders.push_back(folder);
  return options;
}

detect::AlertDeskOptions alert_options(const ServerSettings& settings) {
  detect::AlertDeskOptions options;
  options.correlation.lateness = settings.detection.lateness;
  if (settings.detection.alerts_per_minute == 0) options.throttle.reset();
  else options.throttle->most = static_cast<std::uint64_t>(settings.detection.alerts_per_minute);
  return options;
}

Result<detect::RuleOverrides> rule_overrides(control::ControlDb& control) {
  detect::RuleOverrides overrides;
  for (const auto& state : TRY(control.rule_states().list())) {
    auto& word = overrides[state.rule_id];
    word = {state.enabled, state.severity.value_or(""), state.title.value_or(""), state.exclude, std::nullopt};
    if (state.throttle_seconds == 0) continue;
    word.throttle = detect::Throttle{std::chrono::seconds(state.throttle_seconds), static_cast<std::uint64_t>(state.throttle_most), {}};
    for (const auto field : split(state.throttle_by, ','))
      if (!trim(field).empty()) word.throttle->by.emplace_back(trim(field));
  }
  return overrides;
}

Result<std::vector<detect::AlertSuppression>> alert_suppressions(control::ControlDb& control) {
  std::vector<detect::AlertSuppression> out;
  // Those that have ended too: the journal may have to be read again from before their end.
  for (const auto& one : TRY(control.rule_suppressions().list(true))) {
    const auto until = std::min(one.expires_ticks, one.ended_ticks.value_or(one.expires_ticks));
    if (until < control.now() - 30LL * 86'400 * kTicksPerSecond) continue;
    auto parsed = detect::parse_suppressions(one.id, one.rule_id, one.conditions, receive_time(one.created_ticks), receive_time(until));
    if (parsed) std::ranges::move(*parsed, std::back_inserter(out));
  }
  return out;
}

Result<std::string> make_local_token(control::ControlDb& control) {
  constexpr std::string_view name = "local command line";
  const control::Actor actor{.name = "system"};
  for (const auto& token : TRY(control.tokens().list()))
    if (token.name == name) TRY(control.tokens().revoke(token.id, actor));
  for (const auto& user : TRY(control.users().list())) {
    if (user.role != control::Role::admin || !user.enabled) continue;
    return TRY(control.tokens().create({.name = std::string(name), .user_id = user.id, .role = control::Role::admin, .scopes = {control::Permission::query, control::Permission::status, control::Permission::edit_tables, control::Permission::manage_users}}, actor)).token;
  }
  return fail(ErrorKind::not_found, "there is no enabled administrator");
}

engine::EngineOptions engine_options(const ServerSettings& settings, const std::filesystem::path& certificate, const std::filesystem::path& private_key) {
  const auto& from = settings.store.engine;
  engine::EngineOptions options;
  options.data = settings.data / "store";
  options.library = from.library;
  options.unix_socket = settings.data / "engine.sock";
  // sockaddr_un has room for 107 bytes.
  if (options.unix_socket.string().size() > 100)
    options.unix_socket = std::filesystem::temp_directory_path() / ("yagura-" + to_hex(as_text(sha256(settings.data.string()))).substr(0, 16) + ".sock");
  options.max_memory = from.memory;
  if (from.listen) {
    engine::EngineTcpOptions tcp;
    tcp.address = from.listen->address;
    tcp.port = from.listen->port;
    tcp.user = from.user;
    tcp.password = from.password;
    if (tcp.address != "127.0.0.1" && tcp.address != "::1") {
      tcp.certificate = certificate;
      tcp.private_key = private_key;
    }
    options.tcp = tcp;
  }
  return options;
}

Result<store::StoreEndpoint> cluster_endpoint(const ClusterSettings& settings) {
  store::StoreEndpoint endpoint;
  endpoint.host = settings.host;
  endpoint.port = settings.port;
  endpoint.user = settings.user;
  endpoint.password = settings.password;
  if (!settings.password_file.empty())
    endpoint.password = trim(TRY(read_file(settings.password_file, 4_KiB), "reading 'store.clickhouse.password_file'"));
  if (settings.tls)
    endpoint.tls = TRY(net::TlsContext::client({.ca = settings.ca, .certificate = settings.certificate, .private_key = settings.private_key}),
                       "reading the store's certificates");
  return endpoint;
}

intake::SettingsContext source_context(const ServerSettings&, const std::filesystem::path& certificate, const std::filesystem::path& private_key) {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const auto& format : formats::all_formats()) out.push_back(format.name);
    return out;
  }();
  intake::SettingsContext context;
  context.formats = names;
  context.certificate = certificate;
  context.private_key = private_key;
  return context;
}

Result<> add_default_hec(std::vector<intake::SourceSettings>& sources, const std::filesystem::path& keys, const std::filesystem::path& certificate,
                         const std::filesystem::path& private_key, std::string& new_token) {
  intake::HecSettings hec;
  hec.tls.certificate = certificate;
  hec.tls.private_key = private_key;
  const auto file = keys / "hec-token.sha256";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    new_token = to_string(Guid::random());
    TRY(write_file_atomically(file, to_hex(as_text(sha256(new_token))) + "\n", 0600), "keeping the HEC token's hash");
  }
  const auto hashed = from_hex(trim(TRY(read_file(file, 1_KiB))));
  intake::HecToken token{.name = "default"};
  if (!hashed || hashed->size() != token.sha256.size()) return fail(ErrorKind::corrupt, "{} is no SHA-256 in hex; remove it for a new token", file.string());
  std::copy(hashed->begin(), hashed->end(), token.sha256.begin());
  hec.tokens.push_back(token);
  sources.emplace_back(std::move(hec));
  return {};
}

void add_local_logs(std::vector<intake::SourceSettings>& sources) {
  intake::FileTailSettings files;
  files.name = "local-logs";
  files.paths = {"/var/log/*.log", "/var/log/syslog", "/var/log/messages", "/var/log/auth.log", "/var/log/secure", "/var/log/audit/audit.log"};
  sources.emplace_back(std::move(files));
  std::error_code error;
  if (!std::filesystem::exists("/var/log/journal", error) && !std::filesystem::exists("/run/log/journal", error)) return;
  intake::JournaldSettings journald;
  journald.name = "local-journal";
  sources.emplace_back(std::move(journald));
}

std::vector<serve::SourceReport> source_reports(const std::vector<std::unique_ptr<intake::Source>>& sources) {
  std::vector<serve::SourceReport> out;
  for (const auto& source : sources) {
    const auto status = source->status();
    serve::SourceReport report;
    report.name = status.name;
    report.kind = status.kind;
    report.address = status.address;
    report.state = status.state;
    report.detail = status.detail;
    report.received = status.messages;
    report.received_bytes = status.bytes;
    report.dropped = status.dropped;
    if (status.last_message) report.last_ticks = status.last_message->time_since_epoch().count();
    out.push_back(std::move(report));
  }
  return out;
}

std::vector<serve::HealthReport> health_reports(const journal::Writer& journal, const flow::Pipeline& pipeline, const engine::EngineSupervisor* engine) {
  std::vector<serve::HealthReport> out;
  const auto writer = journal.status();
  out.push_back({"journal", writer.state == journal::WriterState::running,
                 writer.state == journal::WriterState::running ? fmt::format("{} entries, {} free", writer.durable.number(), to_string(writer.free_space))
                                                              : fmt::format("{}: {}", journal::to_string(writer.state), writer.reason)});
  const auto flow = pipeline.status();
  const std::uint64_t behind = writer.durable.number() - std::min(writer.durable.number(), flow.stored.number());
  out.push_back({"pipeline", flow.last_error.empty() && !flow.stopped_by_error,
                 flow.last_error.empty() ? fmt::format("{} entries behind", behind) : fmt::format("{} entries behind: {}", behind, flow.last_error)});
  if (engine != nullptr) {
    const auto status = engine->status();
    out.push_back({"store", status.state == engine::EngineState::ready,
                   fmt::format("engine {}{}{}", engine::to_string(status.state), status.last_error.empty() ? "" : ": ", status.last_error)});
  }
  return out;
}

void set_gauges(const journal::Writer& journal, const flow::Pipeline& pipeline) {
  static Gauge& durable = metrics().gauge("yagura_journal_durable_position", "Last entry that is durable");
  static Gauge& pending = metrics().gauge("yagura_journal_pending_bytes", "Accepted but not yet durable");
  static Gauge& size = metrics().gauge("yagura_journal_bytes", "Size of the journal on disk");
  static Gauge& free = metrics().gauge("yagura_journal_free_bytes", "Free space of its file system");
  static Gauge& behind = metrics().gauge("yagura_flow_entries_behind", "Durable entries that are not in the store yet");
  const auto status = journal.status();
  durable.set(static_cast<double>(status.durable.number()));
  pending.set(static_cast<double>(status.pending.count()));
  size.set(static_cast<double>(status.size.count()));
  free.set(static_cast<double>(status.free_space.count()));
  const auto stored = pipeline.status().stored.number();
  behind.set(static_cast<double>(status.durable.number() - std::min(stored, status.durable.number())));
}

}  // namespace yagura::roles
