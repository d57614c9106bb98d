#include "formats/windows_cef.hpp"

#include <array>
#include <vector>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "formats/fields.hpp"
#include "formats/windows_data_names.hpp"
#include "formats/windows_view.hpp"

namespace yagura::formats {

using event::FieldId;
using event::intern_field;
using event::RecordBatch;
using event::Value;

namespace {

constexpr std::size_t kMostValues = 1'024;

enum class Form : std::uint8_t { text, number, guid };
struct SystemField {
  FieldId from;
  WindowsSystem to;
  Form form;
};

// In the order in which Windows writes System.
const std::array<SystemField, 17>& system_fields() {
  static const std::array<SystemField, 17> fields{{
      {intern_field("MasProviderName"), WindowsSystem::provider_name, Form::text},
      {intern_field("MasProviderGuid"), WindowsSystem::provider_guid, Form::guid},
      {intern_field("MasProviderEventSourceName"), WindowsSystem::provider_event_source_name, Form::text},
      {intern_field("MasEventID"), WindowsSystem::event_id, Form::number},
      {intern_field("MasVersion"), WindowsSystem::version, Form::number},
      {intern_field("MasLevel"), WindowsSystem::level, Form::number},
      {intern_field("MasTask"), WindowsSystem::task, Form::number},
      {intern_field("MasOpcode"), WindowsSystem::opcode, Form::number},
      {intern_field("MasKeywords"), WindowsSystem::keywords, Form::text},
      {intern_field("YaguraTime"), WindowsSystem::system_time, Form::text},
      {intern_field("MasEventRecordID"), WindowsSystem::event_record_id, Form::number},
      {intern_field("MasCorrelationActivityID"), WindowsSystem::correlation_activity_id, Form::guid},
      {intern_field("MasCorrelationRelatedActivityID"), WindowsSystem::correlation_related_activity_id, Form::guid},
      {intern_field("MasExecutionProcessID"), WindowsSystem::execution_process_id, Form::number},
      {intern_field("MasExecutionThreadID"), WindowsSystem::execution_thread_id, Form::number},
      {intern_field("MasChannel"), WindowsSystem::channel, Form::text},
      {intern_field("MasComputer"), WindowsSystem::computer, Form::text},
  }};
  return fields;
}

std::vector<std::string_view> split_values(std::string_view text) {
  std::vector<std::string_view> values;
  if (text.empty()) return values;
  while (values.size() < kMostValues) {
    const auto end = text.find(kMasSeparator);
    values.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + kMasSeparator.size());
  }
  return values;
}

Value typed(std::string_view text, char type, RecordBatch& out) {
  switch (type) {
    case '#':
      if (const auto number = parse_int64(text)) return Value::int64(*number);
      break;
    case '?':
      if (text == "true" || text == "false") return Value::boolean(text == "true");
      break;
    case '~':
      if (const auto number = parse_double(text)) return Value::real(*number);
      break;
    case '@':
      if (text.size() == 36) return Value::string(out.arena().concat("{", to_lower_ascii(text), "}"));
      break;
    default: break;
  }
  return Value::string(text);
}

struct Body {
  bool is_user_data = false;
  std::string_view element;
  std::vector<event::Field> fields;
};

// "Name*8,LogonType#1,+Element": names, types and sizes of the values that stand in `text`. False when they do not fit
// it.
bool read_description(std::string_view description, std::string_view text, RecordBatch& out, Body& body) {
  bool first = true;
  for (auto one : split(description, ',')) {
    if (one.starts_with('+')) {
      body.is_user_data = true;
      body.element = out.arena().copy(percent_decode(one.substr(1)));
      continue;
    }
    const auto mark = one.find_last_of("#?~@*");
    if (mark == std::string_view::npos || body.fields.size() == kMostValues) return false;
    const auto size = parse_uint64(one.substr(mark + 1));
    if (!first && !text.starts_with(kMasSeparator)) return false;
    if (!std::exchange(first, false)) text.remove_prefix(kMasSeparator.size());
    if (!size || *size > text.size()) return false;
    const std::string_view name = out.arena().copy(percent_decode(one.substr(0, mark)));
    const char type = one[mark] == '*' ? ' ' : one[mark];
    body.fields.push_back({event::field_of_foreign_name(name), name, typed(text.substr(0, *size), type, out)});
    text.remove_prefix(*size);
  }
  return text.empty();
}

// Values of one name become one list; unnamed ones the list Data.
void set_body(const Body& body, RecordBatch& out) {
  if (body.is_user_data) {
    static const FieldId user_data = intern_field("evtx.user_data");
    out.set(user_data, body.element);
  }
  std::vector<bool> done(body.fields.size());
  for (std::size_t i = 0; i < body.fields.size(); ++i) {
    if (done[i]) continue;
    const auto& field = body.fields[i];
    std::vector<Value> values{field.value};
    for (std::size_t k = i + 1; k < body.fields.size(); ++k)
      if (!done[k] && body.fields[k].name == field.name) {
        values.push_back(body.fields[k].value);
        done[k] = true;
      }
    const Value value = values.size() == 1 ? values.front() : Value::list(out.arena().copy_array<Value>(values));
    std::string_view name = field.name.empty() ? std::string_view("Data") : field.name;
    // As the EVTX reader does: which event it is, nobody's data may say.
    for (const std::string_view system : {"EventID", "Channel", "Computer", "Provider_Name", "EventRecordID"})
      if (name == system) {
        name = out.arena().concat("Body_", system);
        break;
      }
    out.set_foreign(name, value);
    if (name.find(' ') == std::string_view::npos) continue;
    std::string joined;
    std::ranges::copy_if(name, std::back_inserter(joined), [](char c) { return c != ' '; });
    out.set_foreign(out.arena().copy(joined), value);
  }
}

}  // namespace

bool restore_windows_event(RecordBatch& out) {
  static const FieldId event_id = intern_field("MasEventID"), provider = intern_field("MasProviderName"),
                       version = intern_field("MasVersion"), event_data = intern_field("MasEventData"),
                       user_data = intern_field("MasUserData"), description = intern_field("YaguraData"),
                       message = intern_field("MasEventDescription"), task = intern_field("MasTaskCategory"),
                       opcode = intern_field("MasOpcodeName"), user = intern_field("MasSecurityUserId");
  if (out.current().format != "cef") return false;
  const auto before = out.current_fields();
  const auto find = [&](FieldId id) -> std::string_view {
    for (auto field = before.rbegin(); field != before.rend(); ++field)
      if (field->id == id) return field->value.as_string();
    return {};
  };
  std::string_view provider_name = find(provider), id_text = find(event_id);
  if (find(intern_field("MasChannel")).empty() && find(intern_field("MasComputer")).empty()) return false;
  // The signature id says both once more.
  const auto signature = find(field::device_event_class_id);
  if (const auto colon = signature.rfind(':'); colon != std::string_view::npos) {
    if (provider_name.empty()) provider_name = signature.substr(0, colon);
    if (id_text.empty()) id_text = signature.substr(colon + 1);
  }
  const auto id = parse_int64(trim(id_text));
  if (!id) return false;

  Body body;
  const auto data_text = find(event_data), user_text = find(user_data);
  const bool is_user_data = data_text.empty() && !user_text.empty();
  const auto text = is_user_data ? user_text : data_text;
  body.is_user_data = is_user_data;
  if (const auto told = find(description); told.empty() || !read_description(told, text, out, body)) {
    body = {is_user_data, {}, {}};
    const auto values = split_values(text);
    const auto* layout =
        windows_data_layout(provider_name, *id, parse_int64(trim(find(version))).value_or(0), is_user_data, values);
    if (layout != nullptr) body.element = layout->user_element;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const WindowsDataName name = layout != nullptr ? layout->names[i] : WindowsDataName{"", ' '};
      body.fields.push_back({event::field_of_foreign_name(name.name), name.name, typed(values[i], name.type, out)});
    }
  }

  std::vector<event::Field> kept;
  const auto keep = [&](FieldId to, Value value) { kept.push_back({to, event::name_of(to), value}); };
  for (const auto& one : system_fields()) {
    const auto to = field_of(one.to);
    auto value = trim(find(one.from));
    if (one.to == WindowsSystem::event_id) {
      keep(to, Value::int64(*id));
      continue;
    }
    if (one.to == WindowsSystem::provider_name) value = provider_name;
    if (one.to == WindowsSystem::system_time) {
      if (const auto ticks = parse_iso8601(value)) {
        out.current().time = event_time(*ticks);
        out.current().has_own_time = true;
      } else {
        value = out.arena().copy(format_datetime(out.current().time.time_since_epoch().count()));
      }
    }
    if (value.empty()) continue;
    switch (one.form) {
      case Form::text: keep(to, Value::string(value)); break;
      case Form::number: keep(to, parse_int64(value) ? Value::int64(*parse_int64(value)) : Value::string(value)); break;
      case Form::guid:
        keep(to, Value::string(value.size() == 36 ? out.arena().concat("{", to_lower_ascii(value), "}") : value));
        break;
    }
  }
  if (const auto sid = trim(find(user)); !sid.empty())
    keep(field_of(WindowsSystem::security_user_id), Value::string(sid));

  const auto task_text = find(task), opcode_text = find(opcode), message_text = find(message);
  const auto host = find(field::host_name);
  out.reset_current_fields();
  for (const auto& one : kept) out.set(one.id, one.value);
  set_body(body, out);
  // What the sender rendered stands behind the data, from cef.task on. Data of the name Message go before it.
  static const FieldId cef_task = intern_field("cef.task"), cef_opcode = intern_field("cef.opcode");
  out.set(cef_task, task_text);
  out.set(cef_opcode, opcode_text);
  const bool has_message =
      std::ranges::any_of(body.fields, [](const event::Field& one) { return one.name == "Message"; });
  if (!message_text.empty() && !has_message) out.set(field::message, message_text);
  const bool has_host =
      std::ranges::any_of(body.fields, [](const event::Field& one) { return one.name == "HostName"; });
  if (!host.empty() && !has_host) out.set(field::host_name, host);
  out.current().format = "windows-cef";
  out.current().log_source = {"windows", "", ""};
  return true;
}

}  // namespace yagura::formats
