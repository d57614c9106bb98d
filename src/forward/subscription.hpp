// Which events are forwarded: a profile of queries, and the output severity over it.
//
//   const auto subscription = TRY(Subscription::of_profile("azure-local", OutputSeverity::Default));
//   if (const auto verdict = subscription.decide(record, now); !verdict.send) drops.count(verdict.rule);
//
// A profile is a list of queries "Channel!XPath" over Windows events and of selectors over others
// (docs/adding/profile.md). An event that several queries choose is sent once, by the first of them. azure-local and
// azure-local+auth are part of the program and cannot be changed; others are YAML files of the user's, which may extend
// them.
//
// Immutable once made: any thread may call it. Copies share what they hold.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "event/record.hpp"

namespace yagura::forward {

// Default: warning, error and critical, and what has no level (Windows writes all audits so); Verbose: everything.
enum class OutputSeverity : std::uint8_t { Default, Verbose };
std::string_view to_string(OutputSeverity severity);
// Any letter case; the error names both words.
Result<OutputSeverity> parse_output_severity(std::string_view text);

struct Verdict {
  bool send = false;
  // Which rule decided, for counters: the query's name that chose the event; else "severity", "not-subscribed", or the
  // name of the suppression. Lives as long as the Subscription.
  std::string_view rule;
};

struct Profile;  // forward/profile.hpp

class Subscription {
 public:
  // A profile of the program ("azure-local", "azure-local+auth", "all"); not_found names the nearest.
  static Result<Subscription> of_profile(std::string_view name, OutputSeverity severity);
  // A profile of the user's, as YAML; errors say line, column and what was expected.
  static Result<Subscription> of_yaml(std::string_view yaml, OutputSeverity severity);

  Verdict decide(const event::Record& record, EventTime now) const;

  // Every name that decide() may give as a rule, in the profile's order, for counters made beforehand.
  std::vector<std::string_view> rules() const;
  // The Windows channels that the profile reads, each once; empty when it takes every channel.
  std::vector<std::string_view> channels() const;
  const Profile& profile() const;
  OutputSeverity output_severity() const;

 private:
  struct State;
  explicit Subscription(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// What a detection needs and the profile does not send, for `get` and health: "4625 An account failed to log on".
struct BlindSpot {
  std::int64_t event_id = 0;
  std::string_view title;
  std::string_view needed_for;
};
// Empty when nothing is missing.
std::vector<BlindSpot> blind_spots(const Profile& profile);
// One sentence about them for people; "" when nothing is missing.
std::string describe_blind_spots(const Profile& profile);

struct BuiltinProfile {
  std::string_view name;
  std::string_view title;
  std::string_view sha256;  // of its YAML, 64 hexadecimal digits, checked when the program starts to use it
};
std::span<const BuiltinProfile> builtin_profiles();

}  // namespace yagura::forward
