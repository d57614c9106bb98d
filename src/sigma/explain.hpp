// The plain evaluator: reads a rule as it is written, value by value, and can say why it matched or did not.
//
// Slow and simple on purpose: `explain` for people, and the oracle that the compiled matcher is fuzzed against.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "event/record.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

struct ExplainedItem {
  std::string identifier;  // the search identifier it stands in
  std::string item;        // "CommandLine|contains|all"
  bool matched = false;
  std::string why;  // "is 'C:\...', which ends with '\cmd.exe'", "there is no such field"
  Place place;
};

struct ExplainedIdentifier {
  std::string name;
  bool matched = false;
};

struct Explanation {
  bool matched = false;
  std::vector<std::string> conditions;  // each with its outcome
  std::vector<ExplainedIdentifier> identifiers;
  std::vector<ExplainedItem> items;
  // For people, one line each.
  std::string to_text() const;
};

// `alias` gives other names to look a field up under when it is not there itself; may be empty.
using FieldAlias = std::function<std::string(std::string_view)>;

bool evaluate(const Detections& detections, const event::Record& record, const FieldAlias& alias = {});
Explanation explain(const Detections& detections, const event::Record& record, const FieldAlias& alias = {});

}  // namespace yagura::sigma
