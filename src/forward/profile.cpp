#include "forward/profile.hpp"

#include <set>

#include "base/settings.hpp"
#include "base/text.hpp"
#include "formats/syslog.hpp"

namespace yagura::forward {

namespace {

constexpr std::size_t kMostYaml = 4 << 20;
constexpr std::size_t kMostQueries = 10'000;

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.' || c == '+';
  });
}

// Names that decide() gives of itself.
bool is_taken(std::string_view name) { return name == "severity" || name == "not-subscribed"; }

class Reader {
 public:
  Reader(Profile& profile, SettingsErrors& errors) : profile_(profile), errors_(errors) {
    for (const auto& query : profile.queries) names_.insert(query.name);
    for (const auto& query : profile.suppress) names_.insert(query.name);
    for (const auto& other : profile.others) names_.insert(other.name);
  }

  void queries(const SettingsNode& list, std::vector<ProfileQuery>& to) {
    for (const auto& item : list_of(list)) {
      ProfileQuery query;
      query.name = name_of(item);
      query.title = item.get("title", "");
      query.text = item.get("query", "");
      const std::string xml = item.get("query_list", "");
      if (query.text.empty() == xml.empty()) {
        item.error("expected either query: Channel!XPath, or query_list: the XML that the Event Viewer shows");
      } else if (!xml.empty()) {
        query.text = xml;
        if (auto parsed = formats::parse_query_list(xml)) {
          for (auto& one : parsed->queries) {
            // A list of several queries with suppressions of their own is several of ours.
            if (parsed->queries.size() > 1 && (!one.suppress.empty() || !query.suppress.empty())) {
              item.error(
                  "a query_list with several queries, one of which suppresses: write one entry for each <Query>");
              break;
            }
            std::ranges::move(one.select, std::back_inserter(query.select));
            std::ranges::move(one.suppress, std::back_inserter(query.suppress));
          }
        } else {
          item.child("query_list").error(parsed.error().message());
        }
      } else if (auto parsed = formats::parse_channel_query(query.text)) {
        query.select.push_back(std::move(*parsed));
      } else {
        item.child("query").error(parsed.error().message());
      }
      to.push_back(std::move(query));
    }
  }

  void others(const SettingsNode& list) {
    for (const auto& item : list_of(list)) {
      ProfileSelector selector;
      selector.name = name_of(item);
      selector.title = item.get("title", "");
      selector.formats = item.get_list("format");
      selector.apps = item.get_list("app");
      for (auto& facility : item.get_list("facility")) {
        if (!formats::facility_number(facility))
          item.child("facility")
              .error(fmt::format("unknown facility '{}': kern, user, mail, daemon, auth ... local7", facility));
        selector.facilities.push_back(std::move(facility));
      }
      if (const auto severity = item.get("severity", ""); !severity.empty()) {
        if (const auto number = formats::severity_number(severity))
          selector.severity = *number;
        else
          item.child("severity")
              .error(fmt::format("unknown severity '{}': emerg, alert, crit, err, warning, notice, info or debug",
                                 severity));
      }
      profile_.others.push_back(std::move(selector));
    }
  }

 private:
  std::vector<SettingsNode> list_of(const SettingsNode& list) {
    if (!list.exists()) return {};
    if (!list.is_list()) {
      list.error("expected a list, each entry with a name and what it chooses");
      return {};
    }
    auto items = list.items();
    if (items.size() > kMostQueries) {
      list.error("more than 10,000 entries");
      return {};
    }
    return items;
  }
  std::string name_of(const SettingsNode& item) {
    const std::string name = item.get("name", "");
    if (!is_name(name) || is_taken(name))
      item.error("expected a name of letters, digits, '-', '_', '.', other than severity and not-subscribed");
    else if (!names_.insert(name).second)
      item.error(fmt::format("a second entry called '{}'", name));
    return name;
  }

  Profile& profile_;
  SettingsErrors& errors_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

Result<Profile> parse_profile(std::string_view yaml, std::string_view source) {
  if (yaml.size() > kMostYaml) return fail(ErrorKind::invalid_input, "{}: a profile of more than 4 MiB", source);
  SettingsErrors errors;
  const auto file = SettingsNode::parse(yaml, std::string(source), errors);
  Profile profile;
  if (const std::string base = file.get("extends", ""); !base.empty()) {
    if (auto extended = builtin_profile(base))
      profile = std::move(*extended);
    else
      file.child("extends").error(extended.error().message());
    profile.read_only = false;
  }
  profile.name = file.get("profile", "");
  if (errors.empty() && !is_name(profile.name))
    file.error("expected profile: its name, of letters, digits, '-', '_', '.', '+'");
  profile.title = file.get("title", "");
  profile.all_channels = file.get("all_channels", profile.all_channels);
  Reader reader(profile, errors);
  reader.queries(file.child("queries"), profile.queries);
  reader.queries(file.child("suppress"), profile.suppress);
  reader.others(file.child("others"));
  file.report_unknown_keys();
  if (errors.empty() && profile.queries.empty() && profile.others.empty() && !profile.all_channels)
    file.error("a profile that chooses nothing: it wants queries, others, all_channels: true or extends");
  if (!errors.empty()) return std::unexpected(errors.to_error());
  return profile;
}

}  // namespace yagura::forward
