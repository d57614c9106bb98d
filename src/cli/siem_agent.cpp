// yagura siem-agent: agents that hand events over to somebody else's SIEM: made and watched on the server, run anywhere.
#include <boost/json.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <ostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "fleet/siem_agent_status.hpp"
#include "net/byte_stream.hpp"
#include "net/proxy.hpp"
#include "net/socket.hpp"
#include "net/syslog_framer.hpp"
#include "roles/siem_agent_role.hpp"

namespace yagura::cli {

namespace {

namespace json = boost::json;

struct AgentOptions {
  ServerChoice server;
  bool as_json = false;
  std::string name, new_name;
  // The wizard's values; what is not given stays, or is the server's default.
  std::string format, protocol, remote_host, thumbprint, activity_filter, alert_filter;
  std::int64_t remote_port = 0;
  std::vector<std::string> tables;
  bool no_alerts = false, no_activities = false, skip_certificate = false, skip_name = false, octet_counting = false;
  // recover
  std::string from, to, clone_filter_from;
  bool deduplicate = false;
  // run
  std::string token, run_token_file, proxy, logs_directory = "logs", certificates;
  // listen
  std::int64_t port = 0;
  std::int64_t count = 0;
  std::string address = "127.0.0.1";
};

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

void print_agent(const json::object& agent, Console& console) {
  const auto line = [&](std::string_view title, std::string_view value) {
    if (!value.empty()) console.out << fmt::format("{:14} {}\n", title, value);
  };
  line("name", text_of(agent, "name"));
  line("status", text_of(agent, "status"));
  line("token", text_of(agent, "token"));
  const auto& settings = agent.at("settings").as_object();
  line("sends", fmt::format("{}{}{} as {}", settings.at("activities").as_bool() ? "activities" : "",
                            settings.at("activities").as_bool() && settings.at("alerts").as_bool() ? " and " : "", settings.at("alerts").as_bool() ? "alerts" : "",
                            text_of(settings, "format")));
  line("to", fmt::format("{}://{}:{}", text_of(settings, "protocol"), text_of(settings, "remote_host"), text_of(settings, "remote_port")));
  line("filter", text_of(settings, "activity_filter"));
  if (const auto* recovery = agent.if_contains("recovery"))
    line("time frame", fmt::format("{} to {}, marked {}", text_of(recovery->as_object(), "from"), text_of(recovery->as_object(), "to"), text_of(recovery->as_object(), "id")));
  line("sent", fmt::format("{} activities, {} alerts, {} left out as duplicates", text_of(agent, "activities_sent"), text_of(agent, "alerts_sent"), text_of(agent, "duplicates")));
  line("last seen", text_of(agent, "last_seen"));
  line("host", text_of(agent, "host"));
  for (const auto& one : agent.at("notifications").as_array()) {
    const auto& notification = one.as_object();
    console.out << fmt::format("\n{} {}: {}\n  cause: {}\n  resolution: {}\n", text_of(notification, "code"), text_of(notification, "title"), text_of(notification, "detail"),
                               text_of(notification, "cause"), text_of(notification, "resolution"));
  }
}

Result<ExitCode> shown(const AgentOptions& options, const json::object& agent, Console& console) {
  if (options.as_json)
    console.out << json::serialize(agent) << '\n';
  else
    print_agent(agent, console);
  if (const auto* without = agent.if_contains("tables_without_filter_columns"); without != nullptr && without->is_array())
    console.err << fmt::format("note: the filter names columns that {} tables have not; nothing is sent of them\n", without->get_array().size());
  return ExitCode::done;
}

// What the options say of the settings, over those that are there.
json::object settings_of(const AgentOptions& options, json::object settings) {
  if (!options.format.empty()) settings["format"] = options.format;
  if (!options.protocol.empty()) settings["protocol"] = to_lower_ascii(options.protocol);
  if (!options.remote_host.empty()) settings["remote_host"] = options.remote_host;
  if (options.remote_port != 0) settings["remote_port"] = options.remote_port;
  if (!options.thumbprint.empty()) settings["client_certificate_thumbprint"] = options.thumbprint;
  if (!options.activity_filter.empty()) settings["activity_filter"] = options.activity_filter;
  if (!options.alert_filter.empty()) settings["alert_filter"] = options.alert_filter;
  if (!options.tables.empty()) settings["tables"] = json::array(options.tables.begin(), options.tables.end());
  if (options.no_alerts) settings["alerts"] = false;
  if (options.no_activities) settings["activities"] = false;
  if (options.octet_counting) settings["octet_counting"] = true;
  if (options.skip_certificate) settings["skip_server_certificate_check"] = true;
  if (options.skip_name) settings["skip_server_name_check"] = true;
  return settings;
}

std::string path_of(std::string_view name) { return "/api/v1/siem-agents/" + path_segment(name); }

Result<ExitCode> add(const AgentOptions& options, Console& console) {
  const auto server = TRY(chosen_server(options.server));
  const auto agent = TRY(call_api(server, "POST", "/api/v1/siem-agents", json::object{{"name", options.name}, {"settings", settings_of(options, {})}}));
  TRY(shown(options, agent, console));
  console.err << "The token is shown this once. Run the agent: yagura siem-agent run --server URL --token-file FILE\n";
  return ExitCode::done;
}

Result<ExitCode> list(const AgentOptions& options, Console& console) {
  const auto answer = TRY(call_api(TRY(chosen_server(options.server)), "GET", "/api/v1/siem-agents"));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  const auto& agents = answer.at("agents").as_array();
  console.out << fmt::format("{:24} {:17} {:34} {:>12} {:>8} {}\n", "NAME", "STATUS", "TO", "ACTIVITIES", "ALERTS", "NOTIFICATIONS");
  for (const auto& one : agents) {
    const auto& agent = one.as_object();
    const auto& settings = agent.at("settings").as_object();
    std::string notes;
    for (const auto& note : agent.at("notifications").as_array()) notes += (notes.empty() ? "" : ", ") + text_of(note.as_object(), "title");
    console.out << fmt::format("{:24} {:17} {:34} {:>12} {:>8} {}\n", text_of(agent, "name"), text_of(agent, "status"),
                               fmt::format("{}://{}:{}", text_of(settings, "protocol"), text_of(settings, "remote_host"), text_of(settings, "remote_port")),
                               text_of(agent, "activities_sent"), text_of(agent, "alerts_sent"), notes);
  }
  return ExitCode::done;
}

Result<ExitCode> show(const AgentOptions& options, Console& console) {
  return shown(options, TRY(call_api(TRY(chosen_server(options.server)), "GET", path_of(options.name))), console);
}

Result<ExitCode> edit(const AgentOptions& options, Console& console) {
  const auto server = TRY(chosen_server(options.server));
  const auto before = TRY(call_api(server, "GET", path_of(options.name)));
  json::object change{{"settings", settings_of(options, before.at("settings").as_object())}};
  if (!options.new_name.empty()) change["name"] = options.new_name;
  return shown(options, TRY(call_api(server, "PATCH", path_of(options.name), change)), console);
}

Result<ExitCode> switch_to(bool enabled, const AgentOptions& options, Console& console) {
  return shown(options, TRY(call_api(TRY(chosen_server(options.server)), "PATCH", path_of(options.name), json::object{{"enabled", enabled}})), console);
}

Result<ExitCode> remove(const AgentOptions& options, Console& console) {
  TRY(call_api(TRY(chosen_server(options.server)), "DELETE", path_of(options.name)));
  console.err << "deleted " << options.name << "; its token is refused from now on\n";
  return ExitCode::done;
}

Result<ExitCode> regenerate(const AgentOptions& options, Console& console) {
  const auto agent = TRY(call_api(TRY(chosen_server(options.server)), "POST", path_of(options.name) + "/token"));
  if (options.as_json)
    console.out << json::serialize(agent) << '\n';
  else
    console.out << text_of(agent, "token") << '\n';
  console.err << "The token before is invalid from now on.\n";
  return ExitCode::done;
}

Result<ExitCode> recover(const AgentOptions& options, Console& console) {
  const auto server = TRY(chosen_server(options.server));
  json::object body{{"from", options.from}, {"to", options.to}, {"deduplicate", options.deduplicate}};
  if (!options.new_name.empty()) body["name"] = options.new_name;
  if (!options.remote_host.empty() || options.remote_port != 0 || !options.protocol.empty()) {
    const auto original = TRY(call_api(server, "GET", path_of(options.name)));
    body["settings"] = settings_of(options, original.at("settings").as_object());
  }
  const auto agent = TRY(call_api(server, "POST", path_of(options.name) + "/recover", body));
  TRY(shown(options, agent, console));
  console.err << "The token is shown this once. Run it beside the original; it ends by itself: yagura siem-agent run --server URL --token-file FILE\n";
  return ExitCode::done;
}

// ---- run

roles::SiemAgentRole* running = nullptr;

extern "C" void stop_running(int) {
  if (running != nullptr) running->stop();
}

Result<std::string> token_of(const AgentOptions& options) {
  if (!options.run_token_file.empty()) return std::string(trim(TRY(read_file(options.run_token_file, 4_KiB), "reading the token")));
  if (!options.token.empty()) return options.token;
  if (const char* token = std::getenv("YAGURA_SIEM_AGENT_TOKEN")) return std::string(token);
  return fail(ErrorKind::invalid_input, "no token: --token-file names a file, --token gives it, or set YAGURA_SIEM_AGENT_TOKEN");
}

// An error with what is known of it: cause and resolution.
Result<ExitCode> explained(const Error& error, Console& console) {
  console.err << "error: " << error.message() << '\n';
  for (const auto& one : fleet::siem_agent_explanations()) {
    if (error.message().find(one.title.english) == std::string::npos) continue;
    console.err << fmt::format("  cause: {}\n  resolution: {}\n  more: yagura explain {}\n", one.cause.english, one.resolution.english, one.code);
    break;
  }
  return code_of(error);
}

Result<ExitCode> run_agent(const AgentOptions& options, Console& console) {
  roles::SiemAgentOptions agent;
  if (!options.proxy.empty()) {
    auto proxy = net::parse_proxy_address(options.proxy);
    if (!proxy) return explained(proxy.error(), console);
    agent.server.proxy = *std::move(proxy);
  }
  agent.token = TRY(token_of(options));
  if (!options.server.server.empty()) {
    const auto address = TRY(server_address(options.server.server, options.server.ca, !options.server.insecure));
    agent.server.host = address.host;
    agent.server.port = address.port;
    agent.server.tls = address.tls;
  } else {
    const auto local = TRY(chosen_server(options.server));
    agent.server.host = local.host;
    agent.server.port = local.port;
  }
  agent.logs_directory = options.logs_directory;
  agent.certificates = options.certificates.empty() ? std::filesystem::path(options.logs_directory) / "certificates" : std::filesystem::path(options.certificates);
  agent.say = [&console](std::string_view line) { console.err << line << std::endl; };
  auto made = roles::SiemAgentRole::create(std::move(agent));
  if (!made) return explained(made.error(), console);
  running = made->get();
  std::signal(SIGTERM, stop_running);
  std::signal(SIGINT, stop_running);
  console.err << "trace log: " << (*made)->log_file().string() << std::endl;
  const auto ended = (*made)->run();
  running = nullptr;
  if (!ended) return explained(ended.error(), console);
  return ExitCode::done;
}

// Prints what arrives on a TCP port, a record a line: the other end of a first check.
Result<ExitCode> listen_on(const AgentOptions& options, Console& console) {
  const auto listener = TRY(net::listen_tcp(TRY(net::SocketAddress::numeric(options.address, static_cast<std::uint16_t>(options.port)))));
  console.err << fmt::format("listening on {}; Ctrl-C ends", net::local_address(listener.get()).to_string()) << std::endl;
  std::int64_t seen = 0;
  const auto wanted = [&] { return options.count == 0 || seen < options.count; };
  while (wanted()) {
    pollfd entry{listener.get(), POLLIN, 0};
    if (::poll(&entry, 1, -1) < 0) continue;
    FileDescriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted) continue;
    net::ByteStream stream(std::move(accepted));
    net::SyslogFramer framer;
    std::string input;
    std::array<char, 65'536> buffer{};
    while (wanted()) {
      const auto got = stream.read_some(buffer.data(), buffer.size(), Deadline::never());
      const bool ended = !got || *got == 0;
      input.append(buffer.data(), got.value_or(0));
      std::string_view rest = input;
      while (const auto frame = ended ? framer.finish(rest) : framer.next(rest)) {
        console.out << frame->bytes << std::endl;
        ++seen;
      }
      input.erase(0, input.size() - rest.size());
      if (ended) break;
    }
  }
  return ExitCode::done;
}

void add_settings_options(CLI::App& command, AgentOptions& options) {
  command.add_option("--protocol", options.protocol, "tcp, udp or tls");
  command.add_option("--remote-host", options.remote_host, "Machine that listens, such as 127.0.0.1");
  command.add_option("--remote-port", options.remote_port, "Port it listens on")->check(CLI::Range(1, 65535));
  command.add_option("--format", options.format, "cef, cef-azure-local, rfc5424, json or leef");
  command.add_option("--table", options.tables, "Tables whose events are activities (again for more); default: all that have events");
  command.add_option("--activity-filter", options.activity_filter, "KQL condition on activities, as after `where`");
  command.add_option("--alert-filter", options.alert_filter, "KQL condition on alerts");
  command.add_flag("--no-alerts", options.no_alerts, "Activities only");
  command.add_flag("--no-activities", options.no_activities, "Alerts only");
  command.add_flag("--octet-counting", options.octet_counting, "Frames with their length (RFC 6587) in place of one record a line");
  command.add_option("--client-certificate-thumbprint", options.thumbprint, "Certificate to show, of the agent's certificate folder");
  command.add_flag("--skip-server-certificate-check", options.skip_certificate, "Trust any certificate: tests only");
  command.add_flag("--skip-server-cn-check", options.skip_name, "Check the chain, not the name");
}

}  // namespace

void add_siem_agent(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<AgentOptions>();
  auto* group = app.add_subcommand("siem-agent", "Hand events over to somebody else's SIEM");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura siem-agent add splunk --protocol tcp --remote-host 127.0.0.1 --remote-port 5140\n"
                "  yagura siem-agent run --server https://siem.example.net:8443 --token-file token\n"
                "  yagura siem-agent recover splunk --from 2026-11-22T08:00:00Z --to 2026-11-22T10:00:00Z --deduplicate\n"
                "  yagura siem-agent listen 5140");
  const auto add_command = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  const auto on_server = [&](CLI::App* command) {
    add_server_options(*command, options->server);
    command->add_flag("--json", options->as_json, "JSON");
    return command;
  };
  const auto named = [&](CLI::App* command) {
    command->add_option("name", options->name, "The agent's name, or its number")->required();
    return on_server(command);
  };
  add_settings_options(*named(add_command("add", "Make an agent; shows its token once", add)), *options);
  on_server(add_command("list", "All agents with their status", list));
  named(add_command("show", "One agent, with notifications and what helps", show));
  auto* editing = named(add_command("edit", "Change an agent; a running one takes it up by itself", edit));
  editing->add_option("--name", options->new_name, "A new name");
  add_settings_options(*editing, *options);
  named(add_command("enable", "Let an agent send (again)", [](const AgentOptions& o, Console& c) { return switch_to(true, o, c); }));
  named(add_command("disable", "Stop an agent from sending; it keeps its place", [](const AgentOptions& o, Console& c) { return switch_to(false, o, c); }));
  named(add_command("remove", "Delete an agent", remove));
  named(add_command("regenerate-token", "A new token; the one before is invalid", regenerate));
  auto* recovering = named(add_command("recover", "A recovery agent: sends the activities of a time frame again, then ends", recover));
  recovering->add_option("--from", options->from, "Begin of the time frame, such as 2026-11-22T08:00:00Z")->required();
  recovering->add_option("--to", options->to, "Its end, exclusive")->required();
  recovering->add_option("--name", options->new_name, "Name of the recovery agent");
  recovering->add_flag("--deduplicate,--dedup", options->deduplicate, "Leave out what the original has handed over");
  recovering->add_option("--protocol", options->protocol, "tcp, udp or tls; default: the original's");
  recovering->add_option("--remote-host", options->remote_host, "Another receiver than the original's");
  recovering->add_option("--remote-port", options->remote_port, "Another port")->check(CLI::Range(1, 65535));
  auto* run = add_command("run", "Run an agent on this machine, until stopped", run_agent);
  run->add_option("--server", options->server.server, "URL of the Yagura server");
  run->add_option("--data", options->server.data, "Without --server: the server that runs on this data folder")->capture_default_str();
  run->add_option("--ca", options->server.ca, "PEM file that the server's certificate is checked against");
  run->add_flag("--insecure", options->server.insecure, "Do not check the server's certificate");
  run->add_option("--token", options->token, "The agent's token (others on this machine can see it: better --token-file)");
  run->add_option("--token-file", options->run_token_file, "File with the agent's token");
  run->add_option("--proxy", options->proxy, "ADDRESS[:PORT] of an HTTP proxy to the server");
  run->add_option("--logsDirectory,--logs-directory", options->logs_directory, "Folder for trace logs, a new file at each start")->capture_default_str();
  run->add_option("--certificates", options->certificates, "Folder of certificates (`yagura cert import --store`)");
  auto* listening = add_command("listen", "Print what arrives on a TCP port, a record a line", listen_on);
  listening->add_option("port", options->port, "Port; 0 for any")->required()->check(CLI::Range(0, 65535));
  listening->add_option("--address", options->address, "Address to listen on")->capture_default_str();
  listening->add_option("--count", options->count, "End after so many records; 0: never")->capture_default_str();
}

}  // namespace yagura::cli
