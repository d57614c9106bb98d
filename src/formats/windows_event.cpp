#include "formats/windows_event.hpp"

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "formats/fields.hpp"
#include "formats/windows_event_data.hpp"

namespace yagura::formats {

using event::FieldId;
using event::Record;
using event::RecordBatch;
using event::Value;

namespace {

namespace windows {
const FieldId event_id = event::intern_field("EventID");
const FieldId channel = event::intern_field("Channel");
const FieldId computer = event::intern_field("Computer");
const FieldId provider = event::intern_field("Provider_Name");
const FieldId provider_guid = event::intern_field("Provider_Guid");
const FieldId record_id = event::intern_field("EventRecordID");
const FieldId system_time = event::intern_field("TimeCreated_SystemTime");
const FieldId data = event::intern_field("Data");
}  // namespace windows

enum class Shape { none, nested, winlogbeat, winlogbeat6, flat };

struct Renamed {
  std::string_view from;
  FieldId to;
};

FieldId of(std::string_view name) { return event::intern_field(name); }

// https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog, and -eventlog of 6.x.
std::span<const Renamed> winlogbeat_names() {
  static const std::array<Renamed, 30> names{{
      {"winlog.event_id", windows::event_id},
      {"winlog.channel", windows::channel},
      {"winlog.computer_name", windows::computer},
      {"winlog.provider_name", windows::provider},
      {"winlog.provider_guid", windows::provider_guid},
      {"winlog.record_id", windows::record_id},
      {"winlog.version", of("Version")},
      {"winlog.process.pid", of("Execution_ProcessID")},
      {"winlog.process.thread.id", of("Execution_ThreadID")},
      {"winlog.user.identifier", of("Security_UserID")},
      {"winlog.activity_id", of("Correlation_ActivityID")},
      {"winlog.related_activity_id", of("Correlation_RelatedActivityID")},
      {"winlog.time_created", windows::system_time},
      {"event_id", windows::event_id},
      {"log_name", windows::channel},
      {"computer_name", windows::computer},
      {"source_name", windows::provider},
      {"provider_guid", windows::provider_guid},
      {"record_number", windows::record_id},
      {"version", of("Version")},
      {"process_id", of("Execution_ProcessID")},
      {"thread_id", of("Execution_ThreadID")},
      {"user.identifier", of("Security_UserID")},
      {"activity_id", of("Correlation_ActivityID")},
      {"related_activity_id", of("Correlation_RelatedActivityID")},
      {"winlog.task", of("TaskName")},
      {"winlog.opcode", of("OpcodeName")},
      {"task", of("TaskName")},
      {"opcode", of("OpcodeName")},
      {"winlog.level", of("LevelName")},
  }};
  return names;
}

// NXLog's im_msvistalog (https://docs.nxlog.co/refman/current/im/msvistalog.html#fields), Mordor's exports, Azure's
// tables.
std::span<const Renamed> flat_names() {
  static const std::array<Renamed, 26> names{{
      {"SourceName", windows::provider},
      {"ProviderName", windows::provider},
      {"EventSourceName", windows::provider},
      {"Provider", windows::provider},
      {"source_name", windows::provider},
      {"ProviderGuid", windows::provider_guid},
      {"EventSourceId", windows::provider_guid},
      {"Hostname", windows::computer},
      {"HostName", windows::computer},
      {"host", windows::computer},
      {"RecordNumber", windows::record_id},
      {"EventRecordId", windows::record_id},
      {"RecordId", windows::record_id},
      {"LogName", windows::channel},
      {"log_name", windows::channel},
      {"EventLog", windows::channel},
      {"Source", windows::provider},
      {"ActivityID", of("Correlation_ActivityID")},
      {"Correlation", of("Correlation_ActivityID")},
      {"SystemProcessId", of("Execution_ProcessID")},
      {"ExecutionProcessID", of("Execution_ProcessID")},
      {"SystemThreadId", of("Execution_ThreadID")},
      {"SystemUserId", of("Security_UserID")},
      {"OpcodeValue", of("Opcode")},
      {"EventLevel", of("Level")},
      {"SystemTime", windows::system_time},
  }};
  return names;
}

// Fields that nobody's data may say.
bool belongs_to_system(FieldId id) {
  return id == windows::event_id || id == windows::channel || id == windows::computer || id == windows::provider ||
         id == windows::record_id;
}

// Numbers that came as text: of System.
bool is_system_number(FieldId id) {
  static const std::array<FieldId, 8> numbers{
      windows::event_id, windows::record_id,        of("Version"),           of("Level"), of("Task"),
      of("Opcode"),      of("Execution_ProcessID"), of("Execution_ThreadID")};
  return std::ranges::find(numbers, id) != numbers.end();
}

// What Sysmon's manifest types as numbers and booleans (sysmon -s), all event ids.
bool is_sysmon_number(std::string_view name) {
  static const std::unordered_set<std::string_view> names{
      "ProcessId",   "ParentProcessId",   "SourceProcessId", "TargetProcessId", "SourceThreadId",
      "NewThreadId", "TerminalSessionId", "SourcePort",      "DestinationPort", "Session"};
  return names.contains(name);
}
bool is_sysmon_boolean(std::string_view name) {
  static const std::unordered_set<std::string_view> names{"Initiated", "SourceIsIpv6", "DestinationIsIpv6",
                                                          "IsExecutable"};
  return names.contains(name);
}

// "#attributes.Name", "@Name", "-Name", "_attributes.Name": how XML's attributes are written in JSON.
std::string_view without_attribute_mark(std::string_view name) {
  for (const std::string_view mark : {"#attributes.", "_attributes.", "$.", "@attributes."})
    if (name.starts_with(mark)) name.remove_prefix(mark.size());
  if (name.size() > 1 && (name[0] == '@' || name[0] == '-')) name.remove_prefix(1);
  return name;
}
bool is_text_mark(std::string_view name) {
  return name == "#text" || name == "_text" || name == "_" || name == "$t" || name == "content" || name == "Text" ||
         name == "#cdata-section";
}

// What the name of a field says about it, looked at once a thread.
enum Role : std::uint16_t {
  kKnown = 1,
  kHasBlank = 2,
  kEventData = 4,   // EventData.*
  kUserData = 8,    // UserData.*
  kFlatName = 16,   // of flat_names()
  kSystemNumber = 32,
  kSysmonNumber = 64,
  kSysmonBoolean = 128,
  kShape = 256,     // shape_of() asks for it
};

std::uint16_t look_at(std::string_view name, FieldId id);

std::uint16_t role_of(const event::Field& field) {
  if (!field.id.is_listed()) return look_at(field.name, field.id);
  thread_local std::vector<std::uint16_t> roles;
  const auto number = field.id.number();
  if (number >= roles.size()) roles.resize(number + 256);
  if (roles[number] == 0) roles[number] = look_at(field.name, field.id);
  return roles[number];
}

// One look at the names; Windows events carry their id in one of these.
struct ShapeIds {
  std::array<FieldId, 8> nested{of("Event.System.EventID"), of("Event.System.EventID.#text"),
                                of("System.EventID"),       of("System.EventID.#text"),
                                of("Event.System.Channel"), of("System.Channel"),
                                of("event.System.EventID"), of("System.EventID.Value")};
  std::array<FieldId, 2> winlogbeat{of("winlog.event_id"), of("winlog.channel")};
  std::array<FieldId, 2> six{of("event_id"), of("log_name")};
  std::array<FieldId, 8> sources{windows::channel,      windows::provider, of("SourceName"),  of("ProviderName"),
                                 of("EventSourceName"), of("LogName"),     of("ProviderGuid"),
                                 of("EventLog")};
};
const ShapeIds& shape_ids() {
  static const ShapeIds ids;
  return ids;
}

std::uint16_t look_at(std::string_view name, FieldId id) {
  std::uint16_t role = kKnown;
  if (name.find(' ') != std::string_view::npos) role |= kHasBlank;
  if (name.starts_with("EventData.")) role |= kEventData;
  if (name.starts_with("UserData.")) role |= kUserData;
  for (const auto& renamed : flat_names())
    if (renamed.from == name) role |= kFlatName;
  if (id.is_listed() && is_system_number(id)) role |= kSystemNumber;
  if (is_sysmon_number(name)) role |= kSysmonNumber;
  if (is_sysmon_boolean(name)) role |= kSysmonBoolean;
  const auto& ids = shape_ids();
  const auto is_of = [&](const auto& list) { return std::ranges::find(list, id) != list.end(); };
  if (id == windows::event_id || is_of(ids.nested) || is_of(ids.winlogbeat) || is_of(ids.six) || is_of(ids.sources))
    role |= kShape;
  return role;
}

class Completer {
 public:
  explicit Completer(RecordBatch& out) : out_(out), fields_(kept_fields()) {
    const auto fields = out.current_fields();
    fields_.assign(fields.begin(), fields.end());
  }

  bool run() {
    const Shape shape = shape_of();
    if (shape == Shape::none) return false;
    switch (shape) {
      case Shape::nested: nested(); break;
      case Shape::winlogbeat:
        renamed(winlogbeat_names().first(13));
        renamed(winlogbeat_names().subspan(25, 2));
        renamed(winlogbeat_names().subspan(29));
        audit_keywords("winlog.keywords");
        body("winlog.event_data.");
        body("winlog.user_data.");
        break;
      case Shape::winlogbeat6:
        renamed(winlogbeat_names().subspan(13, 12));
        renamed(winlogbeat_names().subspan(27, 2));
        audit_keywords("keywords");
        body("event_data.");
        body("user_data.");
        break;
      default:
        if (roles_ & kFlatName) renamed(flat_names());
        if (roles_ & kEventData) body("EventData.");
        event_data_text();
        if (roles_ & kUserData) body("UserData.");
        break;
    }
    finish();
    return true;
  }

 private:
  const Value* find(std::string_view name) const {
    for (auto field = fields_.rbegin(); field != fields_.rend(); ++field)
      if (field->name == name) return &field->value;
    return nullptr;
  }
  bool has(FieldId id) const {
    for (const auto& field : out_.current_fields())
      if (field.id == id && !field.value.is_null()) return true;
    return false;
  }

  Shape shape_of() {
    const auto& ids = shape_ids();
    bool has_id = false, has_source = false, has_six_id = false, has_six_log = false;
    for (const auto& field : fields_) {
      const auto role = role_of(field);
      roles_ |= role;
      if (!field.id.is_listed() || !(role & kShape)) continue;
      for (const auto id : ids.nested)
        if (field.id == id) {
          // Sysmon for Linux writes the same XML, and is no Windows.
          if (const auto* provider = find("System.Provider.Name"); provider && provider->as_string() == "Linux-Sysmon")
            return Shape::none;
          prefix_ = field.name.starts_with("Event.") ? "Event." : field.name.starts_with("event.") ? "event." : "";
          return Shape::nested;
        }
      if (field.id == ids.winlogbeat[0] || field.id == ids.winlogbeat[1]) return Shape::winlogbeat;
      has_six_id |= field.id == ids.six[0];
      has_six_log |= field.id == ids.six[1];
      has_id |= field.id == windows::event_id;
      for (const auto id : ids.sources) has_source |= field.id == id;
    }
    if (has_six_id && has_six_log) return Shape::winlogbeat6;
    return has_id && has_source ? Shape::flat : Shape::none;
  }

  void set(FieldId id, std::string_view name, Value value) {
    if (value.is_string() && id.is_listed() && is_system_number(id))
      if (const auto number = parse_int64(trim(value.as_string()))) value = Value::int64(*number);
    if (value.is_null()) value = Value::string("");  // an empty element is the empty text
    if (id.is_listed())
      out_.set(id, value);
    else
      out_.set_foreign(name, value);
  }

  void renamed(std::span<const Renamed> names) {
    for (const auto& [from, to] : names) {
      if (has(to)) continue;
      if (const Value* value = find(from); value && !value->is_null() && value->kind() != Value::Kind::object &&
                                           !(value->is_string() && value->as_string().empty()))
        set(to, event::name_of(to), *value);
    }
  }

  // Winlogbeat gives the names of keywords, in the language of the machine; its outcome is in English.
  void audit_keywords(std::string_view name) {
    static const FieldId keywords = of("Keywords");
    const Value* channel = find("winlog.channel");
    if (channel == nullptr) channel = find("log_name");
    if (channel == nullptr || channel->as_string() != "Security") return;
    std::string_view outcome;
    if (const Value* names = find(name))
      for (const auto& one : names->as_list())
        if (one.as_string() == "Audit Success" || one.as_string() == "Audit Failure")
          outcome = one.as_string().substr(6);
    if (const Value* told = find("event.outcome"); told && outcome.empty()) outcome = told->as_string();
    if (equal_ignoring_ascii_case(outcome, "success")) set(keywords, "Keywords", Value::string("0x8020000000000000"));
    if (equal_ignoring_ascii_case(outcome, "failure")) set(keywords, "Keywords", Value::string("0x8010000000000000"));
  }

  // Azure's exports: a row's dynamic column is a text.
  void event_data_text() {
    static const FieldId event_data = of("EventData");
    for (const auto& field : fields_)
      if (field.id == event_data && field.value.is_string())
        read_event_data_text(field.value.as_string(), out_.arena(),
                             [&](std::string_view name, Value value) { add_body(name, value); });
  }

  // <Event><System>...: elements and attributes as Element_Attribute.
  void nested() {
    const std::string system = prefix_ + "System.";
    for (const auto& field : fields_) {
      if (!field.name.starts_with(system)) continue;
      const std::string_view path = field.name.substr(system.size());
      const auto dot = path.find('.');
      if (dot == std::string_view::npos) {
        // An element with nothing in it is null or an empty object.
        if (field.value.kind() == Value::Kind::object) continue;
        add_system(path, field.value);
        continue;
      }
      const std::string_view element = path.substr(0, dot);
      const std::string_view rest = without_attribute_mark(path.substr(dot + 1));
      if (rest.find('.') != std::string_view::npos || rest == "xmlns") continue;
      if (is_text_mark(rest))
        add_system(element, field.value);
      else
        add_system(out_.arena().concat(element, "_", rest), field.value);
    }
    body(prefix_ + "EventData.");
    user_data(prefix_ + "UserData.");
    static const FieldId message = of("Message");
    for (const auto& name : {prefix_ + "RenderingInfo.Message", std::string("RenderingInfo.Message")})
      if (const Value* value = find(name); value && value->is_string() && !has(message))
        set(message, "Message", *value);
  }

  void add_system(std::string_view name, Value value) {
    const FieldId id = event::field_of_foreign_name(name);
    set(id, name, value);
  }

  // EventData: "X": v, or Data as one text, a list of texts, or a list of {Name, text}.
  void body(std::string_view prefix) {
    std::vector<Value> texts;
    for (const auto& field : fields_) {
      if (!field.name.starts_with(prefix)) continue;
      std::string_view name = field.name.substr(prefix.size());
      if (name.starts_with("#attributes.") || name.starts_with("@") || name == "xmlns" || name == "Binary.xsi:nil")
        continue;
      if (name == "Data" || name == "Data.#text" || name == "Data._") {
        data(field.value, texts);
        continue;
      }
      if (const auto dot = name.find('.'); dot != std::string_view::npos) {
        // {"X": {"#text": v, "#attributes": ...}}
        if (!is_text_mark(name.substr(dot + 1))) {
          // Azure and xmltodict keep deeper things as they were; their leaf is what rules know.
          const auto mark = without_attribute_mark(name.substr(dot + 1));
          if (mark.size() != name.size() - dot - 1) continue;
          name = name.substr(name.rfind('.') + 1);
        } else {
          name = name.substr(0, dot);
        }
      }
      add_body(name, field.value);
    }
    if (texts.size() == 1) add_body("Data", texts.front());
    if (texts.size() > 1) add_body("Data", Value::list(out_.arena().copy_array<Value>(texts)));
  }

  void data(const Value& value, std::vector<Value>& texts) {
    if (value.kind() != Value::Kind::list) {
      if (value.kind() != Value::Kind::object) texts.push_back(value);
      return;
    }
    for (const auto& item : value.as_list()) {
      if (item.kind() != Value::Kind::object) {
        texts.push_back(item);
        continue;
      }
      std::string_view name;
      Value text = Value::string("");
      for (const auto& member : item.as_object()) {
        const auto key = without_attribute_mark(member.name);
        if (equal_ignoring_ascii_case(key, "Name"))
          name = member.value.as_string();
        else if (is_text_mark(key) || equal_ignoring_ascii_case(key, "Value") || key == "text")
          text = member.value;
        else if ((key == "#attributes" || key == "_attributes" || key == "$") &&
                 member.value.kind() == Value::Kind::object)
          for (const auto& attribute : member.value.as_object())
            if (attribute.name == "Name") name = attribute.value.as_string();
      }
      if (name.empty())
        texts.push_back(text);
      else
        add_body(name, text);
    }
  }

  // Every leaf under its own name, whatever it stands in; attributes as Element_Attribute.
  void user_data(std::string_view prefix) {
    for (const auto& field : fields_) {
      if (!field.name.starts_with(prefix) || field.value.kind() == Value::Kind::object) continue;
      std::string_view path = field.name.substr(prefix.size());
      if (path.find("xmlns") != std::string_view::npos) continue;
      const auto last = path.rfind('.');
      if (last == std::string_view::npos) {
        add_body(path, field.value);
        continue;
      }
      std::string_view leaf = path.substr(last + 1);
      std::string_view above = path.substr(0, last);
      for (const std::string_view mark : {".#attributes", "._attributes", ".$"})
        if (above.ends_with(mark)) {
          above.remove_suffix(mark.size());
          leaf = out_.arena().concat(above.substr(above.rfind('.') + 1), "_", leaf);
          add_body(leaf, field.value);
          leaf = {};
          break;
        }
      if (leaf.empty()) continue;
      if (is_text_mark(leaf)) leaf = above.substr(above.rfind('.') + 1);
      if (leaf.size() > 1 && leaf[0] == '@')
        leaf = out_.arena().concat(above.substr(above.rfind('.') + 1), "_", leaf.substr(1));
      add_body(leaf, field.value);
    }
  }

  void add_body(std::string_view name, Value value) {
    if (name.empty()) return;
    const FieldId id = event::field_of_foreign_name(name);
    if (belongs_to_system(id) && has(id)) return;
    set_body(id, name, value);
    if (name.find(' ') == std::string_view::npos) return;
    // "Threat Name" is ThreatName in rules.
    std::string joined;
    std::ranges::copy_if(name, std::back_inserter(joined), [](char c) { return c != ' '; });
    const std::string_view kept = out_.arena().copy(joined);
    set_body(event::field_of_foreign_name(kept), kept, value);
  }
  void set_body(FieldId id, std::string_view name, Value value) {
    if (value.is_null()) value = Value::string("");
    if (id.is_listed())
      out_.set(id, value);
    else
      out_.set_foreign(name, value);
  }

  void finish() {
    auto& header = out_.current();
    header.log_source = {"windows", "", ""};
    std::string_view provider;
    for (const auto& field : out_.current_fields())
      if (field.id == windows::provider) provider = field.value.as_string();
    // Blanks in a flat event's names.
    for (const auto& field : fields_) {
      if (!(role_of(field) & kHasBlank) || field.name.size() > 128) continue;
      std::string joined;
      std::ranges::copy_if(field.name, std::back_inserter(joined), [](char c) { return c != ' '; });
      if (!find(joined)) out_.set_foreign(out_.arena().copy(joined), field.value);
    }
    once_each(provider == "Microsoft-Windows-Sysmon");
    for (const auto& field : out_.current_fields())
      if (field.id == windows::system_time && field.value.is_string())
        if (const auto ticks = parse_iso8601(trim(field.value.as_string()))) {
          header.time = event_time(*ticks);
          header.has_own_time = true;
        }
  }

  // Each name once, with its last value; numbers that came as text made numbers.
  void once_each(bool is_sysmon) {
    const auto fields = out_.current_fields();
    // By number where the name has one: a hash table for each record cost more than all the rest.
    struct Place {
      std::uint32_t stamp = 0, at = 0;
    };
    thread_local std::vector<Place> places;
    thread_local std::uint32_t stamp = 0;
    thread_local std::vector<event::Field> kept;
    std::unordered_map<std::string_view, std::size_t> unlisted;
    kept.clear();
    if (++stamp == 0) {
      places.clear();
      stamp = 1;
    }
    for (const auto& field : fields) {
      std::size_t at = kept.size();
      if (field.id.is_listed()) {
        if (field.id.number() >= places.size()) places.resize(field.id.number() + 64);
        Place& place = places[field.id.number()];
        if (place.stamp == stamp)
          at = place.at;
        else
          place = {stamp, static_cast<std::uint32_t>(at)};
      } else {
        at = unlisted.try_emplace(field.name, at).first->second;
      }
      if (at == kept.size())
        kept.push_back(field);
      else
        kept[at].value = field.value;
    }
    for (auto& field : kept) {
      if (!field.value.is_string()) continue;
      const auto role = role_of(field);
      if ((role & kSystemNumber) || (is_sysmon && (role & kSysmonNumber))) {
        if (const auto number = parse_int64(trim(field.value.as_string()))) field.value = Value::int64(*number);
      } else if (is_sysmon && (role & kSysmonBoolean)) {
        if (equal_ignoring_ascii_case(trim(field.value.as_string()), "true")) field.value = Value::boolean(true);
        if (equal_ignoring_ascii_case(trim(field.value.as_string()), "false")) field.value = Value::boolean(false);
      }
    }
    out_.reset_current_fields();
    for (const auto& field : kept)
      out_.set_named(field.id, field.name, field.value);
  }

  static std::vector<event::Field>& kept_fields() {
    thread_local std::vector<event::Field> fields;
    return fields;
  }

  RecordBatch& out_;
  std::vector<event::Field>& fields_;  // as they were before
  std::uint16_t roles_ = 0;            // all that their names say
  std::string prefix_;
};

}  // namespace

bool complete_windows_event(RecordBatch& out) {
  if (out.empty()) return false;
  out.resume_record();
  if (out.current().log_source.product == "windows") return true;
  return Completer(out).run();
}

std::string_view next_event_element(std::string_view text, std::size_t& at) {
  while (at < text.size()) {
    const auto begin = text.find("<Event", at);
    if (begin == std::string_view::npos) {
      at = text.size() > 6 ? std::max(at, text.size() - 6) : at;
      return {};
    }
    at = begin;
    if (begin + 6 >= text.size()) return {};
    const char behind = text[begin + 6];
    if (behind != '>' && behind != ' ' && behind != '\n' && behind != '\r' && behind != '\t') {
      at = begin + 6;
      continue;
    }
    const auto end = text.find("</Event>", begin);
    if (end == std::string_view::npos) return {};
    at = end + 8;
    return text.substr(begin, at - begin);
  }
  return {};
}

}  // namespace yagura::formats
