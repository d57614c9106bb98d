// The rules that run: read from folders and archives, compiled into one snapshot, replaced as a whole when something changes.
//
// A snapshot is immutable and shared by whoever is using it; a reload makes a new one and never waits for readers.
// Rule files with mistakes do not stop the others; their problems are part of the snapshot. Counters belong to a rule's
// id and survive reloads.
#pragma once
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/annotations.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "detect/alert.hpp"
#include "detect/correlation_plan.hpp"
#include "sigma/pattern.hpp"
#include "sigma/reachable.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_set.hpp"

namespace yagura::detect {

// What device packs bring.
struct Supplied {
  // Fields that can be added to a record after decoding; see sigma::CompileOptions.
  std::shared_ptr<const std::set<std::string, std::less<>>> fields;
  // Log sources, besides those of the mappings: for finding rules that can never match.
  std::vector<sigma::DeclaredSource> sources;
};

struct RuleLibraryOptions {
  std::vector<std::filesystem::path> rule_folders;      // *.yml and *.yaml below; single files; archives (archive.hpp)
  std::filesystem::path pack_folder;                    // each archive and folder in it is a pack; may be missing
  std::vector<std::filesystem::path> mapping_folders;   // log source mappings: content/sigma
  std::vector<std::filesystem::path> pipeline_folders;  // processing pipelines, applied to every rule by priority
  sigma::Placeholders placeholders;
  sigma::Level least_level = sigma::Level::low;  // rules below it are off unless switched on
  Supplied supplied;
};

struct RuleCounters {
  std::atomic<std::uint64_t> matches{0};
  std::atomic<std::int64_t> last_match_ticks{0};  // received time; 0: never
  std::atomic<std::uint64_t> alerts{0};           // written
  std::atomic<std::uint64_t> suppressed{0};       // not wanted: see AlertSuppression
  std::atomic<std::uint64_t> throttled{0};        // counted in another alert
  // Cost: sigma::RuleCost.
  std::atomic<std::uint64_t> considered{0}, evaluated{0}, samples{0}, nanoseconds{0};
};

// At most `most` alerts in `period`, for each combination of the values of `by`; the rest becomes one alert that counts them.
struct Throttle {
  std::chrono::seconds period{0};
  std::uint64_t most = 1;
  std::vector<std::string> by;
  friend bool operator==(const Throttle&, const Throttle&) = default;
};

// The operator's word about a rule; see control::RuleStates.
struct RuleOverride {
  bool enabled = true;
  std::string severity;  // "" for the rule's own
  std::string title;     // likewise
  std::string exclude;   // a detection, as JSON or YAML: what it matches the rule leaves alone
  std::optional<Throttle> throttle;
};
using RuleOverrides = std::map<std::string, RuleOverride, std::less<>>;

// Alerts that are not wanted for a while; see control::RuleSuppressions. An event belongs to it by the time at which it was
// received, so that a replay suppresses the same ones.
struct AlertSuppression {
  std::int64_t id = 0;
  std::string rule_id;                                            // "*": of every rule
  std::vector<std::pair<std::string, sigma::Pattern>> conditions;  // all of them; folded
  ReceiveTime from{}, until{};
};
// From the JSON object that people write: {"User": "svc_*", "HostName": ["web01", "web02"]} has a list as any of its values.
Result<std::vector<AlertSuppression>> parse_suppressions(std::int64_t id, const std::string& rule_id, std::string_view conditions,
                                                         ReceiveTime from, ReceiveTime until);

struct RunningRule {
  AlertRule alert;
  std::shared_ptr<RuleCounters> counters;
  std::string file;  // "rules/x.yml:1:1"
  bool enabled = true;
  bool standalone = true;       // raises alerts by itself, not only through correlations
  bool switched_off = false;    // by the operator: feeds no correlation either
  bool wants_supplied = false;  // a correlation looks at fields of its events that a FieldSupplier adds
  std::string never;            // why it cannot match anything, "" when it can
  std::optional<Throttle> throttle;
  std::vector<const AlertSuppression*> suppressions;  // of this rule
};

struct RuleSnapshot {
  std::shared_ptr<const sigma::RuleSet> set;
  std::vector<RunningRule> rules;         // by RuleSet index
  std::vector<RunningRule> correlations;  // by index in RuleSet::correlations()
  std::map<std::string_view, const RunningRule*, std::less<>> by_id;
  std::shared_ptr<const CorrelationPlan> plan;
  std::vector<AlertSuppression> suppressions;
  std::vector<sigma::Problem> problems;
  std::uint64_t generation = 0;
};

// One pack of the pack folder.
struct RulePack {
  std::string name;
  std::filesystem::path path;
  std::size_t rules = 0, problems = 0;
};

class RuleLibrary {
 public:
  // Reads everything; an Error only when a folder cannot be read or no rule at all could be compiled for a folder's
  // mistake.
  static Result<std::unique_ptr<RuleLibrary>> open(RuleLibraryOptions options, RuleOverrides overrides = {},
                                                   std::vector<AlertSuppression> suppressions = {});

  // Any thread.
  std::shared_ptr<const RuleSnapshot> current() const;
  // Reads the folders again when a file was added, removed or changed; true when there is a new snapshot.
  Result<bool> reload_if_changed();
  Result<> reload();
  // Takes effect with the next reload.
  void set_supplied(Supplied supplied);
  // Take effect at once. Rules are read again when exclusions have changed.
  Result<> set_overrides(RuleOverrides overrides);
  Result<> set_suppressions(std::vector<AlertSuppression> suppressions);
  // What an exclusion would be, without using it: its mistakes.
  static std::vector<sigma::Problem> check_exclusion(std::string_view detection);
  std::vector<RulePack> packs() const;
  const std::filesystem::path& pack_folder() const { return options_.pack_folder; }

 private:
  struct FileStamp {
    std::filesystem::file_time_type changed;
    std::uintmax_t size = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  using Stamps = std::map<std::filesystem::path, FileStamp>;

  explicit RuleLibrary(RuleLibraryOptions options, RuleOverrides overrides, std::vector<AlertSuppression> suppressions);
  Result<Stamps> stamps() const;
  Result<> load(const Stamps& files);
  void add_exclusions(sigma::RuleCollection& rules, sigma::Problems& problems) const;
  void publish(std::shared_ptr<const sigma::RuleSet> set, std::vector<sigma::Problem> problems);
  std::vector<std::filesystem::path> folders_of_rules() const;

  const RuleLibraryOptions options_;
  mutable std::mutex mutex_;  // of the pointer only
  std::shared_ptr<const RuleSnapshot> current_ GUARDED_BY(mutex_);
  std::vector<RulePack> packs_ GUARDED_BY(mutex_);
  std::mutex loading_;  // one load at a time
  Supplied supplied_ GUARDED_BY(loading_);
  RuleOverrides overrides_ GUARDED_BY(loading_);
  std::vector<AlertSuppression> suppressions_ GUARDED_BY(loading_);
  Stamps loaded_ GUARDED_BY(loading_);
  std::vector<std::string> never_ GUARDED_BY(loading_);  // by rule: why it can never match
  std::map<std::string, std::shared_ptr<RuleCounters>> counters_ GUARDED_BY(loading_);
  std::uint64_t generation_ GUARDED_BY(loading_) = 0;
};

}  // namespace yagura::detect
