// ArcSight's Common Event Format, bare or after a syslog header.
//
//   CEF:0|vendor|product|version|event class|name|severity|key=value key=value with blanks ...
//
// The header's parts become CEFVersion, DeviceVendor, DeviceProduct, DeviceVersion, DeviceEventClassID, Activity and
// LogSeverity (Microsoft Sentinel's names), each key of the extension a field of its own name with the unescaped value:
// cs1 and cs1Label stay apart. A key is [A-Za-z0-9_.[]-]+ after a blank and before an unescaped '='.
// Total; views point into the raw text or the batch's arena. Stateless, so any thread may call it.
// ArcSight "Implementing Common Event Format", revision 25, chapter 1.
#pragma once
#include <string>

#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

// One Record; malformed when the line is no CEF.
void decode_cef(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// Sets the fields of a text that begins with "CEF:" on the batch's current record. False, and a malformed record,
// when its header is none.
bool decode_cef_payload(std::string_view text, event::RecordBatch& out);

// The keys and values after the header, "key=value key=value with blanks ...".
void decode_cef_extension(std::string_view text, event::RecordBatch& out);

// A bare CEF line of the record's CEF fields; missing header parts are empty. Line breaks are escaped in the extension
// and blanks in the header, so the line is safe to frame by line feed. Fields of a syslog header are left out.
std::string encode_cef(const event::Record& record);
// Parts for encoders of other records.
void append_cef_header_value(std::string& out, std::string_view value);
void append_cef_extension(std::string& out, std::string_view key, std::string_view value);  // with a blank before it

}  // namespace yagura::formats
