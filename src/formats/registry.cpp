#include "formats/registry.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "event/event_time.hpp"
#include "formats/auditd.hpp"
#include "formats/aws.hpp"
#include "formats/cef.hpp"
#include "formats/fields.hpp"
#include "formats/journald.hpp"
#include "formats/json.hpp"
#include "formats/leef.hpp"
#include "formats/separated.hpp"
#include "formats/windows_cef.hpp"
#include "formats/windows_event.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::RecordOrigin;

namespace {

void decode_windows(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  decode_windows_xml(origin, out);
}

void decode_auto(const RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  const auto first = origin.raw.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos &&
                    (origin.raw[first] == '{' || origin.raw.substr(first).starts_with("\xEF\xBB\xBF{"));
  if (first != std::string_view::npos &&
      (origin.raw.substr(first).starts_with("<Event ") || origin.raw.substr(first).starts_with("<Event>")))
    return decode_windows_xml(origin, out);
  (json ? decode_json : decode_syslog)(origin, context, out);
}

void decode_text(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  out.begin_record(origin).format = "text";
  out.set(field::message, origin.raw);
  out.end_record();
}

void decode_auditd(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  out.begin_record(origin).format = "auditd";
  out.set(field::message, origin.raw);
  if (!decode_auditd_payload(origin.raw, out)) out.mark_malformed("no audit record", 0);
  out.end_record();
}

// A Windows event gets its native fields, whoever sent it.
void complete(RecordBatch& out) {
  if (out.empty() || !out.headers().back().malformed.empty()) return;
  out.resume_record();
  if (!restore_windows_event(out)) complete_windows_event(out);
  out.end_record();
}

// One record for each line that is not empty, and at least one.
void decode_lines(const RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  std::string_view rest = origin.raw;
  RecordOrigin line = origin;
  std::uint32_t index = 0;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view text = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) continue;
    line.raw = text;
    line.index_in_entry = origin.index_in_entry + index++;
    decode_auto(line, context, out);
    complete(out);
  }
  if (index == 0) decode_text(origin, context, out);
}

// "host=web1&sourcetype=x", percent-encoded: what the source was told beside the line.
void add_what_the_source_knows(std::string_view query, const SyslogContext& context, RecordBatch& out) {
  static const std::array<std::pair<std::string_view, event::FieldId>, 6> known{{
      {"host", event::intern_field("hec.host")},
      {"source", event::intern_field("hec.source")},
      {"sourcetype", event::intern_field("hec.sourcetype")},
      {"index", event::intern_field("hec.index")},
      {"pack", event::intern_field("pack.use")},
      {"table", event::intern_field("source.table")},
  }};
  out.resume_record();
  for (const auto pair : split(query, '&')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = out.arena().copy(percent_decode(pair.substr(equals + 1)));
    for (const auto& [name, id] : known)
      if (pair.substr(0, equals) == name) out.set(id, value);
    if (pair.substr(0, equals) == "reason" && !out.current().malformed.empty()) out.mark_malformed(value, 0);
    if (pair.substr(0, equals) != "time") continue;
    auto& record = out.current();
    if (const auto time = event::parse_event_time(value, {record.origin.received_at, context.utc_offset});
        time && !record.has_own_time) {
      record.time = *time;
      record.has_own_time = true;
    }
  }
  out.end_record();
}

// What a source could not read, with its reason beside it.
void decode_unreadable(const RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  out.begin_record(origin).format = "unreadable";
  out.set(field::message, origin.raw);
  out.mark_malformed("its source could not read it", 0);
  out.end_record();
}

constexpr std::array<Format, 17> kFormats{{
    {"auto", "JSON by its brace, else syslog and what is inside of it", decode_auto},
    {"syslog", "RFC 5424 and RFC 3164, with CEF, LEEF, JSON or audit records inside", decode_syslog},
    {"cef", "ArcSight Common Event Format, bare or in syslog", decode_cef},
    {"leef", "IBM QRadar Log Event Extended Format, bare or in syslog", decode_leef},
    {"json", "one JSON object", decode_json},
    {"hec-event", "one event of a Splunk HTTP Event Collector", decode_hec_event},
    {"hec-raw", "lines sent to a Splunk HTTP Event Collector's /raw", decode_lines},
    {"journald", "an entry of systemd's journal as JSON", decode_journald},
    {"auditd", "one record of the Linux audit log", decode_auditd},
    {"tsv", "a line of a tab separated file whose columns the source knows", decode_tab_separated},
    {"windows-xml", "one <Event> of a Windows event log as XML", decode_windows},
    {"text", "a line that is kept as it is", decode_text},
    {"aws-flow", "a line of a VPC flow log whose fields the source knows", decode_aws_flow},
    {"aws-cloudwatch", "a document of a CloudWatch Logs subscription, or one of its events", decode_aws_cloudwatch},
    {"aws-s3-access", "a line of S3's server access log", decode_aws_s3_access},
    {"aws-elb", "a line of a load balancer's access log: application, network or classic", decode_aws_elb},
    {"unreadable", "what a source has set aside", decode_unreadable},
}};

}  // namespace

std::span<const Format> all_formats() { return kFormats; }

const Format* find_format(std::string_view name) {
  for (const auto& format : kFormats)
    if (format.name == name) return &format;
  return nullptr;
}

void decode(std::string_view hint, const RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  const auto question = hint.find('?');
  const Format* format = find_format(hint.substr(0, question));
  const std::size_t before = out.size();
  if (question != std::string_view::npos && hint.starts_with("aws-")) {
    SyslogContext told = context;
    told.columns = hint.substr(question + 1);
    (format != nullptr ? format->decode : decode_auto)(origin, told, out);
  } else {
    (format != nullptr ? format->decode : decode_auto)(origin, context, out);
  }
  if (out.size() == before + 1) complete(out);
  if (question != std::string_view::npos && out.size() == before + 1)
    add_what_the_source_knows(hint.substr(question + 1), context, out);
}

}  // namespace yagura::formats
