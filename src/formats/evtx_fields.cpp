#include "formats/evtx_fields.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/time.hpp"

namespace yagura::formats {

using event::FieldId;
using event::Value;

namespace {

// No event has as many; a hostile template could.
constexpr std::size_t kMostFields = 1'024;
constexpr std::int64_t kFileTimeEpoch = -116'444'736'000'000'000;

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

EvtxFieldMaker::Name EvtxFieldMaker::name_of(std::string_view text) {
  const FieldId id = event::field_of_foreign_name(text);
  return {id, id.is_listed() ? event::name_of(id) : arena_->copy(text)};
}

EvtxFieldMaker::Name EvtxFieldMaker::joined_name(std::string_view element, std::string_view attribute) {
  scratch_.assign(element);
  scratch_ += '_';
  scratch_ += attribute;
  return name_of(scratch_);
}

void EvtxFieldMaker::begin_element(std::string_view name) {
  if (!open_.empty()) open_.back().has_children = true;
  if (open_.size() == 1) {
    section_ = name == "System"      ? Section::system
               : name == "EventData" ? Section::event_data
               : name == "UserData"  ? Section::user_data
                                     : Section::other;
  }
  open_.push_back({name, {}, false, false, Value::string("")});
}

void EvtxFieldMaker::attribute(std::string_view name, const Value& value) {
  if (open_.size() < 3 || name == "xmlns") return;
  auto& element = open_.back();
  if (section_ == Section::event_data) {
    if (name == "Name" && value.is_string()) element.field = value.as_string();
  } else if (section_ == Section::system || section_ == Section::user_data) {
    add(joined_name(element.name, name), value);
  }
}

void EvtxFieldMaker::text(const Value& value) {
  if (open_.empty()) return;
  auto& element = open_.back();
  if (!element.has_text) {
    element.has_text = true;
    element.value = value;
    return;
  }
  std::string joined;
  append_text(joined, element.value);
  append_text(joined, value);
  element.value = Value::string(arena_->copy(joined));
}

void EvtxFieldMaker::end_element() {
  if (open_.empty()) return;
  const Element element = open_.back();
  open_.pop_back();
  if (open_.empty()) return;
  if (open_.size() == 1) {
    // Text right inside of EventData.
    if (section_ == Section::event_data && element.has_text) add(name_of("Data"), element.value);
    section_ = Section::none;
    return;
  }
  if (section_ == Section::other || (element.has_children && !element.has_text)) return;
  add(name_of(section_ == Section::event_data && !element.field.empty() ? element.field : element.name), element.value);
}

void EvtxFieldMaker::add(const Name& name, const Value& value) {
  if (fields_.size() == kMostFields) return;
  fields_.push_back({name.id, name.name, value, section_});
}

void EvtxFieldMaker::finish(event::RecordOrigin origin, std::uint64_t written, event::RecordBatch& out) {
  std::string identity;
  const auto text_of = [&](FieldId id) -> const Value* {
    for (const auto& field : fields_)
      if (field.id == id && field.section == Section::system) return &field.value;
    return nullptr;
  };
  for (const auto id : {kComputer, kChannel, kEventRecordId, kSystemTime}) {
    if (const auto* value = text_of(id)) append_text(identity, *value);
    identity += '\n';
  }
  origin.item_id = {hash64(identity, 0x65767478), hash64(identity, 0x796167)};
  auto& record = out.begin_record(origin);
  record.format = "evtx";
  record.log_source = {"windows", "", ""};
  if (const auto* time = text_of(kSystemTime); time && time->is_string()) {
    if (const auto ticks = parse_iso8601(time->as_string())) {
      record.time = event_time(*ticks);
      record.has_own_time = true;
    }
  }
  if (!record.has_own_time && written != 0 && written <= static_cast<std::uint64_t>(kMaxTicks - kFileTimeEpoch)) {
    record.time = event_time(static_cast<std::int64_t>(written) + kFileTimeEpoch);
    record.has_own_time = true;
  }
  // Values of one name: the body's over the System's, and several of the body as a list.
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto& field = fields_[i];
    const auto same = [&](const Named& other) {
      return other.id == field.id && (field.id.is_listed() || other.name == field.name);
    };
    const bool mine_is_system = field.section == Section::system;
    std::size_t body = 0, system = 0;
    bool first = true;
    for (std::size_t k = 0; k < fields_.size(); ++k) {
      if (!same(fields_[k])) continue;
      const bool is_system = fields_[k].section == Section::system;
      (is_system ? system : body) += 1;
      if (k < i && is_system == mine_is_system) first = false;
    }
    const bool system_wins = system != 0 && (body == 0 || belongs_to_system(field.id));
    if (!first || mine_is_system != system_wins) continue;
    const std::size_t count = mine_is_system ? 1 : body;
    Value value = field.value;
    if (count > 1) {
      std::vector<Value> values;
      for (const auto& other : fields_)
        if (same(other) && other.section != Section::system) values.push_back(other.value);
      value = Value::list(out.arena().copy_array<Value>(values));
    }
    out.set_foreign(field.name, value);
    if (field.name.find(' ') != std::string_view::npos) {
      // "Threat Name" is ThreatName in rules.
      scratch_.clear();
      std::ranges::copy_if(field.name, std::back_inserter(scratch_), [](char c) { return c != ' '; });
      out.set_foreign(name_of(scratch_).name, value);
    }
  }
  out.end_record();
}

}  // namespace yagura::formats
