// yagura serve: collect, detect, store, API and web console.
#include <malloc.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ostream>
#include <thread>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "roles/configuration.hpp"
#include "roles/server_parts.hpp"
#include "roles/server_role.hpp"

namespace yagura::cli {

namespace {

struct ServeOptions {
  std::string config;
  std::string data;
  bool check = false;
  bool follow_local_logs = false;
};

// systemd.exec(5): JOURNAL_STREAM names the device and inode of the stream; whoever redirected stdout has another.
bool writes_into_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat out{};
  return stream != nullptr && ::fstat(STDOUT_FILENO, &out) == 0 && fmt::format("{}:{}", out.st_dev, out.st_ino) == stream;
}

// What may be seen once must not stand in the system's log for ever: under systemd it goes to a file that only the service and
// root can read, and the log says where.
Result<> hide_secrets(roles::ServerGreeting& greeting, const roles::ServerSettings& settings) {
  if (!writes_into_the_journal()) return {};
  const auto hide = [&](std::string& secret, std::string_view name) -> Result<> {
    if (secret.empty()) return {};
    const auto file = roles::keys_folder(settings) / name;
    TRY(write_file_atomically(file, secret + "\n", 0600), "keeping a secret out of the log");
    secret = fmt::format("in {} (remove the file once you have read it)", file.string());
    return {};
  };
  TRY(hide(greeting.first_password, "first-password"));
  return hide(greeting.hec_token, "first-hec-token");
}

void greet(const roles::ServerGreeting& greeting, const std::filesystem::path& data, Console& console) {
  const std::string bold = console.colours ? "\x1b[1m" : "", plain = console.colours ? "\x1b[0m" : "";
  auto& out = console.out;
  out << bold << "Yagura is running" << plain << "   (Ctrl-C stops it)\n\n";
  for (const auto& address : greeting.console_addresses) out << "  console   " << address << '\n';
  if (!greeting.first_password.empty())
    out << fmt::format("  sign in   {}admin{} with password {}{}{}   (shown this once; change it after signing in)\n", bold, plain, bold,
                       greeting.first_password, plain);
  for (const auto& source : greeting.sources) out << "  source    " << source << '\n';
  if (!greeting.hec_token.empty()) out << "  HEC token " << greeting.hec_token << "   (shown this once; kept in the keys folder)\n";
  out << fmt::format(
      "\nTry, from another terminal in this folder (the program is {}):\n"
      "  logger --server 127.0.0.1 --port 5514 --tcp --octet-count 'hello from logger'\n"
      "  yagura query \"Syslog | where SyslogMessage has 'hello' | take 10\" --data {}\n"
      "  yagura evidence show ITEM_ID --data {}          # ITEM_ID: column _ItemId of any row\n"
      "  yagura admin tokens add me --role Reader --data {}   # then: curl -H 'Authorization: Bearer …' …/v1/workspaces/default/query\n",
      std::filesystem::read_symlink("/proc/self/exe").string(), data.string(), data.string(), data.string());
  out.flush();
}

// By SIGHUP and by the API: what is wrong is listed, and then nothing changes.
Result<std::vector<std::string>> reload_server(roles::ServerRole& server, const roles::ConfigurationSource& source) {
  const auto next = roles::read_configuration(source);
  if (!next.good()) {
    for (const auto& message : next.errors->messages()) log_error("serve", "{}", message);
    log_error("serve", "nothing was reloaded: {} mistakes in the configuration; the old one stays in force", next.errors->messages().size());
    return std::unexpected(next.errors->to_error());
  }
  auto done = server.reload(next);
  if (!done) log_error("serve", "nothing was reloaded: {}", done.error().message());
  else
    for (const auto& sentence : *done) log_info("serve", "reload: {}", sentence);
  return done;
}

Result<ExitCode> serve(const ServeOptions& options, Console& console) {
  const roles::ConfigurationSource source{options.config, options.data, options.follow_local_logs};
  const auto configuration = roles::read_configuration(source);
  if (!configuration.good()) {
    const auto& messages = configuration.errors->messages();
    console.err << fmt::format("{} mistake{} in the configuration:\n", messages.size(), messages.size() == 1 ? "" : "s");
    for (const auto& message : messages) console.err << "  " << message << '\n';
    return ExitCode::bad_input;
  }
  const auto& settings = configuration.settings;
  if (options.check) {
    console.out << "the configuration is good\n";
    return ExitCode::done;
  }
  set_log(settings.log_level, settings.log_format);

  // Signals come by a descriptor of this thread: every thread that the role starts inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const FileDescriptor incoming(::signalfd(-1, &signals, SFD_CLOEXEC));

  // Columns of a cut and request bodies go back to the system when they are freed, not when malloc's heap happens to end with
  // them; and few arenas, for each keeps its own leftovers. The peak falls by a quarter.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
  auto server = TRY(roles::ServerRole::start(settings, configuration.file));
  const auto reload = [&] { return reload_server(*server, source); };
  server->on_reload_wanted(configuration.values, reload);
  auto greeting = server->greeting();
  TRY(hide_secrets(greeting, settings));
  greet(greeting, settings.data, console);
  ::sd_notify(0, "READY=1");
  while (true) {
    signalfd_siginfo signal{};
    if (::read(incoming.get(), &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo != SIGHUP) break;
    ::sd_notify(0, "RELOADING=1");
    (void)reload();  // the log says what came of it
    ::sd_notify(0, "READY=1");
  }
  ::sd_notify(0, "STOPPING=1");
  console.err << "stopping: storing what was accepted\n";
  server->stop(Deadline::in(30s));
  return ExitCode::done;
}

}  // namespace

void add_serve(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand("serve", "Collect, detect, store; API and web console");
  command->add_option("--config,-c", options->config, "Configuration file (YAML); default: built-in defaults");
  command->add_option("--data", options->data, "Data folder, in place of the configuration's");
  command->add_flag("--check", options->check, "Check the configuration, list all mistakes, and end");
  command->add_flag("--follow-local-logs", options->follow_local_logs, "Also follow this machine's /var/log and journal");
  command->footer("Signals: SIGTERM and SIGINT stop it; SIGHUP reads rules, tables, packs, routes and certificates again,\n"
                  "and says in the log which changed settings wait for a restart.\n"
                  "Examples:\n  yagura serve --data /srv/yagura\n  yagura serve --config /etc/yagura/yagura.yaml --check");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return serve(*options, console); }; });
}

}  // namespace yagura::cli
