// Record -> RFC 5424 text.
#include "base/time.hpp"
#include "formats/fields.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

using event::Record;
using event::Value;

namespace {

// PRINTUSASCII of section 6, at most `most` characters; NILVALUE for nothing.
void append_word(std::string& out, std::string_view word, std::size_t most) {
  out += ' ';
  if (word.empty()) {
    out += '-';
    return;
  }
  for (const char c : word.substr(0, most)) out += c > 32 && c < 127 ? c : '?';
}

// SD-NAME: PRINTUSASCII but '=', SP, ']' and '"'.
void append_name(std::string& out, std::string_view name) {
  for (const char c : name.substr(0, 64)) out += c > 32 && c < 127 && c != '=' && c != ']' && c != '"' ? c : '?';
}

void append_structured_data(std::string& out, const Value& data) {
  out += ' ';
  const std::size_t before = out.size();
  std::string text;
  for (const auto& element : data.as_object()) {
    if (element.name.empty()) continue;
    out += '[';
    append_name(out, element.name);
    for (const auto& parameter : element.value.as_object()) {
      if (parameter.name.empty()) continue;
      out += ' ';
      append_name(out, parameter.name);
      out += "=\"";
      text.clear();
      event::append_text(text, parameter.value);
      for (const char c : text) {
        if (c == '"' || c == '\\' || c == ']') out += '\\';  // section 6.3.3
        out += c;
      }
      out += '"';
    }
    out += ']';
  }
  if (out.size() == before) out += '-';
}

}  // namespace

std::string encode_syslog(const Record& record) {
  const auto first = [&](event::FieldId id) -> const Value* {
    for (const auto& f : record.own_fields())
      if (f.id == id) return &f.value;
    return nullptr;
  };
  const auto text = [&](event::FieldId id) {
    const Value* value = first(id);
    return value == nullptr ? std::string_view() : value->as_string();
  };
  const int facility = facility_number(text(field::facility)).value_or(1);
  const int severity = severity_number(text(field::severity)).value_or(5);
  std::string out = fmt::format("<{}>1 ", facility * 8 + severity);
  // TIME-SECFRAC has six digits at most.
  std::string time = format_datetime(record.header().time.time_since_epoch().count());
  time.erase(26, 1);
  out += time;
  append_word(out, text(field::host_name), 255);
  append_word(out, text(field::app_name), 48);
  append_word(out, text(field::proc_id), 128);
  append_word(out, text(field::msg_id), 32);
  if (const Value* data = first(field::structured_data))
    append_structured_data(out, *data);
  else
    out += " -";
  if (const std::string_view message = text(field::message); !message.empty()) {
    out += ' ';
    out += message;
  }
  return out;
}

}  // namespace yagura::formats
