// What the encoders share: who and when, priorities, levels, and the names that Windows shows. Private to encode_*.cpp.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/windows_view.hpp"
#include "forward/encoder.hpp"

namespace yagura::forward::encode {

// The record's host: Computer, HostName, or the context's. Never empty: "-" when nobody says.
std::string_view host_of(const event::Record& record, const EncodeContext& context);
// The event's time, or the context's when it has none, in 100 ns since 1970.
std::int64_t time_of(const event::Record& record, const EncodeContext& context);
// "<84>Nov 22 08:00:00 host " (RFC 3164 section 4.1), local time.
void append_rfc3164_header(std::string& out, Priority priority, const event::Record& record,
                           const EncodeContext& context, bool short_host);
// "<84>1 2026-11-22T08:00:00.123456Z host app proc msgid " (RFC 5424 section 6), UTC.
void append_rfc5424_header(std::string& out, Priority priority, const event::Record& record,
                           const EncodeContext& context, std::string_view app, std::string_view process,
                           std::string_view message_id);

// The reference's table of levels: 0 undefined, 1 critical, 2 error, 3 warning, 4 information, 5 verbose.
struct LevelRow {
  std::uint8_t syslog;  // PRI's severity
  std::uint8_t cef;
};
LevelRow level_row(std::int64_t windows_level);
// CEF's severity of what came with a syslog severity, by the same table.
std::uint8_t cef_severity(std::uint8_t syslog_severity);

// The names beside a Windows event, its own when a shipper rendered them.
struct WindowsNames {
  std::string task_name;      // never empty: "None", "(13)" as the Event Viewer shows what it has no name for
  std::string task_category;  // "" when unknown
  std::string opcode_name;
  std::string keyword_names;
  std::string keywords;  // 0x8020000000000000
  std::string description;
};
WindowsNames windows_names(const event::Record& record, const formats::WindowsEventView& view);

// One view per thread, looking at `record`.
const formats::WindowsEventView& view_of(const event::Record& record);

// Cuts `text` to at most `most` bytes at the beginning of a character.
std::string_view cut_text(std::string_view text, std::size_t most);
// Line breaks become blanks, so that a message can be framed by them.
void append_one_line(std::string& out, std::string_view text);
// A name as a key of CEF and LEEF: letters, digits, '_', '.', '-'; others are left out.
std::string key_of(std::string_view name);

std::unique_ptr<Encoder> make_cef_encoder(const EncoderSettings& settings);
std::unique_ptr<Encoder> make_rfc5424_encoder(const EncoderSettings& settings);
std::unique_ptr<Encoder> make_json_encoder(const EncoderSettings& settings);
std::unique_ptr<Encoder> make_leef_encoder(const EncoderSettings& settings);

}  // namespace yagura::forward::encode
