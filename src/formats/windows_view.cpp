#include "formats/windows_view.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "base/text.hpp"

namespace yagura::formats {

using event::Field;
using event::FieldId;
using event::intern_field;
using event::Record;
using event::Value;

namespace {

constexpr std::size_t kMostData = 4'096;

const std::array<FieldId, kWindowsSystemCount>& system_fields() {
  static const std::array<FieldId, kWindowsSystemCount> fields{intern_field("Provider_Name"),
                                                               intern_field("Provider_Guid"),
                                                               intern_field("Provider_EventSourceName"),
                                                               intern_field("EventID"),
                                                               intern_field("EventID_Qualifiers"),
                                                               intern_field("Version"),
                                                               intern_field("Level"),
                                                               intern_field("Task"),
                                                               intern_field("Opcode"),
                                                               intern_field("Keywords"),
                                                               intern_field("TimeCreated_SystemTime"),
                                                               intern_field("EventRecordID"),
                                                               intern_field("Correlation_ActivityID"),
                                                               intern_field("Correlation_RelatedActivityID"),
                                                               intern_field("Execution_ProcessID"),
                                                               intern_field("Execution_ThreadID"),
                                                               intern_field("Execution_ProcessorID"),
                                                               intern_field("Execution_SessionID"),
                                                               intern_field("Execution_KernelTime"),
                                                               intern_field("Execution_UserTime"),
                                                               intern_field("Execution_ProcessorTime"),
                                                               intern_field("Channel"),
                                                               intern_field("Computer"),
                                                               intern_field("Security_UserID")};
  return fields;
}

// By field id: which of System's it is, +1.
const std::vector<std::uint8_t>& system_by_id() {
  static const std::vector<std::uint8_t> table = [] {
    std::vector<std::uint8_t> made;
    const auto& fields = system_fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].number() >= made.size()) made.resize(fields[i].number() + 1);
      made[fields[i].number()] = static_cast<std::uint8_t>(i + 1);
    }
    return made;
  }();
  return table;
}
std::size_t system_index(FieldId id) {
  const auto& table = system_by_id();
  return id.is_listed() && id.number() < table.size() ? table[id.number()] : 0;
}

// What stands beside the event in a flat record: other names of System's, what shippers add, what they rendered.
bool is_beside(std::string_view name) {
  static const std::unordered_set<std::string_view> names{
      "Provider", "Correlation", "Execution", "Security", "TimeCreated", "TaskName", "OpcodeName", "LevelName",
      "evtx.recovered", "evtx.user_data", "UserData", "EventData",
      // NXLog, Mordor, Azure
      "SourceName", "ProviderName", "ProviderGuid", "Hostname", "HostName", "host", "port", "EventTime",
      "EventReceivedTime", "SourceModuleName", "SourceModuleType", "Severity", "SeverityValue", "EventType",
      "RecordNumber", "OpcodeValue", "Category", "Message", "message", "ThreadID", "ExecutionProcessID", "ActivityID",
      "RelatedActivityID", "EventTypeOrignal", "@timestamp", "@version", "tags", "timestamp", "LogName",
      "EventSourceName", "EventLevel", "EventLevelName", "TimeGenerated", "Type", "SystemTime", "SystemProcessId",
      "SystemThreadId", "SystemUserId", "EventRecordId", "RecordId"};
  return names.contains(name);
}

constexpr std::array<std::string_view, 10> kDataPrefixes{
    "winlog.event_data.", "Event.EventData.", "EventData.", "event_data.", "event.EventData.",
    "winlog.user_data.",  "Event.UserData.",  "UserData.",  "user_data.",  "event.UserData."};
constexpr std::size_t kFirstUserPrefix = 5;

// "Threat Name" is there as ThreatName too, right behind it.
bool is_joined_twin(const Field& before, const Field& field) {
  if (before.name.find(' ') == std::string_view::npos || !(before.value == field.value)) return false;
  std::size_t at = 0;
  for (const char c : before.name) {
    if (c == ' ') continue;
    if (at >= field.name.size() || field.name[at] != c) return false;
    ++at;
  }
  return at == field.name.size();
}

// Which event it is, nobody's data may say: a body's Channel is another thing.
bool is_of_system(std::string_view name) {
  return name == "EventID" || name == "Channel" || name == "Computer" || name == "Provider_Name" ||
         name == "EventRecordID";
}

const FieldId kUserData = intern_field("evtx.user_data"), kMessage = intern_field("Message"),
              kTaskName = intern_field("TaskName"), kOpcodeName = intern_field("OpcodeName"),
              kRecovered = intern_field("evtx.recovered"), kComputer = intern_field("Computer"),
              kUserId = intern_field("Security_UserID"), kCefTask = intern_field("cef.task"),
              kCefOpcode = intern_field("cef.opcode"), kSecurity = intern_field("Security");

}  // namespace

FieldId field_of(WindowsSystem system) { return system_fields()[static_cast<std::size_t>(system)]; }

bool WindowsEventView::is_windows(const Record& record) {
  return record.header().log_source.product == "windows" && record.find(field_of(WindowsSystem::event_id)) != nullptr;
}

std::string_view WindowsEventView::text(WindowsSystem which) const {
  const Value* value = system(which);
  return value != nullptr ? value->as_string() : std::string_view();
}

std::int64_t WindowsEventView::number(WindowsSystem which, std::int64_t otherwise) const {
  const Value* value = system(which);
  if (value == nullptr) return otherwise;
  if (value->kind() == Value::Kind::int64) return value->as_int64();
  return parse_int64(trim(value->as_string())).value_or(otherwise);
}

void WindowsEventView::add(std::string_view name, const Value& value) {
  // Windows writes an empty Binary into classic events that have none, and namespaces are no data.
  if (name == "Binary" && (value.is_null() || (value.is_string() && value.as_string().empty()))) return;
  if (name.find("_xmlns") != std::string_view::npos) return;
  if (value.kind() == Value::Kind::list) {
    for (const auto& item : value.as_list())
      if (data_.size() < kMostData) data_.push_back({name, item});
  } else if (data_.size() < kMostData) {
    data_.push_back({name, value});
  }
}

void WindowsEventView::look(const Record& record) {
  system_.fill(nullptr);
  data_.clear();
  body_ = Body::none;
  user_element_ = message_ = task_name_ = opcode_name_ = {};
  const auto fields = record.own_fields();
  const std::string_view format = record.header().format;

  const auto rendered = [&](const Field& field) {
    if (field.id == kMessage) message_ = field.value.as_string();
    if (field.id == kTaskName) task_name_ = field.value.as_string();
    if (field.id == kOpcodeName) opcode_name_ = field.value.as_string();
  };
  const auto body_name = [](std::string_view name) {
    // A Channel in the body stands as Body_Channel, see evtx.md.
    if (name.starts_with("Body_") && is_of_system(name.substr(5))) name.remove_prefix(5);
    return name == "Data" ? std::string_view() : name;
  };

  // From XML of either form: System first, and Computer is its last element but for Security.
  std::size_t end_of_system = 0;
  if (format == "evtx" || format == "windows-xml" || format == "windows-cef") {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i].id == kComputer) {
        end_of_system = i + 1;
        while (end_of_system < fields.size() &&
               (fields[end_of_system].id == kUserId || fields[end_of_system].id == kSecurity))
          ++end_of_system;
        break;
      }
  }
  if (end_of_system != 0) {
    for (std::size_t i = 0; i < end_of_system; ++i)
      if (const auto index = system_index(fields[i].id); index != 0) system_[index - 1] = &fields[i].value;
    // What was rendered stands behind the data: of CEF from kTask on, of XML the message at the very end.
    std::size_t end_of_data = fields.size();
    if (format == "windows-cef") {
      for (std::size_t i = end_of_system; i < fields.size(); ++i)
        if (fields[i].id == kCefTask) end_of_data = std::min(end_of_data, i);
    } else if (format == "windows-xml" && fields.back().id == kMessage &&
               record.header().origin.raw.find("RenderingInfo") != std::string_view::npos) {
      --end_of_data;
    }
    for (std::size_t i = end_of_data; i < fields.size(); ++i) {
      if (fields[i].id == kCefTask) task_name_ = fields[i].value.as_string();
      if (fields[i].id == kCefOpcode) opcode_name_ = fields[i].value.as_string();
      if (fields[i].id == kMessage) message_ = fields[i].value.as_string();
    }
    for (std::size_t i = end_of_system; i < end_of_data; ++i) {
      const Field& field = fields[i];
      if (field.id == kRecovered || (i > end_of_system && is_joined_twin(fields[i - 1], field))) continue;
      if (field.id == kUserData) {
        body_ = Body::user_data;
        user_element_ = field.value.as_string();
        continue;
      }
      add(body_name(field.name), field.value);
    }
    if (body_ == Body::none && !data_.empty()) body_ = Body::event_data;
    return;
  }

  std::string_view prefix;
  for (const Field& field : fields) {
    if (const auto index = system_index(field.id); index != 0) system_[index - 1] = &field.value;
    rendered(field);
    for (std::size_t i = 0; i < kDataPrefixes.size() && prefix.empty(); ++i)
      if (field.name.starts_with(kDataPrefixes[i])) {
        prefix = kDataPrefixes[i];
        body_ = i < kFirstUserPrefix ? Body::event_data : Body::user_data;
      }
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (prefix.empty()) {
      if (system_index(field.id) != 0 || field.name.find('.') != std::string_view::npos || is_beside(field.name) ||
          (i > 0 && is_joined_twin(fields[i - 1], field)))
        continue;
      add(body_name(field.name), field.value);
      continue;
    }
    if (!field.name.starts_with(prefix)) continue;
    std::string_view name = field.name.substr(prefix.size());
    for (const std::string_view mark : {".#text", "._text", "._"})
      if (name.ends_with(mark)) name.remove_suffix(mark.size());
    if (name.find("#attributes") != std::string_view::npos || name.starts_with('@') || name == "xmlns") continue;
    if (body_ == Body::user_data) {
      if (const auto dot = name.find('.'); dot != std::string_view::npos) {
        user_element_ = name.substr(0, dot);
        name = name.substr(name.rfind('.') + 1);
      }
      if (name == "xmlns" || field.value.kind() == Value::Kind::object) continue;
    }
    if (name == "Data" && field.value.kind() == Value::Kind::list && !field.value.as_list().empty() &&
        field.value.as_list().front().kind() == Value::Kind::object) {
      // [{"@Name": "X", "#text": "v"}, ...]: the decoder has set X by its name.
      for (const auto& pair : field.value.as_list())
        for (const auto& member : pair.as_object()) {
          std::string_view key = member.name;
          while (!key.empty() && !is_ascii_alpha(key.front())) key.remove_prefix(1);
          if (!equal_ignoring_ascii_case(key, "Name")) continue;
          if (const Value* value = record.find(member.value.as_string())) add(member.value.as_string(), *value);
        }
      continue;
    }
    // Blanks were taken out for a twin, wherever it stands.
    if (std::ranges::any_of(
            data_, [&](const Data& one) { return is_joined_twin({{}, one.name, one.value}, {{}, name, field.value}); }))
      continue;
    // Typed, when the record has it under its own name; System's names are System's.
    const Value* typed = is_of_system(name) ? nullptr : record.find(name);
    add(body_name(name), typed != nullptr ? *typed : field.value);
  }
  if (body_ == Body::none && !data_.empty()) body_ = Body::event_data;
}

}  // namespace yagura::formats
