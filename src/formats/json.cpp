#include "formats/json.hpp"

#include <simdjson.h>

#include "base/text.hpp"
#include "event/event_time.hpp"
#include "formats/fields.hpp"
#include "formats/xml.hpp"

namespace yagura::formats {

using event::Member;
using event::RecordBatch;
using event::Value;
namespace ondemand = simdjson::ondemand;

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxFields = 4096;
constexpr std::size_t kMaxListValues = 65'536;
constexpr std::size_t kMaxNameSize = 1024;

// Reads one document into fields of the current record.
class Reader {
 public:
  explicit Reader(RecordBatch& batch) : batch_(batch) {}

  std::string_view why() const { return why_; }

  // Fields of the object, each name after `prefix`. False when the text breaks off or a bound is hit.
  bool read_object(ondemand::object object, std::string_view prefix, int depth) {
    for (auto field : object) {
      std::string_view key;
      if (field.error() || !read_key(field, key)) return broken();
      const std::string_view name = prefix.empty() ? key : batch_.arena().concat(prefix, ".", key);
      if (name.size() > kMaxNameSize) return stop("a JSON name is longer than 1,024 bytes");
      ondemand::value value;
      if (field.value().get(value)) return broken();
      ondemand::json_type type{};
      if (value.type().get(type)) return broken();
      if (type == ondemand::json_type::object && depth < kMaxDepth) {
        ondemand::object inner;
        bool empty = false;
        if (value.get_object().get(inner) || inner.is_empty().get(empty)) return broken();
        if (empty) {
          if (!set(name, Value::object({}))) return false;
        } else if (!read_object(inner, name, depth + 1)) {
          return false;
        }
        continue;
      }
      Value read;
      if (!read_value(value, type, depth, read) || !set(name, read)) return false;
    }
    return true;
  }

  bool read_value(ondemand::value value, ondemand::json_type type, int depth, Value& out) {
    switch (type) {
      case ondemand::json_type::string: return read_string(value, out);
      case ondemand::json_type::number: return read_number(value, out);
      case ondemand::json_type::boolean: {
        bool truth = false;
        if (value.get_bool().get(truth)) return broken();
        out = Value::boolean(truth);
        return true;
      }
      case ondemand::json_type::null: {
        bool null = false;
        if (value.is_null().get(null) || !null) return broken();
        out = Value::null();
        return true;
      }
      case ondemand::json_type::array: {
        if (depth >= kMaxDepth) return read_raw(value, out);
        ondemand::array array;
        if (value.get_array().get(array)) return broken();
        const std::size_t first = values_.size();
        for (auto item : array) {
          ondemand::value inner;
          ondemand::json_type inner_type{};
          if (item.get(inner) || inner.type().get(inner_type)) return broken();
          Value read;
          if (!read_value(inner, inner_type, depth + 1, read)) return false;
          if (++list_values_ > kMaxListValues) return stop("more than 65,536 values in JSON lists");
          values_.push_back(read);
        }
        out = Value::list(batch_.arena().copy_array<Value>(std::span<const Value>(values_).subspan(first)));
        values_.resize(first);
        return true;
      }
      case ondemand::json_type::object: {
        if (depth >= kMaxDepth) return read_raw(value, out);
        ondemand::object object;
        if (value.get_object().get(object)) return broken();
        const std::size_t first = members_.size();
        for (auto field : object) {
          std::string_view key;
          ondemand::value inner;
          ondemand::json_type inner_type{};
          if (field.error() || !read_key(field, key) || field.value().get(inner) || inner.type().get(inner_type))
            return broken();
          Value read;
          if (!read_value(inner, inner_type, depth + 1, read)) return false;
          if (++list_values_ > kMaxListValues) return stop("more than 65,536 values in JSON lists");
          members_.push_back({key, read});
        }
        out = Value::object(batch_.arena().copy_array<Member>(std::span<const Member>(members_).subspan(first)));
        members_.resize(first);
        return true;
      }
    }
    return broken();
  }

 private:
  bool stop(std::string_view why) {
    if (why_.empty()) why_ = why;
    return false;
  }
  bool broken() { return stop("not valid JSON"); }

  bool set(std::string_view name, Value value) {
    if (++fields_ > kMaxFields) return stop("more than 4,096 fields in a JSON object");
    batch_.set_foreign(name, value);
    return true;
  }

  // The parser reads a copy of the text that lies in our arena, so what has no escapes is where it belongs already.
  static std::optional<std::string_view> plain_text(const char* begin) {
    const char* at = begin;
    while (*at != '"' && *at != '\\') ++at;  // stage 1 made sure that each string is closed
    if (*at == '\\') return std::nullopt;
    return std::string_view(begin, static_cast<std::size_t>(at - begin));
  }

  bool read_key(simdjson::simdjson_result<ondemand::field>& field, std::string_view& key) {
    ondemand::raw_json_string raw;
    if (field.key().get(raw)) return false;
    if (const auto plain = plain_text(raw.raw())) {
      key = *plain;
      return true;
    }
    std::string_view text;
    if (field.unescaped_key().get(text)) return false;
    key = batch_.arena().copy(text);
    return true;
  }

  bool read_string(ondemand::value& value, Value& out) {
    ondemand::raw_json_string raw;
    const std::string_view token = value.raw_json_token();
    if (token.size() > 1) {
      if (const auto plain = plain_text(token.data() + 1)) {
        if (value.get_raw_json_string().get(raw)) return broken();
        out = Value::string(*plain);
        return true;
      }
    }
    std::string_view text;
    if (value.get_string().get(text)) {
      // An escape that is none, such as half a surrogate pair: the text as it was sent.
      std::string_view as_sent = trim(token);
      if (as_sent.size() < 2 || as_sent.back() != '"') return broken();
      out = Value::string(as_sent.substr(1, as_sent.size() - 2));
      return true;
    }
    out = Value::string(batch_.arena().copy(text));
    return true;
  }

  bool read_number(ondemand::value& value, Value& out) {
    const std::string_view token = trim(value.raw_json_token());
    ondemand::number number;
    if (value.get_number().get(number)) {
      // Beyond 64 bits: the digits are worth more than a rounded double.
      std::string_view digits = token;
      if (digits.starts_with('-')) digits.remove_prefix(1);
      if (digits.size() < 19 || digits.size() > 4096) return broken();
      for (const char c : digits)
        if (!is_ascii_digit(c)) return broken();
      out = Value::string(token);
      return true;
    }
    if (number.is_int64())
      out = Value::int64(number.get_int64());
    else if (number.is_double())
      out = Value::real(number.get_double());
    else
      out = Value::string(token);
    return true;
  }

  bool read_raw(ondemand::value& value, Value& out) {
    std::string_view text;
    if (simdjson::to_json_string(value).get(text)) return broken();
    out = Value::string(trim(text));
    return true;
  }

  RecordBatch& batch_;
  std::string_view why_;
  std::size_t fields_ = 0;
  std::size_t list_values_ = 0;
  std::vector<Value> values_;
  std::vector<Member> members_;
};

// Copies `text` with simdjson's padding into the arena, so strings without escapes need no further copy.
simdjson::padded_string_view padded_copy(std::string_view text, RecordBatch& batch) {
  char* to = batch.arena().allocate(text.size() + simdjson::SIMDJSON_PADDING);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  std::memset(to + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(to, text.size(), text.size() + simdjson::SIMDJSON_PADDING);
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return trim(text);
}

// Calls use(document); false when the text is no JSON at all.
template <class Use>
bool with_document(std::string_view text, RecordBatch& batch, Use&& use) {
  thread_local ondemand::parser parser;
  ondemand::document document;
  auto error = parser.iterate(padded_copy(text, batch)).get(document);
  if (error == simdjson::UTF8_ERROR) error = parser.iterate(padded_copy(utf8::repaired(text), batch)).get(document);
  if (error) return false;
  return use(document);
}

// The fields of one object; `why` is set when it is not one or breaks off.
bool read_document(std::string_view text, RecordBatch& out, std::string_view& why) {
  Reader reader(out);
  const bool read = with_document(text, out, [&](ondemand::document& document) {
    ondemand::json_type type{};
    if (document.type().get(type)) return false;
    if (type != ondemand::json_type::object) {
      why = "JSON, but no object";
      return false;
    }
    ondemand::object object;
    if (document.get_object().get(object) || !reader.read_object(object, {}, 0)) return false;
    const char* rest = nullptr;
    if (!document.current_location().get(rest)) {  // an error at the end
      why = "text after the JSON object";
      return false;
    }
    return true;
  });
  if (!read && why.empty()) why = reader.why().empty() ? "not valid JSON" : reader.why();
  return read;
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
