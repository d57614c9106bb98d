#include "sigma/pipeline.hpp"

#include <re2/re2.h>

#include <map>
#include <set>

#include "sigma/condition.hpp"
#include "sigma/detection_loader.hpp"
#include "sigma/pipeline_values.hpp"
#include "sigma/yaml_reader.hpp"

namespace yagura::sigma {

namespace {

constexpr std::array<std::string_view, 26> kTypes = {"field_name_mapping",
                                                     "field_name_prefix_mapping",
                                                     "field_name_suffix",
                                                     "field_name_prefix",
                                                     "field_name_transform",
                                                     "drop_detection_item",
                                                     "hashes_fields",
                                                     "wildcard_placeholders",
                                                     "value_placeholders",
                                                     "add_condition",
                                                     "change_logsource",
                                                     "add_field",
                                                     "remove_field",
                                                     "set_field",
                                                     "replace_string",
                                                     "map_string",
                                                     "set_state",
                                                     "regex",
                                                     "set_value",
                                                     "convert_type",
                                                     "rule_failure",
                                                     "detection_item_failure",
                                                     "strict_field_mapping_failure",
                                                     "set_custom_attribute",
                                                     "nest",
                                                     "case"};

// Conditions of one kind (of rules, items or field names) and how they are joined.
struct Conditions {
  std::vector<std::pair<std::string, YamlNode>> list;
  bool any = false;
  bool negated = false;
  std::optional<Condition> expression;

  template <class Holds>
  bool hold(Holds holds) const {
    if (expression) return evaluate(*expression, holds) != negated;
    if (list.empty()) return true;
    const auto one = [&](const auto& condition) { return holds(condition.second); };
    return (any ? std::ranges::any_of(list, one) : std::ranges::all_of(list, one)) != negated;
  }

 private:
  template <class Holds>
  bool evaluate(const Condition& condition, Holds& holds) const {
    switch (condition.kind) {
      case Condition::Kind::identifier:
        for (const auto& [name, node] : list)
          if (name == condition.name) return holds(node);
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
  Conditions rules, items, fields;
  Detections added;          // of add_condition
  std::vector<Step> nested;  // of nest
};

std::string text_at(const YamlNode& node, std::string_view key) {
  const auto* found = node.find(key);
  return found && found->is_scalar() ? found->text : std::string();
}
std::vector<std::string> texts_at(const YamlNode& node, std::string_view key) {
  std::vector<std::string> texts;
  const auto* found = node.find(key);
  if (!found) return texts;
  if (found->is_scalar()) texts.push_back(found->text);
  for (const auto& item : found->items)
    if (item.is_scalar()) texts.push_back(item.text);
  return texts;
}
bool flag_at(const YamlNode& node, std::string_view key) {
  const auto* found = node.find(key);
  return found && found->as_boolean().value_or(false);
}

bool matches_regex(const std::string& pattern, std::string_view text) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(pattern, options);
  return regex.ok() && RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

void each_item(Detection& detection, const std::function<void(DetectionItem&)>& visit) {
  if (detection.kind == Detection::Kind::item) visit(detection.item);
  for (auto& child : detection.children) each_item(child, visit);
}
void each_item(Detections& detections, const std::function<void(DetectionItem&)>& visit) {
  for (auto& identifier : detections.identifiers) each_item(identifier.detection, visit);
}

}  // namespace

struct Pipeline::Loaded {
  std::string name;
  int priority = 0;
  std::map<std::string, std::vector<std::string>> vars;
  std::vector<Step> steps;
  bool wildcard_placeholders = false;
  std::optional<std::set<std::string>> placeholders;  // value_placeholders: which; all when it does not say
  bool value_placeholders = false;

  void read_steps(const YamlNode& list, const std::string& file, Problems& problems, std::vector<Step>& into,
                  int depth);
  Conditions read_conditions(const YamlReader& reader, std::string_view key, std::string_view prefix,
                             std::span<const std::string_view> types);
};

// ---- Loading

Conditions Pipeline::Loaded::read_conditions(const YamlReader& reader, std::string_view key, std::string_view prefix,
                                             std::span<const std::string_view> types) {
  Conditions conditions;
  if (const auto* node = reader.find(key)) {
    const auto add = [&](std::string name, const YamlNode& one) {
      const std::string type = text_at(one, "type");
      if (std::ranges::find(types, std::string_view(type)) == types.end())
        reader.error(one,
                     fmt::format("'{}' has no condition of the type '{}'{}", key, type, did_you_mean(type, types)));
      conditions.list.emplace_back(std::move(name), one);
    };
    for (const auto& one : node->items) add({}, one);
    for (const auto& [name, one] : node->entries) add(name.text, one);
  }
  const std::string prefix_text(prefix);
  conditions.any = reader.text(prefix_text + "_op") == "or";
  conditions.negated = flag_at(reader.map(), prefix_text + "_not");
  if (const auto* expression = reader.find(prefix_text + "_expr")) {
    auto parsed = parse_condition(expression->text);
    if (parsed)
      conditions.expression = std::move(*parsed);
    else
      reader.error(*expression, parsed.error().message());
  }
  return conditions;
}

void Pipeline::Loaded::read_steps(const YamlNode& list, const std::string& file, Problems& problems,
                                  std::vector<Step>& into, int depth) {
  constexpr std::array<std::string_view, 9> kRuleConditions = {"logsource",
                                                               "contains_detection_item",
                                                               "contains_field",
                                                               "processing_item_applied",
                                                               "processing_state",
                                                               "is_sigma_rule",
                                                               "is_sigma_correlation_rule",
                                                               "tag",
                                                               "rule_attribute"};
  constexpr std::array<std::string_view, 6> kItemConditions = {
      "match_string", "match_value", "contains_wildcard", "is_null", "processing_item_applied", "processing_state"};
  constexpr std::array<std::string_view, 4> kFieldConditions = {"include_fields", "exclude_fields",
                                                                "processing_item_applied", "processing_state"};
  if (!list.is_list()) {
    problems.error({file, list.place}, "'transformations' must be a list");
    return;
  }
  for (const auto& node : list.items) {
    if (!node.is_map()) {
      problems.error({file, node.place}, "a transformation must be a map with 'type'");
      continue;
    }
    const YamlReader reader(node, file, problems);
    Step step;
    step.node = node;
    step.place = reader.place(node);
    step.id = reader.text("id");
    step.type = reader.text("type");
    if (std::ranges::find(kTypes, std::string_view(step.type)) == kTypes.end()) {
      reader.error(node, fmt::format("'{}' is not a transformation that changes rules here{}", step.type,
                                     did_you_mean(step.type, kTypes)));
      continue;
    }
    step.rules = read_conditions(reader, "rule_conditions", "rule_cond", kRuleConditions);
    step.items = read_conditions(reader, "detection_item_conditions", "detection_item_cond", kItemConditions);
    step.fields = read_conditions(reader, "field_name_conditions", "field_name_cond", kFieldConditions);
    if (step.type == "nest") {
      if (depth > 8)
        reader.error(node, "'nest' is nested too deep");
      else if (const auto* items = reader.find("items"))
        read_steps(*items, file, problems, step.nested, depth + 1);
      else
        reader.error(node, "'nest' wants 'items'");
    } else if (step.type == "add_condition") {
      // A search identifier of its own: its conditions are a map as in a rule.
      const auto* conditions = reader.find("conditions");
      if (!conditions || !conditions->is_map()) {
        reader.error(node, "'add_condition' wants 'conditions', a map of fields and values");
        continue;
      }
      YamlNode section, condition;
      section.kind = YamlNode::Kind::map;
      condition.kind = YamlNode::Kind::scalar;
      condition.text = flag_at(node, "negated") ? "not added" : "added";
      YamlNode added_key = condition, condition_key = condition;
      added_key.text = "added";
      condition_key.text = "condition";
      section.entries = {{added_key, *conditions}, {condition_key, condition}};
      step.added = load_detections(YamlReader(section, file, problems), {});
    } else if (step.type == "wildcard_placeholders") {
      wildcard_placeholders = true;
    } else if (step.type == "value_placeholders") {
      value_placeholders = true;
      if (const auto include = texts_at(node, "include"); !include.empty()) {
        if (!placeholders) placeholders.emplace();
        placeholders->insert(include.begin(), include.end());
      }
    }
    into.push_back(std::move(step));
  }
}

std::shared_ptr<const Pipeline> Pipeline::load(std::string_view yaml, const std::string& file, Problems& problems) {
  const auto parsed = parse_yaml(yaml);
  if (parsed.error) problems.error({file, parsed.error->place}, parsed.error->message);
  if (parsed.documents.empty() || !parsed.documents.front().is_map()) {
    if (!parsed.error) problems.error({file, {}}, "a pipeline must be a map with 'transformations'");
    return nullptr;
  }
  const auto& document = parsed.documents.front();
  const YamlReader reader(document, file, problems);
  auto loaded = std::make_unique<Loaded>();
  loaded->name = reader.text("name");
  if (loaded->name.empty()) loaded->name = file;
  if (const auto* priority = reader.find("priority"))
    loaded->priority = static_cast<int>(priority->as_integer().value_or(0));
  if (const auto* vars = reader.find("vars"))
    for (const auto& [name, value] : vars->entries) loaded->vars[name.text] = texts_at(*vars, name.text);
  if (const auto* steps = reader.find("transformations")) loaded->read_steps(*steps, file, problems, loaded->steps, 0);
  for (const auto* key : {"postprocessing", "finalizers"})
    if (const auto* node = reader.find(key))
      reader.warning(*node, fmt::format("'{}' makes text of queries and has no meaning here", key));
  return std::shared_ptr<const Pipeline>(new Pipeline(std::move(loaded)));
}

Pipeline::Pipeline(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Pipeline::~Pipeline() = default;
const std::string& Pipeline::name() const { return loaded_->name; }
int Pipeline::priority() const { return loaded_->priority; }

void Pipeline::add_placeholders(LoadOptions& options) const {
  if (loaded_->value_placeholders)
    for (const auto& [name, values] : loaded_->vars)
      if (!loaded_->placeholders || loaded_->placeholders->contains(name)) options.placeholders[name] = values;
  if (loaded_->wildcard_placeholders) options.unknown_placeholders_match_anything = true;
}

// ---- Application

namespace {

// One rule while a pipeline works on it.
struct Work {
  Metadata& metadata;
  RuleLogSource* source = nullptr;  // nullptr: a correlation
  Detections* detections = nullptr;
  CorrelationRule* correlation = nullptr;
  std::set<std::string> applied;
  std::map<std::string, std::string> state;
  std::string failure;
  std::size_t added = 0;
};

bool state_holds(const Work& work, const YamlNode& node) {
  const auto known = work.state.find(text_at(node, "key"));
  return known != work.state.end() && known->second == text_at(node, "val");
}

bool rule_condition(const YamlNode& node, Work& work) {
  const std::string type = text_at(node, "type");
  if (type == "is_sigma_rule") return work.detections != nullptr;
  if (type == "is_sigma_correlation_rule") return work.correlation != nullptr;
  if (type == "processing_item_applied") return work.applied.contains(text_at(node, "processing_item_id"));
  if (type == "processing_state") return state_holds(work, node);
  if (type == "tag") return std::ranges::find(work.metadata.tags, text_at(node, "tag")) != work.metadata.tags.end();
  if (type == "rule_attribute") {
    const std::string attribute = text_at(node, "attribute"), value = text_at(node, "value"), op = text_at(node, "op");
    const auto& m = work.metadata;
    const std::map<std::string, std::string> known = {{"title", m.title},
                                                      {"id", m.id},
                                                      {"name", m.name},
                                                      {"status", std::string(to_string(m.status))},
                                                      {"level", std::string(to_string(m.level))},
                                                      {"author", m.author},
                                                      {"date", m.date},
                                                      {"modified", m.modified},
                                                      {"description", m.description},
                                                      {"taxonomy", m.taxonomy},
                                                      {"license", m.license}};
    std::string actual;
    if (const auto found = known.find(attribute); found != known.end())
      actual = found->second;
    else
      for (const auto& [key, custom] : m.custom)
        if (key == attribute) actual = custom.text;
    if (op.empty() || op == "eq") return actual == value;
    if (op == "ne") return actual != value;
    if (op == "in") return value.find(actual) != std::string::npos;
    // Levels and statuses have an order of their own; dates are ordered as texts.
    constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high", "critical"};
    constexpr std::array<std::string_view, 5> kStatuses = {"unsupported", "deprecated", "experimental", "test",
                                                           "stable"};
    int order = actual.compare(value);
    for (const auto& words : {kLevels, kStatuses}) {
      const auto a = std::ranges::find(words, std::string_view(actual)),
                 b = std::ranges::find(words, std::string_view(value));
      if ((attribute == "level" || attribute == "status") && a != words.end() && b != words.end())
        order = static_cast<int>(a - b);
    }
    return op == "gte"   ? order >= 0
           : op == "gt"  ? order > 0
           : op == "lte" ? order <= 0
           : op == "lt"  ? order < 0
                         : false;
  }
  if (!work.detections) return false;
  if (type == "logsource") {
    const auto fits = [&](std::string_view key, const std::string& has) {
      const std::string wanted = text_at(node, key);
      return wanted.empty() || wanted == has;
    };
    return fits("product", work.source->product) && fits("category", work.source->category) &&
           fits("service", work.source->service);
  }
  bool found = false;
  const std::string field = text_at(node, "field"), value = text_at(node, "value");
  each_item(*work.detections, [&](DetectionItem& item) {
    if (item.field != field) return;
    if (type == "contains_field") found = true;
    for (const auto& written : item.written) found |= written.text == value;
  });
  return found;
}

bool item_condition(const YamlNode& node, const DetectionItem& item, const Work& work) {
  const std::string type = text_at(node, "type");
  if (type == "processing_item_applied")
    return std::ranges::find(item.applied, text_at(node, "processing_item_id")) != item.applied.end();
  if (type == "processing_state") return state_holds(work, node);
  std::size_t count = 0, met = 0;
  for (const auto& value : item.values)
    for (const auto& test : value) {
      ++count;
      const auto* text = std::get_if<TextTest>(&test);
      if (type == "is_null")
        met += std::holds_alternative<NullTest>(test);
      else if (type == "contains_wildcard")
        met += text && text->pattern.has_wildcards();
      else if (type == "match_string")
        met += text && matches_regex(text_at(node, "pattern"), text->pattern.to_text());
      else if (type == "match_value")
        met += text && text->pattern.to_text() == text_at(node, "value");
    }
  const bool holds = text_at(node, "cond") == "all" ? met == count && count != 0 : met != 0;
  return holds != flag_at(node, "negate");
}

bool field_condition(const YamlNode& node, const std::string& field, const std::vector<std::string>& applied,
                     const Work& work) {
  const std::string type = text_at(node, "type");
  if (type == "processing_item_applied")
    return std::ranges::find(applied, text_at(node, "processing_item_id")) != applied.end();
  if (type == "processing_state") return state_holds(work, node);
  const bool regex = text_at(node, "mode") == "re" || text_at(node, "mode") == "regex";
  const auto fields = texts_at(node, "fields");
  const bool listed = std::ranges::any_of(
      fields, [&](const std::string& one) { return regex ? matches_regex(one, field) : one == field; });
  return listed == (type == "include_fields");
}

// The names that `field` is called after the step; itself when nothing is said of it.
std::vector<std::string> new_names(const Step& step, const std::string& field) {
  if (step.type == "field_name_mapping") {
    const auto* mapping = step.node.find("mapping");
    auto names = mapping ? texts_at(*mapping, field) : std::vector<std::string>();
    return names.empty() ? std::vector{field} : names;
  }
  if (step.type == "field_name_prefix_mapping") {
    if (const auto* mapping = step.node.find("mapping"))
      for (const auto& [prefix, to] : mapping->entries) {
        if (!field.starts_with(prefix.text)) continue;
        std::vector<std::string> names;
        for (const auto& name : texts_at(*mapping, prefix.text))
          names.push_back(name + field.substr(prefix.text.size()));
        return names;
      }
    return {field};
  }
  if (step.type == "field_name_prefix") return {text_at(step.node, "prefix") + field};
  if (step.type == "field_name_suffix") return {field + text_at(step.node, "suffix")};
  if (step.type == "field_name_transform") {
    if (const auto* mapping = step.node.find("mapping"))
      if (auto names = texts_at(*mapping, field); !names.empty()) return names;
    return {change_case(field, text_at(step.node, "transform_func"))};
  }
  return {field};
}

bool renames(const Step& step) { return step.type.starts_with("field_name_"); }

class StepRunner {
 public:
  StepRunner(const Step& step, Work& work) : step_(step), work_(work) {}

  void run() {
    if (!step_.rules.hold([&](const YamlNode& node) { return rule_condition(node, work_); })) return;
    if (step_.type == "nest") {
      for (const auto& nested : step_.nested) StepRunner(nested, work_).run();
    } else if (!run_on_rule()) {
      if (work_.correlation && renames(step_)) rename_correlation();
      if (work_.detections) {
        for (auto& identifier : work_.detections->identifiers) run_on(identifier.detection);
        drop_empty();
      }
    }
    if (!step_.id.empty()) work_.applied.insert(step_.id);
  }

 private:
  // True when the step is about the rule as a whole.
  bool run_on_rule() {
    const auto& node = step_.node;
    if (step_.type == "rule_failure") {
      work_.failure = text_at(node, "message");
    } else if (step_.type == "set_state") {
      work_.state[text_at(node, "key")] = text_at(node, "val");
    } else if (step_.type == "set_custom_attribute") {
      const auto* value = node.find("value");
      work_.metadata.custom.emplace_back(text_at(node, "attribute"), value ? *value : YamlNode());
    } else if (step_.type == "change_logsource") {
      if (work_.source)
        *work_.source = {text_at(node, "product"), text_at(node, "category"), text_at(node, "service"), {}};
    } else if (step_.type == "add_condition") {
      if (work_.detections) add_condition();
    } else if (step_.type == "add_field" || step_.type == "remove_field" || step_.type == "set_field") {
      auto& fields = work_.metadata.fields;
      const auto names = texts_at(node, step_.type == "set_field" ? "fields" : "field");
      if (step_.type == "set_field")
        fields = names;
      else if (step_.type == "add_field")
        fields.insert(fields.end(), names.begin(), names.end());
      else
        std::erase_if(fields, [&](const std::string& one) { return std::ranges::find(names, one) != names.end(); });
    } else {
      return step_.type == "value_placeholders" ||
             step_.type == "wildcard_placeholders";  // done when the rules were loaded
    }
    return true;
  }

  void add_condition() {
    const std::string scope = fmt::format("condition {} of {}", work_.added++, step_.place.to_text());
    auto& detections = *work_.detections;
    for (auto identifier : step_.added.identifiers) {
      identifier.scope = scope;
      detections.identifiers.push_back(std::move(identifier));
    }
    Condition added = step_.added.conditions.front();
    set_scope(added, scope);
    for (auto& condition : detections.conditions) {
      Condition both;
      both.kind = Condition::Kind::all_of;
      both.children = {added, std::move(condition)};
      condition = std::move(both);
    }
  }

  bool selects(const DetectionItem& item) const {
    if (!step_.items.hold([&](const YamlNode& node) { return item_condition(node, item, work_); })) return false;
    if (item.is_keyword()) return step_.fields.list.empty();
    return step_.fields.hold(
        [&](const YamlNode& node) { return field_condition(node, item.field, item.applied, work_); });
  }

  void run_on(Detection& detection) {
    for (auto& child : detection.children) run_on(child);
    if (detection.kind != Detection::Kind::item || !selects(detection.item)) return;
    auto& item = detection.item;
    if (step_.type == "drop_detection_item") {
      detection = {};
      detection.kind = Detection::Kind::any_of;  // of nothing: dropped below
      dropped_ = true;
      return;
    }
    if (step_.type == "detection_item_failure") {
      work_.failure = text_at(step_.node, "message");
      return;
    }
    if (step_.type == "strict_field_mapping_failure") {
      if (!item.is_keyword() && item.applied.empty())
        work_.failure = fmt::format("the field '{}' has no mapping", item.field);
      return;
    }
    if (renames(step_)) {
      if (!item.is_keyword()) rename(detection);
      return;
    }
    if (step_.type == "hashes_fields") {
      split_hashes(detection, text_at(step_.node, "field_prefix"), texts_at(step_.node, "valid_hash_algos"),
                   flag_at(step_.node, "drop_algo_prefix"));
    } else {
      change_values(item, step_.type, step_.node);
    }
    mark(detection);
  }

  void mark(Detection& detection) const {
    if (!step_.id.empty()) each_item(detection, [&](DetectionItem& item) { item.applied.push_back(step_.id); });
  }

  // Several names mean any of them; of a negated item, all.
  void rename(Detection& detection) {
    const auto names = new_names(step_, detection.item.field);
    if (names.size() == 1 && names.front() == detection.item.field) return;
    if (names.size() == 1) {
      detection.item.field = names.front();
      mark(detection);
      return;
    }
    Detection group;
    group.kind = detection.item.negated ? Detection::Kind::all_of : Detection::Kind::any_of;
    for (const auto& name : names) {
      Detection one = detection;
      one.item.field = name;
      group.children.push_back(std::move(one));
    }
    detection = std::move(group);
    mark(detection);
  }

  void rename_correlation() {
    auto& rule = *work_.correlation;
    const auto change = [&](std::string& field) {
      if (std::ranges::any_of(rule.aliases, [&](const CorrelationAlias& alias) { return alias.name == field; })) return;
      if (!step_.fields.hold([&](const YamlNode& node) { return field_condition(node, field, {}, work_); })) return;
      const auto names = new_names(step_, field);
      if (names.size() == 1)
        field = names.front();
      else
        work_.failure =
            fmt::format("the field '{}' of the correlation has more than one name after the mapping", field);
    };
    for (auto& field : rule.group_by) change(field);
    for (auto& alias : rule.aliases)
      for (auto& [reference, field] : alias.fields) change(field);
    if (rule.condition)
      for (auto& field : rule.condition->fields) change(field);
  }

  // What was dropped leaves no trace: a map without it, an identifier without anything.
  static bool prune(Detection& detection) {
    if (detection.kind == Detection::Kind::item) return false;
    std::erase_if(detection.children, [](Detection& child) { return prune(child); });
    return detection.children.empty();
  }
  void drop_empty() {
    if (!dropped_) return;
    auto& detections = *work_.detections;
    std::vector<std::pair<std::string, std::string>> gone;
    std::erase_if(detections.identifiers, [&](SearchIdentifier& identifier) {
      if (!prune(identifier.detection)) return false;
      gone.emplace_back(identifier.name, identifier.scope);
      return true;
    });
    if (gone.empty()) return;
    std::erase_if(detections.conditions, [&](Condition& condition) { return drop(condition, gone, detections); });
    if (detections.conditions.empty()) work_.failure = "nothing is left of the rule's condition";
  }
  static bool drop(Condition& condition, const std::vector<std::pair<std::string, std::string>>& gone,
                   const Detections& detections) {
    if (condition.kind == Condition::Kind::identifier)
      return std::ranges::find(gone, std::pair(condition.name, condition.scope)) != gone.end();
    if (condition.kind == Condition::Kind::selector) return selected(condition, detections.identifiers).empty();
    std::erase_if(condition.children, [&](Condition& child) { return drop(child, gone, detections); });
    if (condition.children.empty()) return true;
    if (condition.children.size() == 1 && condition.kind != Condition::Kind::negation) {
      Condition only = std::move(condition.children.front());
      condition = std::move(only);
    }
    return false;
  }

  const Step& step_;
  Work& work_;
  bool dropped_ = false;
};

}  // namespace

void Pipeline::apply(RuleCollection& rules, Problems& problems) const {
  const auto run = [&](Work work, const Place& place) {
    for (const auto& step : loaded_->steps) {
      StepRunner(step, work).run();
      if (work.failure.empty()) continue;
      problems.error(place, fmt::format("the pipeline '{}' refuses the rule: {}", loaded_->name, work.failure));
      problems.all().back().rule = work.metadata.identity();
      return true;
    }
    return false;
  };
  std::erase_if(rules.rules, [&](Rule& rule) {
    Work work{rule.metadata};
    work.source = &rule.log_source;
    work.detections = &rule.detections;
    return run(std::move(work), rule.place);
  });
  std::erase_if(rules.correlations, [&](CorrelationRule& rule) {
    Work work{rule.metadata};
    work.correlation = &rule;
    return run(std::move(work), rule.place);
  });
  std::erase_if(rules.filters, [&](Filter& filter) {
    Work work{filter.metadata};
    work.source = &filter.log_source;
    work.detections = &filter.detections;
    return run(std::move(work), filter.place);
  });
}

void apply_pipelines(std::vector<std::shared_ptr<const Pipeline>> pipelines, RuleCollection& rules,
                     Problems& problems) {
  std::ranges::stable_sort(pipelines, {}, [](const auto& pipeline) { return pipeline->priority(); });
  for (const auto& pipeline : pipelines) pipeline->apply(rules, problems);
}

}  // namespace yagura::sigma
