// One JSON value a record; nested objects become dotted names (`userIdentity.arn`), arrays become lists.
//
// Numbers: int64 where they fit, double where they have a fraction or exponent, else (beyond int64) their digits as
// text. The same name twice: the last wins in Record::find(). Bounds: 32 levels (deeper values stay JSON text), 4,096
// fields a record and 65,536 values inside lists; beyond them the record is malformed with what was read so far.
// Ill-formed UTF-8 is repaired with U+FFFD. A value that is no object becomes the field Message. Splitting
// newline-delimited JSON is the caller's.
//
// Total: one Record, malformed() when the text is no JSON. The time is that of the first of TimeGenerated, @timestamp,
// eventTime, timestamp, time ... that is one. Any thread (a parser is kept for each).
#pragma once
#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

void decode_json(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// Adds the fields of a JSON object in `text` to the current record; nothing, and false, when it is no JSON object.
bool decode_json_payload(std::string_view text, event::RecordBatch& out);

// A Splunk HTTP Event Collector event, {"event": ..., "time": ..., "host": ..., "source": ..., "sourcetype": ...,
// "index":
// ..., "fields": {...}}. An object in "event" gives its own fields, a text is decoded as syslog or JSON would be or
// becomes Message; the envelope's keys become hec.host, hec.source, hec.sourcetype, hec.index, and those of "fields"
// fields. https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
void decode_hec_event(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

}  // namespace yagura::formats
