// RFC 5424 and RFC 3164 messages, the latter as it is written in the wild. Framing (RFC 6587) is net's.
//
// Total: every line gives exactly one Record. What no grammar explains stays in Message, and malformed() names the
// byte where we stopped. A text without any header is well-formed: RFC 3164 section 4.3.3 makes it the content.
// What follows the header is looked at as well: CEF, LEEF, JSON and audit records become fields of their own.
// Views point into the origin's raw text: it must live as long as the batch. Stateless, so any thread may call it.
// Fields and dialects: docs/formats/syslog.md.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "event/record.hpp"

namespace yagura::formats {

struct SyslogContext {
  std::chrono::minutes utc_offset{0};  // of senders that do not say their zone
  std::string_view columns;            // of separated files: the header's names, separated as the lines are
};

void decode_syslog(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// The header alone, for encoders, tests and whoever needs no Record. Views into `line`.
struct SyslogHeader {
  int priority = -1;  // -1: none
  int version = 0;    // 1 for RFC 5424
  std::optional<EventTime> time;
  std::string_view host;
  std::string_view app;
  std::string_view process_id;
  std::string_view message_id;
  std::string_view structured_data;  // "[...][...]" unparsed; "" for none
  std::string_view relay;            // who passed it on, when a second header tells
  std::string_view message;
  std::string_view malformed;  // why, "" when well-formed
  std::size_t malformed_at = 0;
};
SyslogHeader parse_syslog_header(std::string_view line, ReceiveTime received_at, std::chrono::minutes utc_offset);

// The record as an RFC 5424 message: header and structured data from its syslog fields ("-" for what it has not;
// characters that a header field may not hold become '?'), then the text of Message. Without Facility and Severity it
// is user.notice. The time is the record's. Decoding it gives the same fields again, as long as the header's words fit
// the RFC's lengths.
std::string encode_syslog(const event::Record& record);

// What Sigma's rules for Linux call the source of a message: https://sigmahq.io/docs, "Log sources". -1: no facility.
event::LogSource log_source_of(std::string_view app, int facility);

// "kern" .. "local7" and "emerg" .. "debug", as Microsoft Sentinel and rsyslog write them.
std::string_view facility_name(int facility);  // 0..23
std::string_view severity_name(int severity);  // 0..7
std::optional<int> facility_number(std::string_view name);
std::optional<int> severity_number(std::string_view name);  // also warn, error, panic

}  // namespace yagura::formats
