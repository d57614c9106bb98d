// A record of a Windows event, looked at as the event that Windows has: System's elements here, the body's data there.
//
// Records keep all under bare names (docs/formats/evtx.md). Where a record came from EVTX or XML, the place of a field
// tells to which part it belongs; of flat JSON its name has to. Views into the record: keep neither longer than its
// batch. Reusable: one view per thread, look() for each record, and nothing is allocated after the first few.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "event/record.hpp"

namespace yagura::formats {

// System's elements and attributes, in the order in which Windows writes them.
enum class WindowsSystem : std::uint8_t {
  provider_name,
  provider_guid,
  provider_event_source_name,
  event_id,
  event_id_qualifiers,
  version,
  level,
  task,
  opcode,
  keywords,
  system_time,
  event_record_id,
  correlation_activity_id,
  correlation_related_activity_id,
  execution_process_id,
  execution_thread_id,
  execution_processor_id,
  execution_session_id,
  execution_kernel_time,
  execution_user_time,
  execution_processor_time,
  channel,
  computer,
  security_user_id,
};
inline constexpr std::size_t kWindowsSystemCount = 24;
event::FieldId field_of(WindowsSystem system);

class WindowsEventView {
 public:
  enum class Body : std::uint8_t { none, event_data, user_data };
  struct Data {
    std::string_view name;  // "" for <Data> without a name
    event::Value value;     // never a list: a list's items are data of one name, one after the other
  };

  // False when the record is no Windows event.
  static bool is_windows(const event::Record& record);

  void look(const event::Record& record);
  const event::Value* system(WindowsSystem which) const { return system_[static_cast<std::size_t>(which)]; }
  std::string_view text(WindowsSystem which) const;
  std::int64_t number(WindowsSystem which, std::int64_t otherwise) const;  // also a number written as text
  Body body() const { return body_; }
  // The element below <UserData>: "LogFileCleared"; "" when nobody said.
  std::string_view user_element() const { return user_element_; }
  // EventData's <Data> and <Binary>, or UserData's leaves, in their order.
  std::span<const Data> data() const { return data_; }
  // What a shipper rendered beside the event; "" when it did not.
  std::string_view rendered_message() const { return message_; }
  std::string_view rendered_task() const { return task_name_; }
  std::string_view rendered_opcode() const { return opcode_name_; }

 private:
  void add(std::string_view name, const event::Value& value);

  std::array<const event::Value*, kWindowsSystemCount> system_{};
  std::vector<Data> data_;
  Body body_ = Body::none;
  std::string_view user_element_, message_, task_name_, opcode_name_;
};

}  // namespace yagura::formats
