// Names of the fields that the syslog, CEF and LEEF decoders set; docs/formats/ says what each holds.
#pragma once
#include "event/field.hpp"

namespace yagura::formats::field {

using event::intern_field;

// Of a syslog header.
inline const event::FieldId facility = intern_field("Facility");  // "auth", "local0" ...
inline const event::FieldId severity = intern_field("Severity");  // "crit", "info" ...
inline const event::FieldId version = intern_field("SyslogVersion");
inline const event::FieldId host_name = intern_field("HostName");
inline const event::FieldId app_name = intern_field("AppName");
inline const event::FieldId proc_id = intern_field("ProcID");
inline const event::FieldId msg_id = intern_field("MsgID");
inline const event::FieldId structured_data = intern_field("StructuredData");
inline const event::FieldId relay_host = intern_field("RelayHost");
inline const event::FieldId message = intern_field("Message");

// Of a CEF or LEEF header, as Microsoft Sentinel calls them.
inline const event::FieldId cef_version = intern_field("CEFVersion");
inline const event::FieldId leef_version = intern_field("LEEFVersion");
inline const event::FieldId device_vendor = intern_field("DeviceVendor");
inline const event::FieldId device_product = intern_field("DeviceProduct");
inline const event::FieldId device_version = intern_field("DeviceVersion");
inline const event::FieldId device_event_class_id = intern_field("DeviceEventClassID");
inline const event::FieldId activity = intern_field("Activity");
inline const event::FieldId log_severity = intern_field("LogSeverity");

}  // namespace yagura::formats::field
