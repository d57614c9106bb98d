#include "base/settings.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <map>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura {

Error SettingsErrors::to_error() const {
  std::string all;
  for (const auto& message : messages_) {
    if (!all.empty()) all += '\n';
    all += message;
  }
  return {ErrorKind::invalid_input, all};
}

struct SettingsNode::State {
  YAML::Node node;
  std::string name;          // of the file
  std::string path;          // "syslog.tls"
  SettingsErrors* errors = nullptr;
  std::map<std::string, std::shared_ptr<State>, std::less<>> asked;  // keys that somebody knows
};

namespace {

YAML::Node find(const YAML::Node& node, std::string_view key) {
  if (!node.IsDefined() || !node.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  for (const auto& entry : node)
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  return YAML::Node(YAML::NodeType::Undefined);
}

bool is_set(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

}  // namespace

SettingsNode SettingsNode::load(const std::filesystem::path& path, SettingsErrors& errors) {
  auto text = read_file(path, 16_MiB);
  if (!text) {
    errors.add(text.error().message());
    return parse("", path.string(), errors);
  }
  return parse(*text, path.string(), errors);
}

SettingsNode SettingsNode::parse(std::string_view yaml, std::string name, SettingsErrors& errors) {
  auto state = std::make_shared<State>();
  state->name = std::move(name);
  state->errors = &errors;
  try {
    state->node = YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& exception) {
    errors.add(fmt::format("{}:{}:{}: not valid YAML: {}", state->name, exception.mark.line + 1,
                           exception.mark.column + 1, exception.msg));
    state->node = YAML::Node(YAML::NodeType::Undefined);
  }
  if (is_set(state->node) && !state->node.IsMap() && !state->node.IsSequence())
    errors.add(fmt::format("{}:1: expected a map of settings", state->name));
  return SettingsNode(std::move(state));
}

bool SettingsNode::exists() const { return is_set(state_->node); }
bool SettingsNode::is_list() const { return exists() && state_->node.IsSequence(); }
bool SettingsNode::is_map() const { return exists() && state_->node.IsMap(); }

std::string SettingsNode::where() const {
  if (!state_->node.IsDefined()) return state_->name;
  return fmt::format("{}:{}", state_->name, state_->node.Mark().line + 1);
}

void SettingsNode::error(std::string_view message) const { state_->errors->add(fmt::format("{}: {}", where(), message)); }

SettingsNode SettingsNode::child(std::string_view key) const {
  const auto known = state_->asked.find(key);
  if (known != state_->asked.end()) return SettingsNode(known->second);
  auto child = std::make_shared<State>();
  child->node.reset(find(state_->node, key));
  child->name = state_->name;
  child->path = state_->path.empty() ? std::string(key) : state_->path + "." + std::string(key);
  child->errors = state_->errors;
  state_->asked.emplace(std::string(key), child);
  return SettingsNode(child);
}

std::vector<SettingsNode> SettingsNode::items() const {
  std::vector<SettingsNode> out;
  if (!exists()) return out;
  if (!state_->node.IsSequence()) {
    error(fmt::format("'{}' must be a list", state_->path));
    return out;
  }
  for (std::size_t i = 0; i < state_->node.size(); ++i) {
    const std::string key = fmt::format("[{}]", i);
    auto known = state_->asked.find(key);
    if (known == state_->asked.end()) {
      auto item = std::make_shared<State>();
      item->node.reset(state_->node[i]);
      item->name = state_->name;
      item->path = state_->path + key;
      item->errors = state_->errors;
      known = state_->asked.emplace(key, item).first;
    }
    out.push_back(SettingsNode(known->second));
  }
  return out;
}

std::vector<std::pair<std::string, SettingsNode>> SettingsNode::entries() const {
  std::vector<std::pair<std::string, SettingsNode>> out;
  if (!exists()) return out;
  if (!state_->node.IsMap()) {
    error(fmt::format("'{}' must be a map", state_->path));
    return out;
  }
  for (const auto& entry : state_->node) {
    if (!entry.first.IsScalar()) continue;
    const std::string key = entry.first.Scalar();
    out.emplace_back(key, child(key));
  }
  return out;
}

std::string SettingsNode::text() const {
  if (!exists()) return {};
  if (!state_->node.IsScalar()) {
    error(fmt::format("'{}' must be a single value", state_->path));
    return {};
  }
  const std::string& raw = state_->node.Scalar();
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto open = raw.find("${", at);
    const auto close = open == std::string::npos ? open : raw.find('}', open);
    if (close == std::string::npos) return out + raw.substr(at);
    out.append(raw, at, open - at);
    const std::string name = raw.substr(open + 2, close - open - 2);
    if (const char* value = std::getenv(name.c_str())) out += value;
    else error(fmt::format("'{}' uses ${{{}}}, but that environment variable is not set", state_->path, name));
    at = close + 1;
  }
}

std::string SettingsNode::get(std::string_view key, std::string_view fallback) const {
  const auto node = child(key);
  return node.exists() ? node.text() : std::string(fallback);
}

bool SettingsNode::get(std::string_view key, bool fallback) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  const std::string word = to_lower_ascii(node.text());
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  node.error(fmt::format("'{}' must be true or false, not '{}'", node.state_->path, word));
  return fallback;
}

std::int64_t SettingsNode::get(std::string_view key, std::int64_t fallback, Range range) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  const std::string text = node.text();
  const auto value = parse_int64(text);
  if (!value) {
    node.error(fmt::format("'{}' must be a whole number, not '{}'", node.state_->path, text));
    return fallback;
  }
  if (*value < range.min || *value > range.max) {
    node.error(fmt::format("'{}' must be between {} and {}, not {}", node.state_->path, range.min, range.max, *value));
    return fallback;
  }
  return *value;
}

double SettingsNode::get(std::string_view key, double fallback) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  const std::string text = node.text();
  const auto value = parse_double(text);
  if (!value) node.error(fmt::format("'{}' must be a number, not '{}'", node.state_->path, text));
  return value.value_or(fallback);
}

std::chrono::milliseconds SettingsNode::get(std::string_view key, std::chrono::milliseconds fallback) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  auto value = parse_duration(node.text());
  if (value) return *value;
  node.error(fmt::format("'{}': {}", node.state_->path, value.error().message()));
  return fallback;
}

Bytes SettingsNode::get(std::string_view key, Bytes fallback) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  auto value = Bytes::parse(node.text());
  if (value) return *value;
  node.error(fmt::format("'{}': {}", node.state_->path, value.error().message()));
  return fallback;
}

std::vector<std::string> SettingsNode::get_list(std::string_view key, std::vector<std::string> fallback) const {
  const auto node = child(key);
  if (!node.exists()) return fallback;
  if (node.state_->node.IsScalar()) return {node.text()};
  std::vector<std::string> out;
  for (const auto& item : node.items()) out.push_back(item.text());
  return out;
}

std::string SettingsNode::get_choice(std::string_view key, std::string_view fallback, std::vector<std::string_view> words) const {
  const auto node = child(key);
  if (!node.exists()) return std::string(fallback);
  const std::string word = node.text();
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  node.error(fmt::format("'{}' must be one of {}, not '{}'{}", node.state_->path, fmt::join(words, ", "), word,
                         did_you_mean(word, words)));
  return std::string(fallback);
}

void SettingsNode::report_unknown_keys() const {
  if (is_map()) {
    std::vector<std::string_view> known;
    for (const auto& [key, child] : state_->asked) known.push_back(key);
    for (const auto& entry : state_->node) {
      if (!entry.first.IsScalar()) continue;
      const std::string& key = entry.first.Scalar();
      if (state_->asked.contains(key)) continue;
      state_->errors->add(fmt::format("{}:{}: unknown key '{}'{}{}", state_->name, entry.first.Mark().line + 1, key,
                                      state_->path.empty() ? "" : " in '" + state_->path + "'", did_you_mean(key, known)));
    }
  }
  for (const auto& [key, child] : state_->asked) SettingsNode(child).report_unknown_keys();
}

}  // namespace yagura
