#include "sigma/rule_tags.hpp"

#include <array>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

constexpr std::array<std::string_view, 7> kNamespaces = {"attack", "car", "cve", "d3fend", "detection", "stp", "tlp"};
// With the tactics that ATT&CK has renamed or added since.
constexpr std::array<std::string_view, 16> kTactics = {
    "reconnaissance",     "resource-development", "initial-access",  "execution",
    "persistence",        "privilege-escalation", "defense-evasion", "stealth",
    "defense-impairment", "credential-access",    "discovery",       "lateral-movement",
    "collection",         "command-and-control",  "exfiltration",    "impact"};
constexpr std::array<std::string_view, 5> kLights = {"red", "amber", "amber-strict", "green", "clear"};
constexpr std::array<std::string_view, 3> kDetections = {"dfir", "emerging-threats", "threat-hunting"};

bool is_digits(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most && std::ranges::all_of(text, is_ascii_digit);
}

// "1059" or, of techniques, "1059.001", behind one of the letters.
bool is_attack_number(std::string_view text) {
  const auto letters = text.starts_with("ds") ? 2U : text.starts_with("ta") ? 2U : 1U;
  const auto prefix = text.substr(0, letters);
  text.remove_prefix(std::min<std::size_t>(letters, text.size()));
  if (prefix == "t" && text.size() == 8 && text[4] == '.')
    return is_digits(text.substr(0, 4), 4, 4) && is_digits(text.substr(5), 3, 3);
  return (prefix == "t" || prefix == "g" || prefix == "s" || prefix == "ds" || prefix == "m" || prefix == "a" ||
          prefix == "ta") &&
         is_digits(text, 4, 4);
}

template <std::size_t N>
std::string one_of(std::string_view kind, std::string_view value, const std::array<std::string_view, N>& words) {
  if (std::ranges::find(words, value) != words.end()) return {};
  return fmt::format("there is no {} '{}'{}", kind, value, did_you_mean(value, words));
}

}  // namespace

std::string tag_mistake(std::string_view tag) {
  if (!std::ranges::all_of(
          tag,
          [](char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '_' || c == '-' || c == '.'; }) &&
      !tag.starts_with("d3fend.d3f-"))
    return fmt::format("the tag '{}' should have lower-case letters, digits, '-', '_' and '.' only", tag);
  const auto dot = tag.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == tag.size())
    return fmt::format("the tag '{}' should have a namespace, as in 'attack.t1059'", tag);
  const auto name = tag.substr(0, dot), value = tag.substr(dot + 1);
  if (name == "attack") {
    if (is_attack_number(value)) return {};
    std::string tactic(value);
    std::ranges::replace(tactic, '_', '-');
    if (std::ranges::find(kTactics, std::string_view(tactic)) != kTactics.end()) return {};
    return fmt::format("'{}' is no technique (t1059, t1059.001), group (g0016), software (s0002) or tactic of ATT&CK{}",
                       tag, did_you_mean(tactic, kTactics));
  }
  if (name == "tlp") return one_of("traffic light", value, kLights);
  if (name == "detection") return one_of("kind of detection", value, kDetections);
  if (name == "cve") {
    const bool good = value.size() > 5 && is_digits(value.substr(0, 4), 4, 4) && (value[4] == '-' || value[4] == '.') &&
                      is_digits(value.substr(5), 4, 7);
    return good ? std::string() : fmt::format("the tag '{}' should look like 'cve.2021-44228'", tag);
  }
  if (name == "stp") {
    const bool good = !value.empty() && value[0] >= '1' && value[0] <= '5' &&
                      (value.size() == 1 || (value.size() == 2 && std::string_view("auk").contains(value[1])));
    return good ? std::string() : fmt::format("the tag '{}' should look like 'stp.4' or 'stp.3k'", tag);
  }
  if (name == "car") {
    const bool good = value.size() == 11 && is_digits(value.substr(0, 4), 4, 4) && value[4] == '-' &&
                      is_digits(value.substr(5, 2), 2, 2) && value[7] == '-' && is_digits(value.substr(8), 3, 3);
    return good ? std::string() : fmt::format("the tag '{}' should look like 'car.2016-04-005'", tag);
  }
  if (name == "d3fend") return {};
  if (const auto near = nearest_word(name, kNamespaces))
    return fmt::format("unknown namespace of the tag '{}', did you mean '{}'?", tag, *near);
  return {};
}

}  // namespace yagura::sigma
