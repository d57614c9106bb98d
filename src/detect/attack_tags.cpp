#include "detect/attack_tags.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace yagura::detect {

namespace {

void add(std::vector<std::string>& list, std::string name) {
  if (std::ranges::find(list, name) == list.end()) list.push_back(std::move(name));
}

// T1110 or T1110.001.
bool is_technique(std::string_view text) {
  if (text.size() < 5 || text[0] != 't') return false;
  const auto dot = text.find('.');
  const auto number = text.substr(1, dot == std::string_view::npos ? dot : dot - 1);
  if (number.size() != 4 || !std::ranges::all_of(number, is_ascii_digit)) return false;
  if (dot == std::string_view::npos) return true;
  const auto sub = text.substr(dot + 1);
  return sub.size() == 3 && std::ranges::all_of(sub, is_ascii_digit);
}

}  // namespace

AttackTags attack_tags(const std::vector<std::string>& tags) {
  AttackTags result;
  for (const auto& tag : tags) {
    const std::string lower = to_lower_ascii(tag);
    if (!lower.starts_with("attack.")) continue;
    const std::string_view rest = std::string_view(lower).substr(7);
    if (is_technique(rest)) {
      std::string name(rest);
      name[0] = 'T';
      const auto dot = name.find('.');
      add(result.techniques, name.substr(0, dot));
      if (dot != std::string::npos) add(result.sub_techniques, std::move(name));
      continue;
    }
    if (rest.size() > 1 && (rest[0] == 'g' || rest[0] == 's') && is_ascii_digit(rest[1]))
      continue;  // groups and software
    // credential-access, credential_access -> CredentialAccess
    std::string name;
    bool upper = true;
    for (const char c : rest) {
      if (c == '-' || c == '_') {
        upper = true;
        continue;
      }
      name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      upper = false;
    }
    if (!name.empty()) add(result.tactics, std::move(name));
  }
  return result;
}

}  // namespace yagura::detect
