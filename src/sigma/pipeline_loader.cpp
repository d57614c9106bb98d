// Reads pipeline files: every transformation and condition with the parameters it takes.
#include <array>

#include "sigma/condition.hpp"
#include "sigma/detection_loader.hpp"
#include "sigma/pipeline_program.hpp"
#include "sigma/pipeline_values.hpp"

namespace yagura::sigma {

namespace {

// Parameters, blank-separated; with '!' behind those that must be there.
struct Type {
  std::string_view name;
  std::string_view parameters;
};

constexpr Type kTransformations[] = {
    {"field_name_mapping", "mapping!"},
    {"field_name_prefix_mapping", "mapping!"},
    {"field_name_suffix", "suffix!"},
    {"field_name_prefix", "prefix!"},
    {"field_name_transform", "transform_func! mapping apply_keyword"},
    {"drop_detection_item", ""},
    {"hashes_fields", "valid_hash_algos! field_prefix drop_algo_prefix field_to_parse"},
    {"extract_fields", "regex! field_prefix preserve_unmatched"},
    {"wildcard_placeholders", "include exclude"},
    {"value_placeholders", "include exclude"},
    {"add_condition", "conditions! name template negated"},
    {"change_logsource", "category product service"},
    {"add_field", "field!"},
    {"remove_field", "field!"},
    {"set_field", "fields!"},
    {"replace_string", "regex! replacement! skip_special interpret_special"},
    {"map_string", "mapping!"},
    {"set_state", "key! val!"},
    {"regex", "method"},
    {"set_value", "value force_type"},
    {"convert_type", "target_type!"},
    {"rule_failure", "message!"},
    {"detection_item_failure", "message!"},
    {"strict_field_mapping_failure", ""},
    {"set_custom_attribute", "attribute! value!"},
    {"nest", "items!"},
    {"case", "method"},
};

// Of pySigma's, but of no use where rules are matched.
struct Refused {
  std::string_view name, why;
};
constexpr Refused kRefused[] = {
    {"query_expression_placeholders",
     "puts text of a query language into rules, which are matched here and not translated; use value_placeholders"},
    {"file_placeholders", "reads values from a file; write them under 'vars' and use value_placeholders"},
    {"http_placeholders", "fetches values from elsewhere; write them under 'vars' and use value_placeholders"},
    {"command_placeholders", "runs a command; write the values under 'vars' and use value_placeholders"},
};

constexpr Type kRuleConditions[] = {
    {"logsource", "category product service"},
    {"contains_detection_item", "field! value!"},
    {"contains_field", "field!"},
    {"processing_item_applied", "processing_item_id!"},
    {"processing_state", "key! val! op"},
    {"is_sigma_rule", ""},
    {"is_sigma_correlation_rule", ""},
    {"rule_attribute", "attribute! value! op"},
    {"tag", "tag!"},
};
constexpr Type kItemConditions[] = {
    {"match_string", "cond! pattern! negate"},
    {"match_value", "cond! value!"},
    {"contains_wildcard", "cond!"},
    {"is_null", "cond!"},
    {"processing_item_applied", "processing_item_id!"},
    {"processing_state", "key! val! op"},
};
constexpr Type kFieldConditions[] = {
    {"include_fields", "fields! mode"},
    {"exclude_fields", "fields! mode"},
    {"processing_item_applied", "processing_item_id!"},
    {"processing_state", "key! val! op"},
};

constexpr std::string_view kStepKeys =
    "id type rule_conditions rule_cond_op rule_cond_not rule_cond_expr detection_item_conditions "
    "detection_item_cond_op "
    "detection_item_cond_not detection_item_cond_expr field_name_conditions field_name_cond_op field_name_cond_not "
    "field_name_cond_expr allow_template_vars vars_allowed_paths allow_external_sources";

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> list;
  for (const auto word : split(text, ' '))
    if (!word.empty()) list.push_back(word);
  return list;
}
std::vector<std::string_view> names(std::span<const Type> types) {
  std::vector<std::string_view> list;
  for (const auto& type : types) list.push_back(type.name);
  return list;
}

// Unknown and missing parameters of a transformation or condition.
void check_parameters(const YamlReader& reader, const Type& type, std::string_view common) {
  std::vector<std::string_view> known = words(common);
  for (auto word : words(type.parameters)) {
    const bool wanted = word.ends_with('!');
    if (wanted) word.remove_suffix(1);
    known.push_back(word);
    const auto* found = reader.map().find(word);
    if (wanted && !found) reader.error(reader.map(), fmt::format("'{}' wants '{}'", type.name, word));
  }
  for (const auto& [key, value] : reader.map().entries)
    if (std::ranges::find(known, std::string_view(key.text)) == known.end())
      reader.error(key,
                   fmt::format("'{}' has no parameter '{}'{}", type.name, key.text, did_you_mean(key.text, known)));
}

Regex load_regex(const YamlReader& reader, const YamlNode& node, std::string_view text) {
  RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_shared<const RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (regex->ok()) return regex;
  reader.error(node,
               fmt::format("the regular expression cannot be used (RE2 has no look-around and no references back): {}",
                           regex->error()));
  return nullptr;
}

class Loader {
 public:
  Loader(Pipeline::Loaded& loaded, const std::string& file, Problems& problems)
      : loaded_(loaded), file_(file), problems_(problems) {}

  void read_steps(const YamlNode& list, std::vector<Step>& into, int depth, std::string_view key) {
    if (!list.is_list()) {
      problems_.error({file_, list.place}, fmt::format("'{}' must be a list", key));
      return;
    }
    for (const auto& node : list.items) {
      if (!node.is_map()) {
        problems_.error({file_, node.place}, "a transformation must be a map with 'type'");
        continue;
      }
      const std::size_t errors = problems_.error_count();
      Step step;
      read_step(YamlReader(node, file_, problems_), step, depth);
      if (problems_.error_count() == errors) into.push_back(std::move(step));
    }
  }

 private:
  void read_step(const YamlReader& reader, Step& step, int depth) {
    const auto& node = reader.map();
    step.node = node;
    step.place = reader.place(node);
    step.id = reader.text("id");
    step.type = reader.text("type");
    if (const auto* refused = std::ranges::find(kRefused, std::string_view(step.type), &Refused::name);
        refused != std::end(kRefused)) {
      reader.error(node, fmt::format("'{}' {}", refused->name, refused->why));
      return;
    }
    const auto* type = std::ranges::find(kTransformations, std::string_view(step.type), &Type::name);
    if (type == std::end(kTransformations)) {
      reader.error(node, step.type.empty() ? std::string("a transformation must be a map with 'type'")
                                           : fmt::format("'{}' is not a transformation that changes rules here{}",
                                                         step.type, did_you_mean(step.type, names(kTransformations))));
      return;
    }
    check_parameters(reader, *type, kStepKeys);
    step.rules = read_conditions(reader, "rule_conditions", "rule_cond", kRuleConditions);
    step.items = read_conditions(reader, "detection_item_conditions", "detection_item_cond", kItemConditions);
    step.fields = read_conditions(reader, "field_name_conditions", "field_name_cond", kFieldConditions);
    read_own(reader, step, depth);
  }

  void choice(const YamlReader& reader, std::string_view key, std::string_view choices) {
    const auto list = words(choices);
    reader.choice(key, list);
  }

  // What only this type of transformation takes.
  void read_own(const YamlReader& reader, Step& step, int depth) {
    const auto& node = reader.map();
    const std::string& type = step.type;
    if (type == "nest") {
      if (depth > 8)
        reader.error(node, "'nest' is nested too deep");
      else if (const auto* items = reader.find("items"))
        read_steps(*items, step.nested, depth + 1, "items");
    } else if (type == "add_condition") {
      read_added(reader, step);
    } else if (type == "wildcard_placeholders" || type == "value_placeholders") {
      loaded_.has_placeholder_steps = true;
      if (reader.find("include") && reader.find("exclude"))
        reader.error(node, "'include' and 'exclude' exclude each other");
    } else if (type == "replace_string" || type == "extract_fields") {
      if (const auto* regex = reader.find("regex")) step.regex = load_regex(reader, *regex, regex->text);
      if (!step.regex) return;
      if (type == "extract_fields") {
        if (step.regex->NamedCapturingGroups().empty())
          reader.error(node, "'regex' of extract_fields must have at least one named group, as in (?P<name>...)");
        return;
      }
      const auto* replacement = node.find("replacement");
      if (!replacement) return;
      auto rewrite = rewrite_of(replacement->text, *step.regex);
      if (rewrite)
        step.rewrite = std::move(*rewrite);
      else
        reader.error(*replacement, rewrite.error().message());
    } else if (type == "regex") {
      choice(reader, "method", "plain ignore_case_flag ignore_case_brackets");
    } else if (type == "case") {
      choice(reader, "method", "lower upper snake_case");
    } else if (type == "convert_type") {
      choice(reader, "target_type", "str num");
    } else if (type == "set_value") {
      choice(reader, "force_type", "str num");
      if (!node.find("value")) reader.error(node, "'set_value' wants 'value'");
      const auto* value = reader.find("value");
      if (value && !value->is_scalar()) reader.error(*value, "'value' must be a text, a number, true/false or null");
      if (value && text_at(node, "force_type") == "num" && !is_number_text(value->text))
        reader.error(*value, fmt::format("'{}' is not a number", value->text));
    } else if (type == "field_name_transform") {
      choice(reader, "transform_func", "lower upper snake_case lowercase uppercase snake");
    } else if (type.ends_with("mapping") || type == "map_string") {
      if (const auto* mapping = reader.find("mapping"); mapping && !mapping->is_map())
        reader.error(*mapping, "'mapping' must be a map");
    }
  }

  // A search identifier of its own: its conditions are a map as in a rule.
  void read_added(const YamlReader& reader, Step& step) {
    const auto* conditions = reader.find("conditions");
    if (!conditions || !conditions->is_map()) {
      reader.error(reader.map(), "'add_condition' wants 'conditions', a map of fields and values");
      return;
    }
    YamlNode section, condition;
    section.kind = YamlNode::Kind::map;
    section.place = conditions->place;
    condition.kind = YamlNode::Kind::scalar;
    condition.text = flag_at(reader.map(), "negated") ? "not added" : "added";
    YamlNode added_key = condition, condition_key = condition;
    added_key.text = "added";
    condition_key.text = "condition";
    section.entries = {{added_key, *conditions}, {condition_key, condition}};
    step.added = load_detections(YamlReader(section, file_, problems_), {{std::string(kKeepPlaceholders), {}}});
  }

  StepConditions read_conditions(const YamlReader& reader, std::string_view key, std::string_view prefix,
                                 std::span<const Type> types) {
    StepConditions conditions;
    const auto* node = reader.find(key);
    if (node) {
      if (!node->is_list() && !node->is_map()) reader.error(*node, fmt::format("'{}' must be a list or a map", key));
      for (const auto& one : node->items) add_condition(one, {}, key, types, conditions);
      for (const auto& [name, one] : node->entries) add_condition(one, name.text, key, types, conditions);
    }
    const std::string prefix_text(prefix);
    const std::string expression_key = prefix_text + "_expr";
    choice(reader, prefix_text + "_op", "and or");
    conditions.any = text_at(reader.map(), prefix_text + "_op") == "or";
    conditions.negated = flag_at(reader.map(), prefix_text + "_not");
    const auto* expression = reader.find(expression_key);
    if (!expression) return conditions;
    if (reader.find(prefix_text + "_op"))
      reader.error(*expression, fmt::format("'{0}_expr' and '{0}_op' exclude each other", prefix));
    if (!node || !node->is_map()) {
      reader.error(*expression,
                   fmt::format("with '{}', '{}' must be a map of names and conditions", expression_key, key));
      return conditions;
    }
    auto parsed = parse_condition(expression->text);
    if (!parsed) {
      reader.error(*expression, parsed.error().message());
      return conditions;
    }
    std::set<std::string> used;
    std::vector<std::string_view> known;
    for (const auto& one : conditions.list) known.push_back(one.name);
    check_names(reader, *expression, *parsed, known, used);
    for (const auto& one : conditions.list)
      if (!used.contains(one.name))
        reader.error(*expression, fmt::format("the condition '{}' is not in the expression", one.name));
    conditions.expression = std::move(*parsed);
    return conditions;
  }

  void check_names(const YamlReader& reader, const YamlNode& at, const Condition& condition,
                   const std::vector<std::string_view>& known, std::set<std::string>& used) {
    if (condition.kind == Condition::Kind::selector)
      reader.error(at, "'1 of' and 'all of' cannot stand in an expression of a pipeline");
    if (condition.kind == Condition::Kind::identifier) {
      used.insert(condition.name);
      if (std::ranges::find(known, std::string_view(condition.name)) == known.end())
        reader.error(at,
                     fmt::format("there is no condition '{}'{}", condition.name, did_you_mean(condition.name, known)));
    }
    for (const auto& child : condition.children) check_names(reader, at, child, known, used);
  }

  void add_condition(const YamlNode& node, std::string name, std::string_view key, std::span<const Type> types,
                     StepConditions& into) {
    const YamlReader reader(node, file_, problems_);
    if (!node.is_map()) {
      reader.error(node, fmt::format("a condition of '{}' must be a map with 'type'", key));
      return;
    }
    const std::string type_name = reader.text("type");
    const auto type = std::ranges::find(types, std::string_view(type_name), &Type::name);
    if (type == types.end()) {
      reader.error(node, fmt::format("'{}' has no condition of the type '{}'{}", key, type_name,
                                     did_you_mean(type_name, names(types))));
      return;
    }
    check_parameters(reader, *type, "type");
    StepCondition condition{std::move(name), type_name, node, {}};
    if (type_name == "logsource" && !reader.find("product") && !reader.find("category") && !reader.find("service"))
      reader.error(node, "'logsource' wants at least one of product, category and service");
    choice(reader, "cond", "any all");
    choice(reader, "mode", "plain re");
    choice(reader, "op", type_name == "rule_attribute" ? "eq ne gte gt lte lt in not_in" : "eq ne gte gt lte lt");
    if (type_name == "match_string") {
      if (const auto* pattern = reader.find("pattern"))
        if (auto regex = load_regex(reader, *pattern, pattern->text)) condition.regexes.push_back(std::move(regex));
    } else if (text_at(node, "mode") == "re") {
      for (const auto& pattern : texts_at(node, "fields"))
        if (auto regex = load_regex(reader, node, pattern)) condition.regexes.push_back(std::move(regex));
    }
    into.list.push_back(std::move(condition));
  }

  Pipeline::Loaded& loaded_;
  const std::string& file_;
  Problems& problems_;
};

}  // namespace

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
bool renames(const Step& step) { return step.type.starts_with("field_name_"); }

std::shared_ptr<const Pipeline> Pipeline::load(std::string_view yaml, const std::string& file, Problems& problems) {
  const auto parsed = parse_yaml(yaml);
  if (parsed.error) problems.error({file, parsed.error->place}, parsed.error->message);
  if (parsed.documents.empty() || !parsed.documents.front().is_map()) {
    if (!parsed.error) problems.error({file, {}}, "a pipeline must be a map with 'transformations'");
    return nullptr;
  }
  const auto& document = parsed.documents.front();
  const YamlReader reader(document, file, problems);
  const std::vector<std::string_view> keys = {
      "name", "priority", "vars", "transformations", "postprocessing", "finalizers", "allowed_backends"};
  for (const auto& [key, value] : document.entries)
    if (std::ranges::find(keys, std::string_view(key.text)) == keys.end())
      reader.error(key, fmt::format("a pipeline has no '{}'{}", key.text, did_you_mean(key.text, keys)));
  auto loaded = std::make_unique<Loaded>();
  loaded->file = file;
  loaded->name = reader.text("name");
  if (loaded->name.empty()) loaded->name = file;
  if (const auto* priority = reader.find("priority")) {
    if (const auto number = priority->as_integer())
      loaded->priority = static_cast<int>(std::clamp<std::int64_t>(*number, -1'000'000, 1'000'000));
    else
      reader.error(*priority, "'priority' must be a whole number");
  }
  if (const auto* vars = reader.find("vars")) {
    if (!vars->is_map()) reader.error(*vars, "'vars' must be a map of names and values");
    for (const auto& [name, value] : vars->entries) {
      for (const auto& one : value.items)
        if (!one.is_scalar()) reader.error(one, fmt::format("a value of '{}' must be a text or a number", name.text));
      if (value.is_map())
        reader.error(value, fmt::format("'{}' must be a text, a number or a list of them", name.text));
      loaded->vars[name.text] = texts_at(*vars, name.text);
    }
  }
  if (const auto* steps = reader.find("transformations"))
    Loader(*loaded, file, problems).read_steps(*steps, loaded->steps, 0, "transformations");
  for (const auto* key : {"postprocessing", "finalizers"})
    if (const auto* node = reader.find(key))
      reader.warning(*node, fmt::format("'{}' makes text of queries and has no meaning here", key));
  return std::shared_ptr<const Pipeline>(new Pipeline(std::move(loaded)));
}

Pipeline::Pipeline(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Pipeline::~Pipeline() = default;
const std::string& Pipeline::name() const { return loaded_->name; }
int Pipeline::priority() const { return loaded_->priority; }
const Pipeline::Loaded& Pipeline::loaded() const { return *loaded_; }

void Pipeline::prepare(LoadOptions& options) const {
  if (loaded_->has_placeholder_steps) options.placeholders.emplace(kKeepPlaceholders, std::vector<std::string>());
}

}  // namespace yagura::sigma
