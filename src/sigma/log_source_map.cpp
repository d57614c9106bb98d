#include "sigma/log_source_map.hpp"

#include "base/text.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/yaml_reader.hpp"

namespace yagura::sigma {

namespace {

class MapLoader {
 public:
  using Fields = std::map<std::pair<std::string, std::string>, std::set<std::string, std::less<>>>;
  MapLoader(const YamlReader& reader, std::vector<LogSourceMap::Entry>& entries, std::vector<LogSourceMap::Declared>& declared, Fields& fields)
      : reader_(reader), entries_(entries), declared_(declared), fields_(fields) {}

  void load() {
    product_ = to_lower_ascii(reader_.text("product"));
    if (product_.empty()) reader_.error(reader_.map(), "'product' is missing");
    if (const auto* when = reader_.find("when")) add_each(*when, LogSourceMap::Entry::Kind::product, product_);
    load_named("services", LogSourceMap::Entry::Kind::service);
    load_named("categories", LogSourceMap::Entry::Kind::category);
    if (const auto* aliases = reader_.find("aliases")) {
      if (!aliases->is_list()) reader_.error(*aliases, "'aliases' must be a list of maps with 'when' and 'fields'");
      for (const auto& alias : aliases->items) load_alias(alias);
    }
    load_declared();
    load_fields();
    constexpr std::array<std::string_view, 8> kKeys = {"product",    "when",    "services",    "categories",
                                                       "aliases", "description", "declared", "fields"};
    for (const auto& [key, value] : reader_.map().entries)
      if (std::ranges::find(kKeys, std::string_view(key.text)) == kKeys.end())
        reader_.error(key, fmt::format("unknown key '{}'{}", key.text, did_you_mean(key.text, kKeys)));
  }

 private:
  void load_named(std::string_view section, LogSourceMap::Entry::Kind kind) {
    const auto* node = reader_.find(section);
    if (!node) return;
    if (!node->is_map()) {
      reader_.error(*node, fmt::format("'{}' must be a map of names", section));
      return;
    }
    for (const auto& [name, conditions] : node->entries) add_each(conditions, kind, to_lower_ascii(name.text));
  }

  void add_each(const YamlNode& conditions, LogSourceMap::Entry::Kind kind, const std::string& name) {
    if (conditions.is_list()) {
      for (const auto& one : conditions.items) add(one, kind, name);
    } else {
      add(conditions, kind, name);
    }
  }

  void add(const YamlNode& node, LogSourceMap::Entry::Kind kind, const std::string& name) {
    LogSourceMap::Entry entry;
    entry.kind = kind;
    entry.product = product_;
    entry.name = name;
    entry.when = conditions(node);
    entries_.push_back(std::move(entry));
  }

  void load_declared() {
    const auto* node = reader_.find("declared");
    if (!node) return;
    if (!node->is_map()) return reader_.error(*node, "'declared' must be a map with 'services' and 'categories', lists of names");
    if (const auto* services = node->find("services"))
      for (const auto& name : reader_.texts(*services, "services")) declared_.push_back({product_, "", to_lower_ascii(name)});
    if (const auto* categories = node->find("categories"))
      for (const auto& name : reader_.texts(*categories, "categories")) declared_.push_back({product_, to_lower_ascii(name), ""});
  }

  void load_fields() {
    const auto* node = reader_.find("fields");
    if (!node) return;
    if (!node->is_map()) return reader_.error(*node, "'fields' must be a map of categories and the names of their fields");
    for (const auto& [category, list] : node->entries) {
      auto& fields = fields_[{product_, to_lower_ascii(category.text)}];
      for (auto& name : reader_.texts(list, category.text)) fields.insert(std::move(name));
    }
  }

  void load_alias(const YamlNode& node) {
    const auto* when = node.find("when");
    const auto* fields = node.find("fields");
    if (!node.is_map() || !fields || !fields->is_map()) {
      reader_.error(node, "an alias must be a map with 'when' and 'fields'");
      return;
    }
    LogSourceMap::Entry entry;
    entry.kind = LogSourceMap::Entry::Kind::alias;
    entry.product = product_;
    if (when) entry.when = conditions(*when);
    for (const auto& [name, source] : fields->entries) entry.fields.emplace_back(name.text, source.text);
    entries_.push_back(std::move(entry));
  }

  std::vector<LogSourceMap::Condition> conditions(const YamlNode& node) {
    std::vector<LogSourceMap::Condition> result;
    if (!node.is_map() || node.entries.empty()) {
      reader_.error(node, "a map of fields and their values is expected, such as {Channel: Security}");
      return result;
    }
    for (const auto& [field, value] : node.entries) {
      LogSourceMap::Condition condition;
      condition.field = field.text;
      for (const auto& text : reader_.texts(value, field.text))
        if (text != "*") condition.values.push_back(folded(text));
      std::ranges::sort(condition.values);
      result.push_back(std::move(condition));
    }
    return result;
  }

  const YamlReader& reader_;
  std::vector<LogSourceMap::Entry>& entries_;
  std::vector<LogSourceMap::Declared>& declared_;
  Fields& fields_;
  std::string product_;
};

}  // namespace

void LogSourceMap::add(std::string_view yaml, const std::string& file, Problems& problems) {
  const auto parsed = parse_yaml(yaml);
  for (const auto& document : parsed.documents) {
    if (document.is_null()) continue;
    if (!document.is_map()) {
      problems.error({file, document.place},
                     "a log source mapping must be a map with 'product', 'services', 'categories' and 'aliases'");
      continue;
    }
    const YamlReader reader(document, file, problems);
    MapLoader(reader, entries_, declared_, fields_).load();
  }
  if (parsed.error) problems.error({file, parsed.error->place}, parsed.error->message);
}

const std::set<std::string, std::less<>>* LogSourceMap::fields_of(std::string_view product, std::string_view category) const {
  const auto known = fields_.find(std::pair(std::string(product), std::string(category)));
  return known == fields_.end() ? nullptr : &known->second;
}

EventSources sources_of(const LogSourceMap& map, const event::LogSource& declared, const SourceFieldReader& read) {
  EventSources sources;
  const auto add = [](std::vector<std::string>& list, std::string_view name) {
    if (!name.empty() && std::ranges::find(list, name) == list.end()) list.emplace_back(name);
  };
  add(sources.products, to_lower_ascii(declared.product));
  add(sources.services, to_lower_ascii(declared.service));
  add(sources.categories, to_lower_ascii(declared.category));
  const auto holds = [&](const LogSourceMap::Entry& entry) {
    return std::ranges::all_of(entry.when, [&](const LogSourceMap::Condition& condition) {
      const auto value = read(condition.field);
      return value && (condition.values.empty() || std::ranges::binary_search(condition.values, *value));
    });
  };
  if (declared.product.empty())
    for (const auto& entry : map.entries())
      if (entry.kind == LogSourceMap::Entry::Kind::product && holds(entry)) add(sources.products, entry.product);
  for (const auto& entry : map.entries()) {
    if (entry.kind == LogSourceMap::Entry::Kind::product ||
        std::ranges::find(sources.products, entry.product) == sources.products.end() || !holds(entry))
      continue;
    if (entry.kind == LogSourceMap::Entry::Kind::service) add(sources.services, entry.name);
    if (entry.kind == LogSourceMap::Entry::Kind::category) add(sources.categories, entry.name);
    if (entry.kind == LogSourceMap::Entry::Kind::alias)
      for (const auto& alias : entry.fields)
        if (std::ranges::none_of(sources.aliases, [&](const auto& known) { return known.first == alias.first; }))
          sources.aliases.push_back(alias);
  }
  return sources;
}

}  // namespace yagura::sigma
