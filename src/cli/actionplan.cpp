// yagura actionplan get | list: how far a change of the forwarder's configuration has come on each host.
#include <ostream>
#include <thread>

#include "base/json_writer.hpp"
#include "cli/forwarder.hpp"
#include "cluster/host_folder.hpp"

namespace yagura::cli {

namespace {

struct PlanOptions {
  std::string id;
  std::optional<std::filesystem::path> data;
  bool json = false;
  int wait = 0;
};

Result<ExitCode> get(const PlanOptions& options, Console& console) {
  const cluster::ActingAsOwner acting(options.data.value_or(forward::default_agent_folder()));
  const auto backend = open_configuration(options.data.value_or(forward::default_agent_folder()));
  const auto deadline = Deadline::in(std::chrono::seconds(options.wait));
  auto plan = TRY(backend->action_plan(options.id));
  const auto ended = [&] {
    return plan.state() == forward::PlanState::Succeeded || plan.state() == forward::PlanState::Failed;
  };
  while (!ended() && !deadline.passed()) {
    std::this_thread::sleep_for(std::min(std::chrono::milliseconds(1000), deadline.left()));
    plan = TRY(backend->action_plan(options.id));
  }
  if (options.json)
    console.out << plan.to_json() << '\n';
  else
    print_plan(plan, console);
  return plan.state() == forward::PlanState::Failed ? ExitCode::findings : ExitCode::done;
}

Result<ExitCode> list(const PlanOptions& options, Console& console) {
  const cluster::ActingAsOwner acting(options.data.value_or(forward::default_agent_folder()));
  const auto plans = TRY(open_configuration(options.data.value_or(forward::default_agent_folder()))->action_plans());
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& plan : plans) json.raw(plan.to_json());
    json.end_array();
    console.out << out << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format("{:36}  {:10}  {:20}  {:>10}  {}\n", "ID", "STATE", "CREATED", "GENERATION", "COMMAND");
  for (const auto& plan : plans)
    console.out << fmt::format("{:36}  {:10}  {:20}  {:>10}  {}\n", plan.id, to_string(plan.state()), plan.created_at,
                               plan.generation, plan.command);
  return ExitCode::done;
}

}  // namespace

void print_plan(const forward::ActionPlan& plan, Console& console) {
  console.out << fmt::format(
      "Action plan {}\n  command     {}\n  state       {}\n  requested   {} by {}\n  generation  {}\n  digest      "
      "{}\n",
      plan.id, plan.command, to_string(plan.state()), plan.created_at, plan.requested_by, plan.generation, plan.digest);
  for (const auto& host : plan.hosts) {
    console.out << fmt::format("  host {}: {}\n", host.host, to_string(host.state()));
    for (const auto& step : host.steps)
      console.out << fmt::format("    {:10} {:24} {:20} {:20} {}\n", to_string(step.state), step.name, step.started_at,
                                 step.ended_at, step.message);
  }
}

void add_actionplan(CLI::App& app, Action& chosen) {
  auto* group = app.add_subcommand("actionplan", "How far a change of the forwarder's configuration has come");
  group->require_subcommand(1);
  group->footer("Example:\n  yagura actionplan get 5f0c6a9e-2b7e-4d0b-9f5e-0d1c2b3a4f5e --wait 60");
  const auto options = std::make_shared<PlanOptions>();
  const auto add = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", options->data,
                        "The agent's data folder (default: $YAGURA_AGENT_DATA, else /var/lib/yagura-agent)");
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  auto* one = add("get", "One plan: hosts, steps, states, times, errors", get);
  one->add_option("id", options->id, "The action plan instance id, as Set-AzSSyslogForwarder returns it")->required();
  one->add_option("--wait", options->wait, "Wait up to so many seconds for its end")->check(CLI::Range(0, 3600));
  add("list", "All plans that are kept, newest first", list);
}

}  // namespace yagura::cli
