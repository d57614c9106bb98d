// A processing pipeline as loaded: steps, their conditions, what they want. Private to the pipeline*.cpp files.
#pragma once
#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sigma/pipeline.hpp"
#include "sigma/rule.hpp"
#include "sigma/yaml_reader.hpp"

namespace yagura::sigma {

using Regex = std::shared_ptr<const RE2>;

// One condition of a step: about the rule, a detection item or the name of a field.
struct StepCondition {
  std::string name;  // in a map of conditions; "" in a list
  std::string type;
  YamlNode node;
  std::vector<Regex> regexes;  // of match_string, and of fields with `mode: re`
};

// Conditions of one kind and how they are joined.
struct StepConditions {
  std::vector<StepCondition> list;
  bool any = false;
  bool negated = false;
  std::optional<Condition> expression;

  template <class Holds>
  bool hold(Holds holds) const {
    if (list.empty()) return true;
    if (expression) return evaluate(*expression, holds) != negated;
    return (any ? std::ranges::any_of(list, holds) : std::ranges::all_of(list, holds)) != negated;
  }

 private:
  template <class Holds>
  bool evaluate(const Condition& condition, Holds& holds) const {
    switch (condition.kind) {
      case Condition::Kind::identifier:
        for (const auto& one : list)
          if (one.name == condition.name) return holds(one);
        return false;
      case Condition::Kind::negation: return !evaluate(condition.children.front(), holds);
      case Condition::Kind::all_of:
        return std::ranges::all_of(condition.children, [&](const auto& child) { return evaluate(child, holds); });
      case Condition::Kind::any_of:
        return std::ranges::any_of(condition.children, [&](const auto& child) { return evaluate(child, holds); });
      case Condition::Kind::selector: return false;
    }
    return false;
  }
};

struct Step {
  std::string id, type;
  YamlNode node;
  Place place;
  StepConditions rules, items, fields;
  Detections added;          // of add_condition
  std::vector<Step> nested;  // of nest
  Regex regex;               // of replace_string and extract_fields
  std::string rewrite;       // of replace_string: as RE2 wants it
};

struct Pipeline::Loaded {
  std::string name, file;
  int priority = 0;
  std::map<std::string, std::vector<std::string>> vars;
  std::vector<Step> steps;
  bool has_placeholder_steps = false;
};

std::string text_at(const YamlNode& node, std::string_view key);  // "" when it is not a scalar
std::vector<std::string> texts_at(const YamlNode& node, std::string_view key);
bool flag_at(const YamlNode& node, std::string_view key);
bool renames(const Step& step);  // field_name_*

// What the pipelines know of the rule that they work on; all pipelines together.
struct PipelineState {
  std::set<std::string> applied;             // ids of steps
  std::map<std::string, std::string> state;  // of set_state
  std::map<std::string, std::set<std::string>> applied_to_field;
};

// What a condition about a rule looks at. Of a correlation: also the rules that it refers to.
struct RuleView {
  const Metadata* metadata = nullptr;
  const RuleLogSource* source = nullptr;  // nullptr: a correlation
  const Detections* detections = nullptr;
  std::vector<const RuleLogSource*> referred;
};

bool rule_condition_holds(const StepCondition& condition, const RuleView& rule, const PipelineState& state);
bool item_condition_holds(const StepCondition& condition, const DetectionItem& item, const PipelineState& state);
// nullptr: the item has no field, it is a keyword.
bool field_condition_holds(const StepCondition& condition, const std::string* field, const PipelineState& state);

// The text of a pattern as pySigma has it for regular expressions and comparisons: `\*` and `\?` are the characters,
// other backslashes stand for themselves.
std::string plain_spelling(const Pattern& pattern);

}  // namespace yagura::sigma
