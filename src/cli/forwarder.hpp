// What the forwarder's commands share with the cmdlet names in run.cpp.
#pragma once
#include "cli/command.hpp"
#include "forward/cmdlet.hpp"

namespace yagura::cli {

// A cmdlet's name and its arguments in PowerShell's spelling.
Result<ExitCode> run_cmdlet_line(forward::Cmdlet cmdlet, std::span<const std::string> arguments, Console& console);
// Parsed, by whichever spelling.
Result<ExitCode> run_cmdlet(const forward::CmdletCall& call, Console& console);

// This host's configuration: the cluster's when there is one.
std::unique_ptr<forward::ConfigurationBackend> open_configuration(const std::filesystem::path& data);
// yagura forwarder verify.
void add_forwarder_verify(CLI::App& group, Action& chosen);
// `yagura forwarder cluster`: cli/forwarder_cluster.cpp.
void add_forwarder_cluster(CLI::App& forwarder, Action& chosen);
void print_plan(const forward::ActionPlan& plan, Console& console);

}  // namespace yagura::cli
