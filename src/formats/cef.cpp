#include "formats/cef.hpp"

#include "base/text_cursor.hpp"
#include "event/event_time.hpp"
#include "formats/fields.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::Value;

namespace {

constexpr std::size_t kMaxExtensions = 4096;

constexpr bool is_key_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.' || c == '[' || c == ']' || c == '-';
}

// "\|" and "\\" in the header; any other backslash is itself.
std::string_view unescape_header(std::string_view text, RecordBatch& batch) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* to = batch.arena().allocate(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '|' || text[i + 1] == '\\')) ++i;
    to[size++] = text[i];
  }
  return {to, size};
}

// "\=", "\\", "\n", "\r"; "\|" too, since many senders escape it here as in the header.
std::string_view unescape_extension(std::string_view text, RecordBatch& batch) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* to = batch.arena().allocate(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      switch (text[i + 1]) {
        case '=':
        case '\\':
        case '|': to[size++] = text[++i]; continue;
        case 'n':
          to[size++] = '\n';
          ++i;
          continue;
        case 'r':
          to[size++] = '\r';
          ++i;
          continue;
        default: break;
      }
    }
    to[size++] = text[i];
  }
  return {to, size};
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

}  // namespace

void decode_cef_extension(std::string_view text, RecordBatch& out) {
  std::string_view key;
  std::size_t value_begin = 0;
  std::size_t search = 0;
  std::size_t count = 0;
  const auto finish = [&](std::size_t value_end) {
    std::string_view raw = text.substr(value_begin, value_end - value_begin);
    // Behind Azure Local's values is one blank; those before it are the event's.
    if (key.starts_with("Mas") && value_end < text.size() && raw.ends_with(' '))
      raw.remove_suffix(1);
    else
      raw = without_trailing_blanks(raw);
    out.set_foreign(key, Value::string(unescape_extension(raw, out)));
    ++count;
  };
  while (count < kMaxExtensions) {
    const auto equals = text.find('=', search);
    if (equals == std::string_view::npos) break;
    search = equals + 1;
    std::size_t begin = equals;
    while (begin > value_begin && is_key_char(text[begin - 1])) --begin;
    // A key begins the extension or follows a blank; everything else with a '=' is part of a value. A line feed is a
    // blank too: senders that fold a long message leave the next key behind one.
    const bool starts_word = begin == 0 || text[begin - 1] == ' ' || text[begin - 1] == '\t' || text[begin - 1] == '\n';
    if (begin == equals || !starts_word) continue;
    if (!key.empty()) finish(begin);
    key = text.substr(begin, equals - begin);
    value_begin = equals + 1;
  }
  if (!key.empty()) finish(text.size());
}

bool decode_cef_payload(std::string_view text, RecordBatch& out) {
  const std::string_view raw = out.current().origin.raw;
  const auto offset = [&](std::size_t at) {
    return text.data() >= raw.data() && text.data() <= raw.data() + raw.size()
               ? static_cast<std::size_t>(text.data() - raw.data()) + at
               : std::min(at, raw.size());  // a text that was put together
  };
  std::array<std::string_view, 7> parts;
  std::size_t at = 4;
  if (at < text.size() && text[at] == ' ') ++at;  // "CEF: 0|..."
  bool complete = false;
  std::size_t begin = at;
  std::size_t part = 0;
  for (; at < text.size() && part < parts.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '|') {
      parts[part++] = text.substr(begin, at - begin);
      begin = at + 1;
    }
  }
  // Without an extension the last '|' may be missing.
  if (part == parts.size() - 1) {
    parts[part++] = text.substr(begin);
    begin = text.size();
  }
  complete = part == parts.size();
  bool version_ok = !parts[0].empty() && parts[0].size() <= 8;
  for (const char c : parts[0]) version_ok = version_ok && (is_ascii_digit(c) || c == '.');
  if (!complete || !version_ok) {
    out.mark_malformed(complete ? "CEF version is no number" : "CEF header has fewer than seven parts",
                       offset(complete ? 4 : text.size()));
    return false;
  }
  auto& record = out.current();
  record.format = "cef";
  record.log_source = {};
  constexpr auto trimmed = [](std::string_view value) { return trim(value); };
  out.set(field::cef_version, parts[0]);
  out.set(field::device_vendor, unescape_header(trimmed(parts[1]), out));
  out.set(field::device_product, unescape_header(trimmed(parts[2]), out));
  out.set(field::device_version, unescape_header(trimmed(parts[3]), out));
  out.set(field::device_event_class_id, unescape_header(trimmed(parts[4]), out));
  out.set(field::activity, unescape_header(trimmed(parts[5]), out));
  out.set(field::log_severity, unescape_header(trimmed(parts[6]), out));
  decode_cef_extension(text.substr(begin), out);
  // The device's own time, where it tells one; the header's is the forwarder's.
  static const std::array<event::FieldId, 3> times{event::intern_field("rt"), event::intern_field("end"),
                                                   event::intern_field("start")};
  event::take_time_from(times, out);
  return true;
}

void decode_cef(const event::RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  decode_syslog(origin, context, out);
  if (out.current().format != "cef" && out.current().malformed.empty()) out.mark_malformed("no CEF header", 0);
}

void append_cef_header_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
}

void append_cef_extension(std::string& out, std::string_view key, std::string_view value) {
  out += ' ';
  out += key;
  out += '=';
  while (!value.empty()) {
    // Runs without anything to escape at once.
    std::size_t end = 0;
    while (end < value.size() && value[end] != '\\' && value[end] != '=' && value[end] != '\n' && value[end] != '\r')
      ++end;
    out.append(value.data(), end);
    if (end == value.size()) return;
    switch (value[end]) {
      case '\\': out += "\\\\"; break;
      case '=': out += "\\="; break;
      case '\n': out += "\\n"; break;
      default: out += "\\r"; break;
    }
    value.remove_prefix(end + 1);
  }
}

std::string encode_cef(const event::Record& record) {
  const std::array<event::FieldId, 6> header{field::device_vendor,         field::device_product, field::device_version,
                                             field::device_event_class_id, field::activity,       field::log_severity};
  const auto fields = record.fields();
  std::size_t start = 0;
  while (start < fields.size() && fields[start].id != field::cef_version) ++start;
  std::string out = "CEF:";
  const bool is_cef = start < fields.size();
  out += is_cef ? fields[start].value.as_string() : std::string_view("0");
  for (std::size_t i = 0; i < header.size(); ++i) {
    out += '|';
    if (is_cef && start + 1 + i < fields.size()) append_cef_header_value(out, fields[start + 1 + i].value.as_string());
  }
  out += '|';
  if (!is_cef) return out;
  std::string text;
  bool first = true;
  for (std::size_t i = start + 1 + header.size(); i < fields.size(); ++i) {
    text.clear();
    event::append_text(text, fields[i].value);
    const std::size_t before = out.size();
    append_cef_extension(out, fields[i].name, text);
    if (std::exchange(first, false)) out.erase(before, 1);  // no blank before the first key
  }
  return out;
}

}  // namespace yagura::formats
