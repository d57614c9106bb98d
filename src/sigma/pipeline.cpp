// Applies pipelines to rules; pipeline_loader.cpp reads them.
#include "sigma/pipeline.hpp"

#include "sigma/detection_loader.hpp"
#include "sigma/filters.hpp"
#include "sigma/pipeline_program.hpp"
#include "sigma/pipeline_values.hpp"

namespace yagura::sigma {

namespace {

using Vars = std::map<std::string, std::vector<std::string>>;

void each_item(Detection& detection, const std::function<void(DetectionItem&)>& visit) {
  if (detection.kind == Detection::Kind::item) visit(detection.item);
  for (auto& child : detection.children) each_item(child, visit);
}
void each_item(Detections& detections, const std::function<void(DetectionItem&)>& visit) {
  for (auto& identifier : detections.identifiers) each_item(identifier.detection, visit);
}

// One rule while the pipelines work on it.
struct Work {
  Metadata& metadata;
  RuleLogSource* source = nullptr;  // nullptr: a correlation
  Detections* detections = nullptr;
  CorrelationRule* correlation = nullptr;
  std::vector<const RuleLogSource*> referred;
  const Vars* vars = nullptr;
  PipelineState state;
  std::set<std::string> mapped;  // fields that a mapping knows, under their old and new names
  std::string failure;
  std::size_t added = 0;

  RuleView view() const { return {&metadata, source, detections, referred}; }
};

// A field without a name is a keyword: the key null.
const YamlNode* mapped_to(const YamlNode& mapping, const std::string* field) {
  for (const auto& [key, value] : mapping.entries) {
    const bool is_null = key.is_null() || (!key.quoted && (key.text.empty() || key.text == "null" || key.text == "~" ||
                                                           key.text == "Null" || key.text == "NULL"));
    if (field ? !is_null && key.text == *field : is_null) return &value;
  }
  return nullptr;
}
std::vector<std::string> texts_of(const YamlNode& node) {
  std::vector<std::string> texts;
  if (node.is_scalar()) texts.push_back(node.text);
  for (const auto& item : node.items)
    if (item.is_scalar()) texts.push_back(item.text);
  return texts;
}

// The names that a field (nullptr: a keyword) has after the step; nothing when the step says nothing of it.
std::vector<std::string> new_names(const Step& step, const std::string* field) {
  const auto* mapping = step.node.find("mapping");
  if (step.type == "field_name_mapping") {
    const auto* found = mapping ? mapped_to(*mapping, field) : nullptr;
    return found ? texts_of(*found) : std::vector<std::string>();
  }
  if (!field) return {};
  if (step.type == "field_name_prefix_mapping") {
    if (!mapping) return {};
    for (const auto& [prefix, to] : mapping->entries) {
      if (!field->starts_with(prefix.text)) continue;
      std::vector<std::string> names;
      for (const auto& name : texts_of(to)) names.push_back(name + field->substr(prefix.text.size()));
      return names;
    }
    return {};
  }
  if (step.type == "field_name_prefix") return {text_at(step.node, "prefix") + *field};
  if (step.type == "field_name_suffix") return {*field + text_at(step.node, "suffix")};
  if (mapping)  // field_name_transform
    if (const auto* found = mapped_to(*mapping, field)) return texts_of(*found);
  return {change_case(*field, text_at(step.node, "transform_func"))};
}

bool handles(const Step& step, const std::string& placeholder) {
  const auto include = texts_at(step.node, "include"), exclude = texts_at(step.node, "exclude");
  if (!include.empty()) return std::ranges::find(include, placeholder) != include.end();
  return std::ranges::find(exclude, placeholder) == exclude.end();
}

// $category, ${product} and the like; what is not known stays.
std::string fill_template(const std::string& text, const RuleLogSource& source) {
  std::string result = text;
  for (const auto& [name, value] :
       {std::pair{"category", &source.category}, {"product", &source.product}, {"service", &source.service}})
    for (const auto& spelled : {fmt::format("${{{}}}", name), fmt::format("${}", name)})
      for (std::size_t at = result.find(spelled); at != std::string::npos;
           at = result.find(spelled, at + value->size()))
        result.replace(at, spelled.size(), *value);
  return result;
}

class StepRunner {
 public:
  StepRunner(const Step& step, Work& work) : step_(step), work_(work) {}

  void run() {
    if (!work_.failure.empty()) return;
    if (!step_.rules.hold(
            [&](const StepCondition& one) { return rule_condition_holds(one, work_.view(), work_.state); }))
      return;
    if (!step_.id.empty()) work_.state.applied.insert(step_.id);
    if (step_.type == "nest") {
      for (const auto& nested : step_.nested) StepRunner(nested, work_).run();
      return;
    }
    if (run_on_rule()) return;
    if (renames(step_)) rename_lists();
    if (!work_.detections) return;
    for (auto& identifier : work_.detections->identifiers) run_on(identifier.detection);
    drop_empty();
  }

 private:
  // True when the step is about the rule as a whole.
  bool run_on_rule() {
    const auto& node = step_.node;
    auto& metadata = work_.metadata;
    if (step_.type == "rule_failure") {
      fail_rule(text_at(node, "message"));
    } else if (step_.type == "set_state") {
      work_.state.state[text_at(node, "key")] = text_at(node, "val");
    } else if (step_.type == "set_custom_attribute") {
      const auto* value = node.find("value");
      const std::string attribute = text_at(node, "attribute");
      std::erase_if(metadata.custom, [&](const auto& one) { return one.first == attribute; });
      metadata.custom.emplace_back(attribute, value ? *value : YamlNode());
    } else if (step_.type == "change_logsource") {
      if (work_.source)
        *work_.source = {text_at(node, "product"), text_at(node, "category"), text_at(node, "service"), {}};
    } else if (step_.type == "add_condition") {
      if (work_.detections) add_condition();
    } else if (step_.type == "add_field" || step_.type == "remove_field" || step_.type == "set_field") {
      auto& fields = metadata.fields;
      const auto names = texts_at(node, step_.type == "set_field" ? "fields" : "field");
      if (step_.type == "set_field")
        fields = names;
      else if (step_.type == "add_field")
        fields.insert(fields.end(), names.begin(), names.end());
      else
        std::erase_if(fields, [&](const std::string& one) { return std::ranges::find(names, one) != names.end(); });
    } else if (step_.type == "strict_field_mapping_failure") {
      if (work_.detections) check_all_mapped();
    } else {
      return false;
    }
    return true;
  }

  void fail_rule(std::string message) {
    if (work_.failure.empty()) work_.failure = message.empty() ? "refused" : std::move(message);
  }

  void check_all_mapped() {
    std::set<std::string> missing;
    each_item(*work_.detections, [&](DetectionItem& item) {
      if (!item.is_keyword() && !work_.mapped.contains(item.field)) missing.insert(item.field);
    });
    std::string names;
    for (const auto& field : missing) names += (names.empty() ? "" : ", ") + field;
    if (!missing.empty()) fail_rule(fmt::format("these fields have no mapping: {}", names));
  }

  void add_condition() {
    const std::string scope = fmt::format("condition {} of {}", work_.added++, step_.place.to_text());
    auto& detections = *work_.detections;
    for (auto identifier : step_.added.identifiers) {
      identifier.scope = scope;
      each_item(identifier.detection, [&](DetectionItem& item) {
        if (!step_.id.empty()) item.applied.push_back(step_.id);
        if (!flag_at(step_.node, "template")) return;
        for (auto& written : item.written)
          if (written.is_scalar()) written.text = fill_template(written.text, *work_.source);
        if (const auto meant = give_meaning(item, {{std::string(kKeepPlaceholders), {}}}, [](const std::string&) {});
            !meant)
          fail_rule(meant.error().message());
      });
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

  bool field_holds(const std::string* field) const {
    return step_.fields.hold([&](const StepCondition& one) { return field_condition_holds(one, field, work_.state); });
  }
  static const std::string* field_of(const DetectionItem& item) { return item.is_keyword() ? nullptr : &item.field; }

  // Of a field condition: the item's own field or one that a value refers to.
  bool selects(const DetectionItem& item) const {
    if (!step_.items.hold([&](const StepCondition& one) { return item_condition_holds(one, item, work_.state); }))
      return false;
    return step_.fields.hold([&](const StepCondition& one) {
      if (one.type == "processing_item_applied") {
        return std::ranges::find(item.applied, text_at(one.node, "processing_item_id")) != item.applied.end();
      }
      if (field_condition_holds(one, field_of(item), work_.state)) return true;
      for (const auto& value : item.values)
        for (const auto& test : value)
          if (const auto* other = std::get_if<FieldTest>(&test);
              other && field_condition_holds(one, &other->field, work_.state))
            return true;
      return false;
    });
  }

  void run_on(Detection& detection) {
    for (auto& child : detection.children) run_on(child);
    if (detection.kind != Detection::Kind::item || !selects(detection.item)) return;
    auto& item = detection.item;
    if (step_.type == "drop_detection_item") {
      detection = {};
      detection.kind = Detection::Kind::any_of;  // of nothing: dropped below
      dropped_ = true;
    } else if (step_.type == "detection_item_failure") {
      fail_rule(text_at(step_.node, "message"));
    } else if (step_.type == "value_placeholders" || step_.type == "wildcard_placeholders") {
      replace_placeholders(detection);
    } else if (renames(step_)) {
      rename(detection);
    } else {
      const auto changed = step_.type == "hashes_fields"    ? split_hashes(detection, step_)
                           : step_.type == "extract_fields" ? Result<bool>(extract_fields(detection, step_))
                                                            : change_values(item, step_);
      if (!changed)
        fail_rule(changed.error().message());
      else if (*changed)
        mark(detection);
    }
  }

  void mark(Detection& detection) const {
    if (!step_.id.empty()) each_item(detection, [&](DetectionItem& item) { item.applied.push_back(step_.id); });
  }

  void replace_placeholders(Detection& detection) {
    auto& item = detection.item;
    if (item.pending.empty()) return;
    std::erase_if(item.pending, [&](const std::string& name) {
      if (!handles(step_, name)) return false;
      if (step_.type == "wildcard_placeholders") {
        item.replacements[name] = {"*"};
        return true;
      }
      const auto known = work_.vars->find(name);
      if (known == work_.vars->end()) return false;
      item.replacements[name] = known->second;
      return true;
    });
    if (!item.pending.empty()) return;
    const Placeholders values(item.replacements.begin(), item.replacements.end());
    if (const auto meant = give_meaning(item, values, [](const std::string&) {}); !meant)
      fail_rule(meant.error().message());
    mark(detection);
  }

  void track(const std::string& field, const std::vector<std::string>& names) {
    if (names.size() == 1 && names.front() == field) return;
    auto applied = work_.state.applied_to_field[field];
    if (!step_.id.empty()) applied.insert(step_.id);
    work_.state.applied_to_field.erase(field);
    for (const auto& name : names) work_.state.applied_to_field[name] = applied;
  }

  // Several names mean any of them; of a negated item, all.
  void rename(Detection& detection) {
    auto& item = detection.item;
    for (auto& value : item.values) {
      std::vector<Test> tests;
      for (auto& test : value) {
        const auto* other = std::get_if<FieldTest>(&test);
        const auto names =
            other && field_holds(&other->field) ? new_names(step_, &other->field) : std::vector<std::string>();
        if (names.empty()) tests.push_back(std::move(test));
        for (const auto& name : names) {
          FieldTest one = std::get<FieldTest>(test);
          one.field = name;
          tests.emplace_back(std::move(one));
        }
        if (!names.empty()) mark(detection);
      }
      value = std::move(tests);
    }
    if (!field_holds(field_of(item))) return;
    const auto names = new_names(step_, field_of(item));
    if (names.empty()) return;
    if (!item.is_keyword()) {
      work_.mapped.insert(item.field);
      track(item.field, names);
    }
    work_.mapped.insert(names.begin(), names.end());
    if (names.size() == 1) {
      item.field = names.front();
    } else {
      Detection group;
      group.kind = item.negated ? Detection::Kind::all_of : Detection::Kind::any_of;
      for (const auto& name : names) {
        Detection one = detection;
        one.item.field = name;
        group.children.push_back(std::move(one));
      }
      detection = std::move(group);
    }
    mark(detection);
  }

  // The rule's list of fields, and what a correlation says of fields.
  void rename_lists() {
    const auto names_of = [&](const std::string& field) {
      auto names = field_holds(&field) ? new_names(step_, &field) : std::vector<std::string>();
      if (names.empty()) return std::vector{field};
      track(field, names);
      return names;
    };
    const auto rename_all = [&](std::vector<std::string>& fields, const auto& keeps) {
      std::vector<std::string> renamed;
      for (const auto& field : fields) {
        if (keeps(field)) {
          renamed.push_back(field);
          continue;
        }
        for (auto& name : names_of(field)) renamed.push_back(std::move(name));
      }
      fields = std::move(renamed);
    };
    rename_all(work_.metadata.fields, [](const std::string&) { return false; });
    if (!work_.correlation) return;
    auto& rule = *work_.correlation;
    const auto rename_one = [&](std::string& field) {
      auto names = names_of(field);
      if (names.size() == 1)
        field = std::move(names.front());
      else
        fail_rule(fmt::format("the field '{}' of the correlation has more than one name after the mapping", field));
    };
    for (auto& alias : rule.aliases)
      for (auto& [reference, field] : alias.fields) rename_one(field);
    rename_all(rule.group_by, [&](const std::string& field) {
      return std::ranges::any_of(rule.aliases, [&](const CorrelationAlias& alias) { return alias.name == field; });
    });
    if (rule.condition)
      for (auto& field : rule.condition->fields) rename_one(field);
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
    if (detections.conditions.empty()) fail_rule("nothing is left of the rule's condition");
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

// The log sources of the rules that a correlation refers to, directly or through other correlations. Ids and names are
// taken as they stand: a circle is check_references()'s to report.
std::vector<const RuleLogSource*> referred_sources(const CorrelationRule& correlation, const RuleCollection& rules) {
  std::vector<const RuleLogSource*> sources;
  std::set<const CorrelationRule*> seen = {&correlation};
  std::vector<const CorrelationRule*> waiting = {&correlation};
  while (!waiting.empty()) {
    const auto* one = waiting.back();
    waiting.pop_back();
    for (const auto& reference : one->rules) {
      const auto is_meant = [&](const Metadata& m) {
        return m.id == reference || (!m.name.empty() && m.name == reference);
      };
      for (const auto& rule : rules.rules)
        if (is_meant(rule.metadata)) sources.push_back(&rule.log_source);
      for (const auto& other : rules.correlations)
        if (is_meant(other.metadata) && seen.insert(&other).second) waiting.push_back(&other);
    }
  }
  return sources;
}

// A placeholder that nobody has replaced refuses the rule.
std::optional<std::string> left_over(Detections& detections, const Vars& vars) {
  std::optional<std::string> message;
  each_item(detections, [&](DetectionItem& item) {
    if (message || item.pending.empty()) return;
    std::vector<std::string_view> names;
    for (const auto& [name, values] : vars) names.push_back(name);
    std::string key = item.field;
    for (const auto& modifier : item.modifiers) key += "|" + modifier;
    message = fmt::format("'{}': the placeholder '%{}%' has no values configured{}", key, item.pending.front(),
                          did_you_mean(item.pending.front(), names));
  });
  return message;
}

}  // namespace

void apply_pipelines(std::vector<std::shared_ptr<const Pipeline>> pipelines, RuleCollection& rules,
                     Problems& problems) {
  if (pipelines.empty()) return;
  std::ranges::stable_sort(pipelines, [](const auto& a, const auto& b) {
    return std::pair(a->priority(), std::string_view(a->loaded().file)) <
           std::pair(b->priority(), std::string_view(b->loaded().file));
  });
  check_references(rules, problems);  // filters are joined by what they name
  join_filters(rules);
  Vars vars;
  for (const auto& pipeline : pipelines)
    for (const auto& [name, values] : pipeline->loaded().vars) vars[name] = values;

  const auto run = [&](Work work, const Place& place) {
    work.vars = &vars;
    for (const auto& pipeline : pipelines) {
      for (const auto& step : pipeline->loaded().steps) StepRunner(step, work).run();
      if (work.failure.empty()) continue;
      problems.error(place, fmt::format("the pipeline '{}' refuses the rule: {}", pipeline->name(), work.failure));
      problems.all().back().rule = work.metadata.identity();
      return true;
    }
    if (!work.detections) return false;
    const auto open = left_over(*work.detections, vars);
    if (!open) return false;
    problems.error(place, *open);
    problems.all().back().rule = work.metadata.identity();
    return true;
  };
  // Correlations first: they are asked about the log sources that their rules were written with.
  std::erase_if(rules.correlations, [&](CorrelationRule& rule) {
    Work work{rule.metadata};
    work.correlation = &rule;
    work.referred = referred_sources(rule, rules);
    return run(std::move(work), rule.place);
  });
  std::erase_if(rules.rules, [&](Rule& rule) {
    Work work{rule.metadata};
    work.source = &rule.log_source;
    work.detections = &rule.detections;
    return run(std::move(work), rule.place);
  });
}

}  // namespace yagura::sigma
