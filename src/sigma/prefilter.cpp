#include "sigma/prefilter.hpp"

#include <cmath>

#include "base/text.hpp"
#include "sigma/case_fold.hpp"

namespace yagura::sigma {

namespace {

constexpr std::size_t kLeastLiteral = 2;  // a single character would hit all the time
constexpr std::size_t kMostSetLiterals = 20'000;
constexpr double kGoodEnough = 0.02;  // a guard that is rarer needs no second one
constexpr double kWorthASecond = 0.3;

struct LiteralSpec {
  Anchor anchor = Anchor::anywhere;
  std::string text;
  bool present = false;  // any value at all
};

struct UnitSpec {
  std::uint32_t item = 0;
  std::uint32_t value = kNone;  // of an `all` item: which value; else all of them
  std::vector<LiteralSpec> literals;
  bool exact = false;
  double weight = 0;  // how often we think it hits
};

struct GuardSet {
  std::vector<const UnitSpec*> units;
  double weight = 0;
};

// The longest text of a pattern with wildcards, and where it must stand.
LiteralSpec longest_literal(const Pattern& pattern) {
  LiteralSpec best;
  const auto& parts = pattern.parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].piece != Pattern::Piece::text || parts[i].text.size() <= best.text.size()) continue;
    best.text = parts[i].text;
    best.anchor = i == 0 ? Anchor::start : i + 1 == parts.size() ? Anchor::end : Anchor::anywhere;
  }
  return best;
}

class Guard {
 public:
  Guard(Program& program, Group& group, Prefilter& prefilter)
      : program_(program), group_(group), prefilter_(prefilter) {}

  Result<> choose(const std::vector<std::uint32_t>& roots) {
    for (const auto rule : group_.rules) {
      auto guards = guards_of(roots[rule]);
      std::ranges::stable_sort(guards, {}, &GuardSet::weight);
      if (guards.empty()) {
        group_.unguarded.push_back(rule);
        continue;
      }
      const std::size_t count =
          guards.size() > 1 && guards[0].weight > kGoodEnough && guards[1].weight < kWorthASecond ? 2 : 1;
      prefilter_.full_mask[rule] = static_cast<std::uint8_t>((1U << count) - 1);
      for (std::size_t i = 0; i < count; ++i)
        for (const auto* unit : guards[i].units)
          prefilter_.units[unit_number(*unit)].push_back({rule, static_cast<std::uint8_t>(1U << i)});
    }
    return build_scanners();
  }

 private:
  // ---- Which guards a rule could have

  std::vector<GuardSet> guards_of(std::uint32_t number) {
    const Node node = program_.nodes[number];
    std::vector<GuardSet> guards;
    switch (node.op) {
      case Node::Op::item:
        for (const auto& unit : units_of(node.first)) guards.push_back({{&unit}, unit.weight});
        return guards;
      case Node::Op::all_of:
        for (std::uint32_t i = 0; i < node.count; ++i)
          for (auto& guard : guards_of(program_.children[node.first + i])) guards.push_back(std::move(guard));
        return guards;
      case Node::Op::any_of:
      case Node::Op::at_least: {
        GuardSet all;
        std::size_t literals = 0;
        for (std::uint32_t i = 0; i < node.count; ++i) {
          auto options = guards_of(program_.children[node.first + i]);
          if (options.empty()) return {};
          const auto best = std::ranges::min_element(options, {}, &GuardSet::weight);
          for (const auto* unit : best->units) {
            if (std::ranges::find(all.units, unit) != all.units.end()) continue;
            all.units.push_back(unit);
            literals += unit->literals.size();
          }
          all.weight += best->weight;
        }
        if (literals > kMostSetLiterals) return {};
        guards.push_back(std::move(all));
        return guards;
      }
      case Node::Op::negation: return {};
    }
    return guards;
  }

  // What an item waits for: one unit, or for an `all` item one for each value. Kept, so that pointers stay good.
  const std::vector<UnitSpec>& units_of(std::uint32_t number) {
    const auto [known, fresh] = specs_.try_emplace(number);
    if (!fresh) return *known->second;
    known->second = std::make_unique<std::vector<UnitSpec>>();
    auto& units = *known->second;
    const CompiledItem& item = program_.items[number];
    if (item.negated) return units;
    const auto add = [&](std::uint32_t value, std::uint32_t begin, std::uint32_t end) {
      UnitSpec unit;
      unit.item = number;
      unit.value = value;
      unit.exact = value == kNone || item.value_ends.size() == 1;
      bool present = false;
      for (std::uint32_t t = begin; t < end; ++t) {
        auto literal = literal_of(item, item.tests[t], unit.exact);
        if (!literal) return;  // could be true without anything that a scan sees
        present |= literal->present;
        unit.literals.push_back(std::move(*literal));
      }
      if (unit.literals.empty()) return;
      if (present) {
        unit.literals = {LiteralSpec{.present = true}};
        unit.exact = false;
      }
      for (const auto& literal : unit.literals) unit.weight += weight_of(literal);
      unit.weight *= 1.0 + item.references / 4.0;  // texts that many rules want are what events have
      units.push_back(std::move(unit));
    };
    if (item.all) {
      std::uint32_t begin = 0;
      for (std::uint32_t v = 0; v < item.value_ends.size(); ++v) {
        add(v, begin, item.value_ends[v]);
        begin = item.value_ends[v];
      }
    } else {
      add(kNone, 0, static_cast<std::uint32_t>(item.tests.size()));
    }
    return units;
  }

  // nullopt: the test can be true for a field that is not there.
  static std::optional<LiteralSpec> literal_of(const CompiledItem& item, const CompiledTest& test, bool& exact) {
    const bool keyword = item.slot == kEverySlot;
    LiteralSpec literal;
    switch (test.kind) {
      case CompiledTest::Kind::equals: literal = {Anchor::whole, test.text}; break;
      case CompiledTest::Kind::starts: literal = {Anchor::start, test.text}; break;
      case CompiledTest::Kind::ends: literal = {Anchor::end, test.text}; break;
      case CompiledTest::Kind::contains: literal = {Anchor::anywhere, test.text}; break;
      case CompiledTest::Kind::wildcard:
        literal = longest_literal(*test.pattern);
        exact = false;
        break;
      case CompiledTest::Kind::regex:
        literal = {Anchor::anywhere, test.literals.empty() ? std::string() : test.literals.front()};
        exact = false;
        break;
      case CompiledTest::Kind::exists:
        if (!test.wanted) return std::nullopt;
        literal.present = true;
        return literal;
      case CompiledTest::Kind::is_null: return std::nullopt;
      default: literal.present = true; return literal;
    }
    if (test.cased) {
      exact = false;
      // Folding a text piece by piece gives the same as folding it whole only when no character is cut in two.
      literal.text = utf8::valid(literal.text) ? folded(literal.text) : std::string();
      if (literal.text.empty() && literal.anchor == Anchor::whole) literal.anchor = Anchor::anywhere;
    }
    if (keyword && literal.anchor != Anchor::anywhere) {  // values stand one behind the other in the scanned text
      exact = false;
      literal.anchor = Anchor::anywhere;
    }
    // The byte that separates the values must not be taken for text.
    if (keyword && literal.text.find('\xFF') != std::string::npos) exact = false, literal.text.clear();
    if (literal.anchor != Anchor::whole && literal.text.size() < kLeastLiteral) {
      literal = {};
      literal.present = true;
    }
    return literal;
  }

  static double weight_of(const LiteralSpec& literal) {
    if (literal.present) return 4.0;
    const double rarity = std::pow(0.5, static_cast<double>(std::min<std::size_t>(literal.text.size(), 30)) / 3.0);
    return literal.anchor == Anchor::whole ? rarity * 0.3 : literal.anchor == Anchor::anywhere ? rarity : rarity * 0.6;
  }

  // ---- Scanners

  std::uint32_t unit_number(const UnitSpec& spec) {
    const auto [known, fresh] = unit_numbers_.try_emplace(&spec, 0);
    if (!fresh) return known->second;
    const auto number = static_cast<std::uint32_t>(prefilter_.units.size());
    known->second = number;
    prefilter_.units.emplace_back();
    CompiledItem& item = program_.items[spec.item];
    if (spec.exact && !item.negated) item.exact_unit = number;
    Wanted& wanted = wanted_[item.slot];
    for (const auto& literal : spec.literals) {
      if (literal.present)
        wanted.present.push_back(number);
      else if (literal.anchor == Anchor::whole)
        wanted.whole[literal.text].push_back(number);
      else
        wanted.literals[literal.text].push_back({literal.anchor, number});
    }
    return number;
  }

  struct Wanted {
    std::map<std::string, std::vector<FieldScanner::Target>> literals;
    std::map<std::string, std::vector<std::uint32_t>> whole;
    std::vector<std::uint32_t> present;
  };

  Result<> build_scanners() {
    for (auto& [slot, wanted] : wanted_) {
      FieldScanner scanner;
      scanner.slot = slot;
      scanner.present = std::move(wanted.present);
      for (auto& [text, units] : wanted.whole) scanner.whole.emplace(text, std::move(units));
      std::vector<const char*> texts;
      std::vector<unsigned> flags, ids;
      std::vector<std::size_t> sizes;
      for (const auto& [text, targets] : wanted.literals) {
        const bool anywhere =
            std::ranges::all_of(targets, [](const auto& target) { return target.anchor == Anchor::anywhere; });
        texts.push_back(text.data());
        sizes.push_back(text.size());
        flags.push_back(anywhere ? HS_FLAG_SINGLEMATCH : 0);
        ids.push_back(static_cast<unsigned>(ids.size()));
        scanner.literals.push_back({static_cast<std::uint32_t>(text.size()),
                                    static_cast<std::uint32_t>(scanner.targets.size()),
                                    static_cast<std::uint32_t>(targets.size())});
        scanner.targets.insert(scanner.targets.end(), targets.begin(), targets.end());
      }
      if (!texts.empty()) {
        hs_database_t* database = nullptr;
        hs_compile_error_t* error = nullptr;
        if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                                 static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database,
                                 &error) != HS_SUCCESS) {
          const std::string message = error ? error->message : "unknown";
          hs_free_compile_error(error);
          return fail(ErrorKind::internal, "the multi-pattern matcher refused {} texts: {}", texts.size(), message);
        }
        scanner.database.reset(database);
        ++prefilter_.scanner_count;
        prefilter_.literal_count += texts.size();
      }
      if (slot == kEverySlot)
        group_.keywords = std::make_unique<FieldScanner>(std::move(scanner));
      else
        group_.scanners.push_back(std::move(scanner));
    }
    return {};
  }

  Program& program_;
  Group& group_;
  Prefilter& prefilter_;
  std::unordered_map<std::uint32_t, std::unique_ptr<std::vector<UnitSpec>>> specs_;
  std::unordered_map<const UnitSpec*, std::uint32_t> unit_numbers_;
  std::map<std::uint32_t, Wanted> wanted_;
};

}  // namespace

Result<> guard_rules(Program& program, const std::vector<std::uint32_t>& roots, Group& group, Prefilter& prefilter) {
  return Guard(program, group, prefilter).choose(roots);
}

}  // namespace yagura::sigma
