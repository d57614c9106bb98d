#include "roles/server_role.hpp"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "control/control_db.hpp"
#include "engine/engine_supervisor.hpp"
#include "formats/registry.hpp"
#include "intake/settings.hpp"
#include "net/http_server.hpp"
#include "query/make_query_service.hpp"
#include "roles/agent_gate.hpp"
#include "roles/agent_settings.hpp"
#include "roles/aws_desk.hpp"
#include "roles/configuration.hpp"
#include "roles/control_checkpoints.hpp"
#include "roles/event_processor.hpp"
#include "roles/external_data.hpp"
#include "roles/health_reporter.hpp"
#include "roles/local_query.hpp"
#include "roles/ordered_detection.hpp"
#include "roles/rule_desk.hpp"
#include "roles/server_parts.hpp"
#include "roles/store_sink.hpp"
#include "roles/transformation_desk.hpp"
#include "roles/workspace_functions.hpp"
#include "serve/api.hpp"
#include "store/retention.hpp"

namespace yagura::roles {

namespace {

// Tables that are there from the start, so that the first query finds them.
constexpr std::array<std::string_view, 6> kFirstTables{"Syslog", "CommonSecurityLog", "SecurityAlert", "YaguraUnparsed", "YaguraEvents", "YaguraHealth"};

// Of the listener's own certificate; renewed when a third is left.
constexpr auto kAgentListenerValidity = std::chrono::hours(90 * 24);

std::chrono::days days_of(std::chrono::milliseconds age) { return std::chrono::ceil<std::chrono::days>(age); }

}  // namespace

struct ServerRole::Impl {
  explicit Impl(ServerSettings given) : settings(std::move(given)) {}
  ~Impl() { stop(Deadline::in(0ms)); }

  Result<> start(const SettingsNode& file);
  Result<> start_store();
  Result<> start_pipeline();
  Result<> start_api();
  Result<> start_sources(const SettingsNode& file);
  Result<> start_connectors();
  Result<> start_agents();
  Result<> load_rules(const SettingsNode& file);
  Result<> rebuild_router();
  Result<std::shared_ptr<const event::SchemaSet>> load_schemas() const;
  Result<std::vector<std::string>> reload(const Configuration& next);
  Result<> create_table(const event::TableSchema& schema);
  // Tuning and suppressions, when they have changed since the last call, also by another process.
  Result<> take_operators_words();
  void maintain();
  void stop(Deadline deadline);

  std::shared_ptr<const event::SchemaSet> schemas() const {
    const std::lock_guard lock(schemas_mutex);
    return current_schemas;
  }
  std::filesystem::path keys() const { return keys_folder(settings); }
  std::filesystem::path certificate() const { return settings.api.certificate.empty() ? keys() / "server.crt" : settings.api.certificate; }
  std::filesystem::path private_key() const { return settings.api.private_key.empty() ? keys() / "server.key" : settings.api.private_key; }

  ServerSettings settings;
  ServerGreeting greeting;
  std::filesystem::path content;
  normalise::RouterSettings router_settings;

  // In the order of starting; destroyed the other way round.
  FileDescriptor lock;
  std::unique_ptr<control::ControlDb> control;
  std::unique_ptr<ControlCheckpoints> checkpoints;
  mutable std::mutex schemas_mutex;
  std::shared_ptr<const event::SchemaSet> current_schemas GUARDED_BY(schemas_mutex);
  std::shared_ptr<const normalise::PackSet> packs;
  ProcessingRulesHolder processing;
  std::unique_ptr<RowTransformer> transformer;
  std::unique_ptr<detect::RuleLibrary> library;
  std::mutex words_mutex;
  std::string words_version GUARDED_BY(words_mutex);
  std::unique_ptr<detect::StreamDetector> detector;
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<intake::JournalSink> sink;
  std::unique_ptr<engine::EngineSupervisor> engine;
  std::unique_ptr<store::Store> store;
  serve::TailHub tail_hub;
  std::unique_ptr<store::Retention> retention;
  std::unique_ptr<StoreSink> store_sink;
  std::unique_ptr<journal::Tail> journal_tail;
  std::unique_ptr<OrderedDetection> ordered;
  std::unique_ptr<flow::Pipeline> pipeline;
  std::unique_ptr<WorkspaceFunctions> functions;
  std::unique_ptr<query::QueryService> query;
  std::unique_ptr<fleet::CertificateAuthority> authority;  // these three only with agents.listen
  std::unique_ptr<fleet::AgentDesk> agents;
  std::unique_ptr<AgentDeskGate> agent_gate;
  std::unique_ptr<serve::Api> api;
  std::mutex reload_mutex;  // one change of schemas, packs and routes at a time
  std::map<std::string, std::string> values GUARDED_BY(reload_mutex);  // the configuration in force
  std::function<Result<std::vector<std::string>>()> reload_wanted GUARDED_BY(reload_mutex);
  std::vector<std::unique_ptr<net::HttpServer>> http;
  std::vector<std::unique_ptr<intake::Source>> sources;
  std::unique_ptr<AwsDesk> aws;
  std::unique_ptr<TransformationDesk> transformations;
  std::unique_ptr<HealthReporter> health;
  std::mutex maintenance_mutex;
  std::condition_variable maintenance_wake;
  bool stopping GUARDED_BY(maintenance_mutex) = false;
  std::thread maintenance;
};

Result<> ServerRole::Impl::start(const SettingsNode& file) {
  content = TRY(find_content(settings.content));
  settings.data = std::filesystem::absolute(settings.data);
  TRY(make_private_folder(settings.data));
  TRY(make_private_folder(keys()));
  lock = TRY(lock_folder(settings.data));
  TRY(net::ensure_self_signed_certificate(keys() / "server.crt", keys() / "server.key", certificate_names(settings)), "making a certificate");

  control = TRY(control::ControlDb::open(settings.data / "control.db"), "opening the control database");
  checkpoints = std::make_unique<ControlCheckpoints>(*control);
  if (auto password = TRY(control->users().ensure_first_admin())) greeting.first_password = *password;

  TRY(load_rules(file));
  journal = TRY(journal::Writer::open({.folder = settings.data / "journal",
                                       .signing_key = keys() / "journal.pem",
                                       .segment_size = settings.journal.segment_size,
                                       .min_free = settings.journal.min_free}),
                "opening the journal");
  sink = std::make_unique<intake::JournalSink>(*journal);
  TRY(start_store());
  TRY(start_pipeline());
  TRY(start_sources(file));
  TRY(start_connectors());
  TRY(start_agents());
  TRY(start_api());  // last: whoever finds the API ready finds everything
  health = std::make_unique<HealthReporter>(*schemas()->find("YaguraHealth"), std::chrono::seconds(60), [this](event::TableBatch& rows) -> Result<> {
    TRY(store_sink->ensure("YaguraHealth", Deadline::in(10s)));
    return store->insert(rows, store::DedupToken("health:" + to_string(Guid::random())), Deadline::in(10s));
  });
  maintenance = std::thread([this] { maintain(); });
  return {};
}

Result<> ServerRole::Impl::load_rules(const SettingsNode& file) {
  auto loaded = TRY(load_schemas());
  {
    const std::lock_guard guard(schemas_mutex);
    current_schemas = std::move(loaded);
  }
  router_settings = normalise::RouterSettings::read(file);
  packs = TRY(load_packs(content));
  TRY(rebuild_router());
  transformer = std::make_unique<RowTransformer>(*control);
  TRY(transformer->refresh(*schemas()), "reading transformations");
  library = TRY(detect::RuleLibrary::open(rule_options(settings, content, packs.get()), TRY(rule_overrides(*control)), TRY(alert_suppressions(*control))), "loading Sigma rules");
  for (const auto& problem : library->current()->problems) log_warning("detect", "{}", problem.to_text());
  detector = std::make_unique<detect::StreamDetector>(*library, *schemas()->find("SecurityAlert"));
  return {};
}

Result<std::shared_ptr<const event::SchemaSet>> ServerRole::Impl::load_schemas() const {
  auto loaded = TRY(event::SchemaSet::load(content / "tables"), "reading table schemas");
  for (const auto& table : TRY(control->custom_tables().list())) loaded.put(TRY(event::parse_table_schema(table.schema_json, "custom table " + table.name)));
  return std::make_shared<const event::SchemaSet>(std::move(loaded));
}

// Everything new is made first; then it takes the place of the old, which whoever is using it keeps until done.
Result<std::vector<std::string>> ServerRole::Impl::reload(const Configuration& next) {
  const std::lock_guard one_at_a_time(reload_mutex);
  std::vector<std::string> report;
  auto next_schemas = TRY(load_schemas());
  TRY(check_columns_kept(*schemas(), *next_schemas));
  auto next_packs = TRY(load_packs(content));
  auto next_routes = normalise::RouterSettings::read(next.file);
  auto router = TRY(make_router(next_schemas, next_routes));
  library->set_supplied(supplied_by(*next_packs));
  TRY(library->reload(), "reading the Sigma rules again");
  const auto change = changes(values, next.values);
  {
    const std::scoped_lock guard(schemas_mutex, maintenance_mutex);
    current_schemas = next_schemas;
    packs = std::move(next_packs);
    router_settings = std::move(next_routes);
    settings.timezone = next.settings.timezone;
    settings.journal.max_age = next.settings.journal.max_age;
    settings.journal.max_size = next.settings.journal.max_size;
    processing.set(std::make_shared<const ProcessingRules>(ProcessingRules{syslog_context(settings), packs, std::move(router)}));
  }
  TRY(transformer->refresh(*next_schemas), "reading transformations");
  set_log(next.settings.log_level, next.settings.log_format);
  report.push_back(fmt::format("read again: {} tables, device packs, routes, {} Sigma rules", next_schemas->all().size(), library->current()->rules.size()));
  for (const auto& name : change.taken) {
    take(values, next.values, name);
    report.push_back(fmt::format("'{}' has its new value", name));
  }
  for (const auto& name : change.waiting) report.push_back(fmt::format("'{}' was changed too: that takes a restart", name));
  const auto mistakes = net::reload_server_certificates();
  if (mistakes.empty()) report.emplace_back("certificates were read again");
  for (const auto& mistake : mistakes) report.push_back("a certificate was not taken, the one before stays: " + mistake);
  return report;
}

Result<> ServerRole::Impl::rebuild_router() {
  auto router = TRY(make_router(schemas(), router_settings));
  processing.set(std::make_shared<const ProcessingRules>(ProcessingRules{syslog_context(settings), packs, std::move(router)}));
  return {};
}

Result<> ServerRole::Impl::start_store() {
  store::StoreOptions options;
  options.workspace = settings.workspace;
  options.retention_days = static_cast<unsigned>(days_of(settings.store.retention).count());
  if (settings.store.kind == "embedded") {
    engine = TRY(engine::EngineSupervisor::start({.engine = engine_options(settings, certificate(), private_key())}), "starting the store's engine");
    TRY(engine->wait_until_ready(Deadline::in(120s)), "waiting for the store's engine");
    options.endpoint.unix_socket = engine->engine().unix_socket;
    options.endpoint.password = engine->engine().secret;
  } else {
    const auto& cluster = settings.store.cluster;
    options.endpoint = TRY(cluster_endpoint(cluster));
    options.cluster = {cluster.cluster, cluster.path, cluster.replica, cluster.insert_quorum};
    options.owner = fmt::format("journal {}", to_string(journal->head().journal));
  }
  store = TRY(store::Store::create(std::move(options)));
  TRY(store->open(Deadline::in(60s)), "opening the store");
  store::RetentionOptions retained;
  if (engine) retained.data = settings.data / "store";
  retained.keep_free = settings.journal.min_free;
  retention = std::make_unique<store::Retention>(*store, retained);
  store_sink = std::make_unique<StoreSink>(*store, [this] { return schemas(); }, &tail_hub);
  for (const auto table : kFirstTables) TRY(store_sink->ensure(table, Deadline::in(60s)));
  return {};
}

Result<> ServerRole::Impl::start_pipeline() {
  auto log = TRY(flow::CutLog::open(settings.data / "cuts"), "opening the cut log");
  const Position first_row(log.done().number() + 1);
  ordered = OrderedDetection::open(settings.data / "detection.state", *schemas()->find("SecurityAlert"), alert_options(settings), library->current(),
                                   log.done(), journal->durable_position());
  // Detection may have to see again what is stored already.
  const Position first(std::min(log.done(), ordered->kept()).number() + 1);
  journal_tail = journal->tail(first);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t workers = settings.pipeline.workers != 0 ? settings.pipeline.workers : std::max<std::size_t>(1, cores - 1);
  std::vector<std::unique_ptr<flow::BlockProcessor>> processors;
  for (std::size_t i = 0; i < workers; ++i) processors.push_back(std::make_unique<EventProcessor>(processing, detector.get(), transformer.get(), first, first_row));
  flow::PipelineOptions options;
  options.max_cut_age = settings.pipeline.flush;
  pipeline = flow::Pipeline::start(options, std::move(log), [this](Deadline deadline) { return journal_tail->next(deadline); }, std::move(processors), *store_sink, ordered.get());
  return {};
}

Result<> ServerRole::Impl::start_api() {
  functions = TRY(WorkspaceFunctions::open(function_folders(content, settings.query.functions), control.get(), store.get(), [this] { return schemas(); }), "reading stored functions");
  query = query::make_query_service(*store, {.max_concurrent = static_cast<std::size_t>(settings.query.max_concurrent), .schemas = [this] { return schemas(); }, .functions = [this] { return functions->functions(); },
                                             .external = external_data(settings.query.external_mirror, settings.query.external_allow)});
  serve::ApiServices services;
  services.control = control.get();
  services.query = query.get();
  services.tail = &tail_hub;
  services.schemas = [this] { return schemas(); };
  services.create_table = [this](const event::TableSchema& schema) { return create_table(schema); };
  services.sources = [this] {
    auto reports = source_reports(sources);
    for (auto& one : aws->sources()) reports.push_back(std::move(one));
    return reports;
  };
  services.aws = aws.get();
  transformations = std::make_unique<TransformationDesk>(*control, *transformer, *query, *library, [this] { return schemas(); });
  services.transformations = transformations.get();
  services.health = [this] { return health_reports(*journal, *pipeline, engine.get()); };
  services.rules = [this] { return rule_reports(*library->current()); };
  services.functions = [this] { return functions->functions(); };
  services.functions_changed = [this] { return functions->refresh(); };
  services.table_sizes = [this] { return table_sizes(*store); };
  services.stored_position = [this] { return pipeline->status().stored; };
  services.reload = [this]() -> Result<std::vector<std::string>> {
    std::function<Result<std::vector<std::string>>()> reload;
    {
      const std::lock_guard guard(reload_mutex);
      reload = reload_wanted;
    }
    if (!reload) return fail(ErrorKind::unavailable, "the server is still starting");
    return reload();
  };
  services.rule_desk = rule_services(*library);
  services.rule_changed = [this](const std::string&) -> Result<> {
    return take_operators_words();
  };
  services.check_agent_configuration = [](std::string_view text) -> Result<> {
    SettingsErrors errors;
    const auto file = SettingsNode::parse(text, "configuration", errors);
    read_agent_sources(file);
    file.report_unknown_keys();
    if (!file.child("sources").exists()) file.error("a configuration for agents needs 'sources'");
    if (!errors.empty()) return std::unexpected(errors.to_error());
    return {};
  };
  serve::ApiOptions options;
  if (authority) options.agent_authority = authority->fingerprint();
  options.agent_heartbeat = std::chrono::duration_cast<std::chrono::seconds>(settings.agents.heartbeat);
  options.workspace_name = settings.workspace;
  options.version = kVersion;
  options.journal = settings.data / "journal";
  options.limits = {.timeout = settings.query.timeout,
                    .max_rows = static_cast<std::uint64_t>(settings.query.max_rows),
                    .max_memory = settings.query.max_memory};
  options.strict_transport = !settings.api.certificate.empty();
  api = std::make_unique<serve::Api>(std::move(services), options);
  const auto answer = [this](serve::Api::Transport transport) {
    return [this, transport](const net::HttpRequest& request, net::HttpStream& stream) { return api->handle(request, stream, transport); };
  };
  const std::size_t threads = options.max_queries + 16 + 8;
  if (settings.api.https) {
    auto tls = TRY(net::TlsContext::server({.certificate = certificate(), .private_key = private_key()}), "reading the API's certificate");
    http.push_back(TRY(net::HttpServer::start_streaming(
        {.name = "api-https", .address = settings.api.https->address, .port = settings.api.https->port, .tls = std::move(tls), .threads = threads},
        answer(serve::Api::Transport::encrypted)),
        "listening for HTTPS on {}:{}", settings.api.https->address, settings.api.https->port));
    greeting.console_addresses.push_back(fmt::format("https://{}:{}/", settings.api.https->address, http.back()->port()));
  }
  if (settings.api.http) {
    http.push_back(TRY(net::HttpServer::start_streaming(
        {.name = "api-http", .address = settings.api.http->address, .port = settings.api.http->port, .threads = threads}, answer(serve::Api::Transport::plain)),
        "listening for HTTP on {}:{}", settings.api.http->address, settings.api.http->port));
    greeting.console_addresses.insert(greeting.console_addresses.begin(), fmt::format("http://{}:{}/", settings.api.http->address, http.back()->port()));
    TRY(write_local_server(settings.data, {settings.api.http->address, http.back()->port(), TRY(make_local_token(*control))}), "keeping the command line's token");
  }
  return {};
}

Result<> ServerRole::Impl::start_sources(const SettingsNode& file) {
  auto wanted = intake::read_settings(file.child("sources"), source_context(settings, certificate(), private_key()));
  if (!file.child("sources").exists()) TRY(add_default_hec(wanted, keys(), certificate(), private_key(), greeting.hec_token));
  if (settings.follow_local_logs) add_local_logs(wanted);
  for (const auto& one : wanted) {
    auto source = intake::make_source(one, *sink, *checkpoints);
    TRY(source->start(), "starting the source {}", intake::name_of(one));
    const auto status = source->status();
    greeting.sources.push_back(fmt::format("{:12} {}", status.name, status.address));
    sources.push_back(std::move(source));
  }
  return {};
}

Result<> ServerRole::Impl::start_agents() {
  if (!settings.agents.listen) return {};
  authority = TRY(fleet::CertificateAuthority::open(keys()), "opening the agents' authority");
  TRY(control->checkpoints().set("agents/authority", authority->fingerprint()));  // for `yagura admin agent-token create`
  TRY(authority->ensure_server_certificate(keys() / "agent-listener.crt", keys() / "agent-listener.key", certificate_names(settings), kAgentListenerValidity));
  agents = std::make_unique<fleet::AgentDesk>(*control, *authority, fleet::AgentDeskOptions{
      .certificate_validity = std::chrono::duration_cast<std::chrono::seconds>(settings.agents.certificate_validity),
      .heartbeat = std::chrono::duration_cast<std::chrono::seconds>(settings.agents.heartbeat),
      .minimum_version = settings.agents.minimum_version});
  agent_gate = std::make_unique<AgentDeskGate>(*agents);
  intake::AgentSourceSettings listener;
  listener.address = settings.agents.listen->address;
  listener.port = settings.agents.listen->port;
  listener.tls = {.certificate = keys() / "agent-listener.crt", .private_key = keys() / "agent-listener.key", .client_ca = authority->certificate_file(), .client_optional = true};
  auto source = intake::AgentSource::create(listener, *sink, *checkpoints, [this](Position from) { return journal->tail(from); }, *agent_gate);
  TRY(source->start());
  greeting.sources.push_back(fmt::format("{:12} {}", listener.name, source->status().address));
  sources.push_back(std::move(source));
  return {};
}

Result<> ServerRole::Impl::start_connectors() {
  // Made once; people write it into the conditions of their roles.
  auto workspace = TRY(control->checkpoints().get("workspace_id"));
  if (!workspace) {
    workspace = to_string(Guid::random());
    TRY(control->checkpoints().set("workspace_id", *workspace));
  }
  aws = std::make_unique<AwsDesk>(AwsDeskServices{.control = control.get(),
                                                  .sink = sink.get(),
                                                  .tail = [this](Position from) { return journal->tail(from); },
                                                  .tables = [this] {
                                                    std::vector<std::string> names;
                                                    for (const auto* table : schemas()->all()) names.push_back(table->name);
                                                    return names;
                                                  },
                                                  .workspace_id = *workspace});
  return aws->start();
}

Result<> ServerRole::Impl::create_table(const event::TableSchema& schema) {
  const std::lock_guard one_at_a_time(reload_mutex);
  TRY(store->ensure_table(schema, Deadline::in(30s)));
  {
    const std::lock_guard guard(schemas_mutex);
    auto more = std::make_shared<event::SchemaSet>(*current_schemas);
    more->put(schema);
    current_schemas = std::move(more);
  }
  return rebuild_router();
}

Result<> ServerRole::Impl::take_operators_words() {
  const std::lock_guard guard(words_mutex);
  auto version = TRY(control->rule_suppressions().version());
  if (version == words_version) return {};
  TRY(library->set_overrides(TRY(rule_overrides(*control))));
  TRY(library->set_suppressions(TRY(alert_suppressions(*control))));
  words_version = std::move(version);
  return {};
}

// Rules are read again when their files change; old evidence goes; gauges are set.
void ServerRole::Impl::maintain() {
  auto next_retention = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  auto next_rules = std::chrono::steady_clock::now();
  auto next_counts = next_rules + 30s;
  Position stored_before, trimmed_at;
  while (true) {
    {
      std::unique_lock guard(maintenance_mutex);
      if (maintenance_wake.wait_for(guard, 2s, [&] { return stopping; })) return;
    }
    if (const auto begin = std::chrono::steady_clock::now(); begin >= next_rules) {
      if (auto changed = library->reload_if_changed(); !changed) log_warning("detect", "rules were not read again: {}", changed.error().message());
      else if (*changed) log_info("detect", "rules were read again");
      if (auto read = functions->reload_files_if_changed(); !read) log_warning("query", "functions were not read again: {}", read.error().message());
      // Looking at thousands of files takes some 20 ms; a third of a percent of a core is enough for it.
      const auto end = std::chrono::steady_clock::now();
      next_rules = end + 300 * (end - begin);
    }
    set_gauges(*journal, *pipeline);
    if (const auto now = std::chrono::steady_clock::now(); now >= next_counts) {
      next_counts = now + 30s;
      if (auto kept = transformer->keep(); !kept) log_warning("transform", "counts were not kept: {}", kept.error().message());
    }
    if (agents) agents->watch_silence();
    publish_rule_metrics(*library->current());
    if (auto taken = take_operators_words(); !taken) log_warning("detect", "changes to rules were not taken over: {}", taken.error().message());
    if (ordered->wants_tick(ReceiveClock::now())) {
      const journal::EntryView tick{.source = "yagura", .hint = kTickHint, .received_at = ReceiveClock::now(), .payload = "tick"};
      if (auto told = journal->append(std::span(&tick, 1), Deadline::in(1s)); !told) log_debug("detect", "correlations wait: {}", told.error().message());
    }
    if (auto taken = functions->refresh(); !taken) log_warning("query", "changes to functions and watchlists were not taken over: {}", taken.error().message());
    // The buffers of a busy minute go back to the system once it has passed: malloc would keep some hundred megabytes.
    const auto stored = pipeline->status().stored;
    if (stored == stored_before && stored != trimmed_at) {
      ::malloc_trim(0);
      trimmed_at = stored;
    }
    stored_before = stored;
    if (std::chrono::steady_clock::now() < next_retention) continue;
    next_retention = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    if (authority) {
      auto renewed = authority->ensure_server_certificate(keys() / "agent-listener.crt", keys() / "agent-listener.key", certificate_names(settings), kAgentListenerValidity);
      if (!renewed) log_warning("fleet", "the certificate of the agents' listener was not renewed: {}", renewed.error().message());
      else if (*renewed) net::reload_server_certificates();
    }
    if (auto swept = retention->sweep(*schemas(), ReceiveClock::now().time_since_epoch().count(), Deadline::in(60s)); !swept)
      log_warning("store", "old days were not dropped: {}", swept.error().message());
    else
      for (const auto& day : swept->dropped) log_info("store", "dropped {}: older than it must be kept", day);
    journal::RetentionPolicy policy;
    {
      const std::lock_guard guard(maintenance_mutex);  // a reload may change them
      if (settings.journal.max_age.count() > 0) policy.max_age = days_of(settings.journal.max_age);
      if (settings.journal.max_size > 0_B) policy.max_size = settings.journal.max_size;
    }
    policy.keep_from = Position(std::min(pipeline->status().stored, ordered->kept()).number() + 1);
    if (auto report = journal->retain(policy); !report) log_warning("journal", "old segments were not deleted: {}", report.error().message());
    else if (report->segments_deleted > 0) log_info("journal", "deleted {} old segments, {}", report->segments_deleted, to_string(report->bytes_deleted));
  }
}

void ServerRole::Impl::stop(Deadline deadline) {
  {
    const std::lock_guard guard(maintenance_mutex);
    stopping = true;
  }
  maintenance_wake.notify_all();
  if (maintenance.joinable()) maintenance.join();
  health.reset();
  if (aws) aws->stop();
  for (auto& source : sources) source->stop();
  sources.clear();
  if (api) api->stop();
  for (auto& server : http) server->stop();
  http.clear();
  api.reset();
  query.reset();
  if (pipeline) {
    if (journal && !deadline.passed()) {
      [[maybe_unused]] const auto durable = journal->wait_durable(journal->appended_position(), deadline);
      pipeline->wait_stored(journal->durable_position(), deadline);
    }
    pipeline->stop(deadline);
  }
  pipeline.reset();
  if (transformer)
    if (auto kept = transformer->keep(); !kept) log_warning("transform", "counts were not kept: {}", kept.error().message());
  if (ordered) ordered->close();
  ordered.reset();
  journal_tail.reset();
  store_sink.reset();
  retention.reset();
  store.reset();
  engine.reset();
  sink.reset();
  if (journal)
    if (auto closed = journal->close(Deadline::in(10s)); !closed) log_error("journal", "{}", closed.error().message());
  journal.reset();
}

ServerRole::ServerRole(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerRole::~ServerRole() = default;

Result<std::unique_ptr<ServerRole>> ServerRole::start(const ServerSettings& settings, const SettingsNode& file) {
  auto impl = std::make_unique<Impl>(settings);
  TRY(impl->start(file));
  return std::unique_ptr<ServerRole>(new ServerRole(std::move(impl)));
}

const ServerGreeting& ServerRole::greeting() const { return impl_->greeting; }
void ServerRole::stop(Deadline deadline) { impl_->stop(deadline); }
Result<std::vector<std::string>> ServerRole::reload(const Configuration& next) { return impl_->reload(next); }
void ServerRole::on_reload_wanted(std::map<std::string, std::string> values, std::function<Result<std::vector<std::string>>()> reload) {
  const std::lock_guard guard(impl_->reload_mutex);
  impl_->values = std::move(values);
  impl_->reload_wanted = std::move(reload);
}

void ServerRole::check(const ServerSettings& settings, const SettingsNode& file) {
  const auto report = [&](const Error& error) { file.error(error.message()); };
  const auto content = find_content(settings.content);
  if (!content) return report(content.error());
  const auto context = source_context(settings, keys_folder(settings) / "server.crt", keys_folder(settings) / "server.key");
  intake::read_settings(file.child("sources"), context);
  auto schemas = event::SchemaSet::load(*content / "tables");
  if (!schemas) return report(schemas.error());
  auto shared = std::make_shared<const event::SchemaSet>(std::move(*schemas));
  if (auto router = make_router(shared, normalise::RouterSettings::read(file)); !router) report(router.error());
  const auto packs = load_packs(*content);
  if (!packs) report(packs.error());
  if (auto library = detect::RuleLibrary::open(rule_options(settings, *content, packs ? packs->get() : nullptr)); !library) report(library.error());
  if (settings.store.kind == "clickhouse")
    if (auto endpoint = cluster_endpoint(settings.store.cluster); !endpoint) report(endpoint.error());
  if (!settings.api.certificate.empty())
    if (auto tls = net::TlsContext::server({.certificate = settings.api.certificate, .private_key = settings.api.private_key}); !tls) report(tls.error());
}

}  // namespace yagura::roles
