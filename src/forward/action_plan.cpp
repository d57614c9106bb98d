#include "forward/action_plan.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/file.hpp"
#include "base/guid.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::forward {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostPlans = 1000;

Result<PlanState> plan_state_of(std::string_view word) {
  for (const auto state : {PlanState::Pending, PlanState::Running, PlanState::Succeeded, PlanState::Failed})
    if (to_string(state) == word) return state;
  return fail(ErrorKind::corrupt, "an action plan with the unknown state '{}'", utf8::repaired(word));
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* field = object.if_contains(key);
  return field != nullptr && field->is_string() ? std::string(field->as_string()) : std::string();
}

}  // namespace

std::string_view to_string(PlanState state) {
  switch (state) {
    case PlanState::Pending: return "Pending";
    case PlanState::Running: return "Running";
    case PlanState::Succeeded: return "Succeeded";
    case PlanState::Failed: return "Failed";
  }
  return "";
}

PlanState PlanHost::state() const {
  bool begun = false;
  for (const auto& step : steps) {
    if (step.state == PlanState::Failed || step.state == PlanState::Running) return step.state;
    if (step.state == PlanState::Pending) return begun ? PlanState::Running : PlanState::Pending;
    begun = true;
  }
  return PlanState::Succeeded;
}

PlanState ActionPlan::state() const {
  bool all = true, begun = false;
  for (const auto& host : hosts) {
    const auto state = host.state();
    if (state == PlanState::Failed) return state;
    all = all && state == PlanState::Succeeded;
    begun = begun || state != PlanState::Pending;
  }
  return all ? PlanState::Succeeded : begun ? PlanState::Running : PlanState::Pending;
}

std::string ActionPlan::to_json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("id").text(id).key("command").text(command).key("state").text(to_string(state()));
  json.key("requestedBy").text(requested_by).key("createdAt").text(created_at);
  json.key("generation").number(generation).key("digest").text(digest);
  json.key("hosts").begin_array();
  for (const auto& host : hosts) {
    json.begin_object()
        .key("host")
        .text(host.host)
        .key("state")
        .text(to_string(host.state()))
        .key("steps")
        .begin_array();
    for (const auto& step : host.steps)
      json.begin_object()
          .key("name")
          .text(step.name)
          .key("state")
          .text(to_string(step.state))
          .key("startedAt")
          .text(step.started_at)
          .key("endedAt")
          .text(step.ended_at)
          .key("message")
          .text(step.message)
          .end_object();
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return out;
}

Result<ActionPlan> ActionPlan::from_json(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::corrupt, "the action plan is not a JSON object");
  const auto& object = value.as_object();
  ActionPlan plan{.id = text_of(object, "id"),
                  .command = text_of(object, "command"),
                  .requested_by = text_of(object, "requestedBy"),
                  .created_at = text_of(object, "createdAt"),
                  .digest = text_of(object, "digest")};
  if (const auto* generation = object.if_contains("generation"); generation != nullptr && generation->is_int64())
    plan.generation = static_cast<std::uint64_t>(std::max<std::int64_t>(0, generation->as_int64()));
  const auto* hosts = object.if_contains("hosts");
  if (plan.id.empty() || hosts == nullptr || !hosts->is_array())
    return fail(ErrorKind::corrupt, "the action plan has no id or no hosts");
  for (const auto& one : hosts->as_array()) {
    if (!one.is_object()) return fail(ErrorKind::corrupt, "the action plan has a host that is no object");
    PlanHost host{.host = text_of(one.as_object(), "host")};
    if (const auto* steps = one.as_object().if_contains("steps"); steps != nullptr && steps->is_array())
      for (const auto& step : steps->as_array()) {
        if (!step.is_object()) return fail(ErrorKind::corrupt, "the action plan has a step that is no object");
        const auto& s = step.as_object();
        host.steps.push_back({.name = text_of(s, "name"),
                              .state = TRY(plan_state_of(text_of(s, "state"))),
                              .started_at = text_of(s, "startedAt"),
                              .ended_at = text_of(s, "endedAt"),
                              .message = text_of(s, "message")});
      }
    plan.hosts.push_back(std::move(host));
  }
  return plan;
}

Result<> ActionPlanStore::save(const ActionPlan& plan) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail_errno(error.value(), "making the folder " + folder_.string());
  TRY(write_file_atomically(folder_ / (plan.id + ".json"), plan.to_json() + "\n"));
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (std::error_code gone; at->path().extension() == ".json")
      files.emplace_back(at->last_write_time(gone), at->path());
  if (files.size() > kMostPlans) {
    std::ranges::sort(files);
    for (std::size_t i = 0; i + kMostPlans < files.size(); ++i) fs::remove(files[i].second, error);
  }
  return {};
}

Result<ActionPlan> ActionPlanStore::load(std::string_view id) const {
  // The id becomes a file's name: nothing but a UUID may.
  const auto guid = Guid::parse(trim(id));
  if (!guid)
    return fail(ErrorKind::invalid_input,
                "'{}' is no action plan instance id; a UUID is expected, as Set-AzSSyslogForwarder returns it", id);
  auto text = read_file(folder_ / (to_string(*guid) + ".json"), 16_MiB);
  if (!text && text.error().kind() == ErrorKind::not_found)
    return fail(ErrorKind::not_found,
                "there is no action plan {} on this host; 'yagura actionplan list' shows those that are",
                to_string(*guid));
  if (!text) return std::unexpected(std::move(text).error());
  return ActionPlan::from_json(*text);
}

Result<std::vector<ActionPlan>> ActionPlanStore::list() const {
  std::vector<ActionPlan> plans;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    const auto text = read_file(at->path(), 16_MiB);
    if (!text) continue;  // taken away meanwhile
    plans.push_back(TRY(ActionPlan::from_json(*text), "reading {}", at->path().string()));
  }
  std::ranges::sort(
      plans, [](const auto& a, const auto& b) { return std::tie(b.created_at, b.id) < std::tie(a.created_at, a.id); });
  return plans;
}

}  // namespace yagura::forward
