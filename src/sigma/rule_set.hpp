// Compiled Sigma rules: many rules matched against batches of records at wire speed.
//
//   Problems problems;
//   RuleCollection rules;
//   load_rules(text, "rules/x.yml", {}, rules, problems);
//   auto set = RuleSet::compile(std::move(rules), {.log_sources = map}, problems);
//   auto scratch = set->make_scratch();                 // one per worker thread
//   std::vector<Match> matches;
//   set->match(batch, *scratch, matches);               // appends; matches[i].rule is an index into set->rules()
//
// Rules are grouped by logsource. In each group every rule waits for one or two texts (or values, or fields) without
// which it cannot match; all of them are found by one multi-pattern scan per field, and only the rules that have all
// they wait for are evaluated. Texts are folded once per value (case_fold.hpp).
//
// A RuleSet is immutable: any number of threads may match at once, each with its own MatchScratch, which belongs to the
// set that made it and keeps it alive. match() allocates nothing once the scratch has grown to the size of the events.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/record.hpp"
#include "sigma/explain.hpp"
#include "sigma/log_source_map.hpp"
#include "sigma/problem.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

struct Match {
  std::uint32_t record = 0;  // index in the batch
  std::uint32_t rule = 0;    // index in RuleSet::rules()
  friend bool operator==(const Match&, const Match&) = default;
};

struct CompileOptions {
  std::shared_ptr<const LogSourceMap> log_sources;  // nullptr: only what the decoders declare
  // Without routing every rule looks at every record: for tests.
  bool route_by_log_source = true;
  // Fields that no decoder gives but a FieldSupplier can add (device packs: source.ip, user.name ...).
  std::shared_ptr<const std::set<std::string, std::less<>>> supplied_fields;
};

// Adds such fields to a record of the batch; false when there are none. Asked only for records to whose log source some
// rule applies that looks at one, once a record.
using FieldSupplier = std::function<bool(std::size_t record)>;

// What one rule has cost; see MatchScratch::drain_costs().
struct RuleCost {
  std::uint64_t considered = 0;   // events of its log source
  std::uint64_t evaluated = 0;    // of these, that the prefilter let through
  std::uint64_t samples = 0;      // of these, whose time was taken ...
  std::uint64_t nanoseconds = 0;  // ... and what they took together
};

struct RuleSetStats {
  std::size_t rules = 0, groups = 0, items = 0, literals = 0, scanners = 0;
  std::size_t unguarded_rules = 0;  // that are evaluated for every record of their logsource
};

class RuleSet;

// What one worker needs to match; see RuleSet.
class MatchScratch {
 public:
  ~MatchScratch();
  MatchScratch(const MatchScratch&) = delete;
  MatchScratch& operator=(const MatchScratch&) = delete;
  // Since it was made: for `rules stats`.
  std::uint64_t records = 0, evaluated = 0, matched = 0;
  // Adds to each rule's cost what was counted since the last call. `costs` has an element for each rule.
  void drain_costs(std::span<RuleCost> costs);

 private:
  friend class RuleSet;
  struct State;
  explicit MatchScratch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class RuleSet : public std::enable_shared_from_this<RuleSet> {
 public:
  // check_references() should have been called. A rule that cannot be compiled is left out with an error in `problems`;
  // filters are joined to the rules that they name.
  static std::shared_ptr<const RuleSet> compile(RuleCollection rules, const CompileOptions& options,
                                                Problems& problems);
  ~RuleSet();

  const std::vector<Rule>& rules() const;
  const std::vector<CorrelationRule>& correlations() const;
  // Whether the rule raises alerts by itself: not when only correlations without `generate` want it.
  bool is_standalone(std::uint32_t rule) const;
  RuleSetStats stats() const;

  std::unique_ptr<MatchScratch> make_scratch() const;
  // Appends the matches of every record, by record, then rule.
  // `supply`, when given, may add fields to records of this very batch meanwhile.
  void match(const event::RecordBatch& batch, MatchScratch& scratch, std::vector<Match>& matches,
             const FieldSupplier* supply = nullptr) const;
  // Why the rule matches the record, or does not; the logsource is the first condition.
  Explanation explain(std::uint32_t rule, const event::Record& record) const;
  // The value that a rule would see in the field, aliases included; leaves of lists.
  void field_values(const event::Record& record, std::string_view field, std::vector<event::Value>& leaves) const;

 private:
  friend class MatchScratch;
  struct Compiled;
  explicit RuleSet(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace yagura::sigma
