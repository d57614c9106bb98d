#include "sigma/pipeline_values.hpp"

#include <re2/re2.h>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::string text_at(const YamlNode& node, std::string_view key) {
  const auto* found = node.find(key);
  return found && found->is_scalar() ? found->text : std::string();
}

// A Pattern as an RE2: * and ? in their own way, everything else as it stands.
std::string as_regex(const Pattern& pattern) {
  std::string regex;
  const auto& parts = pattern.parts();
  if (parts.empty() || parts.front().piece != Pattern::Piece::any_text) regex += '^';
  for (std::size_t i = 0; i < parts.size(); ++i) {
    switch (parts[i].piece) {
      case Pattern::Piece::text: regex += RE2::QuoteMeta(parts[i].text); break;
      case Pattern::Piece::any_text:
        if (i != 0 && i + 1 != parts.size()) regex += ".*";
        break;
      case Pattern::Piece::any_character: regex += '.'; break;
      case Pattern::Piece::dash: regex += "[-/\u2013\u2014\u2015]"; break;
    }
  }
  if (parts.empty() || parts.back().piece != Pattern::Piece::any_text) regex += '$';
  return regex;
}

}  // namespace

std::string change_case(const std::string& text, std::string_view how) {
  std::string result;
  if (how == "lower" || how == "lowercase") return to_lower_ascii(text);
  if (how == "upper" || how == "uppercase") {
    for (const char c : text) result += upper(c);
    return result;
  }
  if (how != "snake_case" && how != "snake") return text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool after_lower = i > 0 && (is_ascii_digit(text[i - 1]) || (text[i - 1] >= 'a' && text[i - 1] <= 'z'));
    const bool before_lower =
        i > 0 && i + 1 < text.size() && text[i + 1] >= 'a' && text[i + 1] <= 'z' && text[i - 1] != '_';
    if (is_upper && (after_lower || before_lower)) result += '_';
    result += ascii_lower(c);
  }
  return result;
}

void change_values(DetectionItem& item, const std::string& type, const YamlNode& node) {
  if (type == "set_value") {
    const auto* value = node.find("value");
    if (!value) return;
    if (value->is_null())
      item.values = {{NullTest{}}};
    else
      item.values = {{TextTest{value->quoted ? Pattern::parse(value->text) : Pattern::literal(value->text)}}};
    return;
  }
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(type == "replace_string" ? text_at(node, "regex") : ".", options);
  if (!regex.ok()) return;
  for (auto& value : item.values) {
    std::vector<Test> changed;
    for (auto& test : value) {
      auto* text = std::get_if<TextTest>(&test);
      if (!text) {
        changed.push_back(std::move(test));
        continue;
      }
      if (type == "replace_string") {
        const bool skip_special = node.find("skip_special") && node.find("skip_special")->as_boolean().value_or(false);
        std::string replacement = text_at(node, "replacement");
        if (skip_special) {
          Pattern replaced;
          for (auto part : text->pattern.parts()) {
            if (part.piece == Pattern::Piece::text) RE2::GlobalReplace(&part.text, regex, replacement);
            replaced.append(std::move(part));
          }
          text->pattern = std::move(replaced);
        } else {
          std::string spelled = text->pattern.to_text();
          RE2::GlobalReplace(&spelled, regex, replacement);
          text->pattern = Pattern::parse(spelled);
        }
        changed.push_back(std::move(test));
      } else if (type == "map_string") {
        const auto* mapping = node.find("mapping");
        const auto* mapped = mapping ? mapping->find(text->pattern.to_text()) : nullptr;
        if (!mapped) {
          changed.push_back(std::move(test));
        } else if (mapped->is_list()) {
          for (const auto& one : mapped->items) changed.emplace_back(TextTest{Pattern::parse(one.text), text->cased});
        } else {
          changed.emplace_back(TextTest{Pattern::parse(mapped->text), text->cased});
        }
      } else if (type == "case") {
        const std::string how = text_at(node, "method");
        Pattern replaced;
        for (auto part : text->pattern.parts()) {
          part.text = change_case(part.text, how);
          replaced.append(std::move(part));
        }
        text->pattern = std::move(replaced);
        changed.push_back(std::move(test));
      } else if (type == "regex") {
        RegexTest as{as_regex(text->pattern)};
        as.ignore_case = !text->cased;
        as.dot_all = true;
        changed.emplace_back(std::move(as));
      } else {
        changed.push_back(std::move(test));  // convert_type: numbers and texts are the same to us
      }
    }
    value = std::move(changed);
  }
}

void split_hashes(Detection& detection, const std::string& prefix, const std::vector<std::string>& algorithms,
                  bool drop_algorithm) {
  const DetectionItem item = detection.item;
  // Values by algorithm: "SHA256=..." says it, a bare hash shows it by its length.
  std::vector<std::pair<std::string, std::vector<std::vector<Test>>>> fields;
  for (const auto& value : item.values) {
    for (const auto& test : value) {
      const auto* text = std::get_if<TextTest>(&test);
      if (!text) return;
      std::string hash, algorithm;
      for (const auto& part : text->pattern.parts())
        if (part.piece == Pattern::Piece::text) hash += part.text;
      if (const auto equals = hash.find('='); equals != std::string::npos) {
        algorithm = hash.substr(0, equals);
        hash = hash.substr(equals + 1);
      } else {
        algorithm = hash.size() == 32 ? "MD5" : hash.size() == 40 ? "SHA1" : hash.size() == 64 ? "SHA256" : "";
      }
      for (char& c : algorithm) c = upper(c);
      if (!algorithms.empty() && std::ranges::none_of(algorithms, [&](const std::string& one) {
            return equal_ignoring_ascii_case(one, algorithm);
          }))
        return;
      if (algorithm.empty()) return;
      const std::string field = prefix + (drop_algorithm ? "" : algorithm);
      auto known = std::ranges::find(fields, field, &decltype(fields)::value_type::first);
      if (known == fields.end()) known = fields.insert(fields.end(), {field, {}});
      known->second.push_back({TextTest{Pattern::literal(hash), text->cased}});
    }
  }
  Detection group;
  group.kind = item.all != item.negated ? Detection::Kind::all_of : Detection::Kind::any_of;
  for (auto& [field, values] : fields) {
    Detection one;
    one.kind = Detection::Kind::item;
    one.item = item;
    one.item.field = field;
    one.item.values = std::move(values);
    group.children.push_back(std::move(one));
  }
  if (!group.children.empty()) detection = std::move(group);
}

}  // namespace yagura::sigma
