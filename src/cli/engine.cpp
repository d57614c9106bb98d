// yagura engine: the embedded store's process. `serve` starts it; by hand only to look into a stopped server's store.
#include "engine/engine_program.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ostream>

#include "cli/command.hpp"

namespace yagura::cli {

namespace {

struct EngineCommandOptions {
  bool options_from_stdin = false;
  std::string data = "data";
  std::string library;
  std::string socket;
};

Result<ExitCode> engine_command(const EngineCommandOptions& options, Console& console) {
  if (options.options_from_stdin) return static_cast<ExitCode>(engine::run_engine_from_stdin());
  engine::EngineOptions engine;
  engine.data = std::filesystem::absolute(std::filesystem::path(options.data) / "store");
  engine.library = options.library;
  engine.unix_socket = options.socket.empty() ? engine.data.parent_path() / "engine.sock" : std::filesystem::path(options.socket);
  console.err << "ClickHouse HTTP on " << engine.unix_socket.string() << "; try: curl --unix-socket " << engine.unix_socket.string()
              << " 'http://localhost/?query=SHOW+DATABASES'\n";
  return static_cast<ExitCode>(engine::run_engine(engine));
}

}  // namespace

void add_engine(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<EngineCommandOptions>();
  auto* command = app.add_subcommand("engine", "The embedded store's process (serve starts it)");
  command->add_flag("--options-from-stdin", options->options_from_stdin, "For serve: options come as a line of JSON");
  command->add_option("--data", options->data, "Data folder of a stopped server")->capture_default_str();
  command->add_option("--library", options->library, "libchdb.so; default: YAGURA_ENGINE_LIBRARY, or beside the program");
  command->add_option("--socket", options->socket, "Unix socket to listen on; default: DATA/engine.sock");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return engine_command(*options, console); }; });
}

}  // namespace yagura::cli
