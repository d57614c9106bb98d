// Sigma rules as they were written and what they mean, before compilation: detection rules, correlation rules
// and filters. Plain values; https://github.com/SigmaHQ/sigma-specification v2.1.0.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sigma/pattern.hpp"
#include "sigma/problem.hpp"
#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

enum class Level : std::uint8_t { none, informational, low, medium, high, critical };
enum class Status : std::uint8_t { none, stable, test, experimental, deprecated, unsupported };
std::string_view to_string(Level level);  // "" for none
std::string_view to_string(Status status);

struct RelatedRule {
  std::string id;
  std::string type;
  friend bool operator==(const RelatedRule&, const RelatedRule&) = default;
};

struct Metadata {
  std::string title, id, name, taxonomy, description, license, author, date, modified;
  Status status = Status::none;
  Level level = Level::none;
  std::vector<RelatedRule> related;
  std::vector<std::string> references, fields, false_positives, tags, scope;
  std::vector<std::pair<std::string, YamlNode>> custom;  // keys that the specification does not know
  // The id, or else the title: how messages and alerts name the rule.
  const std::string& identity() const { return id.empty() ? title : id; }
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// What a rule asks of the source of an event; empty means any.
struct RuleLogSource {
  std::string product, category, service, definition;
  friend bool operator==(const RuleLogSource&, const RuleLogSource&) = default;
};

// ---- What one value asks of one field -------------------------------------------------------------

struct TextTest {  // the whole text of the value is what the pattern describes
  Pattern pattern;
  bool cased = false;
  friend bool operator==(const TextTest&, const TextTest&) = default;
};
struct RegexTest {  // found anywhere in the text
  std::string pattern;
  bool ignore_case = false, multi_line = false, dot_all = false;
  friend bool operator==(const RegexTest&, const RegexTest&) = default;
};
// The expression with its flags, as RE2 takes it.
std::string regex_text(const RegexTest& test);
struct NetworkTest {  // the text is an address in the network
  std::array<std::uint8_t, 16> address{};
  std::uint8_t prefix = 0;
  bool is_v6 = false;
  friend bool operator==(const NetworkTest&, const NetworkTest&) = default;
};
enum class Comparison : std::uint8_t { equal, less, less_or_equal, greater, greater_or_equal, not_equal };
enum class TimePart : std::uint8_t { none, minute, hour, day, week, month, year };
struct Number {  // integers stay exact beyond 2^53
  std::variant<std::int64_t, double> value;
  friend bool operator==(const Number&, const Number&) = default;
};
int compare(const Number& a, const Number& b);
struct NumberTest {  // the value, or that part of the date it is, compared
  Comparison comparison = Comparison::equal;
  Number number;
  TimePart part = TimePart::none;
  friend bool operator==(const NumberTest&, const NumberTest&) = default;
};
struct ExistsTest {
  bool wanted = true;
  friend bool operator==(const ExistsTest&, const ExistsTest&) = default;
};
struct NullTest {  // the field is null, or not there
  friend bool operator==(const NullTest&, const NullTest&) = default;
};
struct FieldTest {  // compared with another field of the same event
  enum class Part : std::uint8_t { whole, start, end, anywhere };
  std::string field;
  Part part = Part::whole;
  bool cased = false;
  friend bool operator==(const FieldTest&, const FieldTest&) = default;
};
using Test = std::variant<TextTest, RegexTest, NetworkTest, NumberTest, ExistsTest, NullTest, FieldTest>;

// ---- Detection --------------------------------------------------------------------------------------

// `Field|modifier: values`. Without a field: keywords, looked for in every value of the event.
struct DetectionItem {
  std::string field;
  std::vector<std::string> modifiers;  // as written
  std::vector<YamlNode> written;       // the values as written
  bool written_as_list = false;

  // What it means: values, each met by any of its tests (modifiers may make several of one value).
  std::vector<std::vector<Test>> values;
  bool all = false;      // every value, not just one
  bool negated = false;  // none of them (neq)
  Place place;
  std::vector<std::string> applied;  // ids of the pipeline steps that have changed it
  // Placeholders of `expand` that pipelines still have to replace: until then there are no values. What they have replaced.
  std::vector<std::string> pending;
  std::map<std::string, std::vector<std::string>> replacements;

  bool is_keyword() const { return field.empty(); }
  friend bool operator==(const DetectionItem& a, const DetectionItem& b) {
    return a.field == b.field && a.modifiers == b.modifiers && a.written == b.written && a.values == b.values &&
           a.all == b.all && a.negated == b.negated;
  }
};

// A map (all of its items), or a list (any of its entries: maps or keywords).
struct Detection {
  enum class Kind : std::uint8_t { item, all_of, any_of };
  Kind kind = Kind::all_of;
  DetectionItem item;               // of Kind::item
  std::vector<Detection> children;  // of the others
  friend bool operator==(const Detection&, const Detection&) = default;
};

struct SearchIdentifier {
  std::string name;
  std::string scope;  // "" for the rule's own; a filter that was joined to the rule keeps its names apart
  Detection detection;
  Place place;
  friend bool operator==(const SearchIdentifier& a, const SearchIdentifier& b) {
    return a.name == b.name && a.scope == b.scope && a.detection == b.detection;
  }
};

struct Condition {
  enum class Kind : std::uint8_t { identifier, selector, all_of, any_of, negation };
  Kind kind = Kind::identifier;
  std::string name;         // of an identifier; a selector's pattern or "them"
  std::string scope;        // of the identifiers that it means
  std::uint32_t least = 1;  // of a selector: how many; 0 for all
  std::vector<Condition> children;
  friend bool operator==(const Condition&, const Condition&) = default;
};
std::string to_text(const Condition& condition);
// Gives the identifiers and selectors in it that scope.
void set_scope(Condition& condition, const std::string& scope);

// The search identifiers that a selector means.
std::vector<const SearchIdentifier*> selected(const Condition& selector,
                                              const std::vector<SearchIdentifier>& identifiers);

struct Detections {
  std::vector<SearchIdentifier> identifiers;
  std::vector<Condition> conditions;  // one of them is enough
  const SearchIdentifier* find(std::string_view name, std::string_view scope = {}) const;
  friend bool operator==(const Detections&, const Detections&) = default;
};

struct Rule {
  Metadata metadata;
  RuleLogSource log_source;
  Detections detections;
  Place place;
  friend bool operator==(const Rule& a, const Rule& b) {
    return a.metadata == b.metadata && a.log_source == b.log_source && a.detections == b.detections;
  }
};

// ---- Correlation and filters --------------------------------------------------------------------------

enum class CorrelationType : std::uint8_t {
  event_count,
  value_count,
  value_sum,
  value_avg,
  value_median,
  value_percentile,
  temporal,
  temporal_ordered
};
std::string_view to_string(CorrelationType type);

struct CorrelationAlias {
  std::string name;
  std::vector<std::pair<std::string, std::string>> fields;  // rule reference -> field
  friend bool operator==(const CorrelationAlias&, const CorrelationAlias&) = default;
};

struct CorrelationCondition {
  std::vector<std::pair<Comparison, Number>> bounds;  // all of them
  std::vector<std::string> fields;
  double percentile = 50;
  std::optional<Condition> expression;  // an "extended" condition over the rules' names
  friend bool operator==(const CorrelationCondition&, const CorrelationCondition&) = default;
};

struct CorrelationRule {
  Metadata metadata;
  CorrelationType type = CorrelationType::event_count;
  std::vector<std::string> rules;  // ids or names
  std::vector<std::string> group_by;
  std::vector<CorrelationAlias> aliases;
  std::string timespan_text;
  std::chrono::seconds timespan{0};
  std::optional<CorrelationCondition> condition;
  bool generate = false;
  Place place;
  friend bool operator==(const CorrelationRule& a, const CorrelationRule& b) {
    return a.metadata == b.metadata && a.type == b.type && a.rules == b.rules && a.group_by == b.group_by &&
           a.aliases == b.aliases && a.timespan == b.timespan && a.condition == b.condition && a.generate == b.generate;
  }
};

struct Filter {
  Metadata metadata;
  RuleLogSource log_source;
  std::vector<std::string> rules;  // ids or names; empty with any_rule
  bool any_rule = false;           // rules: any
  Detections detections;
  Place place;
  friend bool operator==(const Filter& a, const Filter& b) {
    return a.metadata == b.metadata && a.log_source == b.log_source && a.rules == b.rules && a.any_rule == b.any_rule &&
           a.detections == b.detections;
  }
};

struct RuleCollection {
  std::vector<Rule> rules;
  std::vector<CorrelationRule> correlations;
  std::vector<Filter> filters;
};

}  // namespace yagura::sigma
