// Records of the Linux audit system: "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 ...".
//
// Each key becomes a field of its own name, quotes taken off; values that the kernel writes in hex because of blanks or
// quotes in them (comm, exe, name, cwd, proctitle, acct, a0.. of EXECVE ...) are decoded; the keys inside msg='...' of
// user space records are fields too. audit.time and audit.serial name the event that several records share. Any thread.
// https://github.com/linux-audit/audit-documentation, "Audit Event Fields".
#pragma once
#include "event/record.hpp"

namespace yagura::formats {

// Adds the fields to the current record when `text` (or what follows "node=...") is an audit record.
bool decode_auditd_payload(std::string_view text, event::RecordBatch& out);

}  // namespace yagura::formats
