#include "sigma/match_state.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.hpp"
#include "sigma/case_fold.hpp"
#include "sigma/field_values.hpp"
#include "sigma/network.hpp"

namespace yagura::sigma {

using event::Value;

namespace {

const event::RecordBatch& no_batch() {
  static const auto* batch = new event::RecordBatch;
  return *batch;
}
const event::RecordHeader& no_header() {
  static const auto* header = new event::RecordHeader;
  return *header;
}

// Texts are short, so a search that prepares nothing wins: sixteen places at a time where the first and the last byte stand.
bool contains_text(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return true;
  if (text.size() < wanted.size()) return false;
#ifdef __SSE2__
  const std::size_t places = text.size() - wanted.size() + 1;
  if (places >= 16) {
    const __m128i first = _mm_set1_epi8(wanted.front()), last = _mm_set1_epi8(wanted.back());
    const auto load = [&](std::size_t at) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    };
    std::size_t tries = 0;
    for (std::size_t at = 0; tries < 256;) {  // of such text as "aaaa" a search in linear time is better
      auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(
          _mm_cmpeq_epi8(load(at), first), _mm_cmpeq_epi8(load(at + wanted.size() - 1), last))));
      for (; found != 0; found &= found - 1, ++tries) {
        const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(found));
        if (std::memcmp(text.data() + place, wanted.data(), wanted.size()) == 0) return true;
      }
      if (at + 16 == places) return false;
      at = std::min(at + 16, places - 16);  // the last sixteen may overlap those before
    }
  }
#endif
  return memmem(text.data(), text.size(), wanted.data(), wanted.size()) != nullptr;
}

// Whether `count` characters follow each other, in one line unless `across_lines`. What is not UTF-8 is no character.
bool has_run(std::string_view text, std::size_t count, bool across_lines) {
  if (text.size() < count) return false;
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    const char32_t c = utf8::next(text, i);
    if ((c == U'\n' && !across_lines) || (c == 0xFFFD && i == start + 1))
      length = 0;
    else if (++length == count)
      return true;
  }
  return false;
}

}  // namespace

EventView::EventView(const Program& program, std::size_t rule_count, std::size_t unit_count)
    : program_(program),
      record_(no_batch(), no_header()),
      slots_(program.slots.size()),
      item_epochs_(program.items.size()),
      item_results_(program.items.size()),
      unit_epochs_(unit_count),
      rule_epochs_(rule_count),
      rule_masks_(rule_count) {}

void EventView::load(const event::Record& record) {
  if (++epoch_ == 0) {  // after four billion records old stamps would look like new ones
    for (auto& slot : slots_) slot.epoch = 0;
    std::ranges::fill(item_epochs_, 0);
    std::ranges::fill(unit_epochs_, 0);
    std::ranges::fill(rule_epochs_, 0);
    epoch_ = 1;
  }
  record_ = record;
  leaves_.clear();
  touched_.clear();
  every_leaf_ready_ = every_text_ready_ = false;
  arena_.clear();
  const bool nested = program_.slots.has_nested();
  bool has_containers = false;
  for (const auto& field : record.fields()) {
    const auto kind = field.value.kind();
    if (kind == Value::Kind::object || kind == Value::Kind::list) has_containers = true;
    const auto slot = program_.slots.find(field.id, field.name);
    if (slot == kNoSlot) continue;
    auto& state = slots_[slot];
    state.epoch = epoch_;
    state.first_leaf = static_cast<std::uint32_t>(leaves_.size());
    if (kind != Value::Kind::list) {
      leaves_.push_back({field.value, {}, {}, false, false, false});
    } else {
      flat_.clear();
      append_leaves(field.value, flat_);
      for (const auto& value : flat_) leaves_.push_back({value, {}, {}, false, false, false});
    }
    state.leaf_count = static_cast<std::uint32_t>(leaves_.size()) - state.first_leaf;
  }
  if (!nested || !has_containers) return;
  // Names with dots, below objects; a field of the very name goes first.
  const std::uint32_t plain_leaves = static_cast<std::uint32_t>(leaves_.size());
  for (const auto& field : record.fields()) {
    const auto kind = field.value.kind();
    if (kind != Value::Kind::object && kind != Value::Kind::list) continue;
    const auto* below = program_.slots.nested_below(field.name);
    if (!below) continue;
    for (const auto& [slot, path] : *below) {
      auto& state = slots_[slot];
      if (state.epoch == epoch_ && state.first_leaf < plain_leaves && record.find(program_.slots.name(slot))) continue;
      flat_.clear();
      if (!append_path(field.value, path, flat_)) continue;
      const auto first = static_cast<std::uint32_t>(leaves_.size());
      if (state.epoch == epoch_) {
        // The same name below another field of the record: the values of both, side by side.
        for (std::uint32_t i = 0; i < state.leaf_count; ++i) leaves_.push_back(Leaf(leaves_[state.first_leaf + i]));
      }
      for (const auto& value : flat_) leaves_.push_back({value, {}, {}, false, false, false});
      state = {epoch_, first, static_cast<std::uint32_t>(leaves_.size()) - first};
    }
  }
}

void EventView::alias(std::uint32_t name, std::uint32_t source) {
  if (slots_[name].epoch != epoch_ && slots_[source].epoch == epoch_) slots_[name] = slots_[source];
}

bool EventView::has_text(Leaf& leaf) {
  if (leaf.is_prepared) return leaf.has_text;
  leaf.is_prepared = true;
  if (leaf.value.is_string()) {
    leaf.text = leaf.value.as_string();
    leaf.has_text = true;
    return true;
  }
  char buffer[kNumberTextSize];
  const auto text = leaf_text(leaf.value, buffer);
  if (!text) return false;
  leaf.text = arena_.copy(*text);
  leaf.folded = leaf.text;  // digits, "true" and "e+20" are lower case
  leaf.is_folded = true;
  leaf.has_text = true;
  return true;
}

std::string_view EventView::folded(Leaf& leaf) {
  if (!leaf.is_folded) {
    char* out = arena_.allocate(leaf.text.size() * kMaxFoldGrowth);
    leaf.folded = {out, fold_case(leaf.text, out)};
    leaf.is_folded = true;
  }
  return leaf.folded;
}

void EventView::add_everything(const Value& value, int depth) {
  if (depth >= kMaxValueDepth) return;
  if (value.kind() == Value::Kind::list) {
    for (const auto& item : value.as_list()) add_everything(item, depth + 1);
  } else if (value.kind() == Value::Kind::object) {
    for (const auto& member : value.as_object()) add_everything(member.value, depth + 1);
  } else {
    every_leaf_.push_back({value, {}, {}, false, false, false});
  }
}

std::span<Leaf> EventView::every_leaf() {
  if (!every_leaf_ready_) {
    every_leaf_ready_ = true;
    every_leaf_.clear();
    for (const auto& field : record_.fields()) add_everything(field.value, 0);
  }
  return every_leaf_;
}

std::string_view EventView::every_text() {
  if (every_text_ready_) return every_text_;
  every_text_ready_ = true;
  const auto all = every_leaf();
  std::size_t size = 0;
  for (auto& leaf : all) {
    if (has_text(leaf)) size += 1 + leaf.text.size() * kMaxFoldGrowth;
  }
  char* const out = arena_.allocate(size + 1);
  char* at = out;
  for (auto& leaf : all) {
    if (!leaf.has_text) continue;
    *at++ = '\xFF';
    const std::size_t count = fold_case(leaf.text, at);
    leaf.folded = {at, count};
    leaf.is_folded = true;
    at += count;
  }
  every_text_ = {out, static_cast<std::size_t>(at - out)};
  return every_text_;
}

bool EventView::meets(const CompiledTest& test, Leaf& leaf) {
  using Kind = CompiledTest::Kind;
  if (!has_text(leaf)) return false;
  const auto text = [&] { return test.cased ? leaf.text : folded(leaf); };
  switch (test.kind) {
    case Kind::equals: return text() == test.text;
    case Kind::starts: return text().starts_with(test.text);
    case Kind::ends: return text().ends_with(test.text);
    case Kind::contains: return contains_text(text(), test.text);
    case Kind::any_text: return true;
    case Kind::wildcard: return test.pattern->matches(text());
    case Kind::regex:
      if (leaf.text.size() < test.least_size) return false;
      for (const auto& literal : test.literals)
        if (!contains_text(folded(leaf), literal)) return false;
      return RE2::PartialMatch(re2::StringPiece(leaf.text.data(), leaf.text.size()), *test.regex);
    case Kind::run: return has_run(leaf.text, test.least_size, test.wanted);
    case Kind::network: {
      const auto address = parse_address(leaf.text);
      return address && sigma::contains(test.network, *address);
    }
    case Kind::number: {
      if (test.number.part != TimePart::none) {
        const auto part = time_part(leaf.text, test.number.part);
        return part && holds(test.number.comparison, compare(Number{*part}, test.number.number));
      }
      const auto number = leaf_number(leaf.value);
      return number && holds(test.number.comparison, compare(*number, test.number.number));
    }
    case Kind::field:
      for (auto& other : leaves(test.slot)) {
        if (!has_text(other)) continue;
        const auto theirs = test.cased ? other.text : folded(other);
        bool equal = false;
        switch (test.part) {
          case FieldTest::Part::whole: equal = text() == theirs; break;
          case FieldTest::Part::start: equal = text().starts_with(theirs); break;
          case FieldTest::Part::end: equal = text().ends_with(theirs); break;
          case FieldTest::Part::anywhere: equal = contains_text(text(), theirs); break;
        }
        if (equal) return true;
      }
      return false;
    case Kind::exists:
    case Kind::is_null: break;  // of the field, not of a value
  }
  return false;
}

bool EventView::meets(const CompiledTest& test, bool present, std::span<Leaf> leaves) {
  if (test.kind == CompiledTest::Kind::exists) return test.wanted == present;
  if (test.kind == CompiledTest::Kind::is_null) {
    if (!present) return true;
    for (const auto& leaf : leaves)
      if (leaf.value.is_null()) return true;
    return false;
  }
  for (auto& leaf : leaves)
    if (meets(test, leaf)) return true;
  return false;
}

bool EventView::evaluate_item(std::uint32_t number) {
  const CompiledItem& item = program_.items[number];
  if (item.exact_unit != kNone) return unit_epochs_[item.exact_unit] == epoch_;
  if (item_epochs_[number] == epoch_) return item_results_[number] != 0;
  const bool keyword = item.slot == kEverySlot;
  const auto values = keyword ? every_leaf() : leaves(item.slot);
  const bool is_present = keyword || present(item.slot);
  bool result = item.all;
  std::uint32_t begin = 0;
  for (const auto end : item.value_ends) {
    bool met = false;
    for (std::uint32_t t = begin; t < end && !met; ++t) met = meets(item.tests[t], is_present, values);
    begin = end;
    if (met != item.all) {  // the first met value decides, or for `all` the first missed one
      result = met;
      break;
    }
  }
  if (item.negated) result = !result;
  item_epochs_[number] = epoch_;
  item_results_[number] = result;
  return result;
}

bool EventView::evaluate(std::uint32_t number) {
  const Node& node = program_.nodes[number];
  switch (node.op) {
    case Node::Op::item: return evaluate_item(node.first);
    case Node::Op::negation: return !evaluate(node.first);
    case Node::Op::all_of:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (!evaluate(program_.children[node.first + i])) return false;
      return true;
    case Node::Op::any_of:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (evaluate(program_.children[node.first + i])) return true;
      return false;
    case Node::Op::at_least: {
      std::uint32_t count = 0;
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (evaluate(program_.children[node.first + i]) && ++count >= node.least) return true;
      return false;
    }
  }
  return false;
}

}  // namespace yagura::sigma
