#include "sigma/reachable.hpp"

#include <set>

#include "base/text.hpp"

namespace yagura::sigma {

namespace {

using Kind = LogSourceMap::Entry::Kind;

bool names(std::string_view pattern, std::string_view name) { return pattern == "*" || pattern == name; }

// ---- The source

std::string unknown_source(const RuleLogSource& source, const LogSourceMap& map, std::span<const DeclaredSource> declared) {
  const std::string product = to_lower_ascii(source.product), category = to_lower_ascii(source.category), service = to_lower_ascii(source.service);
  const auto of_product = [&](std::string_view other) { return product.empty() || names(other, product); };
  std::vector<std::string_view> known;
  const auto any = [&](const std::string& wanted, Kind kind, const std::string DeclaredSource::*member) {
    if (wanted.empty()) return true;
    known.clear();
    for (const auto& entry : map.entries())
      if (entry.kind == kind && of_product(entry.product)) known.push_back(kind == Kind::product ? entry.product : entry.name);
    for (const auto& one : declared)
      if (of_product(one.product) && !(one.*member).empty()) known.push_back(one.*member);
    return std::ranges::any_of(known, [&](std::string_view name) { return names(name, wanted); });
  };
  const auto has_product = std::ranges::any_of(map.entries(), [&](const auto& entry) { return entry.product == product; }) ||
                           std::ranges::any_of(declared, [&](const auto& one) { return names(one.product, product); });
  if (!product.empty() && !has_product) return fmt::format("nothing that arrives here is of the product '{}'", product);
  const std::string of = product.empty() ? "" : fmt::format(" of the product '{}'", product);
  if (!any(service, Kind::service, &DeclaredSource::service)) return fmt::format("nothing{} is of the service '{}'{}", of, service, did_you_mean(service, known));
  if (!any(category, Kind::category, &DeclaredSource::category)) return fmt::format("nothing{} is of the category '{}'{}", of, category, did_you_mean(category, known));
  return {};
}

// ---- The fields

// What can come of a detection when some fields are never there.
struct Outcomes {
  bool can_hold = true, can_fail = true;
};

class FieldCheck {
 public:
  FieldCheck(const Detections& detections, const std::set<std::string, std::less<>>& fields) : detections_(detections), fields_(fields) {}

  bool can_match() {
    return std::ranges::any_of(detections_.conditions, [&](const Condition& one) { return condition(one).can_hold; });
  }
  const std::set<std::string>& missing() const { return missing_; }

 private:
  static Outcomes all(const std::vector<Outcomes>& parts) {
    return {std::ranges::all_of(parts, &Outcomes::can_hold), std::ranges::any_of(parts, &Outcomes::can_fail)};
  }
  static Outcomes at_least(const std::vector<Outcomes>& parts, std::size_t count) {
    const auto can = static_cast<std::size_t>(std::ranges::count_if(parts, &Outcomes::can_hold));
    const auto must = static_cast<std::size_t>(std::ranges::count_if(parts, [](const Outcomes& o) { return !o.can_fail; }));
    return {can >= count, must < count};
  }

  Outcomes condition(const Condition& one) {
    std::vector<Outcomes> parts;
    switch (one.kind) {
      case Condition::Kind::identifier: {
        const auto* found = detections_.find(one.name, one.scope);
        return found ? detection(found->detection) : Outcomes{false, true};
      }
      case Condition::Kind::selector:
        for (const auto* found : selected(one, detections_.identifiers)) parts.push_back(detection(found->detection));
        return at_least(parts, one.least == 0 ? parts.size() : one.least);
      case Condition::Kind::negation: {
        const auto inner = condition(one.children.front());
        return {inner.can_fail, inner.can_hold};
      }
      case Condition::Kind::all_of:
      case Condition::Kind::any_of:
        for (const auto& child : one.children) parts.push_back(condition(child));
        return one.kind == Condition::Kind::all_of ? all(parts) : at_least(parts, 1);
    }
    return {};
  }

  Outcomes detection(const Detection& one) {
    if (one.kind == Detection::Kind::item) return item(one.item);
    std::vector<Outcomes> parts;
    for (const auto& child : one.children) parts.push_back(detection(child));
    return one.kind == Detection::Kind::all_of ? all(parts) : at_least(parts, 1);
  }

  Outcomes item(const DetectionItem& one) {
    if (one.is_keyword() || fields_.contains(one.field) || fields_.contains(one.field.substr(0, one.field.find('.')))) return {};
    missing_.insert(one.field);
    // What it is for a field that is never there.
    const auto holds = [](const Test& test) {
      if (const auto* exists = std::get_if<ExistsTest>(&test)) return !exists->wanted;
      return std::holds_alternative<NullTest>(test);
    };
    const auto met = std::ranges::count_if(one.values, [&](const auto& tests) { return std::ranges::any_of(tests, holds); });
    const bool positive = one.all && !one.negated ? static_cast<std::size_t>(met) == one.values.size() : met != 0;
    const bool result = positive != one.negated;
    return {result, !result};
  }

  const Detections& detections_;
  const std::set<std::string, std::less<>>& fields_;
  std::set<std::string> missing_;
};

}  // namespace

std::string unreachable_reason(const Rule& rule, const LogSourceMap& map, std::span<const DeclaredSource> declared) {
  if (auto reason = unknown_source(rule.log_source, map, declared); !reason.empty()) return reason;
  const std::string product = to_lower_ascii(rule.log_source.product), category = to_lower_ascii(rule.log_source.category);
  const auto* fields = category.empty() ? nullptr : map.fields_of(product, category);
  if (fields == nullptr) return {};
  auto all = *fields;
  if (const auto* common = map.fields_of(product, "*")) all.insert(common->begin(), common->end());
  FieldCheck check(rule.detections, all);
  if (check.can_match()) return {};
  return fmt::format("events of the category '{}' have no field {}", category, fmt::join(check.missing(), ", "));
}

}  // namespace yagura::sigma
