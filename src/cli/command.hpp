// What every subcommand shares: where it writes, how it ends, and how main() learns of it.
//
// A subcommand is one file: its options, its action, and add_<name>(app, chosen) named in cli/main.cpp's table. Data goes to
// console.out, notes and progress to console.err, so that output can be piped.
#pragma once
#include <CLI/CLI.hpp>

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::cli {

enum class ExitCode : int {
  done = 0,
  findings = 1,     // it worked and found something: a match, a fault in evidence, a failed check
  bad_input = 2,    // options, files or queries are wrong
  failed = 3,       // could not be done: no server, no space, no permission
};

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colours = false;   // a terminal, and NO_COLOR is not set
};

// Runs when the subcommand was chosen. An Error is printed as "error: ..." and ends with code_of(error).
using Action = std::function<Result<ExitCode>(Console&)>;

ExitCode code_of(const Error& error);

// Everything of a program but the process: tests call it with string streams.
int run(int argc, const char* const* argv, Console& console);

void add_serve(CLI::App& app, Action& chosen);
void add_engine(CLI::App& app, Action& chosen);
void add_query(CLI::App& app, Action& chosen);
void add_kql(CLI::App& app, Action& chosen);
void add_functions(CLI::App& app, Action& chosen);
void add_watchlists(CLI::App& app, Action& chosen);
void add_evidence(CLI::App& app, Action& chosen);
void add_rules(CLI::App& app, Action& chosen);
void add_hunt(CLI::App& app, Action& chosen);
void add_dump(CLI::App& app, Action& chosen);
void add_admin(CLI::App& app, Action& chosen);
void add_agent(CLI::App& app, Action& chosen);
void add_forwarder(CLI::App& app, Action& chosen);
void add_cert(CLI::App& app, Action& chosen);
void add_actionplan(CLI::App& app, Action& chosen);
void add_siem_agent(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_support(CLI::App& app, Action& chosen);
void add_transform(CLI::App& app, Action& chosen);
void add_connect(CLI::App& app, Action& chosen);

}  // namespace yagura::cli
