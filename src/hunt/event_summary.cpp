#include "hunt/event_summary.hpp"

#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::hunt {

using event::FieldId;
using event::intern_field;
using event::Value;

namespace {

constexpr std::size_t kMostDetails = 400;
constexpr std::size_t kMostValue = 160;
constexpr std::size_t kMostJson = 256 << 10;
constexpr int kMostFields = 6;

const FieldId kChannel = intern_field("Channel");
const FieldId kProvider = intern_field("Provider_Name");
const FieldId kEventId = intern_field("EventID");
const FieldId kRecordId = intern_field("EventRecordID");

std::span<const FieldId> host_fields() {
  static const std::array<FieldId, 9> fields{
      intern_field("Computer"),   intern_field("HostName"),           intern_field("host.name"),
      intern_field("Hostname"),   intern_field("hec.host"),           intern_field("_HOSTNAME"),
      intern_field("agent.name"), intern_field("recipientAccountId"), intern_field("host")};
  return fields;
}

// In the order in which they tell most.
std::span<const FieldId> telling_fields() {
  static const auto fields = [] {
    std::vector<FieldId> all;
    for (const char* name : {"CommandLine",
                             "ScriptBlockText",
                             "ThreatName",
                             "ServiceName",
                             "ImagePath",
                             "ServiceFileName",
                             "TaskName",
                             "TargetFilename",
                             "TargetObject",
                             "Details",
                             "QueryName",
                             "DestinationHostname",
                             "DestinationIp",
                             "DestinationPort",
                             "PipeName",
                             "ImageLoaded",
                             "SourceImage",
                             "TargetImage",
                             "GrantedAccess",
                             "Image",
                             "NewProcessName",
                             "ParentImage",
                             "ParentProcessName",
                             "ShareName",
                             "RelativeTargetName",
                             "ObjectName",
                             "AttributeValue",
                             "MemberName",
                             "TargetUserName",
                             "TargetDomainName",
                             "SubjectUserName",
                             "LogonType",
                             "IpAddress",
                             "WorkstationName",
                             "Status",
                             "FailureReason",
                             "SubStatus",
                             "User",
                             "Path",
                             "HostApplication",
                             "Payload",
                             "Url",
                             "RemoteName",
                             "param1",
                             "param2",
                             "Data",
                             "eventName",
                             "eventSource",
                             "errorCode",
                             "userIdentity.arn",
                             "sourceIPAddress",
                             "awsRegion",
                             "AppName",
                             "Message",
                             "message"})
      all.push_back(intern_field(name));
    return all;
  }();
  return fields;
}

std::int64_t number_of(const Value* value) {
  if (value == nullptr) return -1;
  if (value->kind() == Value::Kind::int64) return value->as_int64();
  return parse_int64(trim(value->as_string())).value_or(-1);
}

// One line, no control characters; cut at a whole character.
void append_one_line(std::string& out, std::string_view text, std::size_t most) {
  bool blank = false;
  std::size_t size = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) {
      blank = size > 0;
      continue;
    }
    if (size >= most && (byte & 0xC0) != 0x80) {
      out += "…";
      return;
    }
    if (blank) out += ' ', ++size, blank = false;
    out += c;
    ++size;
  }
}

}  // namespace

EventNames names_of(const event::Record& record) {
  EventNames names;
  names.channel = record.text(kChannel);
  names.provider = record.text(kProvider);
  for (const auto id : host_fields())
    if (names.host = record.text(id); !names.host.empty()) break;
  names.event_id = number_of(record.find(kEventId));
  names.record_id = number_of(record.find(kRecordId));
  if (names.channel.empty()) names.channel = record.header().log_source.service;
  return names;
}

std::string details_of(const event::Record& record) {
  std::string out, value;
  int count = 0;
  const auto add = [&](std::string_view name, const Value& field) {
    value.clear();
    event::append_text(value, field);
    const auto text = trim(value);
    if (text.empty() || text == "-" || text == "0x0") return;
    if (!out.empty()) out += " | ";
    out += name;
    out += ": ";
    append_one_line(out, text, kMostValue);
    ++count;
  };
  for (const auto id : telling_fields()) {
    if (count >= kMostFields || out.size() >= kMostDetails) break;
    if (const Value* field = record.find(id); field && !field->is_null()) add(event::name_of(id), *field);
  }
  if (count == 0)  // nothing that we know: what comes behind System's fields
    for (const auto& field : record.fields().subspan(record.fields().size() > 12 ? 12 : 0)) {
      if (count >= kMostFields || out.size() >= kMostDetails) break;
      add(field.name, field.value);
    }
  return utf8::valid(out) ? out : utf8::repaired(out);
}

std::string json_of(const event::Record& record) {
  std::string json;
  event::append_json(json, record);
  if (json.size() <= kMostJson) return json;
  const std::string start = utf8::repaired(std::string_view(json).substr(0, 16'384));
  const std::uint64_t size = json.size();
  json.clear();
  JsonWriter(json).begin_object().key("TooLarge").number(size).key("Start").text(start).end_object();
  return json;
}

}  // namespace yagura::hunt
