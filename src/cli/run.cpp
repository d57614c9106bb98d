#include "cli/command.hpp"

#include <array>
#include <ostream>
#include <sstream>

#include "base/version.hpp"
#include "cli/forwarder.hpp"

namespace yagura::cli {

namespace {

// The table of subcommands, in the order of --help.
constexpr std::array kCommands{&add_serve, &add_query, &add_kql, &add_functions, &add_watchlists, &add_evidence, &add_rules, &add_hunt, &add_dump, &add_admin, &add_agent, &add_forwarder, &add_cert, &add_actionplan, &add_siem_agent, &add_explain, &add_support, &add_connect, &add_transform, &add_engine};

}  // namespace

ExitCode code_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::invalid_input:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::not_supported: return ExitCode::bad_input;
    default: return ExitCode::failed;
  }
}

int run(int argc, const char* const* argv, Console& console) {
  const auto end = [&](const Result<ExitCode>& result) {
    if (result) return static_cast<int>(*result);
    console.err << (console.colours ? "\x1b[31merror:\x1b[0m " : "error: ") << result.error().message() << '\n';
    return static_cast<int>(code_of(result.error()));
  };
  // The forwarder's cmdlets spell their parameters as PowerShell does, which CLI11 knows nothing of.
  if (const auto cmdlet = argc > 1 ? forward::cmdlet_named(argv[1]) : std::nullopt)
    return end(run_cmdlet_line(*cmdlet, std::vector<std::string>(argv + 2, argv + argc), console));
  CLI::App app("Yagura: collect, keep, detect, search. A SIEM in one program.", "yagura");
  app.set_version_flag("--version", std::string("yagura ") + std::string(kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer("Exit codes: 0 done, 1 something was found, 2 bad input, 3 could not be done.\n"
             "Help for one command: yagura COMMAND --help");
  Action chosen;
  for (const auto add : kCommands) add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, console.out, console.err);
    return code == 0 ? 0 : static_cast<int>(ExitCode::bad_input);
  }
  if (!chosen) {  // a group such as `evidence` without its own subcommand
    console.err << app.help();
    return static_cast<int>(ExitCode::bad_input);
  }
  return end(chosen(console));
}

}  // namespace yagura::cli
