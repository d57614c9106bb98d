// Rules back to YAML: load(print(rule)) == rule. For `rules explain`, exports, and the law that the loader's fuzzer
// asserts.
#pragma once
#include <string>

#include "sigma/rule.hpp"
#include "sigma/yaml_document.hpp"

namespace yagura::sigma {

YamlNode to_yaml(const Rule& rule);
YamlNode to_yaml(const CorrelationRule& rule);
YamlNode to_yaml(const Filter& filter);
// All of them, one document each.
std::string print_rules(const RuleCollection& rules);

}  // namespace yagura::sigma
