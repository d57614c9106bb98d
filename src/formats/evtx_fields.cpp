#include "formats/evtx_fields.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/time.hpp"

namespace yagura::formats {

using event::FieldId;
using event::Value;

namespace {

constexpr std::size_t kMostNames = 65'536;  // slots for the names of a chunk

const FieldId kEventId = event::intern_field("EventID");
const FieldId kChannel = event::intern_field("Channel");
const FieldId kComputer = event::intern_field("Computer");
const FieldId kProviderName = event::intern_field("Provider_Name");
const FieldId kEventRecordId = event::intern_field("EventRecordID");
const FieldId kSystemTime = event::intern_field("TimeCreated_SystemTime");

// Which event it is, nobody's data may say.
bool belongs_to_system(FieldId id) {
  return id == kEventId || id == kChannel || id == kComputer || id == kProviderName || id == kEventRecordId;
}

}  // namespace

void EvtxFieldMaker::begin(Arena& arena) {
  arena_ = &arena;
  section_ = Section::none;
  open_.clear();
  fields_.clear();
}

EvtxFieldMaker::Name EvtxFieldMaker::make_name(std::string_view text) {
  Name name;
  name.id = event::field_of_foreign_name(text);
  name.name = name.id.is_listed() ? event::name_of(name.id) : arena_->copy(text);
  if (text.find(' ') != std::string_view::npos) {
    // "Threat Name" is ThreatName in rules.
    std::string joined;
    std::ranges::copy_if(text, std::back_inserter(joined), [](char c) { return c != ' '; });
    const FieldId id = event::field_of_foreign_name(joined);
    name.without_blanks = id.is_listed() ? event::name_of(id) : arena_->copy(joined);
  }
  return name;
}

void EvtxFieldMaker::Names::clear() {
  used_ = 0;
  if (++chunk_ != 0) return;
  std::ranges::fill(slots_, Slot());
  chunk_ = 1;
}

void EvtxFieldMaker::Names::grow() {
  const auto old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  used_ = 0;
  for (const auto& slot : old)
    if (slot.chunk == chunk_) at(slot.text, slot.attribute) = slot.name;
}

EvtxFieldMaker::Name& EvtxFieldMaker::Names::at(const char* text, const char* attribute) {
  if (used_ * 2 >= slots_.size()) {
    if (slots_.size() >= kMostNames) return other_ = {};
    grow();
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = (reinterpret_cast<std::uintptr_t>(text) * 0x9E3779B97F4A7C15ULL ^
                       reinterpret_cast<std::uintptr_t>(attribute) * 0xC2B2AE3D27D4EB4FULL) >>
                          20 &
                      mask;
  for (;; place = (place + 1) & mask) {
    Slot& slot = slots_[place];
    if (slot.chunk == chunk_) {
      if (slot.text == text && slot.attribute == attribute) return slot.name;
      continue;
    }
    slot.chunk = chunk_;
    slot.name = {};
    slot.text = text;
    slot.attribute = attribute;
    ++used_;
    return slot.name;
  }
}

EvtxFieldMaker::Name EvtxFieldMaker::name_of(std::string_view text, bool is_stable) {
  if (!is_stable || text.empty()) return make_name(text);
  Name& known = names_.at(text.data(), nullptr);
  if (!known.name.empty()) return known;
  const Name name = make_name(text);
  if (name.id.is_listed()) known = name;
  return name;
}

EvtxFieldMaker::Name EvtxFieldMaker::joined_name(std::string_view element, std::string_view attribute) {
  const bool can_be_kept = !element.empty() && !attribute.empty();
  Name* known = can_be_kept ? &names_.at(element.data(), attribute.data()) : nullptr;
  if (known && !known->name.empty()) return *known;
  scratch_.assign(element);
  scratch_ += '_';
  scratch_ += attribute;
  const Name name = make_name(scratch_);
  if (known && name.id.is_listed()) *known = name;
  return name;
}

void EvtxFieldMaker::begin_element(std::string_view name) {
  if (!open_.empty()) open_.back().has_children = true;
  if (open_.size() == 1) {
    section_ = name == "System"      ? Section::system
               : name == "EventData" ? Section::event_data
               : name == "UserData"  ? Section::user_data
                                     : Section::other;
  } else if (open_.size() == 2 && section_ == Section::user_data) {
    add_user_element(name);
  }
  open_.push_back({name, {}, false, false, false, Value::string("")});
}

void EvtxFieldMaker::attribute(std::string_view name, const Value& value, bool of_template) {
  if (open_.size() < 3 || name == "xmlns") return;
  auto& element = open_.back();
  if (section_ == Section::event_data) {
    if (name == "Name" && value.is_string()) {
      element.field = value.as_string();
      element.field_is_stable = of_template;
    }
  } else if (section_ == Section::system || section_ == Section::user_data) {
    add(joined_name(element.name, name), value, of_template);
  }
}

void EvtxFieldMaker::text(const Value& value, bool of_template) {
  if (open_.empty()) return;
  auto& element = open_.back();
  if (!element.has_text) {
    element.has_text = true;
    element.value = of_template && value.is_string() ? Value::string(arena_->copy(value.as_string())) : value;
    return;
  }
  std::string joined;
  append_text(joined, element.value);
  append_text(joined, value);
  element.value = Value::string(arena_->copy(joined));
}

void EvtxFieldMaker::end_element() {
  if (open_.empty()) return;
  const Element& element = open_.back();
  struct Close {  // only then: it is read until the end
    std::vector<Element>& open;
    ~Close() { open.pop_back(); }
  } close{open_};
  const std::size_t above = open_.size() - 1;
  if (above == 0) return;
  if (above == 1) {
    // Text right inside of EventData.
    if (section_ == Section::event_data && element.has_text) add(name_of("Data", false), element.value, false);
    section_ = Section::none;
    return;
  }
  if (section_ == Section::other || (element.has_children && !element.has_text)) return;
  if (section_ == Section::event_data && !element.field.empty())
    add(name_of(element.field, element.field_is_stable), element.value, false);
  else
    add(name_of(element.name, true), element.value, false);
}

void EvtxFieldMaker::leaf(std::string_view name, std::string_view attribute_name, const Value& attribute_value,
                          const Value& value, bool of_template) {
  if (open_.size() < 2) return BinXmlSink::leaf(name, attribute_name, attribute_value, value, of_template);
  open_.back().has_children = true;
  if (section_ == Section::other || section_ == Section::none) return;
  if (open_.size() == 2 && section_ == Section::user_data) add_user_element(name);
  const bool has_attribute = !attribute_name.empty() && attribute_name != "xmlns";
  const Value shown = value.is_null() ? Value::string("") : value;
  if (section_ == Section::event_data) {
    if (has_attribute && attribute_name == "Name" && !attribute_value.as_string().empty())
      return add(name_of(attribute_value.as_string(), of_template), shown, false);
  } else if (has_attribute) {
    add(joined_name(name, attribute_name), attribute_value, of_template);
  }
  add(name_of(name, true), shown, of_template && attribute_name.empty());
}

// Says that the body is UserData, and which: names alone do not tell.
void EvtxFieldMaker::add_user_element(std::string_view name) {
  static const FieldId user_data = event::intern_field("evtx.user_data");
  add({user_data, event::name_of(user_data), {}}, Value::string(arena_->copy(name)), false);
}

void EvtxFieldMaker::add(const Name& name, const Value& value, bool of_template) {
  if (fields_.size() == kMostFields) return;
  fields_.push_back(
      {name, of_template && value.is_string() ? Value::string(arena_->copy(value.as_string())) : value, section_});
}

const std::array<FieldId, 4>& EvtxFieldMaker::identity_fields() {
  static const std::array<FieldId, 4> fields{kComputer, kChannel, kEventRecordId, kSystemTime};
  return fields;
}

void EvtxFieldMaker::identify(const std::array<Value, 4>& values, std::optional<std::int64_t> time,
                              std::uint64_t written, std::string& scratch, event::RecordHeader& record) {
  scratch.clear();
  for (const auto& value : values) {
    append_text(scratch, value);
    scratch += '\n';
  }
  const auto [high, low] = hash64_twice(scratch, 0x65767478, 0x796167);
  record.origin.item_id = {high, low};
  if (!time && values[3].is_string()) time = parse_iso8601(values[3].as_string());
  if (!time && written != 0 && written <= static_cast<std::uint64_t>(kMaxTicks - evtx::kFileTimeEpoch))
    time = static_cast<std::int64_t>(written) + evtx::kFileTimeEpoch;
  if (!time) return;
  record.time = event_time(*time);
  record.has_own_time = true;
}

void EvtxFieldMaker::finish(event::RecordOrigin origin, std::uint64_t written, event::RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "evtx";
  record.log_source = {"windows", "", ""};
  std::array<Value, 4> values;
  for (std::size_t i = 0; i < values.size(); ++i)
    for (const auto& field : fields_)
      if (field.name.id == identity_fields()[i] && field.section == Section::system) {
        values[i] = field.value;
        break;
      }
  identify(values, std::nullopt, written, scratch_, record);
  // Values of one name: the body's over the System's, and several of the body as a list.
  const auto same = [](const Name& a, const Name& b) { return a.id == b.id && (a.id.is_listed() || a.name == b.name); };
  // Most records have each name once.
  if (++record_ == 0) seen_.clear(), record_ = 1;
  for (const auto& field : fields_) {
    const auto number = field.name.id.number();
    if (number >= seen_.size()) seen_.resize(number + 256);
    auto& seen = seen_[number];
    seen.twice = seen.record == record_;
    seen.record = record_;
  }
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto& field = fields_[i];
    if (field.name.id.is_listed() && !seen_[field.name.id.number()].twice) {
      out.set(field.name.id, field.value);
      if (!field.name.without_blanks.empty()) out.set_foreign(field.name.without_blanks, field.value);
      continue;
    }
    const bool mine_is_system = field.section == Section::system;
    std::size_t body = 0, system = 0;
    bool first = true;
    for (std::size_t k = 0; k < fields_.size(); ++k) {
      if (!same(fields_[k].name, field.name)) continue;
      const bool is_system = fields_[k].section == Section::system;
      (is_system ? system : body) += 1;
      if (k < i && is_system == mine_is_system) first = false;
    }
    const bool system_wins = system != 0 && (body == 0 || belongs_to_system(field.name.id));
    if (first && !mine_is_system && system_wins) {
      // Which log was cleared (event 104) stands in a Channel of the body.
      scratch_.assign("Body_");
      scratch_ += field.name.name;
      const FieldId id = event::field_of_foreign_name(scratch_);
      if (id.is_listed())
        out.set(id, field.value);
      else
        out.set_foreign(arena_->copy(scratch_), field.value);
    }
    if (!first || mine_is_system != system_wins) continue;
    Value value = field.value;
    if (!mine_is_system && body > 1) {
      std::vector<Value> values;
      for (const auto& other : fields_)
        if (same(other.name, field.name) && other.section != Section::system) values.push_back(other.value);
      value = Value::list(out.arena().copy_array<Value>(values));
    }
    if (field.name.id.is_listed())
      out.set(field.name.id, value);  // set_foreign() would look the name up again
    else
      out.set_foreign(field.name.name, value);
    if (!field.name.without_blanks.empty()) out.set_foreign(field.name.without_blanks, value);
  }
  out.end_record();
}

}  // namespace yagura::formats
