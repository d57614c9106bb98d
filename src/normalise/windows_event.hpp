// Windows events (formats/evtx, formats/windows_event: native field names) as rows of Sentinel's tables: SecurityEvent
// for the Security log, Event for the classic logs, WindowsEvent for all other channels. docs/formats/windows.md says
// what goes where. Private to the router; built once per schema, then used by any thread.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "event/record.hpp"
#include "event/table_schema.hpp"
#include "normalise/mapping.hpp"
#include "normalise/table_writer.hpp"

namespace yagura::normalise {

// "SecurityEvent", "Event" or "WindowsEvent"; "" for a record that is no Windows event.
std::string_view windows_table_of(const event::Record& record);

// A row of these tables as it was exported from Sentinel, with its columns filled.
bool is_sentinel_row(const event::Record& record);

// What stood in EventData or UserData, in its order, under the names it had there.
void for_each_event_data(const event::Record& record,
                         const std::function<void(std::string_view name, const event::Value& value)>& each);

class SecurityEventLayout {
 public:
  explicit SecurityEventLayout(const event::TableSchema& schema);
  void add(TableWriter& rows, const event::Record& record, std::string& scratch) const;

 private:
  Mapping fields_;
  std::size_t source_system_, account_, account_type_, level_, level_name_, activity_, event_data_, process_,
      subject_account_, target_account_, logon_type_name_, keywords_, origin_id_;
};

class WindowsEventLayout {
 public:
  explicit WindowsEventLayout(const event::TableSchema& schema);
  void add(TableWriter& rows, const event::Record& record, std::string& scratch) const;

 private:
  Mapping fields_;
  std::size_t level_name_, event_data_, keywords_, origin_id_;
};

class ClassicEventLayout {  // of the table Event
 public:
  explicit ClassicEventLayout(const event::TableSchema& schema);
  void add(TableWriter& rows, const event::Record& record, std::string& scratch) const;

 private:
  Mapping fields_;
  std::size_t source_system_, level_name_, parameter_xml_, event_data_, description_, user_name_;
};

}  // namespace yagura::normalise
