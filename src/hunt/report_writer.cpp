#include "hunt/report_writer.hpp"

#include <array>
#include <map>
#include <ostream>

#include "base/csv.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace yagura::hunt {

namespace {

std::string time_text(EventTime time) { return format_datetime(time.time_since_epoch().count()); }

// At most `limit` characters, no control characters; padded with blanks when `pad`.
void append_cell(std::string& out, std::string_view text, std::size_t limit, bool pad) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (count + 1 >= limit && limit != 0 && at < text.size()) {
      std::size_t rest = at;
      utf8::next(text, rest);
      if (rest < text.size()) {
        out += "…";
        ++count;
        break;
      }
    }
    const char32_t point = utf8::next(text, at);
    if (point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x202A && point <= 0x202E) ||
        (point >= 0x2066 && point <= 0x2069))
      out += ' ';
    else
      utf8::append(out, point);
    ++count;
  }
  for (; pad && count < limit; ++count) out += ' ';
}

std::string_view colour_of(sigma::Level level) {
  switch (level) {
    case sigma::Level::critical: return "\x1b[1;35m";
    case sigma::Level::high: return "\x1b[31m";
    case sigma::Level::none:
    case sigma::Level::medium: return "\x1b[33m";
    case sigma::Level::low: return "\x1b[36m";
    case sigma::Level::informational: return "\x1b[2m";
  }
  return "";
}

std::string event_name(const Report& report, const ReportEvent& event) {
  std::string name = report.strings[event.channel];
  // "Microsoft-Windows-Sysmon/Operational" is Sysmon to everybody.
  for (const std::string_view start : {"Microsoft-Windows-"})
    if (name.starts_with(start)) name.erase(0, start.size());
  if (const auto slash = name.find("/Operational"); slash != std::string::npos) name.erase(slash);
  if (event.event_id >= 0) name += fmt::format("{}{}", name.empty() ? "" : " ", event.event_id);
  return name;
}

Result<> write_table(const Report& report, const ReportStyle& style, std::ostream& out) {
  if (report.findings.empty()) return {};
  std::size_t host_width = 4, name_width = 5, rule_width = 4;
  for (const auto& finding : report.findings) {
    const auto& event = report.events[finding.event];
    host_width = std::max(host_width, std::min<std::size_t>(24, utf8::code_points(report.strings[event.host])));
    name_width = std::max(name_width, std::min<std::size_t>(24, event_name(report, event).size()));
    rule_width =
        std::max(rule_width, std::min<std::size_t>(48, utf8::code_points(report.rules[finding.rule].about.title)));
  }
  std::string line;
  const auto cells = [&](std::string_view time, std::string_view level, std::string_view host, std::string_view name,
                         std::string_view rule, std::string_view details, std::string_view colour) {
    line.clear();
    append_cell(line, time, 23, true);
    line += "  ";
    line += colour;
    append_cell(line, level, 8, true);
    if (!colour.empty()) line += "\x1b[0m";
    line += "  ";
    append_cell(line, host, host_width, true);
    line += "  ";
    append_cell(line, name, name_width, true);
    line += "  ";
    append_cell(line, rule, rule_width, true);
    line += "  ";
    const std::size_t used = 23 + 8 + host_width + name_width + rule_width + 10;
    append_cell(line, details,
                style.width == 0 ? 0 : std::max<std::size_t>(style.width > used ? style.width - used : 0, 24), false);
    line += '\n';
    out << line;
  };
  cells("TIME (UTC)", "LEVEL", "HOST", "EVENT", "RULE", "WHAT", "");
  for (const auto& finding : report.findings) {
    const auto& event = report.events[finding.event];
    const auto& rule = report.rules[finding.rule];
    const auto details = TRY(report.details_of(event));
    const auto level = level_name(rule.level);
    cells(time_text(finding.time).substr(0, 23), level == "informational" ? "info" : level, report.strings[event.host],
          event_name(report, event), rule.about.title, details,
          style.colours ? colour_of(rule.level) : std::string_view());
  }
  return {};
}

Result<> write_csv(const Report& report, std::ostream& out) {
  out << "time,level,rule,rule_id,techniques,host,channel,event_id,record_id,count,file,details\r\n";
  std::string line;
  for (const auto& finding : report.findings) {
    const auto& event = report.events[finding.event];
    const auto& rule = report.rules[finding.rule];
    line.clear();
    const auto add = [&](std::string_view text) {
      if (!line.empty()) line += ',';
      append_csv_cell(line, text, CsvCells::for_spreadsheets);
    };
    add(time_text(finding.time));
    add(level_name(rule.level));
    add(rule.about.title);
    add(rule.about.id);
    add(fmt::format(
        "{}", fmt::join(rule.about.sub_techniques.empty() ? rule.about.techniques : rule.about.sub_techniques, " ")));
    add(report.strings[event.host]);
    add(report.strings[event.channel]);
    line += ',' + (event.event_id >= 0 ? std::to_string(event.event_id) : std::string());
    line += ',' + (event.record_id >= 0 ? std::to_string(event.record_id) : std::string());
    line += ',' + std::to_string(finding.count);
    add(report.files[event.file].name);
    add(TRY(report.details_of(event)));
    out << line << "\r\n";
  }
  return {};
}

Result<> write_jsonl(const Report& report, std::ostream& out) {
  std::string line;
  for (const auto& finding : report.findings) {
    const auto& event = report.events[finding.event];
    const auto& rule = report.rules[finding.rule];
    line.clear();
    JsonWriter json(line);
    const auto list = [&](std::string_view key, const std::vector<std::string>& texts) {
      if (texts.empty()) return;
      json.key(key).begin_array();
      for (const auto& text : texts) json.text(text);
      json.end_array();
    };
    json.begin_object().key("time").text(time_text(finding.time)).key("level").text(level_name(rule.level));
    json.key("rule").begin_object().key("id").text(rule.about.id).key("title").text(rule.about.title);
    if (!rule.about.author.empty()) json.key("author").text(rule.about.author);
    list("tags", rule.about.tags);
    if (!rule.file.empty()) json.key("file").text(rule.file);
    json.end_object();
    list("tactics", rule.about.tactics);
    list("techniques", rule.about.sub_techniques.empty() ? rule.about.techniques : rule.about.sub_techniques);
    json.key("host").text(report.strings[event.host]).key("channel").text(report.strings[event.channel]);
    if (event.event_id >= 0) json.key("event_id").number(event.event_id);
    if (event.record_id >= 0) json.key("record_id").number(event.record_id);
    if (finding.count > 1)
      json.key("count").number(std::uint64_t{finding.count}).key("start").text(time_text(finding.start));
    json.key("file").text(report.files[event.file].name).key("details").text(TRY(report.details_of(event)));
    json.key("event").raw(TRY(report.json_of(event))).end_object();
    out << line << '\n';
  }
  return {};
}

std::string counted(std::uint64_t number) {  // 1,234,567
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace

Result<> write_report(const Report& report, ReportFormat format, const ReportStyle& style, std::ostream& out) {
  switch (format) {
    case ReportFormat::table: return write_table(report, style, out);
    case ReportFormat::jsonl: return write_jsonl(report, out);
    case ReportFormat::csv: return write_csv(report, out);
    case ReportFormat::html: return write_html(report, style, out);
  }
  return {};
}

std::string summary_text(const Report& report, bool colours) {
  std::string text;
  std::map<sigma::Level, std::uint64_t, std::greater<>> levels;
  std::map<std::uint32_t, std::uint64_t> rules;
  for (const auto& finding : report.findings) {
    const auto level = report.rules[finding.rule].level;
    ++levels[level == sigma::Level::none ? sigma::Level::medium : level];
    ++rules[finding.rule];
  }
  text += fmt::format("{} findings of {} rules in {} events of {} files", counted(report.findings.size()),
                      counted(rules.size()), counted(report.event_count), counted(report.files.size()));
  if (!levels.empty()) {
    text += " (";
    bool first = true;
    for (const auto& [level, count] : levels) {
      if (!std::exchange(first, false)) text += ", ";
      if (colours) text += colour_of(level);
      text += fmt::format("{} {}", counted(count), level_name(level));
      if (colours) text += "\x1b[0m";
    }
    text += ')';
  }
  text += '\n';
  if (report.first <= report.last)
    text += fmt::format("events from {} to {}\n", time_text(report.first), time_text(report.last));
  if (report.findings_left_out != 0)
    text += fmt::format("{} more findings were not kept\n", counted(report.findings_left_out));
  if (report.malformed != 0)
    text += fmt::format("{} events could not be read as what they should be\n", counted(report.malformed));
  text += fmt::format(
      "{:.1f} MB with {} rules in {:.2f} s, {} events/s\n", static_cast<double>(report.bytes) / 1e6,
      counted(report.rules_loaded), report.seconds,
      counted(static_cast<std::uint64_t>(static_cast<double>(report.event_count) / std::max(report.seconds, 1e-3))));
  return text;
}

}  // namespace yagura::hunt
