// What the program gives the part of the API that tunes rules. Functions that are empty: that part answers 404. Any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace yagura::serve {

struct RuleProblemReport {
  std::string place, rule, message;
  bool is_error = true;
};
struct RulePackReport {
  std::string name, path;
  std::uint64_t rules = 0, problems = 0;
};

struct RuleServices {
  // Files and rules that could not be loaded, and rules that can never match, with the reason.
  std::function<std::vector<RuleProblemReport>()> problems;
  // Mistakes of a detection that a rule is to leave alone; empty when it is good.
  std::function<std::vector<std::string>(std::string_view detection)> check_exclusion;
  // An Error names what is wrong with the conditions of a suppression.
  std::function<Result<>(std::string_view conditions)> check_suppression;
  std::function<std::vector<RulePackReport>()> packs;
  // Keeps an archive as a pack and loads it; nothing is kept when it has no rule that can be loaded.
  std::function<Result<RulePackReport>(const std::string& name, std::string_view bytes)> put_pack;
  std::function<Result<>(const std::string& name)> remove_pack;
  // Reads all rules again.
  std::function<Result<>()> reload;
};

}  // namespace yagura::serve
