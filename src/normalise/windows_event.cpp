#include "normalise/windows_event.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "normalise/windows_messages.hpp"

namespace yagura::normalise {

using event::Field;
using event::FieldId;
using event::intern_field;
using event::Record;
using event::TableSchema;
using event::Value;

namespace {

const FieldId kEventId = intern_field("EventID"), kChannel = intern_field("Channel"),
              kProvider = intern_field("Provider_Name"), kLevel = intern_field("Level"),
              kKeywords = intern_field("Keywords"), kMessage = intern_field("Message"),
              kLowerMessage = intern_field("message"), kUserId = intern_field("Security_UserID"),
              kLogonType = intern_field("LogonType"), kSubjectUser = intern_field("SubjectUserName"),
              kSubjectDomain = intern_field("SubjectDomainName"), kTargetUser = intern_field("TargetUserName"),
              kTargetDomain = intern_field("TargetDomainName"), kAccountName = intern_field("AccountName"),
              kAccountDomain = intern_field("AccountDomain"), kNewProcessName = intern_field("NewProcessName"),
              kProcessName = intern_field("ProcessName");

constexpr std::string_view kEventNamespace = "http://schemas.microsoft.com/win/2004/08/events/event";

// System's elements, and what shippers say beside an event.
bool is_beside_data(std::string_view name) {
  static const std::unordered_set<std::string_view> names{
      "Provider", "Provider_Name", "Provider_Guid", "Provider_EventSourceName", "EventID", "EventID_Qualifiers",
      "Version", "Level", "Task", "Opcode", "Keywords", "TimeCreated", "TimeCreated_SystemTime", "EventRecordID",
      "Correlation", "Correlation_ActivityID", "Correlation_RelatedActivityID", "Execution", "Execution_ProcessID",
      "Execution_ThreadID", "Execution_ProcessorID", "Execution_SessionID", "Execution_KernelTime",
      "Execution_UserTime", "Execution_ProcessorTime", "Channel", "Computer", "Security", "Security_UserID", "TaskName",
      "OpcodeName", "LevelName", "evtx.recovered", "evtx.user_data",
      // NXLog, Mordor, Azure
      "SourceName", "ProviderName", "ProviderGuid", "Hostname", "HostName", "host", "port", "EventTime",
      "EventReceivedTime", "SourceModuleName", "SourceModuleType", "Severity", "SeverityValue", "EventType",
      "RecordNumber", "OpcodeValue", "Opcode", "Category", "Message", "message", "ThreadID", "ExecutionProcessID",
      "ActivityID", "RelatedActivityID", "EventTypeOrignal", "@timestamp", "@version", "tags", "timestamp", "LogName",
      "EventSourceName", "EventLevel", "EventLevelName", "TimeGenerated", "Type", "SystemTime"};
  return names.contains(name);
}

std::string_view data_prefix(const Record& record) {
  for (const Field& field : record.own_fields())
    for (const std::string_view prefix : {"winlog.event_data.", "winlog.user_data.", "Event.EventData.", "EventData.",
                                          "event_data.", "event.EventData."})
      if (field.name.starts_with(prefix)) return prefix;
  return {};
}

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' ? ' ' : c;
    }
  }
}

// <EventData xmlns="..."><Data Name="X">v</Data>...</EventData>: what Sentinel keeps, and parsers take apart.
void append_event_data_xml(std::string& out, const Record& record) {
  out += "<EventData xmlns=\"";
  out += kEventNamespace;
  out += "\">";
  std::string text;
  const auto data = [&](std::string_view name, const Value& value) {
    out += "<Data";
    if (!name.empty() && name != "Data") {
      out += " Name=\"";
      append_xml_text(out, name);
      out += '"';
    }
    out += '>';
    text.clear();
    event::append_text(text, value);
    append_xml_text(out, text);
    out += "</Data>";
  };
  for_each_event_data(record, [&](std::string_view name, const Value& value) {
    if (name == "Data" && value.kind() == Value::Kind::list) {
      for (const auto& item : value.as_list()) data({}, item);
    } else {
      data(name, value);
    }
  });
  out += "</EventData>";
}

std::int64_t number_of(const Record& record, FieldId id, std::int64_t otherwise = -1) {
  const Value* value = record.find(id);
  if (value == nullptr) return otherwise;
  if (value->kind() == Value::Kind::int64) return value->as_int64();
  return parse_int64(trim(value->as_string())).value_or(otherwise);
}

std::string hex_text(std::uint64_t number) { return fmt::format("0x{:x}", number); }

// "EX\alice"; "\alice" without a domain, as Sentinel shows it.
std::string account_text(std::string_view domain, std::string_view user) {
  if (user.empty() || user == "-") return {};
  return std::string(domain == "-" ? std::string_view() : domain) + "\\" + std::string(user);
}

// Events about somebody's logon are that account's; others the one's who did it.
bool is_about_target(std::int64_t id) {
  static constexpr std::array<std::int64_t, 18> kIds{4624, 4625, 4626, 4627, 4634, 4647, 4675, 4768, 4769,
                                                     4770, 4771, 4772, 4773, 4774, 4775, 4776, 4777, 4964};
  return std::ranges::find(kIds, id) != kIds.end();
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.find_last_of("\\/");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The columns that are fields by themselves.
std::vector<FieldColumn> own_name_columns(const TableSchema& schema, std::span<const std::string_view> computed,
                                          std::span<const FieldColumn> more) {
  std::vector<FieldColumn> pairs;
  for (const auto& column : schema.columns)
    if (!column.name.starts_with('_') && std::ranges::find(computed, column.name) == computed.end())
      pairs.push_back({column.name, column.name});
  pairs.insert(pairs.end(), more.begin(), more.end());
  return pairs;
}

std::size_t column_of(const TableSchema& schema, std::string_view name) {
  return schema.find(name).value_or(kNoColumn);
}

constexpr std::array<FieldColumn, 7> kSystemColumns{{{"EventRecordID", "EventRecordId"},
                                                     {"Execution_ProcessID", "SystemProcessId"},
                                                     {"Execution_ThreadID", "SystemThreadId"},
                                                     {"Security_UserID", "SystemUserId"},
                                                     {"Correlation_ActivityID", "Correlation"},
                                                     {"Provider_Name", "EventSourceName"},
                                                     {"Provider_Name", "Provider"}}};

// Of whoever made the event: well-known accounts by name.
std::string_view user_of_sid(std::string_view sid) {
  if (sid == "S-1-5-18") return "NT AUTHORITY\\SYSTEM";
  if (sid == "S-1-5-19") return "NT AUTHORITY\\LOCAL SERVICE";
  if (sid == "S-1-5-20") return "NT AUTHORITY\\NETWORK SERVICE";
  return sid.empty() ? "N/A" : sid;
}

std::string_view rendered_message(const Record& record) {
  for (const auto id : {kMessage, kLowerMessage})
    if (const auto text = record.text(id); !text.empty() && !text.starts_with('<')) return text;
  return {};
}

// [{"@Name": "X", "#text": "v"}, ...]: the decoder has set X by its name.
void each_named_pair(const Record& record, const Value& pairs,
                     const std::function<void(std::string_view, const Value&)>& each) {
  for (const auto& pair : pairs.as_list())
    for (const auto& member : pair.as_object()) {
      std::string_view key = member.name;
      while (!key.empty() && !is_ascii_alpha(key.front())) key.remove_prefix(1);
      if (!equal_ignoring_ascii_case(key, "Name")) continue;
      if (const Value* value = record.find(member.value.as_string())) each(member.value.as_string(), *value);
    }
}

}  // namespace

std::string_view windows_table_of(const Record& record) {
  if (record.header().log_source.product != "windows" || record.find(kEventId) == nullptr) return {};
  const auto channel = record.text(kChannel);
  // The agents' event sets ("all Windows security and AppLocker events") go to one table.
  constexpr std::string_view kAppLocker = "Microsoft-Windows-AppLocker/";
  if (equal_ignoring_ascii_case(channel, "Security") || equal_ignoring_ascii_case(channel.substr(0, kAppLocker.size()), kAppLocker))
    return "SecurityEvent";
  if (channel.empty() || channel.find('/') != std::string_view::npos) return "WindowsEvent";
  return "Event";
}

bool is_sentinel_row(const Record& record) {
  static const FieldId activity = intern_field("Activity"), description = intern_field("RenderedDescription"),
                       name = intern_field("EventLevelName");
  return record.find(activity) != nullptr || record.find(description) != nullptr ||
         (record.find(name) != nullptr && record.header().format == "json");
}

void for_each_event_data(const Record& record, const std::function<void(std::string_view, const Value&)>& each) {
  const auto prefix = data_prefix(record);
  if (!prefix.empty()) {
    for (const Field& field : record.own_fields()) {
      if (!field.name.starts_with(prefix)) continue;
      std::string_view name = field.name.substr(prefix.size());
      for (const std::string_view mark : {".#text", "._text", "._"})
        if (name.ends_with(mark)) name.remove_suffix(mark.size());
      if (name.find("#attributes") != std::string_view::npos || name.starts_with('@')) continue;
      if (name == "Data" && field.value.kind() == Value::Kind::list && !field.value.as_list().empty() &&
          field.value.as_list().front().kind() == Value::Kind::object) {
        each_named_pair(record, field.value, each);
        continue;
      }
      // Typed, when the record has it under its own name.
      const Value* typed = record.find(name);
      each(name, typed != nullptr ? *typed : field.value);
    }
    return;
  }
  const auto fields = record.own_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (field.name.find('.') != std::string_view::npos || is_beside_data(field.name) || field.name.starts_with("Body_"))
      continue;
    // "Threat Name" is there as ThreatName too.
    if (i > 0 && fields[i - 1].name.find(' ') != std::string_view::npos && fields[i - 1].value == field.value) {
      std::string joined;
      std::ranges::copy_if(fields[i - 1].name, std::back_inserter(joined), [](char c) { return c != ' '; });
      if (joined == field.name) continue;
    }
    each(field.name, field.value);
  }
}

SecurityEventLayout::SecurityEventLayout(const TableSchema& schema)
    : fields_(schema, own_name_columns(
                          schema,
                          std::array<std::string_view, 17>{
                              "TimeGenerated", "SourceSystem", "Account", "AccountType", "Level", "EventData",
                              "Activity", "Process", "SubjectAccount", "TargetAccount", "LogonTypeName",
                              "EventLevelName", "Keywords", "EventOriginId", "Type", "Correlation", "EventSourceName"},
                          kSystemColumns)),
      source_system_(column_of(schema, "SourceSystem")),
      account_(column_of(schema, "Account")),
      account_type_(column_of(schema, "AccountType")),
      level_(column_of(schema, "Level")),
      level_name_(column_of(schema, "EventLevelName")),
      activity_(column_of(schema, "Activity")),
      event_data_(column_of(schema, "EventData")),
      process_(column_of(schema, "Process")),
      subject_account_(column_of(schema, "SubjectAccount")),
      target_account_(column_of(schema, "TargetAccount")),
      logon_type_name_(column_of(schema, "LogonTypeName")),
      keywords_(column_of(schema, "Keywords")),
      origin_id_(column_of(schema, "EventOriginId")) {}

void SecurityEventLayout::add(TableWriter& rows, const Record& record, std::string& scratch) const {
  rows.begin_row(record);
  const auto own = [&](const std::string& text) { return rows.arena().copy(text); };
  for (const Field& field : record.own_fields()) {
    for (const auto column : fields_.columns_of(field)) {
      // Sentinel writes GUIDs without braces.
      if (const auto text = field.value.as_string(); text.size() == 38 && text.front() == '{' && text.back() == '}')
        rows.text(column, text.substr(1, 36));
      else
        rows.value(column, field.value);
    }
  }
  const auto id = number_of(record, kEventId);
  const auto provider = record.text(kProvider);
  rows.text(source_system_, "OpsManager");
  rows.text(origin_id_, own(to_string(record.item_id())));

  const auto subject = account_text(record.text(kSubjectDomain), record.text(kSubjectUser));
  const auto target = account_text(record.text(kTargetDomain), record.text(kTargetUser));
  auto account = is_about_target(id) || subject.empty() ? target : subject;
  if (account.empty()) account = account_text(record.text(kAccountDomain), record.text(kAccountName));
  if (account.empty()) account = subject;
  if (!subject.empty()) rows.text(subject_account_, own(subject));
  if (!target.empty()) rows.text(target_account_, own(target));
  if (!account.empty()) {
    rows.text(account_, own(account));
    rows.text(account_type_, account.ends_with('$') ? "Machine" : "User");
  }

  const Value* keywords = record.find(kKeywords);
  const auto bits = keywords != nullptr ? windows_keywords(*keywords) : std::nullopt;
  const auto level = number_of(record, kLevel, 0);
  // The classic event types: 8 a success audit, 16 a failure audit.
  if (bits && (*bits & 0x0010000000000000) != 0)
    rows.text(level_, "16");
  else if (bits && (*bits & 0x0020000000000000) != 0)
    rows.text(level_, "8");
  else
    rows.text(level_, own(std::to_string(level)));
  rows.text(level_name_, windows_level_name(level));
  if (bits) rows.text(keywords_, own(hex_text(*bits)));

  auto title = windows_event_title(provider, id);
  if (title.empty() && provider == "Microsoft-Windows-Eventlog" && id == 1102) title = "The audit log was cleared.";
  std::string message;
  if (title.empty()) title = message = windows_event_message(provider, id, record);
  if (title.empty()) title = rendered_message(record).substr(0, rendered_message(record).find_first_of("\r\n"));
  rows.text(activity_, own(title.empty() ? std::to_string(id) : fmt::format("{} - {}", id, title)));
  if (const auto type = number_of(record, kLogonType); type >= 0)
    if (const auto name = windows_logon_type_name(type); !name.empty())
      rows.text(logon_type_name_, own(fmt::format("{} - {}", type, name)));
  const auto process = record.text(kNewProcessName).empty() ? record.text(kProcessName) : record.text(kNewProcessName);
  if (!process.empty() && process != "-") rows.text(process_, base_name(process));
  scratch.clear();
  append_event_data_xml(scratch, record);
  rows.text(event_data_, own(scratch));
}

WindowsEventLayout::WindowsEventLayout(const TableSchema& schema)
    : fields_(schema, std::array<FieldColumn, 12>{{{"Provider_Name", "Provider"},
                                                   {"Channel", "Channel"},
                                                   {"Computer", "Computer"},
                                                   {"Task", "Task"},
                                                   {"Level", "EventLevel"},
                                                   {"EventID", "EventID"},
                                                   {"Version", "Version"},
                                                   {"Opcode", "Opcode"},
                                                   {"EventRecordID", "EventRecordId"},
                                                   {"Execution_ProcessID", "SystemProcessId"},
                                                   {"Execution_ThreadID", "SystemThreadId"},
                                                   {"Security_UserID", "SystemUserId"}}}),
      level_name_(column_of(schema, "EventLevelName")),
      event_data_(column_of(schema, "EventData")),
      keywords_(column_of(schema, "Keywords")),
      origin_id_(column_of(schema, "EventOriginId")) {}

void WindowsEventLayout::add(TableWriter& rows, const Record& record, std::string& scratch) const {
  rows.begin_row(record);
  for (const Field& field : record.own_fields())
    for (const auto column : fields_.columns_of(field)) rows.value(column, field.value);
  const auto own = [&](const std::string& text) { return rows.arena().copy(text); };
  rows.text(level_name_, windows_level_name(number_of(record, kLevel, 4)));
  if (const Value* keywords = record.find(kKeywords))
    if (const auto bits = windows_keywords(*keywords)) rows.text(keywords_, own(hex_text(*bits)));
  rows.text(origin_id_, own(to_string(record.item_id())));
  scratch = "{";
  bool first = true;
  for_each_event_data(record, [&](std::string_view name, const Value& value) {
    if (!std::exchange(first, false)) scratch += ',';
    append_json_string(scratch, name);
    scratch += ':';
    event::append_json(scratch, value);
  });
  scratch += '}';
  rows.text(event_data_, own(scratch));
}

ClassicEventLayout::ClassicEventLayout(const TableSchema& schema)
    : fields_(schema, std::array<FieldColumn, 6>{{{"Provider_Name", "Source"},
                                                  {"Channel", "EventLog"},
                                                  {"Computer", "Computer"},
                                                  {"Level", "EventLevel"},
                                                  {"EventID", "EventID"},
                                                  {"Task", "EventCategory"}}}),
      source_system_(column_of(schema, "SourceSystem")),
      level_name_(column_of(schema, "EventLevelName")),
      parameter_xml_(column_of(schema, "ParameterXml")),
      event_data_(column_of(schema, "EventData")),
      description_(column_of(schema, "RenderedDescription")),
      user_name_(column_of(schema, "UserName")) {}

void ClassicEventLayout::add(TableWriter& rows, const Record& record, std::string& scratch) const {
  rows.begin_row(record);
  for (const Field& field : record.own_fields())
    for (const auto column : fields_.columns_of(field)) rows.value(column, field.value);
  const auto own = [&](const std::string& text) { return rows.arena().copy(text); };
  rows.text(source_system_, "OpsManager");
  const auto level = number_of(record, kLevel, 4);
  rows.text(level_name_, level == 0 ? "Information" : windows_level_name(level));
  rows.text(user_name_, own(std::string(user_of_sid(record.text(kUserId)))));

  scratch.clear();
  std::string text;
  const auto parameter = [&](const Value& value) {
    text.clear();
    event::append_text(text, value);
    scratch += "<Param>";
    append_xml_text(scratch, text);
    scratch += "</Param>";
  };
  for_each_event_data(record, [&](std::string_view, const Value& value) {
    if (value.kind() == Value::Kind::list)
      for (const auto& item : value.as_list()) parameter(item);
    else
      parameter(value);
  });
  if (!scratch.empty()) rows.text(parameter_xml_, own(scratch));
  scratch = fmt::format(
      "<DataItem type=\"System.XmlData\" time=\"{}\" sourceHealthServiceId=\"00000000-0000-0000-0000-000000000000\">",
      format_datetime(record.header().time.time_since_epoch().count()));
  append_event_data_xml(scratch, record);
  scratch += "</DataItem>";
  rows.text(event_data_, own(scratch));
  if (const auto rendered = rendered_message(record); !rendered.empty())
    rows.text(description_, rendered);
  else if (const auto message = windows_event_message(record.text(kProvider), number_of(record, kEventId), record);
           !message.empty())
    rows.text(description_, own(message));
}

}  // namespace yagura::normalise
