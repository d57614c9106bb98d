#include "sigma/detection_loader.hpp"

#include "sigma/condition.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kMaxIdentifiers = 2'000;
constexpr std::size_t kMaxSelected = 100'000;  // identifiers that all selectors of a rule select together

class DetectionLoader {
 public:
  DetectionLoader(const YamlReader& reader, const Placeholders& placeholders)
      : reader_(reader), placeholders_(placeholders) {}

  Detection load(const YamlNode& node, std::string_view name) {
    switch (node.kind) {
      case YamlNode::Kind::map: return load_map(node);
      case YamlNode::Kind::list: return load_list(node, name);
      case YamlNode::Kind::scalar: return load_item("", node, node);
      case YamlNode::Kind::null: break;
    }
    reader_.error(node, fmt::format("the search identifier '{}' is empty; it must be a map of fields or a list", name));
    return {};
  }

 private:
  Detection load_map(const YamlNode& node) {
    Detection all;
    all.kind = Detection::Kind::all_of;
    if (node.entries.empty()) reader_.error(node, "an empty map would match every event; name at least one field");
    for (const auto& [key, value] : node.entries) all.children.push_back(load_item(key.text, value, key));
    if (all.children.size() == 1) {
      Detection only = std::move(all.children.front());
      return only;
    }
    return all;
  }

  Detection load_list(const YamlNode& node, std::string_view name) {
    Detection any;
    any.kind = Detection::Kind::any_of;
    if (node.items.empty())
      reader_.error(node, fmt::format("the list of '{}' is empty, so it could never match", name));
    // Neighbouring keywords become one item.
    YamlNode keywords;
    const auto flush = [&] {
      if (keywords.items.empty()) return;
      keywords.kind = YamlNode::Kind::list;
      keywords.place = keywords.items.front().place;
      any.children.push_back(load_item("", keywords, keywords));
      keywords = {};
    };
    for (const auto& entry : node.items) {
      if (entry.is_scalar()) {
        keywords.items.push_back(entry);
        continue;
      }
      flush();
      if (entry.is_map())
        any.children.push_back(load_map(entry));
      else
        reader_.error(entry, "an entry of this list must be a text (a keyword) or a map of fields");
    }
    flush();
    if (any.children.size() == 1) {
      Detection only = std::move(any.children.front());
      return only;
    }
    return any;
  }

  Detection load_item(std::string_view key, const YamlNode& value, const YamlNode& at) {
    Detection detection;
    detection.kind = Detection::Kind::item;
    auto& item = detection.item;
    item.place = reader_.place(at);
    const auto parts = split(key, '|');
    item.field = parts.empty() ? std::string() : std::string(parts.front());
    for (std::size_t i = 1; i < parts.size(); ++i) item.modifiers.emplace_back(parts[i]);
    if (value.is_list()) {
      item.written_as_list = true;
      if (value.items.empty())
        reader_.error(value, fmt::format("'{}' has an empty list of values, so it could never match", key));
      for (const auto& one : value.items) {
        if (one.is_scalar())
          item.written.push_back(one);
        else if (one.is_null())
          reader_.error(
              one,
              fmt::format("null cannot stand in a list of values ('{}'); write a search identifier of its own for it",
                          key));
        else
          reader_.error(one, fmt::format("a value of '{}' must be a text, a number or true/false", key));
      }
    } else if (value.is_map()) {
      reader_.error(value,
                    fmt::format("the value of '{}' must be a text, a number, null or a list of them, not a map", key));
    } else {
      item.written.push_back(value);
      if (item.is_keyword() && value.is_null()) reader_.error(value, "a keyword cannot be null");
    }
    const auto result = give_meaning(item, placeholders_, [&](std::string message) {
      problems().warning(item.place, fmt::format("'{}': {}", key, message));
    });
    if (!result)
      problems().error(item.place,
                       key.empty() ? result.error().message() : fmt::format("'{}': {}", key, result.error().message()));
    return detection;
  }

  Problems& problems() const { return reader_.problems(); }

  const YamlReader& reader_;
  const Placeholders& placeholders_;
};

std::size_t count_selected(const Condition& condition, const std::vector<SearchIdentifier>& identifiers) {
  if (condition.kind == Condition::Kind::selector) return selected(condition, identifiers).size();
  std::size_t count = 1;
  for (const auto& child : condition.children) count += count_selected(child, identifiers);
  return count;
}

// A keyword is looked for anywhere in a value.
Result<> open_keywords(DetectionItem& item) {
  const bool open =
      std::ranges::none_of(item.modifiers, [](const std::string& m) { return m == "startswith" || m == "endswith"; });
  for (auto& value : item.values)
    for (auto& test : value) {
      if (auto* text = std::get_if<TextTest>(&test)) {
        if (!open) continue;
        text->pattern.open_front();
        text->pattern.open_back();
      } else if (!std::holds_alternative<RegexTest>(test) && !std::holds_alternative<NetworkTest>(test) &&
                 !std::holds_alternative<NullTest>(test)) {
        return fail(ErrorKind::invalid_input, "these modifiers need a field; keywords can only be looked for");
      }
    }
  return {};
}

}  // namespace

Result<> give_meaning(DetectionItem& item, const Placeholders& placeholders,
                      const std::function<void(std::string)>& warn) {
  TRY(apply_modifiers(item, placeholders, warn));
  return item.is_keyword() ? open_keywords(item) : Result<>();
}

Detections load_detections(const YamlReader& reader, const Placeholders& placeholders,
                           std::span<const std::string_view> skip) {
  Detections detections;
  DetectionLoader loader(reader, placeholders);
  const YamlNode* condition = nullptr;
  for (const auto& [key, value] : reader.map().entries) {
    if (key.text == "condition") {
      condition = &value;
      continue;
    }
    if (key.text == "timeframe") {
      reader.warning(
          key, "'timeframe' belongs to the aggregations that are no longer part of Sigma; write a correlation rule");
      continue;
    }
    if (std::ranges::find(skip, std::string_view(key.text)) != skip.end()) continue;
    if (detections.identifiers.size() >= kMaxIdentifiers) {
      reader.error(key, fmt::format("more than {} search identifiers", kMaxIdentifiers));
      break;
    }
    detections.identifiers.push_back({key.text, {}, loader.load(value, key.text), reader.place(key)});
  }
  if (detections.identifiers.empty())
    reader.error(reader.map(), "there is no search identifier; write at least one beside 'condition'");
  if (!condition) {
    reader.error(reader.map(), "'condition' is missing; it says which search identifiers must match");
    return detections;
  }
  std::vector<const YamlNode*> texts;
  if (condition->is_list())
    for (const auto& one : condition->items) texts.push_back(&one);
  else
    texts.push_back(condition);
  if (texts.empty()) reader.error(*condition, "'condition' is an empty list");
  std::size_t total = 0;
  for (const auto* text : texts) {
    if (!text->is_scalar() && !text->is_null()) {
      reader.error(*text, "'condition' must be a text or a list of texts");
      continue;
    }
    auto parsed = parse_condition(text->text);
    if (!parsed) {
      reader.error(*text, parsed.error().message());
      continue;
    }
    if (const auto checked = check_condition(*parsed, detections.identifiers); !checked) {
      reader.error(*text, checked.error().message());
      continue;
    }
    total += count_selected(*parsed, detections.identifiers);
    if (total > kMaxSelected) {
      reader.error(*text, "the conditions of this rule select too many search identifiers");
      break;
    }
    detections.conditions.push_back(std::move(*parsed));
  }
  return detections;
}

}  // namespace yagura::sigma
