// Runs a compiled pack over one record.
//
// Internal to normalise. One PackRun a thread; it is reused for record after record.
#pragma once
#include "event/record.hpp"
#include "normalise/pack_program.hpp"

namespace yagura::normalise::detail {

class PackRun {
 public:
  // Adds the pack's fields to the record and sets its time and log source.
  void run(const Pack& pack, event::RecordBatch& batch, std::size_t record);
  // Makes the record the one that matches() looks at.
  void begin(const event::Record& record);
  // Whether one of the pack's `match` entries holds for the record last begun.
  bool matches(const Pack& pack);

 private:
  using Value = event::Value;
  const Value* find(event::FieldId id) const;
  std::optional<Value> resolve(const Reference& reference) const;
  bool hold(const std::vector<Condition>& conditions) const;
  void run(const Steps& steps);
  void run(const KeyValues& step);
  void run(const Columns& step);
  void run(const JsonText& step);
  void run(const Patterns& step);
  void run(const Choice& step);
  void assign(const Assignment& assignment, std::optional<Value> given);
  // `native`: a key of the message itself, which a normalised field of the same name replaces.
  void set(event::FieldId id, std::string_view name, Value value, bool overrides, bool native = false);
  std::optional<Value> value_of(const Assignment& assignment) const;
  std::optional<std::string_view> changed(const std::vector<Operation>& operations, std::string_view text) const;
  std::optional<EventTime> time_of(const Assignment& assignment, const Value& value) const;
  std::string_view text_of(const Value& value) const;

  struct Slot {
    std::uint32_t stamp = 0;
    std::int32_t index = 0;  // >= 0: in record_fields_; < 0: in made_, as -1 - index
  };
  std::vector<Slot> slots_;
  std::uint32_t stamp_ = 0;
  std::span<const event::Field> record_fields_;
  std::vector<event::Field> made_;
  std::vector<event::Field> kept_;
  std::vector<std::uint8_t> made_native_;  // beside made_
  std::string_view raw_;
  Arena* arena_ = nullptr;
  TimeContext times_;
  std::optional<EventTime> time_;
  int steps_left_ = 0;
};

}  // namespace yagura::normalise::detail
