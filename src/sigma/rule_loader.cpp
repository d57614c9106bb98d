#include "sigma/rule_loader.hpp"

#include <charconv>
#include <map>
#include <set>

#include "base/guid.hpp"
#include "sigma/condition.hpp"
#include "sigma/detection_loader.hpp"
#include "sigma/rule_tags.hpp"
#include "sigma/yaml_reader.hpp"

namespace yagura::sigma {

namespace {

constexpr std::array<std::string_view, 6> kLevels = {"informational", "low", "medium", "high", "critical", ""};
constexpr std::array<std::string_view, 6> kStatuses = {"stable",     "test",        "experimental",
                                                       "deprecated", "unsupported", ""};

constexpr std::array<std::string_view, 21> kKnownKeys = {
    "title",       "id",         "name",   "related",        "taxonomy", "status",    "description",
    "license",     "references", "author", "date",           "modified", "logsource", "detection",
    "correlation", "filter",     "fields", "falsepositives", "level",    "tags",      "scope"};

bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == 4 || i == 7) {
      if (text[i] != '-' && text[i] != '/') return false;
    } else if (!is_ascii_digit(text[i])) {
      return false;
    }
  }
  const int month = (text[5] - '0') * 10 + (text[6] - '0'), day = (text[8] - '0') * 10 + (text[9] - '0');
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

Metadata load_metadata(const YamlReader& reader) {
  Metadata metadata;
  metadata.title = reader.text("title");
  if (trim(metadata.title).empty()) reader.error(reader.map(), "'title' is missing; every rule must have one");
  if (utf8::code_points(metadata.title) > 256)
    reader.warning(*reader.find("title"), "'title' is longer than 256 characters");
  metadata.id = reader.text("id");
  if (!metadata.id.empty() && !Guid::parse(metadata.id))
    reader.warning(*reader.find("id"), fmt::format("'id' should be a UUID, not '{}'", metadata.id));
  metadata.name = reader.text("name");
  metadata.taxonomy = reader.text("taxonomy");
  metadata.description = reader.text("description");
  metadata.license = reader.text("license");
  metadata.author = reader.text("author");
  for (const auto& [key, member] : {std::pair("date", &Metadata::date), std::pair("modified", &Metadata::modified)}) {
    metadata.*member = reader.text(key);
    if (!(metadata.*member).empty() && !is_date(metadata.*member))
      reader.warning(*reader.find(key),
                     fmt::format("'{}' should be a date such as 2026-01-31, not '{}'", key, metadata.*member));
  }
  if (const auto level = reader.choice("level", std::span(kLevels).first(5)))
    metadata.level = static_cast<Level>(*level + 1);
  if (const auto status = reader.choice("status", std::span(kStatuses).first(5)))
    metadata.status = static_cast<Status>(*status + 1);
  metadata.references = reader.texts("references");
  metadata.fields = reader.texts("fields");
  metadata.false_positives = reader.texts("falsepositives");
  metadata.tags = reader.texts("tags");
  if (const auto* tags = reader.find("tags"))
    for (const auto& tag : tags->items)
      if (tag.is_scalar())
        if (auto mistake = tag_mistake(tag.text); !mistake.empty()) reader.warning(tag, std::move(mistake));
  metadata.scope = reader.texts("scope");
  if (const auto* related = reader.find("related")) {
    if (!related->is_list()) reader.error(*related, "'related' must be a list of maps with 'id' and 'type'");
    for (const auto& item : related->items) {
      if (!item.is_map()) {
        reader.error(item, "'related' must be a list of maps with 'id' and 'type'");
        continue;
      }
      const YamlReader entry(item, reader.file(), reader.problems());
      constexpr std::array<std::string_view, 6> kTypes = {"derived", "obsolete", "obsoletes",
                                                          "merged",  "renamed",  "similar"};
      entry.choice("type", kTypes);
      metadata.related.push_back({entry.text("id"), entry.text("type")});
    }
  }
  std::vector<std::string_view> known(kKnownKeys.begin(), kKnownKeys.end());
  for (const auto& [key, value] : reader.map().entries) {
    if (std::ranges::find(known, std::string_view(key.text)) != known.end() || key.text == "action") continue;
    // Custom keys are allowed; a near miss of a known one is likely a slip.
    const std::string lower = to_lower_ascii(key.text);
    if (const auto near = nearest_word(lower, known); near && (lower == *near || key.text.size() > 5))
      reader.warning(key, fmt::format("unknown key '{}', did you mean '{}'?", key.text, *near));
    metadata.custom.emplace_back(key.text, value);
  }
  return metadata;
}

RuleLogSource load_log_source(const YamlReader& reader, bool required) {
  RuleLogSource source;
  const auto* node = reader.find("logsource");
  if (!node) {
    if (required) reader.error(reader.map(), "'logsource' is missing; it says which events the rule is for");
    return source;
  }
  if (!node->is_map()) {
    reader.error(*node, "'logsource' must be a map with 'product', 'category' or 'service'");
    return source;
  }
  const YamlReader entry(*node, reader.file(), reader.problems());
  source = {entry.text("product"), entry.text("category"), entry.text("service"), entry.text("definition")};
  if (source.product.empty() && source.category.empty() && source.service.empty() && required)
    reader.error(*node, "'logsource' must have at least one of 'product', 'category' and 'service'");
  return source;
}

std::optional<std::chrono::seconds> parse_timespan(std::string_view text) {
  if (text.size() < 2 || text.size() > 10) return std::nullopt;
  const auto number = parse_uint64(text.substr(0, text.size() - 1));
  if (!number || *number == 0) return std::nullopt;
  std::uint64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    case 'd': unit = 86'400; break;
    case 'w': unit = 7 * 86'400; break;
    case 'M': unit = 2'629'746; break;  // a twelfth of the year below, as pySigma has it
    case 'y': unit = 31'556'952; break;
    default: return std::nullopt;
  }
  constexpr std::uint64_t kMost = 100ULL * 365 * 86'400;
  if (*number > kMost / unit) return std::nullopt;
  return std::chrono::seconds(*number * unit);
}

bool is_temporal(CorrelationType type) {
  return type == CorrelationType::temporal || type == CorrelationType::temporal_ordered;
}

CorrelationCondition load_correlation_condition(const YamlReader& reader, const YamlNode& node, CorrelationType type) {
  CorrelationCondition condition;
  if (node.is_scalar() && is_temporal(type)) {
    auto expression = parse_condition(node.text);
    if (expression)
      condition.expression = std::move(*expression);
    else
      reader.error(node, expression.error().message());
    return condition;
  }
  if (!node.is_map()) {
    reader.error(node, "'condition' must be a map such as 'gte: 10'");
    return condition;
  }
  const YamlReader entry(node, reader.file(), reader.problems());
  constexpr std::array<std::string_view, 8> kKeys = {"gt", "gte", "lt", "lte", "eq", "neq", "field", "percentile"};
  constexpr std::array<Comparison, 6> kComparisons = {Comparison::greater, Comparison::greater_or_equal,
                                                      Comparison::less,    Comparison::less_or_equal,
                                                      Comparison::equal,   Comparison::not_equal};
  for (const auto& [key, value] : node.entries) {
    const auto known = std::ranges::find(kKeys, std::string_view(key.text));
    const auto index = static_cast<std::size_t>(known - kKeys.begin());
    if (known == kKeys.end()) {
      reader.error(key, fmt::format("'condition' has gt, gte, lt, lte, eq, neq, field and percentile, but no '{}'{}",
                                    key.text, did_you_mean(key.text, kKeys)));
    } else if (key.text == "field") {
      condition.fields = entry.texts(value, "field");
    } else if (const auto real = value.as_real()) {
      if (key.text == "percentile") {
        condition.percentile = *real;
        if (*real < 0 || *real > 100) reader.error(value, "'percentile' must be a number from 0 to 100");
      } else {
        const auto integer = value.as_integer();
        condition.bounds.emplace_back(kComparisons[index], integer ? Number{*integer} : Number{*real});
      }
    } else {
      reader.error(value, fmt::format("'{}' wants a number", key.text));
    }
  }
  if (condition.bounds.empty()) reader.error(node, "'condition' must compare: one of gt, gte, lt, lte, eq, neq");
  return condition;
}

// The rules that an expression names, in the order of their appearance.
void name_rules(const Condition& condition, std::vector<std::string>& names) {
  if (condition.kind == Condition::Kind::identifier && std::ranges::find(names, condition.name) == names.end())
    names.push_back(condition.name);
  for (const auto& child : condition.children) name_rules(child, names);
}
void check_rule_names(const YamlReader& reader, const YamlNode& at, const Condition& condition,
                      const std::vector<std::string>& rules) {
  if (condition.kind == Condition::Kind::identifier && std::ranges::find(rules, condition.name) == rules.end()) {
    const std::vector<std::string_view> names(rules.begin(), rules.end());
    reader.error(at, fmt::format("the condition refers to '{}', which is not among the correlated rules{}",
                                 condition.name, did_you_mean(condition.name, names)));
  }
  for (const auto& child : condition.children) check_rule_names(reader, at, child, rules);
}

std::optional<CorrelationRule> load_correlation(const YamlReader& document, const YamlNode& section) {
  CorrelationRule rule;
  rule.place = document.place(document.map());
  rule.metadata = load_metadata(document);
  if (!section.is_map()) {
    document.error(section, "'correlation' must be a map");
    return std::nullopt;
  }
  const YamlReader reader(section, document.file(), document.problems());
  constexpr std::array<std::string_view, 8> kTypes = {"event_count", "value_count",     "value_sum",
                                                      "value_avg",   "value_median",    "value_percentile",
                                                      "temporal",    "temporal_ordered"};
  const auto type = reader.choice("type", kTypes);
  if (!reader.find("type")) reader.error(section, "'type' is missing in 'correlation'");
  if (type) rule.type = static_cast<CorrelationType>(*type);
  rule.rules = reader.texts("rules");
  // Without 'rules' an expression names them.
  const auto* condition = reader.find("condition");
  if (condition && type) rule.condition = load_correlation_condition(reader, *condition, rule.type);
  const bool has_expression = rule.condition && rule.condition->expression;
  if (!reader.find("rules") && has_expression) name_rules(*rule.condition->expression, rule.rules);
  if (rule.rules.empty())
    reader.error(section, "'rules' is missing in 'correlation': the rules that are correlated, by id or name");
  else if (has_expression)
    check_rule_names(reader, *condition, *rule.condition->expression, rule.rules);
  const auto* group_by = reader.find("group-by");
  rule.group_by = reader.texts("group-by");
  if (!group_by && !section.find("group-by"))
    reader.warning(section, "there is no 'group-by', so all events count together");
  rule.timespan_text = reader.text("timespan");
  if (rule.timespan_text.empty()) {
    reader.error(section, "'timespan' is missing in 'correlation'");
  } else if (const auto timespan = parse_timespan(rule.timespan_text)) {
    rule.timespan = *timespan;
  } else {
    reader.error(
        *reader.find("timespan"),
        fmt::format("'timespan' must be a number and s, m, h or d, such as 90m, not '{}'", rule.timespan_text));
  }
  if (const auto* aliases = reader.find("aliases")) {
    if (!aliases->is_map()) reader.error(*aliases, "'aliases' must be a map of alias names");
    for (const auto& [name, fields] : aliases->entries) {
      CorrelationAlias alias;
      alias.name = name.text;
      if (!fields.is_map())
        reader.error(fields, fmt::format("the alias '{}' must be a map: rule name to field name", name.text));
      for (const auto& [reference, field] : fields.entries) {
        if (!field.is_scalar()) reader.error(field, "the name of a field is expected");
        if (std::ranges::find(rule.rules, reference.text) == rule.rules.end()) {
          std::vector<std::string_view> names(rule.rules.begin(), rule.rules.end());
          reader.error(reference,
                       fmt::format("the alias '{}' refers to '{}', which is not among the correlated rules{}",
                                   name.text, reference.text, did_you_mean(reference.text, names)));
        }
        alias.fields.emplace_back(reference.text, field.text);
      }
      rule.aliases.push_back(std::move(alias));
    }
  }
  for (const auto* place : {reader.find("generate"), document.find("generate")}) {
    if (!place) continue;
    const auto value = place->as_boolean();
    if (!value)
      document.error(*place, "'generate' must be true or false");
    else
      rule.generate = *value;
  }
  // "generate" is also seen beside the section; it is no custom key then.
  std::erase_if(rule.metadata.custom, [](const auto& entry) { return entry.first == "generate"; });
  if (type && !is_temporal(rule.type)) {
    if (!condition)
      reader.error(section, fmt::format("'condition' is missing: '{}' must say how many, such as 'gte: 10'",
                                        to_string(rule.type)));
    else if (rule.type != CorrelationType::event_count && rule.condition->fields.empty())
      reader.error(*condition,
                   fmt::format("'field' is missing in 'condition': '{}' must say whose values", to_string(rule.type)));
    else if (rule.type != CorrelationType::event_count && rule.type != CorrelationType::value_count &&
             rule.condition->fields.size() > 1)
      reader.error(*condition, fmt::format("'{}' works on one field", to_string(rule.type)));
  }
  constexpr std::array<std::string_view, 7> kKeys = {"type",    "rules",     "group-by", "timespan",
                                                     "aliases", "condition", "generate"};
  for (const auto& [key, value] : section.entries)
    if (std::ranges::find(kKeys, std::string_view(key.text)) == kKeys.end())
      reader.error(key, fmt::format("unknown key '{}' in 'correlation'{}", key.text, did_you_mean(key.text, kKeys)));
  return rule;
}

std::optional<Filter> load_filter(const YamlReader& document, const YamlNode& section,
                                  const Placeholders& placeholders) {
  Filter filter;
  filter.place = document.place(document.map());
  filter.metadata = load_metadata(document);
  filter.log_source = load_log_source(document, true);
  if (!section.is_map()) {
    document.error(section, "'filter' must be a map");
    return std::nullopt;
  }
  const YamlReader reader(section, document.file(), document.problems());
  filter.rules = reader.texts("rules");
  if (filter.rules.size() == 1 && filter.rules.front() == "any") {
    filter.any_rule = true;
    filter.rules.clear();
  } else if (filter.rules.empty()) {
    reader.error(section, "'rules' is missing in 'filter': the rules to filter, by id or name, or 'any'");
  }
  constexpr std::array<std::string_view, 1> kSkip = {"rules"};
  filter.detections = load_detections(reader, placeholders, kSkip);
  return filter;
}

std::optional<Rule> load_rule(const YamlReader& document, const Placeholders& placeholders) {
  Rule rule;
  rule.place = document.place(document.map());
  rule.metadata = load_metadata(document);
  rule.log_source = load_log_source(document, true);
  const auto* section = document.find("detection");
  if (!section) {
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : document.map().entries) keys.push_back(key.text);
    document.error(document.map(), "'detection' is missing (or 'correlation', or 'filter')");
    return std::nullopt;
  }
  if (!section->is_map()) {
    document.error(*section, "'detection' must be a map of search identifiers and 'condition'");
    return std::nullopt;
  }
  rule.detections = load_detections(YamlReader(*section, document.file(), document.problems()), placeholders);
  return rule;
}

// Later keys win; maps are merged.
void merge(YamlNode& into, const YamlNode& from) {
  for (const auto& [key, value] : from.entries) {
    const auto known =
        std::ranges::find_if(into.entries, [&](const auto& entry) { return entry.first.text == key.text; });
    if (known == into.entries.end())
      into.entries.emplace_back(key, value);
    else if (known->second.is_map() && value.is_map())
      merge(known->second, value);
    else
      known->second = value;
  }
}

void drop_key(YamlNode& map, std::string_view key) {
  std::erase_if(map.entries, [&](const auto& entry) { return entry.first.text == key; });
}

}  // namespace

void load_rules(std::string_view yaml, const std::string& file, const LoadOptions& options, RuleCollection& into,
                Problems& problems) {
  auto parsed = parse_yaml(yaml);
  const auto& placeholders = options.placeholders;
  YamlNode global, previous;
  global.kind = YamlNode::Kind::map;
  std::size_t merged = 0;
  for (auto& document : parsed.documents) {
    if (document.is_null()) continue;
    const std::size_t errors = problems.error_count(), first = problems.all().size();
    if (!document.is_map()) {
      problems.error({file, document.place},
                     "a rule must be a map of keys such as 'title', 'logsource' and 'detection'");
      continue;
    }
    if (const auto* action = document.find("action")) {
      const std::string word = action->text;
      constexpr std::array<std::string_view, 3> kActions = {"global", "reset", "repeat"};
      if (word != "global" && word != "reset" && word != "repeat") {
        problems.error({file, action->place}, fmt::format("'action' must be global, reset or repeat, not '{}'{}", word,
                                                          did_you_mean(word, kActions)));
        continue;
      }
      drop_key(document, "action");
      if (word == "global") {
        merge(global, document);
        continue;
      }
      if (word == "reset") {
        global = {};
        global.kind = YamlNode::Kind::map;
        continue;
      }
      YamlNode repeated = previous;
      repeated.kind = YamlNode::Kind::map;
      merge(repeated, document);
      document = std::move(repeated);
    } else if (!global.entries.empty()) {
      YamlNode whole = global;
      whole.place = document.place;
      merge(whole, document);
      document = std::move(whole);
    }
    if (!global.entries.empty() && ++merged > 1'000) {
      problems.error({file, document.place}, "more than 1000 documents share a global one");
      break;
    }
    const YamlReader reader(document, file, problems);
    if (const auto* correlation = reader.find("correlation")) {
      auto rule = load_correlation(reader, *correlation);
      if (problems.error_count() == errors && rule) into.correlations.push_back(std::move(*rule));
    } else if (const auto* filter_section = reader.find("filter")) {
      auto filter = load_filter(reader, *filter_section, placeholders);
      if (problems.error_count() == errors && filter) into.filters.push_back(std::move(*filter));
    } else {
      auto rule = load_rule(reader, placeholders);
      if (problems.error_count() == errors && rule) into.rules.push_back(std::move(*rule));
    }
    if (const auto* id = document.find("id"); id && id->is_scalar())
      problems.name_rule(first, id->text);
    else if (const auto* title = document.find("title"); title && title->is_scalar())
      problems.name_rule(first, title->text);
    previous = std::move(document);
  }
  if (parsed.error) problems.error({file, parsed.error->place}, parsed.error->message);
}

void check_references(RuleCollection& rules, Problems& problems) {
  // Ids and names, the first of each.
  std::map<std::string, std::string, std::less<>> places;
  const auto claim = [&](const Metadata& metadata, const Place& place) {
    for (const auto* key : {&metadata.id, &metadata.name}) {
      if (key->empty()) continue;
      const auto [known, fresh] = places.emplace(*key, place.to_text());
      if (!fresh && known->second != place.to_text()) {
        problems.error(place, fmt::format("the {} '{}' is taken already by the rule at {}",
                                          key == &metadata.id ? "id" : "name", *key, known->second));
        problems.all().back().rule = metadata.identity();
        return false;
      }
    }
    return true;
  };
  std::erase_if(rules.rules, [&](const Rule& rule) { return !claim(rule.metadata, rule.place); });
  std::erase_if(rules.correlations, [&](const CorrelationRule& rule) { return !claim(rule.metadata, rule.place); });
  std::erase_if(rules.filters, [&](const Filter& filter) { return !claim(filter.metadata, filter.place); });

  std::map<std::string, const Rule*, std::less<>> single;
  for (const auto& rule : rules.rules) {
    if (!rule.metadata.id.empty()) single.emplace(rule.metadata.id, &rule);
    if (!rule.metadata.name.empty()) single.emplace(rule.metadata.name, &rule);
  }
  const auto suggest = [&](std::string_view word) {
    std::vector<std::string_view> names;
    if (word.size() <= 64)
      for (const auto& [name, place] : places)
        if (names.size() < 20'000) names.push_back(name);
    return did_you_mean(word, names);
  };
  // A correlation stands when all that it refers to stands: single rules, then what is built on them, round by round.
  std::set<std::string, std::less<>> standing;
  std::vector<char> done(rules.correlations.size(), 0);
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
      if (done[i]) continue;
      const auto& rule = rules.correlations[i];
      if (!std::ranges::all_of(
              rule.rules, [&](const std::string& name) { return single.contains(name) || standing.contains(name); }))
        continue;
      done[i] = 1;
      progress = true;
      if (!rule.metadata.id.empty()) standing.insert(rule.metadata.id);
      if (!rule.metadata.name.empty()) standing.insert(rule.metadata.name);
    }
  }
  std::size_t index = 0;
  std::erase_if(rules.correlations, [&](const CorrelationRule& rule) {
    if (done[index++]) return false;
    std::string message;
    for (const auto& name : rule.rules)
      if (!places.contains(name))
        message = fmt::format("the correlation refers to the rule '{}', which is not loaded{}", name, suggest(name));
    if (message.empty())
      message = "the correlation refers to itself through other correlations, or to one that could not be loaded";
    problems.error(rule.place, std::move(message));
    problems.all().back().rule = rule.metadata.identity();
    return true;
  });
  for (const auto& filter : rules.filters)
    for (const auto& name : filter.rules)
      if (!single.contains(name)) {
        problems.warning(filter.place,
                         fmt::format("the filter refers to the rule '{}', which is not loaded{}", name, suggest(name)));
        problems.all().back().rule = filter.metadata.identity();
      }
}

}  // namespace yagura::sigma
