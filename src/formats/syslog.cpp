#include "formats/syslog.hpp"

#include "base/text.hpp"
#include "formats/auditd.hpp"
#include "formats/cef.hpp"
#include "formats/fields.hpp"
#include "formats/json.hpp"
#include "formats/leef.hpp"
#include "formats/xml.hpp"

namespace yagura::formats {

using event::LogSource;
using event::Member;
using event::RecordBatch;
using event::Value;

namespace {

// [id name="value" ...][id2 ...] -> {"id": {"name": "value"}}; RFC 5424 section 6.3. The brackets were checked by
// parse_syslog_header(). At most 64 elements of 256 parameters are kept apart.
Value structured_data(std::string_view text, RecordBatch& batch) {
  constexpr std::size_t kMaxElements = 64;
  constexpr std::size_t kMaxParameters = 256;
  std::vector<Member> elements;
  std::vector<Member> parameters;
  std::size_t at = 0;
  while (at < text.size() && text[at] == '[' && elements.size() < kMaxElements) {
    ++at;
    const std::size_t id_begin = at;
    while (at < text.size() && text[at] != ' ' && text[at] != ']') ++at;
    const std::string_view id = text.substr(id_begin, at - id_begin);
    parameters.clear();
    while (at < text.size() && text[at] != ']') {
      while (at < text.size() && text[at] == ' ') ++at;
      const std::size_t name_begin = at;
      while (at < text.size() && text[at] != '=' && text[at] != ']' && text[at] != ' ') ++at;
      const std::string_view name = text.substr(name_begin, at - name_begin);
      if (at + 1 >= text.size() || text[at] != '=' || text[at + 1] != '"') {
        if (at < text.size() && text[at] != ']' && name.empty()) ++at;
        continue;
      }
      at += 2;
      const std::size_t begin = at;
      bool escaped = false;
      while (at < text.size() && text[at] != '"') {
        if (text[at] == '\\' && at + 1 < text.size()) {
          escaped = true;
          ++at;
        }
        ++at;
      }
      std::string_view value = text.substr(begin, std::min(at, text.size()) - begin);
      if (at < text.size()) ++at;
      if (escaped) {
        // Section 6.3.3: '"', '\' and ']' are escaped; a backslash before anything else is itself.
        char* to = batch.arena().allocate(value.size());
        std::size_t size = 0;
        for (std::size_t i = 0; i < value.size(); ++i) {
          if (value[i] == '\\' && i + 1 < value.size() &&
              (value[i + 1] == '"' || value[i + 1] == '\\' || value[i + 1] == ']'))
            ++i;
          to[size++] = value[i];
        }
        value = {to, size};
      }
      if (parameters.size() < kMaxParameters) parameters.push_back({name, Value::string(value)});
    }
    if (at < text.size()) ++at;
    elements.push_back({id, Value::object(batch.arena().copy_array<Member>(parameters))});
  }
  return Value::object(batch.arena().copy_array<Member>(elements));
}

// "CEF:0|" at the message's beginning, or after the text that some senders put before it.
std::size_t find_envelope(std::string_view message, std::string_view mark) {
  constexpr std::size_t kFarthest = 256;
  for (std::size_t at = message.substr(0, kFarthest).find(mark); at != std::string_view::npos;
       at = message.substr(0, kFarthest).find(mark, at + 1)) {
    const bool at_word =
        at == 0 || message[at - 1] == ' ' || message[at - 1] == ':' || message[at - 1] == ']' || message[at - 1] == '"';
    std::size_t digit = at + mark.size();
    if (digit < message.size() && message[digit] == ' ') ++digit;
    if (at_word && digit < message.size() && is_ascii_digit(message[digit])) return at;
  }
  return std::string_view::npos;
}

// Relays that read "CEF:" as the tag pass on what follows it: "0|vendor|product|version|id|name|severity|...". Gives
// how many bars there are before the first '=', when the text begins with a version.
std::size_t bars_of_cut_envelope(std::string_view message) {
  std::size_t at = 0;
  while (at < message.size() && at < 4 && (is_ascii_digit(message[at]) || message[at] == '.')) ++at;
  if (at == 0 || at >= message.size() || message[at] != '|') return 0;
  std::size_t bars = 0;
  for (; at < message.size() && message[at] != '='; ++at) {
    if (message[at] == '\\')
      ++at;
    else if (message[at] == '|')
      ++bars;
  }
  return at < message.size() ? bars : 0;
}

}  // namespace

LogSource log_source_of(std::string_view program, int facility) {
  const auto slash = program.rfind('/');
  const std::string_view app = program.substr(slash == std::string_view::npos ? 0 : slash + 1);
  if (app.empty()) return {};
  switch (app.front()) {
    case 's':
      if (app == "sshd" || app == "sshd-session" || app == "sshd-auth") return {"linux", "", "sshd"};
      if (app == "sudo") return {"linux", "", "sudo"};
      break;
    case 'C':
    case 'c':
      if (app == "cron" || app == "CRON" || app == "crond" || app == "crontab") return {"linux", "", "cron"};
      if (app == "clamd") return {"linux", "", "clamav"};
      break;
    case 'f':
      if (app == "freshclam") return {"linux", "", "clamav"};
      break;
    case 'g':
      if (app == "guacd") return {"linux", "", "guacamole"};
      break;
    case 'v':
      if (app == "vsftpd") return {"linux", "", "vsftpd"};
      break;
    default: break;
  }
  if (facility == 4 || facility == 10) return {"linux", "", "auth"};
  return {"linux", "", "syslog"};
}

void decode_syslog(const event::RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  auto& record = out.begin_record(origin);
  const SyslogHeader header = parse_syslog_header(origin.raw, origin.received_at, context.utc_offset);
  record.format = header.version > 0 ? "rfc5424" : "rfc3164";
  if (header.time) {
    record.time = *header.time;
    record.has_own_time = true;
  }
  if (!header.malformed.empty()) out.mark_malformed(header.malformed, header.malformed_at);

  if (header.priority >= 0) {
    out.set(field::facility, facility_name(header.priority / 8));
    out.set(field::severity, severity_name(header.priority % 8));
  }
  if (header.version > 0) out.set(field::version, Value::int64(header.version));
  if (!header.host.empty()) out.set(field::host_name, header.host);
  if (!header.app.empty()) out.set(field::app_name, header.app);
  if (!header.process_id.empty()) out.set(field::proc_id, header.process_id);
  if (!header.message_id.empty()) out.set(field::msg_id, header.message_id);
  if (!header.structured_data.empty()) out.set(field::structured_data, structured_data(header.structured_data, out));
  if (!header.relay.empty()) out.set(field::relay_host, header.relay);
  out.set(field::message, header.message);
  record.log_source = log_source_of(header.app, header.priority < 0 ? -1 : header.priority / 8);

  if (!header.malformed.empty() || header.message.empty()) {
    out.end_record();
    return;
  }
  const std::string_view message = header.message;
  const char first = message.front();
  if (is_ascii_digit(first) || first == ' ') {
    const std::string_view text = trim(message);
    const std::size_t bars = text.empty() || !is_ascii_digit(text.front()) ? 0 : bars_of_cut_envelope(text);
    if (bars >= 7 && text[1] == '|')
      decode_cef_payload(out.arena().concat("CEF:", text), out);
    else if (bars >= 5 && text[1] == '.')
      decode_leef_payload(out.arena().concat("LEEF:", text), out);
  }
  if (first != '{' && message.back() == '}') {
    // A few signs of some header of the sender's own, then an object: "-: {...}", "audit 7 {...}".
    if (const auto brace = message.substr(0, 96).find('{'); brace != std::string_view::npos)
      decode_json_payload(message.substr(brace), out);
  }
  if (first == '{') {
    decode_json_payload(message, out);
  } else if (message.starts_with("@cee:")) {  // https://www.rsyslog.com/doc, "Log Message Normalization"
    decode_json_payload(trim(message.substr(5)), out);
  } else if (first == 't' || first == 'n' || header.app == "audispd" || header.app == "audit" ||
             header.app == "auditd") {
    decode_auditd_payload(message, out);
  }
  // rsyslog writes the line ends that devices put behind their XML as "#015".
  std::string_view document = trim(message);
  while (document.ends_with("#015") || document.ends_with("#012") || document.ends_with("#000"))
    document = trim(document.substr(0, document.size() - 4));
  if (const auto xml = document.substr(0, 256).find('<'); xml != std::string_view::npos && document.ends_with('>')) {
    const std::string_view text = document.substr(xml);
    if (text.starts_with("<?xml") || text.starts_with("<Event") || text.starts_with("<EPO"))
      decode_xml_payload(text, out);
  }
  if (message.size() > 6) {
    if (const auto cef = find_envelope(message, "CEF:"); cef != std::string_view::npos)
      decode_cef_payload(message.substr(cef), out);
    else if (const auto leef = find_envelope(message, "LEEF:"); leef != std::string_view::npos)
      decode_leef_payload(message.substr(leef), out);
  }
  out.end_record();
}

}  // namespace yagura::formats
