// yagura agent run | install | uninstall | enrol | status: the agent of this host.
#include <malloc.h>
#include <pwd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <istream>
#include <iterator>
#include <ostream>

#include "agent/enrolment.hpp"
#include "agent/self_report.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "forward/agent_files.hpp"
#include "roles/agent_role.hpp"

namespace yagura::cli {

namespace {

struct AgentOptions {
  std::string config, data, server, token_file, fingerprint, host, root;
  bool check = false, json = false, purge = false, start = true;
  bool install = false, uninstall = false;
};

constexpr std::string_view kUnit =
#include "yagura-agent.service.inc"
    ;
constexpr std::string_view kConfiguration =
#include "agent.yaml.inc"
    ;

struct Loaded {
  std::shared_ptr<SettingsErrors> errors = std::make_shared<SettingsErrors>();
  SettingsNode file;
  roles::AgentSettings settings;
};

Loaded load(const AgentOptions& options) {
  auto errors = std::make_shared<SettingsErrors>();
  std::filesystem::path path = options.config;
  std::error_code ignored;
  if (path.empty() && std::filesystem::exists("/etc/yagura/agent.yaml", ignored)) path = "/etc/yagura/agent.yaml";
  auto file = path.empty() ? SettingsNode::parse("", "defaults", *errors) : SettingsNode::load(path, *errors);
  Loaded out{errors, file, roles::read_agent_settings(file)};
  if (!options.data.empty()) out.settings.data = std::filesystem::absolute(options.data);
  roles::read_agent_sources(file);
  file.report_unknown_keys();
  return out;
}

bool list_mistakes(const Loaded& loaded, Console& console) {
  const auto& messages = loaded.errors->messages();
  if (messages.empty()) return false;
  console.err << fmt::format("{} mistake{} in the configuration:\n", messages.size(), messages.size() == 1 ? "" : "s");
  for (const auto& message : messages) console.err << "  " << message << '\n';
  return true;
}

Result<ExitCode> run_agent(const AgentOptions& options, Console& console) {
  const auto loaded = load(options);
  if (list_mistakes(loaded, console)) return ExitCode::bad_input;
  if (options.check) {
    console.out << "the configuration is good\n";
    return ExitCode::done;
  }
  set_log(loaded.settings.log_level, loaded.settings.log_format);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const FileDescriptor incoming(::signalfd(-1, &signals, SFD_CLOEXEC));
  // Little memory: one heap for all threads, and what was freed goes back.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 10);
  const auto agent = TRY(roles::AgentRole::start(loaded.settings, loaded.file));
  ::sd_notify(0, "READY=1");
  signalfd_siginfo signal{};
  while (::read(incoming.get(), &signal, sizeof signal) != sizeof signal) continue;
  ::sd_notify(0, "STOPPING=1");
  agent->stop(Deadline::in(10s));
  return ExitCode::done;
}

Result<ExitCode> enrol_agent(const AgentOptions& options, Console& console) {
  const auto loaded = load(options);
  if (list_mistakes(loaded, console)) return ExitCode::bad_input;
  agent::Enrolment enrolment;
  enrolment.server = TRY(agent::parse_server(options.server));
  if (options.token_file == "-") enrolment.token.assign(std::istreambuf_iterator<char>(console.in), {});
  else enrolment.token = TRY(read_file(options.token_file, 4_KiB), "reading the join token (--token-file)");
  enrolment.ca_fingerprint = options.fingerprint;
  enrolment.folder = loaded.settings.data;
  enrolment.host = !options.host.empty() ? options.host : !loaded.settings.host.empty() ? loaded.settings.host : agent::host_name();
  const auto id = TRY(agent::enrol(enrolment, Deadline::in(60s)));
  // Run by root for an agent that runs as somebody else: what was written belongs to who owns the folder.
  struct stat info{};
  if (::geteuid() == 0 && ::stat(enrolment.folder.c_str(), &info) == 0)
    for (const auto* name : {"identity.pem", "ca.pem", "server"})
      if (::chown((enrolment.folder / name).c_str(), info.st_uid, info.st_gid) != 0) return fail_errno(errno, "giving the identity to the agent's account");
  console.out << fmt::format("agent   {}\nserver  {}\n", id, agent::to_text(enrolment.server));
  console.err << "This host has joined. A running agent goes on by itself; remove the token file.\n";
  return ExitCode::done;
}

std::string text_at(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string())) : std::string();
}
double number_at(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

Result<ExitCode> show_status(const AgentOptions& options, Console& console) {
  const auto loaded = load(options);
  const auto file = loaded.settings.data / roles::kAgentStatusFile;
  auto text = read_file(file, 16_MiB);
  if (!text) return fail(ErrorKind::not_found, "{}: no agent has run on this folder; start it: yagura agent install, or yagura agent run", text.error().message());
  if (options.json) {
    console.out << *text;
    return ExitCode::done;
  }
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error || !value.is_object() || !value.get_object().contains("heartbeat") || !value.get_object().at("heartbeat").is_object())
    return fail(ErrorKind::corrupt, "{} is not one of ours", file.string());
  const auto& status = value.get_object();
  const auto& beat = status.at("heartbeat").get_object();
  const auto server = text_at(status, "server");
  console.out << fmt::format("as of     {}\nserver    {}\nstate     {}{}{}\n", text_at(status, "at"), server.empty() ? "none (yagura agent enrol)" : server, text_at(status, "state"),
                             text_at(status, "detail").empty() ? "" : ": ", text_at(status, "detail"));
  console.out << fmt::format("sent      {:.0f} events, {:.0f} waiting{}\n", number_at(status, "sent"), number_at(beat, "unsent"),
                             number_at(beat, "unsent") > 0 ? fmt::format(", the oldest for {:.0f} s", number_at(beat, "lag_seconds")) : std::string());
  console.out << fmt::format("spool     {} of {}{}{}\n", to_string(Bytes(static_cast<std::uint64_t>(number_at(beat, "spool_bytes")))),
                             to_string(Bytes(static_cast<std::uint64_t>(number_at(beat, "spool_limit")))), text_at(status, "spool_trouble").empty() ? "" : ": ", text_at(status, "spool_trouble"));
  console.out << fmt::format("uses      {:.1f} % of a core, {}\n", number_at(beat, "cpu_percent"), to_string(Bytes(static_cast<std::uint64_t>(number_at(beat, "resident_bytes")))));
  if (const auto until = text_at(status, "certificate_expires"); !until.empty()) console.out << "identity  until " << until << ", renewed by itself\n";
  const auto generation = number_at(beat, "generation");
  console.out << fmt::format("sources   {}{}\n", generation > 0 ? fmt::format("as the server says (generation {:.0f})", generation) : std::string("as this host's configuration says"),
                             text_at(beat, "configuration_error").empty() ? "" : "; error: " + text_at(beat, "configuration_error"));
  if (const auto* sources = beat.if_contains("sources"); sources != nullptr && sources->is_array())
    for (const auto& item : sources->get_array()) {
      if (!item.is_object()) continue;
      const auto& one = item.get_object();
      console.out << fmt::format("  {:20} {:10} {:12} {:>12.0f} read", text_at(one, "name"), text_at(one, "kind"), text_at(one, "state"), number_at(one, "accepted"));
      if (const auto* lost = one.if_contains("lost"); lost != nullptr && lost->is_object())
        for (const auto& [reason, count] : lost->get_object()) console.out << fmt::format(", lost {} ({})", count.is_number() ? count.to_number<std::int64_t>() : 0, std::string_view(reason));
      console.out << (text_at(one, "detail").empty() ? "" : "  " + text_at(one, "detail")) << '\n';
    }
  return ExitCode::done;
}

// A program by its name, without a shell; true when it ended well.
bool run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool systemd_runs() { return std::filesystem::exists("/run/systemd/system"); }

Result<ExitCode> install_agent(const AgentOptions& options, Console& console) {
  const std::filesystem::path root = options.root.empty() ? "/" : options.root;
  const bool real = options.root.empty();
  if (real && ::geteuid() != 0) return fail(ErrorKind::permission_denied, "installing the agent needs root");
  const auto unit = root / "etc/systemd/system/yagura-agent.service", config = root / "etc/yagura/agent.yaml", data = root / "var/lib/yagura-agent";
  std::error_code error;
  for (const auto& folder : {unit.parent_path(), config.parent_path(), data}) {
    std::filesystem::create_directories(folder, error);
    if (error) return fail_errno(error.value(), "making the folder " + folder.string());
  }
  if (real && ::getpwnam("yagura-agent") == nullptr &&
      !run_program({"useradd", "--system", "--home-dir", "/var/lib/yagura-agent", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", "yagura-agent"}))
    return fail(ErrorKind::unavailable, "the account yagura-agent could not be made");
  if (const passwd* account = real ? ::getpwnam("yagura-agent") : nullptr; account != nullptr)
    if (::chown(data.c_str(), account->pw_uid, account->pw_gid) != 0) return fail_errno(errno, "giving the agent its data folder");
  std::filesystem::permissions(data, std::filesystem::perms(0750), error);
  std::string text(trim(kUnit));
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  for (std::size_t at = text.find("/usr/bin/yagura"); at != std::string::npos; at = text.find("/usr/bin/yagura", at + self.size())) text.replace(at, 15, self);
  TRY(write_file_atomically(unit, text + "\n", 0644), "writing the unit");
  if (!std::filesystem::exists(config, error)) TRY(write_file_atomically(config, std::string(trim(kConfiguration)) + "\n", 0644), "writing the configuration");
  if (real && systemd_runs() && options.start) {
    if (!run_program({"systemctl", "daemon-reload"}) || !run_program({"systemctl", "enable", "--now", "yagura-agent.service"}))
      return fail(ErrorKind::unavailable, "the agent is installed and did not start: see journalctl -u yagura-agent");
  }
  console.out << fmt::format("installed {}\nconfigure {}\n", unit.string(), config.string());
  console.err << "Until it joins a server (yagura agent enrol) or a forwarder is set (yagura forwarder set) it reads and sends nothing.\n";
  return ExitCode::done;
}

Result<ExitCode> uninstall_agent(const AgentOptions& options, Console& console) {
  const std::filesystem::path root = options.root.empty() ? "/" : options.root;
  const bool real = options.root.empty();
  if (real && ::geteuid() != 0) return fail(ErrorKind::permission_denied, "uninstalling the agent needs root");
  if (real && systemd_runs()) run_program({"systemctl", "disable", "--now", "yagura-agent.service"});
  std::error_code error;
  std::filesystem::remove(root / "etc/systemd/system/yagura-agent.service", error);
  if (error) return fail_errno(error.value(), "removing the unit");
  if (real && systemd_runs()) run_program({"systemctl", "daemon-reload"});
  if (options.purge) {
    std::filesystem::remove_all(root / "var/lib/yagura-agent", error);
    std::filesystem::remove(root / "etc/yagura/agent.yaml", error);
    console.out << "removed the agent, its configuration, its identity and its spool\n";
  } else {
    console.out << "removed the agent; its configuration and data folder stay (--purge removes them)\n";
  }
  return ExitCode::done;
}

}  // namespace

void add_agent(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<AgentOptions>();
  auto* group = app.add_subcommand("agent", "The agent of this host: read logs here, send them to a Yagura server");
  group->footer("Examples:\n  yagura agent install\n  yagura agent enrol --server https://siem.example.net:6443 --token-file token\n  yagura agent status");
  group->add_flag("-i", options->install, "Same as 'install'");
  group->add_flag("-u", options->uninstall, "Same as 'uninstall'");
  group->callback([=, &chosen] {
    if (options->install) chosen = [=](Console& console) { return install_agent(*options, console); };
    if (options->uninstall) chosen = [=](Console& console) { return uninstall_agent(*options, console); };
  });
  const auto add = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  const auto common = [&](CLI::App* command) {
    command->add_option("--config,-c", options->config, "Configuration file (YAML); default: /etc/yagura/agent.yaml when it is there");
    command->add_option("--data", options->data, "Data folder, in place of the configuration's");
  };
  auto* run = add("run", "Run in the foreground (what the unit does)", run_agent);
  common(run);
  run->add_flag("--check", options->check, "Check the configuration, list all mistakes, and end");
  auto* enrol = add("enrol", "Join a server with a one-time token", enrol_agent);
  common(enrol);
  enrol->add_option("--server", options->server, "The server's listener for agents, such as https://siem.example.net:6443")->required();
  enrol->add_option("--token-file", options->token_file, "File with the join token; - reads it from stdin")->required();
  enrol->add_option("--ca-fingerprint", options->fingerprint, "SHA-256 of the server's authority, when the token does not bring it");
  enrol->add_option("--host", options->host, "Name of this host, in place of the system's");
  auto* status = add("status", "How the agent on this host does", show_status);
  common(status);
  status->add_flag("--json", options->json, "As JSON");
  auto* install = add("install", "Install the systemd unit and start it, idle (also: agent -i)", install_agent);
  install->add_option("--root", options->root, "Another root folder: only files are written");
  install->add_flag("!--no-start", options->start, "Do not start it");
  auto* uninstall = add("uninstall", "Stop it and remove the unit (also: agent -u)", uninstall_agent);
  uninstall->add_option("--root", options->root, "Another root folder: only files are removed");
  uninstall->add_flag("--purge", options->purge, "Also remove configuration, identity and spool");
}

}  // namespace yagura::cli
