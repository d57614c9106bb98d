#include "formats/journald.hpp"

#include "base/text.hpp"
#include "event/event_time.hpp"
#include "formats/auditd.hpp"
#include "formats/fields.hpp"
#include "formats/json.hpp"

namespace yagura::formats {

using event::FieldId;
using event::RecordBatch;
using event::Value;

namespace {

const FieldId kMessage = event::intern_field("MESSAGE");
const FieldId kPriority = event::intern_field("PRIORITY");
const FieldId kFacility = event::intern_field("SYSLOG_FACILITY");
const FieldId kIdentifier = event::intern_field("SYSLOG_IDENTIFIER");
const FieldId kSyslogPid = event::intern_field("SYSLOG_PID");
const FieldId kComm = event::intern_field("_COMM");
const FieldId kPid = event::intern_field("_PID");
const FieldId kHostName = event::intern_field("_HOSTNAME");
const FieldId kTransport = event::intern_field("_TRANSPORT");
const FieldId kSourceTime = event::intern_field("_SOURCE_REALTIME_TIMESTAMP");
const FieldId kTime = event::intern_field("__REALTIME_TIMESTAMP");

// A value that is not UTF-8 comes as the list of its bytes.
std::string_view text_of(const Value& value, RecordBatch& batch) {
  if (value.is_string()) return value.as_string();
  if (value.kind() == Value::Kind::int64) return batch.arena().copy(fmt::format_int(value.as_int64()).c_str());
  const auto items = value.as_list();
  if (items.empty()) return {};
  char* to = batch.arena().allocate(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) to[i] = static_cast<char>(items[i].as_int64());
  return {to, items.size()};
}

}  // namespace

void decode_journald(const event::RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  decode_json(origin, context, out);
  out.resume_record();
  if (!out.current().malformed.empty()) {
    out.end_record();
    return;
  }
  const auto read = out.current_fields();
  const std::vector<event::Field> own(read.begin(), read.end());
  const auto text = [&](FieldId id) {
    for (const auto& f : own)
      if (f.id == id) return text_of(f.value, out);
    return std::string_view();
  };
  const auto number = [&](FieldId id) { return parse_int64(text(id)).value_or(-1); };
  out.reset_current_fields();
  const std::int64_t priority = number(kPriority);
  const std::int64_t facility = number(kFacility);
  const bool kernel = text(kTransport) == "kernel";
  std::string_view app = text(kIdentifier);
  if (app.empty()) app = text(kComm);
  std::string_view pid = text(kSyslogPid);
  if (pid.empty()) pid = text(kPid);
  if (facility >= 0 && facility < 24)
    out.set(field::facility, facility_name(static_cast<int>(facility)));
  else
    out.set(field::facility, std::string_view(kernel ? "kern" : "user"));
  if (priority >= 0 && priority < 8) out.set(field::severity, severity_name(static_cast<int>(priority)));
  if (const auto host = text(kHostName); !host.empty()) out.set(field::host_name, host);
  if (!app.empty()) out.set(field::app_name, app);
  if (!pid.empty()) out.set(field::proc_id, pid);
  const std::string_view message = text(kMessage);
  out.set(field::message, message);
  for (const auto& f : own)
    if (f.id != kMessage) out.set_foreign(f.name, f.value);
  auto& record = out.current();
  record.format = "journald";
  record.log_source = log_source_of(app, facility >= 0 ? static_cast<int>(facility) : -1);
  // When the program wrote it, else when the journal took it; both in microseconds.
  for (const FieldId id : {kSourceTime, kTime}) {
    if (const auto time = event::parse_event_time(text(id), {})) {
      record.time = *time;
      record.has_own_time = true;
      break;
    }
  }
  if (message.starts_with("type=") || message.starts_with("audit")) {
    decode_auditd_payload(message, out);
    record.format = "journald";
  }
  out.end_record();
}

}  // namespace yagura::formats
