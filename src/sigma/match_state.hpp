// One worker's view of the event that is being matched, and the evaluation of items on it. Private to the room.
#pragma once
#include <hs/hs.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "event/record.hpp"
#include "sigma/prefilter.hpp"
#include "sigma/program.hpp"

namespace yagura::sigma {

// One value of a field. Texts are made when first asked for.
struct Leaf {
  event::Value value;
  std::string_view text;
  std::string_view folded;
  bool has_text = false;  // null, lists and objects have none
  bool is_prepared = false;
  bool is_folded = false;
};

struct SlotState {
  std::uint32_t epoch = 0;  // the record that it is of
  std::uint32_t first_leaf = 0, leaf_count = 0;
};

// Everything below is of the current record while its stamp is the current epoch.
class EventView {
 public:
  EventView(const Program& program, std::size_t rule_count, std::size_t unit_count);

  // Reads the record's fields into slots.
  void load(const event::Record& record);
  // The slot `name` is read from slot `source` when it has no value of its own.
  void alias(std::uint32_t name, std::uint32_t source);

  bool present(std::uint32_t slot) const { return slots_[slot].epoch == epoch_; }
  std::span<Leaf> leaves(std::uint32_t slot) {
    const auto& state = slots_[slot];
    return state.epoch == epoch_ ? std::span(leaves_).subspan(state.first_leaf, state.leaf_count) : std::span<Leaf>();
  }
  std::span<Leaf> every_leaf();
  // All values' folded texts, each behind a byte 0xFF.
  std::string_view every_text();
  bool has_text(Leaf& leaf);
  std::string_view folded(Leaf& leaf);  // of a leaf with text

  bool evaluate(std::uint32_t node);

  // Units and rules that the prefilter has hit.
  bool hit_unit(std::uint32_t unit) {
    if (unit_epochs_[unit] == epoch_) return false;
    unit_epochs_[unit] = epoch_;
    return true;
  }
  void mark_rule(std::uint32_t rule, std::uint8_t bit) {
    if (rule_epochs_[rule] != epoch_) {
      rule_epochs_[rule] = epoch_;
      rule_masks_[rule] = 0;
      touched_.push_back(rule);
    }
    rule_masks_[rule] |= bit;
  }
  std::vector<std::uint32_t>& touched() { return touched_; }
  std::uint8_t mask(std::uint32_t rule) const { return rule_masks_[rule]; }

 private:
  void add_everything(const event::Value& value, int depth);
  bool evaluate_item(std::uint32_t item);
  bool meets(const CompiledTest& test, bool present, std::span<Leaf> leaves);
  bool meets(const CompiledTest& test, Leaf& leaf);

  const Program& program_;
  std::uint32_t epoch_ = 0;
  event::Record record_;
  std::vector<SlotState> slots_;
  std::vector<Leaf> leaves_;
  std::vector<event::Value> flat_;  // scratch
  std::vector<Leaf> every_leaf_;
  std::string_view every_text_;
  bool every_leaf_ready_ = false, every_text_ready_ = false;
  std::vector<std::uint32_t> item_epochs_;
  std::vector<std::uint8_t> item_results_;
  std::vector<std::uint32_t> unit_epochs_, rule_epochs_;
  std::vector<std::uint8_t> rule_masks_;
  std::vector<std::uint32_t> touched_;
  Arena arena_;  // folded texts of the record
};

}  // namespace yagura::sigma
