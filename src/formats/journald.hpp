// Entries of systemd's journal as JSON (journalctl -o json): the header's fields become those of a syslog message, so
// that they are rows of Syslog beside those of rsyslog; all of the entry's own fields (_UID, _EXE, _CMDLINE ...) are
// fields too.
//
// Total, any thread. systemd.journal-fields(7).
#pragma once
#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

void decode_journald(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

}  // namespace yagura::formats
