#include "formats/separated.hpp"

#include "base/text.hpp"
#include "event/event_time.hpp"
#include "formats/fields.hpp"

namespace yagura::formats {

namespace {

// "\x09" and the like, as Zeek escapes what would break the line.
std::string_view unescaped(std::string_view text, event::RecordBatch& batch) {
  if (text.find("\\x") == std::string_view::npos) return text;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  char* to = batch.arena().allocate(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && digit(text[i + 2]) >= 0 &&
        digit(text[i + 3]) >= 0) {
      to[size++] = static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
      i += 3;
    } else {
      to[size++] = text[i];
    }
  }
  return {to, size};
}

std::string_view next_cell(std::string_view& rest, bool& more) {
  const auto tab = rest.find('\t');
  const std::string_view cell = rest.substr(0, tab);
  more = tab != std::string_view::npos;
  rest = more ? rest.substr(tab + 1) : rest.substr(rest.size());
  return cell;
}

}  // namespace

void decode_tab_separated(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out) {
  auto& record = out.begin_record(origin);
  record.format = "tsv";
  std::string_view line = origin.raw;
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (context.columns.empty()) {
    out.set(field::message, line);
    out.mark_malformed("the columns of the file are not known", 0);
    out.end_record();
    return;
  }
  std::string_view columns = context.columns;
  bool more_cells = true;
  bool more_columns = true;
  while (more_cells && more_columns) {
    const std::string_view name = next_cell(columns, more_columns);
    const std::string_view cell = next_cell(line, more_cells);
    if (name.empty() || cell.empty() || cell == "-" || cell == "(empty)") continue;
    out.set_foreign(out.arena().copy(name), event::Value::string(unescaped(cell, out)));
  }
  if (more_cells != more_columns)
    out.mark_malformed("not as many values as columns", static_cast<std::size_t>(line.data() - origin.raw.data()));
  static const std::array<event::FieldId, 4> times{event::intern_field("ts"), event::intern_field("timestamp"),
                                                   event::intern_field("time"), event::intern_field("@timestamp")};
  event::take_time_from(times, out);
  out.end_record();
}

}  // namespace yagura::formats
