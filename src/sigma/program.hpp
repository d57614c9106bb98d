// Rules as programs: boolean nodes over items, items over tests, all in flat vectors; built by program.cpp, guarded by
// prefilter.cpp, run by rule_set.cpp. Private to the room.
#pragma once
#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/field.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

inline constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;
inline constexpr std::uint32_t kEverySlot = 0xFFFFFFFE;  // of keywords: all values of the event
inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

// Which field names are looked at, each with a number. Names with dots are also looked for inside objects.
class SlotTable {
 public:
  struct NestedName {  // below the field `root`
    std::uint32_t slot;
    std::string path;
  };
  std::uint32_t slot_of(std::string_view name);  // adds
  std::size_t size() const { return names_.size(); }
  const std::string& name(std::uint32_t slot) const { return names_[slot]; }

  // For matching.
  std::uint32_t find(event::FieldId id, std::string_view name) const {
    if (id.is_listed()) return id.number() < by_id_.size() ? by_id_[id.number()] : kNoSlot;
    return find_name(name);
  }
  std::uint32_t find_name(std::string_view name) const {
    const auto known = by_name_.find(std::string(name));
    return known == by_name_.end() ? kNoSlot : known->second;
  }
  const std::vector<NestedName>* nested_below(std::string_view root) const {
    const auto known = nested_.find(root);
    return known == nested_.end() ? nullptr : &known->second;
  }
  bool has_nested() const { return !nested_.empty(); }

 private:
  std::vector<std::string> names_;
  std::vector<std::uint32_t> by_id_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  std::map<std::string, std::vector<NestedName>, std::less<>> nested_;
};

struct CompiledTest {
  enum class Kind : std::uint8_t {
    equals,
    starts,
    ends,
    contains,
    any_text,
    wildcard,
    regex,
    network,
    number,
    exists,
    is_null,
    run,
    field
  };
  Kind kind = Kind::equals;
  bool cased = false;
  FieldTest::Part part = FieldTest::Part::whole;
  std::uint32_t slot = kNoSlot;       // of field
  std::string text;                   // folded unless cased
  std::vector<std::string> literals;  // of a regex: folded texts without which it cannot match, the longest first
  std::size_t least_size = 0;         // likewise; of a run: how many characters
  std::unique_ptr<Pattern> pattern;
  std::unique_ptr<RE2> regex;
  NetworkTest network;
  NumberTest number;
  bool wanted = true;  // of exists
};

struct CompiledItem {
  std::uint32_t slot = kNoSlot;
  bool all = false;
  bool negated = false;
  std::vector<CompiledTest> tests;
  std::vector<std::uint32_t> value_ends;  // tests of value i: [ends[i - 1], ends[i])
  std::uint32_t references = 0;           // from rules of its group
  std::uint32_t exact_unit = kNone;       // the unit whose hit is this item's truth, see prefilter.hpp
};

struct Node {
  enum class Op : std::uint8_t { item, all_of, any_of, at_least, negation };
  Op op = Op::item;
  std::uint32_t first = 0;  // item: its number; negation: the node; else the first of its children in Program::children
  std::uint32_t count = 0;
  std::uint32_t least = 0;  // of at_least
};

struct Program {
  SlotTable slots;
  std::vector<CompiledItem> items;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> children;
};

// Adds detections to a program. Items that say the same within one group are shared.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(Program& program) : program_(program) {}
  void begin_group() { known_items_.clear(); }
  // The node of the whole: any of the conditions.
  Result<std::uint32_t> add(const Detections& detections);
  std::uint32_t join(std::vector<std::uint32_t> nodes, Node::Op op);

 private:
  Result<std::uint32_t> add_condition(const Condition& condition, const Detections& detections,
                                      const std::vector<std::uint32_t>& identifiers);
  Result<std::uint32_t> add_detection(const Detection& detection);
  Result<std::uint32_t> add_item(const DetectionItem& item);
  std::uint32_t add_node(Node node);

  Program& program_;
  std::unordered_map<std::string, std::uint32_t> known_items_;
};

}  // namespace yagura::sigma
