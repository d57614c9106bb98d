#include "cluster/members.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <tuple>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::cluster {

namespace {

constexpr std::size_t kMostKept = 256;

std::string text_of(const boost::json::object& object, std::string_view key, std::size_t most) {
  const auto* field = object.if_contains(key);
  return field != nullptr && field->is_string() ? std::string(std::string_view(field->get_string()).substr(0, most))
                                                : std::string();
}

// How far a step has come: a repair (Succeeded after Failed) counts as further.
int rank(forward::PlanState state) {
  switch (state) {
    case forward::PlanState::Pending: return 0;
    case forward::PlanState::Running: return 1;
    case forward::PlanState::Failed: return 2;
    case forward::PlanState::Succeeded: return 3;
  }
  return 0;
}

auto order_of(const forward::PlanStep& step) {
  return std::tuple(rank(step.state), std::string_view(step.started_at), std::string_view(step.ended_at),
                    std::string_view(step.message));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  Endpoint out;
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_uint64(text.substr(colon + 1));
  if (port && *port > 0 && *port <= 65'535) {
    out.port = static_cast<std::uint16_t>(*port);
    auto host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
      host = {};
    out.host = host;
  }
  const bool good = !out.host.empty() && out.host.size() <= 253 && std::ranges::all_of(out.host, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
  });
  if (!good)
    return fail(ErrorKind::invalid_input, "'{}' is no address: expected HOST:PORT, such as 192.0.2.7:6444 or [2001:db8::1]:6444",
                utf8::repaired(text.substr(0, 200)));
  return out;
}

std::string to_text(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", endpoint.host, is_v6 ? "]" : "", endpoint.port);
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool Members::merge(const std::vector<Member>& others) {
  bool news = false;
  for (const auto& other : others) {
    const auto at = std::ranges::lower_bound(members_, other.serial, {}, &Member::serial);
    if (at == members_.end() || at->serial != other.serial) {
      members_.insert(at, other);
      news = true;
    } else if (!other.removed_at.empty() && (at->removed_at.empty() || other.removed_at < at->removed_at)) {
      at->removed_at = other.removed_at;  // the earliest word: all end with the same
      news = true;
    }
  }
  while (members_.size() > kMostKept) {
    const auto oldest = std::ranges::min_element(members_, {}, [](const Member& one) {
      return std::tuple(one.removed_at.empty(), std::string_view(one.removed_at), std::string_view(one.serial));
    });
    members_.erase(oldest);
  }
  return news;
}

std::vector<Member> Members::living() const {
  std::vector<Member> out;
  for (const auto& member : members_)
    if (member.removed_at.empty()) out.push_back(member);
  std::ranges::sort(out, {}, &Member::name);
  return out;
}

const Member* Members::living(std::string_view name) const {
  for (const auto& member : members_)
    if (member.removed_at.empty() && member.name == name) return &member;
  return nullptr;
}

bool Members::belongs(std::string_view name, std::string_view serial) const {
  return std::ranges::any_of(members_, [&](const Member& member) {
    return member.removed_at.empty() && member.name == name && member.serial == serial;
  });
}

std::string Members::to_json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& member : members_) {
    json.begin_object().key("name").text(member.name).key("address").text(to_text(member.address));
    json.key("serial").text(member.serial).key("joinedAt").text(member.joined_at);
    json.key("removedAt").text(member.removed_at).end_object();
  }
  json.end_array();
  return out;
}

Result<Members> Members::from_json(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_array() || value.get_array().size() > kMostKept)
    return fail(ErrorKind::corrupt, "the list of the cluster's hosts is no JSON array, or too long");
  std::vector<Member> found;
  for (const auto& one : value.get_array()) {
    if (!one.is_object()) return fail(ErrorKind::corrupt, "the list of the cluster's hosts has an entry that is no object");
    const auto& object = one.get_object();
    Member member{.name = text_of(object, "name", 64),
                  .address = TRY(parse_endpoint(text_of(object, "address", 300))),
                  .serial = text_of(object, "serial", 64),
                  .joined_at = text_of(object, "joinedAt", 40),
                  .removed_at = text_of(object, "removedAt", 40)};
    // Times are compared as text: nothing else may stand there.
    const bool good_times = parse_iso8601(member.joined_at) && (member.removed_at.empty() || parse_iso8601(member.removed_at));
    if (!good_times) return fail(ErrorKind::corrupt, "the list of the cluster's hosts has an entry with a time that is none");
    if (!good_name(member.name) || !good_name(member.serial))
      return fail(ErrorKind::corrupt, "the list of the cluster's hosts has an entry without a name or serial number");
    found.push_back(std::move(member));
  }
  Members out;
  out.merge(found);
  return out;
}

bool outranks(const forward::ForwarderConfiguration& a, const forward::ForwarderConfiguration& b) {
  if (a.generation != b.generation) return a.generation > b.generation;
  if (a.generation == 0) return false;  // never configured: there is nothing to take
  if (a.changed_at != b.changed_at) return a.changed_at > b.changed_at;
  return a.digest() > b.digest();
}

forward::ActionPlan merge(const forward::ActionPlan& mine, const forward::ActionPlan& theirs, std::string_view self,
                          std::string_view from) {
  if (theirs.generation != mine.generation) return theirs.generation > mine.generation ? theirs : mine;
  auto out = mine;
  for (auto& host : out.hosts) {
    if (host.host == self) continue;
    const auto other = std::ranges::find(theirs.hosts, host.host, &forward::PlanHost::host);
    if (other == theirs.hosts.end() || other->steps.size() != host.steps.size()) continue;
    for (std::size_t i = 0; i < host.steps.size(); ++i)
      if (host.host == from || order_of(other->steps[i]) > order_of(host.steps[i])) host.steps[i] = other->steps[i];
  }
  return out;
}

}  // namespace yagura::cluster
