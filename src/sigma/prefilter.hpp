// Finds, for the events of one logsource, which rules could match at all. Private to the room.
//
// A *unit* is something that one scan decides: "one of these texts stands in that field". A rule is guarded by one or
// two units sets; while one of a set has not been hit, the rule cannot match. Where a unit says exactly what an item of
// the rules says, the hit is also the item's truth, and the item is never evaluated.
#pragma once
#include <hs/hs.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sigma/program.hpp"

namespace yagura::sigma {

struct DatabaseDeleter {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, DatabaseDeleter>;

enum class Anchor : std::uint8_t { anywhere, start, end, whole };

// All that is looked for in one field.
struct FieldScanner {
  struct Target {
    Anchor anchor;
    std::uint32_t unit;
  };
  struct Literal {
    std::uint32_t size;
    std::uint32_t first_target, target_count;
  };
  std::uint32_t slot = kNoSlot;
  Database database;  // of `literals`, by index; null when there are none
  std::vector<Literal> literals;
  std::vector<Target> targets;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::vector<std::uint32_t>, TextHash, std::equal_to<>> whole;  // text -> units
  std::vector<std::uint32_t> present;  // units hit by any value
};

struct UnitRule {
  std::uint32_t rule;
  std::uint8_t bit;
};

// The rules of one logsource.
struct Group {
  RuleLogSource source;
  std::vector<std::uint32_t> rules;      // RuleSet indices
  std::vector<std::uint32_t> unguarded;  // always evaluated
  std::vector<FieldScanner> scanners;
  std::unique_ptr<FieldScanner> keywords;  // over the whole event
  bool wants_supplied = false;             // some rule looks at a field that a FieldSupplier adds
};

struct Prefilter {
  std::vector<std::vector<UnitRule>> units;  // by unit: whom a hit concerns
  std::vector<std::uint8_t> full_mask;       // by rule: the bits that must all be set
  std::size_t literal_count = 0, scanner_count = 0;
};

// Chooses guards for the rules of `group` and builds its scanners. `roots`: the node of each rule.
Result<> guard_rules(Program& program, const std::vector<std::uint32_t>& roots, Group& group, Prefilter& prefilter);

}  // namespace yagura::sigma
