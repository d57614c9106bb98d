// IBM QRadar's Log Event Extended Format, 1.0 and 2.0, bare or after a syslog header.
//
//   LEEF:1.0|vendor|product|version|event id|key=value<TAB>key=value
//   LEEF:2.0|vendor|product|version|event id|delimiter|key=value...     delimiter: a character, xHH, 0xHH, or empty for
//   TAB
//
// Header parts become LEEFVersion, DeviceVendor, DeviceProduct, DeviceVersion, DeviceEventClassID; each key a field.
// Total; views point into the raw text. Stateless, so any thread may call it.
// "LEEF event components", IBM QRadar documentation.
#pragma once
#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

void decode_leef(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);
// Sets the fields of a text that begins with "LEEF:" on the batch's current record.
bool decode_leef_payload(std::string_view text, event::RecordBatch& out);

}  // namespace yagura::formats
