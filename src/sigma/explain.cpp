#include "sigma/explain.hpp"

#include <re2/re2.h>

#include "base/text.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/field_values.hpp"
#include "sigma/network.hpp"

namespace yagura::sigma {

namespace {

using event::Value;

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 120;
  if (text.size() <= kMost) return fmt::format("'{}'", utf8::repaired(text));
  return fmt::format("'{}...' ({} bytes)", utf8::repaired(text.substr(0, kMost)), text.size());
}

std::string describe(const Test& test) {
  struct Describe {
    std::string operator()(const TextTest& t) const {
      return fmt::format("text {}{}", shown(t.pattern.to_text()), t.cased ? " (case matters)" : "");
    }
    std::string operator()(const RegexTest& t) const { return fmt::format("regular expression {}", shown(t.pattern)); }
    std::string operator()(const NetworkTest& t) const {
      return fmt::format("an address in the IPv{} network with prefix /{}", t.is_v6 ? 6 : 4, t.prefix);
    }
    std::string operator()(const NumberTest& t) const {
      constexpr std::string_view kWords[] = {"equal to",     "less than", "at most",
                                             "greater than", "at least",  "different from"};
      constexpr std::string_view kParts[] = {"a number",
                                             "a date whose minute is",
                                             "a date whose hour is",
                                             "a date whose day is",
                                             "a date whose week is",
                                             "a date whose month is",
                                             "a date whose year is"};
      return std::visit(
          [&](auto n) {
            return fmt::format("{} {} {}", kParts[static_cast<int>(t.part)], kWords[static_cast<int>(t.comparison)], n);
          },
          t.number.value);
    }
    std::string operator()(const ExistsTest& t) const {
      return t.wanted ? "a field that is there" : "a field that is not there";
    }
    std::string operator()(const NullTest&) const { return "null or no such field"; }
    std::string operator()(const FieldTest& t) const { return fmt::format("the value of the field '{}'", t.field); }
  };
  return std::visit(Describe{}, test);
}

class PlainEvaluator {
 public:
  PlainEvaluator(const event::Record& record, const FieldAlias& alias, Explanation* explanation)
      : record_(record), alias_(alias), explanation_(explanation) {}

  bool rule(const Detections& detections) {
    detections_ = &detections;
    bool any = false;
    if (explanation_)
      for (const auto& one : detections.identifiers) {
        identifier_ = one.name;
        explanation_->identifiers.push_back({one.name, detection(one.detection)});
      }
    Explanation* const items_done = std::exchange(explanation_, nullptr);
    for (const auto& one : detections.conditions) {
      const bool holds = condition(one);
      any |= holds;
      if (items_done) items_done->conditions.push_back(fmt::format("{}: {}", to_text(one), holds ? "true" : "false"));
    }
    return any;
  }

 private:
  bool condition(const Condition& c) {
    switch (c.kind) {
      case Condition::Kind::identifier: {
        const auto* found = detections_->find(c.name, c.scope);
        return found && detection(found->detection);
      }
      case Condition::Kind::selector: {
        const auto chosen = selected(c, detections_->identifiers);
        std::size_t count = 0;
        for (const auto* one : chosen) count += detection(one->detection);
        return count >= (c.least == 0 ? chosen.size() : c.least);
      }
      case Condition::Kind::all_of:
        return std::ranges::all_of(c.children, [&](const Condition& child) { return condition(child); });
      case Condition::Kind::any_of:
        return std::ranges::any_of(c.children, [&](const Condition& child) { return condition(child); });
      case Condition::Kind::negation: return !condition(c.children.front());
    }
    return false;
  }

  bool detection(const Detection& d) {
    if (d.kind == Detection::Kind::item) return item(d.item);
    std::size_t count = 0;
    for (const auto& child : d.children) count += detection(child);
    return d.kind == Detection::Kind::all_of ? count == d.children.size() : count != 0;
  }

  bool lookup(std::string_view name, std::vector<Value>& leaves) const {
    if (append_field(record_, name, leaves)) return true;
    if (!alias_) return false;
    const std::string other = alias_(name);
    return !other.empty() && append_field(record_, other, leaves);
  }

  bool item(const DetectionItem& i) {
    std::vector<Value> leaves;
    bool present = true;
    if (i.is_keyword())
      append_everything(record_, leaves);
    else
      present = lookup(i.field, leaves);
    std::size_t met = 0;
    const Test* first_met = nullptr;
    const Test* first_missed = nullptr;
    for (const auto& value : i.values) {
      const Test* hit = nullptr;
      for (const auto& test : value)
        if (meets(test, present, leaves)) {
          hit = &test;
          break;
        }
      met += hit != nullptr;
      if (hit && !first_met) first_met = hit;
      if (!hit && !first_missed && !value.empty()) first_missed = &value.front();
    }
    const bool positive = i.all && !i.negated ? met == i.values.size() : met != 0;
    const bool result = positive != i.negated;
    if (explanation_) note(i, present, leaves, positive, result, first_met, first_missed);
    return result;
  }

  void note(const DetectionItem& i, bool present, const std::vector<Value>& leaves, bool positive, bool result,
            const Test* met, const Test* missed) {
    ExplainedItem explained;
    explained.identifier = identifier_;
    explained.item = i.is_keyword() && i.modifiers.empty() ? std::string("keywords") : i.field;
    for (const auto& modifier : i.modifiers) explained.item += "|" + modifier;
    explained.matched = result;
    explained.place = i.place;
    std::string has;
    if (i.is_keyword()) {
      has = "some value";
    } else if (!present) {
      has = "there is no such field";
    } else if (leaves.empty()) {
      has = "it is an empty list";
    } else {
      std::string text;
      append_text(text, leaves.front());
      has = leaves.front().is_null() ? std::string("it is null") : "it is " + shown(text);
      if (leaves.size() > 1) has += fmt::format(" (and {} more values)", leaves.size() - 1);
    }
    const Test* shown_test = positive ? met : missed;
    if (i.is_keyword())
      explained.why = shown_test ? fmt::format("{} {}", positive ? "found:" : "not found:", describe(*shown_test)) : "";
    else if (shown_test)
      explained.why = fmt::format("{}; {}: {}{}", has, positive ? "matches" : "wanted", describe(*shown_test),
                                  !positive && i.values.size() > 1 && !i.all
                                      ? fmt::format(" or one of {} others", i.values.size() - 1)
                                      : std::string());
    else
      explained.why = has;
    if (i.negated) explained.why += " (negated by neq)";
    explanation_->items.push_back(std::move(explained));
  }

  bool meets(const Test& test, bool present, const std::vector<Value>& leaves) const {
    if (const auto* exists = std::get_if<ExistsTest>(&test)) return exists->wanted == present;
    if (std::holds_alternative<NullTest>(test))
      return !present || std::ranges::any_of(leaves, [](const Value& leaf) { return leaf.is_null(); });
    return std::ranges::any_of(leaves, [&](const Value& leaf) { return meets(test, leaf); });
  }

  bool meets(const Test& test, const Value& leaf) const {
    char buffer[kNumberTextSize];
    const auto text = leaf_text(leaf, buffer);
    if (!text) return false;
    if (const auto* t = std::get_if<TextTest>(&test))
      return t->cased ? t->pattern.matches(*text) : t->pattern.folded().matches(folded(*text));
    if (const auto* t = std::get_if<RegexTest>(&test)) {
      RE2::Options options;
      options.set_log_errors(false);
      const RE2 regex(regex_text(*t), options);
      return regex.ok() && RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), regex);
    }
    if (const auto* t = std::get_if<NetworkTest>(&test)) {
      const auto address = parse_address(*text);
      return address && contains(*t, *address);
    }
    if (const auto* t = std::get_if<NumberTest>(&test)) {
      if (t->part != TimePart::none) {
        const auto part = time_part(*text, t->part);
        return part && holds(t->comparison, compare(Number{*part}, t->number));
      }
      const auto number = leaf_number(leaf);
      return number && holds(t->comparison, compare(*number, t->number));
    }
    if (const auto* t = std::get_if<FieldTest>(&test)) {
      std::vector<Value> others;
      lookup(t->field, others);
      const std::string mine = t->cased ? std::string(*text) : folded(*text);
      for (const auto& other : others) {
        char other_buffer[kNumberTextSize];
        const auto other_text = leaf_text(other, other_buffer);
        if (!other_text) continue;
        const std::string theirs = t->cased ? std::string(*other_text) : folded(*other_text);
        switch (t->part) {
          case FieldTest::Part::whole:
            if (mine == theirs) return true;
            break;
          case FieldTest::Part::start:
            if (mine.starts_with(theirs)) return true;
            break;
          case FieldTest::Part::end:
            if (mine.ends_with(theirs)) return true;
            break;
          case FieldTest::Part::anywhere:
            if (mine.find(theirs) != std::string::npos) return true;
            break;
        }
      }
    }
    return false;
  }

  const event::Record& record_;
  const FieldAlias& alias_;
  Explanation* explanation_;
  const Detections* detections_ = nullptr;
  std::string identifier_;
};

}  // namespace

bool evaluate(const Detections& detections, const event::Record& record, const FieldAlias& alias) {
  return PlainEvaluator(record, alias, nullptr).rule(detections);
}

Explanation explain(const Detections& detections, const event::Record& record, const FieldAlias& alias) {
  Explanation explanation;
  explanation.matched = PlainEvaluator(record, alias, &explanation).rule(detections);
  return explanation;
}

std::string Explanation::to_text() const {
  std::string out = matched ? "matched\n" : "not matched\n";
  for (const auto& condition : conditions) out += fmt::format("condition {}\n", condition);
  for (const auto& identifier : identifiers) {
    out += fmt::format("{} {}\n", identifier.matched ? "+" : "-", identifier.name);
    for (const auto& item : items)
      if (item.identifier == identifier.name)
        out += fmt::format("    {} {} ({}): {}\n", item.matched ? "+" : "-", item.item, item.place.to_text(), item.why);
  }
  return out;
}

}  // namespace yagura::sigma
