#include "cluster/backend.hpp"

#include <algorithm>

#include "base/guid.hpp"
#include "cluster/peer.hpp"

namespace yagura::cluster {

namespace {
constexpr std::chrono::milliseconds kAnswer = 5s;
constexpr int kTries = 3;
}  // namespace

Result<forward::ConfigurationView> ClusterBackend::get(forward::ConfigurationScope scope) {
  const auto self = TRY(folder_.host());
  std::vector<PeerOutcome> others;
  if (scope == forward::ConfigurationScope::per_node) others = TRY(exchange_with_all(folder_, Deadline::in(kAnswer)));
  forward::ConfigurationView view{.global = TRY(folder_.global()).first, .digest = {}, .hosts = {}};
  view.digest = view.global.digest();
  if (scope == forward::ConfigurationScope::cluster) return view;
  view.hosts.push_back(forward::describe_host(folder_.files(), view.global, self.name));
  for (auto& other : others) {
    if (other.said)
      view.hosts.push_back(std::move(other.said->report));
    else
      view.hosts.push_back({.host = other.member.name,
                            .configuration = {},
                            .digest = {},
                            .agent_state = "not reached: " + other.said.error().message(),
                            .status_json = {},
                            .reached = false});
  }
  std::ranges::sort(view.hosts, {}, &forward::HostConfiguration::host);
  return view;
}

Result<forward::ChangeResult> ClusterBackend::apply(const forward::ConfigurationChange& change, bool force,
                                                    const forward::Requester& who) {
  const auto& files = folder_.files();
  const std::string command = std::string(cmdlet_of(change.kind)) + (force ? " -Force" : "");
  const std::string detail = change.settings ? to_json(*change.settings) : std::string();
  if (auto right = forward::check_administrator(files.data, who, cmdlet_of(change.kind)); !right) {
    TRY(forward::append_audit(files.audit(), who, command, detail, "refused"));
    return std::unexpected(std::move(right).error());
  }
  auto result = carry_out(change, force, who);
  TRY(forward::append_audit(files.audit(), who, command, detail,
                            !result                  ? "failed: " + result.error().message()
                            : result->action_plan_id ? "done, action plan " + *result->action_plan_id
                                                     : std::string("nothing to do")));
  return result;
}

Result<forward::ChangeResult> ClusterBackend::carry_out(const forward::ConfigurationChange& change, bool force,
                                                        const forward::Requester& who) {
  const auto self = TRY(folder_.host());
  // First what the others know: a change on top of an old generation would lose, or undo theirs.
  for (const auto& other : TRY(exchange_with_all(folder_, Deadline::in(kAnswer))))
    if (!other.said && other.said.error().kind() == ErrorKind::permission_denied) return std::unexpected(other.said.error());
  if (!TRY(folder_.members()).belongs(self.name, self.serial))
    return fail(ErrorKind::permission_denied, "this host ({}) was removed from the cluster; 'yagura forwarder cluster leave' ends its part here", self.name);
  std::optional<std::string> again;
  for (int i = 0;; ++i) {
    auto result = TRY(folder_.change(change, force, who, again));
    if (!result.action_plan_id) return result;
    const auto told = TRY(exchange_with_all(folder_, Deadline::in(kAnswer)));
    const auto now = TRY(folder_.global()).first;
    if (now.generation == result.now.generation && now.digest() != result.now.digest()) {
      // Somebody else made this generation meanwhile, and theirs holds: ours goes on top of it, under the same plan.
      if (i + 1 == kTries)
        return fail(ErrorKind::conflict, "the configuration is being changed on other hosts as well; try again ({} holds now, by {})",
                    to_string(now.state), now.changed_by);
      again = result.action_plan_id;
      continue;
    }
    auto plan = TRY(folder_.plan(*result.action_plan_id));
    bool news = false;
    for (const auto& other : told)
      if (!other.said)
        for (auto& host : plan.hosts)
          if (host.host == other.member.name && !host.steps.empty() && host.steps[0].state == forward::PlanState::Pending) {
            host.steps[0].message = "the host is not reached, and takes it when it is back: " + other.said.error().message();
            news = true;
          }
    if (news) TRY(folder_.take_plan(plan, self.name));
    return result;
  }
}

Result<forward::ActionPlan> ClusterBackend::action_plan(std::string_view id) {
  const auto guid = Guid::parse(id);
  auto known = folder_.plan(id);  // its error says what an id looks like
  if (!guid) return known;
  const std::string name = to_string(*guid);
  const auto ends = [](const forward::ActionPlan& plan) {
    return plan.state() == forward::PlanState::Succeeded || plan.state() == forward::PlanState::Failed;
  };
  if (known && ends(*known)) return known;
  (void)folder_.refresh();  // who may only read sees what is kept
  (void)exchange_with_all(folder_, Deadline::in(kAnswer));
  return folder_.plan(name);
}

Result<std::vector<forward::ActionPlan>> ClusterBackend::action_plans() {
  (void)folder_.refresh();
  (void)exchange_with_all(folder_, Deadline::in(kAnswer));
  return folder_.plans();
}

}  // namespace yagura::cluster
