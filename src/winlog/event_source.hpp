// One Windows event log, wherever it is: a file on any system, or a channel of the Windows Event Log on Windows.
//
//   TRY(source->open("Security", "*[System[(Level<=3)]]", bookmark));
//   while (auto group = TRY(source->next(Deadline::in(1s))); !group.events.empty()) { keep(group); source->ack(group.bookmark); }
//
// Each record comes once: open() goes on behind the bookmark, which is next()'s of the last group that was kept. A record
// that cannot be had any more is counted, never left out in silence. One thread. This header and winevt_source.* are also
// compiled for Windows: no POSIX in them.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace yagura::winlog {

struct LoggedEvent {
  std::uint64_t record = 0;  // its number in the log
  std::string xml;           // <Event ...>...</Event>
};

struct EventGroup {
  std::vector<LoggedEvent> events;
  std::string bookmark;               // behind these; "" when nothing was scanned
  std::uint64_t first = 0, last = 0;  // record numbers scanned, with what was filtered or lost; 0: none
  std::uint64_t filtered = 0;         // by the query
  std::map<std::string, std::uint64_t> lost;  // "rollover": overwritten before we came; "unreadable"
  bool restarted = false;             // the log was cleared, and its numbers begin anew with this group

  bool empty() const { return bookmark.empty(); }
};

class EventSource {
 public:
  virtual ~EventSource() = default;
  // `channel`: any name that the system knows, or a file's path. `xpath`: "" or "*" for all. `bookmark`: "" from the
  // oldest, "end" only what comes from now on. Errors: not_found, permission_denied, invalid_input (the query).
  virtual Result<> open(std::string_view channel, std::string_view xpath, std::string_view bookmark) = 0;
  // Some of what is new, at most a few hundred events; an empty group when there was nothing until the deadline.
  virtual Result<EventGroup> next(Deadline deadline) = 0;
  // Everything up to the bookmark is kept: the source may let go of it.
  virtual Result<> ack(std::string_view bookmark) = 0;
};

// What <System> says, taken from an event's XML as Windows writes it; "" or 0 for what is not there.
struct SystemFields {
  std::string channel, computer, time;
  std::uint64_t record = 0;
};
SystemFields read_system(std::string_view xml);

}  // namespace yagura::winlog
