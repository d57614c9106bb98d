// All decoders by name, and the one call that a pipeline makes for each journal entry.
//
//   formats::decode("syslog", {.raw = entry.bytes, .peer = ..., .received_at = ..., .position = ...}, {}, batch);
//
// Total: exactly one Record for an entry (one per line for "hec-raw" and "lines"); what cannot be explained is
// malformed() with the whole text in Message. origin.raw must live as long as the batch. Any thread, one batch at a
// time.
#pragma once
#include <span>
#include <string_view>

#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

using Decoder = void (*)(const event::RecordOrigin&, const SyslogContext&, event::RecordBatch&);

struct Format {
  std::string_view name;  // as a source's hint and settings call it
  std::string_view summary;
  Decoder decode;
};

std::span<const Format> all_formats();
const Format* find_format(std::string_view name);

// A hint may go on with what the source knows beside the line, percent-encoded: "hec-raw?host=web1&index=App_CL" (host,
// source, sourcetype, index, time: fields hec.host ...), "syslog?pack=fortinet_fortigate" (the device pack to use,
// field pack.use). An unknown or empty hint is "auto": JSON by its brace, everything else as syslog, with what is
// inside of it.
void decode(std::string_view hint, const event::RecordOrigin& origin, const SyslogContext& context,
            event::RecordBatch& out);

}  // namespace yagura::formats
