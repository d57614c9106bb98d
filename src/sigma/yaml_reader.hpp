// Reads the keys of one YAML map, reporting what is not as expected. Used by the loaders of this room.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "sigma/problem.hpp"
#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

class YamlReader {
 public:
  YamlReader(const YamlNode& map, const std::string& file, Problems& problems)
      : map_(map), file_(file), problems_(problems) {}

  Place place(const YamlNode& node) const { return {file_, node.place}; }
  void error(const YamlNode& node, std::string message) const { problems_.error(place(node), std::move(message)); }
  void warning(const YamlNode& node, std::string message) const { problems_.warning(place(node), std::move(message)); }

  // A null counts as not there.
  const YamlNode* find(std::string_view key) const {
    const auto* node = map_.find(key);
    return node && !node->is_null() ? node : nullptr;
  }
  // The text of a scalar; "" when it is not there.
  std::string text(std::string_view key) const {
    const auto* node = find(key);
    if (!node) return {};
    if (node->is_scalar()) return node->text;
    error(*node, fmt::format("'{}' must be a text", key));
    return {};
  }
  // A list of texts; a single text counts as a list of one.
  std::vector<std::string> texts(std::string_view key) const {
    const auto* node = find(key);
    return node ? texts(*node, key) : std::vector<std::string>();
  }
  std::vector<std::string> texts(const YamlNode& node, std::string_view key) const {
    std::vector<std::string> result;
    if (node.is_scalar()) {
      result.push_back(node.text);
    } else if (node.is_list()) {
      for (const auto& item : node.items) {
        if (item.is_scalar())
          result.push_back(item.text);
        else
          error(item, fmt::format("'{}' must be a list of texts", key));
      }
    } else if (!node.is_null()) {
      error(node, fmt::format("'{}' must be a list of texts", key));
    }
    return result;
  }
  // The index of the text among `words`.
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> words) const {
    const auto* node = find(key);
    if (!node) return std::nullopt;
    const std::string value = text(key);
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == value) return i;
    if (node->is_scalar()) {
      std::string all;
      for (const auto word : words) all += fmt::format("{}{}", all.empty() ? "" : ", ", word);
      error(*node, fmt::format("'{}' must be one of {}, not '{}'{}", key, all, value, did_you_mean(value, words)));
    }
    return std::nullopt;
  }
  const YamlNode& map() const { return map_; }
  const std::string& file() const { return file_; }
  Problems& problems() const { return problems_; }

 private:
  const YamlNode& map_;
  const std::string& file_;
  Problems& problems_;
};

}  // namespace yagura::sigma
