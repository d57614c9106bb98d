#include "formats/json.hpp"

#include "base/text.hpp"
#include "event/event_time.hpp"
#include "formats/fields.hpp"
#include "formats/json_reader.hpp"
#include "formats/xml.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::Value;

namespace {

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return trim(text);
}

// The fields of one object; `why` is set when it is not one or breaks off.
bool read_document(std::string_view text, RecordBatch& out, std::string_view& why) {
  thread_local JsonReader reader;
  why = reader.read(text, out);
  return why.empty();
}

// Azure and some collectors wrap a Windows event's XML into a field of their JSON: its fields are the event's.
void read_wrapped_xml(RecordBatch& out) {
  const auto fields = out.current_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view text = fields[i].value.as_string();
    if (text.size() > 64 && text.starts_with("<Event")) {
      const std::string_view format = out.current().format;
      decode_xml_payload(text, out);
      out.current().format = format;
      return;
    }
  }
}

std::span<const event::FieldId> time_fields() {
  static const std::array<event::FieldId, 16> fields{event::intern_field("TimeGenerated"),
                                                     event::intern_field("@timestamp"),
                                                     event::intern_field("eventTime"),
                                                     event::intern_field("timestamp"),
                                                     event::intern_field("time"),
                                                     event::intern_field("Timestamp"),
                                                     event::intern_field("EventTime"),
                                                     event::intern_field("CreationTime"),
                                                     event::intern_field("createdDateTime"),
                                                     event::intern_field("published"),
                                                     event::intern_field("event_time"),
                                                     event::intern_field("eventTimestamp"),
                                                     event::intern_field("ts"),
                                                     event::intern_field("datetime"),
                                                     event::intern_field("createdAt"),
                                                     event::intern_field("created_at")};
  return fields;
}

}  // namespace

bool decode_json_payload(std::string_view text, RecordBatch& out) {
  const std::size_t before = out.current_fields().size();
  std::string_view why;
  if (read_document(text, out, why)) {
    out.current().format = "json";
    return true;
  }
  out.drop_current_fields_after(before);
  return false;
}

void decode_json(const event::RecordOrigin& origin, const SyslogContext&, RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "json";
  const std::string_view text = without_mark(origin.raw);
  std::string_view why;
  if (!read_document(text, out, why)) {
    out.set(field::message, text);
    out.mark_malformed(why, 0);
  } else {
    read_wrapped_xml(out);
  }
  event::take_time_from(time_fields(), out);
  out.end_record();
}

void decode_hec_event(const event::RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  // First as any JSON: event.*, time, host ... Then the envelope is taken off.
  auto& header = out.begin_record(origin);
  header.format = "hec";
  const std::string_view text = without_mark(origin.raw);
  std::string_view why;
  if (!read_document(text, out, why)) {
    out.reset_current_fields();
    out.set(field::message, text);
    out.mark_malformed(why, 0);
    out.end_record();
    return;
  }
  const auto read = out.current_fields();
  const std::vector<event::Field> fields(read.begin(), read.end());
  out.reset_current_fields();

  static const event::FieldId hec_host = event::intern_field("hec.host");
  static const event::FieldId hec_source = event::intern_field("hec.source");
  static const event::FieldId hec_sourcetype = event::intern_field("hec.sourcetype");
  static const event::FieldId hec_index = event::intern_field("hec.index");
  std::string_view event_text;
  bool has_event = false;
  std::optional<EventTime> time;
  for (const auto& [id, name, value] : fields) {
    if (name == "host")
      out.set(hec_host, value);
    else if (name == "source")
      out.set(hec_source, value);
    else if (name == "sourcetype")
      out.set(hec_sourcetype, value);
    else if (name == "index")
      out.set(hec_index, value);
    else if (name == "time")
      time = value.is_string() || !value.is_null()
                 ? event::event_time_of(value, {origin.received_at, context.utc_offset})
                 : std::nullopt;
    else if (name == "event") {
      has_event = true;
      if (value.is_string())
        event_text = value.as_string();
      else
        out.set(field::message, value);
    } else if (name.starts_with("event.")) {
      has_event = true;
      out.set_foreign(name.substr(6), value);
    } else if (name.starts_with("fields.")) {
      out.set_foreign(name.substr(7), value);
    }
  }
  if (!has_event) out.mark_malformed("HEC event without \"event\"", 0);
  if (!event_text.empty()) {
    out.set(field::message, event_text);
    if (trim(event_text).starts_with('{')) decode_json_payload(trim(event_text), out);
    if (trim(event_text).starts_with("<Event")) {
      decode_xml_payload(trim(event_text), out);
      out.current().format = "hec";
    }
  }
  event::take_time_from(time_fields(), out);
  if (time) {
    out.current().time = *time;
    out.current().has_own_time = true;
  }
  out.end_record();
}

}  // namespace yagura::formats
