#include "formats/auditd.hpp"

#include "base/key_values.hpp"
#include "base/text_cursor.hpp"
#include "event/event_time.hpp"

namespace yagura::formats {

using event::RecordBatch;
using event::Value;

namespace {

constexpr std::size_t kMaxFields = 1024;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Fields that the kernel or auditd writes with audit_log_untrustedstring(): quoted, or in upper-case hex.
bool is_untrusted(std::string_view key, bool is_execve) {
  if (key.size() >= 2 && key[0] == 'a' && is_ascii_digit(key[1])) return is_execve;
  for (const std::string_view known : {"comm", "exe", "name", "cwd", "proctitle", "acct", "cmd", "path", "data", "dir",
                                       "file", "key", "id", "ocomm", "watch", "vm", "sw", "root_dir", "unit"})
    if (key == known) return true;
  return false;
}

std::string_view decode_hex(std::string_view text, RecordBatch& batch) {
  if (text.size() < 2 || text.size() % 2 != 0) return text;
  for (const char c : text)
    if (hex_digit(c) < 0) return text;
  char* to = batch.arena().allocate(text.size() / 2);
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = static_cast<char>(hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
    to[size++] = byte == '\0' ? ' ' : byte;  // the arguments in proctitle are separated by NUL
  }
  while (size > 0 && to[size - 1] == ' ') --size;
  return {to, size};
}

}  // namespace

bool decode_auditd_payload(std::string_view text, RecordBatch& out) {
  TextCursor cursor(text);
  cursor.skip_blanks();
  std::string_view node;
  if (cursor.skip_if("node=")) {
    node = cursor.until(' ');
    cursor.skip_blanks();
  }
  if (!cursor.skip_if("type=")) return false;
  const std::string_view type = cursor.until(' ');
  cursor.skip_blanks();
  if (type.empty() || type.size() > 64) return false;
  if (!cursor.skip_if("msg=audit(") && !cursor.skip_if("audit(")) return false;
  const std::string_view stamp = cursor.until(')');
  const auto colon = stamp.rfind(':');
  if (colon == std::string_view::npos || !cursor.skip_if(')')) return false;
  cursor.skip_if(':');

  static const event::FieldId node_id = event::intern_field("node");
  static const event::FieldId type_id = event::intern_field("type");
  static const event::FieldId time_id = event::intern_field("audit.time");
  static const event::FieldId serial_id = event::intern_field("audit.serial");
  if (!node.empty()) out.set(node_id, node);
  out.set(type_id, type);
  out.set(time_id, stamp.substr(0, colon));
  out.set(serial_id, stamp.substr(colon + 1));
  const bool is_execve = type.find("EXECVE") != std::string_view::npos;
  std::size_t count = 0;
  const auto add = [&](std::string_view key, std::string_view value, bool quoted) {
    if (++count > kMaxFields) return;
    if (!quoted && is_untrusted(key, is_execve)) value = decode_hex(value, out);
    out.set_foreign(key, Value::string(value));
  };
  for_each_key_value(cursor.rest(), {.separators = " \x1d"},
                     [&](std::string_view key, std::string_view value, char quote) {
                       // User space records keep theirs in one more layer: msg='op=login acct="root" res=success'.
                       if (key == "msg" && quote == '\'') {
                         for_each_key_value(value, {.separators = " "},
                                            [&](std::string_view inner, std::string_view inner_value,
                                                char inner_quote) { add(inner, inner_value, inner_quote != '\0'); });
                       } else {
                         add(key, value, quote != '\0');
                       }
                     });
  auto& record = out.current();
  record.format = "auditd";
  record.log_source = {"linux", "", "auditd"};
  if (const auto time = event::parse_event_time(stamp.substr(0, colon), {})) {
    record.time = *time;
    record.has_own_time = true;
  }
  return true;
}

}  // namespace yagura::formats
