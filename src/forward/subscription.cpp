#include "forward/subscription.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "formats/fields.hpp"
#include "formats/registry.hpp"
#include "formats/syslog.hpp"
#include "forward/encode.hpp"
#include "forward/profile.hpp"

namespace yagura::forward {

using event::Record;
using formats::WindowsEventView;
using formats::WindowsSystem;

namespace {

constexpr std::string_view kSeverity = "severity", kNotSubscribed = "not-subscribed";
constexpr std::uint64_t kMostListedIds = 64;  // of one query; wider ones are asked every time

// A query's place in a list of queries: which channel, by which event ids.
struct Candidate {
  std::uint32_t query;
  const formats::XPathFilter* filter;
};

// Which of a list's queries choose an event, quickly: by channel, then by event id.
class Index {
 public:
  explicit Index(const std::vector<ProfileQuery>& queries) : queries_(queries) {
    for (std::uint32_t i = 0; i < queries.size(); ++i)
      for (const auto& one : queries[i].select) {
        auto& channel = channels_[to_lower_ascii(one.channel)];
        const Candidate candidate{i, &one.filter};
        const auto ids = one.filter.event_ids();
        std::uint64_t count = 0;
        if (ids)
          for (const auto& [first, last] : *ids) {
            const auto width = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
            count += width >= kMostListedIds ? kMostListedIds + 1 : width + 1;
          }
        if (!ids || count > kMostListedIds) {
          channel.always.push_back(candidate);
          continue;
        }
        for (const auto& [first, last] : *ids)
          for (std::int64_t id = first; id <= last; ++id) channel.by_id[id].push_back(candidate);
      }
  }

  // The first query that has the event; nullptr when none has.
  const ProfileQuery* find(const WindowsEventView& event, EventTime now) const {
    if (channels_.empty()) return nullptr;
    const auto channel = channels_.find(to_lower_ascii(event.text(WindowsSystem::channel)));
    if (channel == channels_.end()) return nullptr;
    std::uint32_t best = static_cast<std::uint32_t>(-1);
    const auto look = [&](const std::vector<Candidate>& candidates) {
      for (const auto& one : candidates) {
        if (one.query >= best || !one.filter->matches(event, now)) continue;
        const auto& suppress = queries_[one.query].suppress;
        if (std::ranges::any_of(suppress, [&](const formats::ChannelQuery& query) {
              return formats::is_channel(query.channel, event) && query.filter.matches(event, now);
            }))
          continue;
        best = one.query;
      }
    };
    if (const auto listed = channel->second.by_id.find(event.number(WindowsSystem::event_id, -1));
        listed != channel->second.by_id.end())
      look(listed->second);
    look(channel->second.always);
    return best == static_cast<std::uint32_t>(-1) ? nullptr : &queries_[best];
  }

 private:
  struct Channel {
    std::unordered_map<std::int64_t, std::vector<Candidate>> by_id;
    std::vector<Candidate> always;
  };
  const std::vector<ProfileQuery>& queries_;
  std::unordered_map<std::string, Channel> channels_;
};

bool chooses(const ProfileSelector& selector, const Record& record) {
  namespace field = formats::field;
  if (!selector.formats.empty()) {
    const std::string_view format = record.header().format;
    const bool is_syslog = format == "rfc3164" || format == "rfc5424" || format == "text";
    if (std::ranges::none_of(selector.formats,
                             [&](const std::string& one) { return one == format || (one == "syslog" && is_syslog); }))
      return false;
  }
  const auto holds = [&](const std::vector<std::string>& words, std::string_view text) {
    return words.empty() ||
           std::ranges::any_of(words, [&](const std::string& one) { return equal_ignoring_ascii_case(one, text); });
  };
  if (!holds(selector.facilities, record.text(field::facility)) || !holds(selector.apps, record.text(field::app_name)))
    return false;
  return !selector.severity || priority_of(record).severity <= *selector.severity;
}

// Default: warning and worse, and what says no level (0).
bool passes_default(const Record& record, const WindowsEventView* event) {
  if (event != nullptr) {
    const auto level = event->number(WindowsSystem::level, 0);
    return level >= 0 && level <= 3;
  }
  const auto severity = formats::severity_number(record.text(formats::field::severity));
  return !severity || *severity <= 4;
}

}  // namespace

std::string_view to_string(OutputSeverity severity) {
  return severity == OutputSeverity::Default ? "Default" : "Verbose";
}

Result<OutputSeverity> parse_output_severity(std::string_view text) {
  if (equal_ignoring_ascii_case(text, "Default")) return OutputSeverity::Default;
  if (equal_ignoring_ascii_case(text, "Verbose")) return OutputSeverity::Verbose;
  static constexpr std::array<std::string_view, 2> kWords{"Default", "Verbose"};
  return fail(ErrorKind::invalid_input, "OutputSeverity '{}': it is Default or Verbose{}", text,
              did_you_mean(text, kWords));
}

struct Subscription::State {
  State(Profile made, OutputSeverity chosen)
      : profile(std::move(made)), severity(chosen), queries(profile.queries), suppress(profile.suppress) {}
  Profile profile;
  OutputSeverity severity;
  Index queries;
  Index suppress;
};

Result<Subscription> Subscription::of_profile(std::string_view name, OutputSeverity severity) {
  return Subscription(std::make_shared<const State>(TRY(builtin_profile(name)), severity));
}

Result<Subscription> Subscription::of_yaml(std::string_view yaml, OutputSeverity severity) {
  auto profile = TRY(parse_profile(yaml, "profile"));
  for (const auto& builtin : builtin_profiles())
    if (equal_ignoring_ascii_case(builtin.name, profile.name))
      return fail(
          ErrorKind::invalid_input,
          "the profile {} is part of the program and cannot be changed: give yours another name, and say extends: {}",
          builtin.name, builtin.name);
  return Subscription(std::make_shared<const State>(std::move(profile), severity));
}

Verdict Subscription::decide(const Record& record, EventTime now) const {
  const State& state = *state_;
  const WindowsEventView* event = nullptr;
  std::string_view chosen_by;
  if (WindowsEventView::is_windows(record)) {
    event = &encode::view_of(record);
    if (const auto* query = state.queries.find(*event, now))
      chosen_by = query->name;
    else if (state.profile.all_channels)
      chosen_by = "all-channels";
    if (chosen_by.empty()) return {false, kNotSubscribed};
    if (const auto* query = state.suppress.find(*event, now)) return {false, query->name};
  } else {
    for (const auto& selector : state.profile.others)
      if (chooses(selector, record)) {
        chosen_by = selector.name;
        break;
      }
    if (chosen_by.empty()) return {false, kNotSubscribed};
  }
  if (state.severity == OutputSeverity::Default && !passes_default(record, event)) return {false, kSeverity};
  return {true, chosen_by};
}

std::vector<std::string_view> Subscription::rules() const {
  std::vector<std::string_view> names;
  const auto& profile = state_->profile;
  for (const auto& query : profile.queries) names.push_back(query.name);
  if (profile.all_channels) names.push_back("all-channels");
  for (const auto& other : profile.others) names.push_back(other.name);
  for (const auto& query : profile.suppress) names.push_back(query.name);
  names.push_back(kSeverity);
  names.push_back(kNotSubscribed);
  return names;
}

std::vector<std::string_view> Subscription::channels() const {
  std::vector<std::string_view> names;
  if (state_->profile.all_channels) return names;
  for (const auto& query : state_->profile.queries)
    for (const auto& one : query.select)
      if (std::ranges::none_of(names,
                               [&](std::string_view name) { return equal_ignoring_ascii_case(name, one.channel); }))
        names.push_back(one.channel);
  return names;
}

const Profile& Subscription::profile() const { return state_->profile; }
OutputSeverity Subscription::output_severity() const { return state_->severity; }

std::vector<BlindSpot> blind_spots(const Profile& profile) {
  static constexpr std::array<BlindSpot, 6> kNeeded{{
      {4625, "An account failed to log on.", "repeated failed access, brute force, password spraying"},
      {4740, "A user account was locked out.", "brute force, lockout"},
      {4768, "A Kerberos authentication ticket (TGT) was requested.", "Kerberos: AS-REP roasting, forged tickets"},
      {4769, "A Kerberos service ticket was requested.", "Kerberoasting"},
      {4771, "Kerberos pre-authentication failed.", "failed access to a domain, password spraying"},
      {4776, "The computer attempted to validate the credentials for an account.",
       "failed NTLM logons, password spraying"},
  }};
  std::vector<BlindSpot> missing;
  if (profile.all_channels) return missing;
  for (const auto& needed : kNeeded) {
    // An event with nothing in it but what it is, and what a query's ids say about others.
    const std::string xml = fmt::format(
        "<Event><System><Provider Name=\"Microsoft-Windows-Security-Auditing\"/><EventID>{}</EventID><Level>0</Level>"
        "<Channel>Security</Channel><Computer>c</Computer></System><EventData><Data Name=\"TargetUserName\">u</Data>"
        "</EventData></Event>",
        needed.event_id);
    event::RecordBatch batch;
    formats::decode("windows-xml", {.raw = xml}, {}, batch);
    WindowsEventView event;
    event.look(batch[0]);
    const bool seen = std::ranges::any_of(profile.queries, [&](const ProfileQuery& query) {
      return std::ranges::any_of(query.select, [&](const formats::ChannelQuery& one) {
        if (!formats::is_channel(one.channel, event)) return false;
        if (one.filter.matches(event, {})) return true;
        const auto ids = one.filter.event_ids();
        return ids && std::ranges::any_of(*ids, [&](const auto& range) {
                 return range.first <= needed.event_id && needed.event_id <= range.second;
               });
      });
    });
    if (!seen) missing.push_back(needed);
  }
  return missing;
}

std::string describe_blind_spots(const Profile& profile) {
  const auto missing = blind_spots(profile);
  if (missing.empty()) return {};
  std::string ids;
  for (const auto& spot : missing) ids += (ids.empty() ? "" : ", ") + std::to_string(spot.event_id);
  return fmt::format(
      "The profile {} does not send the security events {}: detections of failed access (brute force, lockouts, "
      "Kerberos, NTLM) see "
      "nothing of this host. The profile azure-local+auth sends them.",
      profile.name, ids);
}

}  // namespace yagura::forward
