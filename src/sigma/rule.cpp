#include "sigma/rule.hpp"

#include <cmath>

namespace yagura::sigma {

std::string_view to_string(Level level) {
  constexpr std::string_view kNames[] = {"", "informational", "low", "medium", "high", "critical"};
  return kNames[static_cast<std::size_t>(level)];
}
std::string_view to_string(Status status) {
  constexpr std::string_view kNames[] = {"", "stable", "test", "experimental", "deprecated", "unsupported"};
  return kNames[static_cast<std::size_t>(status)];
}
std::string_view to_string(CorrelationType type) {
  constexpr std::string_view kNames[] = {"event_count",  "value_count",      "value_sum", "value_avg",
                                         "value_median", "value_percentile", "temporal",  "temporal_ordered"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string regex_text(const RegexTest& test) {
  std::string flags;
  if (test.ignore_case) flags += 'i';
  if (test.multi_line) flags += 'm';
  if (test.dot_all) flags += 's';
  return flags.empty() ? test.pattern : fmt::format("(?{}){}", flags, test.pattern);
}

int compare(const Number& a, const Number& b) {
  const auto* integer_a = std::get_if<std::int64_t>(&a.value);
  const auto* integer_b = std::get_if<std::int64_t>(&b.value);
  if (integer_a && integer_b) return *integer_a < *integer_b ? -1 : *integer_a > *integer_b;
  // 80-bit on x86: every int64 fits.
  const auto wide = [](const Number& n) {
    return std::visit([](auto value) { return static_cast<long double>(value); }, n.value);
  };
  const long double x = wide(a), y = wide(b);
  return x < y ? -1 : x > y;
}

namespace {

// Least binding first, as the specification lists them: or, and, not, x of.
int binding(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::any_of: return 1;
    case Condition::Kind::all_of: return 2;
    case Condition::Kind::negation: return 3;
    default: return 4;
  }
}

void append(std::string& out, const Condition& condition, int outer) {
  const bool brackets = binding(condition) < outer;
  if (brackets) out += '(';
  switch (condition.kind) {
    case Condition::Kind::identifier: out += condition.name; break;
    case Condition::Kind::selector:
      out += condition.least == 0 ? std::string("all") : std::to_string(condition.least);
      out += " of " + condition.name;
      break;
    case Condition::Kind::negation:
      out += "not ";
      append(out, condition.children.front(), 3);
      break;
    default: {
      const bool is_and = condition.kind == Condition::Kind::all_of;
      for (std::size_t i = 0; i < condition.children.size(); ++i) {
        if (i != 0) out += is_and ? " and " : " or ";
        append(out, condition.children[i], is_and ? 3 : 2);
      }
    }
  }
  if (brackets) out += ')';
}

bool name_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::string to_text(const Condition& condition) {
  std::string out;
  append(out, condition, 0);
  return out;
}

void set_scope(Condition& condition, const std::string& scope) {
  condition.scope = scope;
  for (auto& child : condition.children) set_scope(child, scope);
}

std::vector<const SearchIdentifier*> selected(const Condition& selector,
                                              const std::vector<SearchIdentifier>& identifiers) {
  std::vector<const SearchIdentifier*> result;
  const bool them = selector.name == "them";
  for (const auto& identifier : identifiers)
    if (identifier.scope == selector.scope &&
        (them ? !identifier.name.starts_with('_') : name_matches(selector.name, identifier.name)))
      result.push_back(&identifier);
  return result;
}

const SearchIdentifier* Detections::find(std::string_view name, std::string_view scope) const {
  for (const auto& identifier : identifiers)
    if (identifier.name == name && identifier.scope == scope) return &identifier;
  return nullptr;
}

}  // namespace yagura::sigma
