// A profile of events: what its YAML says, checked. docs/adding/profile.md describes the file.
//
// Plain data; Subscription decides with it. Errors name the file's line and, within a query, the column.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "formats/xpath_filter.hpp"

namespace yagura::forward {

// Windows events of one channel, or of what a structured query list says.
struct ProfileQuery {
  std::string name;
  std::string title;
  std::string text;  // as it was written
  std::vector<formats::ChannelQuery> select;
  std::vector<formats::ChannelQuery> suppress;
};

// Other events: all conditions that are given have to hold.
struct ProfileSelector {
  std::string name;
  std::string title;
  std::vector<std::string> formats;     // "syslog", "auditd", "json" ...; empty: any
  std::vector<std::string> facilities;  // "auth", "authpriv" ...; empty: any
  std::vector<std::string> apps;        // AppName; empty: any
  std::optional<int> severity;          // at least as bad as: 4 is warning
};

struct Profile {
  std::string name;
  std::string title;
  bool read_only = false;     // part of the program
  bool all_channels = false;  // every Windows event
  std::vector<ProfileQuery> queries;
  std::vector<ProfileQuery> suppress;  // what is not sent although it is chosen
  std::vector<ProfileSelector> others;
};

// `source` is how messages call the text: a file's name.
Result<Profile> parse_profile(std::string_view yaml, std::string_view source);

// "azure-local": its YAML, when the digest is right; not_found names the nearest.
Result<std::string_view> builtin_profile_text(std::string_view name);
Result<Profile> builtin_profile(std::string_view name);

}  // namespace yagura::forward
