// HostFolder: configurations and plans, by commands here and by what other hosts say.
#include <boost/json.hpp>

#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cluster/host_folder.hpp"

namespace yagura::cluster {

namespace {

constexpr std::size_t kPlansTold = 16, kMostText = 256 << 10;

std::string now_text() { return format_datetime(ReceiveClock::now().time_since_epoch().count()).substr(0, 19) + "Z"; }

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* field = object.if_contains(key);
  return field != nullptr && field->is_string() && field->get_string().size() <= kMostText
             ? std::string(std::string_view(field->get_string()))
             : std::string();
}

bool ended(const forward::ActionPlan& plan) {
  return std::ranges::all_of(plan.hosts, [](const auto& host) {
    return host.state() == forward::PlanState::Succeeded || host.state() == forward::PlanState::Failed;
  });
}

}  // namespace

std::string to_json(const Summary& summary) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").text(summary.name).key("members").text(summary.members.to_json());
  json.key("document").text(summary.document).key("copy").text(summary.copy);
  const auto& report = summary.report;
  json.key("digest").text(report.digest).key("drifted").boolean(report.drifted).key("drift").text(report.drift);
  json.key("agent").text(report.agent_state).key("status").text(report.status_json);
  json.key("plans").begin_array();
  for (const auto& plan : summary.plans)
    json.begin_object().key("id").text(plan.id).key("hash").text(plan.hash).end_object();
  json.end_array().end_object();
  return out;
}

Result<Summary> summary_from_json(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::invalid_input, "what the other host says of itself is no JSON object");
  const auto& object = value.get_object();
  Summary out{.name = text_of(object, "name"),
              .members = TRY(Members::from_json(text_of(object, "members"))),
              .document = text_of(object, "document"),
              .report = {.host = text_of(object, "name"),
                         .configuration = {},
                         .digest = text_of(object, "digest"),
                         .drifted = object.contains("drifted") && object.at("drifted") == boost::json::value(true),
                         .drift = text_of(object, "drift"),
                         .agent_state = text_of(object, "agent"),
                         .status_json = text_of(object, "status")},
              .copy = text_of(object, "copy"),
              .plans = {}};
  if (!good_name(out.name)) return fail(ErrorKind::invalid_input, "the other host does not say its name");
  // It becomes part of our own output: nothing but JSON may.
  (void)boost::json::parse(out.report.status_json, error);
  if (error) out.report.status_json.clear();
  forward::ForwarderConfiguration as_read;
  const auto copy = forward::from_document(out.copy, nullptr, &as_read);
  if (copy || as_read.generation != 0) out.report.configuration = as_read;
  if (out.copy.empty() && !out.report.drifted) out.report.configuration = forward::ForwarderConfiguration();
  if (const auto* plans = object.if_contains("plans"); plans != nullptr && plans->is_array())
    for (const auto& one : plans->get_array())
      if (one.is_object() && out.plans.size() < kPlansTold)
        out.plans.push_back({text_of(one.get_object(), "id"), text_of(one.get_object(), "hash")});
  return out;
}

Result<Summary> HostFolder::summary() const {
  const auto self = TRY(host());
  const auto [configuration, document] = TRY(global());
  Summary out{.name = self.name,
              .members = TRY(members()),
              .document = configuration.generation == 0 ? std::string() : document,
              .report = forward::describe_host(files_, configuration, self.name),
              .copy = read_file(files_.local_copy(), Bytes(kMostText)).value_or(""),
              .plans = {}};
  for (const auto& plan : TRY(plans())) {
    if (out.plans.size() == kPlansTold) break;
    out.plans.push_back({plan.id, to_hex(as_text(sha256(plan.to_json()))).substr(0, 32)});
  }
  return out;
}

Result<> HostFolder::take(const Summary& theirs) {
  const auto held = TRY(lock());
  if (!joined()) return fail(ErrorKind::not_found, "this host belongs to no cluster any more");
  auto known = TRY(members());
  if (known.merge(theirs.members.all())) TRY(set_members(known));
  if (theirs.document.empty()) return {};
  const auto next = TRY(read(theirs.document), "taking the configuration of {}", theirs.name);
  const auto now = TRY(global()).first;
  if (!outranks(next, now)) return {};
  TRY(write_file_atomically(files_.global(), theirs.document));
  const auto written = write_file_atomically(files_.local_copy(), theirs.document);
  log_info("cluster", "generation {} ({}) taken from {}", next.generation, to_string(next.state), theirs.name);
  return audit(next.changed_by, fmt::format("generation {}: {}", next.generation, to_string(next.state)),
               next.settings ? to_json(*next.settings) : std::string(),
               written ? "applied, from " + theirs.name : "failed: " + written.error().message());
}

Result<forward::ActionPlan> HostFolder::plan(std::string_view id) const { return plans_.load(id); }

Result<std::vector<forward::ActionPlan>> HostFolder::plans() const {
  auto plans = TRY(plans_.list());
  return plans;
}

// The lock is held.
Result<forward::ActionPlan> HostFolder::keep_plan(forward::ActionPlan plan) const {
  const auto self = TRY(host());
  const auto [configuration, document] = TRY(global());
  const auto known = TRY(members());
  for (auto& host : plan.hosts) {
    if (host.host == self.name) forward::refresh_plan_host(files_, configuration, document, plan, host);
    if (host.host == self.name || known.living(host.host) != nullptr) continue;
    for (auto& step : host.steps)
      if (step.state == forward::PlanState::Pending || step.state == forward::PlanState::Running) {
        step.state = forward::PlanState::Failed;
        step.message = "the host does not belong to the cluster any more";
      }
  }
  auto kept = plans_.load(plan.id);
  if (!kept || kept->to_json() != plan.to_json()) TRY(plans_.save(plan));
  return plan;
}

Result<forward::ActionPlan> HostFolder::take_plan(const forward::ActionPlan& theirs, std::string_view from) {
  const auto id = Guid::parse(theirs.id);
  if (!id || to_string(*id) != theirs.id || theirs.hosts.size() > kMostMembers)
    return fail(ErrorKind::invalid_input, "an action plan has a UUID and at most {} hosts", kMostMembers);
  const auto held = TRY(lock());
  const auto self = TRY(host());
  const auto mine = plans_.load(theirs.id);
  if (!mine && mine.error().kind() != ErrorKind::not_found) return std::unexpected(mine.error());
  return keep_plan(mine ? merge(*mine, theirs, self.name, from) : theirs);
}

Result<> HostFolder::refresh() {
  const auto held = TRY(lock());
  const auto [configuration, document] = TRY(global());
  if (const auto text = read_file(files_.local_copy(), 1_MiB)) {
    // Old, yet as it was written: the host was stopped between the two files. What was edited is left for -Force.
    const auto copy = forward::from_document(*text);
    if (copy && copy->generation < configuration.generation) TRY(write_file_atomically(files_.local_copy(), document));
  }
  std::size_t looked = 0;
  for (auto& plan : TRY(plans_.list())) {
    if (++looked > kPlansTold) break;
    if (!ended(plan)) TRY(keep_plan(std::move(plan)));
  }
  return {};
}

Result<forward::ChangeResult> HostFolder::change(const forward::ConfigurationChange& change, bool force,
                                                 const forward::Requester& who, const std::optional<std::string>& again) {
  const auto held = TRY(lock());
  const auto self = TRY(host());
  auto transition = TRY(forward::next_configuration(TRY(global()).first, change, force || again));
  forward::ChangeResult result{.action_plan_id = {}, .now = transition.next};
  if (!transition.plan_needed) return result;
  auto& next = transition.next;
  next.changed_at = now_text();
  next.changed_by = fmt::format("{} at {}", who.name, self.name);
  forward::ActionPlan plan{.id = again ? *again : to_string(Guid::random()),
                           .command = std::string(cmdlet_of(change.kind)),
                           .requested_by = next.changed_by,
                           .created_at = next.changed_at,
                           .generation = next.generation,
                           .digest = next.digest(),
                           .hosts = {}};
  for (const auto& member : TRY(members()).living()) plan.hosts.push_back(forward::plan_host(member.name));
  const auto keys = signer();
  const auto document = forward::to_document(next, &keys);
  TRY(read(document), "signing the configuration");
  // The plan first: whatever happens between here and the end, somebody can find it and go on.
  TRY(plans_.save(plan));
  TRY(write_file_atomically(files_.global(), document));
  TRY(keep_plan(plan));
  result.now = next;
  result.action_plan_id = plan.id;
  return result;
}

}  // namespace yagura::cluster
