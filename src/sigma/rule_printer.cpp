#include "sigma/rule_printer.hpp"

namespace yagura::sigma {

namespace {

YamlNode text_node(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.quoted = true;
  node.text = std::move(text);
  return node;
}
YamlNode plain_node(std::string text) {
  YamlNode node = text_node(std::move(text));
  node.quoted = false;
  return node;
}
YamlNode map_node() {
  YamlNode node;
  node.kind = YamlNode::Kind::map;
  return node;
}
YamlNode list_node(const std::vector<std::string>& texts) {
  YamlNode node;
  node.kind = YamlNode::Kind::list;
  for (const auto& text : texts) node.items.push_back(text_node(text));
  return node;
}
void put(YamlNode& map, std::string_view key, YamlNode value) {
  map.entries.emplace_back(text_node(std::string(key)), std::move(value));
}
void put_text(YamlNode& map, std::string_view key, const std::string& text) {
  if (!text.empty()) put(map, key, text_node(text));
}
void put_list(YamlNode& map, std::string_view key, const std::vector<std::string>& texts) {
  if (!texts.empty()) put(map, key, list_node(texts));
}

void put_metadata(YamlNode& map, const Metadata& metadata) {
  put(map, "title", text_node(metadata.title));
  put_text(map, "id", metadata.id);
  put_text(map, "name", metadata.name);
  if (!metadata.related.empty()) {
    YamlNode related;
    related.kind = YamlNode::Kind::list;
    for (const auto& one : metadata.related) {
      YamlNode entry = map_node();
      put_text(entry, "id", one.id);
      put_text(entry, "type", one.type);
      related.items.push_back(std::move(entry));
    }
    put(map, "related", std::move(related));
  }
  put_text(map, "taxonomy", metadata.taxonomy);
  put_text(map, "status", std::string(to_string(metadata.status)));
  put_text(map, "description", metadata.description);
  put_text(map, "license", metadata.license);
  put_list(map, "references", metadata.references);
  put_text(map, "author", metadata.author);
  put_text(map, "date", metadata.date);
  put_text(map, "modified", metadata.modified);
}

void put_rest(YamlNode& map, const Metadata& metadata) {
  put_list(map, "fields", metadata.fields);
  put_list(map, "falsepositives", metadata.false_positives);
  put_text(map, "level", std::string(to_string(metadata.level)));
  put_list(map, "tags", metadata.tags);
  put_list(map, "scope", metadata.scope);
  for (const auto& [key, value] : metadata.custom) put(map, key, value);
}

void put_log_source(YamlNode& map, const RuleLogSource& source) {
  YamlNode node = map_node();
  put_text(node, "product", source.product);
  put_text(node, "category", source.category);
  put_text(node, "service", source.service);
  put_text(node, "definition", source.definition);
  put(map, "logsource", std::move(node));
}

// Keywords have the key "": that spelling works wherever a map does.
void put_item(YamlNode& map, const DetectionItem& item) {
  std::string key = item.field;
  for (const auto& modifier : item.modifiers) key += "|" + modifier;
  if (item.written_as_list) {
    YamlNode list;
    list.kind = YamlNode::Kind::list;
    list.items = item.written;
    put(map, key, std::move(list));
  } else {
    put(map, key, item.written.empty() ? YamlNode() : item.written.front());
  }
}

YamlNode detection_node(const Detection& detection) {
  YamlNode node;
  if (detection.kind == Detection::Kind::any_of) {
    node.kind = YamlNode::Kind::list;
    for (const auto& child : detection.children) node.items.push_back(detection_node(child));
    return node;
  }
  node.kind = YamlNode::Kind::map;
  if (detection.kind == Detection::Kind::item) put_item(node, detection.item);
  for (const auto& child : detection.children) put_item(node, child.item);
  return node;
}

void put_detections(YamlNode& map, const Detections& detections) {
  for (const auto& identifier : detections.identifiers) put(map, identifier.name, detection_node(identifier.detection));
  if (detections.conditions.size() == 1) {
    put(map, "condition", text_node(to_text(detections.conditions.front())));
    return;
  }
  YamlNode list;
  list.kind = YamlNode::Kind::list;
  for (const auto& condition : detections.conditions) list.items.push_back(text_node(to_text(condition)));
  put(map, "condition", std::move(list));
}

std::string number_text(const Number& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number.value)) return std::to_string(*integer);
  std::string text = fmt::format("{}", std::get<double>(number.value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

YamlNode condition_node(const CorrelationRule& rule) {
  const auto& condition = *rule.condition;
  if (condition.expression) return text_node(to_text(*condition.expression));
  YamlNode node = map_node();
  if (condition.fields.size() == 1)
    put(node, "field", text_node(condition.fields.front()));
  else
    put_list(node, "field", condition.fields);
  if (condition.percentile != 50) put(node, "percentile", plain_node(number_text(Number{condition.percentile})));
  constexpr std::string_view kWords[] = {"eq", "lt", "lte", "gt", "gte", "neq"};
  for (const auto& [comparison, number] : condition.bounds)
    put(node, kWords[static_cast<int>(comparison)], plain_node(number_text(number)));
  return node;
}

}  // namespace

YamlNode to_yaml(const Rule& rule) {
  YamlNode map = map_node();
  put_metadata(map, rule.metadata);
  put_log_source(map, rule.log_source);
  YamlNode detection = map_node();
  put_detections(detection, rule.detections);
  put(map, "detection", std::move(detection));
  put_rest(map, rule.metadata);
  return map;
}

YamlNode to_yaml(const CorrelationRule& rule) {
  YamlNode map = map_node();
  put_metadata(map, rule.metadata);
  YamlNode section = map_node();
  put(section, "type", text_node(std::string(to_string(rule.type))));
  put_list(section, "rules", rule.rules);
  put(section, "group-by", list_node(rule.group_by));
  put(section, "timespan", text_node(rule.timespan_text));
  if (!rule.aliases.empty()) {
    YamlNode aliases = map_node();
    for (const auto& alias : rule.aliases) {
      YamlNode fields = map_node();
      for (const auto& [reference, field] : alias.fields) put(fields, reference, text_node(field));
      put(aliases, alias.name, std::move(fields));
    }
    put(section, "aliases", std::move(aliases));
  }
  if (rule.condition) put(section, "condition", condition_node(rule));
  if (rule.generate) put(section, "generate", plain_node("true"));
  put(map, "correlation", std::move(section));
  put_rest(map, rule.metadata);
  return map;
}

YamlNode to_yaml(const Filter& filter) {
  YamlNode map = map_node();
  put_metadata(map, filter.metadata);
  put_log_source(map, filter.log_source);
  YamlNode section = map_node();
  put_list(section, "rules", filter.any_rule ? std::vector<std::string>{"any"} : filter.rules);
  put_detections(section, filter.detections);
  put(map, "filter", std::move(section));
  put_rest(map, filter.metadata);
  return map;
}

std::string print_rules(const RuleCollection& rules) {
  std::string out;
  const auto add = [&](const auto& rule) {
    out += "---\n";
    out += print_yaml(to_yaml(rule));
  };
  for (const auto& rule : rules.rules) add(rule);
  for (const auto& rule : rules.correlations) add(rule);
  for (const auto& filter : rules.filters) add(filter);
  return out;
}

}  // namespace yagura::sigma
