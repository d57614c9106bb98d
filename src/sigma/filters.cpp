#include "sigma/filters.hpp"

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

RuleLogSource lower_source(const RuleLogSource& source) {
  return {to_lower_ascii(source.product), to_lower_ascii(source.category), to_lower_ascii(source.service), ""};
}

Condition any_of(const std::vector<Condition>& conditions) {
  if (conditions.size() == 1) return conditions.front();
  Condition any;
  any.kind = Condition::Kind::any_of;
  any.children = conditions;
  return any;
}

}  // namespace

void join_filters(RuleCollection& rules) {
  for (std::size_t f = 0; f < rules.filters.size(); ++f) {
    const auto& filter = rules.filters[f];
    const auto source = lower_source(filter.log_source);
    const std::string scope = fmt::format("filter {}", f);
    for (auto& rule : rules.rules) {
      const auto named = [&](const std::string& name) {
        return name == rule.metadata.id || (!rule.metadata.name.empty() && name == rule.metadata.name);
      };
      if (!filter.any_rule && std::ranges::none_of(filter.rules, named)) continue;
      // The filter is for the log sources that it names; one that names more than the rule would not fit all its
      // events.
      const auto rule_source = lower_source(rule.log_source);
      const auto fits = [](const std::string& wanted, const std::string& has) {
        return wanted.empty() || wanted == has;
      };
      if (!fits(source.product, rule_source.product) || !fits(source.category, rule_source.category) ||
          !fits(source.service, rule_source.service))
        continue;

      Condition all;
      all.kind = Condition::Kind::all_of;
      all.children = {any_of(rule.detections.conditions), any_of(filter.detections.conditions)};
      set_scope(all.children.back(), scope);
      rule.detections.conditions = {std::move(all)};
      for (auto identifier : filter.detections.identifiers) {
        identifier.scope = scope;
        rule.detections.identifiers.push_back(std::move(identifier));
      }
    }
  }
  rules.filters.clear();
}

}  // namespace yagura::sigma
