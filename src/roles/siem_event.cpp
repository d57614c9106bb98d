#include "roles/siem_event.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "formats/cef.hpp"

namespace yagura::roles {

namespace {

namespace json = boost::json;

struct Key {
  std::string_view column, cef;
};
// Columns that ArcSight's dictionary has a key for; the first that a row fills takes the key, the rest keep their own names.
constexpr std::array kKeys = std::to_array<Key>({
    {"SourceIP", "src"},          {"SourceIPAddress", "src"},   {"SrcIpAddr", "src"},       {"IpAddress", "src"},      {"CallerIpAddress", "src"},
    {"ClientIP", "src"},          {"SourceIpAddress", "src"},   {"DestinationIP", "dst"},   {"DstIpAddr", "dst"},      {"SourcePort", "spt"},
    {"SrcPortNumber", "spt"},     {"DestinationPort", "dpt"},   {"DstPortNumber", "dpt"},   {"SourceHostName", "shost"}, {"DestinationHostName", "dhost"},
    {"SourceUserName", "suser"},  {"SubjectUserName", "suser"}, {"Account", "suser"},       {"UserName", "suser"},     {"UserIdentityUserName", "suser"},
    {"ActorUsername", "suser"},   {"DestinationUserName", "duser"}, {"TargetUserName", "duser"}, {"TargetUsername", "duser"}, {"Computer", "dvchost"},
    {"DeviceName", "dvchost"},    {"HostName", "dvchost"},      {"DeviceAction", "act"},    {"Protocol", "proto"},     {"RequestURL", "request"},
    {"RequestMethod", "requestMethod"}, {"FileName", "fname"},  {"FilePath", "filePath"},   {"FileHash", "fileHash"},  {"Message", "msg"},
    {"SyslogMessage", "msg"},     {"Description", "msg"},       {"ProcessName", "sproc"},   {"ProcessID", "spid"},     {"SentBytes", "out"},
    {"ReceivedBytes", "in"},      {"ApplicationProtocol", "app"}, {"UserAgent", "requestClientApplication"}, {"StartTime", "start"}, {"EndTime", "end"},
    {"EventOutcome", "outcome"},  {"EventResult", "outcome"},   {"_ItemId", "externalId"},  {"TimeGenerated", "rt"},   {"Type", "cat"},
});
// What the header says already, or what only the store needs.
constexpr std::array<std::string_view, 10> kLeftOut{"DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Activity", "LogSeverity",
                                                    "_Position",    "_TimeIngested", "_TimeReceived", "TenantId"};

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}
std::string text_of(const json::object& row, std::string_view name) { return text_of(row.if_contains(name)); }

std::string first_of(const json::object& row, std::initializer_list<std::string_view> names, std::string_view other) {
  for (const auto name : names)
    if (auto text = text_of(row, name); !text.empty()) return text;
  return std::string(other);
}

// CEF's 0 to 10 of the words that tables use.
std::string severity_of(const json::object& row) {
  const std::string word = first_of(row, {"LogSeverity", "AlertSeverity", "EventSeverity", "SeverityLevel", "Severity"}, "");
  if (const auto number = parse_uint64(word); number && *number <= 10) return word;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kWords{{{"critical", "10"}, {"emergency", "10"}, {"emerg", "10"}, {"alert", "9"}, {"crit", "9"},
                                                                                        {"high", "8"}, {"error", "8"}, {"err", "8"}, {"medium", "5"}, {"warning", "5"},
                                                                                        {"warn", "5"}, {"low", "3"}, {"notice", "3"}, {"informational", "2"}, {"info", "2"}}};
  for (const auto& [name, value] : kWords)
    if (equal_ignoring_ascii_case(word, name)) return std::string(value);
  return "0";
}

bool is_time_key(std::string_view key) { return key == "rt" || key == "start" || key == "end"; }

// CEF wants milliseconds since 1970.
std::string cef_time(const std::string& text) {
  const auto ticks = parse_iso8601(text);
  return ticks ? std::to_string(*ticks / 10'000) : text;
}

std::string key_of(std::string_view column) {
  std::string key;
  for (const char c : column)
    if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.') key += c;
  return key;
}

// A row as CEF: the header that came with it when it was CEF, else ours.
std::string cef_of(const json::object& row, bool is_alert, std::string_view recovery_id) {
  const std::string type = first_of(row, {"Type"}, "Event");
  const std::string event = first_of(row, {"EventID", "EventName", "OperationName", "EventType"}, "");
  std::string out = "CEF:0";
  const auto part = [&](std::string_view text) {
    out += '|';
    formats::append_cef_header_value(out, text);
  };
  const bool was_cef = !text_of(row, "DeviceVendor").empty() && !text_of(row, "DeviceProduct").empty();
  part(was_cef ? text_of(row, "DeviceVendor") : "Yagura");
  part(was_cef ? text_of(row, "DeviceProduct") : "SIEM_Agent");
  part(was_cef ? text_of(row, "DeviceVersion") : std::string(kVersion));
  const std::string class_id = was_cef ? text_of(row, "DeviceEventClassID") : (is_alert ? "ALERT_" : "ACTIVITY_") + type + (event.empty() ? "" : ":" + event);
  part(class_id);
  part(first_of(row, {"AlertName", "DisplayName", "Activity", "EventName", "OperationName"}, event.empty() ? type : type + " " + event));
  part(severity_of(row));
  out += '|';
  std::vector<std::string_view> taken;
  bool first = true;
  const auto add = [&](std::string_view key, const std::string& value) {
    const std::size_t before = out.size();
    formats::append_cef_extension(out, key, is_time_key(key) ? cef_time(value) : value);
    if (std::exchange(first, false)) out.erase(before, 1);
  };
  std::vector<std::string_view> done(kLeftOut.begin(), kLeftOut.end());
  for (const auto& [column, key] : kKeys) {
    if (std::ranges::find(taken, key) != taken.end()) continue;
    const auto value = text_of(row, column);
    if (value.empty()) continue;
    add(key, value);
    taken.push_back(key);
    done.push_back(column);
  }
  for (const auto& member : row) {
    const std::string_view name = member.key();
    if (std::ranges::find(done, name) != done.end()) continue;
    const auto value = text_of(&member.value());
    if (const auto key = key_of(name); !value.empty() && !key.empty()) add(key, value);
  }
  if (!recovery_id.empty()) add("YaguraRecoveryId", std::string(recovery_id));
  return out;
}

}  // namespace

std::vector<std::string> encode_siem_events(const json::array& events, const forward::Encoder& encoder, std::string_view host, std::string_view recovery_id) {
  std::vector<std::string> messages;
  messages.reserve(events.size());
  const auto now = ReceiveClock::now();
  for (const auto& one : events) {
    if (!one.is_object()) continue;
    const auto* event = one.get_object().if_contains("event");
    const auto* kind = one.get_object().if_contains("kind");
    if (event == nullptr || !event->is_object()) continue;
    const auto& row = event->get_object();
    const bool is_alert = kind != nullptr && kind->is_string() && kind->get_string() == "alert";
    const std::string text = cef_of(row, is_alert, recovery_id);
    event::RecordBatch batch;
    formats::decode_cef({.raw = text, .received_at = now}, {}, batch);
    const std::string own_host = first_of(row, {"Computer", "DeviceName", "HostName"}, host);
    std::string message;
    encoder.encode(batch[0], {.host = own_host, .now = now}, message);
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace yagura::roles
