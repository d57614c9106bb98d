// An EVTX file as an EventSource: read to its end, then followed as it grows.
//
// Which records are new is told by their numbers in the headers of chunks, never by places in the file: a full log writes
// over its oldest chunk, a file copied while Windows writes to it (dirty) has a header that is behind its chunks. A chunk
// that is being written just now (its checksum is wrong, the file changed a moment ago) is read again later; once the file
// is quiet, what can be read of it is taken and the rest counted as unreadable. Numbers that begin anew, or another file
// under the path, are a log that was cleared or turned over.
//
// Bookmark: "evtx:<device>:<inode>:<last record>".
#pragma once
#include <chrono>
#include <memory>

#include "winlog/event_source.hpp"

namespace yagura::winlog {

struct EvtxSourceOptions {
  std::chrono::milliseconds settle{3'000};  // a damaged chunk counts as damaged once the file has not changed for this long
};
std::unique_ptr<EventSource> make_evtx_source(EvtxSourceOptions options = {});

}  // namespace yagura::winlog
