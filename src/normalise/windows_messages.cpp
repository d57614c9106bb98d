#include "normalise/windows_messages.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "normalise/windows_event.hpp"
#include "normalise/windows_message_body.hpp"
#include "normalise/windows_message_tables.hpp"

namespace yagura::normalise {

namespace {

constexpr std::string_view kSecurity = "Microsoft-Windows-Security-Auditing";
constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon";
constexpr std::size_t kMostMessage = 32'768;

std::string_view in(std::span<const WindowsTitle> titles, std::int64_t id) {
  const auto found =
      std::ranges::lower_bound(titles, id, {}, [](const WindowsTitle& title) { return std::int64_t{title.id}; });
  return found != titles.end() && found->id == id ? found->text : std::string_view();
}

const WindowsTemplate* template_of(std::string_view provider, std::int64_t id) {
  for (const auto& one : windows_templates())
    if (one.id == id && equal_ignoring_ascii_case(one.provider, provider)) return &one;
  return nullptr;
}

}  // namespace

std::string_view windows_event_title(std::string_view provider, std::int64_t event_id) {
  if (provider == kSecurity) return in(security_auditing_titles(), event_id);
  if (provider == kSysmon) return in(sysmon_titles(), event_id);
  const auto* found = template_of(provider, event_id);
  if (found == nullptr) return {};
  const auto text = found->text.substr(0, found->text.find("\r\n"));
  return text.find('{') == std::string_view::npos ? text : std::string_view();
}

std::string windows_event_message(std::string_view provider, std::int64_t event_id, const event::Record& record) {
  std::string out;
  if (provider == kSysmon) {
    const auto title = in(sysmon_titles(), event_id);
    if (title.empty()) return {};
    out = title;
    out += ':';
    const auto line = [&](std::string_view name, const event::Value& value) {
      if (out.size() > kMostMessage) return;
      out += "\r\n";
      out += name;
      out += ": ";
      const std::size_t start = out.size();
      event::append_text(out, value);
      if (name == "LogonId" && std::string_view(out).substr(start).starts_with("0x"))
        for (std::size_t i = start + 2; i < out.size(); ++i)
          if (out[i] >= 'a' && out[i] <= 'f') out[i] = static_cast<char>(out[i] - 32);
    };
    // In the order of the manifest, which a shipper's JSON may have lost; then what the manifest does not know.
    const auto known = split(in(sysmon_fields(), event_id), ' ');
    for (const auto name : known)
      if (const auto* value = record.find(name)) line(name, *value);
    for_each_event_data(record, [&](std::string_view name, const event::Value& value) {
      if (std::ranges::find(known, name) == known.end()) line(name, value);
    });
    return out;
  }
  if (provider == kSecurity) {
    out = in(security_auditing_titles(), event_id);
    if (!out.empty()) append_message_body(in(security_auditing_bodies(), event_id), record, kMostMessage, out);
    return out;
  }
  const auto* found = template_of(provider, event_id);
  if (found == nullptr) return std::string(windows_event_title(provider, event_id));
  const std::string_view text = found->text;
  for (std::size_t at = 0; at < text.size() && out.size() < kMostMessage;) {
    const auto open = text.find('{', at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    const auto name = text.substr(open + 1, close - open - 1);
    at = close + 1;
    if (is_ascii_digit(name[0])) {
      // The data in their order; unnamed ones are one list.
      std::int64_t wanted = parse_int64(name).value_or(0);
      for_each_event_data(record, [&](std::string_view, const event::Value& value) {
        if (value.kind() == event::Value::Kind::list) {
          for (const auto& item : value.as_list())
            if (--wanted == 0) event::append_text(out, item);
        } else if (--wanted == 0) {
          event::append_text(out, value);
        }
      });
    } else if (const auto* value = record.find(name)) {
      event::append_text(out, *value);
    }
  }
  return out;
}

std::string_view windows_task_name(std::string_view provider, std::int64_t task) {
  if (provider == kSecurity) return in(security_auditing_tasks(), task);
  if (provider == "Microsoft-Windows-Eventlog") {
    static constexpr WindowsTitle kTasks[] = {
        {101, "Event processing"}, {103, "Service shutdown"}, {104, "Log clear"}, {105, "Log automatic backup"}};
    return in(kTasks, task);
  }
  // The tasks of Sysmon are its events.
  if (provider == kSysmon) return in(sysmon_titles(), task);
  return {};
}

// winmeta.h: the reserved keywords.
std::string windows_keyword_names(std::uint64_t keywords) {
  static constexpr std::array<std::pair<std::uint64_t, std::string_view>, 8> kNames{{
      {0x0001000000000000, "Response Time"},
      {0x0002000000000000, "WDI Context"},
      {0x0004000000000000, "WDI Diag"},
      {0x0008000000000000, "SQM"},
      {0x0010000000000000, "Audit Failure"},
      {0x0020000000000000, "Audit Success"},
      {0x0040000000000000, "Correlation Hint"},
      {0x0080000000000000, "Classic"},
  }};
  std::string out;
  for (const auto& [bit, name] : kNames)
    if (keywords & bit) {
      if (!out.empty()) out += ", ";
      out += name;
    }
  return out;
}

std::string_view windows_level_name(std::int64_t level) {
  static constexpr std::array<std::string_view, 6> kNames{"LogAlways", "Critical",    "Error",
                                                          "Warning",   "Information", "Verbose"};
  return level >= 0 && level < static_cast<std::int64_t>(kNames.size()) ? kNames[static_cast<std::size_t>(level)]
                                                                        : std::string_view();
}

std::string_view windows_opcode_name(std::int64_t opcode) {
  switch (opcode) {
    case 0: return "Info";
    case 1: return "Start";
    case 2: return "Stop";
    case 3: return "DCStart";
    case 4: return "DCStop";
    case 5: return "Extension";
    case 6: return "Reply";
    case 7: return "Resume";
    case 8: return "Suspend";
    case 9: return "Send";
    case 240: return "Receive";
    default: return {};
  }
}

// The event 4624's page: "Logon Type".
std::string_view windows_logon_type_name(std::int64_t type) {
  switch (type) {
    case 0: return "System";
    case 2: return "Interactive";
    case 3: return "Network";
    case 4: return "Batch";
    case 5: return "Service";
    case 7: return "Unlock";
    case 8: return "NetworkCleartext";
    case 9: return "NewCredentials";
    case 10: return "RemoteInteractive";
    case 11: return "CachedInteractive";
    case 12: return "CachedRemoteInteractive";
    case 13: return "CachedUnlock";
    default: return {};
  }
}

std::optional<std::uint64_t> windows_keywords(const event::Value& value) {
  if (value.kind() == event::Value::Kind::int64) return static_cast<std::uint64_t>(value.as_int64());
  if (value.kind() == event::Value::Kind::list) {  // Winlogbeat gives the names
    std::uint64_t out = 0;
    for (const auto& item : value.as_list()) {
      if (item.as_string() == "Audit Success") out |= 0x8020000000000000;
      if (item.as_string() == "Audit Failure") out |= 0x8010000000000000;
    }
    return out == 0 ? std::nullopt : std::optional(out);
  }
  const auto text = trim(value.as_string());
  if (text.starts_with("0x") || text.starts_with("0X")) {
    std::uint64_t out = 0;
    if (text.size() < 3 || text.size() > 18) return std::nullopt;
    for (const char c : text.substr(2)) {
      const char lower = ascii_lower(c);
      if (is_ascii_digit(lower))
        out = out << 4 | static_cast<std::uint64_t>(lower - '0');
      else if (lower >= 'a' && lower <= 'f')
        out = out << 4 | static_cast<std::uint64_t>(lower - 'a' + 10);
      else
        return std::nullopt;
    }
    return out;
  }
  if (text == "Audit Success") return 0x8020000000000000;
  if (text == "Audit Failure") return 0x8010000000000000;
  if (const auto number = parse_uint64(text)) return number;
  if (const auto number = parse_int64(text)) return static_cast<std::uint64_t>(*number);
  return std::nullopt;
}

}  // namespace yagura::normalise
