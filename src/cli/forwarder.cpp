// yagura forwarder set | enable | disable | get | remove | test, and the four cmdlets by name: send this host's
// (cluster's) security events to a syslog server.
#include "cli/forwarder.hpp"

#include <boost/json.hpp>

#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <istream>
#include <ostream>
#include <thread>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "cli/remote_query.hpp"
#include "cluster/backend.hpp"
#include "forward/certificate_store.hpp"
#include "forward/delivery_check.hpp"
#include "forward/forwarder_service.hpp"
#include "journal/reader.hpp"

namespace yagura::cli {

using forward::Cmdlet;
using forward::CmdletCall;
using forward::ConfigurationScope;

namespace {

forward::AgentFiles files_of(const CmdletCall& call) { return {call.data.value_or(forward::default_agent_folder())}; }

void print_warnings(const std::vector<forward::SettingsWarning>& warnings, Console& console) {
  for (const auto& warning : warnings)
    console.err << (console.err_is_terminal ? "\x1b[33mwarning:\x1b[0m " : "warning: ") << warning.text << '\n';
}

void append_warnings(JsonWriter& json, const std::vector<forward::SettingsWarning>& warnings) {
  json.key("warnings").begin_array();
  for (const auto& warning : warnings)
    json.begin_object().key("code").text(warning.code).key("text").text(warning.text).end_object();
  json.end_array();
}

void append_configuration(JsonWriter& json, const forward::ForwarderConfiguration& configuration) {
  json.key("state").text(to_string(configuration.state)).key("generation").number(configuration.generation);
  json.key("settings");
  if (configuration.settings)
    json.raw(to_json(*configuration.settings));
  else
    json.null();
  json.key("changedAt").text(configuration.changed_at).key("changedBy").text(configuration.changed_by);
  json.key("mode");
  if (configuration.settings)
    json.text(to_string(configuration.settings->mode()));
  else
    json.null();
  json.key("guarantee");
  if (configuration.settings)
    json.text(guarantee_of(*configuration.settings));
  else
    json.null();
  append_warnings(
      json, configuration.settings ? warnings_of(*configuration.settings) : std::vector<forward::SettingsWarning>());
}

void print_row(Console& console, std::string_view name, std::string_view value) {
  console.out << fmt::format("{:28} : {}\n", name, value);
}

void print_configuration(const forward::ForwarderConfiguration& configuration, std::string_view digest,
                         Console& console) {
  print_row(console, "State", to_string(configuration.state));
  if (const auto& settings = configuration.settings) {
    print_row(console, "ServerName", settings->server_name);
    print_row(console, "ServerPort", std::to_string(settings->server_port));
    print_row(console, "Mode", to_string(settings->mode()));
    print_row(console, "ClientCertificateThumbprint", settings->client_certificate_thumbprint);
    print_row(console, "SkipServerCertificateCheck", settings->skip_server_certificate_check ? "True" : "False");
    print_row(console, "SkipServerCNCheck", settings->skip_server_cn_check ? "True" : "False");
    print_row(console, "OutputSeverity", to_string(settings->output_severity));
    print_row(console, "Transport",
              settings->use_udp    ? std::string("UDP, a datagram a message")
              : settings->use_relp ? std::string("RELP")
                                   : fmt::format("syslog, {}", to_string(settings->framing)));
    print_row(console, "Encoding", settings->encoding);
    print_row(console, "Subscription", settings->subscription);
    if (!settings->sign_key.empty()) print_row(console, "SignKey", settings->sign_key);
    print_row(console, "Guarantee", guarantee_of(*settings));
  }
  print_row(console, "Generation", std::to_string(configuration.generation));
  print_row(console, "Digest", digest);
  if (!configuration.changed_at.empty())
    print_row(console, "Changed", fmt::format("{} by {}", configuration.changed_at, configuration.changed_by));
}

// The few lines of an agent's report that answer "does it send?".
void print_agent(const forward::HostConfiguration& host, Console& console) {
  print_row(console, "Agent", host.agent_state);
  boost::system::error_code error;
  const auto value = boost::json::parse(host.status_json, error);
  if (error || !value.is_object()) return;
  const auto* forwarder = value.as_object().if_contains("forwarder");
  if (forwarder == nullptr || !forwarder->is_object()) return;
  const auto& status = forwarder->as_object();
  const auto text = [](const boost::json::object& of, std::string_view key) -> std::string {
    const auto* field = of.if_contains(key);
    if (field == nullptr || field->is_null()) return {};
    return field->is_string() ? std::string(field->as_string()) : boost::json::serialize(*field);
  };
  print_row(console, "Connection",
            fmt::format("{} {} {}", text(status, "run"), text(status, "address"), text(status, "tlsVersion")));
  if (const auto until = text(status, "connectedSince"); !until.empty()) print_row(console, "ConnectedSince", until);
  if (const auto last = text(status, "lastError"); !last.empty())
    print_row(console, "LastError", fmt::format("{} ({})", last, text(status, "lastErrorAt")));
  if (const auto* ledger = status.if_contains("ledger"); ledger != nullptr && ledger->is_object()) {
    const auto& counts = ledger->as_object();
    print_row(console, "Scanned", text(counts, "scanned"));
    print_row(console, "Sent", text(counts, "sent"));
    print_row(console, "Filtered", text(counts, "filtered"));
    print_row(console, "Lost", text(counts, "lost"));
    print_row(console, "Repeated", text(counts, "repeated"));
  }
  print_row(console, "LagMilliseconds", text(status, "lagMilliseconds"));
}

Result<ExitCode> get(const CmdletCall& call, Console& console) {
  const cluster::ActingAsOwner acting(files_of(call).data);
  const auto view = TRY(open_configuration(files_of(call).data)->get(call.scope));
  bool drifted = false;
  for (const auto& host : view.hosts) drifted = drifted || host.drifted || !host.reached;
  const auto code = drifted ? ExitCode::findings : ExitCode::done;
  if (call.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("scope").text(call.scope == ConfigurationScope::cluster ? "Cluster"
                           : call.scope == ConfigurationScope::local ? "Local"
                                                                     : "PerNode");
    append_configuration(json, view.global);
    json.key("digest").text(view.digest);
    json.key("hosts").begin_array();
    for (const auto& host : view.hosts) {
      json.begin_object()
          .key("host")
          .text(host.host)
          .key("digest")
          .text(host.digest)
          .key("reached")
          .boolean(host.reached)
          .key("drifted")
          .boolean(host.drifted)
          .key("drift")
          .text(host.drift);
      json.key("agent").text(host.agent_state).key("configuration");
      if (host.configuration)
        append_configuration(json.begin_object(), *host.configuration), json.end_object();
      else
        json.null();
      json.key("status");
      if (host.status_json.empty())
        json.null();
      else
        json.raw(host.status_json);
      json.end_object();
    }
    json.end_array().end_object();
    console.out << out << '\n';
    return code;
  }
  if (call.scope == ConfigurationScope::cluster) print_configuration(view.global, view.digest, console);
  for (const auto& host : view.hosts) {
    if (&host != &view.hosts.front()) console.out << '\n';
    print_row(console, "Host", host.host);
    if (host.configuration) print_configuration(*host.configuration, host.digest, console);
    print_row(console, "Drift",
              !host.reached  ? std::string("not known")
              : host.drifted ? host.drift + "; Enable-AzSSyslogForwarder -Force puts it right" : std::string("none"));
    print_agent(host, console);
  }
  if (view.global.settings) print_warnings(warnings_of(*view.global.settings), console);
  return code;
}

Result<ExitCode> change(const CmdletCall& call, Console& console) {
  const auto files = files_of(call);
  const auto backend = open_configuration(files.data);
  const auto who = forward::Requester::current();
  forward::ConfigurationChange change;
  std::vector<forward::SettingsWarning> warnings;
  if (call.cmdlet == Cmdlet::Set) {
    // Who may not change anything is told so, and need not first get the parameters right.
    if (auto right = forward::check_administrator(files.data, who, to_string(call.cmdlet)); !right) {
      (void)forward::append_audit(files.audit(), who, to_string(call.cmdlet), {}, "refused");
      return std::unexpected(std::move(right).error());
    }
    const forward::CertificateStore store(files.certificates());
    auto decision = TRY(check_set(call.set, {.certificates = &store}));
    if (decision.remove)
      change.kind = forward::ChangeKind::Remove;
    else
      change.settings = std::move(decision.settings);
    warnings = std::move(decision.warnings);
  } else {
    change.kind = call.cmdlet == Cmdlet::Enable ? forward::ChangeKind::Enable : forward::ChangeKind::Disable;
  }
  const cluster::ActingAsOwner acting(files.data);
  const auto result = TRY(backend->apply(change, call.force, who));
  if (result.now.settings && change.kind == forward::ChangeKind::Enable) warnings = warnings_of(*result.now.settings);
  if (call.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("actionPlanInstanceId");
    if (result.action_plan_id)
      json.text(*result.action_plan_id);
    else
      json.null();
    json.key("state").text(to_string(result.now.state)).key("generation").number(result.now.generation);
    append_warnings(json, warnings);
    json.end_object();
    console.out << out << '\n';
  } else {
    if (result.action_plan_id) {
      console.out << *result.action_plan_id << '\n';
      console.err << fmt::format(
          "{}: an action plan carries it to the hosts; 'yagura actionplan get {}' shows how far it is\n",
          to_string(result.now.state), *result.action_plan_id);
    } else {
      console.err << fmt::format("{} already: nothing to do, no action plan was started{}\n",
                                 to_string(result.now.state),
                                 call.cmdlet == Cmdlet::Set ? "" : " (-Force starts one all the same)");
    }
  }
  print_warnings(warnings, console);
  return ExitCode::done;
}

struct TestOptions {
  CmdletCall call;
  std::string receiver, token_file, receiver_ca;
  bool receiver_insecure = false;
  int timeout = 30;
};

class CountingSink final : public query::RowSink {
 public:
  Result<> columns(const std::vector<event::ColumnSchema>&) override { return {}; }
  Result<> rows(const event::TableBatch& batch) override {
    count += batch.row_count();
    return {};
  }
  std::size_t count = 0;
};

// Asks a Yagura that receives it, until it is there.
Result<bool> wait_for_receipt(const TestOptions& options, const std::string& marker, Deadline deadline) {
  const auto server =
      TRY(remote_server(options.receiver, options.token_file, options.receiver_ca, !options.receiver_insecure));
  query::QueryRequest request;
  request.text = fmt::format("search \"{}\" | take 1", marker);
  while (true) {
    CountingSink sink;
    const auto outcome = TRY(run_remote(server, "default", request, sink), "asking the receiver");
    if (outcome.failure)
      return fail(ErrorKind::unavailable, "the receiver does not answer the query: {}",
                  outcome.failure->error.message());
    if (sink.count > 0) return true;
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(500ms);
  }
}

Result<ExitCode> test(const TestOptions& options, Console& console) {
  const auto files = files_of(options.call);
  const forward::CertificateStore store(files.certificates());
  forward::ForwarderSettings settings;
  if (options.call.set.server_name || options.call.set.server_port) {
    settings = TRY(check_set(options.call.set, {.certificates = &store})).settings;
  } else {
    const auto view = TRY(open_configuration(files.data)->get(ConfigurationScope::cluster));
    if (!view.global.settings)
      return fail(ErrorKind::invalid_input,
                  "there is no configuration to test; give one with Set-AzSSyslogForwarder -ServerName <FQDN or IP "
                  "address> -ServerPort <port>, or give --server-name and --server-port to this command");
    settings = *view.global.settings;
  }
  const auto deadline = Deadline::in(std::chrono::seconds(options.timeout));
  auto report = forward::check_delivery(settings, store, forward::this_host_name(), deadline);
  if (report.good()) {
    if (!options.receiver.empty()) {
      const auto begin = std::chrono::steady_clock::now();
      const auto found = wait_for_receipt(options, report.marker, deadline);
      report.steps.push_back(
          {"receipt", found && *found,
           !found   ? found.error().message()
           : *found ? "the receiver's store has it"
                    : "the receiver's store does not have it in time",
           std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin)});
    } else if (report.acknowledged) {
      report.steps.push_back({"receipt", true, "the receiver's own acknowledgement (RELP 200)"});
    }
  }
  if (options.call.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object()
        .key("good")
        .boolean(report.good())
        .key("destination")
        .text(report.destination)
        .key("marker")
        .text(report.marker)
        .key("message")
        .text(report.message);
    json.key("steps").begin_array();
    for (const auto& step : report.steps)
      json.begin_object()
          .key("name")
          .text(step.name)
          .key("good")
          .boolean(step.good)
          .key("text")
          .text(step.text)
          .key("milliseconds")
          .number(static_cast<std::int64_t>(step.took.count()))
          .end_object();
    json.end_array();
    append_warnings(json, warnings_of(settings));
    json.end_object();
    console.out << out << '\n';
  } else {
    console.out << report.destination << '\n';
    for (const auto& step : report.steps)
      console.out << fmt::format("  {:4} {:22} {:>6} ms  {}\n", step.good ? "ok" : "FAIL", step.name, step.took.count(),
                                 step.text);
    if (report.good() && (report.steps.back().name != "receipt"))
      console.out << fmt::format(
          "  Look for {} at the receiver; is it Yagura, then: yagura query 'search \"{}\"' (or give --receiver URL "
          "here)\n",
          report.marker, report.marker);
    print_warnings(warnings_of(settings), console);
  }
  return report.good() ? ExitCode::done : ExitCode::findings;
}

struct RunOptions {
  std::optional<std::filesystem::path> data;
  std::string journal;
  bool until_end = false;
};

// In the foreground, on a journal that another process may be writing: a server's, or an agent's spool.
Result<ExitCode> run_service(const RunOptions& options, Console& console) {
  const forward::AgentFiles files{options.data.value_or(forward::default_agent_folder())};
  const std::filesystem::path journal = options.journal;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const FileDescriptor incoming(::signalfd(-1, &signals, SFD_CLOEXEC));
  const auto reader = TRY(journal::Reader::open(journal), "opening the journal {}", journal.string());
  const auto head = [&]() -> Position {
    const auto range = reader->range();
    return range && *range ? (*range)->second : Position(0);
  };
  auto service = TRY(forward::ForwarderService::start({
      .files = files,
      .open_tail = [journal](Position from) { return journal::open_tail(journal, from); },
      .head = head,
      .ignored_hints = {"yagura-tick"},
  }));
  const Position end = head();
  while (true) {
    pollfd waiting{incoming.get(), POLLIN, 0};
    if (::poll(&waiting, 1, options.until_end ? 200 : -1) != 0) break;
    const auto status = service->status();
    if (options.until_end && !status.error.empty()) return fail(ErrorKind::unavailable, "{}", status.error);
    if (options.until_end && status.forwarder && status.forwarder->ledger.bookmark >= end) break;
  }
  service->stop(Deadline::in(10s));
  const auto ledger = forward::Ledger::load(files.ledger("syslog-forwarder"));
  if (options.until_end && ledger) console.out << ledger->to_json() << '\n';
  return ExitCode::done;
}

// A flag of CLI11 is false when it was not given: then it was not given here either.
void flag(CLI::App* command, const char* name, std::optional<bool>& to, const char* help) {
  command->add_flag_callback(name, [&to] { to = true; }, help);
}

void add_set_options(CLI::App* command, CmdletCall& call) {
  auto& set = call.set;
  command->add_option("--server-name", set.server_name, "FQDN or IP address of the syslog server");
  command->add_option("--server-port", set.server_port, "Port that it listens on");
  command->add_option("--client-certificate-thumbprint", set.client_certificate_thumbprint,
                      "Certificate to show to the server (see 'yagura cert'): mutual authentication");
  flag(command, "--no-encryption", set.no_encryption, "TCP in clear text; not for production");
  flag(command, "--use-udp", set.use_udp, "UDP in clear text; not for production");
  flag(command, "--skip-server-cn-check", set.skip_server_cn_check,
       "Do not check the name in the server's certificate");
  flag(command, "--skip-server-certificate-check", set.skip_server_certificate_check,
       "Do not check the server's certificate; not for production");
  command->add_option("--output-severity", set.output_severity,
                      "Default (warning and worse, and audits) or Verbose (all)");
  flag(command, "--use-relp", set.use_relp, "RELP over the connection: acknowledged messages");
  command->add_option("--framing", set.framing, "octet-counting (the default) or lf");
  command->add_option("--encoding", set.encoding,
                      "cef-azure-local (the default), cef-restorable, cef, rfc5424, json or leef");
  command->add_option("--subscription", set.subscription,
                      "azure-local (the default), azure-local+auth, all, or a profile's file");
  command->add_option("--sign-key", set.sign_key,
                      "File of a private key (PEM, mode 0600) on each host: sign what is sent, RFC 5848");
  command
      ->add_option_function<std::string>(
          "--profile", [&set](const std::string& word) { set.production = word == "production"; },
          "production: refuse what is not for production")
      ->check(CLI::IsMember({"production", "none"}));
}

}  // namespace

std::unique_ptr<forward::ConfigurationBackend> open_configuration(const std::filesystem::path& data) {
  if (cluster::HostFolder(forward::AgentFiles{data}).joined())
    return std::make_unique<cluster::ClusterBackend>(forward::AgentFiles{data});
  return std::make_unique<forward::LocalBackend>(forward::AgentFiles{data});
}

Result<ExitCode> run_cmdlet(const CmdletCall& call, Console& console) {
  if (call.help) {
    console.out << forward::help_of(call.cmdlet);
    return ExitCode::done;
  }
  return call.cmdlet == Cmdlet::Get ? get(call, console) : change(call, console);
}

Result<ExitCode> run_cmdlet_line(Cmdlet cmdlet, std::span<const std::string> arguments, Console& console) {
  return run_cmdlet(TRY(parse_cmdlet(cmdlet, arguments)), console);
}

void add_forwarder(CLI::App& app, Action& chosen) {
  auto* group =
      app.add_subcommand("forwarder", "Forward this host's events to a syslog server (also by the cmdlets' names)");
  group->require_subcommand(1);
  group->footer(
      "The cmdlets: yagura Set-AzSSyslogForwarder | Enable-AzSSyslogForwarder | Disable-AzSSyslogForwarder | "
      "Get-AzSSyslogForwarder,\n"
      "with PowerShell's spelling of parameters; -? shows them.\n"
      "Examples:\n  yagura forwarder set --server-name logs.example.net --server-port 6514\n"
      "  yagura Set-AzSSyslogForwarder -ServerName logs.example.net -ServerPort 6514 -OutputSeverity Verbose\n"
      "  yagura forwarder test\n  yagura forwarder get --per-node");
  const auto add = [&](const char* name, const char* help, Cmdlet cmdlet) {
    auto call = std::make_shared<CmdletCall>();
    call->cmdlet = cmdlet;
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", call->data,
                        "The agent's data folder (default: $YAGURA_AGENT_DATA, else /var/lib/yagura-agent)");
    command->add_flag("--json", call->json, "Print one JSON object");
    command->callback([call, &chosen] { chosen = [call](Console& console) { return run_cmdlet(*call, console); }; });
    return std::pair(command, call);
  };
  {
    const auto [command, call] = add("set", "Set the configuration for all hosts, and start forwarding", Cmdlet::Set);
    add_set_options(command, *call);
    flag(command, "--remove", call->set.remove, "Remove the configuration and stop (alone)");
  }
  {
    const auto [command, call] =
        add("enable", "Forward again with the configuration of the last successful set", Cmdlet::Enable);
    command->add_flag("--force", call->force, "Start an action plan even if nothing is to change");
  }
  {
    const auto [command, call] = add("disable", "Stop forwarding, keep the configuration", Cmdlet::Disable);
    command->add_flag("--force", call->force, "Start an action plan even if nothing is to change");
  }
  {
    const auto [command, call] =
        add("remove", "Remove the configuration and stop forwarding on all hosts", Cmdlet::Set);
    call->set.remove = true;
  }
  {
    const auto [command, call] =
        add("get", "Show the configuration: the cluster's, or what each host uses", Cmdlet::Get);
    auto* local = command->add_flag_callback(
        "--local", [call = call] { call->scope = ConfigurationScope::local; }, "What this host uses, and how it fares");
    auto* per_node = command->add_flag_callback(
        "--per-node", [call = call] { call->scope = ConfigurationScope::per_node; }, "What each host uses");
    auto* cluster = command->add_flag_callback(
        "--cluster", [call = call] { call->scope = ConfigurationScope::cluster; },
        "What the cluster has (the default)");
    local->excludes(per_node)->excludes(cluster);
    per_node->excludes(cluster);
  }
  add_forwarder_cluster(*group, chosen);
  auto options = std::make_shared<TestOptions>();
  auto* command =
      group->add_subcommand("test", "Send one marked event and report handshake, certificate, delivery and receipt");
  command->add_option("--data", options->call.data, "The agent's data folder");
  command->add_flag("--json", options->call.json, "Print one JSON object");
  add_set_options(command, options->call);
  command->add_option("--timeout", options->timeout, "Seconds")->check(CLI::Range(1, 600))->capture_default_str();
  command->add_option("--receiver", options->receiver, "URL of a Yagura server that receives: asks it for the event");
  command->add_option("--token-file", options->token_file, "API token for it (default: $YAGURA_TOKEN)");
  command->add_option("--receiver-ca", options->receiver_ca, "CA of its https certificate");
  command->add_flag("--receiver-insecure", options->receiver_insecure, "Do not check its https certificate");
  command->callback([options, &chosen] { chosen = [options](Console& console) { return test(*options, console); }; });

  add_forwarder_verify(*group, chosen);

  auto running = std::make_shared<RunOptions>();
  auto* run = group->add_subcommand(
      "run", "Forward from a journal in the foreground, as the configuration says (an agent does this by itself)");
  run->add_option("--data", running->data, "The agent's data folder");
  run->add_option("--journal", running->journal, "The journal's folder, as data/journal of a server")->required();
  run->add_flag("--until-end", running->until_end,
                "End when everything that is there now has been sent, and print the ledger");
  run->callback(
      [running, &chosen] { chosen = [running](Console& console) { return run_service(*running, console); }; });
}

}  // namespace yagura::cli
