// The rules that run: read from folders, compiled into one snapshot, replaced as a whole when a file changes.
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
#include <string>
#include <vector>

#include "base/annotations.hpp"
#include "base/result.hpp"
#include "detect/alert.hpp"
#include "detect/correlation_plan.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_set.hpp"

namespace yagura::detect {

struct RuleLibraryOptions {
  std::vector<std::filesystem::path> rule_folders;      // *.yml and *.yaml below, or single files
  std::vector<std::filesystem::path> mapping_folders;   // log source mappings: content/sigma
  std::vector<std::filesystem::path> pipeline_folders;  // processing pipelines, applied to every rule by priority
  sigma::Placeholders placeholders;
  sigma::Level least_level = sigma::Level::low;  // rules below it are off unless switched on
};

struct RuleCounters {
  std::atomic<std::uint64_t> matches{0};
  std::atomic<std::int64_t> last_match_ticks{0};  // received time; 0: never
};

// The operator's word about a rule; see control::RuleStates.
struct RuleOverride {
  bool enabled = true;
  std::string severity;  // "" for the rule's own
};
using RuleOverrides = std::map<std::string, RuleOverride, std::less<>>;

struct RunningRule {
  AlertRule alert;
  std::shared_ptr<RuleCounters> counters;
  std::string file;  // "rules/x.yml:1:1"
  bool enabled = true;
  bool standalone = true;  // raises alerts by itself, not only through correlations
};

struct RuleSnapshot {
  std::shared_ptr<const sigma::RuleSet> set;
  std::vector<RunningRule> rules;         // by RuleSet index
  std::vector<RunningRule> correlations;  // by index in RuleSet::correlations()
  std::shared_ptr<const CorrelationPlan> plan;
  std::vector<sigma::Problem> problems;
  std::uint64_t generation = 0;
};

class RuleLibrary {
 public:
  // Reads everything; an Error only when a folder cannot be read or no rule at all could be compiled for a folder's
  // mistake.
  static Result<std::unique_ptr<RuleLibrary>> open(RuleLibraryOptions options, RuleOverrides overrides = {});

  // Any thread.
  std::shared_ptr<const RuleSnapshot> current() const;
  // Reads the folders again when a file was added, removed or changed; true when there is a new snapshot.
  Result<bool> reload_if_changed();
  Result<> reload();
  void set_overrides(RuleOverrides overrides);  // takes effect at once

 private:
  struct FileStamp {
    std::filesystem::file_time_type changed;
    std::uintmax_t size = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  using Stamps = std::map<std::filesystem::path, FileStamp>;

  explicit RuleLibrary(RuleLibraryOptions options, RuleOverrides overrides);
  Result<Stamps> stamps() const;
  Result<> load(const Stamps& files);
  void publish(std::shared_ptr<const sigma::RuleSet> set, std::vector<sigma::Problem> problems);

  const RuleLibraryOptions options_;
  mutable std::mutex mutex_;  // of the pointer only
  std::shared_ptr<const RuleSnapshot> current_ GUARDED_BY(mutex_);
  std::mutex loading_;  // one load at a time
  RuleOverrides overrides_ GUARDED_BY(loading_);
  Stamps loaded_ GUARDED_BY(loading_);
  std::map<std::string, std::shared_ptr<RuleCounters>> counters_ GUARDED_BY(loading_);
  std::uint64_t generation_ GUARDED_BY(loading_) = 0;
};

}  // namespace yagura::detect
