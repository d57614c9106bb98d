#include "formats/leef.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "formats/cef.hpp"
#include "formats/fields.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::Value;

namespace {

constexpr std::size_t kMaxAttributes = 4096;

// "^", "x5E", "0x5E", "" (tab); nullopt when the part is no delimiter.
std::optional<std::string_view> delimiter_of(std::string_view part, RecordBatch& batch) {
  if (part.empty()) return "\t";
  if (part.size() == 1) return part;
  if (part == "\\t") return "\t";
  std::string_view hex = part;
  if (hex.starts_with("0x") || hex.starts_with("0X"))
    hex.remove_prefix(2);
  else if (hex.starts_with("x") || hex.starts_with("X"))
    hex.remove_prefix(1);
  else
    return std::nullopt;
  if (hex.size() == 1 || hex.size() == 3) return std::nullopt;
  const auto bytes = from_hex(hex);
  if (!bytes || bytes->empty()) return std::nullopt;
  return batch.arena().copy(*bytes);
}

void decode_attributes(std::string_view text, std::string_view delimiter, RecordBatch& out) {
  std::size_t count = 0;
  while (!text.empty() && count < kMaxAttributes) {
    const auto end = text.find(delimiter);
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + delimiter.size());
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = trim(pair.substr(0, equals));
    if (key.empty()) continue;
    out.set_foreign(key, Value::string(trim(pair.substr(equals + 1))));
    ++count;
  }
}

}  // namespace

bool decode_leef_payload(std::string_view text, RecordBatch& out) {
  const std::string_view raw = out.current().origin.raw;
  const std::size_t offset = text.data() >= raw.data() && text.data() <= raw.data() + raw.size()
                                 ? static_cast<std::size_t>(text.data() - raw.data())
                                 : 0;
  std::array<std::string_view, 5> parts;
  std::size_t begin = 5;
  if (begin < text.size() && text[begin] == ' ') ++begin;
  std::size_t part = 0;
  for (; part < parts.size(); ++part) {
    const auto bar = text.find('|', begin);
    if (bar == std::string_view::npos) break;
    parts[part] = text.substr(begin, bar - begin);
    begin = bar + 1;
  }
  if (part == 4) {  // no attributes, and no bar at the end
    parts[part++] = text.substr(begin);
    begin = text.size();
  }
  if (part < parts.size() || parts[0].empty() || !is_ascii_digit(parts[0].front())) {
    out.mark_malformed("LEEF header has fewer than five parts", offset + text.size());
    return false;
  }
  std::string_view attributes = text.substr(begin);
  std::string_view delimiter = "\t";
  if (parts[0].front() >= '2') {
    if (const auto bar = attributes.find('|'); bar != std::string_view::npos && bar <= 6) {
      if (const auto read = delimiter_of(attributes.substr(0, bar), out)) {
        delimiter = *read;
        attributes.remove_prefix(bar + 1);
      }
    }
  } else if (attributes.find('\t') == std::string_view::npos && attributes.find("#011") != std::string_view::npos) {
    delimiter = "#011";  // rsyslog writes a tab so, unless told otherwise
  } else if (attributes.find('\t') == std::string_view::npos && attributes.find('^') != std::string_view::npos) {
    delimiter = "^";  // 1.0 senders that write 2.0's favourite
  }
  auto& record = out.current();
  record.format = "leef";
  record.log_source = {};
  out.set(field::leef_version, parts[0]);
  out.set(field::device_vendor, trim(parts[1]));
  out.set(field::device_product, trim(parts[2]));
  out.set(field::device_version, trim(parts[3]));
  out.set(field::device_event_class_id, trim(parts[4]));
  // Some senders of 1.0 put blanks between their attributes, and into them as well.
  const bool blanks =
      delimiter == "\t" && attributes.find('\t') == std::string_view::npos && std::ranges::count(attributes, '=') > 1;
  if (blanks)
    decode_cef_extension(attributes, out);
  else
    decode_attributes(attributes, delimiter, out);
  return true;
}

void decode_leef(const event::RecordOrigin& origin, const SyslogContext& context, RecordBatch& out) {
  decode_syslog(origin, context, out);
  if (out.current().format != "leef" && out.current().malformed.empty()) out.mark_malformed("no LEEF header", 0);
}

}  // namespace yagura::formats
