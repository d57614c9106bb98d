// Lines of files whose header names the columns: tab separated (Zeek, W3C) and comma separated.
//
// The columns come from the source, which saw the header (SyslogContext::columns, separated as the lines are); each
// value becomes a field of its column's name. "-" and "(empty)" of tab separated files are no values. Without columns
// the line is malformed. Total, stateless, any thread. https://docs.zeek.org/en/master/log-formats.html
#pragma once
#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

void decode_tab_separated(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

}  // namespace yagura::formats
