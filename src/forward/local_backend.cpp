#include <boost/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/file.hpp"
#include "base/guid.hpp"
#include "base/time.hpp"
#include "forward/configuration_backend.hpp"

namespace yagura::forward {

namespace {

// The agent writes its report every ten seconds.
constexpr std::int64_t kReportAge = 60 * kTicksPerSecond;

std::string now_text() { return format_datetime(ReceiveClock::now().time_since_epoch().count()).substr(0, 19) + "Z"; }

void set_state(PlanStep& step, PlanState state, std::string message = {}) {
  if (step.state == state && step.message == message) return;
  if (step.started_at.empty() && state != PlanState::Pending) step.started_at = now_text();
  if (state == PlanState::Succeeded || state == PlanState::Failed) step.ended_at = now_text();
  step.state = state;
  step.message = std::move(message);
}

}  // namespace

std::string this_host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return ::gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

AgentReport read_agent_report(const std::filesystem::path& status_file) {
  AgentReport report;
  auto text = read_file(status_file, 4_MiB);
  if (!text) return report;
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return report;
  const auto& object = value.as_object();
  const auto number = [&](std::string_view key) -> std::int64_t {
    const auto* field = object.if_contains(key);
    return field != nullptr && field->is_int64() ? field->as_int64() : 0;
  };
  const auto words = [&](std::string_view key) -> std::string {
    const auto* field = object.if_contains(key);
    return field != nullptr && field->is_string() ? std::string(field->as_string()) : std::string();
  };
  report.generation = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number("generation")));
  report.digest = words("digest");
  report.error = words("error");
  const auto pid = static_cast<pid_t>(number("pid"));
  const auto at = parse_iso8601(words("writtenAt"));
  const auto age = at ? ReceiveClock::now().time_since_epoch().count() - *at : kReportAge + 1;
  // EPERM: it is there, and another user's.
  report.running = pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM) && age < kReportAge && words("run") != "stopped";
  report.json = std::move(*text);
  while (!report.json.empty() && report.json.back() == '\n') report.json.pop_back();
  return report;
}

Result<ForwarderConfiguration> LocalBackend::global() const {
  auto text = read_file(files_.global(), 1_MiB);
  if (!text && text.error().kind() == ErrorKind::not_found) return ForwarderConfiguration();
  if (!text) return std::unexpected(std::move(text).error());
  return TRY(from_document(*text), "reading {}", files_.global().string());
}

HostConfiguration describe_host(const AgentFiles& files, const ForwarderConfiguration& global, std::string name) {
  HostConfiguration host{.host = std::move(name)};
  const auto report = read_agent_report(files.status());
  host.agent_state = !report.running ? "not running" : report.error.empty() ? "running" : report.error;
  host.status_json = report.json;
  const auto text = read_file(files.local_copy(), 1_MiB);
  if (!text) {
    // Never configured: nothing is what the cluster has, too.
    host.drifted = global.generation != 0;
    if (host.drifted) host.drift = fmt::format("the local copy {} is missing", files.local_copy().string());
    if (!host.drifted) host.configuration = ForwarderConfiguration(), host.digest = host.configuration->digest();
    return host;
  }
  ForwarderConfiguration as_read;
  const auto local = from_document(*text, nullptr, &as_read);
  if (local || as_read.generation != 0) {
    host.configuration = as_read;
    host.digest = as_read.digest();
  }
  host.drifted = !local || host.digest != global.digest();
  if (!local)
    host.drift = local.error().message();
  else if (host.drifted)
    host.drift = fmt::format("the local copy has generation {}, the cluster {}", as_read.generation, global.generation);
  return host;
}

Result<ConfigurationView> LocalBackend::get(ConfigurationScope scope) {
  ConfigurationView view{.global = TRY(global())};
  view.digest = view.global.digest();
  if (scope != ConfigurationScope::cluster) view.hosts.push_back(describe_host(files_, view.global, this_host_name()));
  return view;
}

Result<ChangeResult> LocalBackend::apply(const ConfigurationChange& change, bool force, const Requester& who) {
  const std::string command = std::string(cmdlet_of(change.kind)) + (force ? " -Force" : "");
  const std::string detail = change.settings ? to_json(*change.settings) : std::string();
  if (auto right = check_administrator(files_.data, who, cmdlet_of(change.kind)); !right) {
    TRY(append_audit(files_.audit(), who, command, detail, "refused"));
    return std::unexpected(std::move(right).error());
  }
  auto result = carry_out(change, force, who);
  TRY(append_audit(files_.audit(), who, command, detail,
                   !result                  ? "failed: " + result.error().message()
                   : result->action_plan_id ? "done, action plan " + *result->action_plan_id
                                            : std::string("nothing to do")));
  return result;
}

Result<ChangeResult> LocalBackend::carry_out(const ConfigurationChange& change, bool force, const Requester& who) {
  std::error_code error;
  std::filesystem::create_directories(files_.lock().parent_path(), error);
  if (error) return fail_errno(error.value(), "making the folder " + files_.lock().parent_path().string());
  const FileDescriptor lock = TRY(open_file(files_.lock(), O_RDWR | O_CREAT, 0640));
  if (::flock(lock.get(), LOCK_EX) != 0) return fail_errno(errno, "locking " + files_.lock().string());
  auto transition = TRY(next_configuration(TRY(global()), change, force));
  ChangeResult result{.now = transition.next};
  if (!transition.plan_needed) return result;
  auto& next = transition.next;
  next.changed_at = now_text();
  next.changed_by = who.name;
  ActionPlan plan{.id = to_string(Guid::random()),
                  .command = std::string(cmdlet_of(change.kind)),
                  .requested_by = who.name,
                  .created_at = next.changed_at,
                  .generation = next.generation,
                  .digest = next.digest()};
  plan.hosts.push_back(plan_host(this_host_name()));
  // The plan first: whatever happens between here and the end, somebody can find it and go on.
  TRY(plans_.save(plan));
  TRY(write_file_atomically(files_.global(), to_document(next)));
  set_state(plan.hosts[0].steps[0], PlanState::Running);
  auto written = write_file_atomically(files_.local_copy(), to_document(next));
  if (written)
    set_state(plan.hosts[0].steps[0], PlanState::Succeeded);
  else
    set_state(plan.hosts[0].steps[0], PlanState::Failed, written.error().message());
  TRY(refresh(plan));
  TRY(plans_.save(plan));
  result.now = next;
  result.action_plan_id = plan.id;
  return result;
}

PlanHost plan_host(std::string name) {
  return {.host = std::move(name), .steps = {{.name = "write the local copy"}, {.name = "the agent uses it"}}};
}

void refresh_plan_host(const AgentFiles& files, const ForwarderConfiguration& global, std::string_view document,
                       const ActionPlan& plan, PlanHost& host) {
  if (host.steps.size() != 2) return;
  auto &write = host.steps[0], &use = host.steps[1];
  if (use.state == PlanState::Succeeded) return;
  if (global.generation == plan.generation && global.digest() != plan.digest) {
    // Two hosts of a cluster that could not see one another took a change each: one of them holds.
    for (auto* step : {&write, &use})
      if (step->state != PlanState::Succeeded)
        set_state(*step, PlanState::Failed,
                  fmt::format("another change was made meanwhile, and holds: {} at {}, by {}", to_string(global.state),
                              global.changed_at, global.changed_by));
    return;
  }
  if (write.state != PlanState::Succeeded && write.state != PlanState::Failed &&
      global.generation == plan.generation) {
    set_state(write, PlanState::Running);
    auto written = write_file_atomically(files.local_copy(), document);
    if (written)
      set_state(write, PlanState::Succeeded);
    else
      set_state(write, PlanState::Failed, written.error().message());
  }
  if (write.state != PlanState::Succeeded && global.generation > plan.generation)
    set_state(write, PlanState::Succeeded, "a later change was carried instead");
  if (write.state != PlanState::Succeeded) return;
  const auto report = read_agent_report(files.status());
  if (report.generation >= plan.generation && report.error.empty() && !report.digest.empty())
    set_state(use, PlanState::Succeeded, report.generation > plan.generation ? "a later change is in use" : "");
  else if (!report.running)
    set_state(use, PlanState::Pending, "the agent is not running; it takes the configuration when it starts");
  else if (!report.error.empty())
    set_state(use, PlanState::Running, report.error);
  else
    set_state(use, PlanState::Running, fmt::format("the agent still uses generation {}", report.generation));
}

// Where this host stands now: from its local copy and from what its agent says.
Result<> LocalBackend::refresh(ActionPlan& plan) const {
  const auto now = TRY(global());
  for (auto& host : plan.hosts) refresh_plan_host(files_, now, to_document(now), plan, host);
  return {};
}

Result<ActionPlan> LocalBackend::action_plan(std::string_view id) {
  auto plan = TRY(plans_.load(id));
  const std::string before = plan.to_json();
  TRY(refresh(plan));
  // Who may only read sees the same, and keeps nothing.
  if (plan.to_json() != before) (void)plans_.save(plan);
  return plan;
}

Result<std::vector<ActionPlan>> LocalBackend::action_plans() {
  auto plans = TRY(plans_.list());
  for (auto& plan : plans)
    if (plan.state() != PlanState::Succeeded) TRY(refresh(plan));
  return plans;
}

}  // namespace yagura::forward
