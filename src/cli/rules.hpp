// What the files of `yagura rules` share.
#pragma once
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/json_writer.hpp"
#include "cli/command.hpp"
#include "detect/rule_library.hpp"
#include "normalise/pack.hpp"

namespace yagura::cli {

struct RulesOptions {
  std::vector<std::string> rules, pipelines, tests, where, by;
  std::string content, format = "auto", samples, rule, data = "data", reason, duration, title, exclude, severity;
  std::size_t most = 20;
  std::int64_t id = 0, throttle_most = 0, throttle_seconds = 0;
  bool json = false, strict = false, why = false, all = false, enable = false, disable = false, reset = false;
};

struct LoadedRules {
  std::unique_ptr<detect::RuleLibrary> library;
  std::shared_ptr<const detect::RuleSnapshot> snapshot;
  std::shared_ptr<const normalise::PackSet> packs;
};
Result<LoadedRules> load_rules(const RulesOptions& options);

// One event a line; a record's position is its line. "-" is standard input.
Result<event::RecordBatch> read_samples(const std::string& path, const std::string& format, Console& console);
// With the fields of device packs where rules want them.
std::vector<sigma::Match> match(const LoadedRules& rules, event::RecordBatch& records, sigma::MatchScratch& scratch);

// yagura rules test
Result<ExitCode> test_rules(const RulesOptions& options, Console& console);
// yagura rules states | tune | suppress | suppressions | unsuppress
void add_rule_tuning(CLI::App& group, const std::shared_ptr<RulesOptions>& options, Action& chosen);

}  // namespace yagura::cli
